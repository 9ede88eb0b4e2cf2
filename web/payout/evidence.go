package payout

import (
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/audit"
)

// Source is where news about a payout comes from.
type Source string

// The sources.
const (
	FromAnswer  Source = "answer"  // the company's answer to the send itself
	FromLookup  Source = "lookup"  // asked with the account's own key
	FromWebhook Source = "webhook" // posted to us and verified
	FromPeople  Source = "people"
)

// Evidence is one piece of news about one attempt.
type Evidence struct {
	Source    Source
	Attempt   int // number of the attempt it is about
	Result    providers.Result
	Err       error // of a send or a look-up, instead of Result
	HookID    string
	Exchanges []Exchange
}

// Effect is what a piece of evidence did.
type Effect struct {
	From, To State
	Code     string    // why nothing moved: "known", "not_final", "not_understood", "unproven", "older_attempt", "nothing_found"
	Conflict *Conflict // set when it contradicts
}

// Moved reports whether the state changed.
func (e Effect) Moved() bool { return e.From != e.To }

// The reasons why evidence moves nothing.
const (
	NoneKnown         = "known"
	NoneNotUnderstood = "not_understood"
	NoneUnproven      = "unproven"
	NoneOlder         = "older_attempt"
	NoneLate          = "late"
	NoneNothingFound  = "nothing_found"
)

// apply takes in news. It never sends, never goes back, and calls nothing failed without proof.
func (p *Payout) apply(e Evidence, now time.Time) (Effect, error) {
	p.exchanges = append(p.exchanges, e.Exchanges...)
	effect := Effect{From: p.State, To: p.State}
	a := p.attempt(e.Attempt)
	if a == nil {
		return effect, refuse(CodeState, "State", string(p.State))
	}
	if e.Source == FromAnswer {
		a.EndedAt = now
	}
	if e.Err != nil {
		return p.applyError(a, e, now)
	}
	if field, expected, got := p.contradiction(a, e.Result); field != "" {
		return p.applyContradiction(a, e, Conflict{At: now, Source: e.Source, Code: field, Expected: expected, Got: got, HookID: e.HookID}, now)
	}
	return p.applyResult(a, e, now)
}

func (p *Payout) attempt(no int) *Attempt {
	for i := range p.Attempts {
		if p.Attempts[i].No == no {
			return &p.Attempts[i]
		}
	}
	return nil
}

// applyError takes in a failed send or a failed look-up. A failed look-up proves nothing.
func (p *Payout) applyError(a *Attempt, e Evidence, now time.Time) (Effect, error) {
	effect := Effect{From: p.State, To: p.State, Code: NoneUnproven}
	if e.Source != FromAnswer {
		p.noteLook(e, now)
		effect.Code = NoneNothingFound
		return effect, nil
	}
	if p.State != Sending {
		effect.Code = NoneLate // a webhook was faster than the answer
		return effect, nil
	}
	to := Unknown
	switch providers.KindOf(e.Err) {
	case providers.NotSent:
		to = NotSent
	case providers.Refused:
		to = Refused
		if p.unknownBefore(a) { // a refusal may then only mean "the first one exists"
			to = Unknown
		}
	}
	a.Outcome, p.Reason = to, reasonOf(e.Err)
	if err := p.move(to, now); err != nil {
		return effect, err
	}
	p.schedule(now)
	p.note(now, system(), audit.PayoutAnswered, facts{"state": string(to), "attempt": a.No, "words": p.Reason, "code": codeOf(e.Err)})
	effect.To, effect.Code = to, ""
	return effect, nil
}

// unknownBefore reports whether an earlier attempt used the same reference and its outcome is known only from people.
func (p *Payout) unknownBefore(a *Attempt) bool {
	for _, b := range p.Attempts {
		if b.No < a.No && b.Reference == a.Reference && b.Outcome == Unknown {
			return true
		}
	}
	return false
}

func (p *Payout) noteLook(e Evidence, now time.Time) {
	p.Looks++
	p.schedule(now)
	if providers.KindOf(e.Err) == providers.Unsupported {
		p.DueAt = time.Time{} // nobody can be asked: it waits for a webhook or for people
	}
	p.note(now, system(), audit.PayoutLooked, facts{"looks": p.Looks, "words": reasonOf(e.Err), "code": codeOf(e.Err)})
}

