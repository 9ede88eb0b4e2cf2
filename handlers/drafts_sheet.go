package handlers

import (
	"errors"
	"net/http"
	"slices"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/drafts"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// sheet makes the form of a request: what may be chosen, and what only one choice is left for.
func (h *Handlers) sheet(r *http.Request, d *draft) (*drafts.Sheet, error) {
	s, err := h.place(r, d)
	if err != nil {
		return nil, err
	}
	if s.Account != nil {
		h.askCompany(r, d, s)
	}
	settle(d, s)
	inOwnLanguage(r, d, s)
	if err := h.foresee(r, d, s); err != nil {
		return nil, err
	}
	s.Find, err = h.find(r, s, d.query)
	return s, err
}

// place makes the part of the form that asks nobody outside: store and account.
func (h *Handlers) place(r *http.Request, d *draft) (*drafts.Sheet, error) {
	s := &drafts.Sheet{In: d.in, Key: d.key, Follows: d.follows, Notices: append(voidNotices(r, d.p), d.notices...), Language: d.in.Language}
	s.Keep(d.p)
	if err := h.pickStore(r, d, s); err != nil {
		return nil, err
	}
	return s, h.pickAccount(r, d, s)
}

func (h *Handlers) pickStore(r *http.Request, d *draft, s *drafts.Sheet) error {
	p := person(r)
	for _, st := range views.From(r.Context()).Stores {
		fixed := d.p != nil && d.p.State != payout.Draft && st.ID != d.p.Store
		if access.Can(p, access.DraftPayouts, st.ID) && !fixed {
			s.Stores = append(s.Stores, st)
		}
	}
	s.Store = store.ID(d.form.Store)
	if s.Store == "" && d.p != nil {
		s.Store = d.p.Store
	}
	if s.Store != "" && !slices.ContainsFunc(s.Stores, func(st store.Store) bool { return st.ID == s.Store }) {
		return store.ErrNotFound
	}
	if s.Store == "" && len(s.Stores) == 1 {
		s.Store = s.Stores[0].ID
	}
	return nil
}

func (h *Handlers) pickAccount(r *http.Request, d *draft, s *drafts.Sheet) error {
	all, err := h.Stores.Accounts(r.Context(), person(r), access.DraftPayouts)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(a store.Account) bool { return a.ID == s.In.Account })
	switch {
	case i < 0 && s.In.Account != "" && !d.opened:
		return store.ErrNotFound
	case i >= 0 && s.Store == "":
		s.Store = all[i].Store
	}
	for _, a := range all {
		if a.Store == s.Store {
			s.Accounts = append(s.Accounts, drafts.Account{Account: a, Company: h.Stores.Catalog.Name(a.Provider)})
		}
	}
	if i < 0 || all[i].Store != s.Store {
		s.In.Account = ""
	}
	if s.In.Account == "" && len(s.Accounts) == 1 {
		s.In.Account = s.Accounts[0].ID
	}
	for _, a := range s.Accounts {
		if a.ID == s.In.Account {
			s.Account, s.Company = &a.Account, a.Company
		}
	}
	return nil
}

// askCompany asks the account's company how it can pay and what it must be told. What it cannot say becomes a notice: the
// form stays.
func (h *Handlers) askCompany(r *http.Request, d *draft, s *drafts.Sheet) {
	offer, err := h.Companies.Offer(r.Context(), *s.Account)
	if err != nil {
		h.notAnswered(r, s, err)
		return
	}
	if !offer.Fresh(*s.Account, h.Now()) {
		s.Notices = append(s.Notices, agedNotice(r, s, h.Now().Sub(offer.CheckedAt)))
	}
	all := offer.Methods
	if len(all) == 0 {
		s.Notices = append(s.Notices, noMethodsNotice(r, s))
		return
	}
	h.pickMethod(r, d, s, all)
	if s.Method == nil {
		return
	}
	s.Fields, err = h.Companies.Fields(r.Context(), *s.Account, s.Method.ID)
	if err != nil {
		h.notAnswered(r, s, err)
		return
	}
	s.Known = true
	if d.opened && len(s.In.Details) > 0 {
		if lines := changedFields(r, s); len(lines) > 0 {
			s.Notices = append(s.Notices, fieldsNotice(r, s, lines))
		}
	}
}

