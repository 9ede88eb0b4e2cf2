package approvals

import (
	"context"
	"slices"
	"time"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/policy"
	"github.com/paywicket/paywicket/web/store"
)

// Decision is everything on the approver's page.
type Decision struct {
	Payout        *payout.Payout
	Content       payout.Content  // what is signed, read back from the snapshot
	Account       store.Account   // as it is now
	By            access.PersonID // who reads the page
	Simulated     bool            // the account's address is a simulator
	Approves      bool            // the company approves each payout itself, once more
	CannotAsk     bool            // the company cannot be asked where a payout stands
	Author        access.Person
	Editors       []access.Person // who changed it, the author left out
	Balance       Balance
	Earlier       payout.Earlier
	payout.Ruling // what the rules say, and whether this person may approve
	Names         map[access.PersonID]string
	Stale         bool // the keys were replaced since it was asked for: nobody can approve it
	MayEdit       bool // the person may draft, and so send it back
	Halted        bool // sending is stopped for the account or everywhere
	Queue         []Waiting
	Drift         Drift // what the company does not take any more

	Notice      string // a key with title and text about what just happened, "" for nothing
	Reason      string // of a rejection, as typed
	ReasonError string
}

// Balance is what the provider said could be paid out, and what is left of it.
type Balance struct {
	At       time.Time // zero: the provider tells none
	After    money.Amount
	Reserved money.Amount // approved and not sent yet, taken off already; no currency: nothing
}

// Left works out what is left of an account's balance after a payout and after what is approved and not sent yet.
func Left(a store.Account, sum, reserved money.Amount) Balance {
	i := slices.IndexFunc(a.Balances, func(b store.Balance) bool { return b.Amount.Currency == sum.Currency })
	if i < 0 {
		return Balance{}
	}
	after := money.Amount{Minor: a.Balances[i].Amount.Minor - sum.Minor - reserved.Minor, Currency: sum.Currency}
	return Balance{At: a.Balances[i].At, After: after, Reserved: reserved}
}

func (b Balance) short() bool { return !b.At.IsZero() && b.After.Minor < 0 }

// old reports whether a balance was read so long ago that it may well be another one now: it is read every few minutes.
func (b Balance) old(now time.Time) bool { return !b.At.IsZero() && now.Sub(b.At) > time.Hour }

func (b Balance) missing() money.Amount {
	return money.Amount{Minor: -b.After.Minor, Currency: b.After.Currency}
}

// open reports whether the two verbs are offered.
func (d Decision) open() bool { return d.Open() && !d.Stale }

// last reports whether this approval completes the set, so that it sends.
func (d Decision) last() bool { return d.after() == 0 }

// after is how many approvals are needed after the next one: it sends only if none is.
func (d Decision) after() int { return d.Need.Missing(append(d.given(), d.By)) }

// missing is how many approvals are still to be given by others than the reader.
func (d Decision) missing() int {
	if d.open() {
		return d.after()
	}
	return d.Need.Missing(d.given())
}

// given is who has approved.
func (d Decision) given() []access.PersonID {
	var all []access.PersonID
	for _, a := range d.Payout.Approvals {
		all = append(all, a.Person)
	}
	return all
}

// needed is how many approvals it takes in all.
func (d Decision) needed() int { return len(d.Payout.Approvals) + d.Need.Missing(d.given()) }

func (d Decision) id() string { return string(d.Payout.ID) }

func (d Decision) heading(ctx context.Context) string {
	if d.open() {
		return ui.T(ctx, "approvals.one.ask")
	}
	return ui.T(ctx, "approvals.one.read")
}

func (d Decision) title(ctx context.Context) string {
	return ui.T(ctx, "approvals.one.title", "Amount", ui.MoneyText(ctx, d.Content.Amount), "Recipient", who(ctx, d.Content))
}

// place says which of the waiting ones this is.
func (d Decision) place(ctx context.Context) string {
	for i, w := range d.Queue {
		if w.Row.ID == d.Payout.ID {
			return ui.T(ctx, "approvals.one.place", "Number", i+1, "Count", len(d.Queue))
		}
	}
	return ui.T(ctx, "approvals.one.alone")
}

// verb says what the button does, never a bare "approve" that sends.
func (d Decision) verb(ctx context.Context) string {
	if d.last() {
		return ui.T(ctx, "approvals.do.send")
	}
	return ui.T(ctx, "approvals.do.one_of", "Number", len(d.Payout.Approvals)+1, "Count", d.needed())
}

// role names what somebody is in the payout's store.
func (d Decision) role(ctx context.Context, p access.Person) string {
	if p.IsSuper() {
		return ui.T(ctx, "role."+string(access.SuperAdmin))
	}
	for _, g := range p.Grants {
		if g.Store == d.Payout.Store {
			return ui.T(ctx, "role."+string(g.Role))
		}
	}
	return ""
}

// bar says why the person may not approve.
func (d Decision) bar(ctx context.Context) string {
	if d.Bar == policy.OwnWork {
		return ui.T(ctx, "approvals.bar."+d.ownWork(views.From(ctx).Person.ID))
	}
	if d.Bar == policy.NotAmong {
		return ui.T(ctx, "approvals.bar.not_among", "Names", d.wanted(ctx))
	}
	return ui.T(ctx, "approvals.bar."+string(d.Bar))
}

// ownWork says what of it is the person's own work.
func (d Decision) ownWork(id access.PersonID) string {
	switch {
	case d.Payout.Author == id:
		return "drafted"
	case d.Payout.Edited(id):
		return "edited"
	default:
		return "resolved"
	}
}

// facts lists what differs from normal: an earlier attempt first, at most seven, at most one of them red.
func (d Decision) facts() []payout.Fact {
	var all []payout.Fact
	for _, a := range slices.Backward(d.Payout.Attempts) {
		all = append(all, payout.Fact{Code: "attempt", Tone: "bad", At: a.StartedAt, State: d.outcome(a), Name: a.Reference})
	}
	if d.Payout.OpenConflict() != nil {
		all = append(all, payout.Fact{Code: "conflict", Tone: "bad"})
	}
	all = append(all, d.Earlier.Differs(d.Payout)...)
	for i := range all {
		if i > 0 && all[i].Tone == "bad" {
			all[i].Tone = "warn"
		}
	}
	const most = 7 // what a person reads before deciding
	return all[:min(len(all), most)]
}

// outcome is where an attempt ended; people may have closed one whose own answer left it unknown.
func (d Decision) outcome(a payout.Attempt) payout.State {
	if a.Outcome == payout.Unknown {
		return payout.NotExecuted
	}
	return a.Outcome
}

// lastFee is what the provider took for the latest paid one to the same account, no currency if it is not known.
func (d Decision) lastFee() money.Amount {
	for _, r := range d.Earlier.SameAccount {
		if r.State == payout.Paid && r.Provider == d.Content.Provider && r.Method == d.Content.Method {
			return r.Fee
		}
	}
	return money.Amount{}
}

func (d Decision) reject() ui.Field {
	return ui.Field{Name: "reason", Value: d.Reason, Error: d.ReasonError, Rows: 3, Free: true}
}

// life is how long a full set of approvals stands.
func (d Decision) life() time.Duration { return payout.DefaultApprovalLife }

func names(ctx context.Context, people []access.Person) string {
	all := make([]string, len(people))
	for i, p := range people {
		all[i] = p.Name
	}
	return ui.L(ctx).List(all...)
}
