package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/access"
)

func TestMe(t *testing.T) {
	s := newSite(t)
	boss := s.setup()
	st := s.store(boss, "Kora Market")
	s.person("Adjoa", "adjoa@kora.example", merchant(st))
	b := s.signIn("adjoa@kora.example")
	p := b.get("/me")
	checkPage(t, p)
	for _, want := range []string{"adjoa@kora.example", "Merchant admin: Kora Market", "Draft payouts and ask for approval", "this browser"} {
		if !p.says(want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if p.says("Approve or reject payouts") {
		t.Error("it says more than she may")
	}
	p = b.submit("[aria-labelledby=you] form", url.Values{"name": {"Adjoa Mensah"}, "language": {"fr"}, "theme": {"dark"}})
	if p.path != "/me" || attr(p.find("html"), "lang") != "fr" || attr(p.find("html"), "data-theme") != "dark" || !p.says("Enregistré") {
		t.Errorf("got %d at %s: %s", p.status, p.path, p.text("h1"))
	}
	checkPage(t, p)
	if got := s.byEmail("adjoa@kora.example"); got.Name != "Adjoa Mensah" || got.Language != "fr" || len(got.Grants) != 1 {
		t.Errorf("kept: %+v", got)
	}
	p = b.submit("[aria-labelledby=you] form", url.Values{"name": {""}, "theme": {"pink"}, "language": {"xx"}})
	if p.status != http.StatusUnprocessableEntity || len(p.all(".field__error")) != 3 {
		t.Errorf("nonsense: got %d with %d errors", p.status, len(p.all(".field__error")))
	}
	checkPage(t, p)
	if p = b.post("/me", url.Values{"csrf": {"x"}, "name": {"Eve"}}); p.status != http.StatusForbidden {
		t.Errorf("without the token: got %d", p.status)
	}
}

// Somebody who goes back to the browser's language and the system's theme gets them, whatever the browser keeps.
func TestDisplay(t *testing.T) {
	s := newSite(t)
	s.setup()
	p := s.get("/display")
	checkPage(t, p)
	p = s.submit("main form", url.Values{"language": {"fr"}, "theme": {"dark"}})
	if p.path != "/display" || attr(p.find("html"), "lang") != "fr" {
		t.Errorf("got %d at %s", p.status, p.path)
	}
	p = s.submit("main form", url.Values{"language": {""}, "theme": {""}})
	if attr(p.find("html"), "lang") != "en" || has(p.find("html"), "data-theme") {
		t.Errorf("got %q %q", attr(p.find("html"), "lang"), attr(p.find("html"), "data-theme"))
	}
	if p = s.post("/display", url.Values{"csrf": {"x"}, "language": {"fr"}}); p.status != http.StatusForbidden {
		t.Errorf("signed in without the token: got %d", p.status)
	}
	v := s.another(t)
	v.get("/display")
	checkPage(t, v.page)
	p = v.submit("main form", url.Values{"theme": {"dark"}})
	if attr(p.find("html"), "data-theme") != "dark" {
		t.Error("a visitor's theme is not kept")
	}
	if p = v.post("/display", url.Values{"language": {"fr"}, "back": {"//evil.example"}}); p.path != "/display" || attr(p.find("html"), "data-theme") != "dark" {
		t.Errorf("language alone: got %s with theme %q", p.path, attr(p.find("html"), "data-theme"))
	}
}

func TestChangePassword(t *testing.T) {
	s := newSite(t)
	s.setup()
	other := s.signIn("ifeoma@kora.example")
	const fresh = "quiet lanterns over the canal"
	s.get("/me")
	for name, c := range map[string]struct{ old, fresh, field string }{
		"wrong":  {"not at all my password", fresh, "#f-old-error"},
		"short":  {password, "short", "#f-new-error"},
		"simple": {password, "aaaaaaaaaaaaaaaaaaaa", "#f-new-error"},
		"empty":  {"", "", "#f-old-error"},
	} {
		p := s.submit("[aria-labelledby=password] form", url.Values{"old": {c.old}, "new": {c.fresh}})
		if p.status != http.StatusUnprocessableEntity || p.find(c.field) == nil || p.find(".form__errors") == nil {
			t.Errorf("%s: got %d %s", name, p.status, p.text(".form__errors"))
		}
		if attr(p.find("#f-old"), "value")+attr(p.find("#f-new"), "value") != "" {
			t.Errorf("%s: the page carries a password", name)
		}
		checkPage(t, p)
	}
	p := s.submit("[aria-labelledby=password] form", url.Values{"old": {password}, "new": {fresh}})
	if p.path != "/me" || !p.says("Your password is changed") {
		t.Errorf("got %d at %s: %s", p.status, p.path, p.text("main"))
	}
	if p = other.get("/me"); p.path != "/login" {
		t.Errorf("the other browser: got %s", p.path)
	}
	if p = s.get("/me/password"); p.path != "/me" {
		t.Errorf("address of the form: got %s", p.path)
	}
}

func TestSessions(t *testing.T) {
	s := newSite(t)
	s.setup()
	one, two := s.signIn("ifeoma@kora.example"), s.signIn("ifeoma@kora.example")
	p := s.get("/me")
	forms := p.all("[aria-labelledby=sessions] td form")
	if len(forms) != 3 {
		t.Fatalf("got %d sessions, want 3", len(forms))
	}
	elsewhere := attr(forms[1], "action")
	if p = s.post(elsewhere, nil); p.path != "/me" || len(p.all("[aria-labelledby=sessions] td form")) != 2 {
		t.Errorf("after ending one: got %s", p.text("main"))
	}
	s.post("/me/sessions", nil)
	for name, b := range map[string]*browser{"one": one, "two": two} {
		if p = b.get("/me"); p.path != "/login" {
			t.Errorf("%s: got %s", name, p.path)
		}
	}
	p = s.get("/me")
	if p = s.post(attr(p.find("[aria-labelledby=sessions] td form"), "action"), nil); p.path != "/login" {
		t.Errorf("ending one's own: got %s", p.path)
	}
}

func TestAuthenticator(t *testing.T) {
	s := newSite(t)
	s.setup()
	other := s.signIn("ifeoma@kora.example")
	p := s.get("/me/totp")
	checkPage(t, p)
	seed := attr(p.find("input[name=seed]"), "value")
	if !strings.HasPrefix(attr(p.find("main img"), "src"), "data:image/png;base64,") || p.text(".copy__value") != seed {
		t.Fatal("no picture, or not the same seed as text")
	}
	if link := attr(p.find("a[href]"), "href"); link == "" || !strings.Contains(p.body, "otpauth://totp/") {
		t.Error("no link for an app on the same device")
	}
	p = s.submit("main form", url.Values{"code": {"000000"}, "password": {password}})
	if p.status != http.StatusUnprocessableEntity || attr(p.find("input[name=seed]"), "value") != seed || attr(p.find("#f-code"), "value") != "" {
		t.Errorf("wrong code: got %d %s", p.status, p.text(".form__errors"))
	}
	checkPage(t, p)
	if p = s.submit("main form", url.Values{"seed": {"JBSWY3DPEHPK3PXP"}, "code": {s.code("JBSWY3DPEHPK3PXP")}, "password": {password}}); p.status != http.StatusBadRequest {
		t.Errorf("a seed that is not ours: got %d", p.status)
	}
	s.get("/me/totp")
	seed = attr(s.page.find("input[name=seed]"), "value")
	if p = s.submit("main form", url.Values{"code": {s.code(seed)}, "password": {"not my password"}}); p.status != http.StatusUnprocessableEntity {
		t.Errorf("wrong password: got %d", p.status)
	}
	p = s.submit("main form", url.Values{"code": {s.code(seed)}, "password": {password}})
	if p.path != "/me" || !p.says("Authenticator app set up") || !s.byEmail("ifeoma@kora.example").HasTOTP {
		t.Fatalf("got %d at %s: %s", p.status, p.path, p.text("main"))
	}
	if p = other.get("/me"); p.path != "/login" {
		t.Errorf("the other browser: got %s", p.path)
	}
	checkSignInWithCode(t, s, seed)
	checkRemoval(t, s, seed)
}

// code is what an authenticator app shows for a seed now.
func (s *site) code(seed string) string {
	s.t.Helper()
	code, err := totp.GenerateCode(seed, s.clock.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return code
}

func checkSignInWithCode(t *testing.T, s *site, seed string) {
	t.Helper()
	s.clock.Add(time.Minute)
	b := s.another(t)
	b.get("/login")
	form := url.Values{"email": {"ifeoma@kora.example"}, "password": {password}}
	if p := b.submit("main form", form); p.status != http.StatusUnprocessableEntity || !strings.Contains(p.text(".form__errors"), "E-mail, password or code do not fit") {
		t.Errorf("without a code: got %d %s", p.status, p.text(".form__errors"))
	}
	form.Set("code", s.code(seed))
	if p := b.submit("main form", form); p.path != "/" {
		t.Errorf("with a code: got %d at %s", p.status, p.path)
	}
}

func checkRemoval(t *testing.T, s *site, seed string) {
	t.Helper()
	s.clock.Add(time.Minute)
	p := s.get("/me/totp")
	checkPage(t, p)
	if p.find("main img") != nil {
		t.Error("a second authenticator is offered")
	}
	if p = s.submit("main form", url.Values{"code": {"000000"}, "password": {password}}); p.status != http.StatusUnprocessableEntity {
		t.Errorf("wrong code: got %d", p.status)
	}
	checkPage(t, p)
	p = s.submit("main form", url.Values{"code": {s.code(seed)}, "password": {password}})
	if p.path != "/me" || s.byEmail("ifeoma@kora.example").HasTOTP {
		t.Errorf("got %d at %s: %s", p.status, p.path, p.text("main"))
	}
}

// Whom the host program vouches for has no password here, but confirms with an authenticator like anybody.
func TestMeThroughTheHost(t *testing.T) {
	s := newSite(t, func(c *web.Config) {
		c.Identify = func(*http.Request) (access.Identity, error) {
			return access.Identity{Subject: "7", Name: "Lan", Role: access.SuperAdmin}, nil
		}
	})
	p := s.get("/me")
	checkPage(t, p)
	if p.find("[aria-labelledby=password]") != nil || p.find("input[name=name]") != nil || !p.says("You cannot confirm decisions yet") {
		t.Errorf("got %s", p.text("main"))
	}
	p = s.get("/me/totp")
	checkPage(t, p)
	if p.find("input[name=password]") != nil {
		t.Error("it asks for a password")
	}
	seed := attr(p.find("input[name=seed]"), "value")
	if p = s.submit("main form", url.Values{"code": {s.code(seed)}}); p.path != "/me" || !p.says("Authenticator app set up") {
		t.Errorf("got %d at %s: %s", p.status, p.path, p.text("main"))
	}
	if p = s.get("/me/totp"); p.find("main form") != nil {
		t.Error("a removal is offered that would be refused")
	}
	checkPage(t, p)
	s.get("/me")
	if p = s.post("/me/password", url.Values{"old": {"x"}, "new": {"y"}}); p.status != http.StatusNotFound {
		t.Errorf("password: got %d", p.status)
	}
}
