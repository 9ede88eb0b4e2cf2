// Package freeze is the pages that stop sending and let it go on: everywhere, for a store or for an account, with what is
// in flight and what waits.
//
// The package makes no promise of compatibility.
package freeze

import (
	"context"
	"time"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/approvals"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/payout"
)

// Target is what can be stopped: "all", "store:<id>" or "account:<id>".
type Target struct {
	What   string
	Name   string
	Kind   string // "all", "store", "account"
	Frozen bool
	At     time.Time
	By     string // who stopped it, "" if Paywicket did so by itself
	Why    string
}

// Page is everything on the page that stops sending.
type Page struct {
	Targets []Target // everything first, then stores, then accounts
	Flight  []payout.Total
	Waits   []payout.Total

	Chosen string // as typed
	Reason string
	Wrong  map[string]string
}

// Confirm is the confirmation of one change.
type Confirm struct {
	approvals.Confirmation
	Target Target
	Stop   bool   // else it goes on
	Reason string // why it is to be stopped
	Flight []payout.Total
	Waits  []payout.Total
}

func (p Page) frozen() []Target { return p.where(true) }

func (p Page) where(frozen bool) []Target {
	var all []Target
	for _, t := range p.Targets {
		if t.Frozen == frozen {
			all = append(all, t)
		}
	}
	return all
}

func (t Target) title(ctx context.Context) string {
	return ui.T(ctx, "freeze.what."+t.Kind, "Name", t.Name)
}

// since says since when and by whom.
func (t Target) since(ctx context.Context) string {
	when := ui.L(ctx).DateTime(t.At.In(views.From(ctx).Zone))
	switch {
	case t.At.IsZero():
		return ""
	case t.By == "":
		return ui.T(ctx, "freeze.since_self", "When", when)
	}
	return ui.T(ctx, "freeze.since", "When", when, "Name", t.By)
}

func (t Target) why(ctx context.Context) string {
	if t.Why == "" {
		return ui.T(ctx, "accounts.frozen_no_reason")
	}
	return t.Why
}

func (p Page) targets(ctx context.Context) ui.Field {
	f := ui.Field{Name: "what", Label: ui.T(ctx, "freeze.choose"), Value: p.Chosen, Error: p.Wrong["what"]}
	for _, t := range p.where(false) {
		if f.Value == "" {
			f.Value = t.What
		}
		f.Options = append(f.Options, ui.Option{Value: t.What, Label: t.title(ctx)})
	}
	return f
}

func (p Page) reason(ctx context.Context) ui.Field {
	return ui.Field{Name: "reason", Label: ui.T(ctx, "freeze.reason"), Help: ui.T(ctx, "freeze.reason_help"), Value: p.Reason, Error: p.Wrong["reason"],
		Max: 200, Free: true, Autocomplete: "off"}
}

// sum is one line of what is in flight or waits.
type sum struct {
	State  payout.State
	Live   bool
	Count  int
	Amount money.Amount
}

func sums(totals []payout.Total) []sum {
	var all []sum
	for _, t := range totals {
		if t.Count > 0 && t.Currency != "" {
			all = append(all, sum{t.State, t.Live, t.Count, t.Amount})
		}
	}
	return all
}

func (c Confirm) verb(ctx context.Context) string {
	if c.Stop {
		return ui.T(ctx, "freeze.stop")
	}
	return ui.T(ctx, "freeze.go_on")
}

func (c Confirm) heading(ctx context.Context) string {
	key := "freeze.confirm_go_on"
	if c.Stop {
		key = "freeze.confirm_stop"
	}
	return ui.T(ctx, key, "What", c.Target.title(ctx))
}
