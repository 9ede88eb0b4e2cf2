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
	"github.com/paywicket/paywicket/web/vault"
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
	switch p.State {
	case payout.Approved:
		if r.Now().After(p.ExpiresAt) || account.Version != p.Content.Credential {
			return r.sendBack(ctx, scope, p)
		}
		provider, err := r.Open.Open(ctx, account, p.Content.Credential)
		if err != nil {
			r.sealedShut(ctx, account, err)
			return errors.Join(err, r.postpone(ctx, scope, p, nil))
		}
		return r.send(ctx, scope, p, account, provider)
	case payout.Accepted, payout.Unknown:
		if p.Current().Damaged {
			r.Log.WarnContext(ctx, "what was kept with a payout is damaged; the provider is asked without it", "payout", p.ID)
		}
		provider, err := r.Open.Open(ctx, account, account.Version)
		if err != nil {
			r.sealedShut(ctx, account, err)
			return errors.Join(err, r.lookedInVain(ctx, scope, p, err))
		}
		return r.lookUp(ctx, scope, p, account, provider)
	}
	return nil
}

// sendBack has the claim look at a payout that will not pass it, without asking the provider first: not with keys that were
// replaced.
func (r *Runner) sendBack(ctx context.Context, sc payout.Scope, p *payout.Payout) error {
	claimed, err := r.claim(ctx, sc, p)
	if err != nil || claimed == nil {
		return err
	}
	return r.record(ctx, sc, p.ID, unsent(claimed))
}

// unsent is the evidence about a claim after which nothing was asked for: the payout is not the one that was looked at.
func unsent(claimed *payout.Payout) payout.Evidence {
	return payout.Evidence{Source: payout.FromAnswer, Attempt: claimed.Current().No, Err: &providers.Error{Kind: providers.NotSent, Code: "changed"}}
}

// lookedInVain keeps that nobody could be asked, so that the next time is later.
func (r *Runner) lookedInVain(ctx context.Context, sc payout.Scope, p *payout.Payout, why error) error {
	e := payout.Evidence{Source: payout.FromLookup, Attempt: p.Current().No, Err: &providers.Error{Code: "not_asked", Err: why}}
	_, _, err := r.Payouts.Record(ctx, sc, p.ID, e)
	return err
}

// sealedShut freezes an account whose stored keys do not open: they were damaged, or put there from elsewhere.
func (r *Runner) sealedShut(ctx context.Context, a store.Account, err error) {
	if errors.Is(err, vault.ErrSealed) {
		r.freeze(ctx, a, store.FrozenSealed)
	}
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
	if _, asked := provider.(providers.Preparer); asked {
		if now, err := r.Repo.Find(ctx, sc, p.ID); err != nil || now.Digest != p.Digest {
			return err // approved anew meanwhile: the adapter got ready for something else
		}
	}
	claimed, err := r.claim(ctx, sc, p)
	if err != nil || claimed == nil {
		return err
	}
	e := unsent(claimed) // it changed after all
	if claimed.Digest == p.Digest {
		e = r.sendOnce(ctx, sc, claimed, a, provider)
	}
	if credentialsRefused(e.Err) {
		r.freeze(ctx, a, store.FrozenCredentials)
	}
	return r.record(ctx, sc, p.ID, e)
}

// claim takes a payout for one send. Nil without an error: it was sent back to be approved again.
func (r *Runner) claim(ctx context.Context, sc payout.Scope, p *payout.Payout) (*payout.Payout, error) {
	claimed, err := r.Payouts.Claim(ctx, sc, p.ID, r.epoch.Load())
	refused, ok := errors.AsType[*payout.Error](err)
	switch {
	case err == nil:
		r.Log.InfoContext(ctx, "payout claimed", "payout", p.ID, "attempt", len(claimed.Attempts), "reference", claimed.Reference())
		return claimed, nil
	case !ok:
		return nil, err
	}
	r.Log.WarnContext(ctx, "payout not claimed", "payout", p.ID, "code", refused.Code)
	switch {
	case refused.Code == payout.CodeSender:
		return nil, errRoleLost
	case claimed != nil && claimed.State != payout.Approved:
		return nil, nil //nolint:nilnil // says that there is nothing to do
	}
	return nil, errWait
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
	_, err = safely(func() (providers.Result, error) { return providers.Result{}, preparer.Prepare(recorded, order) })
	switch {
	case err == nil:
		return true, nil
	case credentialsRefused(err):
		r.freeze(ctx, a, store.FrozenCredentials)
		return false, r.postpone(ctx, sc, p, exchanges())
	case providers.KindOf(err) == providers.Refused:
		if r.Companies != nil {
			r.Companies.Forget(a.ID) // what it asks for may have changed
		}
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

// recordLife is how long an answer is tried to be written down; after it the payout becomes unknown.
const recordLife = 30 * time.Second

// record writes down what came of a send. A busy database is tried again. If it cannot be written at all the payout stays
// in sending until the role is taken anew, which makes it unknown.
func (r *Runner) record(ctx context.Context, sc payout.Scope, id payout.ID, e payout.Evidence) error {
	deadline := r.Now().Add(recordLife)
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		p, _, err := r.Payouts.Record(ctx, sc, id, e)
		if err == nil {
			r.Log.InfoContext(ctx, "payout answered", "payout", id, "state", p.State)
			return nil
		}
		if _, refused := errors.AsType[*payout.Error](err); refused || r.Now().After(deadline) {
			r.stale.Store(true)
			return err
		}
		r.Log.WarnContext(ctx, "write down an answer", "payout", id, "err", err)
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(wait):
		}
	}
}

func credentialsRefused(err error) bool {
	e, ok := errors.AsType[*providers.Error](err)
	return ok && e.Credentials
}

// freeze stops an account from sending. reason is "credentials" for keys that were refused, "sealed" for keys that do not
// open.
func (r *Runner) freeze(ctx context.Context, a store.Account, reason string) {
	if a.Frozen.On() {
		return
	}
	if err := r.Stores.Freeze(ctx, access.Person{}, a, reason); err != nil {
		r.Log.ErrorContext(ctx, "freeze account", "account", a.ID, "err", err)
		return
	}
	r.Log.WarnContext(ctx, "account frozen", "account", a.ID, "reason", reason)
}

// lookUp asks the provider where a payout stands.
func (r *Runner) lookUp(ctx context.Context, sc payout.Scope, p *payout.Payout, a store.Account, provider providers.Provider) error {
	at := p.Current()
	ctx, cancel := context.WithTimeout(ctx, sendLife)
	defer cancel()
	recorded, exchanges := r.Open.Recorded(ctx, a, p.ID, at.No, "lookup")
	result, err := safely(func() (providers.Result, error) {
		return provider.Lookup(recorded, at.Named())
	})
	if credentialsRefused(err) {
		r.freeze(ctx, a, store.FrozenCredentials)
	}
	if err == nil {
		if heardErr := r.Stores.Heard(ctx, a.ID, r.Now(), time.Time{}); heardErr != nil {
			r.Log.WarnContext(ctx, "note answer", "account", a.ID, "err", heardErr)
		}
	}
	_, _, err = r.Payouts.Record(ctx, sc, p.ID, payout.Evidence{Source: payout.FromLookup, Attempt: at.No, Result: result, Err: err, Exchanges: exchanges()})
	return err
}
