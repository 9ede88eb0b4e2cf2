package inbox

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// MaxReplay is how many webhooks are replayed in one go.
const MaxReplay = 1000

// Outcome is what a kept webhook would come to, or has come to, judged by the rules, secrets and payouts of today.
type Outcome struct {
	Hook     Hook    // as it is kept, without header and body
	Bar      Bar     // why it cannot be judged anew; the rest is empty then
	Verdict  Verdict // by today
	Code     string
	Payout   payout.ID
	From, To payout.State
	Asks     bool // the provider is asked before anything moves
	Opens    bool // it opens a contradiction
	Takes    bool // it was not taken in before, and is now

	attempt int
	event   providers.Event
	version int
	first   string // the webhook of which it is a repeat
}

// Bar is why a webhook cannot be judged anew.
type Bar string

// The bars.
const (
	BarCut     Bar = "cut"     // it is not kept as it came
	BarNobody  Bar = "nobody"  // no account has its address
	BarWaiting Bar = "waiting" // it is seen to anyway
	BarFailed  Bar = "failed"  // our own fault: nothing is said about it
)

// Changes reports whether anything becomes different: the payout, or that the webhook is taken in.
func (o Outcome) Changes() bool { return o.Bar == "" && (o.Moves() || o.Opens || o.Takes) }

// Moves reports whether the payout moves, or may move once the provider has confirmed it.
func (o Outcome) Moves() bool { return o.From != o.To }

// isTaken reports whether a webhook of this verdict has had its say.
func isTaken(v Verdict) bool {
	return slices.Contains([]Verdict{Applied, Confirming, Duplicate, Conflicting, Ignored}, v)
}

// Preview says what kept webhooks would come to today, in the order given. Nothing is written and nobody is asked. Of several that would move
// a payout to the same state only the first one does.
func (s *Service) Preview(ctx context.Context, by access.Person, ids []string) ([]Outcome, error) {
	sc := payout.ScopeOf(by, access.ViewWebhooks)
	moved := map[payout.ID]payout.State{}
	all := make([]Outcome, 0, min(len(ids), MaxReplay))
	for _, id := range ids[:min(len(ids), MaxReplay)] {
		h, err := s.Repo.Hook(ctx, sc, id)
		if err != nil {
			return nil, err
		}
		o, err := s.today(ctx, h)
		if err != nil {
			return nil, err
		}
		if o.Moves() && moved[o.Payout] == o.To {
			o.From, o.Code = o.To, payout.NoneKnown
		} else if o.Moves() {
			moved[o.Payout] = o.To
		}
		o.Hook.Header, o.Hook.Body = nil, nil
		all = append(all, o)
	}
	return all, nil
}

// today judges a kept webhook without any effect.
func (s *Service) today(ctx context.Context, h Hook) (Outcome, error) {
	o := Outcome{Hook: h, Verdict: h.Verdict}
	switch {
	case h.Account == "":
		o.Bar = BarNobody
	case !h.DueAt.IsZero():
		o.Bar = BarWaiting
	case !h.Whole():
		o.Bar = BarCut
	}
	if o.Bar != "" {
		return o, nil
	}
	a, err := s.Stores.AccountOf(ctx, h.Store, h.Account)
	if err != nil {
		return o, err
	}
	o.event, o.version, err = s.read(ctx, a, h)
	switch e, forged := errors.AsType[*providers.Error](err); {
	case forged:
		o.Verdict, o.Code = Forged, e.Code
		return o, nil
	case err != nil:
		o.Bar = BarFailed
		return o, nil //nolint:nilerr // one that cannot be looked at now does not keep the others from it
	}
	err = s.weigh(ctx, a, &o)
	o.Takes = !isTaken(h.Verdict) && isTaken(o.Verdict)
	return o, err
}

// weigh says what a genuine message would do.
func (s *Service) weigh(ctx context.Context, a store.Account, o *Outcome) error {
	if o.event.Ignore {
		o.Verdict = Ignored
		return nil
	}
	switch same, err := s.Repo.Same(ctx, a.ID, o.Hook.Digest, o.Hook.ID); {
	case err == nil:
		o.Verdict, o.first, o.Payout = Duplicate, same.ID, same.Payout
		return nil
	case !errors.Is(err, ErrNotFound):
		return err
	}
	p, no, err := s.match(ctx, a, o.event.Result.Attempt)
	if errors.Is(err, payout.ErrNotFound) {
		o.strange()
		return nil
	}
	if err != nil {
		return err
	}
	return s.would(ctx, o, p, no)
}

// strange is a genuine message about no payout we know. Whether it names only the provider's identifier was asked about when it came.
func (o *Outcome) strange() {
	at := o.event.Result.Attempt
	o.Verdict, o.Code = Unmatched, "no_payout"
	if o.event.Confirm && at.Reference == "" && at.RemoteID != "" && o.Hook.Verdict != Unmatched {
		o.Verdict, o.Code, o.Asks = Confirming, "", true
	}
}

