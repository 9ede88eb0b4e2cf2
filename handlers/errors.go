package handlers

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/layout"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/books"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// The errors that stand for a page of their own.
var (
	errNotFound    = errors.New("no such page")
	errForbidden   = errors.New("not allowed")
	errCSRF        = errors.New("form without the token of this session")
	errCrossOrigin = errors.New("request caused by another site")
	errHost        = errors.New("asked for under a name that is not ours")
	errPanic       = errors.New("panic")
	errAnswered    = errors.New("answered already")
)

// failure turns an error into a page: its status and the key of its sentence. It is the one place that does.
func (h *Handlers) failure(err error) layout.Failure {
	if f, ok := errors.AsType[*formError](err); ok {
		return layout.Failure{Status: f.status, Key: f.key, Args: []any{"Name", f.name}}
	}
	if t, ok := errors.AsType[*access.ThrottledError](err); ok {
		return layout.Failure{Status: http.StatusTooManyRequests, Args: []any{"Wait", t.Wait}}
	}
	if p, ok := errors.AsType[*payout.Error](err); ok {
		return layout.Failure{Status: http.StatusConflict, Key: "payout.error." + p.Code, Args: pairs(p.Args)}
	}
	if b, ok := errors.AsType[*books.Error](err); ok {
		key := "books.failure.other"
		if b.Code == "overflow" {
			key = "books.failure.overflow"
		}
		return layout.Failure{Status: http.StatusConflict, Key: key}
	}
	if status, key := h.Options.Fault(err); status != 0 {
		return layout.Failure{Status: status, Key: key}
	}
	switch {
	case errors.Is(err, errForbidden), errors.Is(err, errCrossOrigin):
		return layout.Failure{Status: http.StatusForbidden}
	case errors.Is(err, errCSRF):
		return layout.Failure{Status: http.StatusForbidden, Key: "error.csrf"}
	case errors.Is(err, errHost):
		return layout.Failure{Status: http.StatusMisdirectedRequest, Key: "error.host"}
	case errors.Is(err, access.ErrDamaged):
		return layout.Failure{Status: http.StatusConflict, Key: "error.factor"}
	case errors.Is(err, errNotFound), errors.Is(err, payout.ErrNotFound), errors.Is(err, store.ErrNotFound), errors.Is(err, books.ErrNotFound),
		errors.Is(err, inbox.ErrNotFound), errors.Is(err, access.ErrNotFound):
		return layout.Failure{Status: http.StatusNotFound}
	}
	return layout.Failure{Status: http.StatusInternalServerError}
}

func pairs(args map[string]any) []any {
	var all []any
	for name, value := range args {
		all = append(all, name, value)
	}
	return all
}

// serveError answers with the page of an error, or with a short text where no browser asked.
func (h *Handlers) serveError(w http.ResponseWriter, r *http.Request, err error) {
	f := h.failure(err)
	log := h.Log.InfoContext
	if f.Status >= http.StatusInternalServerError {
		log = h.Log.ErrorContext
	}
	log(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "status", f.Status, "err", err, "request", requestIDFrom(r.Context()))
	if f.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(2))
	}
	if views.From(r.Context()).Localizer == nil {
		r = h.withVisitor(r)
	}
	if err := h.render(w, r, f.Status, layout.ErrorPage(f), nil); err != nil {
		http.Error(w, http.StatusText(f.Status), f.Status)
	}
}
