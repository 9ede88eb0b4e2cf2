package handlers

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/payouts"
	"github.com/paywicket/paywicket/views/webhooks"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

func (h *Handlers) payoutRoutes() []route {
	return []route{
		{"GET /payouts", h.listPayouts, access.ViewPayouts},
		{"GET /payouts/totals", h.payoutTotals, access.ViewPayouts},
		{"POST /payouts/views", h.saveView, access.ViewPayouts},
		{"POST /payouts/views/{id}/remove", h.removeView, access.ViewPayouts},
		{"GET /payouts/{id}", h.showPayout, access.ViewPayouts},
		{"GET /payouts/{id}/state", h.showState, access.ViewPayouts},
	}
}

// listPayouts is the history. A filter that a script asks for gets its part of the page, at the address without the
// fields that were left empty.
func (h *Handlers) listPayouts(w http.ResponseWriter, r *http.Request) error {
	q := payouts.ReadQuery(r.URL.Query())
	r = inHistory(r, q)
	list, err := h.history(r, q)
	if err != nil {
		return err
	}
	if wantsPart(r) {
		w.Header().Set("HX-Push-Url", q.Href(r.Context()))
	}
	return h.render(w, r, http.StatusOK, payouts.ListPage(list), payouts.History(list, true))
}

// inHistory limits what surrounds the list to what it is limited to: a store with its time, a mode.
func inHistory(r *http.Request, q payouts.Query) *http.Request {
	v := views.From(r.Context())
	if i := slices.IndexFunc(v.Stores, func(s store.Store) bool { return string(s.ID) == q.Get("store") }); i >= 0 {
		v.Store, v.Zone = v.Stores[i].ID, v.Stores[i].Location()
	}
	if mode := q.Get("mode"); mode == views.Live || mode == views.Test {
		v.Mode = mode
	}
	return r.WithContext(views.With(r.Context(), v))
}

func (h *Handlers) history(r *http.Request, q payouts.Query) (payouts.List, error) {
	ctx, scope := r.Context(), payout.ScopeOf(person(r), access.ViewPayouts)
	list := payouts.List{Query: q, Names: h.providerNames()}
	list.Filter, list.Wrong = h.readFilter(r, q)
	var err error
	if list.Page, err = h.History.List(ctx, scope, list.Filter); err != nil {
		return list, err
	}
	if err := h.addBookedRows(ctx, scope, &list); err != nil {
		return list, err
	}
	list.Newer, list.Older = q.At("before", list.Page.Prev), q.At("after", list.Page.Next)
	if list.Filter.Sort == payout.Oldest {
		list.Newer, list.Older = q.At("after", list.Page.Next), q.At("before", list.Page.Prev)
	}
	if list.Also, err = h.alsoIn(r, list); err != nil {
		return list, err
	}
	if list.Views, err = h.Views.Of(ctx, person(r)); err != nil {
		return list, err
	}
	if list.Used, err = h.History.Used(ctx, scope); err != nil {
		return list, err
	}
	return list, h.addTotals(ctx, scope, &list)
}

// How many webhooks are looked at and shown below a search for payouts.
const (
	lookedHooks = 20
	fewHooks    = 5
)

// alsoIn finds the webhooks that hold what is searched among payouts, without those about the payouts found. What else the filter
// asks is about payouts, so that nothing is looked for where it asks more than for a store or a provider.
func (h *Handlers) alsoIn(r *http.Request, list payouts.List) (webhooks.Also, error) {
	f, scope := list.Filter, webhookScope(r)
	if !list.Query.OnlyWords() || len(scope.Reach().IDs) == 0 && !scope.Reach().All {
		return webhooks.Also{}, nil
	}
	page, err := h.Hooks.List(r.Context(), scope, inbox.Filter{Text: f.Text, Store: f.Store, Provider: f.Provider, Lean: true, Limit: lookedHooks})
	also := webhooks.Also{Typed: f.Text, Store: string(f.Store), Provider: f.Provider}
	also.Hooks = slices.DeleteFunc(page.Hooks, func(hook inbox.Hook) bool {
		return slices.ContainsFunc(list.Page.Rows, func(row payout.Row) bool { return row.ID == hook.Payout })
	})
	also.Hooks = also.Hooks[:min(len(also.Hooks), fewHooks)]
	return also, err
}

// addBookedRows tells how the rows of a page stand in the books, where its columns say so.
func (h *Handlers) addBookedRows(ctx context.Context, scope payout.Scope, list *payouts.List) error {
	if !list.TellsBooks() {
		return nil
	}
	ids := make([]payout.ID, len(list.Page.Rows))
	for i, row := range list.Page.Rows {
		ids[i] = row.ID
	}
	var err error
	list.Booked, err = h.History.Booked(ctx, scope, ids)
	return err
}

// payoutTotals is the totals of a filter that took too long to add up for the list to wait for them.
func (h *Handlers) payoutTotals(w http.ResponseWriter, r *http.Request) error {
	q := payouts.ReadQuery(r.URL.Query())
	r = inHistory(r, q)
	list := payouts.List{Query: q, Names: h.providerNames()}
	list.Filter, list.Wrong = h.readFilter(r, q)
	ctx, cancel := context.WithTimeout(r.Context(), totalsPatience)
	defer cancel()
	var err error
	list.Totals, err = h.History.Totals(ctx, payout.ScopeOf(person(r), access.ViewPayouts), list.Filter)
	if ctx.Err() != nil && r.Context().Err() == nil {
		list.TooMuch, err = true, nil
	}
	if err != nil {
		return err
	}
	return h.render(w, r, http.StatusOK, payouts.TotalsPage(list), payouts.LateTotals(list))
}

// How long totals that are not kept ready may take: while the list waits for them, and by themselves.
const (
	listPatience   = 40 * time.Millisecond
	totalsPatience = 20 * time.Second
)

// addTotals adds up what the filter finds, and what it would find in other states. Totals are made by state, so that one
// look at the database serves for both. What takes long is added up after the list is shown.
func (h *Handlers) addTotals(ctx context.Context, scope payout.Scope, list *payouts.List) error {
	wider := list.Filter
	wider.States, wider.Review = nil, false
	whole := list.Page.Next.IsZero() && list.Page.Prev.IsZero()
	quick, cancel := ctx, context.CancelFunc(func() {})
	if !wider.Summed() && (!whole || len(list.Filter.States) > 0 || list.Filter.Review) {
		quick, cancel = context.WithTimeout(ctx, listPatience)
	}
	defer cancel()
	var err error
	list.Others, err = h.History.Totals(quick, scope, wider)
	if quick.Err() != nil && ctx.Err() == nil {
		list.Others = nil
		if list.Pending = !whole; whole {
			list.Totals, err = h.History.Totals(ctx, scope, list.Filter)
			return err
		}
		return nil
	}
	if err != nil {
		return err
	}
	if list.Filter.Review {
		list.Totals, err = h.History.Totals(ctx, scope, list.Filter)
		return err
	}
	list.Totals = slices.DeleteFunc(slices.Clone(list.Others), func(t payout.Total) bool {
		return len(list.Filter.States) > 0 && !slices.Contains(list.Filter.States, t.State)
	})
	return nil
}

func (h *Handlers) providerNames() []payouts.ProviderName {
	var all []payouts.ProviderName
	for _, d := range h.Stores.Catalog.Definitions() {
		all = append(all, payouts.ProviderName{ID: d.ID, Name: d.Name})
	}
	return all
}
