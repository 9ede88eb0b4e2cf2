package handlers

import (
	"errors"
	"maps"
	"net/http"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/drafts"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
)

// save keeps what a person decided to keep. What was on screen must be what is kept until now.
func (h *Handlers) save(r *http.Request, d *draft, s *drafts.Sheet) error {
	return h.saveAs(r, d, s, d.version())
}

// keepQuietly keeps a draft while it is being typed, without a line in the audit log for each letter.
func (h *Handlers) keepQuietly(w http.ResponseWriter, r *http.Request, d *draft, s *drafts.Sheet) error {
	fresh := d.p == nil
	if err := h.saveAs(r, d, s, 0); err != nil {
		return err
	}
	if fresh && isHTMX(r) {
		w.Header().Set("HX-Replace-Url", link.PayoutEdit(r.Context(), string(d.p.ID)))
	}
	return nil
}

func (h *Handlers) saveAs(r *http.Request, d *draft, s *drafts.Sheet, version int) error {
	if d.p == nil {
		if err := h.makeDraft(r, d, s); err != nil || sameInput(d.p.Input, s.In) {
			s.Keep(d.p)
			return err
		}
		version = d.p.Version // the same form, sent again
	}
	if d.p.State == payout.Draft && s.Store != d.p.Store {
		return h.moveDraft(r, d, s)
	}
	p, err := h.edit(r, d.p.ID, version, s.In)
	if err != nil {
		d.p = p
		return err
	}
	d.p = p
	s.Keep(p)
	return nil
}

// makeDraft makes the draft of a form that has none, once.
func (h *Handlers) makeDraft(r *http.Request, d *draft, s *drafts.Sheet) error {
	by := person(r)
	draft := func() (payout.ID, error) {
		p, err := h.Payouts.Draft(r.Context(), by, s.Store, s.In, d.follows)
		if err != nil {
			return "", err
		}
		d.p = p
		return p.ID, nil
	}
	if d.key == "" {
		_, err := draft()
		return err
	}
	id, made, err := h.drafts.once(keyOf(r, d.key), h.Now(), draft)
	if err == nil && !made {
		d.p, err = h.draftable(r, id)
	}
	return err
}

// moveDraft starts a draft anew in another store: a payout never changes its store.
func (h *Handlers) moveDraft(r *http.Request, d *draft, s *drafts.Sheet) error {
	p, err := h.Payouts.Draft(r.Context(), person(r), s.Store, s.In, "")
	if err != nil {
		return err
	}
	old := d.p.ID
	d.p = p
	s.Keep(p)
	_, err = h.Payouts.Discard(r.Context(), person(r), old)
	return err
}

// edit replaces what is kept. A draft that changed only because its own form saved itself meanwhile counts as unchanged.
func (h *Handlers) edit(r *http.Request, id payout.ID, version int, in payout.Input) (*payout.Payout, error) {
	by := person(r)
	p, err := h.Payouts.Edit(r.Context(), by, id, version, in)
	if !isCode(err, payout.CodeChanged) || p == nil {
		return p, err
	}
	if p.State == payout.Draft && onlyBy(p, by.ID) {
		return h.Payouts.Edit(r.Context(), by, id, p.Version, in)
	}
	return p, err
}

func onlyBy(p *payout.Payout, id access.PersonID) bool {
	for _, e := range p.Editors {
		if e != id {
			return false
		}
	}
	return p.Author == id
}

// notSaved explains why a form could not be kept.
func (h *Handlers) notSaved(w http.ResponseWriter, r *http.Request, d *draft, err error) error {
	p, mine := d.p, d.in
	if p == nil {
		return err
	}
	if !editable(p.State) {
		return h.tooLate(w, r, p)
	}
	if !isCode(err, payout.CodeChanged) {
		return err
	}
	fresh := kept(p)
	fresh.notice(changedNotice(r, mine, p.Input))
	return h.drawDraft(w, r, http.StatusConflict, fresh)
}

// tooLate leads to a payout that cannot be changed any more.
func (h *Handlers) tooLate(w http.ResponseWriter, r *http.Request, p *payout.Payout) error {
	h.say(w, r, views.Warn, "drafts.fixed_typed", "State", stateWords(r, p.State))
	return h.redirect(w, r, link.Payout(r.Context(), string(p.ID)))
}