// would says what a message would do to the payout it is about.
func (s *Service) would(ctx context.Context, o *Outcome, p *payout.Payout, no int) error {
	effect, opens, err := s.Payouts.Would(ctx, payout.InStore(p.Store), p.ID, s.evidence(*o, no))
	if err != nil {
		return err
	}
	o.attempt, o.Payout, o.From, o.To, o.Code, o.Opens = no, p.ID, effect.From, effect.To, effect.Code, opens
	o.Verdict = Applied
	if effect.Conflict != nil {
		o.Verdict, o.Code = Conflicting, effect.Conflict.Code
	}
	field, _, _ := p.Contradicts(no, o.event.Result)
	if o.Asks = o.event.Confirm && field == "" && (effect.Moved() || opens); o.Asks {
		o.Verdict, o.Opens = Confirming, false // what the provider says decides
	}
	return nil
}

func (s *Service) evidence(o Outcome, attempt int) payout.Evidence {
	return payout.Evidence{Source: payout.FromWebhook, Attempt: attempt, Result: o.event.Result, HookID: o.Hook.ID}
}

// Replay judges kept webhooks anew, in the order given, and takes in what that changes: by the same rules as when they
// came, so that nothing is applied twice. Each gets a line in its history. Only who may approve payouts in the webhook's store may do
// it, since it may move one. What was done before an error stays done, and is written down.
func (s *Service) Replay(ctx context.Context, by access.Person, ids []string) ([]Outcome, error) {
	all, err := s.Preview(ctx, by, ids)
	if err != nil {
		return nil, err
	}
	would := 0
	for _, o := range all {
		if !access.Can(by, access.ApprovePayouts, o.Hook.Store) {
			return nil, access.ErrNotFound
		}
		if o.Changes() {
			would++
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	entry := s.entry(by, "", audit.HooksReplayed, "", map[string]any{"webhooks": len(all), "would_change": would})
	if len(all) == 1 {
		entry.Subject, entry.Store = all[0].Hook.ID, string(all[0].Hook.Store)
	}
	if err := s.Repo.Did(ctx, nil, entry); err != nil {
		return nil, err
	}
	var acts []Act
	for i := range all {
		var act Act
		if all[i], act, err = s.replay(ctx, by, all[i].Hook.ID); err != nil {
			break
		}
		acts = append(acts, act)
	}
	return all, errors.Join(err, s.Repo.Did(context.WithoutCancel(ctx), acts))
}

// replay judges one anew and takes it in.
func (s *Service) replay(ctx context.Context, by access.Person, id string) (Outcome, Act, error) {
	act := Act{Hook: id, Person: by.ID, Name: by.Name, Kind: ActReplay, At: s.Now()}
	h, err := s.Repo.Hook(ctx, payout.ScopeOf(by, access.ApprovePayouts), id)
	if err != nil {
		return Outcome{}, act, err
	}
	o, err := s.today(ctx, h)
	if err == nil && o.Changes() {
		err = s.take(ctx, &o)
	}
	act.Verdict, act.Was, act.Code, act.From, act.To = o.Verdict, h.Verdict, o.Code, o.From, o.To
	if o.Bar != "" {
		act.Code = string(o.Bar)
	}
	if o.Asks {
		act.To = act.From // nothing has moved yet
	}
	o.Hook.Header, o.Hook.Body = nil, nil
	return o, act, err
}

// take applies an outcome and keeps it as what became of the webhook.
func (s *Service) take(ctx context.Context, o *Outcome) error {
	h := o.Hook
	h.Event, h.Result, h.Steps, h.Version = o.event.Name, o.event.Result, o.event.Steps, o.version
	h.Payout, h.From, h.To, h.Verdict, h.Code, h.DuplicateOf, h.DoneAt, h.DueAt = o.Payout, o.From, o.From, o.Verdict, o.Code, o.first, s.Now(), time.Time{}
	switch {
	case o.Asks:
		h.Tries, h.DueAt, h.DoneAt = 0, s.Now(), time.Time{}
	case o.attempt > 0 && (o.Moves() || o.Opens || o.Verdict == Applied):
		p := &payout.Payout{ID: o.Payout, Store: h.Store}
		if err := s.record(ctx, &h, p, s.evidence(*o, o.attempt)); err != nil {
			return err
		}
		o.From, o.To, o.Verdict, o.Code = h.From, h.To, h.Verdict, h.Code
	}
	if err := s.Repo.Save(ctx, h); err != nil {
		return err
	}
	if !h.DueAt.IsZero() {
		s.Changed()
	}
	return nil
}

// Choose lists the webhooks that a filter finds, oldest first, at most the newest MaxReplay; and whether there are more.
func (s *Service) Choose(ctx context.Context, by access.Person, f Filter) ([]string, bool, error) {
	const page, most = 200, 50 // of which some may find little: then the rest is left for the next time
	f.Lean, f.Limit, f.After, f.Before = true, page, Cursor{}, Cursor{}
	var ids []string
	for range most {
		found, err := s.Repo.List(ctx, payout.ScopeOf(by, access.ViewWebhooks), f)
		if err != nil {
			return nil, false, err
		}
		for _, h := range found.Hooks {
			ids = append(ids, h.ID)
		}
		if f.After = found.Next; f.After.IsZero() || len(ids) >= MaxReplay {
			break
		}
	}
	more := !f.After.IsZero() || len(ids) > MaxReplay
	ids = ids[:min(len(ids), MaxReplay)]
	slices.Reverse(ids)
	return ids, more, nil
}
