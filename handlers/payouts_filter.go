package handlers

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/payouts"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// filterReader reads a filter out of an address, one name at a time. What says nothing to us is left out and told.
type filterReader struct {
	query  payouts.Query
	view   views.Request
	names  []payouts.ProviderName
	filter payout.Filter
	wrong  []payouts.Wrong
}

func (h *Handlers) readFilter(r *http.Request, q payouts.Query) (payout.Filter, []payouts.Wrong) {
	f := &filterReader{query: q, view: views.From(r.Context()), names: h.providerNames()}
	f.filter.Text = q.Get("q")
	f.filter.Method = q.Get("method")
	for name, read := range map[string]func(string) bool{
		"store": f.store, "provider": f.provider, "state": f.states, "mode": f.mode, "sort": f.sort, "cols": payouts.HasColumns,
	} {
		f.take(name, "payouts.wrong_"+name, read)
	}
	f.dates()
	f.take("currency", "payouts.wrong_currency", f.currency)
	f.amounts()
	f.cursors()
	slices.SortFunc(f.wrong, func(a, b payouts.Wrong) int { return strings.Compare(a.Name, b.Name) })
	return f.filter, f.wrong
}

func (f *filterReader) take(name, key string, read func(string) bool) {
	if value := f.query.Get(name); value != "" && !read(value) {
		f.wrong = append(f.wrong, payouts.Wrong{Name: name, Value: value, Key: key})
	}
}

// store takes a store the person may see. Another's looks like none.
func (f *filterReader) store(value string) bool {
	f.filter.Store = store.ID(value)
	known := slices.ContainsFunc(f.view.Stores, func(s store.Store) bool { return s.ID == f.filter.Store })
	if !known {
		f.filter.Store = ""
	}
	return known
}

func (f *filterReader) provider(value string) bool {
	known := slices.ContainsFunc(f.names, func(p payouts.ProviderName) bool { return p.ID == value })
	if known {
		f.filter.Provider = value
	}
	return known
}

// states takes one state, several with commas between, or a word for several.
func (f *filterReader) states(value string) bool {
	if value == payouts.Review {
		f.filter.Review = true
		return true
	}
	if all := payouts.StatesOf(value); len(all) > 0 {
		f.filter.States = all
		return true
	}
	var all []payout.State
	for name := range strings.SplitSeq(value, ",") {
		s := payout.State(strings.TrimSpace(name))
		if !slices.Contains(payout.States(), s) {
			return false
		}
		all = append(all, s)
	}
	f.filter.States = all
	return true
}

func (f *filterReader) mode(value string) bool {
	known := value == views.Live || value == views.Test
	if known {
		f.filter.Mode = value
	}
	return known
}

func (f *filterReader) sort(value string) bool {
	f.filter.Sort = payout.Sort(value)
	if f.filter.Sort != payout.Oldest {
		f.filter.Sort = payout.Newest
	}
	return value == string(payout.Oldest)
}

// dates takes the first and the last day, both included, as the store of each payout counts them.
func (f *filterReader) dates() {
	f.take("from", "payouts.wrong_date", func(value string) bool { return readDay(value, &f.filter.From) })
	f.take("to", "payouts.wrong_date", func(value string) bool { return readDay(value, &f.filter.To) })
}

func readDay(value string, into *payout.Day) bool {
	at, err := time.Parse(time.DateOnly, value)
	day := payout.DayOf(at)
	if err != nil || day <= 0 {
		return false
	}
	*into = day
	return true
}

func (f *filterReader) currency(value string) bool {
	value = strings.ToUpper(value)
	_, known := money.Digits(value)
	if known {
		f.filter.Currency = value
	}
	return known
}

// amounts takes bounds as people write them in their language. Without a currency nobody knows what they mean.
func (f *filterReader) amounts() {
	if f.filter.Currency == "" {
		no := func(string) bool { return false }
		f.take("min", "payouts.wrong_no_currency", no)
		f.take("max", "payouts.wrong_no_currency", no)
		return
	}
	f.take("min", "payouts.wrong_amount", func(value string) bool { return f.amount(value, &f.filter.Min) })
	f.take("max", "payouts.wrong_amount", func(value string) bool { return f.amount(value, &f.filter.Max) })
}

// machineAmount is an amount as programs write it, which no language takes for another one.
var machineAmount = regexp.MustCompile(`^[0-9]+\.[0-9]{1,2}$`)

func (f *filterReader) amount(value string, into *string) bool {
	a, err := money.Parse(value, f.view.Language, f.filter.Currency)
	if e, ok := errors.AsType[*money.ParseError](err); ok && e.Code == "zero" { // nobody pays nothing, but one may look from it on
		a, err = money.Amount{Currency: f.filter.Currency}, nil
	}
	if err != nil && machineAmount.MatchString(value) {
		a, err = money.ParseDecimal(value, f.filter.Currency)
	}
	if err == nil {
		*into = a.Decimal()
	}
	return err == nil
}

func (f *filterReader) cursors() {
	for name, into := range map[string]*payout.Cursor{"after": &f.filter.After, "before": &f.filter.Before} {
		f.take(name, "payouts.wrong_place", func(string) bool {
			at, ok := f.query.Cursor(name)
			*into = at
			return ok
		})
	}
	if !f.filter.Before.IsZero() {
		f.filter.After = payout.Cursor{}
	}
}
