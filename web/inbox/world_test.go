package inbox_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
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

// world is an installation with two stores of one account each at the same company.
type world struct {
	*inbox.Service
	t       testing.TB
	ctx     context.Context //nolint:containedctx // of the test
	path    string
	db      *db.DB
	vault   *vault.Vault
	clock   *clock
	company *company
	log     *strings.Builder
	ids     atomic.Int64
	changed atomic.Int64
	epoch   int64

	people      *access.Service
	maker, boss access.Person
	one, two    store.Account
}

const (
	password = "seven tired herons stand"
	keyOne   = "CANARY-one-5e90b7"
	keyTwo   = "CANARY-two-77a1c2"
	sender   = "192.0.2.1"
)

func newWorld(t testing.TB) *world {
	t.Helper()
	c := &company{}
	return worldOf(t, c, c.definition())
}

func worldOf(t testing.TB, c *company, def providers.Definition, named ...string) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), path: filepath.Join(t.TempDir(), "p.db"), company: c, log: &strings.Builder{},
		clock: &clock{t: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}}
	var err error
	w.db, err = db.Open(w.ctx, w.path, db.Options{Now: w.clock.now, NewID: w.newID})
	w.must(err)
	t.Cleanup(w.end)
	w.vault, err = vault.Open(w.ctx, vault.FromBytes(make([]byte, 32)), w.db.Keysets(), vault.Options{Create: true})
	w.must(err)
	w.db.UseVault(w.vault)
	w.people, err = access.New(w.db.People(), access.Options{Now: w.clock.now, NewID: w.newID,
		Params: &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}})
	w.must(err)
	catalog, err := store.NewCatalog([]providers.Definition{def}, named, len(named) > 0)
	w.must(err)
	stores := store.New(w.db.Stores(), w.vault, catalog, w.clock.now, w.newID)
	payouts := payout.New(w.db.Payouts(), payout.Options{Now: w.clock.now, Reference: w.vault.Reference,
		NewID:          func() payout.ID { return payout.ID(fmt.Sprintf("%012d", w.ids.Add(1))) },
		RepeatsRefused: func(string) bool { return def.RepeatsRefused }})
	log := slog.New(slog.NewTextHandler(&locked{b: w.log}, nil))
	w.Service = &inbox.Service{Repo: w.db.Hooks(), Finder: w.db.Payouts(), Payouts: payouts, Stores: stores,
		Open: runner.NewOpener(stores, runner.OpenerOptions{Now: w.clock.now, Log: log, Nonce: func(n int) string { return strings.Repeat("n", n) }}),
		Now:  w.clock.now, NewID: w.newID, Log: log, Changed: func() { w.changed.Add(1) }}
	w.boss, err = w.people.AddDirect(w.ctx, access.Person{Email: "boss@example.com", Name: "Boss", Grants: []access.Grant{{Role: access.SuperAdmin}}}, password)
	w.must(err)
	w.epoch, _, err = w.db.Queue().TakeSender(w.ctx, "test", nil)
	w.must(err)
	return w
}

// connect opens the two stores, and one account in each.
func (w *world) connect() *world {
	w.t.Helper()
	w.maker, w.one = w.store("One", "maker", map[string]string{"key": keyOne})
	_, w.two = w.store("Two", "other", map[string]string{"key": keyTwo})
	return w
}

func (w *world) store(name, maker string, settings map[string]string) (access.Person, store.Account) {
	w.t.Helper()
	s, err := w.Stores.OpenStore(w.ctx, w.boss, name, "UTC")
	w.must(err)
	p, err := w.people.AddDirect(w.ctx, access.Person{Email: maker + "@example.com", Name: maker,
		Grants: []access.Grant{{Role: access.MerchantAdmin, Store: s.ID}}}, password)
	w.must(err)
	a, err := w.Stores.Connect(w.ctx, p, store.Connection{Store: s.ID, Provider: w.Stores.Catalog.IDs()[0], Live: true, Label: name, Settings: settings})
	w.must(err)
	return p, a
}

// locked is a builder that many may write to.
type locked struct {
	mu sync.Mutex
	b  *strings.Builder
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) newID() string { return fmt.Sprintf("id%024d", w.ids.Add(1)) }

