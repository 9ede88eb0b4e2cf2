package handlers

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
)

type (
	requestKey struct{}
	loginKey   struct{}
)

const (
	loginName = "login" // the one value of a session: which login the browser has
	csrfName  = "csrf"
)

func requestID() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // crypto/rand never fails
	return hex.EncodeToString(b)
}

func requestIDFrom(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// person is who asks; the zero Person for a visitor.
func person(r *http.Request) access.Person { return views.From(r.Context()).Person }

// login is the login of the browser, "" for a visitor and for people whom the host program vouches for.
func login(r *http.Request) string {
	id, _ := r.Context().Value(loginKey{}).(string)
	return id
}

// identify finds out who asks and gathers what every page shows.
func (h *Handlers) identify(w http.ResponseWriter, r *http.Request) (*http.Request, error) {
	p, loginID, err := h.who(r)
	if err != nil {
		return r, err
	}
	v := h.visitor(r, p)
	v.Flash = h.takeFlash(w, r)
	return h.known(r, v, loginID)
}

// known is the request with what is known of it. It is made after the cookie was read: the request carries the cookie's
// values from then on, and a copy made earlier would read them again as they came.
func (h *Handlers) known(r *http.Request, v views.Request, loginID string) (*http.Request, error) {
	ctx := context.WithValue(r.Context(), loginKey{}, loginID)
	if v.Person.ID != "" {
		v.SignedIn = true
		v.CSRF = h.csrfToken(string(v.Person.ID), loginID)
		if err := h.gather(ctx, &v); err != nil {
			return r, err
		}
	}
	return r.WithContext(views.With(ctx, v)), nil
}

func (h *Handlers) who(r *http.Request) (access.Person, string, error) {
	if h.Options.Identify != nil {
		id, err := h.Options.Identify(r)
		if err != nil || id.Subject == "" {
			return access.Person{}, "", nil //nolint:nilerr // the host does not know who it is: a visitor
		}
		p, err := h.Access.External(r.Context(), id)
		if errors.Is(err, access.ErrNotFound) {
			return access.Person{}, "", nil
		}
		return p, "", err
	}
	id := h.Sessions.GetString(r.Context(), loginName)
	if id == "" {
		return access.Person{}, "", nil
	}
	p, l, err := h.Access.Current(r.Context(), id)
	if errors.Is(err, access.ErrNotFound) {
		return access.Person{}, "", nil
	}
	return p, l.ID, err
}

// withVisitor gives a request what an error page needs when nobody is known.
func (h *Handlers) withVisitor(r *http.Request) *http.Request {
	return r.WithContext(views.With(r.Context(), h.visitor(r, access.Person{})))
}

func (h *Handlers) visitor(r *http.Request, p access.Person) views.Request {
	tag := h.Bundle.Match(r.Header.Get("Accept-Language"), h.cookieValue(r, languageName), p.Language)
	theme := p.Theme
	if theme == "" {
		theme = h.cookieValue(r, themeName)
	}
	return views.Request{
		Base: h.Options.Base, Public: strings.TrimSuffix(h.Options.Public.String(), "/"), Path: r.URL.Path, RequestID: requestIDFrom(r.Context()),
		Language: tag, Localizer: h.Bundle.Localizer(tag), Theme: theme, Now: h.Now(), Zone: time.UTC,
		Person: p, Demo: h.Options.Demo, Version: h.Options.Version, SetupDone: true,
		Workbooks: h.Options.Workbook != nil, Receipts: h.Options.Receipt != nil,
	}
}

// gather adds what the shell of a page shows: stores, what waits, whether sending is stopped.
func (h *Handlers) gather(ctx context.Context, v *views.Request) error {
	var err error
	if v.Stores, err = h.Stores.Stores(ctx, v.Person); err != nil {
		return err
	}
	if len(v.Stores) > 0 {
		v.Zone = v.Stores[0].Location()
	}
	counts, err := h.History.Counts(ctx, payout.ScopeOf(v.Person, access.ViewPayouts))
	if status, _ := h.Options.Fault(err); err != nil && status == 0 { // else pages that can be read go without the counts
		return err
	}
	if v.Can(access.ApprovePayouts) {
		v.Waiting = counts.Waiting
	}
	v.Review = counts.Review
	setup, err := h.Access.Setup(ctx)
	if setup.Halted != "" {
		v.Frozen = v.Localizer.T("strip.halted", "Reason", setup.Halted)
		if setup.HaltedBy != "" {
			v.Frozen += " · " + v.Localizer.T("freeze.since", "When", v.Localizer.DateTime(setup.HaltedAt.In(v.Zone)), "Name", setup.HaltedBy)
		}
	}
	if setup.Broken != "" {
		v.Frozen = v.Localizer.T("strip.broken", "Reason", setup.Broken)
	}
	for _, s := range v.Stores {
		if s.Frozen.On() {
			v.Stopped = append(v.Stopped, v.Localizer.T("strip.stopped", "Store", s.Name, "When", v.Localizer.DateTime(s.Frozen.At.In(v.Zone)), "Reason", s.Frozen.Reason))
		}
	}
	return err
}

// address is where a request comes from: what a trusted proxy says, else the other end of the connection.
func (h *Handlers) address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && h.trusts(host); i-- {
		if hop := strings.TrimSpace(hops[i]); hop != "" {
			host = hop
		}
	}
	return host
}

func (h *Handlers) trusts(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && slices.ContainsFunc(h.Options.Proxies, func(p netip.Prefix) bool { return p.Contains(ip.Unmap()) })
}
