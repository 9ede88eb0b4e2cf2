package handlers

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/payouts"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/policy"
	"github.com/paywicket/paywicket/web/store"
)

// maxHooks is how many webhooks the page of a payout tells of: far more than any provider sends about one.
const maxHooks = 200

func (h *Handlers) showPayout(w http.ResponseWriter, r *http.Request) error {
	o, r, err := h.one(r, h.Now())
	if err != nil {
		return err
	}
	return h.page(w, r, payouts.OnePage(o))
}

// showState is the part of the page that changes while a payout is on its way. What a script has on screen already is
// not sent again.
func (h *Handlers) showState(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	opened := h.Now()
	if unix, err := strconv.ParseInt(q.Get("since"), 10, 64); err == nil && unix > 0 && time.Unix(unix, 0).Before(opened) {
		opened = time.Unix(unix, 0)
	}
	o, r, err := h.one(r, opened)
	if err != nil {
		return err
	}
	if wantsPart(r) && o.Same(r.Context(), q.Get("is")) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	r = told(r, o, q.Get("is"))
	return h.render(w, r, http.StatusOK, payouts.OnePage(o), payouts.State(o, true))
}

// told says aloud that the payout stands elsewhere than on screen.
func told(r *http.Request, o payouts.One, was string) *http.Request {
	if was == "" || o.SameState(was) {
		return r
	}
	v := views.From(r.Context())
	v.Flash = append(v.Flash, views.Flash{Text: v.Localizer.T("payouts.now", "State", v.Localizer.T("state."+string(o.Payout.State)))})
	return r.WithContext(views.With(r.Context(), v))
}

// one gathers everything about a payout, and limits what surrounds the page to it.
func (h *Handlers) one(r *http.Request, opened time.Time) (payouts.One, *http.Request, error) {
	p, err := h.payoutOf(r)
	if err != nil {
		return payouts.One{}, r, err
	}
	o := payouts.One{Payout: p, Opened: opened}
	for _, gather := range []func(*http.Request, *payouts.One) error{h.addParties, h.addThread, h.addDeciders, h.addRelated, h.addBooked, h.addBooks} {
		if err := gather(r, &o); err != nil {
			return o, r, err
		}
	}
	return o, about(r, o), nil
}

// about limits what surrounds the page to its payout. A draft has the mode of the account that is chosen so far.
func about(r *http.Request, o payouts.One) *http.Request {
	if o.Payout.Content.Account != "" {
		return aboutPayout(r, o.Payout, o.Payout.Content.Live)
	}
	r = aboutPayout(r, o.Payout, o.Account.Live)
	if o.Account.ID == "" {
		v := views.From(r.Context())
		v.Mode = ""
		r = r.WithContext(views.With(r.Context(), v))
	}
	return r
}

// addParties adds the account and the author.
func (h *Handlers) addParties(r *http.Request, o *payouts.One) error {
	id := o.Payout.Content.Account
	if id == "" {
		id = o.Payout.Input.Account
	}
	account, err := h.Stores.AccountOf(r.Context(), o.Payout.Store, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	o.Account, o.Halted = account, views.From(r.Context()).Frozen
	def, _ := h.Stores.Catalog.Definition(account.Provider)
	o.CannotAsk = def.CannotAsk
	if account.Stopped().On() {
		o.Halted = h.frozenWords(r, account)
	}
	if o.Drift, err = h.drift(r, o.Payout); err != nil {
		return err
	}
	author, err := h.Access.Person(r.Context(), o.Payout.Author)
	if errors.Is(err, access.ErrNotFound) {
		author, err = access.Person{Name: string(o.Payout.Author)}, nil
	}
	o.AuthorName = author.Name
	return err
}

// frozenWords says why an account sends nothing.
func (h *Handlers) frozenWords(r *http.Request, a store.Account) string {
	if a.Frozen.Cause() != "" {
		return words(r).T("payouts.frozen."+a.Frozen.Cause(), "Company", h.Stores.Catalog.Name(a.Provider))
	}
	return a.Stopped().Reason
}

// addThread adds what people did, what was said to the provider and what it posted to us.
func (h *Handlers) addThread(r *http.Request, o *payouts.One) error {
	ctx, scope := r.Context(), payout.ScopeOf(person(r), access.ViewPayouts)
	var err error
	if o.Entries, err = h.Audit.Of(ctx, scope, string(o.Payout.ID)); err != nil {
		return err
	}
	if o.Exchanges, err = h.History.Exchanges(ctx, scope, o.Payout.ID); err != nil {
		return err
	}
	if o.Approvals, err = h.Audit.Approvals(ctx, scope, o.Payout.ID); err != nil {
		return err
	}
	page, err := h.Hooks.List(ctx, payout.ScopeOf(person(r), access.ViewWebhooks), inbox.Filter{Payout: o.Payout.ID, Limit: maxHooks})
	o.Hooks, o.MoreHooks = page.Hooks, page.Next != (inbox.Cursor{})
	return err
}

// addBooked adds how it stands in the books.
func (h *Handlers) addBooked(r *http.Request, o *payouts.One) error {
	all, err := h.History.Booked(r.Context(), payout.ScopeOf(person(r), access.ViewPayouts), []payout.ID{o.Payout.ID})
	o.Booked = all[o.Payout.ID]
	return err
}

// addBooks adds what the books tell of it.
func (h *Handlers) addBooks(r *http.Request, o *payouts.One) error {
	trace, err := h.Books.Trace(r.Context(), person(r), o.Payout.Store, o.Payout.ID)
	if err != nil || trace.Empty() {
		return err
	}
	names, err := h.names(r)
	o.Others = append(o.Others, payouts.BooksStory(r.Context(), trace, o.Payout.Content.Company, names)...)
	return err
}

// addDeciders adds who may approve a payout that waits.
func (h *Handlers) addDeciders(r *http.Request, o *payouts.One) error {
	if o.Payout.State != payout.Submitted {
		return nil
	}
	everybody, err := h.Access.People(r.Context())
	for _, who := range everybody {
		ruling, err := h.Payouts.Ruling(r.Context(), o.Payout, who)
		if err != nil {
			return err
		}
		if ruling.Bar == policy.None {
			o.Approvers = append(o.Approvers, who.Name)
			o.MayApprove = o.MayApprove || who.ID == person(r).ID
		}
	}
	slices.Sort(o.Approvers)
	return err
}

// addRelated adds what is known of the recipient and which payouts took this one's place.
func (h *Handlers) addRelated(r *http.Request, o *payouts.One) error {
	scope := payout.ScopeOf(person(r), access.ViewPayouts)
	earlier, err := h.History.Earlier(r.Context(), scope, o.Payout)
	if err != nil {
		return err
	}
	o.Earlier = earlier.Know()
	o.Corrections, err = h.History.Corrections(r.Context(), scope, o.Payout.ID)
	return err
}
