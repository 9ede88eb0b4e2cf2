package handlers

import (
	"encoding/gob"
	"net/http"

	"github.com/paywicket/paywicket/views"
)

// The names of what a browser keeps for us beside the sign-in. None of it says who somebody is.
const (
	cookieName   = "paywicket-ui"
	languageName = "language"
	themeName    = "theme"
	flashName    = "flash"
)

// RegisterCookieTypes makes messages storable in a cookie. It is called once, before the first request.
func RegisterCookieTypes() { gob.Register([]views.Flash{}) }

func (h *Handlers) cookieValue(r *http.Request, name string) string {
	s, _ := h.Cookies.Get(r, cookieName) // a tampered or old cookie gives an error and a usable new session
	value, _ := s.Values[name].(string)
	return value
}

func (h *Handlers) setCookieValue(w http.ResponseWriter, r *http.Request, name, value string) error {
	s, _ := h.Cookies.Get(r, cookieName) // as above
	s.Values[name] = value
	return s.Save(r, w)
}

// flash has the next page say something once.
func (h *Handlers) flash(w http.ResponseWriter, r *http.Request, f views.Flash) {
	s, _ := h.Cookies.Get(r, cookieName) // as above
	all, _ := s.Values[flashName].([]views.Flash)
	s.Values[flashName] = append(all, f)
	if err := s.Save(r, w); err != nil {
		h.Log.WarnContext(r.Context(), "keep message", "err", err)
	}
}

// say is flash with a sentence of the catalog.
func (h *Handlers) say(w http.ResponseWriter, r *http.Request, tone views.Tone, key string, args ...any) {
	h.flash(w, r, views.Flash{Tone: tone, Text: views.From(r.Context()).Localizer.T(key, args...)})
}

func (h *Handlers) takeFlash(w http.ResponseWriter, r *http.Request) []views.Flash {
	s, _ := h.Cookies.Get(r, cookieName) // as above
	all, _ := s.Values[flashName].([]views.Flash)
	if len(all) == 0 || isUnsafe(r.Method) {
		return nil
	}
	delete(s.Values, flashName)
	if err := s.Save(r, w); err != nil {
		h.Log.WarnContext(r.Context(), "drop message", "err", err)
	}
	return all
}
