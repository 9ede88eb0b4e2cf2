// Package drafts is the form of a payout: from which account, to whom, how much and why, and what will happen then. It
// knows no provider: what is asked for comes as fields.
//
// The package makes no promise of compatibility.
package drafts

import (
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// Sheet is the form as it stands: what may be chosen, what was typed, what is wrong with it, what will happen.
type Sheet struct {
	ID       payout.ID    // "" until a draft is kept
	State    payout.State // "" until a draft is kept
	Version  int
	Key      string // of a form that has made no draft yet
	Follows  payout.ID
	Language string // in which the amount is written
	In       payout.Input
	Saved    time.Time
	Unsaved  string // why what was typed is not kept; "" if it is

	Store     store.ID
	Stores    []store.Store
	Account   *store.Account // nil until one is chosen
	Company   string
	Accounts  []Account
	Countries []string // codes, Anywhere among them
	Methods   []providers.Method
	Method    *providers.Method // nil until one is chosen
	Fields    []providers.Field
	Known     bool // the fields are known

	Problems payout.FieldErrors
	Notices  []Notice
	Effect   Effect
	Find     Find
}

// Anywhere stands for the country of methods that have none.
const Anywhere = "any"

// Account is one that may be chosen.
type Account struct {
	store.Account
	Company string
}

// Notice is something to read before going on.
type Notice struct {
	Tone  views.Tone
	Title string
	Text  string
	Lines []string // one below the other
	Href  string   // where it leads, with Link as its words
	Link  string
}

// Effect is what will happen once the payout is approved.
type Effect struct {
	Currency  string
	Amount    money.Amount // zero while it cannot be read
	Free      money.Amount // zero if the company told no balance
	FreeAt    time.Time
	Held      money.Amount // approved and not sent yet
	After     money.Amount
	Approvers []string // who may approve
	OnePerson bool
	Frozen    string // why sending is stopped, "" if it is not
	Familiar  *payout.Familiar
}

// Short reports whether more is paid than is free.
func (e Effect) Short() bool { return !e.After.IsZero() && e.After.Minor < 0 }

// Find is a search for somebody paid before.
type Find struct {
	Text  string
	Asked bool // the text was long enough to search
	Rows  []payout.Row
}

// Open reports whether the payout is a draft or about to be one: it saves itself while it is typed.
func (s *Sheet) Open() bool { return s.State == "" || s.State == payout.Draft }

// Keep says in which draft the form is kept; nil: in none yet.
func (s *Sheet) Keep(p *payout.Payout) {
	if p != nil {
		s.ID, s.State, s.Version, s.Saved, s.Follows = p.ID, p.State, p.Version, p.UpdatedAt, p.Follows
	}
}

// Drawn names what the fields on the page were made for.
func (s *Sheet) Drawn() string {
	if !s.Known {
		return "-"
	}
	return string(s.In.Account) + "/" + s.In.Method
}

// Mode is the mode of the chosen account, "" until there is one.
func (s *Sheet) Mode() string {
	switch {
	case s.Account == nil:
		return ""
	case s.Account.Live:
		return views.Live
	}
	return views.Test
}

// problem is what is wrong with an input, nil if nothing is.
func (s *Sheet) problem(name string) *payout.FieldProblem { return s.Problems.For(name) }
