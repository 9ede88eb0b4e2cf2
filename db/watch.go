package db

import (
	"context"
	"database/sql/driver"

	sqlite3 "modernc.org/sqlite/lib"
)

// watched is a connection all of whose errors are seen, also those of plain reads: a damaged page is met by whoever happens to
// read it. They are seen before anybody else gets the connection. Nothing here is prepared, so statements are not watched.
type watched struct {
	sqliteConn
	see  func(error) error
	stay func() bool
}

// sqliteConn is what the driver's connections can do.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

func (c watched) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	tx, err := c.sqliteConn.BeginTx(ctx, o)
	if err != nil {
		return nil, c.see(err)
	}
	return watchedTx{tx, c.see}, nil
}

func (c watched) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	res, err := c.sqliteConn.ExecContext(ctx, query, args)
	return res, c.see(err)
}

func (c watched) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.sqliteConn.QueryContext(ctx, query, args)
	if err != nil {
		return nil, c.see(err)
	}
	return watchedRows{rows, c.see}, nil
}

func (c watched) Close() error {
	if c.stay != nil && c.stay() {
		return nil
	}
	return c.sqliteConn.Close()
}

type watchedTx struct {
	driver.Tx
	see func(error) error
}

func (t watchedTx) Commit() error { return t.see(t.Tx.Commit()) }

type watchedRows struct {
	driver.Rows
	see func(error) error
}

func (r watchedRows) Next(dest []driver.Value) error {
	err := r.Rows.Next(dest)
	if err == nil {
		return nil // the most frequent answer by far
	}
	return r.see(err)
}

// rot are the errors that can only be of the file that is read.
func rot() []int { return []int{sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB} }

// damages are the errors that stop all writing also where somebody only read; what a reader lacks room or rights for is no damage.
func damages() []int {
	return append(rot(), sqlite3.SQLITE_IOERR)
}
