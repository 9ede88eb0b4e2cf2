package handlers

import (
	"bytes"
	"net/http"

	"github.com/a-h/templ"
)

// render writes a page, or only the part of it that an htmx request asks for. An unclear request gets the page. Nothing
// is sent before all of it is made, so that an error never leaves half a page.
func (h *Handlers) render(w http.ResponseWriter, r *http.Request, status int, page, part templ.Component) error {
	w.Header().Add("Vary", "HX-Request")
	shown := page
	if part != nil && wantsPart(r) {
		shown = part
	}
	var b bytes.Buffer
	if err := shown.Render(r.Context(), &b); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the browser may have left
	return nil
}

// page writes a page that has no parts, with 200.
func (h *Handlers) page(w http.ResponseWriter, r *http.Request, page templ.Component) error {
	return h.render(w, r, http.StatusOK, page, nil)
}

func wantsPart(r *http.Request) bool {
	return isHTMX(r) && r.Header.Get("HX-Boosted") == "" && r.Header.Get("HX-History-Restore-Request") == ""
}

func isHTMX(r *http.Request) bool { return r.Header.Get("HX-Request") == "true" }

// redirect leads on after a form that was taken in. A page that htmx asked for is told where to go.
func (h *Handlers) redirect(w http.ResponseWriter, r *http.Request, to string) error {
	if isHTMX(r) {
		w.Header().Set("HX-Redirect", to)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // to is an address of package link, or a path that was checked to be local
	return nil
}
