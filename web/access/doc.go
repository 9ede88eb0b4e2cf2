// Package access knows people: their roles, what these allow, how they sign in and how they confirm a decision. It is not
// promised to stay compatible, except for [Identity].
package access
