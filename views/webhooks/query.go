package webhooks

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/web/inbox"
)

// Query is the inbox's address: what a person set, as they set it. Empty members set nothing.
type Query struct{ values url.Values }

// The views that are no verdicts.
const (
	Late   = "late"
	Floods = "floods"
)

// names lists what an address may set, in the order of the form.
func names() []string {
	return []string{"q", "view", "verdict", "store", "provider", "account", "payout", "address", "from", "to", "after", "before"}
}

// ReadQuery takes what is known from an address, each name once; several verdicts are joined by commas.
func ReadQuery(given url.Values) Query {
	q := Query{url.Values{}}
	for _, name := range names() {
		values := slices.DeleteFunc(slices.Clone(given[name]), func(v string) bool { return strings.TrimSpace(v) == "" })
		switch {
		case len(values) == 0:
		case name == "verdict":
			q.values.Set(name, cut(strings.Join(values, ",")))
		default:
			q.values.Set(name, cut(strings.TrimSpace(values[0])))
		}
	}
	return q
}

// maxValue is how many bytes of a value are looked at; every link of the page carries them.
const maxValue = 200

func cut(text string) string {
	return strings.TrimSpace(strings.ToValidUTF8(text[:min(len(text), maxValue)], "\uFFFD"))
}

// Get is the value of a name, "" if it is not set.
func (q Query) Get(name string) string { return q.values.Get(name) }

// Set reports whether anything narrows the list.
func (q Query) Set() bool {
	for name := range q.values {
		if name != "after" && name != "before" {
			return true
		}
	}
	return false
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

// Values are the members, for an address that takes the same filter.
func (q Query) Values() url.Values { return q.With("", "").values }

// Href is the inbox with this query.
func (q Query) Href(ctx context.Context) string { return link.WebhooksQuery(ctx, q.values) }

// At is the query at a place of the list, "" if there is no such place.
func (q Query) At(ctx context.Context, name string, c inbox.Cursor) string {
	if c.IsZero() {
		return ""
	}
	place := strconv.FormatInt(c.At.UnixMilli(), 10) + "-" + c.ID
	if c.Seq != 0 {
		place = strconv.FormatInt(c.Seq, 10)
	}
	return q.With(name, place).Href(ctx)
}

// Cursor reads a place from the query; false if it holds something that is none.
func (q Query) Cursor(name string) (inbox.Cursor, bool) {
	text := q.Get(name)
	if text == "" {
		return inbox.Cursor{}, true
	}
	at, id, isTime := strings.Cut(text, "-")
	n, err := strconv.ParseInt(at, 10, 64)
	switch {
	case err != nil || n <= 0 || len(id) > 40 || isTime == (id == "") || isTime == (q.Get("q") != ""):
		return inbox.Cursor{}, false
	case !isTime:
		return inbox.Cursor{Seq: n}, true
	}
	return inbox.Cursor{At: time.UnixMilli(n).UTC(), ID: id}, true
}

// Verdicts reads the verdicts that are asked for; false if one of them is none.
func (q Query) Verdicts() ([]inbox.Verdict, bool) {
	var all []inbox.Verdict
	for name := range strings.SplitSeq(q.Get("verdict"), ",") {
		v := inbox.Verdict(strings.TrimSpace(name))
		if v == "" {
			continue
		}
		if !slices.Contains(inbox.Verdicts(), v) {
			return nil, false
		}
		if !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	return all, true
}
