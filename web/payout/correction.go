package payout

import (
	"slices"
	"strings"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/policy"
)

// Finding is what people found out about a contradiction: one records it, another confirms it, and then the conflict is
// closed.
type Finding struct {
	Outcome Outcome
	Text    string // the reason, in a person's words
	By      access.PersonID
	ByName  string
	At      time.Time
	// ClosedName is who confirmed it, as they were called then.
	ClosedName string
	OnePerson  bool // only one-person mode made the confirmation possible
}

// Outcome is how a contradiction was resolved.
type Outcome string

// The outcomes.
const (
	Stands   Outcome = "stands"   // what we have is right: nothing changes
	CameBack Outcome = "returned" // the money came back: paid becomes returned
	Moved    Outcome = "moved"    // the money did move although the state says otherwise: kept as a mark, never sent again
)

// Outcomes lists what may be found about a contradiction of a payout as it stands. An end state stays what it is: that it
// was otherwise is a mark beside it for ever. What is under way or unknown gets its state from proof or from [Review].
func (p *Payout) Outcomes() []Outcome {
	switch {
	case p.State == Paid:
		return []Outcome{Stands, CameBack}
	case p.State.InFlight() || p.State == Returned:
		return []Outcome{Stands}
	}
	return []Outcome{Stands, Moved}
}

// ConflictNo is a conflict by its number, counted from one; nil if there is none.
func (p *Payout) ConflictNo(no int) *Conflict {
	if no < 1 || no > len(p.Conflicts) {
		return nil
	}
	return &p.Conflicts[no-1]
}

// Waiting reports whether a finding waits for the second person.
func (c *Conflict) Waiting() bool { return c != nil && c.ClosedAt.IsZero() && c.Finding != nil }

// HasMoved reports whether two people found that money moved although the state says otherwise. Nothing of such a payout
// is ever sent again.
func (p *Payout) HasMoved() bool {
	return slices.ContainsFunc(p.Conflicts, func(c Conflict) bool {
		return !c.ClosedAt.IsZero() && c.Finding != nil && c.Finding.Outcome == Moved
	})
}

// blocked reports whether a contradiction keeps it from being claimed: an open one, or one that came to "moved".
func (p *Payout) blocked() bool { return p.OpenConflict() != nil || p.HasMoved() }

// closers are the people who confirmed a finding. Like whoever settles evidence they may have made another send possible,
// so they may not approve it (invariant 6).
func (p *Payout) closers() []access.PersonID {
	var all []access.PersonID
	for _, c := range p.Conflicts {
		if !c.ClosedAt.IsZero() && c.ClosedBy != "" {
			all = append(all, c.ClosedBy)
		}
	}
	return all
}

// find records one person's finding about a contradiction.
func (p *Payout) find(by access.Person, no int, f Finding, now time.Time) error {
	c := p.ConflictNo(no)
	f.Text = strings.TrimSpace(f.Text)
	switch {
	case c == nil || !c.ClosedAt.IsZero():
		return refuse(CodeState, "State", string(p.State))
	case !slices.Contains(p.Outcomes(), f.Outcome):
		return &Error{Code: "outcome", Field: "outcome"}
	case len(f.Text) < 10 || len(f.Text) > 2000:
		return &Error{Code: "evidence", Field: "text"}
	}
	c.Finding = &Finding{Outcome: f.Outcome, Text: f.Text, By: by.ID, ByName: by.Name, At: now}
	p.note(now, actorOf(by), audit.ConflictFound, facts{"conflict": no, "code": c.Code, "outcome": string(f.Outcome), "text": f.Text})
	return nil
}

// closeConflict confirms a finding. It takes a super admin who is neither author nor editor and not the one who recorded it.
func (p *Payout) closeConflict(by access.Person, no int, proof access.StepUp, w World, now time.Time) error {
	c := p.ConflictNo(no)
	if !c.Waiting() {
		return refuse(CodeState, "State", string(p.State))
	}
	by, onePerson, err := present(w, by.ID)
	if err != nil {
		return err
	}
	marked, err := p.admitClose(c, by, onePerson)
	if err != nil {
		return err
	}
	if !slices.Contains(p.Outcomes(), c.Finding.Outcome) { // it has moved on since
		return refuse(CodeState, "State", string(p.State))
	}
	if err := useUp(w, proof, by, p.FindingDigest(no)); err != nil {
		return err
	}
	if c.Finding.Outcome == CameBack {
		if err := p.move(Returned, now); err != nil {
			return err
		}
	}
	c.ClosedAt, c.ClosedBy = now, by.ID
	c.Finding.ClosedName, c.Finding.OnePerson = by.Name, marked
	p.OnePerson = p.OnePerson || marked
	p.note(now, actorOf(by), audit.ConflictClosed, facts{"conflict": no, "code": c.Code, "outcome": string(c.Finding.Outcome),
		"state": string(p.State), "one_person": marked})
	return nil
}