// applyContradiction keeps news that cannot be about what we sent, as a conflict that blocks every later claim.
func (p *Payout) applyContradiction(a *Attempt, e Evidence, c Conflict, now time.Time) (Effect, error) {
	effect := Effect{From: p.State, To: p.State, Conflict: &c}
	p.openConflict(c, now)
	if e.Source == FromAnswer && p.State == Sending {
		a.Outcome = Unknown
		if err := p.move(Unknown, now); err != nil {
			return effect, err
		}
		effect.To = Unknown
	}
	if p.State.InFlight() {
		p.Looks++
		p.schedule(now)
	}
	return effect, nil
}

// openConflict records a contradiction once: the same news again adds nothing.
func (p *Payout) openConflict(c Conflict, now time.Time) {
	for _, k := range p.Conflicts {
		if k.ClosedAt.IsZero() && k.Code == c.Code && k.Expected == c.Expected && k.Got == c.Got {
			return
		}
	}
	p.Conflicts = append(p.Conflicts, c)
	p.note(now, system(), audit.ConflictOpened, facts{"code": c.Code, "expected": c.Expected, "got": c.Got, "source": string(c.Source)})
}

// applyResult takes in what the company says, once nothing in it contradicts.
func (p *Payout) applyResult(a *Attempt, e Evidence, now time.Time) (Effect, error) {
	effect := Effect{From: p.State, To: p.State}
	r := e.Result
	named := p.names(a, e)
	if !named {
		effect.Code = NoneUnproven
		p.applyUnproven(a, e, now, &effect)
		return effect, nil
	}
	p.adopt(a, r)
	to := target(r.Status)
	switch {
	case a != p.Current():
		return p.applyOlder(effect, e, now), nil
	case to == "" || r.Status == providers.Accepted:
		return p.applyRunning(a, e, now)
	case p.State == to:
		effect.Code = NoneKnown
	case !p.State.CanBecome(to):
		c := Conflict{At: now, Source: e.Source, Code: "final", Expected: string(p.State), Got: string(to), HookID: e.HookID}
		p.openConflict(c, now)
		effect.Conflict = &c
	default:
		return p.applyEnd(a, e, to, now)
	}
	return effect, nil
}

// applyUnproven is an answer to the send that names nothing: it may have been carried out.
func (p *Payout) applyUnproven(a *Attempt, e Evidence, now time.Time, effect *Effect) {
	if e.Source != FromAnswer || p.State != Sending {
		if e.Source == FromLookup {
			p.noteLook(e, now)
		}
		return
	}
	a.Outcome, p.Reason = Unknown, e.Result.Message
	if p.move(Unknown, now) == nil {
		p.schedule(now)
		p.note(now, system(), audit.PayoutAnswered, facts{"state": string(Unknown), "attempt": a.No, "words": e.Result.Message})
		effect.To, effect.Code = Unknown, ""
	}
}

func target(s providers.Status) State {
	switch s {
	case providers.Accepted:
		return Accepted
	case providers.Paid:
		return Paid
	case providers.Failed:
		return Failed
	case providers.Cancelled:
		return Cancelled
	case providers.Returned:
		return Returned
	default:
		return ""
	}
}

// names reports whether the news are proof about this attempt: the answer to the send itself with an identifier, or a
// record that names the stored identifier, or our reference with the amount (MONEY-SAFETY, rule 3).
func (p *Payout) names(a *Attempt, e Evidence) bool {
	r := e.Result.Attempt
	switch {
	case a.RemoteID != "" && r.RemoteID == a.RemoteID:
		return true
	case e.Source == FromAnswer:
		return r.RemoteID != "" || r.Reference == a.Reference
	}
	return r.Reference == a.Reference && e.Result.Amount.Currency == p.Content.Amount.Currency && e.Result.Amount.Minor == p.Content.Amount.Minor
}

