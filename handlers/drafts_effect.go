package handlers

import (
	"net/http"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/drafts"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/policy"
	"github.com/paywicket/paywicket/web/store"
)

// foresee says what will happen with a payout as it is typed so far.
func (h *Handlers) foresee(r *http.Request, d *draft, s *drafts.Sheet) error {
	if s.Store == "" {
		return nil
	}
	var err error
	s.Effect.Approvers, s.Effect.OnePerson, err = h.approvers(r, d.p, s.Store)
	if err != nil || s.Account == nil {
		return err
	}
	if f := s.Account.Stopped(); f.On() {
		s.Effect.Frozen = f.Reason
	}
	if frozen := views.From(r.Context()).Frozen; frozen != "" {
		s.Effect.Frozen = frozen
	}
	if s.Method == nil {
		return nil
	}
	if err := h.balance(r, d, s); err != nil {
		return err
	}
	return h.recognize(r, d, s)
}

// approvers names who could approve a payout once this person has saved it.
func (h *Handlers) approvers(r *http.Request, p *payout.Payout, st store.ID) ([]string, bool, error) {
	setup, err := h.Access.Setup(r.Context())
	if err != nil {
		return nil, false, err
	}
	me := person(r).ID
	facts := policy.Facts{Store: st, Author: me, Editors: []access.PersonID{me}, OnePerson: setup.OnePerson}
	if p != nil {
		facts = p.Facts(setup.OnePerson)
		facts.Editors, facts.Given = append(facts.Editors[:len(facts.Editors):len(facts.Editors)], me), nil
	}
	people, err := h.Access.People(r.Context())
	var names []string
	for _, who := range people {
		if bar, _ := policy.MayApprove(facts, who); bar == policy.None {
			names = append(names, who.Name)
		}
	}
	return names, setup.OnePerson, err
}

// balance reckons what is left. What cannot be read or added up is left out.
func (h *Handlers) balance(r *http.Request, d *draft, s *drafts.Sheet) error {
	e := &s.Effect
	e.Currency = s.Method.Currency
	if a, err := money.Parse(s.In.Amount, s.In.Language, e.Currency); err == nil {
		e.Amount = a
	}
	for _, b := range s.Account.Balances {
		if b.Amount.Currency == e.Currency {
			e.Free, e.FreeAt = b.Amount, b.At
		}
	}
	if e.Free.IsZero() {
		return nil
	}
	totals, err := h.History.Totals(r.Context(), payout.InStore(s.Store),
		payout.Filter{Account: s.Account.ID, Currency: e.Currency, States: []payout.State{payout.Approved}})
	if err != nil {
		return err
	}
	for _, t := range totals {
		e.Held = t.Amount
	}
	if p := d.p; p != nil && p.State == payout.Approved && p.Content.Amount.Currency == e.Currency {
		e.Held.Minor -= p.Content.Amount.Minor // it is this one
	}
	if e.Held.Minor == 0 {
		e.Held = money.Amount{}
	}
	if !e.Amount.IsZero() {
		e.After = money.Amount{Minor: e.Free.Minor - e.Held.Minor - e.Amount.Minor, Currency: e.Currency}
	}
	return nil
}

// recognize says how well the recipient is known, once the account is typed.
func (h *Handlers) recognize(r *http.Request, d *draft, s *drafts.Sheet) error {
	clean, wrong := providers.CheckAll(s.Fields, s.In.Details)
	bad := map[string]bool{}
	for _, e := range wrong {
		bad[e.Field] = true
	}
	p := &payout.Payout{Store: s.Store}
	if d.p != nil {
		p.ID = d.p.ID
	}
	if s.Method.Own {
		return nil // nobody to recognize
	}
	p.Content.Amount.Currency = s.Method.Currency
	for _, f := range providers.Shown(s.Fields, clean) {
		if value := clean[f.Name]; value != "" && !bad[f.Name] {
			p.Content.Details = append(p.Content.Details, payout.Detail{Name: f.Name, Value: value, Role: f.Role})
		}
	}
	if p.Content.RecipientKey() == "" {
		return nil
	}
	earlier, err := h.History.Earlier(r.Context(), payout.ScopeOf(person(r), access.ViewPayouts), p)
	if err != nil {
		return err
	}
	known := earlier.Know()
	s.Effect.Familiar = &known
	return nil
}
