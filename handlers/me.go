package handlers

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/i18n"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/me"
	"github.com/paywicket/paywicket/web/access"
)

func (h *Handlers) meRoutes() []route {
	return []route{
		{"GET /me", h.showMe, access.SignedIn},
		{"POST /me", h.saveMe, access.SignedIn},
		{"GET /me/password", h.toMe, access.SignedIn},
		{"POST /me/password", h.changePassword, access.SignedIn},
		{"GET /me/totp", h.showTOTP, access.SignedIn},
		{"POST /me/totp", h.addTOTP, access.SignedIn},
		{"GET /me/totp/remove", h.toTOTP, access.SignedIn},
		{"POST /me/totp/remove", h.removeTOTP, access.SignedIn},
		{"GET /me/sessions", h.toMe, access.SignedIn},
		{"POST /me/sessions", h.signOutElsewhere, access.SignedIn},
		{"POST /me/sessions/{id}", h.endSession, access.SignedIn},
	}
}

// toMe and toTOTP lead from the address of a form that was refused to the page it is on.
func (h *Handlers) toMe(w http.ResponseWriter, r *http.Request) error {
	return h.redirect(w, r, link.Me(r.Context()))
}

func (h *Handlers) toTOTP(w http.ResponseWriter, r *http.Request) error {
	return h.redirect(w, r, link.MeTOTP(r.Context()))
}

func (h *Handlers) showMe(w http.ResponseWriter, r *http.Request) error {
	return h.mePage(w, r, http.StatusOK, me.Page{})
}

// mePage draws a person's own page with what stands in its forms.
func (h *Handlers) mePage(w http.ResponseWriter, r *http.Request, status int, m me.Page) error {
	p, err := h.Access.Person(r.Context(), person(r).ID)
	if err != nil {
		return err
	}
	m.Person, m.Login, m.Languages, m.Least = p, login(r), h.Bundle.Languages(), leastPassword(p)
	if m.You == nil {
		m.You = &me.You{Name: p.Name, Language: p.Language, Theme: p.Theme}
	}
	if m.Roles, err = h.grantWords(r.Context(), p.Grants); err != nil {
		return err
	}
	if m.Logins, err = h.Access.Logins(r.Context(), p); err != nil {
		return err
	}
	keys, err := h.Access.Passkeys(r.Context(), p)
	if err != nil {
		return err
	}
	for _, k := range keys {
		m.Passkeys = append(m.Passkeys, me.Passkey{Passkey: k, Here: h.Access.Here(k)})
	}
	if m.Codes, err = h.Access.RecoveryLeft(r.Context(), p); err != nil {
		return err
	}
	return h.render(w, r, status, me.Me(m), nil)
}

type meForm struct {
	Name     string `form:"name" validate:"max=120"`
	Language string `form:"language"`
	Theme    string `form:"theme" validate:"omitempty,oneof=light dark"`
}

func (h *Handlers) saveMe(w http.ResponseWriter, r *http.Request) error {
	var in meForm
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	if in.Name == "" && !person(r).External {
		wrong["name"] = problem{key: "check.required"}
	}
	if !h.hasLanguage(in.Language) {
		wrong["language"] = problem{key: "check.unknown_option"}
	}
	if len(wrong) == 0 && in.Name != "" && !access.CheckName(strings.TrimSpace(in.Name)) {
		wrong["name"] = problem{key: "access.name"}
	}
	if len(wrong) > 0 {
		return h.mePage(w, r, http.StatusUnprocessableEntity, me.Page{You: &me.You{Name: in.Name, Language: in.Language, Theme: in.Theme,
			NameError: text(r, wrong, "name"), LanguageError: text(r, wrong, "language"), ThemeError: text(r, wrong, "theme")}})
	}
	if person(r).External {
		in.Name = "" // the host program's to say
	}
	if err := h.prefer(w, r, in.Name, in.Language, in.Theme); err != nil {
		return err
	}
	return h.redirect(w, r, link.Me(r.Context()))
}

// hasLanguage reports whether there is such a language; none is the browser's.
func (h *Handlers) hasLanguage(tag string) bool {
	return tag == "" || slices.ContainsFunc(h.Bundle.Languages(), func(l i18n.Language) bool { return l.Tag == tag })
}

