package runner

import (
	"context"
	"errors"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// sendLife is the total deadline of everything between the claim and the answer.
const sendLife = 45 * time.Second

// see sees to one payout whose time has come.
func (r *Runner) see(ctx context.Context, d payout.Due) error {
	scope := payout.InStore(d.Store)
	p, err := r.Repo.Find(ctx, scope, d.ID)
	if err != nil {
		return err
	}
	account, err := r.Stores.AccountOf(ctx, p.Store, p.Content.Account)
	if err != nil {
		return err
	}
	provider, err := r.Open.Open(ctx, account, account.Version)
	if err != nil {
		return errors.Join(err, r.postpone(ctx, scope, p, nil))
	}
	switch p.State {
	case payout.Approved:
		return r.send(ctx, scope, p, account, provider)
	case payout.Accepted, payout.Unknown:
		return r.lookUp(ctx, scope, p, account, provider)
	}
	return nil
}

// prepareAgain is how long a payout waits when getting ready for it did not work.
const prepareAgain = time.Minute

func (r *Runner) postpone(ctx context.Context, sc payout.Scope, p *payout.Payout, exchanges []payout.Exchange) error {
	if p.State != payout.Approved {
		return nil
	}
	return r.Payouts.Postpone(ctx, sc, p.ID, r.Now().Add(prepareAgain), exchanges)
}

// send gets ready, claims, sends once and records.
func (r *Runner) send(ctx context.Context, sc payout.Scope, p *payout.Payout, a store.Account, provider providers.Provider) error {
	ready, err := r.prepare(ctx, sc, p, a, provider)
	if err != nil || !ready {
		return err
	}
	p, err = r.Payouts.Claim(ctx, sc, p.ID, r.epoch)
	if refused, ok := errors.AsType[*payout.Error](err); ok {
		r.Log.WarnContext(ctx, "payout not claimed", "payout", p.ID, "code", refused.Code)
		if refused.Code == payout.CodeSender {
			return errRoleLost
		}
		return nil
	}
	if err != nil {
		return err
	}
	r.Log.InfoContext(ctx, "payout claimed", "payout", p.ID, "attempt", len(p.Attempts), "reference", p.Reference())
	e := r.sendOnce(ctx, sc, p, a, provider)
	if credentialsRefused(e.Err) {
		r.freeze(ctx, a)
	}
	return r.record(ctx, sc, p.ID, e)
}

// prepare lets the adapter get ready while nothing is claimed: sign in, read fields again. It moves no money.
func (r *Runner) prepare(ctx context.Context, sc payout.Scope, p *payout.Payout, a store.Account, provider providers.Provider) (bool, error) {
	preparer, ok := provider.(providers.Preparer)
	if !ok {
		return true, nil
	}
	order, err := p.Order(r.Callback(a.Token))
	if err != nil {
		return true, nil //nolint:nilerr // the claim looks at the snapshot again and sends it back with the reason
	}
	order.Reference = r.Payouts.NextReference(p)
	ctx, cancel := context.WithTimeout(ctx, sendLife)
	defer cancel()
	recorded, exchanges := r.Open.Recorded(ctx, a, p.ID, 0, "prepare")
	err = preparer.Prepare(recorded, order)
	switch {
	case err == nil:
		return true, nil
	case credentialsRefused(err):
		r.freeze(ctx, a)
		return false, r.postpone(ctx, sc, p, exchanges())
	case providers.KindOf(err) == providers.Refused:
		return false, r.Payouts.SendBack(ctx, sc, p.ID, err, exchanges())
	}
	r.Log.WarnContext(ctx, "get ready for payout", "payout", p.ID, "err", err)
	return false, r.postpone(ctx, sc, p, exchanges())
}

// sendOnce makes the one request of an attempt. Whatever happens, it comes back as evidence.
func (r *Runner) sendOnce(ctx context.Context, sc payout.Scope, p *payout.Payout, a store.Account, provider providers.Provider) payout.Evidence {
	attempt := p.Current().No
	e := payout.Evidence{Source: payout.FromAnswer, Attempt: attempt}
	order, err := p.Order(r.Callback(a.Token))
	if err != nil {
		e.Err = &providers.Error{Kind: providers.NotSent, Code: "snapshot", Err: err}
		return e
	}
	permit := httpx.NewPermit(order)
	order.Checkpoint = func(ctx context.Context, at providers.Attempt) error {
		if err := r.Payouts.Checkpoint(ctx, sc, p.ID, attempt, at.RemoteID, at.Kept); err != nil {
			return err
		}
		permit.Checkpoint(at)
		return nil
	}
	ctx, cancel := context.WithTimeout(httpx.WithPermit(ctx, permit), sendLife)
	defer cancel()
	recorded, exchanges := r.Open.Recorded(ctx, a, p.ID, attempt, "send")
	e.Result, e.Err = safely(func() (providers.Result, error) { return provider.Send(recorded, order) })
	permit.Close()
	e.Err = believe(e.Err, permit)
	e.Exchanges = exchanges()
	return e
}

// believe holds what an adapter says against what the socket knows: "not sent" is true only if no byte left, and a success
// without a request is none.
func believe(err error, permit *httpx.Permit) error {
	switch kind := providers.KindOf(err); {
	case err == nil && !permit.Written():
		return &providers.Error{Kind: providers.NotSent, Code: "no_request"}
	case err != nil && permit.Written() && (kind == providers.NotSent || kind == providers.Unsupported):
		return &providers.Error{Kind: providers.Unknown, Code: "written", Err: err}
	case err != nil && !permit.Written() && kind != providers.Refused:
		return notSent(err)
	}
	return err
}

// notSent keeps what an adapter said and corrects what it means: no byte of the money-moving request left the machine.
func notSent(err error) error {
	if e, ok := errors.AsType[*providers.Error](err); ok {
		fixed := *e
		fixed.Kind = providers.NotSent
		return &fixed
	}
	return &providers.Error{Kind: providers.NotSent, Code: "not_written", Err: err}
}

// safely turns a panic of an adapter into an error: the payout must not be left without a record.
func safely(f func() (providers.Result, error)) (result providers.Result, err error) { //nolint:nonamedreturns // recover needs them
	defer func() {
		if v := recover(); v != nil {
			err = &providers.Error{Code: "panic", Err: errors.New("the adapter broke down")}
		}
	}()
	return f()
}

// recordLife is how long an answer is tried to be written down; after it only a restart makes the payout unknown.
const recordLife = 10 * time.Minute

// record writes down what came of a send. A busy database is tried again; if it cannot be written at all the payout stays
// in sending and the next start makes it unknown.
func (r *Runner) record(ctx context.Context, sc payout.Scope, id payout.ID, e payout.Evidence) error {
	deadline := r.Now().Add(recordLife)
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		p, _, err := r.Payouts.Record(ctx, sc, id, e)
		if err == nil {
			r.Log.InfoContext(ctx, "payout answered", "payout", id, "state", p.State)
			return nil
		}
		if _, refused := errors.AsType[*payout.Error](err); refused || r.Now().After(deadline) {
			return err
		}
		r.Log.WarnContext(ctx, "write down an answer", "payout", id, "err", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

func credentialsRefused(err error) bool {
	e, ok := errors.AsType[*providers.Error](err)
	return ok && e.Credentials
}

func (r *Runner) freeze(ctx context.Context, a store.Account) {
	if err := r.Stores.Freeze(ctx, access.Person{}, a, "credentials"); err != nil {
		r.Log.ErrorContext(ctx, "freeze account", "account", a.ID, "err", err)
		return
	}
	r.Log.WarnContext(ctx, "account frozen: its keys were refused", "account", a.ID)
}

// lookUp asks the provider where a payout stands.
func (r *Runner) lookUp(ctx context.Context, sc payout.Scope, p *payout.Payout, a store.Account, provider providers.Provider) error {
	at := p.Current()
	ctx, cancel := context.WithTimeout(ctx, sendLife)
	defer cancel()
	recorded, exchanges := r.Open.Recorded(ctx, a, p.ID, at.No, "lookup")
	result, err := safely(func() (providers.Result, error) {
		return provider.Lookup(recorded, providers.Attempt{Reference: at.Reference, RemoteID: at.RemoteID, Kept: at.Kept})
	})
	if credentialsRefused(err) {
		r.freeze(ctx, a)
	}
	if err == nil {
		if heardErr := r.Stores.Heard(ctx, a.ID, r.Now(), time.Time{}); heardErr != nil {
			r.Log.WarnContext(ctx, "note answer", "account", a.ID, "err", heardErr)
		}
	}
	_, _, err = r.Payouts.Record(ctx, sc, p.ID, payout.Evidence{Source: payout.FromLookup, Attempt: at.No, Result: result, Err: err, Exchanges: exchanges()})
	return err
}
