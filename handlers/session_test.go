package handlers_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/access"
)

func TestSetup(t *testing.T) {
	s := newSite(t)
	p := s.get("/people")
	if p.path != "/setup" || !p.says("Not set up yet") {
		t.Errorf("before the set-up: got %s: %s", p.path, p.text("main"))
	}
	checkPage(t, p)
	if p = s.get("/login"); p.path != "/setup" {
		t.Errorf("sign-in before the set-up: got %s", p.path)
	}
	if p = s.get("/setup?token=wrong"); p.status != http.StatusNotFound || !p.says("does not work") {
		t.Errorf("wrong token: got %d %s", p.status, p.text("main"))
	}
	link, err := s.app.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p = s.get(strings.TrimPrefix(link, s.url))
	checkPage(t, p)
	p = s.submit("main form", url.Values{"name": {""}, "email": {"ifeoma"}, "password": {"short"}})
	checkPage(t, p)
	if p.status != http.StatusUnprocessableEntity || len(p.all(".form__errors li")) != 3 || attr(p.find("#f-email"), "value") != "ifeoma" {
		t.Errorf("bad form: got %d: %s", p.status, p.text(".form__errors"))
	}
	if attr(p.find("#f-password"), "value") != "" {
		t.Error("the page carries a password")
	}
	p = s.submit("main form", url.Values{"name": {"Ifeoma"}, "email": {"i@kora.example"}, "password": {password}, "mode": {"one"}})
	if p.path != "/" || !p.says("Welcome, Ifeoma") {
		t.Errorf("after it: got %d at %s: %s", p.status, p.path, p.text("body"))
	}
	if setup, err := s.admin.Access.Setup(t.Context()); err != nil || !setup.OnePerson {
		t.Errorf("mode: got %+v, %v", setup, err)
	}
	if p = s.another(t).get(strings.TrimPrefix(link, s.url)); p.status != http.StatusNotFound || !p.says("The set-up is done") {
		t.Errorf("used link: got %d %s", p.status, p.text("main"))
	}
}

func TestSignIn(t *testing.T) {
	s := newSite(t)
	s.setup()
	b := s.another(t)
	p := b.get("/settings?page=2")
	if p.path != "/login" || attr(p.find("input[name=next]"), "value") != "/settings?page=2" {
		t.Fatalf("got %s, next %q", p.path, attr(p.find("input[name=next]"), "value"))
	}
	checkPage(t, p)
	for name, form := range map[string]url.Values{
		"wrong password": {"email": {"ifeoma@kora.example"}, "password": {"nothing like it at all"}},
		"unknown person": {"email": {"nobody@kora.example"}, "password": {password}},
	} {
		p = b.submit("main form", form)
		if p.status != http.StatusUnprocessableEntity || p.text(".form__errors li") != "E-mail, password or code do not fit. Check all three and try again." {
			t.Errorf("%s: got %d %q", name, p.status, p.text(".form__errors"))
		}
		if attr(p.find("#f-email"), "value") != form.Get("email") || strings.Contains(p.body, form.Get("password")) {
			t.Errorf("%s: the e-mail must stay and the password must not", name)
		}
		checkPage(t, p)
	}
	if p = b.submit("main form", url.Values{"email": {""}, "password": {""}}); len(p.all(".field__error")) != 2 {
		t.Errorf("nothing typed: got %q", p.text(".form__errors"))
	}
	before := b.cookie("paywicket")
	p = b.submit("main form", url.Values{"email": {"ifeoma@kora.example"}, "password": {password}})
	if p.path != "/settings" {
		t.Errorf("signed in: got %d at %s", p.status, p.path)
	}
	if after := b.cookie("paywicket"); after == "" || after == before {
		t.Errorf("the session kept its name %q", after)
	}
	if p = b.get("/login?next=/people"); p.path != "/people" {
		t.Errorf("sign-in page for somebody who is in: got %s", p.path)
	}
	b.get("/me")
	if p = b.post("/logout", nil); p.path != "/login" || !p.says("You are signed out") {
		t.Errorf("signed out: got %d at %s", p.status, p.path)
	}
	if p = b.get("/people"); p.path != "/login" {
		t.Errorf("after signing out: got %s", p.path)
	}
}

