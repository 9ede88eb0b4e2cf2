package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"
	"unicode"
)

// sqliteStmt is what the driver's statements can do.
type sqliteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// thrifty is a connection that keeps the statements it has prepared: to read a statement's text costs SQLite more than to run it.
// Like every connection it is used by one goroutine at a time. A statement at work is not among the kept ones, so the same
// text may run inside itself.
type thrifty struct {
	sqliteConn
	kept map[string]sqliteStmt
	// whole: statements run to their end whoever has stopped waiting. An interrupted change makes SQLite end the transaction, and with
	// it the changes of all who share it. inTx looks at the context before and after.
	whole bool
}

// maxKept is how many statements a connection keeps. The program has fewer; lists with filters may have more.
const maxKept = 128

// keepable tells the statements that do their work when they run. A pragma may do it while it is read, and must be read each time.
func keepable(query string) bool {
	query = strings.TrimSpace(query)
	switch query[:max(strings.IndexFunc(query, unicode.IsSpace), 0)] {
	case "select", "with", "insert", "update", "delete", "savepoint", "release", "rollback":
		return true
	}
	return false
}

// within is the context a statement runs in.
func (c *thrifty) within(ctx context.Context) context.Context {
	if c.whole {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

func (c *thrifty) take(ctx context.Context, query string) (sqliteStmt, error) {
	if s, ok := c.kept[query]; ok {
		delete(c.kept, query)
		return s, nil
	}
	s, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	able, ok := s.(sqliteStmt)
	if !ok {
		return nil, errors.Join(errors.New("the database driver has statements of another kind"), s.Close())
	}
	return able, nil
}

func (c *thrifty) put(query string, s sqliteStmt) error {
	if _, ok := c.kept[query]; ok || len(c.kept) >= maxKept || !keepable(query) {
		return s.Close()
	}
	c.kept[query] = s
	return nil
}

// ExecContext implements driver.ExecerContext.
func (c *thrifty) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := s.ExecContext(c.within(ctx), args)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return result, c.put(query, s)
}

// QueryContext implements driver.QueryerContext.
func (c *thrifty) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(c.within(ctx), args)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &thriftyRows{rows, func(err error) error {
		if err != nil {
			return errors.Join(err, s.Close())
		}
		return c.put(query, s)
	}}, nil
}

// Close closes what is kept, then the connection.
func (c *thrifty) Close() error {
	var err error
	for _, s := range c.kept {
		err = errors.Join(err, s.Close())
	}
	clear(c.kept)
	return errors.Join(err, c.sqliteConn.Close())
}

// thriftyRows gives the statement back when the rows are closed.
type thriftyRows struct {
	driver.Rows
	done func(error) error
}

func (r *thriftyRows) Close() error { return r.done(r.Rows.Close()) }
