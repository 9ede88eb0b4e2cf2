package db

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/payout"
)

const pageSize = 4096

// spoil overwrites pages of a database that nobody has open, and says how many.
func spoil(t *testing.T, path string, which func(page []byte) bool) int {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for at := pageSize; at+pageSize <= len(file); at += pageSize {
		if page := file[at : at+pageSize]; which(page) {
			copy(page, bytes.Repeat([]byte{0xa5}, pageSize))
			n++
		}
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return n
}

// damagedOnce is a database of 300 drafts with one damaged page of them, opened by the front door; and what was told of it.
func damagedOnce(t *testing.T) (*DB, *[]string) {
	t.Helper()
	d := openTemp(t)
	someRows(t, d)
	for i := range 300 {
		p := draft(payout.ID(fmt.Sprintf("P%03d", i)))
		p.Input.Description = "draft " + string(p.ID)
		if err := d.Payouts().Insert(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.write.ExecContext(t.Context(), `pragma wal_checkpoint(truncate)`); err != nil {
		t.Fatal(err)
	}
	const leaf = 13 // of a table
	n := spoil(t, d.Path(), func(page []byte) bool {
		return page[0] == leaf && bytes.Contains(page, []byte(`"draft P150"`))
	})
	if n != 1 {
		t.Fatalf("got %d pages, want one damaged", n)
	}
	told := &[]string{}
	broken, err := Open(t.Context(), d.Path(), Options{Now: func() time.Time { return begin }, OnHalt: func(why string) { *told = append(*told, why) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = broken.Close() })
	broken.vault, broken.chain = d.vault, d.chain
	return broken, told
}

// Invariant 16: a damaged page is met by somebody who only reads. From then on nothing is written, what is readable is read, and
// it is told once, whatever kind of reading it was.
func TestInvariant16CorruptPageMetByReading(t *testing.T) {
	for name, read := range map[string]func(context.Context, *DB) error{
		"one row": func(ctx context.Context, d *DB) error {
			_, err := d.Payouts().Find(ctx, payout.Everywhere(), "P150")
			return err
		},
		"a list": func(ctx context.Context, d *DB) error {
			_, err := collect(ctx, d.read, scanID, `select input from payouts`)
			return err
		},
		"in a transaction": func(ctx context.Context, d *DB) error {
			return d.Payouts().Look(ctx, func(w payout.World) error {
				_, err := collect(ctx, w.(world).tx, scanID, `select input from payouts`) //nolint:forcetypeassert // there is no other
				return err
			})
		},
		"the integrity check": func(ctx context.Context, d *DB) error { return d.Check(ctx) },
		"a copy":              func(ctx context.Context, d *DB) error { return d.CopyTo(ctx, d.Path()+".copy") },
	} {
		t.Run(name, func(t *testing.T) {
			d, told := damagedOnce(t)
			if _, err := d.Payouts().Find(t.Context(), payout.Everywhere(), "P001"); err != nil || d.Halted() != "" {
				t.Fatalf("before: got %v, halted %q", err, d.Halted())
			}
			if err := read(t.Context(), d); err == nil || !errors.Is(err, ErrHalted) && name != "the integrity check" {
				t.Errorf("got %v, want it to say that writing has stopped", err)
			}
			_ = read(t.Context(), d)
			if d.Halted() == "" || len(*told) != 1 || (*told)[0] != d.Halted() {
				t.Errorf("got halted %q, told %q, want it told once", d.Halted(), *told)
			}
			if why, err := d.Queue().Halted(t.Context()); err != nil || why == "" {
				t.Errorf("the sender: got %q and %v, want it to stop", why, err)
			}
			if s, err := d.People().Setup(t.Context()); err != nil || s.Broken == "" {
				t.Errorf("pages: got %+v and %v, want them to say so", s, err)
			}
			if _, err := d.Payouts().Find(t.Context(), payout.Everywhere(), "P001"); err != nil {
				t.Errorf("got %v, want what is readable read", err)
			}
			_, err := d.Payouts().Update(t.Context(), payout.Everywhere(), "P001", func(*payout.Payout, payout.World) error { return nil })
			if !errors.Is(err, ErrHalted) {
				t.Errorf("got %v, want nothing written", err)
			}
			if _, _, err := d.Queue().TakeSender(t.Context(), "me", func(*payout.Payout) error { return nil }); !errors.Is(err, ErrHalted) {
				t.Errorf("got %v, want no sender", err)
			}
		})
	}
}

// What is nobody's damage stops nothing: a mistake in a query, a write on a connection that only reads, somebody who leaves.
func TestReadingStopsNothing(t *testing.T) {
	d := openTemp(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, left := d.read.QueryContext(ctx, `select 1`)                //nolint:sqlclosecheck,rowserrcheck // it fails
	_, wrong := d.read.QueryContext(t.Context(), `select nothing`) //nolint:sqlclosecheck,rowserrcheck // it fails
	_, write := d.read.ExecContext(t.Context(), `delete from stores`)
	full := d.CopyTo(t.Context(), "/dev/full/copy")
	for _, err := range []error{left, wrong, write, full} {
		if err == nil || errors.Is(err, ErrHalted) {
			t.Errorf("got %v, want an error of its own", err)
		}
	}
	if d.Halted() != "" {
		t.Errorf("got halted %q, want writing to go on", d.Halted())
	}
}

// badFsync fails every commit the way a failed fsync does.
type badFsync struct{ sqliteConn }

func (c badFsync) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	tx, err := c.sqliteConn.BeginTx(ctx, o)
	return badTx{tx}, err
}

type badTx struct{ driver.Tx }

func (t badTx) Commit() error { return errors.Join(sqliteError(1034), t.Rollback()) }

type badDisk struct{ connector }

func (c badDisk) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.connector.Connect(ctx)
	if w, ok := conn.(watched); ok {
		w.sqliteConn = badFsync{w.sqliteConn}
		return w, nil
	}
	return nil, err
}

func (w *writes) someWait() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waiting) > 0
}

// Invariant 16: after a failed fsync nothing more is written, not even by who waited for the connection when it failed.
func TestInvariant16NothingIsWrittenAfterAFailedFsync(t *testing.T) {
	d := openTemp(t)
	if err := d.write.Close(); err != nil {
		t.Fatal(err)
	}
	d.write = sql.OpenDB(badDisk{connector{dsn(d.Path(), "_txlock=immediate"), forAll(), d.classify, d.stopped}})
	d.write.SetMaxOpenConns(1)
	tx, err := d.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); !errors.Is(err, ErrHalted) || d.Halted() == "" {
		t.Errorf("got %v, halted %q, want it known before the connection is free", err, d.Halted())
	}
	for range 20 {
		d.halt.why.Store(nil)
		second := make(chan error, 1)
		err := d.inTx(t.Context(), func(*sql.Tx) error {
			go func() {
				second <- d.inTx(t.Context(), func(*sql.Tx) error { return errors.New("it was let write") })
			}()
			for !d.writes.someWait() {
				runtime.Gosched()
			}
			return nil
		})
		if !errors.Is(err, ErrHalted) || d.Halted() == "" {
			t.Fatalf("got %v, halted %q, want writing stopped", err, d.Halted())
		}
		if err := <-second; !errors.Is(err, ErrHalted) || strings.Contains(err.Error(), "it was let write") {
			t.Fatalf("who waited: got %v, want ErrHalted", err)
		}
	}
}

