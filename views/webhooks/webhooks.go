// Package webhooks is the inbox: everything providers posted to us, and what became of it. It makes no promise of
// compatibility.
package webhooks

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/store"
)

// List is one page of the inbox.
type List struct {
	Page    inbox.Page
	Filter  inbox.Filter
	Catalog store.Catalog
}

// Show is one webhook.
type Show struct {
	Hook    inbox.Hook
	Account store.Account
	Catalog store.Catalog
}

// ReadCursor reads a place in the list from an address; what cannot be read is no place.
func ReadCursor(text string) inbox.Cursor {
	ms, id, ok := strings.Cut(text, "-")
	n, err := strconv.ParseInt(ms, 10, 64)
	if !ok || err != nil {
		return inbox.Cursor{}
	}
	return inbox.Cursor{At: time.UnixMilli(n), ID: id}
}

func (l List) query(change func(url.Values)) url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"verdict": string(l.Filter.Verdict), "store": string(l.Filter.Store), "provider": l.Filter.Provider, "payout": string(l.Filter.Payout)} {
		if value != "" {
			q.Set(name, value)
		}
	}
	change(q)
	return q
}

func (l List) cursor(ctx context.Context, name string, c inbox.Cursor) string {
	if c.ID == "" {
		return ""
	}
	return link.WebhooksQuery(ctx, l.query(func(q url.Values) { q.Set(name, strconv.FormatInt(c.At.UnixMilli(), 10)+"-"+c.ID) }))
}

func (l List) pager(ctx context.Context) ui.PagerOpts {
	return ui.PagerOpts{Shown: ui.N(ctx, "webhooks.shown", len(l.Page.Hooks)), Newer: l.cursor(ctx, "before", l.Page.Prev), Older: l.cursor(ctx, "after", l.Page.Next)}
}

// tabs are the views people need: everything, and what went wrong in which way.
func (l List) tabs(ctx context.Context) []ui.Tab {
	all := []ui.Tab{{Text: ui.T(ctx, "webhooks.all"), Href: l.view(ctx, ""), Current: l.Filter.Verdict == ""}}
	for _, v := range []inbox.Verdict{inbox.Forged, inbox.Unmatched, inbox.Conflicting, inbox.Duplicate, inbox.Confirming, inbox.Misaddressed} {
		all = append(all, ui.Tab{Text: ui.T(ctx, "hook.verdict."+string(v)), Href: l.view(ctx, v), Current: l.Filter.Verdict == v})
	}
	return all
}

func (l List) view(ctx context.Context, v inbox.Verdict) string {
	return link.WebhooksQuery(ctx, l.query(func(q url.Values) {
		q.Del("verdict")
		if v != "" {
			q.Set("verdict", string(v))
		}
	}))
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
		return ui.T(ctx, "webhooks.moved", "From", ui.T(ctx, "state."+string(h.From)), "To", ui.T(ctx, "state."+string(h.To)))
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

// body is what came, laid out for reading if it is JSON, and never cut short without a word.
func (s Show) body() string {
	var laid bytes.Buffer
	if json.Indent(&laid, s.Hook.Body, "", "  ") == nil {
		return laid.String()
	}
	if utf8.Valid(s.Hook.Body) {
		return string(s.Hook.Body)
	}
	return strings.ToValidUTF8(string(s.Hook.Body), "\uFFFD")
}

func (s Show) cut() bool { return len(s.Hook.Body) < s.Hook.Size }
