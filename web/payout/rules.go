package payout

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/policy"
)

// DefaultApprovalLife is how long a full set of approvals stands before it lapses.
const DefaultApprovalLife = 24 * time.Hour

// actor is who does something: a person, or Paywicket itself.
type actor struct {
	id   access.PersonID
	name string
}

func actorOf(p access.Person) actor { return actor{p.ID, p.Name} }

func system() actor { return actor{audit.System, "Paywicket"} }

// facts is one entry's details. The keys are part of the audit format.
type facts map[string]any

func (p *Payout) note(now time.Time, by actor, action audit.Action, f facts) {
	details, err := json.Marshal(f)
	if err != nil { // facts are strings and numbers
		details = []byte("{}")
	}
	p.entries = append(p.entries, audit.Entry{
		At: now, Actor: string(by.id), ActorName: by.name, Store: string(p.Store),
		Action: action, Subject: string(p.ID), Details: string(details),
	})
	p.UpdatedAt = now
}

// move is the only place where State is assigned.
func (p *Payout) move(to State, now time.Time) error {
	if !p.State.CanBecome(to) {
		return refuse(CodeState, "State", string(p.State), "Wanted", string(to))
	}
	p.State = to
	p.DueAt, p.Wait = time.Time{}, nil
	if to.Final() {
		p.EndedAt = now
	}
	return nil
}

func (p *Payout) expect(version int) error {
	if version != p.Version {
		return refuse(CodeChanged)
	}
	return nil
}

// edit replaces what was typed. A submitted or approved payout becomes a draft again and its approvals are void. One that
// was sent before keeps its content for ever: news about the attempt are held against it, and a correction is a new payout.
func (p *Payout) edit(by access.Person, in Input, now time.Time) error {
	if len(p.Attempts) > 0 {
		return refuse(CodeState, "State", string(p.State), "Wanted", string(Draft))
	}
	if p.State != Draft {
		if err := p.move(Draft, now); err != nil {
			return err
		}
		p.unapprove()
		p.Content, p.Snapshot, p.Digest = Content{}, nil, ""
	}
	p.Input, p.UpdatedAt = in, now
	if !slices.Contains(p.Editors, by.ID) {
		p.Editors = append(p.Editors, by.ID)
	}
	return nil
}

func (p *Payout) unapprove() {
	p.Approvals = nil
	p.ExpiresAt = time.Time{}
}

// submit freezes the content of a draft into a snapshot. Other states lead back to submitted too, but with the content
// they have.
func (p *Payout) submit(by access.Person, form Form, now time.Time) error {
	if p.State != Draft {
		return refuse(CodeState, "State", string(p.State), "Wanted", string(Submitted))
	}
	content, err := Check(p.Input, form)
	if err != nil {
		return err
	}
	if err := p.move(Submitted, now); err != nil {
		return err
	}
	p.Content = content
	if p.Snapshot, err = encodeSnapshot(p, content); err != nil {
		return err
	}
	p.Digest, p.SubmittedAt = digestOf(p.Snapshot), now
	p.note(now, actorOf(by), audit.PayoutSubmitted, facts{"digest": p.Digest, "amount": content.Amount.Decimal(),
		"currency": content.Amount.Currency, "recipient": content.Recipient(), "reason": content.Description})
	return nil
}

// Facts is what the approval rules look at.
func (p *Payout) Facts(onePerson bool) policy.Facts {
	c := p.Content
	f := policy.Facts{Store: p.Store, Author: p.Author, Editors: append(slices.Clone(p.Editors), p.closers()...), OnePerson: onePerson,
		Provider: c.Provider, Method: c.Method, Country: c.Country, Amount: c.Amount}
	if p.Review != nil && !p.Review.SettledAt.IsZero() {
		f.Resolver = p.Review.SettledBy
	}
	for _, a := range p.Approvals {
		f.Given = append(f.Given, a.Person)
	}
	return f
}

