package payout

import (
	"slices"
	"time"

	"github.com/paywicket/paywicket/providers/money"
)

// Fact is one thing that differs from normal, for the person who decides. The sentence is in the catalogs under
// "fact.<code>".
type Fact struct {
	Code   string
	Tone   string // "bad": at most one; "warn"; "" for what is only worth knowing
	Amount money.Amount
	Count  int
	At     time.Time
	State  State
	Other  ID     // the payout it points at
	Name   string // masked account or a person's name
}

// maxFacts is how many facts a person reads before deciding.
const maxFacts = 7

// Familiar says how well the recipient is known.
type Familiar struct {
	Code  string // "same", "changed", "never"
	Count int    // paid before, to this account
	Last  time.Time
	Was   string // the account before, whole; the page masks it
}

// Know sums up the recipient: same as last time, changed, or never paid before.
func (e Earlier) Know() Familiar {
	paid := paidRows(e.SameAccount)
	other := paidRows(e.SameName)
	switch {
	case len(paid) > 0 && (len(other) == 0 || !other[0].CreatedAt.After(paid[0].CreatedAt)):
		return Familiar{Code: "same", Count: len(paid), Last: paid[0].CreatedAt}
	case len(other) > 0:
		return Familiar{Code: "changed", Count: len(paid), Last: other[0].CreatedAt, Was: other[0].Number}
	}
	return Familiar{Code: "never"}
}

func paidRows(rows []Row) []Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.State != Paid })
}

// Differs lists what differs from normal, likely duplicates first, at most seven, at most one of them red.
func (e Earlier) Differs(p *Payout) []Fact {
	all := slices.Concat(e.duplicates(p), e.failures(), e.size(p), e.week(p))
	for i := range all {
		if i > 0 && all[i].Tone == "bad" {
			all[i].Tone = "warn"
		}
	}
	return all[:min(len(all), maxFacts)]
}

// duplicateWindow is how far back the same amount to the same account looks like a mistake.
const duplicateWindow = 7 * 24 * time.Hour

func (e Earlier) duplicates(p *Payout) []Fact {
	var facts []Fact
	for _, r := range e.SameAccount {
		live := !r.State.Final() || r.State == Paid
		if r.Amount == p.Content.Amount && live && r.State != Draft && p.SubmittedAt.Sub(r.CreatedAt) < duplicateWindow {
			facts = append(facts, Fact{Code: "duplicate", Tone: "bad", Amount: r.Amount, At: r.CreatedAt, State: r.State, Other: r.ID})
		}
	}
	return facts[:min(len(facts), 3)]
}

func (e Earlier) failures() []Fact {
	for _, r := range e.SameAccount {
		if r.State == Failed || r.State == Refused || r.State == Unknown {
			return []Fact{{Code: "last_" + string(r.State), Tone: "warn", At: r.CreatedAt, State: r.State, Other: r.ID, Name: r.Reason}}
		}
		if r.State == Paid {
			return nil
		}
	}
	return nil
}

// size compares with what this recipient usually gets: the middle one of what was paid.
func (e Earlier) size(p *Payout) []Fact {
	paid := paidRows(e.SameAccount)
	if len(paid) < 2 {
		return nil
	}
	var minors []int64
	for _, r := range paid {
		minors = append(minors, r.Amount.Minor)
	}
	slices.Sort(minors)
	usual := minors[len(minors)/2]
	if usual <= 0 || p.Content.Amount.Minor < 3*usual {
		return nil
	}
	return []Fact{{Code: "larger", Tone: "warn", Count: int(p.Content.Amount.Minor / usual),
		Amount: money.Amount{Minor: usual, Currency: p.Content.Amount.Currency}}}
}

func (e Earlier) week(p *Payout) []Fact {
	sum, n := p.Content.Amount, 1
	for _, r := range e.ByAuthor {
		if r.Amount.Currency != sum.Currency || r.State == Draft || r.State == Discarded {
			continue
		}
		if more, err := sum.Add(r.Amount); err == nil {
			sum, n = more, n+1
		}
	}
	if n < 3 {
		return nil
	}
	return []Fact{{Code: "week", Count: n, Amount: sum}}
}
