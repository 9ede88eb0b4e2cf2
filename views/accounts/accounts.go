// Package accounts is the pages about accounts at providers. It makes no promise of compatibility.
package accounts

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/store"
)

// Connect is the form with which an account is connected.
type Connect struct {
	Stores     []store.Store
	Store      store.ID
	Definition providers.Definition
	Mode       string
	Address    string
	Addresses  map[string][]providers.Address // by mode
	Label      string
	Values     map[string]string // settings as typed; secrets are never drawn again
	Errors     map[string]string // sentences by input name
	Sample     map[string]string // what a demo's simulator accepts
}

// Show is one account.
type Show struct {
	Account      store.Account
	Definition   providers.Definition
	Address      providers.Address
	AddressKnown bool // it is built in, or the operator names it now
	Settings     []store.Setting
	Calls        store.Calls // of the last day
	Methods      []providers.Method
	MethodsError bool // the provider could not be asked
	Offer        Offer
	ReadAt       time.Time // when the methods were read, if they are from before; zero: they are of now
}

// Keys is the form with which settings are replaced.
type Keys struct {
	Account    store.Account
	Definition providers.Definition
	Values     map[string]string
	Errors     map[string]string
}

func mode(live bool) string {
	if live {
		return views.Live
	}
	return views.Test
}

// condition is how an account stands, in a word with its tone.
func condition(ctx context.Context, a store.Account) ui.HealthOpts {
	switch {
	case a.Frozen.On() && a.Frozen.Cause() != "":
		return ui.HealthOpts{Tone: views.Bad, Text: ui.T(ctx, "accounts.state."+a.Frozen.Cause())}
	case a.Frozen.On():
		return ui.HealthOpts{Tone: views.Warn, Text: ui.T(ctx, "accounts.state.frozen")}
	case a.CheckErr != "":
		return ui.HealthOpts{Tone: views.Bad, Text: ui.T(ctx, "accounts.state.failed")}
	case a.CheckedAt.IsZero():
		return ui.HealthOpts{Plain: true, Text: ui.T(ctx, "accounts.state.untested")}
	}
	return ui.HealthOpts{Text: ui.T(ctx, "accounts.state.normal")}
}

// frozenWhy says why sending is stopped, in words of ours if we stopped it.
func frozenWhy(ctx context.Context, f store.Freeze) string {
	if f.Cause() != "" {
		return ui.T(ctx, "accounts.frozen."+f.Cause())
	}
	if f.Reason == "" {
		return ui.T(ctx, "accounts.frozen_no_reason")
	}
	return ui.L(ctx).Quote(f.Reason)
}

func can(ctx context.Context, perm access.Permission, id store.ID) bool {
	return access.Can(views.From(ctx).Person, perm, id)
}

func (c Connect) field(name, label string) ui.Field {
	return ui.Field{Name: name, Label: label, Error: c.Errors[name]}
}

func (c Connect) label(ctx context.Context) ui.Field {
	f := c.field("label", ui.T(ctx, "accounts.label"))
	f.Value, f.Max, f.Free, f.Help, f.Autocomplete = c.Label, 100, true, ui.T(ctx, "accounts.label.help"), "off"
	return f
}

func (c Connect) store(ctx context.Context) ui.Field {
	f := c.field("store", ui.T(ctx, "accounts.store"))
	f.Value = string(c.Store)
	for _, s := range c.Stores {
		f.Options = append(f.Options, ui.Option{Value: string(s.ID), Label: s.Name})
	}
	return f
}

func (c Connect) mode(ctx context.Context) ui.Field {
	f := c.field("mode", ui.T(ctx, "accounts.mode"))
	f.Value = c.Mode
	for _, m := range []string{views.Test, views.Live} {
		f.Options = append(f.Options, ui.Option{Value: m, Label: ui.T(ctx, "accounts.mode."+m), Note: ui.T(ctx, "accounts.mode."+m+".note")})
	}
	return f
}

