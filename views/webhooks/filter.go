package webhooks

import (
	"context"
	"slices"
	"time"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// inboxID is the part of the page that a new filter draws anew.
const inboxID = "inbox"

// fields are those of the filter.
func (l List) fields() ui.FilterFields { return ui.FilterFields{Area: "webhooks", Get: l.Query.Get} }

func (l List) choice(ctx context.Context, name string, options []ui.Option) ui.Field {
	return l.fields().Choice(ctx, name, options, func(value string) string { return l.say(ctx, name, value) })
}

func (l List) providers(ctx context.Context) ui.Field {
	var all []ui.Option
	for _, d := range l.Catalog.Definitions() {
		all = append(all, ui.Option{Value: d.ID, Label: d.Name})
	}
	return l.choice(ctx, "provider", all)
}

func (l List) accounts(ctx context.Context) ui.Field {
	var all []ui.Option
	for _, a := range l.Accounts {
		all = append(all, ui.Option{Value: string(a.ID), Label: a.Label})
	}
	return l.choice(ctx, "account", all)
}

func (l List) verdicts(ctx context.Context) ui.Field {
	var all []ui.Option
	for _, v := range inbox.Verdicts() {
		all = append(all, ui.Option{Value: string(v), Label: ui.T(ctx, "hook.verdict."+string(v))})
	}
	return l.choice(ctx, "verdict", all)
}

// kept are the parts of the filter that have no field of their own.
func (l List) kept() []string { return []string{"view", "payout", "address"} }

// chips are the parts of the filter that are set and understood, each with the list without it.
func (l List) chips(ctx context.Context) []ui.Chip {
	var all []ui.Chip
	for _, name := range names() {
		value := l.Query.Get(name)
		if value == "" || slices.Contains(l.Wrong, name) || name == "after" || name == "before" {
			continue
		}
		all = append(all, ui.Chip{Text: ui.T(ctx, "webhooks.chip."+name, "Value", ui.Shorten(l.say(ctx, name, value))), Href: l.Query.With(name, "").Href(ctx)})
	}
	return all
}

// say is a value of the filter in words.
func (l List) say(ctx context.Context, name, value string) string {
	switch name {
	case "q":
		return ui.L(ctx).Quote(value)
	case "store":
		return views.From(ctx).StoreName(store.ID(value))
	case "provider":
		return l.Catalog.Name(value)
	case "account":
		if i := slices.IndexFunc(l.Accounts, func(a store.Account) bool { return string(a.ID) == value }); i >= 0 {
			return l.Accounts[i].Label
		}
	case "payout":
		return payout.ParseID(value).Number()
	case "view":
		return ui.T(ctx, "webhooks.view."+value)
	case "verdict":
		var words []string
		for _, v := range l.Filter.Verdicts {
			words = append(words, ui.T(ctx, "hook.verdict."+string(v)))
		}
		if len(words) > 0 {
			return ui.Comma(ctx, words...)
		}
	case "from", "to":
		if day, err := time.Parse(time.DateOnly, value); err == nil {
			return ui.L(ctx).Date(day)
		}
	}
	return value
}

// wrong says what was left out of the filter.
func (l List) wrong(ctx context.Context, name string) string {
	return ui.T(ctx, "webhooks.wrong_line", "Name", ui.T(ctx, "webhooks.filter."+name), "Value", ui.Shorten(l.Query.Get(name)))
}

// tabs are the views people need: everything, and what went wrong in which way.
func (l List) tabs(ctx context.Context) []ui.Tab {
	base := l.Query.With("view", "").With("verdict", "")
	view, verdict := l.Query.Get("view"), l.Query.Get("verdict")
	all := []ui.Tab{{Text: ui.T(ctx, "webhooks.all"), Href: base.Href(ctx), Current: view == "" && verdict == ""}}
	add := func(text, name, value string, current bool) {
		all = append(all, ui.Tab{Text: text, Href: base.With(name, value).Href(ctx), Current: current})
	}
	add(ui.T(ctx, "webhooks.view.forged"), "verdict", string(inbox.Forged), verdict == string(inbox.Forged))
	add(ui.T(ctx, "hook.verdict.unmatched"), "verdict", string(inbox.Unmatched), verdict == string(inbox.Unmatched))
	add(ui.T(ctx, "webhooks.view.late"), "view", Late, view == Late)
	for _, v := range []inbox.Verdict{inbox.Duplicate, inbox.Conflicting, inbox.Confirming, inbox.Misaddressed} {
		add(ui.T(ctx, "hook.verdict."+string(v)), "verdict", string(v), verdict == string(v))
	}
	if seesAll(ctx) {
		add(ui.T(ctx, "webhooks.view.floods"), "view", Floods, view == Floods)
	}
	return all
}

// seesAll reports whether the person sees what belongs to no store.
func seesAll(ctx context.Context) bool {
	return access.ReachOf(views.From(ctx).Person, access.ViewWebhooks).All
}

// found says why a search found a row, "" if that is not plain to see.
func (l List) found(ctx context.Context, h inbox.Hook) string {
	if l.Filter.Text == "" {
		return ""
	}
	return whyFound(ctx, h, l.Filter.Text)
}

func (l List) floodText(ctx context.Context, f inbox.Flood) string {
	return ui.T(ctx, "webhooks.flood_hour", "When", ui.L(ctx).DateTime(f.Hour.In(views.From(ctx).Zone)))
}

func (l List) floodHref(ctx context.Context, f inbox.Flood) string {
	return ReadQuery(map[string][]string{"address": {f.Address}, "verdict": {string(inbox.Forged), string(inbox.Misaddressed), string(inbox.Failed)}}).Href(ctx)
}

// until says how far back was looked where that ended before the page was full.
func (l List) until(ctx context.Context) string {
	return ui.T(ctx, "webhooks.until", "When", ui.L(ctx).DateTime(l.Page.Until.In(views.From(ctx).Zone)))
}

// further is where looking goes on.
func (l List) further(ctx context.Context) string {
	if !l.Filter.Before.IsZero() {
		return l.Query.At(ctx, "before", l.Page.Prev)
	}
	return l.Query.At(ctx, "after", l.Page.Next)
}

// textOf is a text of the catalogs, "" for none.
func textOf(ctx context.Context, key string) string {
	if key == "" {
		return ""
	}
	return ui.T(ctx, key)
}
