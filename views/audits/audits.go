// Package audits is the page of the audit log. It makes no promise of compatibility.
package audits

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/books"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// List is one page of the log, newest first.
type List struct {
	Rows   []audit.Entry
	Filter audit.Filter
	Query  url.Values // as it was asked for
	Wrong  []string   // parts of it that say nothing
	Names  map[access.PersonID]string
	Next   int64 // the older page begins before this row; 0: there is none
}

// with is the query with one part set anew, "" to leave it out; a change begins with the newest rows.
func (l List) with(name, value string) url.Values {
	q := url.Values{}
	for key, values := range l.Query {
		if key != "before" && len(values) > 0 && values[0] != "" {
			q.Set(key, values[0])
		}
	}
	q.Del(name)
	if value != "" {
		q.Set(name, value)
	}
	return q
}

func (l List) pager(ctx context.Context) ui.PagerOpts {
	p := ui.PagerOpts{Shown: ui.N(ctx, "audit.shown", len(l.Rows))}
	if l.Filter.Before > 0 {
		p.Newer = link.AuditQuery(ctx, l.with("", ""))
	}
	if l.Next > 0 {
		p.Older = link.AuditQuery(ctx, l.with("before", strconv.FormatInt(l.Next, 10)))
	}
	return p
}

func (l List) narrowed() bool { return len(l.with("", "")) > 0 }

func (l List) who(ctx context.Context) ui.Field {
	f := ui.Field{Name: "who", Label: ui.T(ctx, "audit.col.who"), Value: l.Filter.Actor, Blank: ui.T(ctx, "audit.anybody")}
	for _, id := range slices.SortedFunc(maps.Keys(l.Names), func(a, b access.PersonID) int { return strings.Compare(l.Names[a], l.Names[b]) }) {
		f.Options = append(f.Options, ui.Option{Value: string(id), Label: l.Names[id]})
	}
	f.Options = append(f.Options, ui.Option{Value: audit.System, Label: "Paywicket"})
	return f
}

func (l List) what(ctx context.Context) ui.Field {
	f := ui.Field{Name: "what", Label: ui.T(ctx, "audit.col.what"), Value: l.Filter.Area, Blank: ui.T(ctx, "audit.anything")}
	for _, area := range audit.Areas() {
		f.Options = append(f.Options, ui.Option{Value: area, Label: ui.T(ctx, "audit.area."+area)})
	}
	return f
}

func (l List) about(ctx context.Context) ui.Field {
	return ui.Field{Name: "about", Label: ui.T(ctx, "audit.col.about"), Value: l.Query.Get("about"), Placeholder: "PW-7F3K-20M9-X4QD"}
}

func (l List) day(ctx context.Context, name string) ui.Field {
	return ui.Field{Name: name, Label: ui.T(ctx, "audit."+name), Type: "date", Value: l.Query.Get(name)}
}

func (l List) chips(ctx context.Context) []ui.Chip {
	var all []ui.Chip
	for _, name := range []string{"who", "what", "about", "store", "from", "to"} {
		value := l.Query.Get(name)
		if value == "" {
			continue
		}
		text := value
		switch name {
		case "who":
			if known := l.Names[access.PersonID(value)]; known != "" {
				text = known
			}
		case "what":
			text = ui.T(ctx, "audit.area."+value)
		case "store":
			text = views.From(ctx).StoreName(store.ID(value))
		}
		all = append(all, ui.Chip{Text: text, Href: link.AuditQuery(ctx, l.with(name, ""))})
	}
	return all
}

func what(ctx context.Context, e audit.Entry) string { return ui.T(ctx, "audit."+string(e.Action)) }

// subject is what a row is about: where it leads and what it is called.
func (l List) subject(ctx context.Context, e audit.Entry) (string, string) {
	area := e.Action.Area()
	switch {
	case e.Subject == "":
		return "", ""
	case area == "payout" || area == "conflict":
		return link.Payout(ctx, e.Subject), payout.ID(e.Subject).Number()
	case area == "account":
		return link.Account(ctx, e.Subject), ui.T(ctx, "accounts.col.account")
	case area == "recipient":
		return link.AccountOffer(ctx, e.Subject), ui.T(ctx, "accounts.col.account")
	case area == "store":
		return link.Store(ctx, e.Subject), views.From(ctx).StoreName(store.ID(e.Subject))
	case area == "books":
		return month(ctx, e.Subject)
	case area == "webhook":
		return link.Webhook(ctx, e.Subject), ui.T(ctx, "nav.webhooks")
	case area == "policy":
		return link.Policy(ctx, e.Subject), ui.T(ctx, "nav.policies")
	case area == "person":
		name := l.Names[access.PersonID(e.Subject)]
		if name == "" {
			name = ui.T(ctx, "audit.col.who")
		}
		return link.Person(ctx, e.Subject), name
	}
	return "", ""
}

// month is the books a row is about.
func month(ctx context.Context, subject string) (string, string) {
	k, ok := books.ParseKey(subject)
	if !ok {
		return "", ""
	}
	return link.BookMonth(ctx, link.Book{Store: string(k.Store), Provider: k.Provider, Currency: k.Currency, Month: string(k.Month), Test: !k.Live}),
		ui.T(ctx, "nav.books") + " " + ui.L(ctx).Month(k.Month.Begin(time.UTC))
}

// details is a row's JSON laid out for reading, "" if it holds nothing.
func details(e audit.Entry) string {
	var b bytes.Buffer
	if e.Details == "{}" || json.Indent(&b, []byte(e.Details), "", "  ") != nil {
		return ""
	}
	return b.String()
}
