package handlers

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strings"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/drafts"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
)

func (h *Handlers) draftRoutes() []route {
	return []route{
		{"GET /payouts/new", h.newDraft, access.DraftPayouts},
		{"POST /payouts", h.postDraft, access.DraftPayouts},
		{"GET /payouts/fields", h.newDraft, access.DraftPayouts},
		{"POST /payouts/fields", h.redrawDraft, access.DraftPayouts},
		{"GET /payouts/recipients", h.findRecipients, access.DraftPayouts},
		{"GET /payouts/{id}/edit", h.editDraft, access.DraftPayouts},
		{"POST /payouts/{id}/edit", h.postDraft, access.DraftPayouts},
		{"POST /payouts/{id}/draft", h.autosaveDraft, access.DraftPayouts},
		{"POST /payouts/{id}/submit", h.submitDraft, access.DraftPayouts},
		{"POST /payouts/{id}/withdraw", h.withdrawPayout, access.DraftPayouts},
		{"POST /payouts/{id}/discard", h.discardDraft, access.DraftPayouts},
		{"POST /payouts/{id}/again", h.askAgain, access.DraftPayouts},
	}
}

// newDraft shows the form, empty or with what the address says. It keeps nothing.
func (h *Handlers) newDraft(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	d := &draft{key: rand.Text(), query: q.Get("q")}
	d.form = draftForm{Store: q.Get("store"), Account: q.Get("account"), Country: q.Get("country"), Method: q.Get("method")}
	d.in = d.form.input(nil)
	d.in.Language = views.From(r.Context()).Language
	if id := payout.ID(q.Get("follows")); id != "" {
		return h.newCorrection(w, r, d, id)
	}
	if id := payout.ID(q.Get("from")); id != "" {
		if err := h.takeRecipient(r, d, id); err != nil {
			return err
		}
	}
	return h.drawDraft(w, r, http.StatusOK, d)
}

// newCorrection starts a payout that corrects one whose money did not move.
func (h *Handlers) newCorrection(w http.ResponseWriter, r *http.Request, d *draft, id payout.ID) error {
	p, err := h.draftable(r, id)
	if err != nil {
		return err
	}
	if !correctable(p.State) {
		h.say(w, r, views.Warn, "drafts.follows_not", "Payout", p.ID.Number(), "State", stateWords(r, p.State))
		return h.redirect(w, r, link.Payout(r.Context(), string(p.ID)))
	}
	d.in, d.form.Store, d.follows, d.opened = p.Input, string(p.Store), p.ID, true
	d.notice(followsNotice(r, p))
	return h.drawDraft(w, r, http.StatusOK, d)
}

// correctable reports whether a payout in a state moved no money, so that another may take its place.
func correctable(s payout.State) bool {
	switch s {
	case payout.NotSent, payout.Refused, payout.NotExecuted, payout.Failed, payout.Cancelled, payout.Returned,
		payout.Rejected, payout.Withdrawn, payout.Discarded:
		return true
	default: // in flight, paid, or still to be decided
		return false
	}
}

// editDraft shows a draft, or what was asked for and is not sent yet.
func (h *Handlers) editDraft(w http.ResponseWriter, r *http.Request) error {
	p, err := h.draftable(r, payout.ID(r.PathValue("id")))
	if err != nil {
		return err
	}
	if !editable(p.State) {
		h.say(w, r, views.Warn, "drafts.fixed", "State", stateWords(r, p.State))
		return h.redirect(w, r, link.Payout(r.Context(), string(p.ID)))
	}
	d := kept(p)
	d.query = r.URL.Query().Get("q")
	return h.drawDraft(w, r, http.StatusOK, d)
}

func editable(s payout.State) bool {
	return s == payout.Draft || s == payout.Submitted || s == payout.Approved
}

// draftable finds a payout that this person may draft in the store of.
func (h *Handlers) draftable(r *http.Request, id payout.ID) (*payout.Payout, error) {
	p, err := h.Payouts.Find(r.Context(), person(r), id)
	if err != nil {
		return nil, err
	}
	if !access.Can(person(r), access.DraftPayouts, p.Store) {
		return nil, errForbidden
	}
	return p, nil
}

// postDraft takes the form in: it keeps it, asks for approval, or draws the next step.
func (h *Handlers) postDraft(w http.ResponseWriter, r *http.Request) error {
	d, err := h.readDraft(r, payout.ID(r.PathValue("id")))
	if err != nil {
		return err
	}
	if d.p != nil && !editable(d.p.State) {
		return h.tooLate(w, r, d.p)
	}
	s, err := h.sheet(r, d)
	if err != nil {
		return err
	}
	switch {
	case len(d.long) > 0:
		return h.refuseLong(w, r, d, s)
	case d.form.Use != "":
		return h.useRecipient(w, r, d)
	case d.form.Do == "submit":
		return h.ask(w, r, d, s)
	case d.form.Do == "next":
		return h.nextStep(w, r, d, s)
	case d.form.Do == "draft" || d.form.Do == "":
		return h.keepDraft(w, r, d, s)
	}
	return &formError{status: http.StatusBadRequest, key: "error.form_unknown", name: "do"}
}

