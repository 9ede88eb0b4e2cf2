package db

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/vault"
)

var begin = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

// openAt opens a database as the program does; its clock stands still.
func openAt(t *testing.T, path string) *DB {
	t.Helper()
	n := 0
	d, err := Open(t.Context(), path, Options{Now: func() time.Time { return begin }, NewID: func() string { n++; return "id" + string(rune('a'+n)) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	key := sha256.Sum256([]byte("test"))
	v, err := vault.Open(t.Context(), vault.FromBytes(key[:]), d.Keysets(), vault.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	d.UseVault(v)
	return d
}

func openTemp(t *testing.T) *DB {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "pay.db"))
}

// The settings are read back from every connection, as they are and not as they were asked for.
func TestEveryConnectionHasItsSettings(t *testing.T) {
	d := openTemp(t)
	want := map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000", "trusted_schema": "0", "query_only": "0"}
	check := func(name string, pool *sql.DB, n int) {
		var held []*sql.Conn
		for i := range n {
			c, err := pool.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, c) // so that the next one is another
			for pragma, value := range want {
				var got string
				if err := c.QueryRowContext(t.Context(), "pragma "+pragma).Scan(&got); err != nil || got != value {
					t.Errorf("%s connection %d: got %s=%s and %v, want %s", name, i, pragma, got, err, value)
				}
			}
		}
		for _, c := range held {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	check("writing", d.write, 1)
	want["query_only"] = "1"
	check("reading", d.read, 4)
	if got := d.write.Stats().MaxOpenConnections; got != 1 {
		t.Errorf("got %d writing connections, want 1", got)
	}
}

// A connection whose settings are missing, weaker or misspelt is refused: the driver ignores what it does not know.
func TestWeakConnectionsAreRefused(t *testing.T) {
	good := dsn(filepath.Join(t.TempDir(), "pay.db"), "_txlock=immediate")
	without := func(part string) string {
		if !strings.Contains(good, part) {
			t.Fatalf("%s has no %s", good, part)
		}
		return strings.Replace(good, part, "", 1)
	}
	instead := func(part, other string) string {
		return strings.Replace(without(part), "&_pragma=", "&_pragma="+other+"&_pragma=", 1)
	}
	tests := []struct {
		name string
		dsn  string
		want []wanted
		ok   bool
	}{
		{"as the program asks", good, forAll(), true},
		{"no synchronous", instead("&_pragma=synchronous(FULL)", "synchronous(NORMAL)"), forAll(), false},
		{"synchronous misspelt", instead("&_pragma=synchronous(FULL)", "synchronus(FULL)&_pragma=synchronous(1)"), forAll(), false},
		{"synchronous value misspelt", instead("&_pragma=synchronous(FULL)", "synchronous(FUL)"), forAll(), false},
		{"no foreign keys", without("&_pragma=foreign_keys(1)"), forAll(), false},
		{"foreign keys misspelt", instead("&_pragma=foreign_keys(1)", "foreign_key(1)"), forAll(), false},
		{"no busy timeout", without("&_pragma=busy_timeout(5000)"), forAll(), false},
		{"no trusted schema", without("&_pragma=trusted_schema(0)"), forAll(), false},
		{"readers that may write", good, append(forAll(), wanted{"query_only", "1"}), false},
		{"a setting that does not exist", good, append(forAll(), wanted{"synchronus", "2"}), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pool := sql.OpenDB(connector{tt.dsn, tt.want, same, nil})
			err := pool.PingContext(t.Context())
			if (err == nil) != tt.ok {
				t.Errorf("got %v, want it to open: %v", err, tt.ok)
			}
			if err := pool.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestJournalModeIsReadBack(t *testing.T) {
	other := dsn(filepath.Join(t.TempDir(), "pay.db"), "_txlock=immediate")
	pool := sql.OpenDB(connector{strings.Replace(other, "journal_mode(WAL)", "journal_mode(DELETE)", 1), forAll(), same, nil})
	if err := pool.PingContext(t.Context()); err == nil || !strings.Contains(err.Error(), "journal_mode=delete") {
		t.Errorf("got %v, want it to say which setting is wrong", err)
	}
	if err := pool.Close(); err != nil {
		t.Error(err)
	}
}

func TestReadersCannotWrite(t *testing.T) {
	d := openTemp(t)
	for _, query := range []string{`insert into stores (id, name, zone, created_at) values ('s', 'S', 'UTC', 1)`, `create table t (a)`, `delete from sender`} {
		if _, err := d.read.ExecContext(t.Context(), query); err == nil {
			t.Errorf("%s: got no error, want it refused", query)
		}
	}
}

// A transaction locks the database when it begins, not when it first writes: what it reads cannot change under it.
func TestTransactionsLockAtOnce(t *testing.T) {
	d := openTemp(t)
	other := rawPool(t, d.Path(), "&_pragma=busy_timeout(0)")
	err := d.inTx(t.Context(), func(*sql.Tx) error {
		_, err := other.ExecContext(t.Context(), `begin immediate`)
		return err
	})
	if !errors.Is(err, ErrBusy) {
		t.Errorf("got %v, want the other one to find it busy", err)
	}
}

// rawPool opens a file past the program, as another process would.
func rawPool(t *testing.T, path, more string) *sql.DB {
	t.Helper()
	pool, err := sql.Open("sqlite", (&DB{path: path}).rawName()+more)
	if err != nil {
		t.Fatal(err)
	}
	pool.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	return pool
}

func (d *DB) rawName() string {
	return strings.SplitN(dsn(d.path, ""), "?", 2)[0] + "?_txlock=immediate"
}

func TestOpenMakesWhatIsMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "a b#c?d%e;ü.db")
	d := openAt(t, path)
	if _, err := os.Stat(path); err != nil || d.Path() != path {
		t.Errorf("got %v for %s, want the file of that very name", err, d.Path())
	}
	info, err := os.Stat(filepath.Dir(path))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("got %v %v, want a folder nobody else may look into", info.Mode(), err)
	}
	if err := d.Check(t.Context()); err != nil {
		t.Errorf("check: got %v, want it sound", err)
	}
}

func TestOpenAgainKeepsWhatIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pay.db")
	first := openAt(t, path)
	if err := first.exec(t.Context(), nil, "add", `insert into stores (id, name, zone, created_at) values ('s1', 'One', 'UTC', 1)`); err != nil {
		t.Fatal(err)
	}
	second := openAt(t, path)
	var n int
	if err := second.read.QueryRowContext(t.Context(), `select count(*) from stores`).Scan(&n); err != nil || n != 1 {
		t.Errorf("got %d stores and %v, want 1", n, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	text := filepath.Join(t.TempDir(), "notes.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("This is no database. ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"a file that is no database": text, "a folder": t.TempDir(), "a folder below a file": filepath.Join(text, "pay.db")} {
		if d, err := Open(t.Context(), path, Options{Now: time.Now}); err == nil {
			t.Errorf("%s: got no error, want it refused", name)
			_ = d.Close() // the test failed already
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(cancelled, filepath.Join(t.TempDir(), "pay.db"), Options{Now: time.Now}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v, want context.Canceled", err)
	}
}

func same(err error) error { return err }