// end checks what holds after every test: the audit chain (invariant 14), and that no secret is in the log (15).
func (w *world) end() {
	if w.vault != nil {
		report, err := audit.Verify(w.db.Audit().All(context.Background()), w.vault.AuditMAC(), nil)
		if err != nil || !report.OK() {
			w.t.Errorf("audit chain after the test: %+v, %v", report, err)
		}
	}
	if strings.Contains(w.log.String(), "CANARY") {
		w.t.Error("a secret is in the log (invariant 15)")
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

// sending is a payout of an account that was approved and claimed. What makes it is one input for every company: details
// are those of its method.
func (w *world) sending(a store.Account) *payout.Payout {
	w.t.Helper()
	m := method()
	maker := w.maker
	if a.ID == w.two.ID {
		var err error
		maker, err = w.db.People().ByEmail(w.ctx, "other@example.com")
		w.must(err)
	}
	p, err := w.Payouts.Draft(w.ctx, maker, a.Store, payout.Input{Account: a.ID, Method: m.ID, Amount: "12.34", Language: "en",
		Description: "rent", Details: map[string]string{"name": "Ama Owusu", "account": "DE0012345678"}}, "")
	w.must(err)
	now, err := w.Stores.AccountOf(w.ctx, a.Store, a.ID)
	w.must(err)
	p, err = w.Payouts.Submit(w.ctx, maker, p.ID, payout.Form{Account: now, ProviderName: "Toy", Method: m, Fields: m.Fields})
	w.must(err)
	w.approve(p)
	p, err = w.Payouts.Claim(w.ctx, payout.InStore(a.Store), p.ID, w.epoch)
	w.must(err)
	return p
}

func (w *world) approve(p *payout.Payout) {
	w.t.Helper()
	c, err := w.people.Ask(w.ctx, w.boss, "approve", string(p.ID), p.Digest)
	w.must(err)
	proof, err := w.people.Verify(w.ctx, w.boss, c.ID, password)
	w.must(err)
	_, err = w.Payouts.Approve(w.ctx, w.boss, p.ID, proof)
	w.must(err)
}

// accepted is a payout the company has taken on, under an identifier.
func (w *world) accepted(a store.Account, id string) *payout.Payout {
	w.t.Helper()
	p := w.sending(a)
	p, _, err := w.Payouts.Record(w.ctx, payout.InStore(a.Store), p.ID, payout.Evidence{Source: payout.FromAnswer, Attempt: 1, Result: providers.Result{
		Attempt: providers.Attempt{Reference: p.Reference(), RemoteID: id, Kept: map[string]string{"token": "CANARY-kept-" + id}}, Status: providers.Accepted}})
	w.must(err)
	return p
}

// unknown is a payout whose answer was lost.
func (w *world) unknown(a store.Account) *payout.Payout {
	w.t.Helper()
	p := w.sending(a)
	p, _, err := w.Payouts.Record(w.ctx, payout.InStore(a.Store), p.ID, payout.Evidence{Source: payout.FromAnswer, Attempt: 1, Err: errors.New("cut")})
	w.must(err)
	return p
}

func (w *world) find(p *payout.Payout) *payout.Payout {
	w.t.Helper()
	p, err := w.db.Payouts().Find(w.ctx, payout.InStore(p.Store), p.ID)
	w.must(err)
	return p
}

// about is a message about a payout that contradicts nothing.
func about(p *payout.Payout, status string) message {
	return message{Event: "payout", Reference: p.Reference(), ID: p.RemoteID(), Status: status, Amount: "12.34", Currency: "EUR"}
}

// post posts a body to an account's address, signed with a key, and returns the answer and what is kept.
func (w *world) post(a store.Account, key string, body []byte) (providers.Reply, inbox.Hook) {
	w.t.Helper()
	reply, err := w.Receive(w.ctx, inbox.Incoming{Token: a.Token, Address: sender, Body: body, Size: len(body),
		Header: http.Header{"Sig": {signature(key, body)}, "Cookie": {"CANARY"}, "Authorization": {"CANARY"}}})
	w.must(err)
	return reply, w.newest()
}

// newest is the webhook that came last.
func (w *world) newest() inbox.Hook {
	w.t.Helper()
	page, err := w.db.Hooks().List(w.ctx, payout.Everywhere(), inbox.Filter{Limit: 100})
	w.must(err)
	var last inbox.Hook
	for _, h := range page.Hooks {
		if h.ID > last.ID {
			last = h
		}
	}
	return last
}

func (w *world) hook(id string) inbox.Hook {
	w.t.Helper()
	h, err := w.db.Hooks().Hook(w.ctx, payout.Everywhere(), id)
	w.must(err)
	return h
}

// see does what the runner does: it sees to every webhook that is due.
func (w *world) see() int {
	w.t.Helper()
	due, err := w.db.Hooks().Due(w.ctx, w.clock.now(), 100)
	w.must(err)
	for _, h := range due {
		w.must(w.See(w.ctx, h))
	}
	return len(due)
}

// want checks a verdict and where a payout stands.
func (w *world) want(h inbox.Hook, verdict inbox.Verdict, p *payout.Payout, state payout.State) inbox.Hook {
	w.t.Helper()
	h = w.hook(h.ID)
	if got := w.find(p).State; h.Verdict != verdict || got != state {
		w.t.Errorf("got verdict %s (%s) and state %s, want %s and %s", h.Verdict, h.Code, got, verdict, state)
	}
	return h
}

// reopen opens the database again after a test closed it.
func reopen(w *world) (*db.DB, error) {
	d, err := db.Open(w.ctx, w.path, db.Options{Now: w.clock.now, NewID: w.newID})
	if err == nil {
		d.UseVault(w.vault)
	}
	return d, err
}

func resultOf(t testing.TB, m message) providers.Result {
	t.Helper()
	r, err := m.result()
	if err != nil {
		t.Fatal(err)
	}
	return r
}