// prefer keeps language and theme in the browser and, for somebody who is signed in, with the person.
func (h *Handlers) prefer(w http.ResponseWriter, r *http.Request, name, language, theme string) error {
	if p := person(r); p.ID != "" {
		if err := h.Access.SavePreferences(r.Context(), p, name, language, theme); err != nil {
			return err
		}
		l := h.Bundle.Localizer(h.Bundle.Match(r.Header.Get("Accept-Language"), "", language))
		h.flash(w, r, views.Flash{Text: l.T("display.saved")})
	}
	return errors.Join(h.setCookieValue(w, r, languageName, language), h.setCookieValue(w, r, themeName, theme))
}

func (h *Handlers) showDisplay(w http.ResponseWriter, r *http.Request) error {
	v := views.From(r.Context())
	language := v.Person.Language
	if language == "" {
		language = h.cookieValue(r, languageName)
	}
	back := h.within(r.URL.Query().Get("back"))
	return h.page(w, r, me.Display(me.DisplayForm{You: me.You{Language: language, Theme: v.Theme}, Languages: h.Bundle.Languages(), Back: back}))
}

type displayForm struct {
	Language string `form:"language"`
	Theme    string `form:"theme" validate:"omitempty,oneof=light dark"`
	Back     string `form:"back"`
}

// saveDisplay takes a language, a theme or both: the links at the foot of a page send a language alone.
func (h *Handlers) saveDisplay(w http.ResponseWriter, r *http.Request) error {
	if person(r).ID != "" && !h.checkCSRF(r) {
		return errCSRF
	}
	var in displayForm
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	if !h.hasLanguage(in.Language) {
		wrong["language"] = problem{key: "check.unknown_option"}
	}
	if len(wrong) > 0 {
		return h.render(w, r, http.StatusUnprocessableEntity, me.Display(me.DisplayForm{Languages: h.Bundle.Languages(), Back: h.within(in.Back),
			You: me.You{LanguageError: text(r, wrong, "language"), ThemeError: text(r, wrong, "theme")}}), nil)
	}
	if !r.PostForm.Has("theme") {
		in.Theme = views.From(r.Context()).Theme
	}
	if !r.PostForm.Has("language") {
		in.Language = views.From(r.Context()).Language
	}
	if err := h.prefer(w, r, "", in.Language, in.Theme); err != nil {
		return err
	}
	back := h.within(in.Back)
	if back == "" {
		back = link.Display(r.Context())
	}
	return h.redirect(w, r, back)
}

type passwordForm struct {
	Old string `form:"old" validate:"required"`
	New string `form:"new" validate:"required"`
}

func (h *Handlers) changePassword(w http.ResponseWriter, r *http.Request) error {
	p := person(r)
	if p.External {
		return errNotFound
	}
	var in passwordForm
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	m := me.Page{OldError: text(r, wrong, "old"), NewError: text(r, wrong, "new")}
	if len(wrong) == 0 {
		err = h.Access.ChangePassword(r.Context(), p, in.Old, in.New, login(r))
		if err == nil {
			return h.factorChanged(w, r, "me.password_changed")
		}
		if m.OldError = oldRefusal(r, err); m.OldError == "" {
			if err = refused(wrong, err); err != nil {
				return err
			}
			m.NewError = text(r, wrong, "password")
		}
	}
	return h.mePage(w, r, http.StatusUnprocessableEntity, m)
}

// oldRefusal is refusal where only a password is asked for.
func oldRefusal(r *http.Request, err error) string {
	if errors.Is(err, access.ErrSignIn) {
		return views.From(r.Context()).Localizer.T("me.old_wrong")
	}
	return refusal(r, err)
}

func (h *Handlers) signOutElsewhere(w http.ResponseWriter, r *http.Request) error {
	if err := h.Access.SignOutEverywhere(r.Context(), person(r), login(r)); err != nil {
		return err
	}
	h.say(w, r, "", "me.elsewhere_done")
	return h.redirect(w, r, link.Me(r.Context()))
}

func (h *Handlers) endSession(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if id == login(r) {
		return h.signOut(w, r)
	}
	if err := h.Access.SignOut(r.Context(), person(r), id); err != nil {
		return err
	}
	h.say(w, r, "", "me.session_ended")
	return h.redirect(w, r, link.Me(r.Context()))
}
