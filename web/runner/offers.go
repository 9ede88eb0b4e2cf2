package runner

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/store"
	"github.com/paywicket/paywicket/web/vault"
)

// cached is an offer as it was read last.
type cached struct {
	offer store.Offer
	at    time.Time
}

// cacheLife is how long an offer is not even read from the database again, and how long pages do not ask a company again that
// has not answered.
const cacheLife = time.Minute

// Offer is what an account's company offers. If it cannot be asked now, what it offered last is good enough for a form: it is
// asked again before anything is sent. Offer.Fresh tells the two apart.
func (c *Companies) Offer(ctx context.Context, a store.Account) (store.Offer, error) {
	if o, ok := c.remembered(a); ok {
		return o, nil
	}
	kept, err := c.stores.Offer(ctx, a.ID)
	if err != nil {
		return store.Offer{}, err
	}
	if kept.Fresh(a, c.now()) && !c.wanted(a.ID) {
		c.remember(kept)
		return kept, nil
	}
	usable := kept.Usable(a, c.now())
	if usable && c.isDown(a.ID) {
		return kept, nil
	}
	ctx, cancel := context.WithTimeout(ctx, askLife)
	defer cancel()
	o, err := c.renewOnce(ctx, a)
	if err != nil && usable && !credentialsRefused(err) {
		c.putOff(c.down, a.ID, cacheLife)
		return kept, nil
	}
	return o, err
}

// renewOnce is Renew for pages that need the same at the same time: one of them asks.
func (c *Companies) renewOnce(ctx context.Context, a store.Account) (store.Offer, error) {
	gate := c.gate(a.ID)
	select {
	case gate <- struct{}{}:
		defer func() { <-gate }()
	case <-ctx.Done():
		return store.Offer{}, ctx.Err()
	}
	if o, ok := c.remembered(a); ok {
		return o, nil
	}
	return c.Renew(ctx, a)
}

func (c *Companies) gate(id store.AccountID) chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gates[id] == nil {
		c.gates[id] = make(chan struct{}, 1)
	}
	return c.gates[id]
}

func (c *Companies) remembered(a store.Account) (store.Offer, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was, ok := c.known[a.ID]
	return was.offer, ok && was.offer.Fresh(a, c.now()) && c.now().Sub(was.at) < cacheLife
}

func (c *Companies) remember(o store.Offer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[o.Account] = cached{o, c.now()}
	delete(c.renew, o.Account)
	delete(c.down, o.Account)
}

func (c *Companies) wanted(id store.AccountID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.renew[id]
}

func (c *Companies) isDown(id store.AccountID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().Before(c.down[id])
}

// putOff writes into one of the maps of c until when an account is left alone.
func (c *Companies) putOff(until map[store.AccountID]time.Time, id store.AccountID, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	until[id] = c.now().Add(d)
}

// Renew asks for an account's offer and keeps it, as a new version if something in it changed.
func (c *Companies) Renew(ctx context.Context, a store.Account) (store.Offer, error) {
	methods, err := c.read(ctx, a)
	if err != nil {
		return store.Offer{}, errors.Join(err, c.refused(ctx, a, err))
	}
	o, err := c.stores.KeepOffer(ctx, a, methods)
	if err != nil {
		return o, err
	}
	c.remember(o)
	return o, nil
}

