package histories_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	_ "modernc.org/sqlite"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/access"
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

// world is an installation with one store, one account at the bank, an author and an approver.
type world struct {
	t     *testing.T
	ctx   context.Context //nolint:containedctx // of the test
	path  string
	db    *db.DB
	vault *vault.Vault
	clock *clock
	log   *journal
	bank  *bank
	ids   atomic.Int64
	repo  *faultyRepo
	hooks *faultyHooks

	access  *access.Service
	stores  *store.Service
	payouts *payout.Service
	inbox   *inbox.Service
	open    *runner.Opener
	asks    *runner.Companies
	runner  *runner.Runner
	earlier *runner.Runner // a process that was overtaken

	cast
}

// cast is who and what is in every history.
type cast struct {
	maker, boss, second, stranger access.Person // the stranger is merchant admin of another store
	account                       store.Account
}

const password = "seven tired herons stand"

func newWorld(t *testing.T) *world { return worldOf(t, newBank(t)) }

// template is an installation before anything happened, made once.
var template struct {
	once sync.Once
	file []byte
	cast cast
	ids  int64
}

func worldOf(t *testing.T, b *bank) *world {
	t.Helper()
	template.once.Do(func() {
		w := emptyWorld(t, b)
		w.openDB()
		w.people()
		w.connect()
		w.must(w.db.Close())
		file, err := os.ReadFile(w.path)
		w.must(err)
		template.file, template.cast, template.ids = file, w.cast, w.ids.Load()
	})
	w := emptyWorld(t, b)
	w.must(os.WriteFile(w.path, template.file, 0o600))
	w.cast = template.cast
	w.ids.Store(template.ids)
	w.openDB()
	w.runner = w.newRunner(freely{})
	return w
}

func emptyWorld(t *testing.T, b *bank) *world {
	t.Helper()
	return &world{t: t, ctx: context.Background(), path: filepath.Join(memory(t), "p.db"), bank: b, log: &journal{on: map[string]func(){}},
		clock: &clock{t: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}}
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
	w.repo = &faultyRepo{Repository: w.db.Payouts()}
	w.payouts = payout.New(w.repo, payout.Options{Now: w.clock.now, Reference: w.vault.Reference,
		NewID:          func() payout.ID { return payout.ID(fmt.Sprintf("%012d", w.ids.Add(1))) },
		RepeatsRefused: func(string) bool { return false },
		Changed:        func() { w.wake() }})
}

func (w *world) wake() {
	if w.runner != nil {
		w.runner.Wake()
	}
}

// slowest is the deadline of a call: the bank's slow answers take longer than that.
const slowest = 150 * time.Millisecond

