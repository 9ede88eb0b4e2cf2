package handlers

import (
	"context"
	"net/http"
	"net/http/httptest"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/payouts"
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

// FromMemory is the console's history as a request reads it now, drawn again and again: all that a page takes but the session and
// the database.
func (h *Handlers) FromMemory(r *http.Request) http.Handler {
	var known views.Request
	var list payouts.List
	var loginID string
	read := route{"GET /payouts", func(_ http.ResponseWriter, r *http.Request) error {
		known, loginID = views.From(r.Context()), login(r)
		var err error
		list, err = h.history(r, payouts.ReadQuery(r.URL.Query()))
		return err
	}, access.ViewPayouts}
	h.wrap(read).ServeHTTP(httptest.NewRecorder(), r)
	mux := http.NewServeMux()
	mux.HandleFunc(read.pattern, func(w http.ResponseWriter, r *http.Request) {
		v := h.visitor(r, known.Person)
		v.Flash, v.SignedIn, v.CSRF = h.takeFlash(w, r), true, h.csrfToken(string(known.Person.ID), loginID)
		v.Stores, v.Zone, v.Waiting, v.Review = known.Stores, known.Stores[0].Location(), known.Waiting, known.Review
		r = r.WithContext(views.With(context.WithValue(r.Context(), loginKey{}, loginID), v))
		if !access.CanSomewhere(person(r), read.permission) {
			h.serveError(w, r, errForbidden)
			return
		}
		q := payouts.ReadQuery(r.URL.Query())
		r = inHistory(r, q)
		shown := list
		shown.Filter, shown.Wrong = h.readFilter(r, q)
		if err := h.render(w, r, http.StatusOK, payouts.ListPage(shown), payouts.History(shown, true)); err != nil {
			h.serveError(w, r, err)
		}
	})
	return h.outer(h.protect(mux))
}
