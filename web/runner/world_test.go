package runner_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/gofrs/flock"
	_ "modernc.org/sqlite"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/runner"
	"github.com/paywicket/paywicket/web/store"
	"github.com/paywicket/paywicket/web/vault"
)

// clock moves when it is told to.
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

// journal is a log that tests read, and that may act on a line.
type journal struct {
	mu    sync.Mutex
	lines []string
	on    map[string]func() // by message, once
}

func (j *journal) Enabled(context.Context, slog.Level) bool { return true }
func (j *journal) WithAttrs([]slog.Attr) slog.Handler       { return j }
func (j *journal) WithGroup(string) slog.Handler            { return j }

func (j *journal) Handle(_ context.Context, r slog.Record) error {
	j.mu.Lock()
	line := r.Message
	r.Attrs(func(a slog.Attr) bool {
		line += " " + a.String()
		return true
	})
	j.lines = append(j.lines, line)
	f := j.on[r.Message]
	delete(j.on, r.Message)
	j.mu.Unlock()
	if f != nil {
		f()
	}
	return nil
}

func (j *journal) has(text string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := 0
	for _, line := range j.lines {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// world is an installation with one store, one account at the bank, an author and an approver.
type world struct {
	t     testing.TB
	ctx   context.Context //nolint:containedctx // of the test
	path  string
	db    *db.DB
	vault *vault.Vault
	clock *clock
	log   *journal
	bank  *bank
	ids   atomic.Int64

	access  *access.Service
	stores  *store.Service
	payouts *payout.Service
	inbox   *inbox.Service
	open    *runner.Opener
	asks    *runner.Companies
	runner  *runner.Runner

	maker, boss access.Person
	account     store.Account
}

const password = "seven tired herons stand"

func newWorld(t testing.TB) *world { return worldOf(t, newBank(t)) }

func worldOf(t testing.TB, b *bank) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), path: filepath.Join(t.TempDir(), "p.db"), bank: b, log: &journal{on: map[string]func(){}},
		clock: &clock{t: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}}
	w.openDB()
	t.Cleanup(w.end)
	w.people()
	w.connect()
	w.runner = w.newRunner(flock.New(w.path + ".sender"))
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) newID() string { return fmt.Sprintf("id%024d", w.ids.Add(1)) }

func (w *world) openDB() {
	w.t.Helper()
	var err error
	w.db, err = db.Open(w.ctx, w.path, db.Options{Now: w.clock.now, NewID: w.newID})
	w.must(err)
	w.vault, err = vault.Open(w.ctx, vault.FromBytes(make([]byte, 32)), w.db.Keysets(), vault.Options{Create: true})
	w.must(err)
	w.db.UseVault(w.vault)
	w.access, err = access.New(w.db.People(), access.Options{Now: w.clock.now, NewID: w.newID,
		Params: &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}})
	w.must(err)
	catalog, err := store.NewCatalog([]providers.Definition{w.bank.definition()}, []string{"toy=" + w.bank.URL}, true)
	w.must(err)
	w.stores = store.New(w.db.Stores(), w.vault, catalog, w.clock.now, w.newID)
	w.payouts = payout.New(w.db.Payouts(), payout.Options{Now: w.clock.now, Reference: w.vault.Reference,
		NewID:          func() payout.ID { return payout.ID(fmt.Sprintf("%012d", w.ids.Add(1))) },
		RepeatsRefused: func(string) bool { return false },
		Changed:        func() { w.wake() }})
}

func (w *world) wake() {
	if w.runner != nil {
		w.runner.Wake()
	}
}

// newRunner is another process on the same database.
func (w *world) newRunner(lock runner.Lock) *runner.Runner {
	log := slog.New(w.log)
	w.open = runner.NewOpener(w.stores, runner.OpenerOptions{Now: w.clock.now, Nonce: func(n int) string { return strings.Repeat("n", n) }, Log: log, Timeout: 5 * time.Second})
	w.asks = runner.NewCompanies(w.open, w.stores, w.clock.now)
	w.inbox = &inbox.Service{Repo: w.db.Hooks(), Finder: w.db.Payouts(), Payouts: w.payouts, Stores: w.stores, Open: w.open,
		Now: w.clock.now, NewID: w.newID, Log: log, Changed: w.wake}
	return &runner.Runner{Queue: w.db.Queue(), Repo: w.db.Payouts(), Payouts: w.payouts, Stores: w.stores, Inbox: w.inbox, Hooks: w.db.Hooks(),
		Open: w.open, Companies: w.asks, Lock: lock, Holder: w.newID(), Callback: func(token string) string { return "https://desk.example/hooks/" + token },
		Now: w.clock.now, Log: log}
}

// freely is a lock that everybody gets: what holds then is the number in the database alone.
type freely struct{}

func (freely) TryLock() (bool, error) { return true, nil }
func (freely) Unlock() error          { return nil }

