package policy

import (
	"slices"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
)

// Set is the rules that hold, under a number that grows with every change. Their order means nothing: the strictest that
// applies wins. The zero Set asks for what is always asked for: one super admin who had no hand in the payout.
type Set struct {
	Version int
	Rules   []Rule
}

// Rule asks for approvals, or sets a limit, where its condition holds.
type Rule struct {
	When      Condition         `json:"when"`
	Approvals int               `json:"approvals,omitempty"` // at least so many people; 0: the rule is a limit
	Among     []access.PersonID `json:"among,omitempty"`     // only these count towards Approvals; empty: every super admin
	Per       Per               `json:"per,omitempty"`       // what Limit is counted over; "": the rule asks for approvals
	Limit     money.Amount      `json:"limit,omitzero"`
}

// Condition says when a rule applies: when every part that is set fits. The zero Condition always applies.
type Condition struct {
	Store    access.StoreID `json:"store,omitempty"`
	Provider string         `json:"provider,omitempty"`
	Method   string         `json:"method,omitempty"`
	Country  string         `json:"country,omitempty"` // ISO 3166-1, of the method
	Currency string         `json:"currency,omitempty"`
	From     int64          `json:"from,omitempty"` // minor units of Currency: amounts of so much and more
	New      bool           `json:"new,omitempty"`  // only recipients whose account the store has never paid
}

// Per is what a limit is counted over.
type Per string

// What a limit is counted over. A day is that of the store; an approver's, who has no zone, is that of UTC.
const (
	PerPayout   Per = "payout"
	PerStoreDay Per = "store_day"
	PerApprover Per = "approver_day"
)

// Pers lists what limits may be counted over.
func Pers() []Per { return []Per{PerPayout, PerStoreDay, PerApprover} }

// applies reports whether every part of the condition fits.
func (c Condition) applies(f Facts) bool {
	return (c.Store == "" || c.Store == f.Store) && (c.Provider == "" || c.Provider == f.Provider) &&
		(c.Method == "" || c.Method == f.Method) && (c.Country == "" || c.Country == f.Country) &&
		(c.Currency == "" || c.Currency == f.Amount.Currency && f.Amount.Minor >= c.From) && (!c.New || f.New)
}

// covers reports whether c applies wherever d does.
func (c Condition) covers(d Condition) bool {
	fits := func(mine, theirs string) bool { return mine == "" || mine == theirs }
	return fits(string(c.Store), string(d.Store)) && fits(c.Provider, d.Provider) && fits(c.Method, d.Method) &&
		fits(c.Country, d.Country) && (c.Currency == "" || c.Currency == d.Currency && c.From <= d.From) && (!c.New || d.New)
}

// Limits reports whether the rule is a limit.
func (r Rule) Limits() bool { return r.Per != "" }

// covers reports whether r demands at least as much as s wherever s applies.
func (r Rule) covers(s Rule) bool {
	if !r.When.covers(s.When) || r.Per != s.Per {
		return false
	}
	if r.Limits() {
		return r.Limit.Currency == s.Limit.Currency && r.Limit.Minor <= s.Limit.Minor
	}
	within := len(s.Among) == 0 || len(r.Among) > 0 && !slices.ContainsFunc(r.Among, func(id access.PersonID) bool { return !slices.Contains(s.Among, id) })
	return r.Approvals >= s.Approvals && within
}

// Loosens reports whether b may let something through that a does not. It compares rule with rule, so it sometimes says yes
// of a change that loosens nothing, and never no of one that does.
func Loosens(a, b Set) bool {
	return slices.ContainsFunc(a.Rules, func(old Rule) bool {
		return !slices.ContainsFunc(b.Rules, func(fresh Rule) bool { return fresh.covers(old) })
	})
}

// Limits are the limits that apply to a payout, of those the lowest for each thing they are counted over.
func (s Set) Limits(f Facts) []Rule {
	var all []Rule
	for _, per := range Pers() {
		var lowest *Rule
		for i, r := range s.Rules {
			applies := r.Per == per && r.Limit.Currency == f.Amount.Currency && r.When.applies(f)
			if applies && (lowest == nil || r.Limit.Minor < lowest.Limit.Minor) {
				lowest = &s.Rules[i]
			}
		}
		if lowest != nil {
			all = append(all, *lowest)
		}
	}
	return all
}

// Equal reports whether two rules say the same.
func (r Rule) Equal(s Rule) bool {
	return r.When == s.When && r.Approvals == s.Approvals && r.Per == s.Per && r.Limit == s.Limit && slices.Equal(r.Among, s.Among)
}