// Invariant 16: closing the database after such a failure writes nothing either; otherwise the log is written back as ever.
func TestInvariant16NothingIsWrittenByClosing(t *testing.T) {
	for _, halted := range []bool{false, true} {
		d, err := Open(t.Context(), t.TempDir()+"/p.db", Options{Now: func() time.Time { return begin }})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.inTx(t.Context(), addStore("s1")); err != nil {
			t.Fatal(err)
		}
		before, err := os.ReadFile(d.Path())
		if err != nil {
			t.Fatal(err)
		}
		if halted {
			_ = d.classify(sqliteError(1034))
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		after, err := os.ReadFile(d.Path())
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(before, after) != halted {
			t.Errorf("halted %v: got the file changed %v", halted, !bytes.Equal(before, after))
		}
	}
}

// Invariant 16: the mark of a sender is there until it leaves in good order, also if a later failure stops all writing.
func TestInvariant16Mark(t *testing.T) {
	d := openTemp(t)
	q := d.Queue()
	for round, want := range []bool{false, true} {
		if unclean, err := q.Enter(); err != nil || unclean != want {
			t.Errorf("round %d: got %v, %v, want %v", round, unclean, err, want)
		}
	}
	for range 2 {
		if err := q.Leave(); err != nil {
			t.Error(err)
		}
	}
	if unclean, err := q.Enter(); err != nil || unclean {
		t.Errorf("after leaving: got %v, %v, want no mark", unclean, err)
	}
	_ = d.classify(sqliteError(1034))
	if err := q.Leave(); err != nil {
		t.Error(err)
	}
	if unclean, err := q.Enter(); err != nil || !unclean {
		t.Errorf("after a failure: got %v, %v, want the mark", unclean, err)
	}
	gone := openTemp(t)
	gone.path = "/dev/full/p.db"
	if _, err := gone.Queue().Enter(); !errors.Is(err, ErrHalted) || gone.Halted() == "" {
		t.Errorf("no room for a mark: got %v, want writing stopped", err)
	}
}

// A check is not led astray by what a connection remembers of the index of words from before others wrote to it.
func TestCheckAfterSearchesAndChanges(t *testing.T) {
	d := openTemp(t)
	if err := d.inTx(t.Context(), addStore("s1")); err != nil {
		t.Fatal(err)
	}
	d.read.SetMaxOpenConns(1)
	for i := range 300 {
		p := &payout.Payout{ID: payout.ID(fmt.Sprintf("P%03d", i)), Store: "s1", State: payout.Draft, Author: "mia", CreatedAt: begin,
			Input: payout.Input{Description: fmt.Sprintf("word%d other%d", i, i*7)}}
		if err := d.Payouts().Insert(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		switch i % 20 {
		case 0:
			if _, err := d.Payouts().List(t.Context(), payout.Everywhere(), payout.Filter{Text: "word"}); err != nil {
				t.Fatal(err)
			}
		case 19:
			if err := d.Check(t.Context()); err != nil {
				t.Fatalf("after %d payouts: %v", i, err)
			}
		}
	}
}