// ask keeps the form and asks for approval.
func (h *Handlers) ask(w http.ResponseWriter, r *http.Request, d *draft, s *drafts.Sheet) error {
	if asked(d, s) {
		return h.redirect(w, r, link.Payout(r.Context(), string(d.p.ID)))
	}
	if s.Store != "" && s.Open() {
		if err := h.save(r, d, s); err != nil {
			return h.notSaved(w, r, d, err)
		}
	}
	if problems := unchosen(s); len(problems) > 0 || !s.Known {
		return h.refuseDraft(w, r, s, problems)
	}
	form, err := h.Companies.Form(r.Context(), *s.Account, s.Method.ID)
	if err != nil {
		h.notAnswered(r, s, err)
		return h.refuseDraft(w, r, s, nil)
	}
	if _, err := payout.Check(s.In, form); err != nil {
		return h.notAsked(w, r, d, s, err)
	}
	if !s.Open() {
		if err := h.save(r, d, s); err != nil {
			return h.notSaved(w, r, d, err)
		}
	}
	p, err := h.Payouts.Submit(r.Context(), person(r), d.p.ID, form)
	if err != nil {
		return h.notAsked(w, r, d, s, err)
	}
	return h.askedFor(w, r, p, s)
}

// asked reports whether this very form was asked for already: a second click.
func asked(d *draft, s *drafts.Sheet) bool {
	return d.p != nil && d.p.State == payout.Submitted && d.version() != d.p.Version && sameInput(d.p.Input, s.In)
}

// unchosen are the choices without which nothing can be checked.
func unchosen(s *drafts.Sheet) payout.FieldErrors {
	var problems payout.FieldErrors
	need := func(missing bool, field, key string) {
		if missing && len(problems) == 0 {
			problems = append(problems, payout.FieldProblem{Field: field, Key: key})
		}
	}
	need(s.Store == "", "store", "drafts.check_store")
	need(s.Account == nil, "account", "drafts.check_account")
	need(len(s.Countries) > 0 && s.In.Country == "", "country", "drafts.check_country")
	need(len(s.Methods) > 0 && s.Method == nil, "method", "drafts.check_method")
	return problems
}

// notAsked says why approval could not be asked for. The draft stays.
func (h *Handlers) notAsked(w http.ResponseWriter, r *http.Request, d *draft, s *drafts.Sheet, err error) error {
	if wrong, ok := errors.AsType[payout.FieldErrors](err); ok {
		return h.refuseDraft(w, r, s, wrong)
	}
	if isCode(err, payout.CodeAccount) {
		h.Companies.Forget(s.Account.ID)
		s.Notices = append(s.Notices, noted(r, views.Warn, "drafts.account_changed"))
		return h.show(w, r, http.StatusConflict, s)
	}
	if isCode(err, payout.CodeState) { // somebody else was faster, or the second click was
		p, e := h.draftable(r, d.p.ID)
		if e == nil && p.State == payout.Submitted && sameInput(p.Input, s.In) {
			return h.redirect(w, r, link.Payout(r.Context(), string(p.ID)))
		}
	}
	return err
}

// askedFor says who decides now, and once more what is unusual about what was typed.
func (h *Handlers) askedFor(w http.ResponseWriter, r *http.Request, p *payout.Payout, s *drafts.Sheet) error {
	ctx := r.Context()
	names, _, err := h.approvers(r, p, p.Store)
	if err != nil {
		return err
	}
	tone := views.Good
	if len(names) == 0 {
		tone = views.Warn
	}
	h.flash(w, r, views.Flash{Tone: tone, Text: drafts.Asked(ctx, names)})
	for _, f := range providers.Shown(s.Fields, s.In.Details) {
		if odd := f.Warn(f.Clean(s.In.Details[f.Name])); odd != nil {
			text := ui.T(ctx, "drafts.warned", "Field", ui.Words(ctx, f.Label), "Warning", words(r).Say("check."+odd.Code, odd.Args))
			h.flash(w, r, views.Flash{Tone: views.Warn, Text: text, Href: link.PayoutEdit(ctx, string(p.ID)), Link: words(r).T("drafts.edit")})
		}
	}
	return h.redirect(w, r, link.Payout(ctx, string(p.ID)))
}

// sameInput reports whether two inputs say the same.
func sameInput(a, b payout.Input) bool {
	return a.Account == b.Account && a.Country == b.Country && a.Method == b.Method && a.Amount == b.Amount &&
		a.Language == b.Language && a.Description == b.Description && sameDetails(a.Details, b.Details)
}

// sameDetails compares values; an empty one is none.
func sameDetails(a, b map[string]string) bool {
	full := func(m map[string]string) map[string]string {
		m = maps.Clone(m)
		maps.DeleteFunc(m, func(_, v string) bool { return v == "" })
		return m
	}
	return maps.Equal(full(a), full(b))
}
