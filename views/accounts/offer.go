package accounts

import (
	"cmp"
	"context"
	"maps"
	"slices"
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
	Cut      bool   // there may be more that does not fit
	Said     string // what became of a form whose row is not affected any more
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
	Told     payout.Told
	Fields   []providers.Field // of its method, none if that is gone
	Misfits  []payout.Misfit
	Typed    map[string]string
	Problems map[string]string // sentences by field
	Said     string            // why nothing was kept, besides
}

// Affect adds what has misfits.
func (o *Offer) Affect(kind Kind, t payout.Told, misfits []payout.Misfit) {
	if len(misfits) == 0 {
		return
	}
	one := Affected{Kind: kind, Told: t, Misfits: misfits}
	if m := o.Find(t.Method); m != nil {
		one.Fields = m.Fields
	}
	o.Affected = append(o.Affected, one)
}

// Tell puts what became of a form beside its row, with what was typed; nil: nothing did.
func (o *Offer) Tell(said *Affected) {
	if said == nil {
		return
	}
	for i := range o.Affected {
		if a := &o.Affected[i]; a.Told.ID == said.Told.ID && a.Kind == said.Kind {
			a.Typed, a.Problems, a.Said = said.Typed, said.Problems, said.Said
			return
		}
	}
	o.Said = said.Said
}

// Find finds a method among those offered now, nil if it is not.
func (o *Offer) Find(id string) *providers.Method {
	if len(o.Versions) == 0 {
		return nil
	}
	m, ok := o.Versions[0].Method(id)
	if !ok {
		return nil
	}
	return &m
}

// methodsText says whether the ways to pay are those of now.
func (s Show) methodsText(ctx context.Context) string {
	if s.ReadAt.IsZero() {
		return ui.T(ctx, "accounts.methods_text")
	}
	return ui.T(ctx, "offer.as_of", "Company", s.Definition.Name, "Ago", ago(ctx, s.ReadAt))
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
	return ui.T(ctx, "offer.change."+c.Code, "Field", approvals.FieldName(ctx, c.Field), "What", ui.L(ctx).List(what...))
}

// mendable reports whether a form can mend it: not if its method is gone, nor if it was sent before.
func (a Affected) mendable(ctx context.Context) bool {
	return can(ctx, access.DraftPayouts, a.Told.Store) && len(a.Fields) > 0 && !a.fixed()
}

// fixed reports whether its content never changes.
func (a Affected) fixed() bool { return a.Told.Sent && a.Kind == Waiting }

// asks are the controls of the form: what is lacking or wrong, with what was typed taken in, and what was typed already.
func (a Affected) asks(ctx context.Context) []ask {
	details := payout.FillIn(a.Told.Details, a.Typed, a.Fields)
	wanted := map[string]bool{}
	m := &providers.Method{Fields: a.Fields}
	opened := payout.Newly(payout.Misfits(details, m), payout.Misfits(a.Told.Details, m))
	for _, m := range append(opened, a.Misfits...) {
		wanted[m.Field.Name] = m.Code == "lacking" || m.Code == "wrong" || wanted[m.Field.Name]
	}
	for name := range a.Typed {
		wanted[name] = true
	}
	var all []ask
	for _, p := range providers.Shown(a.Fields, details) {
		if !wanted[p.Name] {
			continue
		}
		p.When = nil // it applies, or it would not be asked for
		f := ui.ProviderField(ctx, "fields", p, details[p.Name], a.Problems[p.Name])
		f.Value = details[p.Name] // as it was typed
		f.ID = strings.Join([]string{"mend", string(a.Kind), string(a.Told.ID), p.Name}, "-")
		all = append(all, ask{p, f})
	}
	return all
}

type ask struct {
	field providers.Field
	ui    ui.Field
}

// errors are the lines of the form's summary.
func (a Affected) errors(ctx context.Context) []ui.FieldError {
	var all []ui.FieldError
	shown := map[string]bool{}
	for _, f := range a.asks(ctx) {
		all = append(all, ui.Problems(f.ui)...)
		shown[f.field.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(a.Problems)) {
		if !shown[name] {
			all = append(all, ui.FieldError{Text: a.Problems[name]})
		}
	}
	return all
}

// verb is the key of what the button does; where there is nothing to fill in it only saves.
func (a Affected) verb(ctx context.Context) string {
	if len(a.asks(ctx)) == 0 {
		return "offer.save." + string(a.Kind)
	}
	return "offer.mend." + string(a.Kind)
}

// title is who is paid; of a draft that names nobody, what for.
func (a Affected) title(ctx context.Context) string {
	name := a.Told.Recipient
	switch {
	case a.Kind == Draft:
		name = cmp.Or(providers.Value(a.Fields, a.Told.Details, providers.RoleName), a.Told.Description, ui.T(ctx, "payouts.draft_blank"))
	case name == a.Told.Number:
		name = providers.Mask(name)
	}
	return approvals.Recipient(ctx, name)
}

// counts says how many of each kind there are.
func (o Offer) counts(ctx context.Context) string {
	n := map[Kind]int{}
	for _, a := range o.Affected {
		n[a.Kind]++
	}
	var all []string
	for _, k := range []Kind{Draft, Waiting, Recipient} {
		if n[k] > 0 {
			all = append(all, ui.N(ctx, "offer.count."+string(k), n[k]))
		}
	}
	return ui.L(ctx).List(all...)
}
