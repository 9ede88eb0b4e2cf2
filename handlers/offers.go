package handlers

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/accounts"
	"github.com/paywicket/paywicket/views/approvals"
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

// How many open payouts are held against an offer, and how far back it is looked for recipients. The page says so where there
// are more.
const (
	maxOpen   = 200
	maxLatest = 500
)

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
	page, err := h.offerOf(r, a)
	if err != nil {
		return err
	}
	page.Tell(said)
	return h.render(w, h.inMode(r, a.Live, a.Store), status, accounts.OfferPage(page), nil)
}

// offerOf gathers how an account's offer changed, and what does not fit it: drafts, payouts that wait, recipients.
func (h *Handlers) offerOf(r *http.Request, a store.Account) (accounts.Offer, error) {
	page := accounts.Offer{Account: a, Company: h.Stores.Catalog.Name(a.Provider)}
	var err error
	if page.Versions, err = h.Stores.Offers(r.Context(), a.ID); err != nil || len(page.Versions) == 0 {
		return page, err
	}
	scope := payout.ScopeOf(person(r), access.ViewPayouts)
	open, err := h.History.OpenOf(r.Context(), scope, a.ID, maxOpen+1)
	if err != nil {
		return page, err
	}
	paid, err := h.History.RecipientsOf(r.Context(), scope, a.ID, maxLatest)
	if err != nil {
		return page, err
	}
	page.Cut = len(open) > maxOpen || len(paid) == maxLatest
	for _, t := range open[:min(len(open), maxOpen)] {
		kind := accounts.Waiting
		if t.State == payout.Draft {
			kind = accounts.Draft
		}
		page.Affect(kind, t, misfits(t, page.Versions))
	}
	for _, t := range paid {
		if t.Mended != nil {
			t.Details = t.Mended
		}
		t.State = "" // whatever became of it
		page.Affect(accounts.Recipient, t, misfits(t, page.Versions))
	}
	return page, nil
}

// misfits tells what of an open payout, or of a recipient, which has no state, does not fit what its company asks for now. What
// was checked fitted then. Of a draft only that counts which fitted what was asked for when it was begun.
func misfits(t payout.Told, versions []store.Offer) []payout.Misfit {
	now := payout.Misfits(t.Details, methodIn(versions[0], t.Method))
	for i := range now {
		if now[i].Code == "gone" {
			now[i].Field = lastField(versions, t.Method, now[i].Field)
		}
	}
	switch {
	case t.State == "":
		return now
	case t.State != payout.Draft:
		return append(now, payout.Rewritten(t.Details, methodIn(versions[0], t.Method))...)
	case t.Method == "" || len(now) == 0:
		return nil
	}
	return payout.Newly(now, payout.Misfits(t.Details, methodIn(store.At(versions, t.CreatedAt), t.Method)))
}

// lastField is a field as it was asked for last, with the company's words for it.
func lastField(versions []store.Offer, method string, f providers.Field) providers.Field {
	for _, o := range versions {
		m, _ := o.Method(method)
		if i := slices.IndexFunc(m.Fields, func(was providers.Field) bool { return was.Name == f.Name }); i >= 0 {
			return m.Fields[i]
		}
	}
	return f
}

// methodIn is a method of an offer, nil if it is not offered.
func methodIn(o store.Offer, id string) *providers.Method {
	m, ok := o.Method(id)
	if !ok {
		return nil
	}
	return &m
}

// drift tells what of a payout that is not sent yet its company does not take any more, for its own pages.
func (h *Handlers) drift(r *http.Request, p *payout.Payout) (approvals.Drift, error) {
	if !editable(p.State) || accountOf(p) == "" {
		return approvals.Drift{}, nil
	}
	versions, err := h.heldAgainst(r, p)
	if err != nil || versions[0].Version == 0 {
		return approvals.Drift{}, err
	}
	t := payout.Told{Row: payout.Row{State: p.State, Method: methodOf(p), CreatedAt: p.CreatedAt}, Details: p.Typed()}
	a, err := h.Stores.AccountOf(r.Context(), p.Store, accountOf(p))
	if err != nil {
		return approvals.Drift{}, err
	}
	return approvals.Drift{Account: a.ID, Company: h.Stores.Catalog.Name(a.Provider), Misfits: misfits(t, versions)}, nil
}

// heldAgainst are the versions of an offer that tell whether a payout fits: of what was checked already, only the latest.
func (h *Handlers) heldAgainst(r *http.Request, p *payout.Payout) ([]store.Offer, error) {
	latest, err := h.Stores.Offer(r.Context(), accountOf(p))
	if err != nil || p.State != payout.Draft || latest.Version < 2 {
		return []store.Offer{latest}, err
	}
	return h.Stores.Offers(r.Context(), accountOf(p))
}

