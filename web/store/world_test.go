package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/store"
	"github.com/paywicket/paywicket/web/vault"
)

// world is stores and accounts on a database of their own.
type world struct {
	*store.Service
	t     *testing.T
	ctx   context.Context //nolint:containedctx // of the test
	path  string
	db    *db.DB
	vault *vault.Vault
	ids   atomic.Int64

	mu sync.Mutex
	at time.Time

	root, ama, efua, abi access.Person
	one, two             store.Store
}

// The secrets of the tests. None of them may stand in the file, nor be shown.
const (
	keyOne = "CANARY-5e90b7c1-one"
	keyTwo = "CANARY-77a1c2d9-two"
	noKey  = "CANARY-merchant-no-is-sealed-too"
)

func definitions() []providers.Definition {
	return []providers.Definition{
		{ID: "toy", Name: "Toy", Settings: []providers.Field{
			{Name: "merchant"}, {Name: "key", Type: providers.Secret}, {Name: "hook", Type: providers.Secret, Optional: true}},
			Addresses: []providers.Address{{Name: "default", URL: "https://toy.example", Live: true, Test: true}, {Name: "sandbox", URL: "https://sandbox.toy.example", Test: true}}},
		{ID: "issued", Name: "Issued", Settings: []providers.Field{{Name: "key", Type: providers.Secret}}},
	}
}

func newWorld(t *testing.T, named ...string) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), path: filepath.Join(t.TempDir(), "p.db"), at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	var err error
	w.db, err = db.Open(w.ctx, w.path, db.Options{Now: w.now, NewID: w.newID})
	w.must(err)
	t.Cleanup(w.end)
	w.vault, err = vault.Open(w.ctx, vault.FromBytes(make([]byte, 32)), w.db.Keysets(), vault.Options{Create: true})
	w.must(err)
	w.db.UseVault(w.vault)
	catalog, err := store.NewCatalog(definitions(), named, false)
	w.must(err)
	w.Service = store.New(w.db.Stores(), w.vault, catalog, w.now, w.newID)
	w.root = w.person("root", access.Grant{Role: access.SuperAdmin})
	w.one, w.two = w.open("One"), w.open("Two")
	w.ama = w.person("ama", access.Grant{Role: access.MerchantAdmin, Store: w.one.ID})
	w.efua = w.person("efua", access.Grant{Role: access.MerchantAdmin, Store: w.two.ID})
	w.abi = w.person("abi", access.Grant{Role: access.Accountant, Store: w.one.ID})
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) newID() string { return fmt.Sprintf("id%024d", w.ids.Add(1)) }

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

// end checks the audit chain after each test (invariant 14), and that no setting is readable in the file or beside it (15).
func (w *world) end() {
	report, err := audit.Verify(w.db.Audit().All(context.Background()), w.vault.AuditMAC(), nil)
	if err != nil || !report.OK() {
		w.t.Errorf("audit chain after the test: %+v, %v", report, err)
	}
	files, err := filepath.Glob(w.path + "*")
	if err != nil || len(files) < 2 {
		w.t.Errorf("got files %v, %v, want the database and its log", files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			w.t.Error(err)
		}
		if strings.Contains(string(b), "CANARY") {
			w.t.Errorf("a setting is readable in %s (invariant 15)", filepath.Base(f))
		}
	}
	if err := w.db.Close(); err != nil {
		w.t.Error(err)
	}
}

func (w *world) raw(query string, args ...any) {
	w.t.Helper()
	d, err := sql.Open("sqlite", w.path)
	w.must(err)
	defer func() { _ = d.Close() }() // what counts was checked
	if _, err := d.ExecContext(w.ctx, query, args...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) number(query string, args ...any) int {
	w.t.Helper()
	d, err := sql.Open("sqlite", w.path)
	w.must(err)
	defer func() { _ = d.Close() }() // what counts was checked
	var n int
	w.must(d.QueryRowContext(w.ctx, query, args...).Scan(&n))
	return n
}

func (w *world) person(name string, grants ...access.Grant) access.Person {
	w.t.Helper()
	p := access.Person{ID: access.PersonID(name), Email: name + "@example.com", Name: name, Grants: grants}
	w.must(w.db.People().AddPerson(w.ctx, p, "", ""))
	return p
}

func (w *world) open(name string) store.Store {
	w.t.Helper()
	s, err := w.OpenStore(w.ctx, w.root, name, "Africa/Accra")
	w.must(err)
	return s
}

func (w *world) settings(key string) map[string]string {
	return map[string]string{"merchant": noKey, "key": key}
}

// connect connects an account of a store to the toy company.
func (w *world) connect(by access.Person, s store.Store, key string) store.Account {
	w.t.Helper()
	a, err := w.Connect(w.ctx, by, store.Connection{Store: s.ID, Provider: "toy", Live: true, Label: "Main", Settings: w.settings(key)})
	w.must(err)
	return a
}

// reload reads an account again, as a job does.
func (w *world) reload(a store.Account) store.Account {
	w.t.Helper()
	a, err := w.AccountOf(w.ctx, a.Store, a.ID)
	w.must(err)
	return a
}

// key opens the key of an account.
func (w *world) key(a store.Account, version int) (string, error) {
	set, err := w.Settings(w.ctx, a, version)
	return set.Get("key"), err
}