// approve adds one person's yes. The full set moves the payout on to be sent.
func (p *Payout) approve(by access.Person, proof access.StepUp, w World, life time.Duration, now time.Time) error {
	if p.State != Submitted {
		return refuse(CodeState, "State", string(p.State), "Wanted", string(Approved))
	}
	by, onePerson, err := present(w, by.ID)
	if err != nil {
		return err
	}
	marked, err := p.admit(by, onePerson)
	if err != nil {
		return err
	}
	if err := p.current(w); err != nil {
		return err
	}
	set, f, err := p.ruled(w, onePerson)
	if err != nil {
		return err
	}
	need := set.Require(f)
	if !need.Helps(by.ID, f.Given) {
		return refuse(string(policy.NotAmong))
	}
	if err := p.withinLimits(w, set, f, by.ID, now); err != nil {
		return err
	}
	intent, err := p.intended(proof, by)
	if err != nil {
		return err
	}
	if intent.Policy != set.Version { // the rules were changed while it was read
		return refuse(CodeStepUp)
	}
	proof.Subject = string(p.ID)
	if err := useUp(w, proof, by, proof.Digest); err != nil {
		return err
	}
	p.Approvals = append(p.Approvals, Approval{Person: by.ID, Name: by.Name, At: now, Digest: p.Digest, Challenge: usedAs(proof), Means: proof.Means,
		Intent: proof.Intent, Proof: proof.Proof, LapsesAt: intent.LapsesAt})
	p.OnePerson = p.OnePerson || marked
	p.note(now, actorOf(by), audit.PayoutApproved, facts{"digest": p.Digest, "means": proof.Means, "one_person": marked,
		"credential": p.Content.Credential, "policy": set.Version, "intent": access.IntentDigest(proof.Intent)})
	if need.Missing(append(f.Given, by.ID)) > 0 {
		return nil
	}
	return p.release(life, now)
}

// current refuses a snapshot that does not fit the payout, or was made with credentials that were replaced since.
func (p *Payout) current(w World) error {
	c, err := decodeSnapshot(p)
	if err != nil {
		return err
	}
	account, err := w.Account(c.Account)
	if err != nil {
		return err
	}
	if account.Version != c.Credential {
		return refuse(CodeCredentials)
	}
	return nil
}

// present is a person as they are at this moment, read in the transaction of the decision: whoever asked may have been
// shut out since they signed in. It also tells whether one-person mode is on.
func present(w World, id access.PersonID) (access.Person, bool, error) {
	onePerson, err := w.OnePerson()
	if err != nil {
		return access.Person{}, false, err
	}
	person, err := w.Person(id)
	return person, onePerson, err
}

// intended reads what a confirmation says yes to, and refuses it unless that is this payout as it stands, by this person.
func (p *Payout) intended(proof access.StepUp, by access.Person) (access.Intent, error) {
	intent, err := access.ReadIntent(proof.Intent)
	switch {
	case err != nil:
		return intent, &Error{Code: CodeStepUp, Err: err}
	case intent.Purpose != PurposeApprove || intent.Person != by.ID || !intent.Names(string(p.ID), p.Digest):
		return intent, refuse(CodeStepUp)
	}
	return intent, nil
}

// PurposeApprove is the purpose of an intent that approves payouts.
const PurposeApprove = "approve"

// usedAs names the use of a confirmation for one of the things it is about.
func usedAs(proof access.StepUp) string { return proof.ID + "/" + proof.Subject }

// useUp uses up a confirmation that must be this person's and about this digest.
func useUp(w World, proof access.StepUp, by access.Person, digest string) error {
	if proof.Person != by.ID || proof.Digest != digest {
		return refuse(CodeStepUp)
	}
	err := w.UseStepUp(proof)
	if errors.Is(err, access.ErrStepUp) {
		return &Error{Code: CodeStepUp, Err: err}
	}
	return err
}

