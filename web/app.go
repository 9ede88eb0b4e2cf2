package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/gofrs/flock"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/handlers"
	"github.com/paywicket/paywicket/views/i18n"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/books"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/policy"
	"github.com/paywicket/paywicket/web/runner"
	"github.com/paywicket/paywicket/web/store"
	"github.com/paywicket/paywicket/web/vault"
)

// App is a running Paywicket. It is an http.Handler.
type App struct {
	config  Config
	public  *url.URL
	db      *db.DB
	vault   *vault.Vault
	access  *access.Service
	stores  *store.Service
	payouts *payout.Service
	inbox   *inbox.Service
	books   *books.Service
	open    *runner.Opener
	asks    *runner.Companies
	runner  *runner.Runner
	handler http.Handler
	bundle  *i18n.Bundle
	older   string // why the database is an older one than was last seen, found at the start
}

// New opens the database, brings it up to date and checks that the master key is its own. It starts nothing: until Run
// is called, approved payouts wait. A *vault.WrongKeyError says which key is meant.
func New(ctx context.Context, cfg Config) (*App, error) {
	public, err := cfg.check()
	if err != nil {
		return nil, err
	}
	a := &App{config: cfg, public: public}
	if a.bundle, err = i18n.New(cfg.Languages...); err != nil {
		return nil, fmt.Errorf("web: read message catalogs: %w", err)
	}
	for _, def := range cfg.Providers {
		if def.Messages == nil {
			continue
		}
		if err := a.bundle.Add(def.Messages); err != nil {
			return nil, fmt.Errorf("web: provider %s: %w", def.ID, err)
		}
	}
	if a.db, err = db.Open(ctx, cfg.Database, db.Options{Now: cfg.Now, NewID: newID, OnHalt: a.halted}); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if err := a.wire(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("web: %w", err), a.db.Close())
	}
	return a, nil
}

// wire makes every service, in the order in which they need each other.
func (a *App) wire(ctx context.Context) error {
	cfg := a.config
	var err error
	if a.vault, err = vault.Open(ctx, cfg.MasterKey, a.db.Keysets(), vault.Options{Create: true, Now: cfg.Now}); err != nil {
		return err
	}
	a.db.UseVault(a.vault)
	catalog, err := store.NewCatalog(cfg.Providers, cfg.ProviderURLs, cfg.Simulate)
	if err != nil {
		return err
	}
	if a.access, err = access.New(a.db.People(), access.Options{Now: cfg.Now, NewID: newID, Issuer: "Paywicket " + a.public.Hostname(),
		Site: a.public.Hostname(), Origin: access.OriginOf(a.public)}); err != nil {
		return err
	}
	if err := a.warnMoved(ctx); err != nil {
		return err
	}
	a.stores = store.New(a.db.Stores(), a.vault, catalog, cfg.Now, newID)
	a.open = runner.NewOpener(a.stores, runner.OpenerOptions{Now: cfg.Now, Nonce: nonce, Log: cfg.Log, Timeout: cfg.Timeout})
	a.asks = runner.NewCompanies(a.open, a.stores, cfg.Now)
	a.runner = &runner.Runner{}
	a.payouts = payout.New(a.db.Payouts(), payout.Options{Now: cfg.Now, NewID: newPayoutID, Reference: a.vault.Reference,
		RepeatsRefused: repeatsRefused(catalog), Changed: a.runner.Wake})
	a.inbox = &inbox.Service{Repo: a.db.Hooks(), Finder: a.db.Payouts(), Payouts: a.payouts, Stores: a.stores, Open: a.open,
		Now: cfg.Now, NewID: newID, Log: cfg.Log, Changed: a.runner.Wake}
	a.books = books.New(books.Service{Repo: a.db.Books(), Stores: a.stores, People: a.access, Source: a.asks, Now: cfg.Now, NewID: newID, Log: cfg.Log})
	a.wireRunner()
	a.wireHandlers()
	return a.haltIfOlder(ctx)
}

// warnMoved says that passkeys were made for another host than the public address has now: browsers will not use them.
func (a *App) warnMoved(ctx context.Context) error {
	was, lost, err := a.access.Moved(ctx)
	if err == nil && lost > 0 {
		a.config.Log.WarnContext(ctx, "the public address has another host: passkeys made for the old one work no longer and have to be registered again",
			"was", was, "now", a.public.Hostname(), "passkeys", lost)
	}
	return err
}

func repeatsRefused(c store.Catalog) func(string) bool {
	return func(id string) bool {
		def, _ := c.Definition(id)
		return def.RepeatsRefused
	}
}

