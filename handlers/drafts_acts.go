package handlers

import (
	"net/http"
	"strings"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/drafts"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/web/payout"
)

// autosaveDraft keeps a draft while it is typed and answers with a line that says so. It makes the draft with the first
// letter: the answer then carries its id. What was asked for is not kept by itself: that would void approvals.
func (h *Handlers) autosaveDraft(w http.ResponseWriter, r *http.Request) error {
	d, err := h.readDraft(r, payout.ID(r.PathValue("id")))
	if err != nil {
		return err
	}
	s, err := h.place(r, d)
	if err != nil {
		return err
	}
	if s.Unsaved, err = h.quietly(w, r, d, s); err != nil {
		return err
	}
	if s.Account != nil && s.Store != "" {
		h.askCompany(r, d, s)
		s.Language = s.In.Language
		if err := h.foresee(r, d, s); err != nil {
			return err
		}
	}
	r = inStore(r, s)
	return h.render(w, r, http.StatusOK, drafts.Saved(s), drafts.Saved(s))
}

// savesItself reports whether a request comes from a form that is still being typed, not from one of its buttons.
func (h *Handlers) savesItself(r *http.Request) bool {
	path := r.URL.Path
	return path == link.PayoutFields(r.Context()) || link.Within(path, link.Payouts(r.Context())) && strings.HasSuffix(path, "/draft")
}

// quietly keeps what can be kept and says why the rest is not.
func (h *Handlers) quietly(w http.ResponseWriter, r *http.Request, d *draft, s *drafts.Sheet) (string, error) {
	switch {
	case d.p != nil && d.p.State != payout.Draft:
		return words(r).T("drafts.not_saved_state"), nil
	case len(d.long) > 0:
		return words(r).T("drafts.not_saved_long", "Field", d.long[0]), nil
	case d.p == nil && !d.typed():
		return "", nil
	case s.Store == "":
		return words(r).T("drafts.not_saved_store"), nil
	case d.form.Drawn != "" && d.form.Drawn != "-" && d.form.Drawn != string(s.In.Account)+"/"+s.In.Method:
		return "", nil // a choice was made: what draws the form anew keeps it
	}
	err := h.keepQuietly(w, r, d, s)
	if isCode(err, payout.CodeState) {
		return words(r).T("drafts.not_saved_state"), nil
	}
	return "", err
}

// submitDraft asks for approval of a draft as it is kept.
func (h *Handlers) submitDraft(w http.ResponseWriter, r *http.Request) error {
	p, err := h.draftable(r, payout.ID(r.PathValue("id")))
	if err != nil {
		return err
	}
	if p.State != payout.Draft {
		h.say(w, r, views.Warn, "drafts.fixed", "State", stateWords(r, p.State))
		return h.redirect(w, r, link.Payout(r.Context(), string(p.ID)))
	}
	d := kept(p)
	s, err := h.sheet(r, d)
	if err != nil {
		return err
	}
	return h.ask(w, r, d, s)
}

// withdrawPayout takes a payout back before it is sent.
func (h *Handlers) withdrawPayout(w http.ResponseWriter, r *http.Request) error {
	id := payout.ID(r.PathValue("id"))
	if _, err := h.Payouts.Withdraw(r.Context(), person(r), id); err != nil {
		return err
	}
	h.say(w, r, views.Good, "drafts.withdrawn")
	return h.redirect(w, r, link.Payout(r.Context(), string(id)))
}

// discardDraft throws a draft away. It stays in the history.
func (h *Handlers) discardDraft(w http.ResponseWriter, r *http.Request) error {
	id := payout.ID(r.PathValue("id"))
	if _, err := h.Payouts.Discard(r.Context(), person(r), id); err != nil {
		return err
	}
	h.say(w, r, views.Good, "drafts.discarded")
	return h.redirect(w, r, link.Payout(r.Context(), string(id)))
}

// askAgain asks for a new decision about what is known not to have moved money; its content stays.
func (h *Handlers) askAgain(w http.ResponseWriter, r *http.Request) error {
	id := payout.ID(r.PathValue("id"))
	p, err := h.Payouts.Again(r.Context(), person(r), id)
	if err != nil {
		return err
	}
	h.say(w, r, views.Good, "drafts.asked_again")
	return h.redirect(w, r, link.Payout(r.Context(), string(p.ID)))
}
