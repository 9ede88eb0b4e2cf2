package db

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
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

// inTx runs f in an immediate transaction on the writing connection and returns once it is committed, or with f's error and
// nothing of it written. Those who come while a commit is under way share the next one: each then stands behind a savepoint of its
// own, and nobody is told that something is kept before the one commit of all has returned.
func (d *DB) inTx(ctx context.Context, f func(*sql.Tx) error) error {
	if d.Halted() != "" {
		return ErrHalted
	}
	w := &write{ctx: ctx, f: f, done: make(chan error, 1)}
	if d.writes.add(w) {
		go d.lead()
	}
	return <-w.done
}

// write is one change that waits to be committed.
type write struct {
	ctx  context.Context //nolint:containedctx // of whoever waits for it
	f    func(*sql.Tx) error
	done chan error
}

// writes is who waits. At most maxShared share a commit, so that none waits long for the others.
type writes struct {
	mu      sync.Mutex
	waiting []*write
	led     bool // somebody sees to those who wait
}

const maxShared = 32

// add reports whether whoever adds has to see to it that somebody leads.
func (w *writes) add(one *write) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = append(w.waiting, one)
	first := !w.led
	w.led = true
	return first
}

// next takes those who share the next commit, none if nobody waits.
func (w *writes) next() []*write {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(len(w.waiting), maxShared)
	if n == 0 {
		w.led = false
		return nil
	}
	batch := w.waiting[:n:n]
	w.waiting = w.waiting[n:]
	return batch
}

// lead commits for those who wait until nobody does.
func (d *DB) lead() {
	for batch := d.writes.next(); batch != nil; batch = d.writes.next() {
		d.commit(batch)
	}
}

// commit runs a batch in one transaction and tells each what became of it.
func (d *DB) commit(batch []*write) {
	results := make([]error, len(batch))
	err := d.shared(batch, results)
	for i, w := range batch {
		if err != nil {
			results[i] = d.classify(err)
		}
		w.done <- results[i]
	}
}

// shared runs a batch. Its error means that nothing of it is written; else results says what each came to.
func (d *DB) shared(batch []*write, results []error) error {
	tx, err := d.write.BeginTx(context.Background(), nil) // none of those who share it may end it for the others
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // no effect after a commit; the connection is free again even if f breaks down
	if d.Halted() != "" {
		return ErrHalted // whoever had the connection before has failed
	}
	kept, run := 0, d.apart
	if len(batch) == 1 {
		run = alone
	}
	for i, w := range batch {
		if results[i] = d.classify(run(tx, w)); results[i] == nil {
			kept++
		}
		if d.Halted() != "" { // SQLite may have ended the transaction by itself: what came before in it is gone too
			return cmp.Or(results[i], ErrHalted)
		}
	}
	if kept == 0 {
		return nil
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// apart runs one change behind a savepoint, and takes back what it has done if it fails or nobody waits for it any more.
func (d *DB) apart(tx *sql.Tx, w *write) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	all := context.Background() // the savepoints concern all who share the commit
	if _, err := tx.ExecContext(all, "savepoint one"); err != nil {
		return fmt.Errorf("set savepoint: %w", err)
	}
	err := guarded(w.f, tx)
	if err == nil {
		err = w.ctx.Err()
	}
	if err != nil {
		if _, back := tx.ExecContext(all, "rollback to one"); back != nil {
			d.stop(errors.Join(err, back)) // nobody knows what the transaction holds
			return errors.Join(err, back)
		}
	}
	if _, end := tx.ExecContext(all, "release one"); end != nil {
		d.stop(errors.Join(err, end))
		return errors.Join(err, end)
	}
	return err
}

// alone runs the only change of a transaction: if it fails, all of it is taken back.
func alone(tx *sql.Tx, w *write) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	return cmp.Or(guarded(w.f, tx), w.ctx.Err())
}

// guarded turns a panic into an error: it must not take those along who share the commit.
func guarded(f func(*sql.Tx) error, tx *sql.Tx) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic in a transaction: %v", v)
		}
	}()
	return f(tx)
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