// newRunner is another process on the same database.
func (w *world) newRunner(lock runner.Lock) *runner.Runner {
	log := slog.New(w.log)
	w.open = runner.NewOpener(w.stores, runner.OpenerOptions{Now: w.clock.now, Nonce: func(n int) string { return strings.Repeat("n", n) }, Log: log, Timeout: slowest})
	w.asks = runner.NewCompanies(w.open, w.stores, w.clock.now)
	w.hooks = &faultyHooks{Repository: w.db.Hooks()}
	w.inbox = &inbox.Service{Repo: w.hooks, Finder: w.db.Payouts(), Payouts: w.payouts, Stores: w.stores, Open: w.open,
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
	other, err := w.stores.OpenStore(w.ctx, w.boss, "Other", "UTC")
	w.must(err)
	w.stranger, err = w.access.AddDirect(w.ctx, access.Person{Email: "stranger@example.com", Name: "Stranger",
		Grants: []access.Grant{{Role: access.MerchantAdmin, Store: other.ID}}}, password)
	w.must(err)
	w.second, err = w.access.AddDirect(w.ctx, access.Person{Email: "second@example.com", Name: "Second", Grants: []access.Grant{{Role: access.SuperAdmin}}}, password)
	w.must(err)
}

func (w *world) connect() {
	w.t.Helper()
	var err error
	w.account, err = w.stores.Connect(w.ctx, w.maker, store.Connection{Store: w.account.Store, Provider: "toy", Live: true, Label: "Main",
		Settings: map[string]string{"merchant": "m1", "key": secretKey}})
	w.must(err)
}

func (w *world) scope() payout.Scope { return payout.InStore(w.account.Store) }

// form is what the account asks for now.
func (w *world) form() payout.Form {
	w.t.Helper()
	a, err := w.stores.AccountOf(w.ctx, w.account.Store, w.account.ID)
	w.must(err)
	return payout.Form{Account: a, ProviderName: "Toy Bank", Method: method(), Fields: method().Fields}
}

// confirm is the one place where a person confirms a decision: what approving asks for is adapted here.
func (w *world) confirm(by access.Person, purpose string, p *payout.Payout, digest string) (access.StepUp, error) {
	c, err := w.access.Ask(w.ctx, by, purpose, string(p.ID), digest)
	if err != nil {
		return access.StepUp{}, err
	}
	return w.access.Verify(w.ctx, by, c.ID, password)
}

func (w *world) approve(by access.Person, p *payout.Payout) error {
	proof, err := w.proof(by, p)
	if err != nil {
		return err
	}
	_, err = w.payouts.Approve(w.ctx, by, p.ID, proof)
	return err
}

// proof is a confirmation of one payout or of several, as they stand.
func (w *world) proof(by access.Person, all ...*payout.Payout) (access.StepUp, error) {
	intent, err := w.payouts.Intent(w.ctx, all...)
	if err != nil {
		return access.StepUp{}, err
	}
	c, err := w.access.AskAbout(w.ctx, by, intent)
	if err != nil {
		return access.StepUp{}, err
	}
	return w.access.Verify(w.ctx, by, c.ID, password)
}

// reopen is the process dying and another one starting on the same file, with a higher epoch.
func (w *world) reopen() {
	w.runner.Wait()
	w.must(w.runner.Leave())
	if w.earlier != nil {
		w.earlier.Wait()
	}
	w.must(w.db.Close())
	w.openDB()
	w.runner = w.newRunner(freely{})
	w.must(w.runner.Take(w.ctx))
}

var errInjected = errors.New("injected: disk I/O error")

// faultyHooks fails to keep webhooks, a number of times.
type faultyHooks struct {
	inbox.Repository
	keep, save atomic.Int64
}

func (r *faultyHooks) Keep(ctx context.Context, h inbox.Hook) error {
	if r.keep.Add(-1) >= 0 {
		return errInjected
	}
	return r.Repository.Keep(ctx, h)
}

func (r *faultyHooks) Save(ctx context.Context, h inbox.Hook) error {
	if r.save.Add(-1) >= 0 {
		return errInjected
	}
	return r.Repository.Save(ctx, h)
}

// faultyRepo fails before or after the commit, a number of times.
type faultyRepo struct {
	payout.Repository
	before, after, busy atomic.Int64
	deaf                atomic.Int64 // 1 + how many updates go through before one is refused for good; 0: none is
}

func (r *faultyRepo) Update(ctx context.Context, s payout.Scope, id payout.ID, change func(*payout.Payout, payout.World) error) (*payout.Payout, error) {
	if r.before.Add(-1) >= 0 {
		return nil, errInjected
	}
	if r.busy.Add(-1) >= 0 {
		return nil, db.ErrBusy
	}
	if left := r.deaf.Load(); left > 0 {
		if r.deaf.Store(left - 1); left == 1 {
			return nil, &payout.Error{Code: "injected", Err: errInjected}
		}
	}
	p, err := r.Repository.Update(ctx, s, id, change)
	if r.after.Add(-1) >= 0 {
		return nil, errInjected
	}
	return p, err
}

func memory(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "histories")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func openRaw(path string) (*sql.DB, error) { return sql.Open("sqlite", "file:"+path+"?mode=ro") }
