package handlers

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
	"sync"

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
	return write(w, r, status, b.Bytes())
}

// smallPage is what is not worth compressing.
const smallPage = 1400

// write sends a page, compressed for browsers that can read that.
func write(w http.ResponseWriter, r *http.Request, status int, page []byte) error {
	w.Header().Add("Vary", "Accept-Encoding")
	if len(page) < smallPage || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.WriteHeader(status)
		_, _ = w.Write(page) // the browser may have left
		return nil
	}
	var b bytes.Buffer
	z := zippers.Get().(*gzip.Writer) //nolint:forcetypeassert // nothing else is put in
	defer zippers.Put(z)
	z.Reset(&b)
	if _, err := z.Write(page); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // as above
	return nil
}

// zippers are kept, because each takes most of a megabyte to make.
var zippers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }} //nolint:gochecknoglobals // a pool is of no use otherwise

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
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec,nolintlint // gosec sees it only now and then: to is an address of package link, or a path that was checked to be local
	return nil
}
