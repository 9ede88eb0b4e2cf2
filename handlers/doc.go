// Package handlers is the console's routes: one table, one file for each area, and in one place what all of them share:
// who asks, what a form may hold, how an error becomes a page. It is not promised to stay compatible.
package handlers
