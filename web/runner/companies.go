package runner

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// Companies asks providers what pages and forms need: methods, fields, balances. It reads only. What an account offers is
// kept in the database, asked for again on a schedule and when somebody wants it, and used when the provider is down.
type Companies struct {
	open   *Opener
	stores *store.Service
	now    func() time.Time

	mu    sync.Mutex
	known map[store.AccountID]cached
	renew map[store.AccountID]bool          // to be asked for again, however fresh
	again map[store.AccountID]time.Time     // until when the schedule leaves one alone
	down  map[store.AccountID]time.Time     // until when pages leave one alone that has not answered
	gates map[store.AccountID]chan struct{} // who is asking
}

// askLife is how long a page waits for a provider.
const askLife = 8 * time.Second

// NewCompanies makes one on an opener.
func NewCompanies(open *Opener, stores *store.Service, now func() time.Time) *Companies {
	return &Companies{open: open, stores: stores, now: now,
		known: map[store.AccountID]cached{}, renew: map[store.AccountID]bool{}, again: map[store.AccountID]time.Time{},
		down: map[store.AccountID]time.Time{}, gates: map[store.AccountID]chan struct{}{}}
}

// Methods lists the ways to be paid an account offers, with what the provider asks for in each; see Offer.
func (c *Companies) Methods(ctx context.Context, a store.Account) ([]providers.Method, error) {
	o, err := c.Offer(ctx, a)
	return o.Methods, err
}

// Method finds one of them.
func (c *Companies) Method(ctx context.Context, a store.Account, id string) (providers.Method, error) {
	methods, err := c.Methods(ctx, a)
	if err != nil {
		return providers.Method{}, err
	}
	for _, m := range methods {
		if m.ID == id {
			return m, nil
		}
	}
	return providers.Method{}, providers.UnknownMethod(id)
}

// Fields lists what a provider must be told for a method.
func (c *Companies) Fields(ctx context.Context, a store.Account, method string) ([]providers.Field, error) {
	m, err := c.Method(ctx, a, method)
	return m.Fields, err
}

// Forget has an account's offer asked for again by whoever needs it next.
func (c *Companies) Forget(id store.AccountID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, id)
	delete(c.down, id)
	c.renew[id] = true
}

// Form is what a payout of an account and method is checked against, as the provider says now. An account without the
// method is an *providers.Error of code "unknown_method".
func (c *Companies) Form(ctx context.Context, a store.Account, method string) (payout.Form, error) {
	m, err := c.Method(ctx, a, method)
	if err != nil {
		return payout.Form{}, err
	}
	return payout.Form{Account: a, ProviderName: c.stores.Catalog.Name(a.Provider), Method: m, Fields: m.Fields}, nil
}

// Report is what a test call found out.
type Report struct {
	Took     time.Duration
	Err      error // nil: the keys work
	Methods  []providers.Method
	Balances []store.Balance
	CanTell  bool // the provider can tell a balance at all
}

// Check makes a read-only test call with an account's keys and keeps what it said.
func (c *Companies) Check(ctx context.Context, by access.Person, a store.Account) (Report, error) {
	c.Forget(a.ID)
	start := c.now()
	r := c.check(ctx, a)
	r.Took = c.now().Sub(start)
	if len(r.Balances) > 0 {
		if err := c.stores.Balances(ctx, a, r.Balances); err != nil {
			return r, err
		}
	}
	if r.Err == nil {
		if err := c.stores.Heard(ctx, a.ID, c.now(), time.Time{}); err != nil {
			return r, err
		}
	}
	return r, errors.Join(c.refused(ctx, a, r.Err), c.stores.Checked(ctx, by, a, r.Err))
}

func (c *Companies) check(ctx context.Context, a store.Account) Report {
	p, err := c.open.Open(ctx, a, a.Version)
	if err != nil {
		return Report{Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, 2*askLife)
	defer cancel()
	var r Report
	if checker, ok := p.(providers.Checker); ok {
		if r.Err = checker.Check(ctx); r.Err != nil {
			return r
		}
	}
	o, err := c.Renew(ctx, a)
	if r.Methods, r.Err = o.Methods, err; err != nil {
		return r
	}
	_, r.CanTell = p.(providers.Balancer)
	r.Balances, err = c.balances(ctx, p)
	if err != nil && providers.KindOf(err) != providers.Unsupported {
		r.Err = err
	}
	return r
}

func (c *Companies) balances(ctx context.Context, p providers.Provider) ([]store.Balance, error) {
	b, ok := p.(providers.Balancer)
	if !ok {
		return nil, nil
	}
	amounts, err := b.Balance(ctx)
	return stamp(amounts, c.now()), err
}

func stamp(amounts []money.Amount, at time.Time) []store.Balance {
	var all []store.Balance
	for _, a := range amounts {
		all = append(all, store.Balance{Amount: a, At: at})
	}
	return all
}

// Calls counts an account's calls of the last day, the latest ones included.
func (c *Companies) Calls(ctx context.Context, id store.AccountID) (store.Calls, error) {
	if err := c.open.Flush(ctx); err != nil {
		return store.Calls{}, err
	}
	return c.stores.Calls(ctx, id)
}

// Refresh reads an account's balances again and keeps them. A provider that tells none is no error.
func (c *Companies) Refresh(ctx context.Context, a store.Account) error {
	p, err := c.open.Open(ctx, a, a.Version)
	if err != nil {
		return errors.Join(err, c.refused(ctx, a, err))
	}
	ctx, cancel := context.WithTimeout(ctx, askLife)
	defer cancel()
	all, err := c.balances(ctx, p)
	if err != nil || len(all) == 0 {
		return errors.Join(err, c.refused(ctx, a, err))
	}
	return errors.Join(c.stores.Balances(ctx, a, all), c.stores.Heard(ctx, a.ID, c.now(), time.Time{}))
}