// admit refuses whoever must not approve. The report says that only one-person mode makes it possible.
func (p *Payout) admit(by access.Person, onePerson bool) (bool, error) {
	if p.HasMoved() { // it would be paid twice
		return false, refuse(CodeConflict)
	}
	bar, marked := policy.MayApprove(p.Facts(onePerson), by)
	if bar != policy.None {
		return false, refuse(string(bar))
	}
	return marked, nil
}

func (p *Payout) release(life time.Duration, now time.Time) error {
	if err := p.move(Approved, now); err != nil {
		return err
	}
	p.Decisions++
	p.ExpiresAt = now.Add(life)
	for _, a := range p.Approvals {
		if !a.LapsesAt.IsZero() && a.LapsesAt.Before(p.ExpiresAt) {
			p.ExpiresAt = a.LapsesAt
		}
	}
	p.DueAt = now
	return nil
}

func (p *Payout) reject(by access.Person, reason string, now time.Time) error {
	reason = strings.TrimSpace(reason)
	if reason == "" || len(reason) > 1000 {
		return &Error{Code: CodeReason, Field: "reason"}
	}
	if by.ID == "" || !access.Can(by, access.ApprovePayouts, p.Store) {
		return refuse(CodeNotAllowed)
	}
	if err := p.move(Rejected, now); err != nil {
		return err
	}
	p.Reason = reason
	p.note(now, actorOf(by), audit.PayoutRejected, facts{"reason": reason})
	return nil
}

func (p *Payout) withdraw(by access.Person, now time.Time) error {
	if err := p.move(Withdrawn, now); err != nil {
		return err
	}
	p.unapprove()
	p.note(now, actorOf(by), audit.PayoutWithdrawn, facts{})
	return nil
}

func (p *Payout) discard(by access.Person, now time.Time) error {
	if err := p.move(Discarded, now); err != nil {
		return err
	}
	p.note(now, actorOf(by), audit.PayoutDiscarded, facts{})
	return nil
}

// again asks for a new decision about the same content, after an attempt that is known not to have moved money. The
// credentials it will be sent with are today's. It also takes a submitted payout whose credentials were replaced, which
// nobody may approve as it is.
func (p *Payout) again(by access.Person, w World, now time.Time) error {
	if p.State != Submitted && p.State != NotSent && p.State != Refused && p.State != NotExecuted {
		return refuse(CodeState, "State", string(p.State))
	}
	if p.HasMoved() {
		return refuse(CodeConflict)
	}
	was := p.Content.Credential
	if err := p.renew(w); err != nil {
		return err
	}
	if p.State == Submitted {
		if p.Content.Credential == was {
			return refuse(CodeState, "State", string(p.State))
		}
	} else if err := p.move(Submitted, now); err != nil {
		return err
	}
	p.unapprove()
	p.Reason, p.SubmittedAt, p.EndedAt = "", now, time.Time{}
	p.note(now, actorOf(by), audit.PayoutResubmitted, facts{"digest": p.Digest})
	return nil
}

// renew writes the version of today's credentials into the snapshot.
func (p *Payout) renew(w World) error {
	account, err := w.Account(p.Content.Account)
	if err != nil {
		return err
	}
	p.Content.Credential = account.Version
	if p.Snapshot, err = encodeSnapshot(p, p.Content); err != nil {
		return err
	}
	p.Digest = digestOf(p.Snapshot)
	return nil
}

// errStale is wrapped by the refusal of a claim by a process that no longer holds the sender role.
var errStale = errors.New("the sender role was taken over")

// claim takes the payout for one send: the last look at everything that was true when it was approved. A check that
// fails sends the payout back to be approved again, with the reason; the error then is wrapped in Keep.
func (p *Payout) claim(w World, epoch int64, ref string, now time.Time) error {
	if p.State != Approved {
		return refuse(CodeState, "State", string(p.State), "Wanted", string(Sending))
	}
	current, err := w.Epoch()
	if err != nil {
		return err
	}
	if epoch == 0 || current != epoch { // 0: nobody has ever taken the role
		return &Error{Code: CodeSender, Err: errStale}
	}
	if why, err := p.unfit(w, now); err != nil {
		return err
	} else if why != nil {
		return p.sendBack(why, now)
	}
	if err := p.move(Sending, now); err != nil {
		return err
	}
	p.Looks, p.Reason = 0, ""
	p.Attempts = append(p.Attempts, Attempt{No: len(p.Attempts) + 1, Decision: p.Decisions, Reference: ref, Epoch: epoch, StartedAt: now})
	p.note(now, system(), audit.PayoutClaimed, facts{"reference": ref, "attempt": len(p.Attempts), "digest": p.Digest, "epoch": epoch})
	return nil
}

