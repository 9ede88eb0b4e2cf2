// Package webhooks is the inbox: everything providers posted to us, and what became of it. It makes no promise of
// compatibility.
package webhooks

import (
	"context"
	"slices"
	"strings"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/store"
)

// List is one page of the inbox.
type List struct {
	Query    Query
	Filter   inbox.Filter // of the query, what was understood
	Wrong    []string     // names of what was not
	Page     inbox.Page
	Accounts []store.Account
	Floods   []inbox.Flood
	Radar    []inbox.Silence
	Catalog  store.Catalog
}

// Show is one webhook.
type Show struct {
	Hook    inbox.Hook
	Account store.Account
	Acts    []inbox.Act
	Catalog store.Catalog
}

func (l List) pager(ctx context.Context) ui.PagerOpts {
	return ui.PagerOpts{Shown: ui.N(ctx, "webhooks.shown", len(l.Page.Hooks)), Newer: l.Query.At(ctx, "before", l.Page.Prev), Older: l.Query.At(ctx, "after", l.Page.Next)}
}

// health is a verdict in a word with its tone.
func health(ctx context.Context, h inbox.Hook) ui.HealthOpts {
	o := ui.HealthOpts{Text: ui.T(ctx, "hook.verdict."+string(h.Verdict))}
	if h.Verdict == inbox.Applied && slices.ContainsFunc(h.Steps, func(s providers.Step) bool { return s.Name == "confirmed" }) {
		o.Text = ui.T(ctx, "hook.verdict.confirmed")
	}
	switch h.Verdict {
	case inbox.Applied:
		o.Tone = views.Good
	case inbox.Forged, inbox.Conflicting, inbox.Failed:
		o.Tone = views.Bad
	case inbox.Unmatched, inbox.Unconfirmed, inbox.Misaddressed:
		o.Tone = views.Warn
	default:
		o.Plain = true
	}
	return o
}

func event(ctx context.Context, h inbox.Hook) string {
	if h.Event == "" {
		return ui.T(ctx, "webhooks.no_event")
	}
	return h.Event
}

// effect is what a webhook changed.
func effect(ctx context.Context, h inbox.Hook) string {
	if h.Moved() {
		return moved(ctx, h.From, h.To)
	}
	return ui.T(ctx, "webhooks.none")
}

// why says in a sentence why a webhook had no effect, "" if there is nothing to say.
func why(ctx context.Context, h inbox.Hook) string {
	if key := "hook.code." + h.Code; h.Code != "" && ui.L(ctx).Has(key) {
		return ui.T(ctx, key)
	}
	return h.Code
}

func from(ctx context.Context, c store.Catalog, h inbox.Hook) (string, string) {
	if h.Account == "" {
		return ui.T(ctx, "webhooks.nobody"), ""
	}
	return c.Name(h.Provider), views.From(ctx).StoreName(h.Store)
}

// amount is the figure a webhook states, in its own notation if it names no currency.
func hasAmount(h inbox.Hook) bool { return h.Result.Amount.Currency != "" }

func stepName(ctx context.Context, s providers.Step) string {
	if key := "hook.step." + s.Name; ui.L(ctx).Has(key) {
		return ui.T(ctx, key)
	}
	return s.Name
}

func stepLine(ctx context.Context, s providers.Step) ui.LineOpts {
	tone := views.Good
	if !s.OK {
		tone = views.Bad
	}
	return ui.LineOpts{Tone: tone, Title: stepName(ctx, s), Text: s.Note}
}

func (s Show) tone() views.Tone { return health(context.Background(), s.Hook).Tone }

func (s Show) title(ctx context.Context) string {
	return ui.T(ctx, "webhooks.title", "When", ui.L(ctx).DateTime(s.Hook.ReceivedAt.In(views.From(ctx).Zone)))
}

// headers are the kept ones, in order, as text.
func (s Show) headers() string {
	names := make([]string, 0, len(s.Hook.Header))
	for name := range s.Hook.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		for _, value := range s.Hook.Header[name] {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	return b.String()
}

func (s Show) cut() bool { return !s.Hook.Whole() }

// mayCompare reports whether the message can be held against older secrets.
func (s Show) mayCompare() bool { return s.Hook.Whole() && s.Account.ID != "" }
