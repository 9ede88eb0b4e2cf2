package access_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/pquerna/otp/totp"
	_ "modernc.org/sqlite"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/vault"
)

// clock is a clock that moves when it is told to.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// world is people on a database of their own.
type world struct {
	*access.Service
	t     *testing.T
	path  string
	db    *db.DB
	repo  db.People
	vault *vault.Vault
	clock *clock
	ids   atomic.Int64
}

// password will do for everybody.
const password = "seven tired herons stand"

// cheap is a password hash that costs nothing.
func cheap() *argon2id.Params {
	return &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, path: filepath.Join(t.TempDir(), "p.db"), clock: &clock{t: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}}
	var err error
	if w.db, err = db.Open(t.Context(), w.path, db.Options{Now: w.clock.now, NewID: w.newID}); err != nil {
		t.Fatal(err)
	}
	key := make([]byte, 32)
	if w.vault, err = vault.Open(t.Context(), vault.FromBytes(key), w.db.Keysets(), vault.Options{Create: true}); err != nil {
		t.Fatal(err)
	}
	w.db.UseVault(w.vault)
	w.repo = w.db.People()
	w.Service = w.service(cheap())
	t.Cleanup(w.end)
	return w
}

// service is another process on the same database.
func (w *world) service(params *argon2id.Params) *access.Service {
	w.t.Helper()
	s, err := access.New(w.repo, access.Options{Now: w.clock.now, NewID: w.newID, Params: params, Issuer: "Test", Site: site, Origin: origin})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) newID() string { return fmt.Sprintf("id%024d", w.ids.Add(1)) }

// end checks after each test that the audit chain is whole (invariant 14).
func (w *world) end() {
	report, err := audit.Verify(w.db.Audit().All(w.t.Context()), w.vault.AuditMAC(), nil)
	if err == nil && !report.OK() {
		w.t.Errorf("audit chain after the test: %+v", report)
	}
	if err := w.db.Close(); err != nil {
		w.t.Error(err)
	}
}

// sql runs a statement past the program, as a fault or an attacker with the file would.
func (w *world) sql(query string, args ...any) {
	w.t.Helper()
	raw, err := sql.Open("sqlite", w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = raw.Close() }() // what counts was checked
	if _, err := raw.ExecContext(w.t.Context(), query, args...); err != nil {
		w.t.Fatal(err)
	}
}

// count asks the database for a number.
func (w *world) count(query string, args ...any) int {
	w.t.Helper()
	raw, err := sql.Open("sqlite", w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = raw.Close() }() // what counts was checked
	var n int
	if err := raw.QueryRowContext(w.t.Context(), query, args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) audited(action audit.Action) int {
	w.t.Helper()
	return w.count(`select count(*) from audit where action = $1`, string(action))
}

// add makes a person with roles.
func (w *world) add(name string, grants ...access.Grant) access.Person {
	w.t.Helper()
	p, err := w.AddDirect(w.t.Context(), access.Person{Email: name + "@example.com", Name: name, Grants: grants}, password)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) super(name string) access.Person {
	w.t.Helper()
	return w.add(name, access.Grant{Role: access.SuperAdmin})
}

func (w *world) merchant(name string, stores ...access.StoreID) access.Person {
	w.t.Helper()
	var grants []access.Grant
	for _, st := range stores {
		grants = append(grants, access.Grant{Role: access.MerchantAdmin, Store: st})
	}
	return w.add(name, grants...)
}

func (w *world) reload(p access.Person) access.Person {
	w.t.Helper()
	p, err := w.Person(w.t.Context(), p.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// signIn signs somebody in from an address.
func (w *world) signIn(p access.Person, address string) access.Login {
	w.t.Helper()
	l, _, err := w.SignIn(w.t.Context(), access.SignIn{Email: p.Email, Password: password, Address: address, Agent: "test"})
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// authenticator gives somebody an authenticator and returns its seed.
func (w *world) authenticator(p access.Person) string {
	w.t.Helper()
	key, err := w.NewTOTP(p)
	if err != nil {
		w.t.Fatal(err)
	}
	seed := key.Secret()
	if err := w.AddTOTP(w.t.Context(), p, access.FactorChange{Password: password, Seed: seed, Code: w.code(seed, 0)}); err != nil {
		w.t.Fatal(err)
	}
	w.clock.add(2 * time.Minute) // past the step that was used up
	return seed
}

// code is what an app shows whose clock is off.
func (w *world) code(seed string, off time.Duration) string {
	w.t.Helper()
	code, err := totp.GenerateCode(seed, w.clock.now().Add(off))
	if err != nil {
		w.t.Fatal(err)
	}
	return code
}

// race runs f n times at once and counts the calls that succeed.
func race(n int, f func(i int) error) (int, []error) {
	var won atomic.Int64
	var all sync.WaitGroup
	errs := make([]error, n)
	gate := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-gate
			if errs[i] = f(i); errs[i] == nil {
				won.Add(1)
			}
		})
	}
	close(gate)
	all.Wait()
	return int(won.Load()), errs
}
