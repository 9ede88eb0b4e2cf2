package runner

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// Opener opens providers for accounts and keeps what is said to them.
type Opener struct {
	stores *store.Service
	opts   OpenerOptions

	mu    sync.Mutex
	open  map[openKey]providers.Provider
	calls calls
}

// OpenerOptions is what an Opener needs from outside.
type OpenerOptions struct {
	Now     func() time.Time
	Nonce   func(n int) string
	Log     *slog.Logger
	Timeout time.Duration // total deadline of a call; 0: 30 s
}

type openKey struct {
	account store.AccountID
	version int
	address string
}

// NewOpener makes an opener.
func NewOpener(stores *store.Service, o OpenerOptions) *Opener {
	return &Opener{stores: stores, opts: o, open: map[openKey]providers.Provider{}}
}

// Open opens an account's provider with a version of its settings. The same one is given out again, so that a sign-in
// token may live in memory.
func (o *Opener) Open(ctx context.Context, a store.Account, version int) (providers.Provider, error) {
	key := openKey{a.ID, version, a.Address}
	o.mu.Lock()
	defer o.mu.Unlock()
	if p, ok := o.open[key]; ok {
		return p, nil
	}
	p, err := o.make(ctx, a, version)
	if err != nil {
		return nil, fmt.Errorf("open account %s: %w", a.ID, err)
	}
	o.open[key] = p
	return p, nil
}

func (o *Opener) make(ctx context.Context, a store.Account, version int) (providers.Provider, error) {
	def, ok := o.stores.Catalog.Definition(a.Provider)
	if !ok {
		return nil, store.ErrNotFound
	}
	address, ok := o.stores.Catalog.Address(a)
	if !ok {
		return nil, store.ErrAddress
	}
	settings, err := o.stores.Settings(ctx, a, version)
	if err != nil {
		return nil, err
	}
	client, err := httpx.New(httpx.Options{BaseURL: address.URL, Named: store.Named(address), Timeout: o.opts.Timeout,
		Secrets: o.stores.Secrets(def, settings), Now: o.opts.Now, Record: func(ctx context.Context, x httpx.Exchange) {
			record(ctx, x)
			o.calls.note(a.ID, x)
		}})
	if err != nil {
		return nil, err
	}
	p, err := def.Open(providers.Config{Settings: settings, Live: a.Live, BaseURL: address.URL, Simulator: address.Simulator, HTTP: client.HTTP(),
		Log: o.opts.Log.With("account", a.ID, "provider", a.Provider), Now: o.opts.Now, Nonce: o.opts.Nonce})
	if err != nil {
		return nil, err
	}
	client.Bind(p)
	return p, nil
}

// recorder collects what is said to a provider while it is in the context.
type recorder struct {
	mu   sync.Mutex
	like payout.Exchange // account, payout, attempt and purpose of each
	all  []payout.Exchange
}

type recorderKey struct{}

// Recorded returns a context whose calls are collected, and a function that hands over what was collected so far.
func (o *Opener) Recorded(ctx context.Context, a store.Account, id payout.ID, attempt int, purpose string) (context.Context, func() []payout.Exchange) {
	r := &recorder{like: payout.Exchange{Account: a.ID, Payout: id, Attempt: attempt, Purpose: purpose}}
	return context.WithValue(ctx, recorderKey{}, r), r.take
}

func (r *recorder) take() []payout.Exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.all
	r.all = nil
	return all
}

func record(ctx context.Context, e httpx.Exchange) {
	r, ok := ctx.Value(recorderKey{}).(*recorder)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.like
	x.At, x.Took, x.Method, x.URL, x.Status, x.Written, x.Err = e.Start, e.Took, e.Method, e.URL, e.Status, e.Written, e.Err
	x.Request, x.Answer = message(e.Header, e.Body), message(e.AnswerHeader, e.Answer)
	r.all = append(r.all, x)
}
