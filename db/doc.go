// Package db keeps everything in one SQLite file. It implements the repositories that the packages under web define; SQL
// stands nowhere else. It is not promised to stay compatible.
package db
