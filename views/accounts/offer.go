package accounts

import (
	"context"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/views/approvals"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// Offer is how what an account offers changed, and what does not fit it any more.
type Offer struct {
	Account  store.Account
	Company  string
	Versions []store.Offer // the latest first
	Affected []Affected
	Cut      bool // there may be more that does not fit
}

// Kind says what does not fit.
type Kind string

// The kinds.
const (
	Draft     Kind = "draft"
	Waiting   Kind = "waiting"
	Recipient Kind = "recipient"
)

// Affected is one payout, or the recipient of one, that does not fit what the company asks for now.
type Affected struct {
	Kind     Kind
	Row      payout.Row
	Name     string // of the recipient, "" where none is known
	Version  int
	Misfits  []payout.Misfit
	Typed    map[string]string
	Problems map[string]string // sentences by field
}

// latest is the offer of today.
type latest struct{ store.Offer }

// Latest is the offer of today, empty if none was read.
func (o Offer) Latest() latest { //nolint:revive // used through its method only
	if len(o.Versions) == 0 {
		return latest{}
	}
	return latest{o.Versions[0]}
}

// Find finds a method, nil if it is offered no more.
func (l latest) Find(id string) *providers.Method {
	m, ok := l.Method(id)
	if !ok {
		return nil
	}
	return &m
}

// Since lists what changed in a method after a time.
func (o Offer) Since(at time.Time, method string) []store.Change {
	was := o.Versions[len(o.Versions)-1]
	for _, v := range o.Versions {
		if !v.FetchedAt.After(at) {
			was = v
			break
		}
	}
	var all []store.Change
	for _, c := range store.Compare(was.Methods, o.Versions[0].Methods) {
		if c.Method.ID == method {
			all = append(all, c)
		}
	}
	return all
}

// step is what changed from one version to the next.
type step struct {
	at      time.Time
	version int
	changes []store.Change
}

func (o Offer) steps() []step {
	var all []step
	for i := 0; i+1 < len(o.Versions); i++ {
		all = append(all, step{o.Versions[i].FetchedAt, o.Versions[i].Version, store.Compare(o.Versions[i+1].Methods, o.Versions[i].Methods)})
	}
	return all
}

// changeText says what changed in one sentence.
func changeText(ctx context.Context, c store.Change) string {
	var what []string
	for _, name := range c.What {
		what = append(what, ui.T(ctx, "offer.what."+name))
	}
	return ui.T(ctx, "offer.change."+c.Code, "Field", fieldName(ctx, c.Field), "What", ui.L(ctx).List(what...))
}

func fieldName(ctx context.Context, f providers.Field) string {
	if words := ui.Words(ctx, f.Label); words != "" {
		return words
	}
	return f.Name
}

// misfitText says what does not fit.
func misfitText(ctx context.Context, m payout.Misfit, company string) string {
	if m.Code == "wrong" {
		return ui.T(ctx, "offer.misfit.wrong", "Field", fieldName(ctx, m.Field), "Problem", ui.L(ctx).Say("check."+m.Problem.Code, m.Problem.Args))
	}
	return ui.T(ctx, "offer.misfit."+m.Code, "Field", fieldName(ctx, m.Field), "Company", company)
}

// mendable reports whether a form can mend it: not if its method is gone.
func (a Affected) mendable(ctx context.Context) bool {
	return can(ctx, access.DraftPayouts, a.Row.Store) && a.Misfits[0].Code != "method_gone"
}

// asks are the controls of the form.
func (a Affected) asks(ctx context.Context) []ask {
	var all []ask
	for _, m := range a.Misfits {
		if m.Code != "lacking" && m.Code != "wrong" {
			continue
		}
		p := m.Field
		p.When = nil // it applies, or it would not be asked for
		f := ui.ProviderField(ctx, "fields", p, a.Typed[p.Name], a.Problems[p.Name])
		f.ID = strings.Join([]string{"mend", string(a.Kind), string(a.Row.ID), p.Name}, "-")
		all = append(all, ask{p, f})
	}
	return all
}

type ask struct {
	field providers.Field
	ui    ui.Field
}

// NameOf is the recipient of a row; a number that stands in for a missing name is masked.
func NameOf(r payout.Row) string {
	if r.Recipient == r.Number {
		return providers.Mask(r.Number)
	}
	return r.Recipient
}

func (a Affected) title(ctx context.Context) string {
	if a.Name == "" && a.Kind == Draft {
		return ui.T(ctx, "payouts.draft_blank")
	}
	return approvals.Recipient(ctx, a.Name)
}
