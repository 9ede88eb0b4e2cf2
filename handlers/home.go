package handlers

import (
	"net/http"
	"time"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/home"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/books"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
)

func (h *Handlers) homeRoutes() []route {
	return []route{{"GET /{$}", h.showHome, access.SignedIn}}
}

// maxLines is how much of each kind the first page lists: the rest is one step away.
const maxLines = 5

// showHome is the first page: what needs this person, and how things stand.
func (h *Handlers) showHome(w http.ResponseWriter, r *http.Request) error {
	var page home.Home
	if !views.From(r.Context()).Can(access.ViewPayouts) {
		return h.page(w, r, home.NoRole())
	}
	for _, gather := range []func(*http.Request, *home.Home) error{
		h.addAccounts, h.addMatters, h.addWaiting, h.addOwn, h.addVolume, h.addStandings, h.addPaces, h.addRadar, h.addMonths, h.addSteps,
	} {
		if err := gather(r, &page); err != nil {
			return err
		}
	}
	return h.page(w, r, home.Page(page))
}

// addAccounts adds the accounts and what their providers posted lately.
func (h *Handlers) addAccounts(r *http.Request, page *home.Home) error {
	accounts, err := h.Stores.Accounts(r.Context(), person(r), access.ViewAccounts)
	if err != nil {
		return err
	}
	changed, err := h.Stores.Changed(r.Context(), h.Now().AddDate(0, 0, -recently))
	if err != nil {
		return err
	}
	for _, a := range accounts {
		one := home.Account{Account: a, Company: h.Stores.Catalog.Name(a.Provider), Changed: changed[a.ID]}
		if a.Frozen.On() {
			one.Frozen = h.frozenWords(r, a)
		}
		page.Accounts = append(page.Accounts, one)
	}
	page.Hooks, err = h.Hooks.Tally(r.Context(), payout.ScopeOf(person(r), access.ViewWebhooks), h.Now().Add(-24*time.Hour))
	return err
}

// recently is for how many days a payout that did not go through stands on the first page.
const recently = 3

// addMatters adds what needs a person now: open outcomes, and what did not go through and was not corrected.
func (h *Handlers) addMatters(r *http.Request, page *home.Home) error {
	ctx, scope := r.Context(), payout.ScopeOf(person(r), access.ViewPayouts)
	open, err := h.History.List(ctx, scope, payout.Filter{Review: true, Loud: true, Sort: payout.Oldest, Limit: maxLines})
	if err != nil {
		return err
	}
	page.Review = open.Rows
	lost, err := h.History.List(ctx, scope, payout.Filter{From: payout.DayOf(h.Now()) - recently, Limit: maxLines,
		States: payout.Lost()})
	if err != nil {
		return err
	}
	for _, row := range lost.Rows {
		corrected, err := h.History.Corrections(ctx, scope, row.ID)
		if err != nil {
			return err
		}
		if len(corrected) == 0 {
			page.Lost = append(page.Lost, row)
		}
	}
	return nil
}

// addWaiting adds what this person could approve, and who else is asked to agree to something.
func (h *Handlers) addWaiting(r *http.Request, page *home.Home) error {
	if views.From(r.Context()).Can(access.ApprovePayouts) {
		all, _, err := h.queued(r)
		if err != nil {
			return err
		}
		page.Waiting = undecided(all)
		page.Elsewhere = len(all) - len(page.Waiting)
		for i := range page.Waiting[:min(len(page.Waiting), maxLines)] {
			if err := h.compare(r, &page.Waiting[i]); err != nil {
				return err
			}
		}
	}
	if !views.From(r.Context()).Can(access.ManagePeople) {
		return nil
	}
	invitations, err := h.Access.Invitations(r.Context())
	for _, i := range invitations {
		if i.Waiting() && i.By != person(r).ID {
			page.Invitations = append(page.Invitations, i)
		}
	}
	return err
}

// addOwn adds what this person drafted and asked for.
func (h *Handlers) addOwn(r *http.Request, page *home.Home) error {
	if !views.From(r.Context()).Can(access.DraftPayouts) {
		return nil
	}
	mine := payout.Filter{Author: person(r).ID, Limit: maxLines}
	scope := payout.ScopeOf(person(r), access.DraftPayouts)
	mine.States = []payout.State{payout.Draft}
	drafts, err := h.History.List(r.Context(), scope, mine)
	if err != nil {
		return err
	}
	mine.States = []payout.State{payout.Submitted, payout.Approved, payout.Sending, payout.Accepted}
	asked, err := h.History.List(r.Context(), scope, mine)
	page.Drafts, page.Asked = drafts.Rows, asked.Rows
	return err
}

