package handlers

import (
	"net/http"

	"github.com/paywicket/paywicket/web/access"
)

// RouteLine is one line of the route table, for tests from outside.
type RouteLine struct {
	Pattern    string
	Permission access.Permission
}

// RouteTable is the whole table.
func RouteTable() []RouteLine {
	var all []RouteLine
	for _, rt := range (&Handlers{}).routes() {
		all = append(all, RouteLine{rt.pattern, rt.permission})
	}
	return all
}

// Kept is the console with one page that is kept instead of made: what everything around a page costs.
func (h *Handlers) Kept(path string, head http.Header, body []byte) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+path, h.wrap(route{"GET " + path, func(w http.ResponseWriter, _ *http.Request) error {
		for _, name := range []string{"Content-Type", "Vary"} {
			w.Header()[name] = head[name]
		}
		_, err := w.Write(body)
		return err
	}, access.ViewPayouts}))
	return h.outer(h.protect(mux))
}
