package payout

import (
	"net/url"
	"slices"
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
	to := p.meaning(a, e.Err)
	if p.State != Sending || a != p.Current() {
		return p.applyLate(a, e, to, now), nil
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

// meaning is the state in which the failure of a send leaves a payout.
func (p *Payout) meaning(a *Attempt, err error) State {
	switch kind := providers.KindOf(err); {
	case kind == providers.NotSent:
		return NotSent
	case kind == providers.Refused && !p.unknownBefore(a):
		return Refused
	}
	return Unknown // also a refusal that may only mean "the first one exists"
}

// applyLate is an answer that was overtaken: by a webhook, by a new sender that gave it up, or by a newer attempt. It moves
// nothing. That nothing was carried out contradicts a company that has said otherwise since.
func (p *Payout) applyLate(a *Attempt, e Evidence, to State, now time.Time) Effect {
	effect := Effect{From: p.State, To: p.State, Code: NoneLate}
	if a != p.Current() {
		effect.Code = NoneOlder
		return effect
	}
	if to != Unknown && (p.State == Accepted || p.State == Paid || p.State == Returned) {
		effect.Conflict = p.disagree(e, p.State, to, now)
	}
	return effect
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
	unsupported := providers.KindOf(e.Err) == providers.Unsupported
	if unsupported && reasonOf(e.Err) == "" { // nobody was asked, so there is nothing to tell
		p.DueAt = time.Time{}
		return
	}
	p.Looks++
	p.schedule(now)
	if unsupported {
		p.DueAt = time.Time{} // nobody can be asked: it waits for a webhook or for people
	}
	p.note(now, system(), audit.PayoutLooked, facts{"looks": p.Looks, "words": reasonOf(e.Err), "code": codeOf(e.Err)})
}

// applyContradiction keeps news that cannot be about what we sent, as a conflict that blocks every later claim.
func (p *Payout) applyContradiction(a *Attempt, e Evidence, c Conflict, now time.Time) (Effect, error) {
	effect := Effect{From: p.State, To: p.State, Conflict: &c}
	p.openConflict(c, now)
	if e.Source == FromAnswer && p.State == Sending && a == p.Current() {
		effect.To = Unknown
		if err := p.applyDoubt(a, c.Code, e.Result.Message, now); err != nil {
			return effect, err
		}
	}
	p.looked(e, now)
	return effect, nil
}

// looked counts a look-up that left the payout unfinished and sets the next one. What is posted to us does not: repeated
// often enough it would put look-ups off for ever.
func (p *Payout) looked(e Evidence, now time.Time) {
	if e.Source == FromLookup {
		p.Looks++
		p.schedule(now)
	}
}

// disagree keeps news that say "got" of a payout that stands at "expected", as a conflict.
func (p *Payout) disagree(e Evidence, expected, got State, now time.Time) *Conflict {
	c := Conflict{At: now, Source: e.Source, Code: "final", Expected: string(expected), Got: string(got), HookID: e.HookID}
	p.openConflict(c, now)
	return &c
}

// openConflict records a contradiction once: the same news again adds nothing, also after people have closed it.
func (p *Payout) openConflict(c Conflict, now time.Time) {
	for _, k := range p.Conflicts {
		same := k.Code == c.Code && k.Got == c.Got
		if same && (k.ClosedAt.IsZero() || (k.Finding != nil && k.Expected == c.Expected)) { // while open, what was expected may have moved on
			return
		}
	}
	p.Conflicts = append(p.Conflicts, c)
	p.note(now, system(), audit.ConflictOpened, facts{"code": c.Code, "expected": c.Expected, "got": c.Got, "source": string(c.Source)})
}

// applyResult takes in what the company says, once nothing in it contradicts.
func (p *Payout) applyResult(a *Attempt, e Evidence, now time.Time) (Effect, error) {
	effect := Effect{From: p.State, To: p.State}
	proof := p.proves(a, e.Result)
	if !proof && !p.names(a, e) {
		return p.applyUnproven(a, e, now)
	}
	a.adopt(e.Result)
	to := target(e.Result.Status)
	returned := to == Returned && p.State.CanBecome(Paid) // then it was paid before, though nobody told us
	switch {
	case a != p.Current():
		return p.applyOlder(effect, a, e, now), nil
	case to == "" || to == Accepted:
		return p.applyRunning(a, e, now)
	case p.knows(to):
		effect.Code = NoneKnown
		return effect, nil
	case !returned && !p.State.CanBecome(to):
		effect.Conflict = p.disagree(e, p.State, to, now)
		return effect, nil
	case !proof: // good enough to say that it is under way, not how it ended
		return p.applyRunning(a, e, now)
	case returned:
		if err := p.applyEnd(a, e, Paid, now); err != nil {
			return effect, err
		}
	}
	effect.To = to
	return effect, p.applyEnd(a, e, to, now)
}

// knows reports whether an end is no news: the payout stands there, or was returned after it was paid.
func (p *Payout) knows(to State) bool { return p.State == to || (p.State == Returned && to == Paid) }

// applyUnproven is news that name nothing. As an answer to the send they leave open whether it was carried out.
func (p *Payout) applyUnproven(a *Attempt, e Evidence, now time.Time) (Effect, error) {
	effect := Effect{From: p.State, To: p.State, Code: NoneUnproven}
	if e.Source == FromLookup {
		p.noteLook(e, now)
	}
	if e.Source != FromAnswer || p.State != Sending || a != p.Current() {
		return effect, nil
	}
	effect.To, effect.Code = Unknown, ""
	return effect, p.applyDoubt(a, "", e.Result.Message, now)
}

// applyDoubt leaves a payout unknown after an answer to its send.
func (p *Payout) applyDoubt(a *Attempt, code, words string, now time.Time) error {
	a.Outcome, p.Reason = Unknown, words
	if err := p.move(Unknown, now); err != nil {
		return err
	}
	p.schedule(now)
	p.note(now, system(), audit.PayoutAnswered, facts{"state": string(Unknown), "attempt": a.No, "words": words, "code": code})
	return nil
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

// proves reports whether news are proof of how an attempt ended: a record that names the stored identifier, or our
// reference together with amount and currency (invariant 3).
func (p *Payout) proves(a *Attempt, r providers.Result) bool {
	return (a.RemoteID != "" && r.Attempt.RemoteID == a.RemoteID) ||
		(r.Attempt.Reference == a.Reference && r.Amount == p.Content.Amount)
}

// names reports whether news are the answer to the send itself with an identifier or our reference: the company has it.
func (p *Payout) names(a *Attempt, e Evidence) bool {
	r := e.Result.Attempt
	return e.Source == FromAnswer && (r.RemoteID != "" || r.Reference == a.Reference)
}

func (a *Attempt) adopt(r providers.Result) {
	if a.RemoteID == "" {
		a.RemoteID = r.Attempt.RemoteID
	}
	for k, v := range r.Attempt.Kept {
		if a.Kept == nil {
			a.Kept = map[string]string{}
		}
		a.Kept[k] = v
	}
	if r.Word != "" {
		a.Word = r.Word
	}
	for _, link := range r.Proofs {
		if u, err := url.Parse(link); err == nil && u.Scheme == "https" && u.Host != "" && len(a.Proofs) < maxProofs && !slices.Contains(a.Proofs, link) {
			a.Proofs = append(a.Proofs, link)
		}
	}
}

// maxProofs bounds what is kept of the documents a company shows.
const maxProofs = 20

// noteStage keeps the step the company is at while a payout is under way. It moves nothing: steps may be skipped, and come
// late.
func (p *Payout) noteStage(a *Attempt, e Evidence, now time.Time) {
	if e.Result.Stage == "" || e.Result.Stage == a.Stage || p.State != Accepted {
		return
	}
	a.Stage = e.Result.Stage
	p.note(now, system(), audit.PayoutStage, facts{"stage": string(a.Stage), "word": e.Result.Word, "attempt": a.No, "hook": e.HookID})
}

func (p *Payout) takeFee(r providers.Result) {
	if r.Fee.Currency != "" {
		p.Fee = r.Fee
	}
}

// applyOlder is news about an attempt that a later decision has replaced, which was taken only because no money had moved.
// Anything else than that it came to nothing is a conflict, also a word nobody understands.
func (p *Payout) applyOlder(effect Effect, a *Attempt, e Evidence, now time.Time) Effect {
	effect.Code = NoneOlder
	to := target(e.Result.Status)
	if to == Failed || to == Cancelled {
		return effect
	}
	expected := a.Outcome
	if expected != NotSent && expected != Refused {
		expected = NotExecuted
	}
	c := Conflict{At: now, Source: e.Source, Code: "older_attempt", Expected: string(expected), Got: string(to), HookID: e.HookID}
	p.openConflict(c, now)
	effect.Conflict = &c
	return effect
}

// applyRunning is "still under way", or a word nobody understands: neither is ever final. A word nobody understands moves
// nothing at all unless it answers the send itself; people can still review the payout then.
func (p *Payout) applyRunning(a *Attempt, e Evidence, now time.Time) (Effect, error) {
	effect := Effect{From: p.State, To: p.State, Code: NoneKnown}
	unmapped := target(e.Result.Status) == ""
	if unmapped {
		effect.Code = NoneNotUnderstood
		p.note(now, system(), audit.PayoutUnmapped, facts{"word": e.Result.Word, "source": string(e.Source)})
	}
	switch {
	case !p.State.InFlight() && !p.State.ended():
		effect.Conflict = p.disagree(e, p.State, Accepted, now)
		return effect, nil
	case (p.State == Sending || p.State == Unknown) && (!unmapped || e.Source == FromAnswer):
		if err := p.move(Accepted, now); err != nil {
			return effect, err
		}
		if e.Source == FromAnswer {
			a.Outcome = Accepted
		}
		effect.To, effect.Code = Accepted, ""
		p.Reason = ""
		p.schedule(now)
		p.note(now, system(), p.action(e.Source), facts{"state": string(Accepted), "attempt": a.No, "word": e.Result.Word,
			"remote_id": a.RemoteID, "hook": e.HookID})
	default:
		p.looked(e, now)
	}
	p.takeFee(e.Result)
	p.noteStage(a, e, now)
	return effect, nil
}

func (p *Payout) applyEnd(a *Attempt, e Evidence, to State, now time.Time) error {
	if err := p.move(to, now); err != nil {
		return err
	}
	p.takeFee(e.Result)
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
	return nil
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
	a.EndedAt = now
	code := "sender_gone"
	if a.Damaged {
		code = "kept_damaged"
	}
	return p.applyDoubt(a, code, "", now)
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
