// Package policies is the pages on which super admins say who must approve what.
//
// The package makes no promise of compatibility.
package policies

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/approvals"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/policy"
)

// Names is what people are called.
type Names map[access.PersonID]string

// Page is the rules that hold.
type Page struct {
	Current policy.Set
	Waiting []policy.Proposal // for a second super admin
	Held    []policy.Proposal // newest first
	Locked  []policy.Rule     // that ask for more people than there are
	Tight   []policy.Rule     // that need everybody there is
	Names   Names
}

// Edit is the page on which rules are drafted.
type Edit struct {
	Rules   []policy.Rule
	Adding  Adding
	Stores  []ui.Option
	Firms   []ui.Option // providers
	Supers  []access.Person
	Names   Names
	Problem string // about all the rules
}

// Adding is the rule that is being added, as typed.
type Adding struct {
	Kind                             string // "approvals" or "limit"
	Store, Provider, Method, Country string
	Currency, From, Approvals        string
	New                              bool
	Among                            map[string]string
	Per, Limit, LimitCurrency        string
	Errors                           map[string]string
}

func (a Adding) field(ctx context.Context, name, value string) ui.Field {
	return ui.Field{Name: name, Label: ui.T(ctx, "policies.field."+name), Value: value, Error: a.Errors[name], Optional: true}
}

func (a Adding) kind(ctx context.Context) ui.Field {
	return ui.Field{Name: "kind", Label: ui.T(ctx, "policies.field.kind"), Value: a.Kind, Options: []ui.Option{
		{Value: "approvals", Label: ui.T(ctx, "policies.kind.approvals")}, {Value: "limit", Label: ui.T(ctx, "policies.kind.limit")}}}
}

func (a Adding) choice(ctx context.Context, name, value string, options []ui.Option) ui.Field {
	f := a.field(ctx, name, value)
	f.Options, f.Blank, f.Optional = options, ui.T(ctx, "policies.any"), false
	return f
}

func (a Adding) from(ctx context.Context) ui.Field {
	f := a.field(ctx, "from", a.From)
	f.InputMode, f.Help = "decimal", ui.T(ctx, "policies.field.from_help")
	return f
}

func (a Adding) approvals(ctx context.Context) ui.Field {
	f := a.field(ctx, "approvals", a.Approvals)
	f.InputMode, f.Optional, f.Help = "numeric", false, ui.T(ctx, "policies.field.approvals_help")
	return f
}

func (a Adding) newcomers(ctx context.Context) ui.Field {
	return ui.Field{Name: "new", Label: ui.T(ctx, "policies.field.new")}
}

func (a Adding) among(p access.Person) ui.Field {
	return ui.Field{Name: ui.MapName("among", string(p.ID)), Label: p.Name}
}

func (a Adding) per(ctx context.Context) ui.Field {
	f := a.field(ctx, "per", a.Per)
	f.Optional = false
	for _, per := range policy.Pers() {
		f.Options = append(f.Options, ui.Option{Value: string(per), Label: ui.T(ctx, "policies.per."+string(per))})
	}
	return f
}

func (a Adding) limit(ctx context.Context) ui.Field {
	f := a.field(ctx, "limit", a.Limit)
	f.InputMode, f.Optional = "decimal", false
	return f
}

func (a Adding) limitCurrency(ctx context.Context) ui.Field {
	f := a.field(ctx, "limit_currency", a.LimitCurrency)
	f.Optional, f.Example = false, "XOF"
	return f
}

func (a Adding) problems(ctx context.Context) []ui.FieldError {
	all := ui.Problems(a.field(ctx, "method", ""), a.field(ctx, "country", ""), a.field(ctx, "currency", ""), a.from(ctx), a.approvals(ctx), a.per(ctx), a.limit(ctx), a.limitCurrency(ctx))
	for _, name := range []string{"", "among", "store", "provider"} {
		if text := a.Errors[name]; text != "" {
			all = append(all, ui.FieldError{Text: text})
		}
	}
	return all
}

// hidden is the rules as they travel with the form.
func (e Edit) hidden() string {
	b, err := json.Marshal(e.Rules)
	if err != nil { // rules are texts and numbers
		return "[]"
	}
	return string(b)
}

func index(i int) string { return strconv.Itoa(i) }

// Preview is a proposal and what it would mean.
type Preview struct {
	Proposal policy.Proposal
	Current  policy.Set
	Replay   policy.Replay
	Locked   []policy.Rule
	Tight    []policy.Rule
	Names    Names
	Own      bool // the reader proposes it
	Second   bool // another super admin has to confirm it
	Stale    bool // other rules came to hold since
	Problem  string

	Confirmation approvals.Confirmation // on the page that asks for it
}

// gone are rules that hold and would not any more, added those that would be new.
func (p Preview) gone() []policy.Rule  { return without(p.Current.Rules, p.Proposal.Rules) }
func (p Preview) added() []policy.Rule { return without(p.Proposal.Rules, p.Current.Rules) }
func (p Preview) kept() []policy.Rule  { return without(p.Current.Rules, p.gone()) }

func without(all, others []policy.Rule) []policy.Rule {
	var left []policy.Rule
	for _, r := range all {
		found := false
		for _, o := range others {
			found = found || r.Equal(o)
		}
		if !found {
			left = append(left, r)
		}
	}
	return left
}

// mine reports whether the reader has something to confirm.
func (p Preview) mine() bool {
	return !p.Stale && len(p.Locked) == 0 && (p.Proposal.Open() && p.Own || p.Proposal.Waiting() && !p.Own)
}

func (p Preview) verb(ctx context.Context) string {
	switch {
	case p.Proposal.Waiting():
		return ui.T(ctx, "policies.do.confirm")
	case p.Second:
		return ui.T(ctx, "policies.do.propose")
	default:
		return ui.T(ctx, "policies.do.save")
	}
}

func (p Preview) lead(ctx context.Context) string {
	switch {
	case !p.Proposal.HeldAt.IsZero():
		return ui.T(ctx, "policies.lead.held", "Version", p.Proposal.Version)
	case p.Proposal.Waiting():
		return ui.T(ctx, "policies.lead.waiting", "Name", p.Names[p.Proposal.By])
	case p.Second:
		return ui.T(ctx, "policies.lead.loosens")
	default:
		return ui.T(ctx, "policies.lead.tightens")
	}
}

// findings says what the replay found, a line each.
func (p Preview) findings(ctx context.Context) []string {
	r := p.Replay
	var all []string
	add := func(n int, key string) {
		if n > 0 {
			all = append(all, ui.N(ctx, "policies.replay."+key, n, "Looked", ui.L(ctx).Number(r.Looked)))
		}
	}
	add(r.More, "more")
	add(r.Fewer, "fewer")
	add(r.Refused, "refused")
	add(r.Let, "let")
	if len(all) == 0 {
		all = []string{ui.N(ctx, "policies.replay.none", r.Looked)}
	}
	return all
}

func way(ctx context.Context) []ui.Crumb {
	return []ui.Crumb{{Text: ui.T(ctx, "nav.policies"), Href: link.Policies(ctx)}}
}

func floor(ctx context.Context) string { return ui.T(ctx, "policies.floor") }

func tone(added bool) views.Tone {
	if added {
		return views.Good
	}
	return views.Warn
}

func (e Edit) problems() []ui.FieldError {
	if e.Problem == "" {
		return nil
	}
	return []ui.FieldError{{Text: e.Problem}}
}
