// Package store knows stores, their accounts at providers and the sealed settings of these. It is not promised to stay
// compatible.
package store
