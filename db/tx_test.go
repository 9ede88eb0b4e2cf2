package db

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
)

func addStore(id string) func(*sql.Tx) error {
	return func(tx *sql.Tx) error {
		_, err := tx.Exec(`insert into stores (id, name, zone, created_at) values ($1, $1, 'UTC', 1)`, id)
		return err
	}
}

func stores(t *testing.T, d *DB) int {
	t.Helper()
	var n int
	if err := d.read.QueryRowContext(t.Context(), `select count(*) from stores`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestInTx(t *testing.T) {
	d := openTemp(t)
	if err := d.inTx(t.Context(), addStore("s1")); err != nil {
		t.Fatal(err)
	}
	ours := errors.New("ours")
	err := d.inTx(t.Context(), func(tx *sql.Tx) error { return errors.Join(addStore("s2")(tx), ours) })
	if !errors.Is(err, ours) || stores(t, d) != 1 {
		t.Errorf("refused: got %v and %d stores, want our error and 1", err, stores(t, d))
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = d.inTx(ctx, func(tx *sql.Tx) error {
		err := addStore("s3")(tx)
		cancel() // the browser leaves
		return err
	})
	if !errors.Is(err, context.Canceled) || stores(t, d) != 1 || d.Halted() != "" {
		t.Errorf("left: got %v, %d stores, halted %q, want nothing written", err, stores(t, d), d.Halted())
	}
	err = d.inTx(t.Context(), func(tx *sql.Tx) error { return errors.Join(addStore("s4")(tx), addStore("s1")(tx)) })
	if err == nil || stores(t, d) != 1 || d.Halted() != "" {
		t.Errorf("twice: got %v, %d stores, halted %q, want nothing written", err, stores(t, d), d.Halted())
	}
	if err := d.inTx(t.Context(), addStore("s5")); err != nil || stores(t, d) != 2 {
		t.Errorf("afterwards: got %v and %d stores, want 2", err, stores(t, d))
	}
}

// Whatever breaks down in the middle gives the one writing connection back.
func TestInTxSurvivesPanic(t *testing.T) {
	d := openTemp(t)
	func() {
		defer func() { _ = recover() }()
		_ = d.inTx(context.WithoutCancel(t.Context()), func(tx *sql.Tx) error {
			_ = addStore("s1")(tx)
			panic("broken")
		})
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := d.inTx(ctx, addStore("s2")); err != nil || stores(t, d) != 1 {
		t.Errorf("got %v and %d stores, want only the second", err, stores(t, d))
	}
}

// sqliteError is an error with a code that no test can bring about, such as that of a failed fsync.
func sqliteError(code int) error {
	e := &sqlite.Error{}
	field := reflect.ValueOf(e).Elem().FieldByName("code")
	*(*int)(unsafe.Pointer(field.UnsafeAddr())) = code
	return fmt.Errorf("commit: %w", e)
}

// Invariant 16: what fails in a way that leaves the disk in doubt stops all further writing, and nothing else does.
func TestClassify(t *testing.T) {
	tests := []struct {
		name string
		code int
		want error
	}{
		{"busy", sqlite3.SQLITE_BUSY, ErrBusy},
		{"busy, snapshot", sqlite3.SQLITE_BUSY | 2<<8, ErrBusy},
		{"locked", sqlite3.SQLITE_LOCKED, ErrBusy},
		{"disk full", sqlite3.SQLITE_FULL, ErrHalted},
		{"I/O", sqlite3.SQLITE_IOERR, ErrHalted},
		{"fsync", 1034, ErrHalted},
		{"short read", sqlite3.SQLITE_IOERR | 2<<8, ErrHalted},
		{"corrupt", sqlite3.SQLITE_CORRUPT, ErrHalted},
		{"corrupt index", sqlite3.SQLITE_CORRUPT | 3<<8, ErrHalted},
		{"no database", sqlite3.SQLITE_NOTADB, ErrHalted},
		{"constraint", sqlite3.SQLITE_CONSTRAINT, nil},
		{"unique", 2067, nil},
		{"interrupted", sqlite3.SQLITE_INTERRUPT, nil},
		{"mistake in a query", sqlite3.SQLITE_ERROR, nil},
		{"too big", sqlite3.SQLITE_TOOBIG, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := openTemp(t)
			cause := sqliteError(tt.code)
			err := d.inTx(t.Context(), func(*sql.Tx) error { return cause })
			if !errors.Is(err, cause) || errors.Is(err, ErrBusy) != (tt.want == ErrBusy) || errors.Is(err, ErrHalted) != (tt.want == ErrHalted) {
				t.Errorf("got %v, want it told as %v", err, tt.want)
			}
			after := d.inTx(t.Context(), addStore("s1"))
			if halted := errors.Is(after, ErrHalted) && stores(t, d) == 0; halted != (tt.want == ErrHalted) {
				t.Errorf("afterwards: got %v and %d stores, want writing stopped: %v", after, stores(t, d), tt.want == ErrHalted)
			}
		})
	}
	d := openTemp(t)
	other := errors.New("not of the database")
	if got := d.classify(other); got != other || d.Halted() != "" {
		t.Errorf("got %v, want another error as it is", got)
	}
}

// The first failure is the one that is told for ever after.
func TestHaltedKeepsTheFirstReason(t *testing.T) {
	d := openTemp(t)
	_ = d.classify(fmt.Errorf("first: %w", sqliteError(sqlite3.SQLITE_FULL)))
	was := d.halt.why.Load()
	_ = d.classify(sqliteError(sqlite3.SQLITE_IOERR))
	if got := d.halt.why.Load(); got != was || was == nil {
		t.Errorf("got %v, want the first reason %v", got, was)
	}
}

// A lock held elsewhere is waited for, then told as busy; nothing is written, and the next try works.
func TestBusy(t *testing.T) {
	d := openTemp(t)
	if _, err := d.write.ExecContext(t.Context(), `pragma busy_timeout(20)`); err != nil {
		t.Fatal(err)
	}
	other := rawPool(t, d.Path(), "")
	tx, err := other.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.inTx(t.Context(), addStore("s1")); !errors.Is(err, ErrBusy) || d.Halted() != "" {
		t.Errorf("got %v, halted %q, want busy", err, d.Halted())
	}
	if stores(t, d) != 0 {
		t.Error("got a store, want none; and reading to go on")
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := d.inTx(t.Context(), addStore("s1")); err != nil {
		t.Errorf("got %v, want the next try to work", err)
	}
}

func someRows(t *testing.T, d *DB) {
	t.Helper()
	for _, query := range []string{
		`insert into stores (id, name, zone, created_at) values ('s1', 'One', 'UTC', 1)`,
		`insert into people (id, email, name, created_at) values ('mia', 'mia@example.com', 'Mia', 1)`,
		`insert into accounts (id, store, provider, label, live, address, token, version, created_at, created_by) values ('a1', 's1', 'acme', 'Main', 1, 'default', 't', 1, 1, 'mia')`,
	} {
		if err := d.exec(t.Context(), nil, "seed", query); err != nil {
			t.Fatal(err)
		}
	}
}

func draft(id payout.ID) *payout.Payout {
	return &payout.Payout{ID: id, Store: "s1", State: payout.Draft, Version: 1, Input: payout.Input{Account: "a1"}, Author: "mia",
		Editors: []access.PersonID{"mia"}, CreatedAt: begin, UpdatedAt: begin}
}

// Invariants 14 and 16: when the disk is full in the middle of a change, nothing of it is kept: neither the row without its
// audit row, nor the audit row without its change. SQLite may end a transaction by itself, and what comes after would be
// committed alone.
func TestDiskFullInTheMiddle(t *testing.T) {
	for _, room := range []int{0, 1, 2, 4, 8} {
		d := openTemp(t)
		someRows(t, d)
		if err := d.Payouts().Insert(t.Context(), draft("P1")); err != nil {
			t.Fatal(err)
		}
		var pages int
		if err := d.write.QueryRowContext(t.Context(), `pragma page_count`).Scan(&pages); err != nil {
			t.Fatal(err)
		}
		if _, err := d.write.ExecContext(t.Context(), fmt.Sprintf(`pragma max_page_count(%d)`, pages+room)); err != nil {
			t.Fatal(err)
		}
		var rows int64
		if err := d.read.QueryRowContext(t.Context(), `select count(*) from audit`).Scan(&rows); err != nil {
			t.Fatal(err)
		}
		_, err := d.Payouts().Update(t.Context(), payout.Everywhere(), "P1", func(p *payout.Payout, _ payout.World) error {
			p.Input.Description = strings.Repeat("x", 200_000)
			p.Attempts = []payout.Attempt{{No: 1, Decision: 1, Reference: "R", StartedAt: begin}}
			return p.Orphan(begin) // refused in a draft
		})
		if err == nil {
			t.Fatal("got no error, want the change refused")
		}
		err = d.inTx(t.Context(), func(tx *sql.Tx) error {
			p, err := d.Payouts().load(t.Context(), tx, payout.Everywhere(), "P1")
			if err != nil {
				return err
			}
			p.Input.Description = strings.Repeat("x", 200_000)
			p.Attempts = []payout.Attempt{{No: 1, Decision: 1, Reference: "R", StartedAt: begin}}
			p.Conflicts = []payout.Conflict{{At: begin, Source: "answer", Code: "amount"}}
			return inOrder(func() error { return d.Payouts().save(t.Context(), tx, p) },
				func() error {
					return d.addEntries(t.Context(), tx, audit.Entry{At: begin, Subject: "P1", Details: "{}"})
				})
		})
		if !errors.Is(err, ErrHalted) || d.Halted() == "" {
			t.Fatalf("room for %d pages: got %v, want writing stopped", room, err)
		}
		p, err := d.Payouts().Find(t.Context(), payout.Everywhere(), "P1")
		if err != nil || p.Input.Description != "" || len(p.Attempts) != 0 || len(p.Conflicts) != 0 {
			t.Errorf("room for %d pages: got %d attempts, %d conflicts and %v, want the payout as it was", room, len(p.Attempts), len(p.Conflicts), err)
		}
		var now int64
		if err := d.read.QueryRowContext(t.Context(), `select count(*) from audit`).Scan(&now); err != nil || now != rows {
			t.Errorf("room for %d pages: got %d audit rows and %v, want %d", room, now, err, rows)
		}
		if _, err := d.Payouts().Update(t.Context(), payout.Everywhere(), "P1", func(*payout.Payout, payout.World) error { return nil }); !errors.Is(err, ErrHalted) {
			t.Errorf("afterwards: got %v, want ErrHalted", err)
		}
	}
}

// Invariant 16: a damaged page stops the writing as soon as it is met.
func TestCorruption(t *testing.T) {
	d := openTemp(t)
	someRows(t, d)
	for i := range 300 {
		if err := d.Payouts().Insert(t.Context(), draft(payout.ID(fmt.Sprintf("P%d", i)))); err != nil {
			t.Fatal(err)
		}
	}
	path := d.Path()
	if _, err := d.write.ExecContext(t.Context(), `pragma wal_checkpoint(truncate)`); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for page := 4096; page+4096 <= len(file); page += 4096 {
		if bytes.Contains(file[page:page+4096], []byte(`{"account":"a1"}`)) {
			copy(file[page:], bytes.Repeat([]byte{0xa5}, 4096))
		}
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	broken := openWithoutMigrating(t, path)
	if err := broken.Check(t.Context()); err == nil {
		t.Error("check: got no error, want it found")
	}
	_, err = broken.Payouts().Update(t.Context(), payout.Everywhere(), "P7", func(*payout.Payout, payout.World) error { return nil })
	if !errors.Is(err, ErrHalted) || broken.Halted() == "" {
		t.Errorf("got %v, want writing stopped", err)
	}
}

// openWithoutMigrating opens a file that Open might refuse.
func openWithoutMigrating(t *testing.T, path string) *DB {
	t.Helper()
	d := &DB{path: path, now: func() time.Time { return begin }, halt: &halt{}}
	d.write = sql.OpenDB(connector{dsn(path, "_txlock=immediate"), forAll(), d.classify, d.stopped})
	d.read = sql.OpenDB(connector{dsn(path, "mode=ro&_pragma=query_only(1)"), forAll(), d.seeRead, nil})
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestMoments(t *testing.T) {
	for _, at := range []time.Time{{}, begin, begin.Add(123 * time.Millisecond), time.UnixMilli(-5).UTC()} {
		if got := moment(millis(at)); !got.Equal(at) || got.Location() != time.UTC {
			t.Errorf("got %v, want %v", got, at)
		}
	}
	if got := moment(millis(begin.Add(time.Microsecond).In(time.FixedZone("", 3600)))); !got.Equal(begin) {
		t.Errorf("got %v, want whole milliseconds in UTC", got)
	}
}

// Changes at once share commits, and each is there wholly or not at all: one that fails, breaks down or is left alone takes nothing
// of the others along (invariants 1 and 14).
func TestSharedCommits(t *testing.T) {
	d := openTemp(t)
	const n = 200
	ours := errors.New("ours")
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			errs[i] = d.inTx(ctx, func(tx *sql.Tx) error {
				if err := addStore(fmt.Sprintf("s%03d", i))(tx); err != nil {
					return err
				}
				switch i % 5 {
				case 1:
					return ours
				case 2:
					panic("broken")
				case 3:
					cancel()
				}
				return addStore(fmt.Sprintf("t%03d", i))(tx)
			})
		})
	}
	all.Wait()
	for i, err := range errs {
		if good := i%5 == 0 || i%5 == 4; (err == nil) != good {
			t.Errorf("%d: got %v, want good %v", i, err, good)
		}
	}
	if got := stores(t, d); got != 2*n*2/5 || d.Halted() != "" {
		t.Errorf("got %d stores, halted %q, want %d", got, d.Halted(), 2*n*2/5)
	}
}

// A disk that fails in the middle takes the whole commit with it: nobody who shares it is told that something is kept.
func TestSharedCommitThatFails(t *testing.T) {
	d := openTemp(t)
	begun, goOn := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	errs := make([]error, 4)
	all.Go(func() {
		errs[0] = d.inTx(t.Context(), func(*sql.Tx) error { close(begun); <-goOn; return nil })
	})
	<-begun
	for i := 1; i < 4; i++ {
		all.Go(func() {
			errs[i] = d.inTx(t.Context(), func(tx *sql.Tx) error {
				if i == 2 {
					why := "full"
					d.halt.why.CompareAndSwap(nil, &why)
				}
				return addStore(fmt.Sprint("s", i))(tx)
			})
		})
	}
	for waiting := 0; waiting < 3; {
		d.writes.mu.Lock()
		waiting = len(d.writes.waiting)
		d.writes.mu.Unlock()
	}
	close(goOn)
	all.Wait()
	for i := 1; i < 4; i++ {
		if !errors.Is(errs[i], ErrHalted) {
			t.Errorf("%d: got %v, want ErrHalted", i, errs[i])
		}
	}
	if got := stores(t, d); got != 0 {
		t.Errorf("got %d stores, want none", got)
	}
}

// A change whose time runs out in the middle of a statement takes nothing of the others along: SQLite would end the commit of all if
// the statement were interrupted (invariants 1 and 16).
func TestSharedCommitOutlivesADeadline(t *testing.T) {
	d := openTemp(t)
	begun, goOn := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	errs := make([]error, 4)
	all.Go(func() {
		errs[0] = d.inTx(t.Context(), func(*sql.Tx) error { close(begun); <-goOn; return nil })
	})
	<-begun
	for i := 1; i < 4; i++ {
		all.Go(func() {
			errs[i] = d.inTx(t.Context(), func(tx *sql.Tx) error {
				brief, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				defer cancel()
				_, err := tx.ExecContext(brief, `insert into stores (id, name, zone, created_at)
					with recursive n (i) as (select 1 union all select i + 1 from n where i < 200000) select $1, $1, 'UTC', count(*) from n`, fmt.Sprint("s", i))
				return err
			})
		})
		for waiting := 0; waiting < i; {
			d.writes.mu.Lock()
			waiting = len(d.writes.waiting)
			d.writes.mu.Unlock()
		}
	}
	close(goOn)
	all.Wait()
	if err := errors.Join(errs...); err != nil || d.Halted() != "" || stores(t, d) != 3 {
		t.Errorf("got %v, halted %q, %d stores, want each kept", err, d.Halted(), stores(t, d))
	}
}