// sendBack returns an approved payout to be approved again, keeping why.
func (p *Payout) sendBack(why *Error, now time.Time) error {
	if err := p.move(Submitted, now); err != nil {
		return err
	}
	p.unapprove()
	p.note(now, system(), audit.PayoutSentBack, facts{"code": why.Code})
	return Keep(why)
}

// unfit is the reason why an approved payout must not be sent now, nil if it may. A halt or a freeze is no reason to
// send it back: it waits.
func (p *Payout) unfit(w World, now time.Time) (*Error, error) {
	halted, err := w.Halted()
	if err != nil {
		return nil, err
	}
	account, err := w.Account(p.Content.Account)
	if err != nil {
		return nil, err
	}
	c, err := decodeSnapshot(p)
	if why, ok := errors.AsType[*Error](err); ok {
		return why, nil
	} else if err != nil {
		return nil, err
	}
	switch {
	case halted != "":
		return nil, refuse(CodeFrozen, "Why", halted)
	case account.Stopped().On():
		return nil, refuse(CodeFrozen, "Why", account.Stopped().Reason)
	case p.blocked():
		return nil, refuse(CodeConflict)
	case now.After(p.ExpiresAt):
		return refuse(CodeExpired), nil
	case account.Store != p.Store || account.Provider != c.Provider || account.Live != c.Live || account.Address != c.Address:
		return refuse(CodeAccount), nil
	case account.Version != c.Credential:
		return refuse(CodeCredentials), nil
	case slices.ContainsFunc(p.Attempts, func(a Attempt) bool { return a.Decision == p.Decisions }):
		return nil, refuse(CodeState, "State", string(p.State))
	}
	return p.unfitApprovals(w, now)
}

// unfitApprovals looks at every approver again: rights are checked at use.
func (p *Payout) unfitApprovals(w World, now time.Time) (*Error, error) {
	onePerson, err := w.OnePerson()
	if err != nil {
		return nil, err
	}
	set, f, err := p.ruled(w, onePerson)
	if err != nil {
		return nil, err
	}
	need, given := set.Require(f), f.Given
	if len(given) < need.Approvals {
		return refuse(CodeApprover), nil
	}
	if need.Missing(given) > 0 {
		return refuse(CodePolicy), nil
	}
	f.Given = nil
	for _, a := range p.Approvals {
		person, err := w.Person(a.Person)
		if err != nil {
			return nil, err
		}
		if bar, _ := policy.MayApprove(f, person); bar != policy.None || a.Digest != p.Digest {
			return refuse(CodeApprover, "Name", a.Name), nil
		}
		if err := p.signed(a, person); err != nil {
			return &Error{Code: CodeApprover, Args: map[string]any{"Name": a.Name}, Err: err}, nil
		}
		f.Given = append(f.Given, a.Person) // the same person twice is not two
	}
	err = p.withinLimits(w, set, f, "", now)
	if why, ok := errors.AsType[*Error](err); ok {
		return why, nil
	}
	return nil, err
}

// signed checks again that an approval says yes to this payout as it stands, and its signature where it has one.
func (p *Payout) signed(a Approval, by access.Person) error {
	if _, err := p.intended(access.StepUp{Intent: a.Intent}, by); err != nil {
		return err
	}
	if a.Means != "passkey" {
		return nil
	}
	if a.Proof == nil {
		return errors.New("the signature is missing")
	}
	return a.Proof.Check(a.Intent)
}
