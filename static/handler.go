package static

import (
	"net/http"
	"strings"
)

// Handler serves the files below prefix, "/payouts/static/". A name carries its content's hash, so an answer may be kept
// for a year. Names that are not known, the plain ones without a hash too, are answered 404.
func Handler(prefix string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := find(prefix, r.URL.Path)
		if !ok {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		a.serve(w, r)
	})
}

func find(prefix, path string) (asset, bool) {
	name, ok := strings.CutPrefix(path, prefix)
	if !ok {
		return asset{}, false
	}
	a, ok := shelf().assets[name]
	return a, ok
}

func (a asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Add("Vary", "Accept-Encoding")
	body := a.body
	if a.zip != nil && takesGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = a.zip
	}
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // the browser left: nobody to tell
}

// takesGzip reads an Accept-Encoding header; "gzip;q=0" says no.
func takesGzip(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(name) != "gzip" {
			continue
		}
		weight, _ := strings.CutPrefix(strings.ReplaceAll(q, " ", ""), "q=")
		return weight == "" || strings.Trim(weight, "0.") != ""
	}
	return false
}
