package payouts

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/web/payout"
)

// Query is the history's address: what a person set, as they set it. Empty members set nothing.
type Query struct {
	values url.Values
}

// names lists what an address may set, in the order of the form.
func names() []string {
	return []string{"q", "store", "provider", "state", "currency", "from", "to", "method", "mode", "min", "max", "sort", "cols", "after", "before"}
}

// ReadQuery takes what is known from an address, each name once; several states are joined by commas.
func ReadQuery(given url.Values) Query {
	q := Query{url.Values{}}
	for _, name := range names() {
		values := slices.DeleteFunc(slices.Clone(given[name]), func(v string) bool { return strings.TrimSpace(v) == "" })
		switch {
		case len(values) == 0:
		case name == "state":
			q.values.Set(name, strings.Join(values, ","))
		default:
			q.values.Set(name, strings.TrimSpace(values[0]))
		}
	}
	return q
}

// Get is the value of a name, "" if it is not set.
func (q Query) Get(name string) string { return q.values.Get(name) }

// Set reports whether anything narrows the list.
func (q Query) Set() bool {
	for name := range q.values {
		if name != "sort" && name != "cols" && name != "after" && name != "before" {
			return true
		}
	}
	return false
}

// OnlyWords reports whether the first page is asked for of what has some words, and nothing else but of which store or provider.
func (q Query) OnlyWords() bool {
	for name := range q.values {
		if !slices.Contains([]string{"q", "store", "provider", "sort", "cols"}, name) {
			return false
		}
	}
	return q.Get("q") != ""
}

// With is the query with one value changed, from the first page on; "" takes it away.
func (q Query) With(name, value string) Query {
	next := Query{url.Values{}}
	for n, v := range q.values {
		if n != "after" && n != "before" {
			next.values[n] = v
		}
	}
	next.values.Del(name)
	if value != "" {
		next.values.Set(name, value)
	}
	return next
}

// Href is the history with this query.
func (q Query) Href(ctx context.Context) string { return link.PayoutsQuery(ctx, q.values) }

// The words that stand for several states. Review is unknown outcomes and contradictions.
const (
	Open   = "open"   // not paid yet
	Review = "review" // needs people
	Lost   = "lost"   // did not go through
)

// StatesOf lists the states a word stands for; nothing if it is a single state, unknown, or Review.
func StatesOf(word string) []payout.State {
	switch word {
	case Open:
		return []payout.State{payout.Submitted, payout.Approved, payout.Sending, payout.Accepted, payout.Unknown}
	case Lost:
		return []payout.State{payout.NotSent, payout.Refused, payout.NotExecuted, payout.Failed, payout.Cancelled, payout.Returned, payout.Rejected}
	}
	return nil
}