// admitClose refuses whoever must not confirm a finding. The report says that only one-person mode makes it possible.
func (p *Payout) admitClose(c *Conflict, by access.Person, onePerson bool) (bool, error) {
	bar, marked := policy.MayApprove(policy.Facts{Store: p.Store, Author: p.Author, Editors: p.Editors, OnePerson: onePerson}, by)
	switch {
	case bar != policy.None:
		return false, refuse(string(bar))
	case by.ID == c.Finding.By && !onePerson:
		return false, refuse(CodeTwice)
	}
	return marked || by.ID == c.Finding.By, nil
}

// FindingDigest is what a confirmation of a finding is bound to: the contradiction, what was found, and where the payout
// stood.
func (p *Payout) FindingDigest(no int) string {
	c := p.ConflictNo(no)
	if c == nil || c.Finding == nil {
		return ""
	}
	f := c.Finding
	return digestOf([]byte(strings.Join([]string{"finding", string(p.ID), p.Digest, string(p.State), c.Code, c.Expected, c.Got,
		c.At.UTC().Format(time.RFC3339Nano), string(f.Outcome), f.Text, string(f.By), f.At.UTC().Format(time.RFC3339Nano)}, "\x00")))
}

// Wait is a note that an open outcome is left open for now: who said so, why, and until when nobody is reminded. It moves
// nothing, and look-ups go on.
type Wait struct {
	Text   string
	By     access.PersonID
	ByName string
	At     time.Time
	Until  time.Time
}

// MaxWait is how long nobody is reminded at most.
const MaxWait = 7 * 24 * time.Hour

// Quiet reports whether nobody is to be reminded now.
func (w *Wait) Quiet(now time.Time) bool { return w != nil && now.Before(w.Until) }

// wait keeps an open outcome open. A contradiction is never quiet.
func (p *Payout) wait(by access.Person, text string, quiet time.Duration, now time.Time) error {
	text = strings.TrimSpace(text)
	switch {
	case !p.State.InFlight():
		return refuse(CodeState, "State", string(p.State))
	case len(text) < 10 || len(text) > 2000:
		return &Error{Code: "evidence", Field: "text"}
	case quiet <= 0 || quiet > MaxWait:
		return &Error{Code: "quiet", Field: "hours"}
	}
	p.Wait = &Wait{Text: text, By: by.ID, ByName: by.Name, At: now, Until: now.Add(quiet)}
	p.note(now, actorOf(by), audit.PayoutWaits, facts{"text": text, "until": p.Wait.Until.UTC().Format(time.RFC3339)})
	return nil
}

// How long a payout may be on its way before it counts as overdue (invariant 17). A send ends within 30 s; most companies
// pay within hours.
const (
	OverdueSending  = 5 * time.Minute
	OverdueAccepted = 24 * time.Hour
)

// Overdue reports whether a payout on its way has taken longer than is usual. What is unknown always needs people.
func (p *Payout) Overdue(now time.Time) bool {
	a := p.Current()
	if a == nil {
		return false
	}
	since := now.Sub(a.StartedAt)
	return (p.State == Sending && since > OverdueSending) || (p.State == Accepted && since > OverdueAccepted)
}

// reveal notes that a person had the recipient's whole account number shown, and why.
func (p *Payout) reveal(by access.Person, reason string, now time.Time) error {
	reason = strings.TrimSpace(reason)
	if len(reason) < 10 || len(reason) > 500 {
		return &Error{Code: CodeReason, Field: "reason"}
	}
	was := p.UpdatedAt
	p.note(now, actorOf(by), audit.PayoutRevealed, facts{"reason": reason})
	p.UpdatedAt, p.Version = was, p.Version-1 // looking changes nothing: Update counts up again
	return nil
}