func (w *world) people() {
	w.t.Helper()
	var err error
	w.boss, err = w.access.AddDirect(w.ctx, access.Person{Email: "boss@example.com", Name: "Boss", Grants: []access.Grant{{Role: access.SuperAdmin}}}, password)
	w.must(err)
	s, err := w.stores.OpenStore(w.ctx, w.boss, "Store", "UTC")
	w.must(err)
	w.account.Store = s.ID
	w.maker, err = w.access.AddDirect(w.ctx, access.Person{Email: "maker@example.com", Name: "Maker",
		Grants: []access.Grant{{Role: access.MerchantAdmin, Store: s.ID}}}, password)
	w.must(err)
}

func (w *world) connect() {
	w.t.Helper()
	var err error
	w.account, err = w.stores.Connect(w.ctx, w.maker, store.Connection{Store: w.account.Store, Provider: "toy", Live: true, Label: "Main",
		Settings: map[string]string{"merchant": "m1", "key": secretKey}})
	w.must(err)
}

// end checks what holds after every test: the audit chain is whole (invariant 14), no secret shows anywhere (15), and the
// bank was never asked twice for one decision (1).
func (w *world) end() {
	ctx := context.Background() // the test's own has ended
	report, err := audit.Verify(w.db.Audit().All(ctx), w.vault.AuditMAC(), nil)
	if err != nil || !report.OK() {
		w.t.Errorf("audit chain after the test: %+v, %v", report, err)
	}
	if w.log.has("CANARY") > 0 {
		w.t.Error("a secret is in the log (invariant 15)")
	}
	seen := map[string]int{}
	for _, o := range w.bank.executed {
		if seen[o.Reference]++; seen[o.Reference] > 1 {
			w.t.Errorf("reference %s was carried out %d times (invariant 1)", o.Reference, seen[o.Reference])
		}
	}
	if err := w.db.Close(); err != nil {
		w.t.Error(err)
	}
}

// raw runs a statement past the program.
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

func (w *world) scope() payout.Scope { return payout.InStore(w.account.Store) }

// form is what the account asks for now.
func (w *world) form() payout.Form {
	w.t.Helper()
	a, err := w.stores.AccountOf(w.ctx, w.account.Store, w.account.ID)
	w.must(err)
	return payout.Form{Account: a, ProviderName: "Toy Bank", Method: method(), Fields: method().Fields}
}

// submit drafts and submits a payout.
func (w *world) submit() *payout.Payout {
	w.t.Helper()
	p, err := w.payouts.Draft(w.ctx, w.maker, w.account.Store, payout.Input{Account: w.account.ID, Method: "sepa", Amount: "12.34", Language: "en",
		Description: "rent", Details: map[string]string{"name": "Ama Owusu", "account": "DE0012345678"}}, "")
	w.must(err)
	p, err = w.payouts.Submit(w.ctx, w.maker, p.ID, w.form())
	w.must(err)
	return p
}

// approve takes the decision to send.
func (w *world) approve(p *payout.Payout) *payout.Payout {
	w.t.Helper()
	c, err := w.access.Ask(w.ctx, w.boss, "approve", string(p.ID), p.Digest)
	w.must(err)
	proof, err := w.access.Verify(w.ctx, w.boss, c.ID, password)
	w.must(err)
	p, err = w.payouts.Approve(w.ctx, w.boss, p.ID, proof)
	w.must(err)
	return p
}

func (w *world) approved() *payout.Payout {
	w.t.Helper()
	return w.approve(w.submit())
}

func (w *world) find(p *payout.Payout) *payout.Payout {
	w.t.Helper()
	p, err := w.db.Payouts().Find(w.ctx, w.scope(), p.ID)
	w.must(err)
	return p
}

// take takes the sender role; the role ends with the test.
func (w *world) take(r *runner.Runner) {
	w.t.Helper()
	w.must(r.Take(w.ctx))
	w.t.Cleanup(func() { _ = r.Leave() })
}

// step has the runner see to what is due, and waits until it has.
func (w *world) step(r *runner.Runner) {
	w.t.Helper()
	w.must(r.Step(w.ctx))
	r.Wait()
}

// want checks where a payout stands and how often the bank was asked.
func (w *world) want(p *payout.Payout, state payout.State, sent, moved int) *payout.Payout {
	w.t.Helper()
	p = w.find(p)
	if p.State != state || w.bank.sent() != sent || w.bank.moved() != moved {
		w.t.Errorf("got %s with %d requests and %d payments, want %s, %d and %d", p.State, w.bank.sent(), w.bank.moved(), state, sent, moved)
	}
	return p
}

func (w *world) super(name string) access.Person {
	w.t.Helper()
	p, err := w.access.AddDirect(w.ctx, access.Person{Email: name + "@example.com", Name: name, Grants: []access.Grant{{Role: access.SuperAdmin}}}, password)
	w.must(err)
	return p
}
