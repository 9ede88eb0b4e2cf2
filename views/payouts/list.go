// Package payouts is the pages about payouts as they are and were: the history with its filter and totals, and the page
// of one payout with everything that happened to it.
//
// The package makes no promise of compatibility.
package payouts

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/approvals"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/views/webhooks"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// List is the history as it is asked for.
type List struct {
	Query  Query
	Filter payout.Filter // of the query, what was understood
	Wrong  []Wrong       // what was not
	Page   payout.Page
	Booked map[payout.ID]payout.Booked // of the rows, where the columns tell of it
	Totals []payout.Total              // of the filter, whatever page is shown
	Others []payout.Total              // of the filter without its states, for the views beside the current one; nil: not added up
	// Pending says that Totals take long and come after the list; TooMuch that they would take too long.
	Pending, TooMuch bool
	Also             webhooks.Also // of a search for words
	Used             payout.Used
	Views            []payout.View // that the reader has or is shown
	Naming           Naming
	Names            []ProviderName
	Newer            Query // zero: there is nothing newer
	Older            Query
}

// ProviderName is a provider one can filter by.
type ProviderName struct{ ID, Name string }

// Wrong is a part of an address that says nothing to us. The sentence is in the catalogs under Key.
type Wrong struct {
	Name  string
	Value string
	Key   string
}

func (l List) count() int { return countOf(l.Totals, nil) }

// countOf counts the payouts of some totals in some states, in all of them if none is named.
func countOf(all []payout.Total, states []payout.State) int {
	n := 0
	for _, t := range all {
		if len(states) == 0 || slices.Contains(states, t.State) {
			n += t.Count
		}
	}
	return n
}

// empty is the way the list is empty: "" if it is not, "all" if there is nothing at all, "filter", or "page" beyond its end.
func (l List) empty() string {
	switch {
	case len(l.Page.Rows) > 0:
		return ""
	case !l.Page.Looked.IsZero():
		return "looked"
	case l.count() > 0 || l.Pending:
		return "page"
	case l.Query.Set():
		return "filter"
	}
	return "all"
}

func (l List) tabs(ctx context.Context) []ui.Tab {
	var all []ui.Tab
	words := []string{"", Open, Review, Lost, string(payout.Paid)}
	if views.From(ctx).Can(access.DraftPayouts) {
		words = append(words, string(payout.Draft))
	}
	for _, w := range words {
		all = append(all, ui.Tab{Text: stateWords(ctx, w), Href: l.Query.With("state", w).Href(ctx), Count: l.tabCount(ctx, w),
			Current: l.Query.Get("state") == w || (w == "" && l.isWrong("state"))})
	}
	return all
}

// tabCount is how many payouts a view would show. Contradictions are no state: they are counted only where nothing else
// narrows the list, or where they are shown.
func (l List) tabCount(ctx context.Context, word string) string {
	states := StatesOf(word)
	switch {
	case l.Others == nil && !l.Filter.Review:
		return ""
	case word == Review && l.Filter.Review:
		return ui.L(ctx).Number(l.count())
	case word == Review && l.Query.With("state", "").Set():
		return ""
	case word == Review:
		return ui.L(ctx).Number(views.From(ctx).Review)
	case word != "" && len(states) == 0:
		states = []payout.State{payout.State(word)}
	}
	return ui.L(ctx).Number(countOf(l.Others, states))
}

// stateWords is what the filter calls a state or a word for several.
func stateWords(ctx context.Context, word string) string {
	switch word {
	case "", Open, Review, Lost:
		return ui.T(ctx, "payouts.view."+orAll(word))
	}
	var all []string
	for name := range strings.SplitSeq(word, ",") {
		if key := "state." + strings.TrimSpace(name); ui.L(ctx).Has(key) {
			all = append(all, ui.T(ctx, key))
		}
	}
	return ui.L(ctx).Or(all...)
}

func orAll(word string) string {
	if word == "" {
		return "all"
	}
	return word
}

// found says how much the filter finds.
func (l List) found(ctx context.Context) string {
	if l.Pending {
		return ""
	}
	text := ui.N(ctx, "payouts.found", l.count())
	if paid := countOf(l.Totals, []payout.State{payout.Paid}); paid > 0 && l.Query.Get("state") != string(payout.Paid) {
		text = ui.N(ctx, "payouts.found_paid", l.count(), "Paid", paid)
	}
	if len(views.From(ctx).Stores) > 1 && l.Query.Get("store") == "" {
		return ui.Then(ctx, text, ui.T(ctx, "payouts.zones"))
	}
	return text
}