// mending is what fills in one payout or recipient.
type mending struct {
	Payout  string        `form:"payout" validate:"required,max=20"`
	Kind    accounts.Kind `form:"kind" validate:"required,oneof=draft waiting recipient"`
	Version int           `form:"version" validate:"required"`
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
	if err := checkFieldNames(r); err != nil {
		return err
	}
	p, err := h.draftable(r, payout.ParseID(in.Payout))
	if err != nil {
		return err
	}
	if p.Store != a.Store || accountOf(p) != a.ID {
		return payout.ErrNotFound
	}
	said := accounts.Affected{Kind: in.Kind, Told: payout.Told{Row: payout.Row{ID: p.ID}}, Typed: mapped(r, "fields")}
	form, err := h.Companies.Form(r.Context(), a, methodOf(p))
	if err != nil {
		return h.notTold(w, r, a, said, err)
	}
	if err := h.keepMended(r, in, p, form, said.Typed); err != nil {
		return h.notMended(w, r, a, said, err)
	}
	h.say(w, r, views.Good, "offer.mended."+string(in.Kind))
	return h.redirect(w, r, link.AccountOffer(r.Context(), string(a.ID)))
}

// keepMended stores what was filled in.
func (h *Handlers) keepMended(r *http.Request, in mending, p *payout.Payout, form payout.Form, typed map[string]string) error {
	if in.Kind != accounts.Recipient {
		_, err := h.Payouts.Mend(r.Context(), person(r), p.ID, in.Version, typed, form)
		return err
	}
	known, err := h.Stores.Mended(r.Context(), form.Account.ID, form.Method.ID, p.Content.RecipientKey(), p.CreatedAt)
	if err != nil {
		return err
	}
	if known == nil {
		known = p.Typed()
	}
	details := payout.FillIn(known, typed, form.Fields)
	clean, wrong := providers.CheckAll(form.Fields, details)
	if len(wrong) > 0 {
		return fieldErrors(wrong)
	}
	return h.Stores.MendRecipient(r.Context(), person(r), store.Mended{Account: form.Account.ID, Method: form.Method.ID,
		Key: p.Content.RecipientKey(), Details: clean}, form.Account)
}

func fieldErrors(wrong []*providers.FieldError) payout.FieldErrors {
	var all payout.FieldErrors
	for _, e := range wrong {
		all = append(all, payout.FieldProblem{Field: "fields[" + e.Field + "]", Key: "check." + e.Code, Args: e.Args})
	}
	return all
}

// notMended draws the page anew with what was typed and why it was not kept. What is no matter of the form is an error.
func (h *Handlers) notMended(w http.ResponseWriter, r *http.Request, a store.Account, said accounts.Affected, err error) error {
	status := http.StatusUnprocessableEntity
	refused, _ := errors.AsType[*payout.Error](err)
	switch wrong, isWrong := errors.AsType[payout.FieldErrors](err); {
	case isWrong:
		said.Problems = map[string]string{}
		for _, e := range wrong {
			name := strings.TrimSuffix(strings.TrimPrefix(e.Field, "fields["), "]")
			said.Problems[name] = words(r).Say(e.Key, e.Args)
		}
	case refused != nil && refused.Code == payout.CodeState:
		status, said.Said = http.StatusConflict, words(r).T("offer.not_changeable")
	case refused != nil && (refused.Code == payout.CodeChanged || refused.Code == payout.CodeAccount):
		status, said.Said = http.StatusConflict, words(r).T("offer.changed_meanwhile")
	default:
		return err
	}
	return h.offerPage(w, r, a, status, &said)
}

// notTold draws the page anew because the company could not say what it asks for. Where its method is gone, nothing is mended.
func (h *Handlers) notTold(w http.ResponseWriter, r *http.Request, a store.Account, said accounts.Affected, err error) error {
	if status, _ := h.Options.Fault(err); status != 0 {
		return err
	}
	if e, ok := errors.AsType[*providers.Error](err); ok && e.Code == providers.CodeUnknownMethod {
		return payout.ErrNotFound
	}
	h.Log.WarnContext(r.Context(), "ask provider for a form", "account", a.ID, "provider", a.Provider, "err", err)
	said.Said = words(r).T("offer.asleep", "Company", h.Stores.Catalog.Name(a.Provider))
	return h.offerPage(w, r, a, http.StatusUnprocessableEntity, &said)
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