// pickMethod finds the method among those the account offers, and the country it belongs to.
func (h *Handlers) pickMethod(r *http.Request, d *draft, s *drafts.Sheet, all []providers.Method) {
	i := slices.IndexFunc(all, func(m providers.Method) bool { return m.ID == s.In.Method })
	if i < 0 && s.In.Method != "" && sameAccount(d, s) {
		s.Notices = append(s.Notices, methodGoneNotice(r, d, s))
	}
	s.Countries = countries(all)
	switch {
	case i >= 0 && s.In.Country == "":
		s.In.Country = countryOf(all[i])
	case !slices.Contains(s.Countries, s.In.Country):
		s.In.Country = ""
	}
	if s.In.Country == "" && len(s.Countries) == 1 {
		s.In.Country = s.Countries[0]
	}
	s.Methods = methodsIn(all, s.In.Country)
	i = slices.IndexFunc(s.Methods, func(m providers.Method) bool { return m.ID == s.In.Method })
	if i < 0 {
		s.In.Method = ""
	}
	if i < 0 && len(s.Methods) == 1 {
		i, s.In.Method = 0, s.Methods[0].ID
	}
	if i >= 0 {
		s.Method = &s.Methods[i]
	}
}

// sameAccount reports whether the method was chosen for the account that is chosen now.
func sameAccount(d *draft, s *drafts.Sheet) bool {
	return d.in.Account == s.In.Account && (d.form.Drawn == "" || d.form.Drawn == string(s.In.Account)+"/"+d.in.Method)
}

func countryOf(m providers.Method) string {
	if m.Country == "" {
		return drafts.Anywhere
	}
	return m.Country
}

// countries lists where an account can pay, each once.
func countries(all []providers.Method) []string {
	var codes []string
	for _, m := range all {
		codes = append(codes, countryOf(m))
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// methodsIn are the methods of a country and those that know no country.
func methodsIn(all []providers.Method, country string) []providers.Method {
	if country == "" {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(all), func(m providers.Method) bool { return m.Country != "" && m.Country != country })
}

// inOwnLanguage writes an amount that was typed in another language as the reader's language does. What cannot be read
// stays as it is; a currency that is not known yet leaves the language as it is, too.
func inOwnLanguage(r *http.Request, d *draft, s *drafts.Sheet) {
	own := views.From(r.Context()).Language
	if d.opened && s.In.Language != own {
		if s.Method == nil {
			own = s.In.Language
		} else if a, err := money.Parse(s.In.Amount, s.In.Language, s.Method.Currency); err == nil {
			s.In.Amount = money.Input(a, own)
		}
		s.In.Language = own
	}
	s.Language = s.In.Language
}

// changedFields names what the company asked for when the draft was made and does not any more.
func changedFields(r *http.Request, s *drafts.Sheet) []string {
	l := views.From(r.Context()).Localizer
	var lines []string
	for _, name := range providers.UnknownNames(s.Fields, s.In.Details) {
		lines = append(lines, l.T("drafts.fields_gone_line", "Name", l.TextOr("field."+name, name)))
	}
	if len(lines) == 0 {
		return nil
	}
	for _, f := range providers.Shown(s.Fields, s.In.Details) {
		if _, ok := s.In.Details[f.Name]; !ok && !f.Optional {
			lines = append(lines, l.T("drafts.fields_new_line", "Name", l.TextOr(f.Label.Key, f.Label.English)))
		}
	}
	return lines
}

// notAnswered says that the company could not be asked.
func (h *Handlers) notAnswered(r *http.Request, s *drafts.Sheet, err error) {
	h.Log.WarnContext(r.Context(), "ask provider for a form", "account", s.Account.ID, "provider", s.Account.Provider, "err", err)
	e, ok := errors.AsType[*providers.Error](err)
	switch {
	case ok && e.Credentials:
		s.Notices = append(s.Notices, accountNotice(r, s, "drafts.refused"))
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrAddress):
		s.Notices = append(s.Notices, accountNotice(r, s, "drafts.unopened"))
	default:
		s.Notices = append(s.Notices, asleepNotice(r, s))
	}
}