func (a *App) wireRunner() {
	host, _ := os.Hostname() // only to tell holders apart in the log
	r := a.runner
	r.Queue, r.Repo, r.Payouts, r.Stores, r.Inbox = a.db.Queue(), a.db.Payouts(), a.payouts, a.stores, a.inbox
	r.Hooks, r.Open, r.Companies, r.Now, r.Log = a.db.Hooks(), a.open, a.asks, a.config.Now, a.config.Log
	r.Beside = append(r.Beside, a.books.Run)
	r.Lock = flock.New(a.config.Database + ".sender")
	r.Holder = fmt.Sprintf("%s/%d/%s", host, os.Getpid(), newID()[:6])
	r.Callback = func(token string) string { return a.public.String() + "/hooks/" + token }
}

func (a *App) wireHandlers() {
	cfg := a.config
	sessions, cookies := a.sessions()
	h := &handlers.Handlers{
		Access: a.access, Stores: a.stores, Payouts: a.payouts, Policies: &policy.Service{Repo: a.db.Policies(), Now: cfg.Now, NewID: newID}, History: a.db.Payouts(), Views: &payout.Views{Repo: a.db.Payouts(), Now: cfg.Now, NewID: newID}, Inbox: a.inbox, Hooks: a.db.Hooks(), Books: a.books,
		Audit: a.db.Audit(), Companies: a.asks, Sessions: sessions, Cookies: cookies, Bundle: a.bundle, Log: a.config.Log, Now: a.config.Now,
		Options: handlers.Options{Public: a.public, Base: a.public.Path, Demo: a.config.Simulate, Version: a.config.Version,
			Ancestors: a.config.Ancestors, Proxies: a.config.Proxies, Identify: a.config.Identify, Token: a.vault.FormToken,
			CheckToken: a.vault.CheckFormToken, Fault: fault, Ready: a.notReady, Sample: cfg.SampleSettings, Workbook: cfg.Workbook, Receipt: cfg.Receipt},
	}
	a.handler = h.Handler()
}

// fault says what an error of the database means for whoever asked.
func fault(err error) (int, string) {
	switch {
	case errors.Is(err, db.ErrHalted):
		return http.StatusServiceUnavailable, "error.disk"
	case errors.Is(err, db.ErrBusy):
		return http.StatusServiceUnavailable, "error.busy"
	}
	return 0, ""
}

// ServeHTTP serves the console. Requests must reach it with the path of the public address.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// mend is what to do once nothing is written any more.
const mend = "make room or repair the disk, run paywicket verify and start again: the database is checked before anything is sent"

// halted tells the operator that nothing is written any more.
func (a *App) halted(why string) {
	a.config.Log.Error("nothing is saved or sent any more, pages can be read: "+mend, "why", why)
}

// Run sends approved payouts, looks unfinished ones up and keeps house until ctx ends. What is being sent then is
// finished and written down first. Only one process a database sends: another one waits here for its turn. If the last one
// did not leave in good order the whole database is read and checked before. After a failure of the disk Run sends nothing but
// stays until ctx ends, so that pages can be read, and returns what failed.
func (a *App) Run(ctx context.Context) error {
	var anchor sync.WaitGroup
	keeping, stop := context.WithCancel(ctx)
	anchor.Go(func() { a.keepAnchor(keeping) })
	err := a.runner.Run(ctx)
	if errors.Is(err, db.ErrHalted) {
		<-ctx.Done()
	}
	stop()
	anchor.Wait()
	a.leaveAnchor(ctx)
	if why := a.db.Halted(); why != "" {
		return fmt.Errorf("web: %w (%s): %s", db.ErrHalted, why, mend)
	}
	if ctx.Err() != nil {
		return nil //nolint:nilerr // asked to stop
	}
	return err
}

// Close closes the database. Call it after Run has returned.
func (a *App) Close() error { return a.db.Close() }

// Payouts lets a host program draft and submit payouts. Approving needs a confirmation that only a person can give.
func (a *App) Payouts() *payout.Service { return a.payouts }

// notReady lists why the console cannot serve and send.
func (a *App) notReady(ctx context.Context) []string {
	var why []string
	if halted, err := a.db.Queue().Halted(ctx); err != nil {
		why = append(why, "database: "+err.Error())
	} else if halted != "" {
		why = append(why, "sending stopped: "+halted)
	}
	return why
}

// Alphabets of 32 letters: five bits of a random byte each, so that none is likelier than another.
const (
	payoutLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // Crockford's: nothing that looks like something else
	nonceLetters  = "abcdefghijklmnopqrstuvwxyz234567"
)

func random(n int, letters string) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // crypto/rand never fails
	for i := range b {
		b[i] = letters[b[i]&31]
	}
	return string(b)
}

func newID() string          { return strings.ToLower(rand.Text()) } // 26 letters and digits, 130 bits
func newPayoutID() payout.ID { return payout.ID(random(12, payoutLetters)) }
func nonce(n int) string     { return random(n, nonceLetters) }
