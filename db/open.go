package db

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"

	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/vault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// DB is an open database: one connection that writes, a few that read.
type DB struct {
	path  string
	write *sql.DB
	read  *sql.DB
	now   func() time.Time
	newID func() string
	vault *vault.Vault
	chain audit.Chain
	halt  *halt

	writes writes
	bounds bounds
}

// Options is what a DB needs from outside.
type Options struct {
	Now   func() time.Time
	NewID func() string // a new random id, 26 letters and digits
	// Readers is how many connections read at once; 0: 4.
	Readers int
	// OnHalt is told, once, why nothing is written any more; nil: nobody is. It must not use the database.
	OnHalt func(why string)
}

// wanted is what each connection must say of itself. The driver's defaults are weaker, and it ignores a misspelt pragma.
type wanted struct{ pragma, value string }

func forAll() []wanted {
	return []wanted{{"foreign_keys", "1"}, {"busy_timeout", "5000"}, {"trusted_schema", "0"}, {"journal_mode", "wal"}, {"synchronous", "2"}}
}

// Open opens the file, brings its schema up to date and reads back the settings of every connection. It makes the file
// if there is none.
func Open(ctx context.Context, path string, o Options) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make folder of database: %w", err)
	}
	d := &DB{path: path, now: o.Now, newID: o.NewID, halt: &halt{tell: o.OnHalt}, bounds: usualBounds()}
	d.write = sql.OpenDB(connector{dsn(path, "_txlock=immediate"), forAll(), d.classify, d.stopped})
	d.write.SetMaxOpenConns(1)
	d.write.SetMaxIdleConns(1)
	d.write.SetConnMaxLifetime(0)
	if err := d.migrate(ctx); err != nil {
		return nil, errors.Join(err, d.write.Close())
	}
	d.read = d.openReader(cmp.Or(o.Readers, 4))
	if err := d.read.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open database for reading: %w", err), d.Close())
	}
	return d, nil
}

// openReader opens up to n connections that read.
func (d *DB) openReader(n int) *sql.DB {
	reader := sql.OpenDB(connector{dsn(d.path, "mode=ro&_pragma=query_only(1)"), append(forAll(), wanted{"query_only", "1"}), d.seeRead, nil})
	reader.SetMaxOpenConns(n)
	reader.SetMaxIdleConns(n)
	return reader
}

// UseVault sets the keys that seal what must not be read in the file and that link the audit rows.
func (d *DB) UseVault(v *vault.Vault) {
	d.vault = v
	d.chain = audit.Chain{MAC: v.AuditMAC()}
}

// Close closes the file. If writing has stopped, the connection that writes is left to the end of the process: when the last
// one is closed, SQLite writes the log back into the file.
func (d *DB) Close() error {
	var err error
	if d.read != nil {
		err = d.read.Close()
	}
	return errors.Join(err, d.write.Close())
}

// Path is where the database lies.
func (d *DB) Path() string { return d.path }

func dsn(path, more string) string {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	return u.String() + "?" + more + "&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=trusted_schema(0)"
}

func (d *DB) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, d.write, files)
	if err != nil {
		return fmt.Errorf("prepare migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring database up to date: %w", err)
	}
	if half, err := setting(ctx, d.write, settingSeeding); err != nil || half != "" {
		return errors.Join(err, ErrHalfSeeded)
	}
	return d.fillDays(ctx)
}

// seeRead stops all writing when somebody who reads meets damage.
func (d *DB) seeRead(err error) error { return d.haltOn(err, damages()) }

// connector opens connections and refuses those whose settings are not the wanted ones. All their errors go through see.
type connector struct {
	dsn  string
	want []wanted
	see  func(error) error
	stay func() bool // of the connection that writes: whether it is left open by those who close it; nil: of others
}

func (c connector) Driver() driver.Driver { return &sqlite.Driver{} }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Driver().Open(c.dsn)
	if err != nil {
		return nil, c.see(fmt.Errorf("open database: %w", err))
	}
	for _, w := range c.want {
		if err := readBack(ctx, conn, w); err != nil {
			return nil, c.see(errors.Join(err, conn.Close()))
		}
	}
	able, ok := conn.(sqliteConn)
	if !ok {
		return nil, errors.Join(errors.New("the database driver lacks what is needed of it"), conn.Close())
	}
	return watched{&thrifty{able, map[string]sqliteStmt{}, c.stay != nil}, c.see, c.stay}, nil
}

func readBack(ctx context.Context, conn driver.Conn, w wanted) error {
	q, ok := conn.(driver.QueryerContext)
	if !ok {
		return errors.New("the database driver cannot be asked for its settings")
	}
	rows, err := q.QueryContext(ctx, "pragma "+w.pragma, nil)
	if err != nil {
		return fmt.Errorf("read back %s: %w", w.pragma, err)
	}
	got := make([]driver.Value, len(rows.Columns()))
	err = errors.Join(rows.Next(got), rows.Close())
	if err != nil {
		return fmt.Errorf("read back %s: %w", w.pragma, err)
	}
	if value := strings.ToLower(fmt.Sprint(got[0])); value != w.value {
		return fmt.Errorf("the database says %s=%s instead of %s: it would not be safe to run", w.pragma, value, w.value)
	}
	return nil
}