func (l List) shown(ctx context.Context) string {
	sorted := cmp.Or(string(l.Filter.Sort), "newest")
	if l.Pending {
		return ui.T(ctx, "payouts.sorted_of_many."+sorted, "Shown", len(l.Page.Rows))
	}
	return ui.T(ctx, "payouts.sorted."+sorted, "Shown", len(l.Page.Rows), "Count", l.count())
}

// stayed reports whether the money is known not to have moved, or to have come back.
func stayed(s payout.State) bool {
	switch s {
	case payout.NotSent, payout.Refused, payout.NotExecuted, payout.Failed, payout.Cancelled, payout.Returned,
		payout.Rejected, payout.Withdrawn, payout.Discarded:
		return true
	default:
		return false
	}
}

func rowMoney(r payout.Row) ui.MoneyOpts {
	return ui.MoneyOpts{Test: !r.Live, Out: stayed(r.State)}
}

func zone(ctx context.Context, id store.ID) *time.Location {
	r := views.From(ctx)
	if i := slices.IndexFunc(r.Stores, func(s store.Store) bool { return s.ID == id }); i >= 0 {
		return r.Stores[i].Location()
	}
	return r.Zone
}

// Recipient names who a row pays. A number that stands in for a missing name is masked; a draft has nobody yet.
func Recipient(ctx context.Context, r payout.Row) string {
	switch {
	case r.Recipient == "" && r.Amount.Currency == "" && r.Description != "":
		return r.Description
	case r.Recipient == "" && r.Amount.Currency == "":
		return ui.T(ctx, "payouts.draft_blank")
	case r.Recipient == r.Number:
		return approvals.Recipient(ctx, providers.Mask(r.Number))
	}
	return r.Recipient
}

// How is the way a row is paid: "MTN MoMo Benin ··0926".
func How(r payout.Row) string {
	return strings.TrimSpace(r.MethodName + " " + providers.Mask(r.Number))
}

// company names who pays a row; a draft has only an account.
func company(r payout.Row) string {
	if r.Company == "" {
		return r.AccountLabel
	}
	return r.Company
}

// why is the quiet line below a row's state.
func why(ctx context.Context, r payout.Row) string {
	switch r.State {
	case payout.Draft, payout.Discarded, payout.Withdrawn:
		return r.AuthorName
	case payout.Submitted:
		return ui.T(ctx, "payouts.by", "Name", r.AuthorName)
	case payout.Sending, payout.Accepted, payout.Unknown:
		return ui.T(ctx, "payouts.for", "Age", ui.L(ctx).Age(views.From(ctx).Now.Sub(r.SentAt)))
	default:
		return r.Reason
	}
}

// href is where a row leads: to the form for a draft one may go on with.
func href(ctx context.Context, r payout.Row) string {
	if r.State == payout.Draft && access.Can(views.From(ctx).Person, access.DraftPayouts, r.Store) {
		return link.PayoutEdit(ctx, string(r.ID))
	}
	return link.Payout(ctx, string(r.ID))
}

func hrefOf(ctx context.Context, q Query) string {
	if q.values == nil {
		return ""
	}
	return q.Href(ctx)
}

// noneKey says what to do where there are no payouts at all.
func noneKey(ctx context.Context) string {
	if views.From(ctx).Can(access.DraftPayouts) {
		return "payouts.none_draft"
	}
	return "payouts.none_read"
}

// ending is the last part of a payout's number: enough to tell the rows of a page apart.
func ending(r payout.Row) string {
	number := r.ID.Number()
	return number[strings.LastIndex(number, "-")+1:]
}

// brief keeps a long identifier from widening its column.
func brief(id string) string {
	const most = 16
	if len(id) <= most {
		return id
	}
	return id[:most-1] + "…"
}

// shownSum is a sum as the page shows it: nothing where drafts have no amount.
func shownSum(a money.Amount) money.Amount {
	if a.Currency == "" {
		return money.Amount{}
	}
	return a
}

// shownFee is the fees of a sum; none were told where they come to nothing.
func shownFee(a money.Amount) money.Amount {
	if a.Minor == 0 {
		return money.Amount{}
	}
	return a
}
