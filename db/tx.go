package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/paywicket/paywicket/web/audit"
)

// ErrBusy says that the database could not be locked in time: nothing was written, and it is safe to try again.
var ErrBusy = errors.New("the database is busy")

// ErrHalted says that an earlier write failed in a way that makes further writing unsafe (disk full, I/O error,
// corruption). Reading goes on; the process has to be restarted.
var ErrHalted = errors.New("writing has stopped after an earlier failure of the disk")

// halt remembers the first failure after which nothing must be written.
type halt struct {
	why  atomic.Pointer[string]
	tell func(why string) // once; nil: nobody
}

// Halted is why the database takes no more writes, "" if it does.
func (d *DB) Halted() string {
	if why := d.halt.why.Load(); why != nil {
		return *why
	}
	return ""
}

func (d *DB) stopped() bool { return d.Halted() != "" }

// inTx runs f in an immediate transaction on the writing connection and commits unless f returns an error.
func (d *DB) inTx(ctx context.Context, f func(*sql.Tx) error) error {
	if d.Halted() != "" {
		return ErrHalted
	}
	tx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return d.classify(fmt.Errorf("begin: %w", err))
	}
	defer func() { _ = tx.Rollback() }() // no effect after a commit; the connection is free again even if f breaks down
	if d.Halted() != "" {
		return ErrHalted // whoever had the connection before has failed
	}
	if err := f(tx); err != nil {
		return d.classify(err)
	}
	if err := tx.Commit(); err != nil {
		return d.classify(fmt.Errorf("commit: %w", err))
	}
	return nil
}

// classify turns what SQLite says into what callers have to know. A failure of the disk stops all further writing: after
// a failed fsync nobody knows what is on it.
func (d *DB) classify(err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		if !errors.Is(err, ErrBusy) {
			err = fmt.Errorf("%w: %w", ErrBusy, err)
		}
		return err
	}
	return d.haltOn(err, append(damages(), sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN))
}

// haltOn stops all writing if an error has one of these codes.
func (d *DB) haltOn(err error, codes []int) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok || errors.Is(err, ErrHalted) || !slices.Contains(codes, e.Code()&0xff) {
		return err
	}
	d.stop(err)
	return fmt.Errorf("%w: %w", ErrHalted, err)
}

// stop takes no more writes, for the first reason it is called with.
func (d *DB) stop(reason error) {
	why := reason.Error()
	if d.halt.why.CompareAndSwap(nil, &why) && d.halt.tell != nil {
		d.halt.tell(why)
	}
}

// inOrder does one step after the other and stops at the first that fails. Inside a transaction it must: SQLite ends the
// whole transaction by itself when the disk is full or broken, and each later statement would then be committed alone.
func inOrder(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// querier is what a *sql.Tx and a *sql.DB have in common.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// collect reads every row with scan.
func collect[T any](ctx context.Context, q querier, scan func(func(...any) error) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells what matters
	var all []T
	for rows.Next() {
		one, err := scan(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// addEntries links audit rows to the chain, in the transaction of what they tell.
func (d *DB) addEntries(ctx context.Context, tx *sql.Tx, entries ...audit.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	var last audit.Anchor
	err := tx.QueryRowContext(ctx, `select seq, mac from audit order by seq desc limit 1`).Scan(&last.Seq, &last.MAC)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read end of audit chain: %w", err)
	}
	for _, e := range entries {
		e = d.chain.Next(last, e)
		_, err := tx.ExecContext(ctx, `
			insert into audit (seq, at, actor, actor_name, store, action, subject, details, prev, mac)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			e.Seq, millis(e.At), e.Actor, e.ActorName, e.Store, string(e.Action), e.Subject, e.Details, nonNil(e.Prev), e.MAC)
		if err != nil {
			return fmt.Errorf("write audit row: %w", err)
		}
		last = e.Anchor()
	}
	return nil
}

func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// millis is a time as it is stored: 0 for none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// moment reads a stored time.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// one turns "no row was changed" into ErrNoRows.
func one(res sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n != 1 {
		return sql.ErrNoRows
	}
	return err
}