// addVolume adds what was paid in the last two weeks, by day as the page's time zone counts them.
func (h *Handlers) addVolume(r *http.Request, page *home.Home) error {
	v := views.From(r.Context())
	now := v.Now.In(v.Zone)
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, v.Zone)
	page.First = today.AddDate(0, 0, 1-home.Days)
	totals, err := h.History.Volume(r.Context(), payout.ScopeOf(person(r), access.ViewPayouts), payout.DayOf(page.First))
	page.Add(totals)
	return err
}

// addStandings adds how each provider does, and what is on its way now.
func (h *Handlers) addStandings(r *http.Request, page *home.Home) error {
	scope := payout.ScopeOf(person(r), access.ViewPayouts)
	today := payout.DayOf(views.From(r.Context()).Now.In(views.From(r.Context()).Zone))
	lastMonth := payout.DayOf(today.Time().AddDate(0, 0, -today.Time().Day()))
	all, err := h.History.Standings(r.Context(), scope, lastMonth)
	if err != nil {
		return err
	}
	for _, s := range all {
		page.Standings = append(page.Standings, home.Standing{Standing: s, Company: h.Stores.Catalog.Name(s.Provider)})
	}
	page.Since = lastMonth.Time().AddDate(0, 0, 1-lastMonth.Time().Day())
	page.Now, err = h.History.Totals(r.Context(), scope, payout.Filter{Mode: views.Live, States: home.Ways()})
	return err
}

// maxPaces is how many ways of paying the first page tells the time of.
const maxPaces = 12

// addPaces adds how long payouts take, by the way they are paid.
func (h *Handlers) addPaces(r *http.Request, page *home.Home) error {
	used, err := h.History.Used(r.Context(), payout.ScopeOf(person(r), access.ViewPayouts))
	if err != nil {
		return err
	}
	for _, m := range used.Methods {
		usual, err := h.Inbox.Usual(r.Context(), inbox.Way{Provider: m.Provider, Method: m.ID, Live: true})
		if err != nil {
			return err
		}
		if usual.Count > 0 && len(page.Paces) < maxPaces {
			page.Paces = append(page.Paces, home.Pace{Usual: usual, Method: m.Name, Company: m.Company})
		}
	}
	return nil
}

// addRadar adds the accounts whose provider tells less than is usual.
func (h *Handlers) addRadar(r *http.Request, page *home.Home) error {
	if !views.From(r.Context()).Can(access.ViewWebhooks) {
		return nil
	}
	var err error
	page.Radar, err = h.Inbox.Radar(r.Context(), person(r))
	return err
}

// addMonths adds the books of past months that somebody who keeps them has to close.
func (h *Handlers) addMonths(r *http.Request, page *home.Home) error {
	v := views.From(r.Context())
	if !v.Can(access.CloseMonths) || v.Can(access.ApprovePayouts) {
		return nil
	}
	all, err := h.Books.Months(r.Context(), person(r), books.Filter{Before: books.MonthOf(v.Now, v.Zone), Months: maxMonths})
	page.Companies = h.companyNames()
	for _, s := range all {
		if s.ClosedAt.IsZero() && len(page.Months) < maxLines {
			page.Months = append(page.Months, s)
		}
	}
	return err
}

// maxMonths is how many past months the first page looks for open books in.
const maxMonths = 3

// addSteps adds what is still to be set up, for those who can.
func (h *Handlers) addSteps(r *http.Request, page *home.Home) error {
	v := views.From(r.Context())
	if !v.Can(access.ManageStores) {
		return nil
	}
	some, err := h.History.List(r.Context(), payout.ScopeOf(v.Person, access.ViewPayouts), payout.Filter{Limit: 1})
	if err != nil {
		return err
	}
	page.Steps = []home.Step{{Code: "store", Done: len(v.Stores) > 0}, {Code: "account", Done: len(page.Accounts) > 0}}
	if v.Can(access.ManagePeople) {
		second, err := h.hasSecond(r)
		if err != nil {
			return err
		}
		page.Steps = append(page.Steps, home.Step{Code: "people", Done: second}, home.Step{Code: "totp", Done: v.Person.HasTOTP || v.Person.External})
	}
	page.Steps = append(page.Steps, home.Step{Code: "payout", Done: len(some.Rows) > 0})
	return nil
}

// hasSecond reports whether there are enough people to pay: two super admins, or one where one is meant to do.
func (h *Handlers) hasSecond(r *http.Request) (bool, error) {
	if onePerson, err := h.onePerson(r.Context()); err != nil || onePerson {
		return onePerson, err
	}
	people, err := h.Access.People(r.Context())
	n := 0
	for _, p := range people {
		if p.IsSuper() {
			n++
		}
	}
	return n > 1, err
}
