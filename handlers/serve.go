package handlers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/paywicket/paywicket/static"
	"github.com/paywicket/paywicket/web/access"
)

// Handler is the console as an http.Handler. Patterns carry the mount path: nothing has to be stripped before it.
func (h *Handlers) Handler() http.Handler {
	mux := http.NewServeMux()
	base := h.Options.Base
	mux.Handle("GET "+base+"/static/", static.Handler(base+"/static/"))
	for _, rt := range h.routes() {
		method, path, _ := strings.Cut(rt.pattern, " ")
		mux.Handle(method+" "+base+path, h.wrap(rt))
	}
	if base != "" {
		mux.Handle("GET "+base, http.RedirectHandler(base+"/", http.StatusSeeOther))
	}
	mux.Handle(base+"/", h.wrap(route{pattern: "unknown", serve: notFound, permission: access.Anyone}))
	return h.outer(h.protect(mux))
}

func notFound(http.ResponseWriter, *http.Request) error { return errNotFound }

// protect refuses unsafe requests that another site caused. Only the webhook address is open to them.
func (h *Handlers) protect(next http.Handler) http.Handler {
	p := http.NewCrossOriginProtection()
	p.AddInsecureBypassPattern("POST " + h.Options.Base + "/hooks/{token}")
	if err := p.AddTrustedOrigin(h.Options.Public.Scheme + "://" + h.Options.Public.Host); err != nil {
		h.Log.Warn("trust own origin", "err", err)
	}
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.serveError(w, h.withVisitor(r), errCrossOrigin)
	}))
	return p.Handler(next)
}

// outer is what holds for every answer, static files and refusals included.
func (h *Handlers) outer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.setHeaders(w.Header())
		defer h.recover(w, r)
		id := requestID()
		w.Header().Set("X-Request-Id", id)
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, id))
		if !h.knowsHost(r) {
			h.serveError(w, h.withVisitor(r), errHost)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (h *Handlers) setHeaders(head http.Header) {
	for name, value := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
			"form-action 'self'; base-uri 'none'; frame-ancestors " + h.Options.Ancestors,
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "same-origin",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":           "camera=(), geolocation=(), microphone=(), payment=()",
		"Cache-Control":                "no-store",
	} {
		head.Set(name, value)
	}
	if h.Options.Public.Scheme == "https" {
		head.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
}

// knowsHost reports whether the request was sent to us by a name we have. Machines that ask for health or bring webhooks
// may use any.
func (h *Handlers) knowsHost(r *http.Request) bool {
	path := strings.TrimPrefix(r.URL.Path, h.Options.Base)
	if path == "/healthz" || path == "/readyz" || strings.HasPrefix(path, "/hooks/") || h.Options.Identify != nil {
		return true
	}
	if strings.EqualFold(r.Host, h.Options.Public.Host) {
		return true
	}
	return isLocal(r.Host) && isLocal(h.Options.Public.Host)
}

func isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || (err == nil && ip.IsLoopback())
}

// recover answers a panic with one plain sentence. What went wrong is in the log.
func (h *Handlers) recover(w http.ResponseWriter, r *http.Request) {
	if v := recover(); v != nil {
		if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(v)
		}
		h.Log.ErrorContext(r.Context(), "panic", "value", fmt.Sprint(v), "stack", string(debug.Stack()))
		h.serveError(w, h.withVisitor(r), errPanic)
	}
}

// wrap makes a handler of a route: who asks, whether they may, the answer or the error.
func (h *Handlers) wrap(rt route) http.Handler {
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		err := h.serve(w, &r, rt)
		if err != nil {
			h.serveError(w, r, err)
		}
		h.Log.DebugContext(r.Context(), "request", "route", rt.pattern, "took", time.Since(start), "request", requestIDFrom(r.Context()))
	})
	if isMachine(rt) {
		return inner
	}
	return h.Sessions.LoadAndSave(inner)
}

// isMachine reports whether a route is for programs: it has no session.
func isMachine(rt route) bool {
	for _, path := range []string{" /healthz", " /readyz", " /hooks/"} {
		if strings.Contains(rt.pattern, path) {
			return true
		}
	}
	return false
}

// serve replaces *r by the request with what is known of it, so that an error page knows it too.
func (h *Handlers) serve(w http.ResponseWriter, r **http.Request, rt route) error {
	if isMachine(rt) {
		return rt.serve(w, *r)
	}
	req, err := h.identify(w, *r)
	if err != nil {
		*r = h.withVisitor(*r)
		return err
	}
	*r = req
	if err := h.admit(w, req, rt); err != nil {
		if errors.Is(err, errAnswered) {
			return nil
		}
		return err
	}
	return rt.serve(w, req)
}

// admit checks what a route takes: the permission, and for what changes something the token of the session.
func (h *Handlers) admit(w http.ResponseWriter, r *http.Request, rt route) error {
	if isUnsafe(r.Method) {
		if err := h.readForm(w, r, rt); err != nil {
			return err
		}
	}
	if rt.permission == access.Anyone {
		return nil
	}
	p := person(r)
	if p.ID == "" {
		return h.askToSignIn(w, r)
	}
	if isUnsafe(r.Method) && !h.checkCSRF(r) {
		return errCSRF
	}
	if !access.CanSomewhere(p, rt.permission) {
		return errForbidden
	}
	return nil
}

// readForm reads what is posted, a file only where one is expected of this person.
func (h *Handlers) readForm(w http.ResponseWriter, r *http.Request, rt route) error {
	if takesFile(r, rt) && strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		return h.readFile(w, r)
	}
	return h.readBody(w, r, formLimit(r, rt))
}

// formLimit is how much of a form is read.
func formLimit(r *http.Request, rt route) int64 {
	if rt.permission == access.DraftPayouts && access.CanSomewhere(person(r), access.DraftPayouts) {
		return maxDraft
	}
	return maxForm
}

func isUnsafe(method string) bool {
	return method != http.MethodGet && method != http.MethodHead
}