// read asks for methods and fields. A method whose fields cannot be read takes no other with it: it keeps what it asked for
// before, and is left out if that is not known. So is one that is gone by the time its fields are asked for.
func (c *Companies) read(ctx context.Context, a store.Account) ([]providers.Method, error) {
	p, err := c.open.Open(ctx, a, a.Version)
	if err != nil {
		return nil, err
	}
	kept, err := c.stores.Offer(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	listed, err := guarded(func() ([]providers.Method, error) { return p.Methods(ctx) })
	if err != nil {
		return nil, err
	}
	fields, errs := askFields(ctx, p, listed)
	var methods []providers.Method
	var unread error
	read := 0
	for i, m := range listed {
		m.Fields, err = fields[i], errs[i]
		e, _ := errors.AsType[*providers.Error](err)
		switch was, known := kept.Method(m.ID); {
		case err == nil:
			read++
		case e != nil && e.Code == providers.CodeUnknownMethod:
			continue
		case credentialsRefused(err), ctx.Err() != nil:
			return nil, err
		default:
			c.open.opts.Log.WarnContext(ctx, "read what a method asks for", "account", a.ID, "method", m.ID, "known", known, "err", err)
			if unread = err; !known {
				continue
			}
			m.Fields = was.Fields
		}
		methods = append(methods, m)
	}
	if read == 0 && unread != nil {
		return nil, unread
	}
	return methods, nil
}

// askAtOnce is how many methods a company is asked about at the same time: some have dozens, and a page waits.
const askAtOnce = 4

// askFields asks for the fields of each method.
func askFields(ctx context.Context, p providers.Provider, methods []providers.Method) ([][]providers.Field, []error) {
	fields, errs := make([][]providers.Field, len(methods)), make([]error, len(methods))
	next := make(chan int)
	var group sync.WaitGroup
	for range min(askAtOnce, len(methods)) {
		group.Go(func() {
			for i := range next {
				fields[i], errs[i] = guarded(func() ([]providers.Field, error) { return p.Fields(ctx, methods[i].ID) })
			}
		})
	}
	for i := range methods {
		next <- i
	}
	close(next)
	group.Wait()
	return fields, errs
}

// guarded turns a panic of an adapter into an error.
func guarded[T any](f func() (T, error)) (result T, err error) { //nolint:nonamedreturns // recover needs them
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %T", v) // its text may hold anything
		}
	}()
	return f()
}

// refused stops an account whose keys were refused, or do not open.
func (c *Companies) refused(ctx context.Context, a store.Account, err error) error {
	switch {
	case a.Frozen.On():
		return nil
	case credentialsRefused(err):
		return c.stores.Freeze(context.WithoutCancel(ctx), access.Person{}, a, store.FrozenCredentials)
	case errors.Is(err, vault.ErrSealed):
		return c.stores.Freeze(context.WithoutCancel(ctx), access.Person{}, a, store.FrozenSealed)
	}
	return nil
}

// When offers are asked for by themselves: this often, for this long, and after a failure not again for this long.
const (
	offerEvery = 6 * time.Hour
	offerAsk   = time.Minute
	offerRetry = 30 * time.Minute
)

// RenewOld asks for the offers that were not asked for in a while, one after the other. Accounts that are stopped are left
// alone, because their keys may have been refused, and so are those whose address is not known any more.
func (c *Companies) RenewOld(ctx context.Context, accounts []store.Account, failed func(store.Account, error)) {
	for _, a := range accounts {
		_, known := c.stores.Catalog.Address(a)
		if a.Frozen.On() || !known || ctx.Err() != nil || !c.due(ctx, a) {
			continue
		}
		asking, cancel := context.WithTimeout(ctx, offerAsk)
		_, err := c.Renew(asking, a)
		cancel()
		if err != nil && ctx.Err() == nil {
			c.putOff(c.again, a.ID, offerRetry)
			failed(a, err)
		}
	}
}

// due reports whether an account's offer should be asked for. One that was never read is left to whoever connects it.
func (c *Companies) due(ctx context.Context, a store.Account) bool {
	c.mu.Lock()
	until := c.again[a.ID]
	c.mu.Unlock()
	if c.now().Before(until) {
		return false
	}
	o, err := c.stores.Offer(ctx, a.ID)
	return err == nil && o.Version > 0 && (c.now().Sub(o.CheckedAt) >= offerDue(a.ID) || o.Credential != a.Version)
}

// offerDue is how old an account's offer may get: a little less than offerEvery, differently for each, so that accounts which
// were read together are not read together for ever.
func offerDue(id store.AccountID) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // a hash never fails
	const spread = offerEvery / 10
	return offerEvery - time.Duration(h.Sum32())%spread
}

// offerLook is how often it is looked which offers are old.
const offerLook = time.Minute

// keepOffers asks for what accounts offer, where nobody did in a while, until ctx ends. A company that takes its time holds up
// neither a send nor the reading of balances.
func (r *Runner) keepOffers(ctx context.Context) {
	for {
		if err := r.do(ctx, func(context.Context) error { return r.renewOffers(ctx) }); err != nil && ctx.Err() == nil {
			r.Log.ErrorContext(ctx, "read what accounts offer", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(offerLook):
		}
	}
}

func (r *Runner) renewOffers(ctx context.Context) error {
	accounts, err := r.Stores.AllAccounts(ctx)
	r.Companies.RenewOld(ctx, accounts, func(a store.Account, err error) {
		r.Log.WarnContext(ctx, "read what an account offers", "account", a.ID, "err", err)
	})
	return err
}
