package payout

import (
	"strings"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/policy"
)

// Review is what people say about an unknown outcome: one records the evidence, another confirms it.
type Review struct {
	Verdict   Verdict
	Text      string // the evidence, in a person's words
	RemoteID  string // the company's identifier, if it was found
	By        access.PersonID
	ByName    string
	At        time.Time
	SettledBy access.PersonID
	SettledAt time.Time
}

// Verdict is what people found out.
type Verdict string

// The verdicts.
const (
	Executed Verdict = "executed"     // it was carried out: the payout is paid
	Missing  Verdict = "not_executed" // it was not: a new decision may be taken
)

// Waiting reports whether evidence waits for the second person.
func (r *Review) Waiting() bool { return r != nil && r.SettledAt.IsZero() }

// lapse drops evidence that the company's own news made needless. A settled review stays: its resolver may not approve.
func (r *Review) lapse() *Review {
	if r.Waiting() {
		return nil
	}
	return r
}

// testify records one person's evidence about an unknown outcome.
func (p *Payout) testify(by access.Person, r Review, now time.Time) error {
	r.Text, r.RemoteID = strings.TrimSpace(r.Text), strings.TrimSpace(r.RemoteID)
	switch {
	case p.State != Unknown:
		return refuse(CodeState, "State", string(p.State))
	case r.Verdict != Executed && r.Verdict != Missing:
		return &Error{Code: "verdict", Field: "verdict"}
	case len(r.Text) < 10 || len(r.Text) > 2000:
		return &Error{Code: "evidence", Field: "text"}
	case r.Verdict == Executed && r.RemoteID == "" && p.RemoteID() == "":
		return &Error{Code: "remote_id", Field: "remote_id"}
	}
	p.Review = &Review{Verdict: r.Verdict, Text: r.Text, RemoteID: r.RemoteID, By: by.ID, ByName: by.Name, At: now}
	p.note(now, actorOf(by), audit.PayoutTestified, facts{"verdict": string(r.Verdict), "text": r.Text, "remote_id": r.RemoteID})
	return nil
}

// settle confirms the evidence. It takes a super admin who is neither author nor editor and not the one who recorded it.
func (p *Payout) settle(by access.Person, typed string, proof access.StepUp, w World, now time.Time) error {
	if p.State != Unknown || !p.Review.Waiting() {
		return refuse(CodeState, "State", string(p.State))
	}
	by, onePerson, err := present(w, by.ID)
	if err != nil {
		return err
	}
	marked, err := p.admitSettle(by, onePerson)
	if err != nil {
		return err
	}
	if typed != p.Content.Amount.Decimal() {
		return &Error{Code: CodeAmount, Field: "amount"}
	}
	if err := useUp(w, proof, by, p.ReviewDigest()); err != nil {
		return err
	}
	return p.close(by, marked, now)
}

// admitSettle refuses whoever must not confirm the evidence. Whoever approved the send may: what it came to is another
// decision. The report says that only one-person mode makes it possible.
func (p *Payout) admitSettle(by access.Person, onePerson bool) (bool, error) {
	f := p.Facts(onePerson)
	f.Given, f.Editors = nil, p.Editors // also who closed a contradiction may settle
	bar, marked := policy.MayApprove(f, by)
	switch {
	case bar != policy.None:
		return false, refuse(string(bar))
	case by.ID == p.Review.By && !onePerson:
		return false, refuse(CodeTwice)
	}
	return marked || by.ID == p.Review.By, nil
}

func (p *Payout) close(by access.Person, marked bool, now time.Time) error {
	to := NotExecuted
	if p.Review.Verdict == Executed {
		to = Paid
	}
	if err := p.move(to, now); err != nil {
		return err
	}
	if a := p.Current(); a != nil && a.RemoteID == "" && to == Paid {
		a.RemoteID = p.Review.RemoteID
	}
	p.Review.SettledBy, p.Review.SettledAt = by.ID, now
	p.OnePerson = p.OnePerson || marked
	p.unapprove()
	p.note(now, actorOf(by), audit.PayoutSettled, facts{"verdict": string(p.Review.Verdict), "state": string(to), "one_person": marked})
	return nil
}

// ReviewDigest is what a confirmation of the evidence is bound to.
func (p *Payout) ReviewDigest() string {
	if p.Review == nil {
		return ""
	}
	r := p.Review
	return digestOf([]byte(strings.Join([]string{"review", p.Digest, string(r.Verdict), r.Text, r.RemoteID, string(r.By), r.At.UTC().Format(time.RFC3339Nano)}, "\x00")))
}
