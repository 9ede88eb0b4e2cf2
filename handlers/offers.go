package handlers

import (
	"errors"
	"net/http"
	"slices"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/accounts"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

func (h *Handlers) offerRoutes() []route {
	return []route{
		{"GET /accounts/{id}/offer", h.showOffer, access.ViewAccounts},
		{"POST /accounts/{id}/mend", h.mend, access.DraftPayouts},
	}
}

// maxAffected bounds how many payouts and recipients are held against a changed offer: the page says so if there are more.
const maxAffected = 200

// showOffer shows how an account's offer changed, and what does not fit it any more.
func (h *Handlers) showOffer(w http.ResponseWriter, r *http.Request) error {
	a, err := h.account(r, access.ViewAccounts)
	if err != nil {
		return err
	}
	return h.offerPage(w, r, a, http.StatusOK, nil)
}

// offerPage draws the page; said is a row whose form has something to say.
func (h *Handlers) offerPage(w http.ResponseWriter, r *http.Request, a store.Account, status int, said *accounts.Affected) error {
	page := accounts.Offer{Account: a, Company: h.Stores.Catalog.Name(a.Provider)}
	var err error
	if page.Versions, err = h.Stores.Offers(r.Context(), a.ID); err != nil {
		return err
	}
	if err := h.addAffected(r, &page); err != nil {
		return err
	}
	for i := range page.Affected {
		if said != nil && page.Affected[i].Row.ID == said.Row.ID && page.Affected[i].Kind == said.Kind {
			page.Affected[i].Typed, page.Affected[i].Problems = said.Typed, said.Problems
		}
	}
	return h.render(w, h.inMode(r, a.Live, a.Store), status, accounts.OfferPage(page), nil)
}

// addAffected finds drafts, waiting payouts and recipients that do not fit what changed after they were written.
func (h *Handlers) addAffected(r *http.Request, page *accounts.Offer) error {
	if len(page.Versions) < 2 {
		return nil
	}
	ctx, scope := r.Context(), payout.ScopeOf(person(r), access.ViewPayouts)
	open, err := h.History.List(ctx, scope, payout.Filter{Account: page.Account.ID, Limit: maxAffected,
		States: []payout.State{payout.Draft, payout.Submitted, payout.Approved}})
	if err != nil {
		return err
	}
	paid, err := h.History.RecipientsOf(ctx, scope, page.Account.ID, maxAffected)
	if err != nil {
		return err
	}
	page.Cut = len(open.Rows) == maxAffected || len(paid) == maxAffected
	for _, row := range open.Rows {
		kind := accounts.Waiting
		if row.State == payout.Draft {
			kind = accounts.Draft
		}
		if err := h.affect(r, page, kind, row); err != nil {
			return err
		}
	}
	for _, row := range paid {
		if err := h.affect(r, page, accounts.Recipient, row); err != nil {
			return err
		}
	}
	return nil
}

// affect adds a payout or the recipient of one if it does not fit.
func (h *Handlers) affect(r *http.Request, page *accounts.Offer, kind accounts.Kind, row payout.Row) error {
	p, err := h.Payouts.Find(r.Context(), person(r), row.ID)
	if err != nil {
		return err
	}
	details, id, since := p.Typed(), p.Content.Method, p.SubmittedAt
	switch kind {
	case accounts.Draft:
		id, since = p.Input.Method, p.UpdatedAt
	case accounts.Recipient:
		mended, err := h.Stores.Mended(r.Context(), page.Account.ID, id, p.Content.RecipientKey(), p.CreatedAt)
		if err != nil || mended != nil && len(payout.Misfits(mended, page.Latest().Find(id))) == 0 {
			return err
		}
	}
	changes := page.Since(since, id)
	if id == "" || len(changes) == 0 {
		return nil
	}
	var all []payout.Misfit
	for _, m := range payout.Misfits(details, page.Latest().Find(id)) {
		i := slices.IndexFunc(changes, func(c store.Change) bool { return c.Field.Name == m.Field.Name })
		if i >= 0 && m.Code == "gone" {
			m.Field = changes[i].Field // with its words
		}
		if i >= 0 || m.Code == "method_gone" {
			all = append(all, m)
		}
	}
	if len(all) > 0 {
		page.Affected = append(page.Affected, accounts.Affected{Kind: kind, Row: row, Name: nameOf(p, row, page.Latest().Find(id)), Version: p.Version,
			Misfits: all, Typed: details})
	}
	return nil
}

// nameOf is whom a payout pays, as far as a draft says it.
func nameOf(p *payout.Payout, row payout.Row, m *providers.Method) string {
	switch {
	case p.State != payout.Draft:
		return accounts.NameOf(row)
	case m == nil:
		return ""
	}
	return providers.Value(m.Fields, p.Input.Details, providers.RoleName)
}

// mending is what fills in one payout or recipient.
type mending struct {
	Payout  string `form:"payout" validate:"required,max=20"`
	Kind    string `form:"kind" validate:"required,oneof=draft waiting recipient"`
	Version int    `form:"version" validate:"required"`
}

// mend fills in what a payout or a recipient lacks since the company began to ask for it, and touches nothing else.
func (h *Handlers) mend(w http.ResponseWriter, r *http.Request) error {
	a, err := h.account(r, access.DraftPayouts)
	if err != nil {
		return err
	}
	var in mending
	if wrong, err := h.decode(r, &in, "fields["); err != nil || len(wrong) > 0 {
		return errors.Join(err, &formError{status: http.StatusBadRequest, key: "error.form"})
	}
	p, err := h.draftable(r, payout.ParseID(in.Payout))
	if err != nil {
		return err
	}
	form, err := h.Companies.Form(r.Context(), a, methodOf(p))
	if p.Store != a.Store || accountOf(p) != a.ID || err != nil {
		return errors.Join(err, payout.ErrNotFound)
	}
	typed := mapped(r, "fields")
	mended := p.Mend(typed, form.Method)
	if problems := mendProblems(r, mended.Details, typed, form.Method); len(problems) > 0 {
		return h.offerPage(w, r, a, http.StatusUnprocessableEntity,
			&accounts.Affected{Kind: accounts.Kind(in.Kind), Row: payout.Row{ID: p.ID}, Typed: mended.Details, Problems: problems})
	}
	if err := h.keepMended(r, in, p, form, mended); err != nil {
		return h.notMended(w, r, a, err)
	}
	h.say(w, r, views.Good, "offer.mended."+in.Kind)
	return h.redirect(w, r, link.AccountOffer(r.Context(), string(a.ID)))
}

// notMended says that somebody was quicker; everything else is an error.
func (h *Handlers) notMended(w http.ResponseWriter, r *http.Request, a store.Account, err error) error {
	_, refused := errors.AsType[*payout.Error](err)
	_, wrong := errors.AsType[payout.FieldErrors](err)
	if !refused && !wrong {
		return err
	}
	h.say(w, r, views.Warn, "offer.changed_meanwhile")
	return h.redirect(w, r, link.AccountOffer(r.Context(), string(a.ID)))
}

func methodOf(p *payout.Payout) string {
	if p.State == payout.Draft {
		return p.Input.Method
	}
	return p.Content.Method
}

func accountOf(p *payout.Payout) store.AccountID {
	if p.State == payout.Draft {
		return p.Input.Account
	}
	return p.Content.Account
}

// mendProblems says what is wrong with what was typed, by field.
func mendProblems(r *http.Request, details, typed map[string]string, m providers.Method) map[string]string {
	all := map[string]string{}
	_, wrong := providers.CheckAll(m.Fields, details)
	for _, e := range wrong {
		if _, asked := typed[e.Field]; asked {
			all[e.Field] = views.From(r.Context()).Localizer.Say("check."+e.Code, e.Args)
		}
	}
	return all
}

// keepMended stores it. One that waits for approval is edited, which voids what was approved, and asked for anew.
func (h *Handlers) keepMended(r *http.Request, in mending, p *payout.Payout, form payout.Form, mended payout.Input) error {
	ctx, by := r.Context(), person(r)
	if in.Kind == string(accounts.Recipient) {
		return h.Stores.MendRecipient(ctx, by, store.Mended{Account: form.Account.ID, Method: form.Method.ID, Key: p.Content.RecipientKey(), Details: mended.Details},
			form.Account)
	}
	edited, err := h.Payouts.Edit(ctx, by, p.ID, in.Version, mended)
	if err != nil || p.State == payout.Draft {
		return err
	}
	_, err = h.Payouts.Submit(ctx, by, edited.ID, form)
	return err
}
