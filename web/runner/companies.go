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

// Companies asks providers what pages and forms need: methods, fields, balances. It reads only.
type Companies struct {
	open   *Opener
	stores *store.Service
	now    func() time.Time

	mu      sync.Mutex
	methods map[store.AccountID]cached[[]providers.Method]
	fields  map[fieldsKey]cached[[]providers.Field]
}

type fieldsKey struct {
	account store.AccountID
	method  string
}

type cached[T any] struct {
	value   T
	version int
	at      time.Time
}

// cacheLife is how long a form may be made from what a provider said before.
const cacheLife = 10 * time.Minute

// askLife is how long a page waits for a provider.
const askLife = 8 * time.Second

// NewCompanies makes one on an opener.
func NewCompanies(open *Opener, stores *store.Service, now func() time.Time) *Companies {
	return &Companies{open: open, stores: stores, now: now,
		methods: map[store.AccountID]cached[[]providers.Method]{}, fields: map[fieldsKey]cached[[]providers.Field]{}}
}

// Methods lists the ways to be paid an account offers, as its provider said within the last ten minutes.
func (c *Companies) Methods(ctx context.Context, a store.Account) ([]providers.Method, error) {
	c.mu.Lock()
	was, ok := c.methods[a.ID]
	c.mu.Unlock()
	if ok && was.version == a.Version && c.now().Sub(was.at) < cacheLife {
		return was.value, nil
	}
	p, err := c.open.Open(ctx, a, a.Version)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, askLife)
	defer cancel()
	methods, err := p.Methods(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.methods[a.ID] = cached[[]providers.Method]{methods, a.Version, c.now()}
	return methods, nil
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
	key := fieldsKey{a.ID, method}
	c.mu.Lock()
	was, ok := c.fields[key]
	c.mu.Unlock()
	if ok && was.version == a.Version && c.now().Sub(was.at) < cacheLife {
		return was.value, nil
	}
	p, err := c.open.Open(ctx, a, a.Version)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, askLife)
	defer cancel()
	fields, err := p.Fields(ctx, method)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fields[key] = cached[[]providers.Field]{fields, a.Version, c.now()}
	return fields, nil
}

// Forget drops what was kept of an account, so that the next page asks anew.
func (c *Companies) Forget(id store.AccountID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.methods, id)
	for key := range c.fields {
		if key.account == id {
			delete(c.fields, key)
		}
	}
}

// Form is what a payout of an account and method is checked against, as the provider says now. An account without the
// method is an *providers.Error of code "unknown_method".
func (c *Companies) Form(ctx context.Context, a store.Account, method string) (payout.Form, error) {
	m, err := c.Method(ctx, a, method)
	if err != nil {
		return payout.Form{}, err
	}
	fields, err := c.Fields(ctx, a, method)
	return payout.Form{Account: a, ProviderName: c.stores.Catalog.Name(a.Provider), Method: m, Fields: fields}, err
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
	return r, c.stores.Checked(ctx, by, a, r.Err)
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
	if r.Methods, r.Err = c.Methods(ctx, a); r.Err != nil {
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

// Refresh reads an account's balances again and keeps them. A provider that tells none is no error.
func (c *Companies) Refresh(ctx context.Context, a store.Account) error {
	p, err := c.open.Open(ctx, a, a.Version)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askLife)
	defer cancel()
	all, err := c.balances(ctx, p)
	if err != nil || len(all) == 0 {
		return err
	}
	return errors.Join(c.stores.Balances(ctx, a, all), c.stores.Heard(ctx, a.ID, c.now(), time.Time{}))
}