// redrawDraft draws the form anew after a choice on which the rest of it depends.
func (h *Handlers) redrawDraft(w http.ResponseWriter, r *http.Request) error {
	d, err := h.readDraft(r, "")
	if err != nil {
		return err
	}
	s, err := h.sheet(r, d)
	if err != nil {
		return err
	}
	if s.Open() && s.Store != "" && (d.p != nil || d.typed()) && len(d.long) == 0 {
		if err := h.keepQuietly(w, r, d, s); err != nil {
			return err
		}
	}
	return h.show(w, r, http.StatusOK, s)
}

// keepDraft keeps what was typed and goes on to the payout.
func (h *Handlers) keepDraft(w http.ResponseWriter, r *http.Request, d *draft, s *drafts.Sheet) error {
	if s.Store == "" {
		return h.refuseDraft(w, r, s, payout.FieldErrors{{Field: "store", Key: "drafts.check_store"}})
	}
	if err := h.save(r, d, s); err != nil {
		return h.notSaved(w, r, d, err)
	}
	h.say(w, r, views.Good, "drafts.kept")
	return h.redirect(w, r, link.Payout(r.Context(), string(d.p.ID)))
}

// nextStep draws the form anew where no script does. A draft is kept on the way.
func (h *Handlers) nextStep(w http.ResponseWriter, r *http.Request, d *draft, s *drafts.Sheet) error {
	if s.Store == "" {
		return h.refuseDraft(w, r, s, payout.FieldErrors{{Field: "store", Key: "drafts.check_store"}})
	}
	if !s.Open() {
		s.Notices = append(s.Notices, unsavedNotice(r))
		return h.show(w, r, http.StatusUnprocessableEntity, s)
	}
	if d.p == nil && !d.typed() {
		return h.redirect(w, r, s.Again(r.Context())) // choices alone are no draft
	}
	if err := h.save(r, d, s); err != nil {
		return h.notSaved(w, r, d, err)
	}
	return h.redirect(w, r, link.PayoutEdit(r.Context(), string(d.p.ID)))
}

// refuseDraft draws the form anew with what is wrong with it.
func (h *Handlers) refuseDraft(w http.ResponseWriter, r *http.Request, s *drafts.Sheet, problems payout.FieldErrors) error {
	s.Problems = append(s.Problems, problems...)
	return h.show(w, r, http.StatusUnprocessableEntity, s)
}

// refuseLong keeps everything but the values that are too long to be meant.
func (h *Handlers) refuseLong(w http.ResponseWriter, r *http.Request, d *draft, s *drafts.Sheet) error {
	if s.Open() && s.Store != "" {
		if err := h.save(r, d, s); err != nil {
			return h.notSaved(w, r, d, err)
		}
	}
	for _, name := range d.long {
		s.Problems = append(s.Problems, payout.FieldProblem{Field: name, Key: "check.too_long", Args: map[string]any{"Max": shownMax}})
	}
	s.Notices = append(s.Notices, longNotice(r))
	return h.show(w, r, http.StatusRequestEntityTooLarge, s)
}

// drawDraft shows a form that was only opened.
func (h *Handlers) drawDraft(w http.ResponseWriter, r *http.Request, status int, d *draft) error {
	s, err := h.sheet(r, d)
	if err != nil {
		return err
	}
	return h.show(w, r, status, s)
}

// show writes the form. Everything on it is of the store and the mode of its account.
func (h *Handlers) show(w http.ResponseWriter, r *http.Request, status int, s *drafts.Sheet) error {
	r = inStore(r, s)
	return h.render(w, r, status, drafts.Page(s), nil)
}

// inStore limits what the page says to the form's store: its mode, its time zone.
func inStore(r *http.Request, s *drafts.Sheet) *http.Request {
	v := views.From(r.Context())
	v.Mode, v.Store = s.Mode(), s.Store
	for _, st := range v.Stores {
		if st.ID == s.Store {
			v.Zone = st.Location()
		}
	}
	return r.WithContext(views.With(r.Context(), v))
}

func stateWords(r *http.Request, s payout.State) string {
	return views.From(r.Context()).Localizer.T("state." + string(s))
}

// isCode reports whether an error is a refusal with a code.
func isCode(err error, code string) bool {
	e, ok := errors.AsType[*payout.Error](err)
	return ok && e.Code == code
}

func blank(text string) bool { return strings.TrimSpace(text) == "" }
