package handlers

import (
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/paywicket/paywicket/views/drafts"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// How many letters a search takes, and how much it finds.
const (
	fewLetters = 2
	manyFound  = 8
)

// findRecipients shows who was paid before and fits what is being typed.
func (h *Handlers) findRecipients(w http.ResponseWriter, r *http.Request) error {
	if !wantsPart(r) {
		return h.newDraft(w, r)
	}
	q := r.URL.Query()
	d := &draft{query: q.Get("q")}
	d.form.Store = q.Get("store")
	s := &drafts.Sheet{}
	if err := h.pickStore(r, d, s); err != nil {
		return err
	}
	found, err := h.find(r, s, d.query)
	if err != nil {
		return err
	}
	return h.render(w, r, http.StatusOK, drafts.Found(found), drafts.Found(found))
}

// find looks in the form's store, in all there are to choose from before one is chosen.
func (h *Handlers) find(r *http.Request, s *drafts.Sheet, text string) (drafts.Find, error) {
	f := drafts.Find{Text: text}
	if utf8.RuneCountInString(strings.TrimSpace(text)) < fewLetters {
		return f, nil
	}
	f.Asked = true
	stores := []store.ID{s.Store}
	if s.Store == "" {
		stores = nil
		for _, st := range s.Stores {
			stores = append(stores, st.ID)
		}
	}
	for _, st := range stores {
		rows, err := h.History.Recipients(r.Context(), payout.ScopeOf(person(r), access.DraftPayouts), st, "", text)
		if err != nil {
			return f, err
		}
		f.Rows = append(f.Rows, rows...)
	}
	slices.SortStableFunc(f.Rows, func(a, b payout.Row) int { return b.CreatedAt.Compare(a.CreatedAt) })
	f.Rows = f.Rows[:min(len(f.Rows), manyFound)]
	return f, nil
}

// takeRecipient fills a form with the recipient, the way and the reason of an earlier payout. An amount that was typed stays.
func (h *Handlers) takeRecipient(r *http.Request, d *draft, id payout.ID) error {
	p, err := h.draftable(r, id)
	if err != nil {
		return err
	}
	from := p.Input
	if c := p.Content; c.Method != "" { // as it was sent
		from = payout.Input{Account: c.Account, Country: c.Country, Method: c.Method, Description: c.Description, Details: map[string]string{}}
		for _, detail := range c.Details {
			from.Details[detail.Name] = detail.Value
		}
		mended, err := h.Stores.Mended(r.Context(), c.Account, c.Method, c.RecipientKey(), p.CreatedAt)
		if err != nil {
			return err
		}
		if mended != nil {
			from.Details = mended
		}
	}
	if d.in.Description != "" {
		from.Description = d.in.Description
	}
	from.Amount, from.Language = d.in.Amount, d.in.Language
	d.in, d.form.Store, d.form.Drawn, d.opened = from, string(p.Store), "", true
	d.notice(takenNotice(r, p))
	return nil
}

// useRecipient is takeRecipient for a form that is being filled in: the draft takes it over.
func (h *Handlers) useRecipient(w http.ResponseWriter, r *http.Request, d *draft) error {
	if err := h.takeRecipient(r, d, payout.ID(d.form.Use)); err != nil {
		return err
	}
	s, err := h.sheet(r, d)
	if err != nil {
		return err
	}
	if !s.Open() {
		s.Notices = append(s.Notices, unsavedNotice(r))
		return h.show(w, r, http.StatusUnprocessableEntity, s)
	}
	if err := h.save(r, d, s); err != nil {
		return h.notSaved(w, r, d, err)
	}
	h.say(w, r, "", "drafts.taken", "Payout", payout.ID(d.form.Use).Number())
	return h.redirect(w, r, link.PayoutEdit(r.Context(), string(d.p.ID)))
}
