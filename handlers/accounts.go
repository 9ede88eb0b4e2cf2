package handlers

import (
	"errors"
	"net/http"
	"strings"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/accounts"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/store"
)

func (h *Handlers) accountRoutes() []route {
	return []route{
		{"GET /accounts", h.listAccounts, access.ViewAccounts},
		{"GET /accounts/new", h.newAccount, access.ManageAccounts},
		{"POST /accounts", h.connectAccount, access.ManageAccounts},
		{"GET /accounts/{id}", h.showAccount, access.ViewAccounts},
		{"POST /accounts/{id}/test", h.testAccount, access.ManageAccounts},
		{"GET /accounts/{id}/keys", h.editKeys, access.ManageAccounts},
		{"POST /accounts/{id}/keys", h.replaceKeys, access.ManageAccounts},
		{"POST /accounts/{id}/freeze", h.freezeAccount, access.FreezeSending},
		{"POST /accounts/{id}/methods", h.refreshMethods, access.ViewAccounts},
	}
}

func (h *Handlers) listAccounts(w http.ResponseWriter, r *http.Request) error {
	all, err := h.Stores.Accounts(r.Context(), person(r), access.ViewAccounts)
	if err != nil {
		return err
	}
	return h.page(w, r, accounts.ListPage(all, h.Stores.Catalog))
}

// connectForm is what is typed to connect an account; settings[…] follow what the provider asks for.
type connectForm struct {
	Store    string `form:"store" validate:"required,max=40"`
	Provider string `form:"provider" validate:"required,max=40"`
	Mode     string `form:"mode" validate:"required,oneof=test live"`
	Address  string `form:"address" validate:"max=200"`
	Label    string `form:"label" validate:"required,max=100"`
}

func (h *Handlers) newAccount(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	in := accounts.Connect{Store: store.ID(q.Get("store")), Mode: q.Get("mode"), Values: map[string]string{}}
	if in.Mode != views.Live {
		in.Mode = views.Test
	}
	return h.drawConnect(w, r, http.StatusOK, in, q.Get("provider"))
}

// drawConnect draws the choice of a provider, or its form once it is chosen.
func (h *Handlers) drawConnect(w http.ResponseWriter, r *http.Request, status int, in accounts.Connect, provider string) error {
	in.Stores = h.manageableStores(r)
	if len(in.Stores) == 0 {
		return h.redirect(w, r, link.Stores(r.Context()))
	}
	if in.Store == "" {
		in.Store = in.Stores[0].ID
	}
	def, ok := h.Stores.Catalog.Definition(provider)
	if !ok {
		return h.page(w, r, accounts.PickPage(in.Store, h.Stores.Catalog))
	}
	in.Definition = def
	in.Addresses = map[string][]providers.Address{views.Test: h.Stores.Catalog.Addresses(def.ID, false), views.Live: h.Stores.Catalog.Addresses(def.ID, true)}
	if h.Options.Sample != nil {
		in.Sample = h.Options.Sample(def.ID)
	}
	if in.Label == "" && status == http.StatusOK {
		in.Label = def.Name
	}
	return h.render(w, r, status, accounts.ConnectPage(in), nil)
}

func (h *Handlers) manageableStores(r *http.Request) []store.Store {
	var all []store.Store
	for _, st := range views.From(r.Context()).Stores {
		if access.Can(person(r), access.ManageAccounts, st.ID) {
			all = append(all, st)
		}
	}
	return all
}

func (h *Handlers) connectAccount(w http.ResponseWriter, r *http.Request) error {
	var form connectForm
	wrong, err := h.decode(r, &form, "settings[")
	if err != nil {
		return err
	}
	in := accounts.Connect{Store: store.ID(form.Store), Mode: form.Mode, Address: form.Address, Label: form.Label, Values: mapped(r, "settings"), Errors: map[string]string{}}
	for name := range wrong {
		in.Errors[name] = text(r, wrong, name)
	}
	if len(wrong) > 0 {
		return h.drawConnect(w, r, http.StatusUnprocessableEntity, in, form.Provider)
	}
	a, err := h.Stores.Connect(r.Context(), person(r), store.Connection{Store: in.Store, Provider: form.Provider, Live: form.Mode == views.Live,
		Address: form.Address, Label: form.Label, Settings: in.Values})
	if problems, ok := errors.AsType[store.InputErrors](err); ok {
		in.Errors = settingProblems(r, problems)
		return h.drawConnect(w, r, http.StatusUnprocessableEntity, in, form.Provider)
	}
	if err != nil {
		return err
	}
	return h.test(w, r, a)
}

func settingProblems(r *http.Request, problems store.InputErrors) map[string]string {
	all := map[string]string{}
	for _, e := range problems {
		all[e.Field] = views.From(r.Context()).Localizer.Say(e.Key, e.Args)
	}
	return all
}

// test makes the test call and leads to the account's page, which says what came of it.
func (h *Handlers) test(w http.ResponseWriter, r *http.Request, a store.Account) error {
	report, err := h.Companies.Check(r.Context(), person(r), a)
	if err != nil {
		return err
	}
	if report.Err != nil {
		h.say(w, r, views.Bad, "accounts.test_failed")
	} else {
		h.say(w, r, views.Good, "accounts.test_worked", "Took", report.Took)
	}
	return h.redirect(w, r, link.Account(r.Context(), string(a.ID)))
}

func (h *Handlers) account(r *http.Request, perm access.Permission) (store.Account, error) {
	return h.Stores.Account(r.Context(), person(r), perm, store.AccountID(r.PathValue("id")))
}