// address is the choice among several addresses. One address needs no choice.
func (c Connect) address(ctx context.Context) ui.Field {
	f := c.field("address", ui.T(ctx, "accounts.address"))
	f.Value, f.Help = c.Address, ui.T(ctx, "accounts.address.help")
	for _, m := range []string{views.Test, views.Live} {
		for _, a := range c.Addresses[m] {
			o := ui.Option{Value: a.Name, Label: addressWords(ctx, a)}
			if !slices.Contains(f.Options, o) {
				f.Options = append(f.Options, o)
			}
		}
	}
	return f
}

func (c Connect) hasAddress() bool {
	return len(c.Addresses[views.Test])+len(c.Addresses[views.Live]) > 0
}

func addressWords(ctx context.Context, a providers.Address) string {
	if a.Simulator {
		return ui.T(ctx, "accounts.address.simulator", "URL", a.URL)
	}
	return a.URL
}

// settings are the provider's own questions.
func (c Connect) settings(ctx context.Context) []ui.Field {
	return settingFields(ctx, c.Definition, c.Values, c.Errors, false)
}

func (k Keys) settings(ctx context.Context) []ui.Field {
	return settingFields(ctx, k.Definition, k.Values, k.Errors, true)
}

func settingFields(ctx context.Context, def providers.Definition, values, wrong map[string]string, stored bool) []ui.Field {
	var all []ui.Field
	for _, p := range def.Settings {
		value := values[p.Name]
		if p.Type == providers.Secret {
			value = "" // a key is never drawn again, also not the one just typed
		}
		f := ui.ProviderField(ctx, "settings", p, value, wrong[ui.MapName("settings", p.Name)])
		f.Stored = stored && p.Type == providers.Secret
		f.Autocomplete = "off"
		all = append(all, f)
	}
	return all
}

func (c Connect) problems(ctx context.Context) []ui.FieldError {
	return ui.Problems(append([]ui.Field{c.store(ctx), c.mode(ctx), c.address(ctx), c.label(ctx)}, c.settings(ctx)...)...)
}

// settingLabel is what a setting is called.
func (s Show) settingLabel(ctx context.Context, name string) string {
	for _, f := range s.Definition.Settings {
		if f.Name == name {
			return ui.Words(ctx, f.Label)
		}
	}
	return name
}

// byCountry groups methods for reading.
func (s Show) byCountry(ctx context.Context) []group {
	var all []group
	for _, m := range s.Methods {
		name := ui.T(ctx, "accounts.any_country")
		if m.Country != "" {
			name = ui.L(ctx).Country(m.Country)
		}
		i := slices.IndexFunc(all, func(g group) bool { return g.name == name })
		if i < 0 {
			all, i = append(all, group{name: name}), len(all)
		}
		all[i].methods = append(all[i].methods, m.Name+" ("+m.Currency+")")
	}
	slices.SortFunc(all, func(a, b group) int { return strings.Compare(a.name, b.name) })
	return all
}

type group struct {
	name    string
	methods []string
}

// When something about an account is worth a second look.
const (
	oldKeys  = 365 * 24 * time.Hour // providers and auditors want keys replaced about once a year
	farClock = time.Minute          // signed calls carry the time, and some providers refuse one that is off
)

// callsLine is how many calls failed.
func (s Show) callsLine(ctx context.Context) ui.LineOpts {
	all := s.Calls.Good + s.Calls.Bad
	switch {
	case all == 0:
		return ui.LineOpts{Icon: "out", Title: ui.T(ctx, "accounts.calls.none")}
	case s.Calls.Bad == 0:
		return ui.LineOpts{Tone: views.Good, Title: ui.N(ctx, "accounts.calls.good", all)}
	}
	return ui.LineOpts{Tone: views.Warn, Title: ui.N(ctx, "accounts.calls.bad", all, "Bad", s.Calls.Bad), Text: ui.T(ctx, "accounts.calls.bad_text")}
}