func (p *Payout) adopt(a *Attempt, r providers.Result) {
	if a.RemoteID == "" {
		a.RemoteID = r.Attempt.RemoteID
	}
	for k, v := range r.Attempt.Kept {
		if a.Kept == nil {
			a.Kept = map[string]string{}
		}
		a.Kept[k] = v
	}
	if r.Fee.Currency != "" {
		p.Fee = r.Fee
	}
}

// applyOlder is news about an attempt that a later decision has replaced. Money moved by it is a conflict.
func (p *Payout) applyOlder(effect Effect, e Evidence, now time.Time) Effect {
	effect.Code = NoneOlder
	if s := e.Result.Status; s == providers.Paid || s == providers.Accepted {
		c := Conflict{At: now, Source: e.Source, Code: "older_attempt", Expected: string(NotExecuted), Got: string(s), HookID: e.HookID}
		p.openConflict(c, now)
		effect.Conflict = &c
	}
	return effect
}

// applyRunning is "still under way", or a word nobody understands: neither is ever final.
func (p *Payout) applyRunning(a *Attempt, e Evidence, now time.Time) (Effect, error) {
	effect := Effect{From: p.State, To: p.State, Code: NoneKnown}
	if e.Result.Status == "" {
		effect.Code = NoneNotUnderstood
		p.note(now, system(), audit.PayoutUnmapped, facts{"word": e.Result.Word, "source": string(e.Source)})
	}
	switch {
	case p.State == Sending || p.State == Unknown:
		if err := p.move(Accepted, now); err != nil {
			return effect, err
		}
		if e.Source == FromAnswer {
			a.Outcome = Accepted
		}
		effect.To = Accepted
		p.note(now, system(), p.action(e.Source), facts{"state": string(Accepted), "attempt": a.No, "word": e.Result.Word,
			"remote_id": a.RemoteID, "hook": e.HookID})
	case p.State == Accepted && e.Source == FromLookup:
		p.Looks++
	case !p.State.InFlight() && !p.State.Final():
		c := Conflict{At: now, Source: e.Source, Code: "final", Expected: string(p.State), Got: string(Accepted), HookID: e.HookID}
		p.openConflict(c, now)
		effect.Conflict = &c
		return effect, nil
	}
	p.schedule(now)
	return effect, nil
}

func (p *Payout) applyEnd(a *Attempt, e Evidence, to State, now time.Time) (Effect, error) {
	effect := Effect{From: p.State, To: to}
	if err := p.move(to, now); err != nil {
		return effect, err
	}
	if e.Source == FromAnswer {
		a.Outcome = to
	}
	p.Reason = ""
	if to != Paid {
		p.Reason = e.Result.Message
	}
	p.Review = p.Review.lapse()
	p.note(now, system(), p.action(e.Source), facts{"state": string(to), "attempt": a.No, "word": e.Result.Word,
		"words": e.Result.Message, "remote_id": a.RemoteID, "hook": e.HookID})
	return effect, nil
}

func (p *Payout) action(s Source) audit.Action {
	if s == FromAnswer {
		return audit.PayoutAnswered
	}
	return audit.PayoutReported
}

// Orphan makes a payout unknown whose sender is gone: its request may have gone out.
func (p *Payout) Orphan(now time.Time) error {
	a := p.Current()
	if p.State != Sending || a == nil {
		return refuse(CodeState, "State", string(p.State))
	}
	a.Outcome, a.EndedAt = Unknown, now
	if err := p.move(Unknown, now); err != nil {
		return err
	}
	p.schedule(now)
	p.note(now, system(), audit.PayoutAnswered, facts{"state": string(Unknown), "attempt": a.No, "code": "sender_gone"})
	return nil
}

// schedule sets when an unfinished payout is looked up next: after 5 s, then twice as long each time, up to an hour.
func (p *Payout) schedule(now time.Time) {
	if p.State != Accepted && p.State != Unknown {
		return
	}
	wait := 5 * time.Second << min(p.Looks, 10)
	p.DueAt = now.Add(min(wait, time.Hour))
}

func reasonOf(err error) string {
	if e, ok := asProviderError(err); ok && e.Message != "" {
		return e.Message
	}
	return ""
}

func codeOf(err error) string {
	if e, ok := asProviderError(err); ok {
		return e.Code
	}
	return ""
}