func TestSigningOutClearsTheCache(t *testing.T) {
	s := newSite(t)
	s.setup()
	s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.get("/logout")
	checkPage(t, s.page)
	if p := s.post("/logout", url.Values{"csrf": {"x"}}); p.status != http.StatusForbidden {
		t.Errorf("without the token: got %d", p.status)
	}
	s.get("/logout")
	if p := s.submit("main form", nil); p.status != http.StatusSeeOther || p.header.Get("Clear-Site-Data") != `"cache"` {
		t.Errorf("got %d %v", p.status, p.header)
	}
}

// cookie is the value of a cookie of the console, "" if there is none.
func (b *browser) cookie(name string) string {
	u, err := url.Parse(b.url + "/")
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func TestSignInLeadsNowhereElse(t *testing.T) {
	s := newSite(t, func(c *web.Config) { c.PublicURL += "/desk" })
	s.setup()
	for next, want := range map[string]string{
		"/desk/me":                     "/desk/me",
		"/desk":                        "/desk/",
		"/desk/me?a=b":                 "/desk/me",
		"//evil.example":               "/desk/",
		"/\\evil.example":              "/desk/",
		"https://evil.example/":        "/desk/",
		"/other":                       "/desk/",
		"/desk/../other":               "/desk/",
		"/desk/%2e%2e/other":           "/desk/",
		"/desk//evil.example":          "/desk/",
		"/desk/\tx":                    "/desk/",
		"/desk/%09x":                   "/desk/",
		"/desk/%5cevil.example":        "/desk/",
		"/desk/logout":                 "/desk/",
		"/desk/login?next=/desk/me":    "/desk/",
		"javascript:alert(1)":          "/desk/",
		"/desk/" + longText(3000, "x"): "/desk/",
	} {
		if p := s.get("/login?next=" + url.QueryEscape(next)); p.path != want {
			t.Errorf("%q: got %s, want %s", next, p.path, want)
		}
	}
}

func longText(n int, letter string) string { return strings.Repeat(letter, n) }

func TestSignInIsThrottled(t *testing.T) {
	s := newSite(t)
	s.setup()
	b := s.another(t)
	b.get("/login")
	form := url.Values{"email": {"ifeoma@kora.example"}, "password": {"nothing like it at all"}}
	for range 6 {
		b.submit("main form", form)
	}
	form.Set("password", password)
	p := b.submit("main form", form)
	if p.status != http.StatusTooManyRequests || p.header.Get("Retry-After") == "" || !p.says("Too many tries. Wait") {
		t.Errorf("got %d: %s", p.status, p.text(".form__errors"))
	}
	checkPage(t, p)
	s.clock.Add(time.Hour)
	if p = b.submit("main form", form); p.path != "/" {
		t.Errorf("an hour later: got %d at %s", p.status, p.path)
	}
}

func TestSessionEndsWhenIdle(t *testing.T) {
	s := newSite(t)
	s.setup()
	s.clock.Add(14 * time.Minute)
	if p := s.get("/people"); p.path != "/people" {
		t.Errorf("after 14 minutes: got %s", p.path)
	}
	s.clock.Add(16 * time.Minute)
	if p := s.get("/people"); p.path != "/login" {
		t.Errorf("after 16 minutes without a request: got %s", p.path)
	}
}

// What was typed survives the end of a session, but never a secret, and only the right paths are led to.
func TestFormSurvivesTheEndOfTheSession(t *testing.T) {
	s := newSite(t)
	s.setup()
	s.get("/people/new")
	form := url.Values{"email": {"adjoa@kora.example"}, "name": {"Adjoa <b>"}, "role": {"super-admin"}}
	s.clock.Add(time.Hour)
	p := s.submit("main form", form)
	if p.status != http.StatusUnauthorized || !p.says("What you typed is kept") || attr(p.find("input[name=resume_path]"), "value") != "/people" {
		t.Fatalf("got %d: %s", p.status, p.text("main"))
	}
	checkPage(t, p)
	p = s.submit("main form", url.Values{"email": {"ifeoma@kora.example"}, "password": {"nothing like it at all"}})
	if p.status != http.StatusUnprocessableEntity {
		t.Fatalf("wrong password: got %d", p.status)
	}
	p = s.submit("main form", url.Values{"email": {"ifeoma@kora.example"}, "password": {password}})
	if p.status != http.StatusOK || p.text("h1") != "You are signed in again" {
		t.Fatalf("got %d: %s", p.status, p.text("main"))
	}
	checkPage(t, p)
	if p = s.submit("main form", nil); p.status != http.StatusOK || !p.says("adjoa@kora.example") {
		t.Errorf("sent again: got %d at %s: %s", p.status, p.path, p.text("main"))
	}
}

func TestSecretsDoNotSurvive(t *testing.T) {
	s := newSite(t)
	s.setup()
	v := s.another(t)
	v.get("/login")
	p := v.post("/people", url.Values{"label": {"Main"}, "secret[key]": {"sk_live_1"}, "settings[key]": {"sk_live_7"}, "password": {"sk_live_2"}, "old": {"sk_live_3"},
		"new": {"sk_live_4"}, "code": {"sk_live_5"}, "csrf": {"sk_live_6"}})
	if strings.Contains(p.body, "sk_live") || !strings.Contains(attr(p.find("input[name=resume_form]"), "value"), "Main") {
		t.Errorf("got %d: %q", p.status, attr(p.find("input[name=resume_form]"), "value"))
	}
	packed, err := json.Marshal(map[string][]string{"label": {"Main"}, "csrf": {"stolen"}, "password": {"x"}})
	if err != nil {
		t.Fatal(err)
	}
	p = v.post("/login", url.Values{"email": {"ifeoma@kora.example"}, "password": {password}, "resume_path": {"/people"}, "resume_form": {string(packed)}})
	if strings.Contains(p.body, "stolen") || p.find("main form input[name=password]") != nil {
		t.Errorf("got %s", p.text("main"))
	}
}

func TestOnlySomePathsAreResumed(t *testing.T) {
	for _, path := range []string{"//evil.example", "https://evil.example", "/me/password", "/me", "/login", "/logout", "/display", "/setup", "/hooks/x", "/invite/x", ""} {
		s := newSite(t)
		s.setup()
		b := s.another(t)
		b.get("/login")
		p := b.post("/login", url.Values{"email": {"ifeoma@kora.example"}, "password": {password}, "resume_path": {path}, "resume_form": {`{"a":["b"]}`}})
		if p.path != "/" {
			t.Errorf("%q: got %s", path, p.path)
		}
	}
}

func TestVisitorsWithHTMX(t *testing.T) {
	s := newSite(t)
	s.setup()
	b := s.another(t)
	b.header.Set("HX-Request", "true")
	b.header.Set("HX-Current-URL", s.url+"/people?x=1")
	if p := b.get("/people"); p.status != http.StatusUnauthorized || p.header.Get("HX-Redirect") != "/login?next=%2Fpeople%3Fx%3D1" {
		t.Errorf("got %d %q", p.status, p.header.Get("HX-Redirect"))
	}
	b.header.Set("HX-Current-URL", "https://evil.example//evil.example")
	if p := b.get("/people"); p.header.Get("HX-Redirect") != "/login" {
		t.Errorf("got %q", p.header.Get("HX-Redirect"))
	}
}

func TestHostSignsIn(t *testing.T) {
	var who access.Identity
	s := newSite(t, func(c *web.Config) {
		c.Identify = func(*http.Request) (access.Identity, error) { return who, nil }
	})
	for _, path := range []string{"/people", "/login", "/setup"} {
		p := s.get(path)
		checkPage(t, p)
		if p.text("h1") != "Sign in elsewhere" {
			t.Errorf("%s: got %d %q", path, p.status, p.text("h1"))
		}
	}
	who = access.Identity{Subject: "7", Name: "Lan", Email: "lan@host.example", Role: access.SuperAdmin}
	if p := s.get("/login"); p.path != "/" {
		t.Errorf("known to the host: got %s", p.path)
	}
}

func TestInvitation(t *testing.T) {
	s := newSite(t)
	boss := s.setup()
	st := s.store(boss, "Kora Market")
	token, _, err := s.admin.Access.Invite(t.Context(), boss, "adjoa@kora.example", "Adjoa", []access.Grant{merchant(st)})
	if err != nil {
		t.Fatal(err)
	}
	b := s.another(t)
	p := b.get("/invite/" + token)
	checkPage(t, p)
	if !p.says("Ifeoma Lindqvist invites you") || !p.says("Merchant admin: Kora Market") || attr(p.find("#f-name"), "value") != "Adjoa" {
		t.Errorf("got %s", p.text("main"))
	}
	p = b.submit("main form", url.Values{"name": {"Adjoa Mensah"}, "password": {"adjoa"}})
	if p.status != http.StatusUnprocessableEntity || attr(p.find("#f-name"), "value") != "Adjoa Mensah" || !p.says("at least 12 characters") {
		t.Errorf("short password: got %d %s", p.status, p.text("main"))
	}
	p = b.submit("main form", url.Values{"password": {password}})
	if p.path != "/" || !p.says("Welcome, Adjoa Mensah") {
		t.Errorf("got %d at %s: %s", p.status, p.path, p.text("main"))
	}
	for _, link := range []string{token, "nonsense"} {
		if p = s.another(t).get("/invite/" + link); p.status != http.StatusNotFound || !p.says("This link does not work") {
			t.Errorf("%s: got %d %s", link, p.status, p.text("main"))
		}
		checkPage(t, p)
	}
}

func TestInvitationThatWaits(t *testing.T) {
	s := newSite(t)
	boss := s.setup()
	s.person("Tomás", "tomas@kora.example", super())
	token, _, err := s.admin.Access.Invite(t.Context(), boss, "x@kora.example", "X", []access.Grant{super()})
	if err != nil {
		t.Fatal(err)
	}
	if p := s.another(t).get("/invite/" + token); p.status != http.StatusNotFound || !p.says("Almost there") {
		t.Errorf("got %d %s", p.status, p.text("main"))
	}
}

func TestNewPasswordByInvitation(t *testing.T) {
	s := newSite(t)
	boss := s.setup()
	lan := s.person("Lan Phương", "lan@kora.example", merchant(s.store(boss, "Lantern House")))
	token, _, err := s.admin.Access.OfferPassword(t.Context(), boss, lan.ID)
	if err != nil {
		t.Fatal(err)
	}
	b := s.another(t)
	p := b.get("/invite/" + token)
	checkPage(t, p)
	if p.text("h1") != "Choose a new password" || p.find("#f-name") != nil {
		t.Errorf("got %s", p.text("main"))
	}
	if p = b.submit("main form", url.Values{"password": {"another lantern in the rain"}}); p.path != "/" {
		t.Errorf("got %d at %s: %s", p.status, p.path, p.text("main"))
	}
}

func TestLanguageOfVisitors(t *testing.T) {
	s := newSite(t)
	s.setup()
	b := s.another(t)
	b.get("/login?next=/me")
	form := b.page.all("main form")
	if len(form) != 2 {
		t.Fatalf("got %d forms, want sign-in and languages", len(form))
	}
	p := b.post("/display", url.Values{"language": {"fr"}, "back": {"/login?next=/me"}})
	if p.text("h1") != "Se connecter" || attr(p.find("html"), "lang") != "fr" || attr(p.find("input[name=next]"), "value") != "/me" {
		t.Errorf("got %d %q", p.status, p.text("h1"))
	}
	if p = b.post("/display", url.Values{"language": {"xx"}}); p.status != http.StatusUnprocessableEntity {
		t.Errorf("unknown language: got %d", p.status)
	}
}