// keysLine is how old the keys are.
func (s Show) keysLine(ctx context.Context) ui.LineOpts {
	if len(s.Settings) == 0 {
		return ui.LineOpts{Icon: "key", Title: ui.T(ctx, "accounts.keys_none")}
	}
	age := views.From(ctx).Now.Sub(s.Settings[0].SetAt)
	l := ui.LineOpts{Icon: "key", Title: ui.T(ctx, "accounts.keys_age"), End: ui.L(ctx).Age(age)}
	if age > oldKeys {
		l.Tone, l.Text = views.Warn, ui.T(ctx, "accounts.keys_old", "Provider", s.Definition.Name)
	}
	return l
}

// clockLine is how far the provider's clock is from ours.
func (s Show) clockLine(ctx context.Context) ui.LineOpts {
	a := s.Account
	off := a.Clock.Abs().Round(time.Second)
	switch {
	case a.ClockAt.IsZero():
		return ui.LineOpts{Icon: "clock", Title: ui.T(ctx, "accounts.clock.none")}
	case off <= 2*time.Second: // as close as such a measurement comes
		return ui.LineOpts{Icon: "clock", Title: ui.T(ctx, "accounts.clock.same"), End: ago(ctx, a.ClockAt)}
	}
	key := "accounts.clock.ahead"
	if a.Clock < 0 {
		key = "accounts.clock.behind"
	}
	l := ui.LineOpts{Icon: "clock", Title: ui.T(ctx, key, "Provider", s.Definition.Name, "Off", ui.L(ctx).Age(off)), End: ago(ctx, a.ClockAt)}
	if off > farClock {
		l.Tone, l.Text = views.Warn, ui.T(ctx, "accounts.clock.far")
	}
	return l
}

// checkWords says in our words what a test call's error means, with the provider's own behind it.
func (s Show) checkWords(ctx context.Context) string {
	if s.Account.CheckErr == "" {
		return ""
	}
	code, said := s.Account.CheckSaid()
	words := ui.T(ctx, "accounts.check.words", "Provider", s.Definition.Name, "Words", ui.L(ctx).Quote(said))
	key := "accounts.check." + code
	switch {
	case !ui.L(ctx).Has(key):
		return words
	case said == code:
		return ui.T(ctx, key, "Provider", s.Definition.Name)
	default:
		return ui.T(ctx, key, "Provider", s.Definition.Name) + " " + words
	}
}

func ago(ctx context.Context, t time.Time) string {
	if t.IsZero() {
		return ui.T(ctx, "accounts.never")
	}
	return ui.L(ctx).Ago(views.From(ctx).Now.Sub(t))
}

func way(ctx context.Context) []ui.Crumb {
	return []ui.Crumb{{Text: ui.T(ctx, "nav.accounts"), Href: link.Accounts(ctx)}}
}

// stepList is where one stands on the way to a working account.
func stepList(ctx context.Context, at int) []ui.StepOf {
	var all []ui.StepOf
	for i, key := range []string{"accounts.step.provider", "accounts.step.keys", "accounts.step.webhook"} {
		all = append(all, ui.StepOf{Text: ui.T(ctx, key), Done: i < at, Current: i == at})
	}
	return all
}

// pays says what a provider is asked for, and whether it reports by itself.
func pays(ctx context.Context, d providers.Definition) string {
	var names []string
	for _, f := range d.Settings {
		if !f.Optional {
			names = append(names, ui.Words(ctx, f.Label))
		}
	}
	return ui.T(ctx, "accounts.needs", "Names", ui.L(ctx).List(names...))
}

func (s Show) lead(ctx context.Context) string {
	return ui.T(ctx, "accounts.show_lead", "Provider", s.Definition.Name, "Store", views.From(ctx).StoreName(s.Account.Store))
}
