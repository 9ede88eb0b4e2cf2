package web

import (
	"crypto/sha256"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/gorilla/sessions"

	"github.com/paywicket/paywicket/handlers"
)

// The names of our cookies must not be those of a host program's. The __Host- name is only for a whole origin under TLS:
// browsers then see to it that nobody else sets it.
const (
	sessionCookie     = "paywicket"
	sessionCookieHost = "__Host-paywicket"
	uiLife            = 90 * 24 * 60 * 60 // seconds
)

// sessions makes what keeps a browser signed in, and what keeps its language and messages.
func (a *App) sessions() (*scs.SessionManager, sessions.Store) {
	secure, path := a.public.Scheme == "https", a.public.Path+"/"
	m := scs.New()
	m.Store = a.db.Sessions()
	m.Lifetime = 12 * time.Hour
	m.IdleTimeout = 0 // with one, a slow request restores a session after sign-out and each request becomes a write
	m.HashTokenInStore = true
	m.Cookie.Name = sessionCookie
	if secure && a.public.Path == "" {
		m.Cookie.Name = sessionCookieHost
	}
	m.Cookie.Path, m.Cookie.Secure, m.Cookie.HttpOnly, m.Cookie.SameSite = path, secure, true, http.SameSiteLaxMode
	m.Cookie.Persist = false

	signing := sha256.Sum256([]byte(a.vault.FormToken("cookie", "sign")))
	more := sha256.Sum256([]byte(a.vault.FormToken("cookie", "sign", "more")))
	sealing := sha256.Sum256([]byte(a.vault.FormToken("cookie", "seal")))
	c := sessions.NewCookieStore(append(signing[:], more[:]...), sealing[:])
	c.Options = &sessions.Options{Path: path, MaxAge: uiLife, Secure: secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	c.MaxAge(uiLife) // also what the cookie's own signature says
	handlers.RegisterCookieTypes()
	return m, c
}
