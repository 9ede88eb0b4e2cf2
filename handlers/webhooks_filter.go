package handlers

import (
	"net/http"
	"slices"
	"time"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/webhooks"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// hookFilterReader reads a filter of the inbox out of an address. What says nothing to us is left out and told.
type hookFilterReader struct {
	query  webhooks.Query
	view   views.Request
	filter inbox.Filter
	wrong  []string
}

func (h *Handlers) readHookFilter(r *http.Request, q webhooks.Query) (inbox.Filter, []string) {
	f := &hookFilterReader{query: q, view: views.From(r.Context()), filter: inbox.Filter{Text: q.Get("q"), Lean: true, Limit: 25}}
	f.filter.Account, f.filter.Payout, f.filter.Address = store.AccountID(q.Get("account")), payout.ParseID(q.Get("payout")), q.Get("address")
	if i := slices.IndexFunc(f.view.Stores, func(s store.Store) bool { return string(s.ID) == q.Get("store") }); i >= 0 {
		f.filter.Store, f.view.Zone = f.view.Stores[i].ID, f.view.Stores[i].Location()
	}
	f.take("store", func(string) bool { return f.filter.Store != "" })
	f.take("provider", func(value string) bool {
		_, known := h.Stores.Catalog.Definition(value)
		if known {
			f.filter.Provider = value
		}
		return known
	})
	f.take("verdict", func(string) bool {
		all, known := q.Verdicts()
		f.filter.Verdicts = all
		return known
	})
	f.take("view", func(value string) bool {
		f.filter.Late = value == webhooks.Late
		return value == webhooks.Late || value == webhooks.Floods
	})
	f.take("from", func(value string) bool { return f.day(value, 0, &f.filter.From) })
	f.take("to", func(value string) bool { return f.day(value, 1, &f.filter.To) })
	f.place("after", &f.filter.After)
	if f.place("before", &f.filter.Before); !f.filter.Before.IsZero() {
		f.filter.After = inbox.Cursor{}
	}
	return f.filter, f.wrong
}

func (f *hookFilterReader) take(name string, read func(string) bool) {
	if value := f.query.Get(name); value != "" && !read(value) {
		f.wrong = append(f.wrong, name)
	}
}

// day takes a day as the page's time zone counts it, or the one some days later.
func (f *hookFilterReader) day(value string, later int, into *time.Time) bool {
	day, err := time.ParseInLocation(time.DateOnly, value, f.view.Zone)
	if err != nil || day.Year() < 1970 {
		return false
	}
	*into = day.AddDate(0, 0, later)
	return true
}

func (f *hookFilterReader) place(name string, into *inbox.Cursor) {
	f.take(name, func(string) bool {
		c, ok := f.query.Cursor(name)
		*into = c
		return ok
	})
}