func (h *Handlers) showAccount(w http.ResponseWriter, r *http.Request) error {
	a, err := h.account(r, access.ViewAccounts)
	if err != nil {
		return err
	}
	settings, err := h.Stores.Shown(r.Context(), a)
	if err != nil {
		return err
	}
	def, _ := h.Stores.Catalog.Definition(a.Provider)
	address, known := h.Stores.Catalog.Address(a)
	calls, err := h.Companies.Calls(r.Context(), a.ID)
	if err != nil {
		return err
	}
	if a, err = h.account(r, access.ViewAccounts); err != nil { // with what was just written down
		return err
	}
	show := accounts.Show{Account: a, Calls: calls, Definition: def, Address: address, AddressKnown: known, Settings: settings}
	offer, err := h.Companies.Offer(r.Context(), a)
	if err != nil {
		show.MethodsError = true
		h.Log.InfoContext(r.Context(), "list methods", "account", a.ID, "err", err)
	}
	if show.Methods = offer.Methods; err == nil && !offer.Fresh(a, h.Now()) {
		show.ReadAt = offer.CheckedAt
	}
	if show.Offer, err = h.offerOf(r, a); err != nil {
		return err
	}
	return h.page(w, h.inMode(r, a.Live, a.Store), accounts.ShowPage(show))
}

// inMode marks a page as one of live or test money, in its store's time zone.
func (h *Handlers) inMode(r *http.Request, live bool, id store.ID) *http.Request {
	v := views.From(r.Context())
	v.Mode = map[bool]string{true: views.Live, false: views.Test}[live]
	v.Store = id
	for _, st := range v.Stores {
		if st.ID == id {
			v.Zone = st.Location()
		}
	}
	return r.WithContext(views.With(r.Context(), v))
}

func (h *Handlers) testAccount(w http.ResponseWriter, r *http.Request) error {
	a, err := h.account(r, access.ManageAccounts)
	if err != nil {
		return err
	}
	return h.test(w, r, a)
}

func (h *Handlers) refreshMethods(w http.ResponseWriter, r *http.Request) error {
	a, err := h.account(r, access.ViewAccounts)
	if err != nil {
		return err
	}
	before, err := h.Stores.Offer(r.Context(), a.ID)
	if err != nil {
		return err
	}
	after, err := h.Companies.Renew(r.Context(), a)
	if err == nil {
		err = h.Companies.Refresh(r.Context(), a)
	}
	switch {
	case err != nil:
		h.Log.InfoContext(r.Context(), "read what an account offers", "account", a.ID, "err", err)
		h.say(w, r, views.Bad, "accounts.not_reached")
	case before.Version > 0 && after.Version != before.Version:
		h.say(w, r, views.Warn, "offer.changed")
		return h.redirect(w, r, link.AccountOffer(r.Context(), string(a.ID)))
	default:
		h.say(w, r, views.Good, "accounts.refreshed")
	}
	return h.redirect(w, r, link.Account(r.Context(), string(a.ID)))
}

func (h *Handlers) editKeys(w http.ResponseWriter, r *http.Request) error {
	a, err := h.account(r, access.ManageAccounts)
	if err != nil {
		return err
	}
	return h.drawKeys(w, r, http.StatusOK, a, nil, nil)
}

// drawKeys draws the form for new keys. What is no secret is filled in; secrets never are.
func (h *Handlers) drawKeys(w http.ResponseWriter, r *http.Request, status int, a store.Account, typed, wrong map[string]string) error {
	shown, err := h.Stores.Shown(r.Context(), a)
	if err != nil {
		return err
	}
	def, _ := h.Stores.Catalog.Definition(a.Provider)
	values := map[string]string{}
	for _, s := range shown {
		values[s.Name] = s.Value
	}
	for _, f := range def.Settings {
		if v, ok := typed[f.Name]; ok && f.Type != providers.Secret {
			values[f.Name] = v
		}
	}
	return h.render(w, h.inMode(r, a.Live, a.Store), status, accounts.KeysPage(accounts.Keys{Account: a, Definition: def, Values: values, Errors: wrong}), nil)
}

func (h *Handlers) replaceKeys(w http.ResponseWriter, r *http.Request) error {
	a, err := h.account(r, access.ManageAccounts)
	if err != nil {
		return err
	}
	if _, err := h.decode(r, &struct{}{}, "settings["); err != nil {
		return err
	}
	typed := mapped(r, "settings")
	a, err = h.Stores.ReplaceSettings(r.Context(), person(r), a.ID, typed)
	if problems, ok := errors.AsType[store.InputErrors](err); ok {
		return h.drawKeys(w, r, http.StatusUnprocessableEntity, a, typed, settingProblems(r, problems))
	}
	if err != nil {
		return err
	}
	return h.test(w, r, a)
}

// freezeForm stops an account, or lets it go on.
type freezeForm struct {
	Do     string `form:"do" validate:"required,oneof=freeze unfreeze"`
	Reason string `form:"reason" validate:"max=200"`
}

func (h *Handlers) freezeAccount(w http.ResponseWriter, r *http.Request) error {
	a, err := h.account(r, access.FreezeSending)
	if err != nil {
		return err
	}
	var in freezeForm
	if wrong, err := h.decode(r, &in); err != nil || len(wrong) > 0 {
		return errors.Join(err, &formError{status: http.StatusBadRequest, key: "error.form"})
	}
	stop := in.Do == "freeze"
	if stop && strings.TrimSpace(in.Reason) == "" {
		in.Reason = words(r).T("accounts.frozen_no_reason")
	}
	return h.askFreezeOf(w, r, oneAccount+":"+string(a.ID), stop, in.Reason)
}
