package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/access"
)

func TestPeopleAreForSuperAdmins(t *testing.T) {
	s := newSite(t)
	boss := s.setup()
	s.person("Adjoa", "adjoa@kora.example", merchant(s.store(boss, "Kora Market")))
	b := s.signIn("adjoa@kora.example")
	b.get("/me")
	for _, path := range []string{"/people", "/people/new", "/people/" + string(boss.ID), "/settings"} {
		if p := b.get(path); p.status != http.StatusForbidden {
			t.Errorf("%s: got %d", path, p.status)
		}
	}
	b.get("/me")
	if p := b.post("/people/"+string(boss.ID)+"/disable", nil); p.status != http.StatusForbidden {
		t.Errorf("disable: got %d", p.status)
	}
}

func TestInvite(t *testing.T) {
	s := newSite(t)
	boss := s.setup()
	p := s.get("/people/new")
	checkPage(t, p)
	if !p.says("There are no stores yet") || !has(p.find("#f-role"), "disabled") {
		t.Error("without stores only a super admin can be invited")
	}
	st := s.store(boss, "Kora Market")
	s.get("/people/new")
	box := "store[" + string(st.ID) + "]"
	p = s.submit("main form", url.Values{"name": {""}, "email": {"adjoa"}})
	if p.status != http.StatusUnprocessableEntity || len(p.all(".field__error")) != 3 || attr(p.find("#f-email"), "value") != "adjoa" {
		t.Errorf("bad form: got %d %s", p.status, p.text(".form__errors"))
	}
	checkPage(t, p)
	form := url.Values{"name": {"Adjoa"}, "email": {"adjoa@kora.example"}, "role": {"accountant"}}
	p = s.submit("main form", form)
	if p.status != http.StatusUnprocessableEntity || !p.says("Choose at least one store") || !has(p.find("input[value=accountant]"), "checked") {
		t.Errorf("no store: got %d %s", p.status, p.text(".form__errors"))
	}
	checkPage(t, p)
	form.Set(box, "on")
	p = s.submit("main form", form)
	address := p.text(".copy__value")
	if !strings.HasPrefix(p.path, "/invitations/") || !strings.HasPrefix(address, s.url+"/invite/") {
		t.Fatalf("got %d at %s: %s", p.status, p.path, p.text("main"))
	}
	checkPage(t, p)
	if again := s.get(p.path); again.find(".copy__value") != nil || !again.says("The link was shown once") {
		t.Error("the link is shown twice")
	}
	b := s.another(t)
	b.get(strings.TrimPrefix(address, s.url))
	if p = b.submit("main form", url.Values{"password": {password}}); p.path != "/" {
		t.Errorf("joining: got %d at %s", p.status, p.path)
	}
	if got := s.byEmail("adjoa@kora.example").Grants; len(got) != 1 || got[0] != accountantOf(st) {
		t.Errorf("roles: got %v", got)
	}
	s.get("/people/new")
	form.Set("email", "ADJOA@kora.example")
	if p = s.submit("main form", form); p.status != http.StatusUnprocessableEntity || !p.says("is in already") {
		t.Errorf("the same address: got %d %s", p.status, p.text(".form__errors"))
	}
	form.Set("role", "owner")
	if p = s.submit("main form", form); p.status != http.StatusUnprocessableEntity {
		t.Errorf("a role there is not: got %d", p.status)
	}
}

// The same form sent by htmx is answered with the page to swap in, or with where to go.
func TestInviteWithHTMX(t *testing.T) {
	s := newSite(t)
	s.setup()
	s.get("/people/new")
	s.header.Set("HX-Request", "true")
	p := s.submit("main form", url.Values{"name": {"Tomás"}, "email": {"tomas"}, "role": {"super-admin"}})
	if p.status != http.StatusUnprocessableEntity || p.find(".form__errors a") == nil {
		t.Errorf("bad form: got %d", p.status)
	}
	p = s.submit("main form", url.Values{"email": {"tomas@kora.example"}})
	to := p.header.Get("HX-Redirect")
	if p.status != http.StatusNoContent || !strings.HasPrefix(to, "/invitations/") {
		t.Fatalf("got %d %q", p.status, to)
	}
	s.header.Del("HX-Request")
	if p = s.get(to); p.find(".copy__value") == nil {
		t.Error("the link is not shown after htmx led there")
	}
}

func TestRevokeInvitation(t *testing.T) {
	s := newSite(t)
	boss := s.setup()
	token, _, err := s.admin.Access.Invite(t.Context(), boss, "x@kora.example", "Xavier", []access.Grant{super()})
	if err != nil {
		t.Fatal(err)
	}
	p := s.get("/people")
	if !p.says("Xavier: invitation") || !p.says("Not used yet") {
		t.Errorf("got %s", p.text("main"))
	}
	checkPage(t, p)
	p = s.post(attr(p.find("[aria-labelledby=open] form"), "action"), nil)
	if p.path != "/people" || !p.says("Taken back") || p.says("Xavier: invitation") {
		t.Errorf("got %d %s", p.status, p.text("main"))
	}
	if p = s.another(t).get("/invite/" + token); p.status != http.StatusNotFound {
		t.Errorf("the link: got %d", p.status)
	}
}

// With two super admins, giving a right takes both: whoever asked cannot confirm.
func TestSecondSuperAdminConfirms(t *testing.T) {
	s := newSite(t)
	boss := s.setup()
	s.person("Tomás", "tomas@kora.example", super())
	st := s.store(boss, "Kora Market")
	adjoa := s.person("Adjoa", "adjoa@kora.example", merchant(st))
	s.get("/people/" + string(adjoa.ID))
	checkPage(t, s.page)
	p := s.submit("[aria-labelledby=give] form", url.Values{"role": {"accountant"}, "store[" + string(st.ID) + "]": {"on"}})
	if !p.says("waits for another super admin") || len(s.byEmail("adjoa@kora.example").Grants) != 1 {
		t.Fatalf("got %d %s", p.status, p.text("main"))
	}
	p = s.get("/people")
	if p.says("Confirm") || !p.says("Waits for another super admin") {
		t.Errorf("whoever asked: got %s", p.text("[aria-labelledby=open]"))
	}
	hash := strings.TrimSuffix(strings.TrimPrefix(attr(p.find("[aria-labelledby=open] form"), "action"), "/invitations/"), "/revoke")
	if p = s.post("/invitations/"+hash+"/confirm", nil); len(s.byEmail("adjoa@kora.example").Grants) != 1 || !p.says("another super admin") {
		t.Errorf("confirming one's own: got %d %s", p.status, p.text("main"))
	}
	second := s.signIn("tomas@kora.example")
	p = second.get("/invitations/" + hash)
	checkPage(t, p)
	if !p.says("Once confirmed, Adjoa has the role at once") {
		t.Errorf("got %s", p.text("main"))
	}
	p = second.submit("main form", nil)
	if p.path != "/people" || len(s.byEmail("adjoa@kora.example").Grants) != 2 {
		t.Errorf("confirmed: got %d %s", p.status, p.text("main"))
	}
}

func TestPersonPage(t *testing.T) {
	s := newSite(t)
	boss := s.setup()
	st := s.store(boss, "Kora Market")
	adjoa := s.person("Adjoa", "adjoa@kora.example", merchant(st), accountantOf(st))
	here := s.signIn("adjoa@kora.example")
	p := s.get("/people/" + string(adjoa.ID))
	checkPage(t, p)
	takes := p.all("[aria-labelledby=held] form")
	if len(takes) != 2 {
		t.Fatalf("got %d roles to take away", len(takes))
	}
	p = s.post(attr(takes[0], "action"), url.Values{"role": {"accountant"}, "store": {string(st.ID)}})
	if got := s.byEmail("adjoa@kora.example").Grants; len(got) != 1 || !p.says("Adjoa has lost the role") {
		t.Errorf("got %v, %d %s", got, p.status, p.text("main"))
	}
	if p = here.get("/me"); p.path != "/login" {
		t.Errorf("she is still signed in: %s", p.path)
	}
	s.get("/people/" + string(adjoa.ID))
	p = s.submit("[aria-labelledby=give] form", url.Values{"role": {"super-admin"}})
	if !s.byEmail("adjoa@kora.example").IsSuper() || !p.says("Adjoa has the role now") {
		t.Errorf("further role: got %d %s", p.status, p.text("main"))
	}
	if p = s.get("/people/nobody"); p.status != http.StatusNotFound {
		t.Errorf("nobody: got %d", p.status)
	}
}

func TestNewPasswordLink(t *testing.T) {
	s := newSite(t)
	boss := s.setup()
	adjoa := s.person("Adjoa", "adjoa@kora.example", merchant(s.store(boss, "Kora Market")))
	s.get("/people/" + string(adjoa.ID))
	p := s.submit("[aria-labelledby=reset] form", nil)
	if !strings.HasPrefix(p.text(".copy__value"), s.url+"/invite/") {
		t.Fatalf("got %d at %s: %s", p.status, p.path, p.text("main"))
	}
	checkPage(t, p)
	s.get("/people/" + string(adjoa.ID))
	if !s.page.says("Adjoa: new password") {
		t.Error("the open link is not on her page")
	}
}

// What access would refuse is not offered, and says why.
func TestNothingIsOfferedThatIsRefused(t *testing.T) {
	s := newSite(t)
	boss := s.setup()
	p := s.get("/people/" + string(boss.ID))
	checkPage(t, p)
	if len(p.all("main form")) != 0 || !p.says("This is you") {
		t.Errorf("oneself: got %s", p.text("main"))
	}
	for _, path := range []string{"/disable", "/password", "/roles", "/roles/take"} {
		if p = s.post("/people/"+string(boss.ID)+path, url.Values{"role": {"super-admin"}}); p.status != http.StatusForbidden {
			t.Errorf("%s on oneself: got %d", path, p.status)
		}
		s.get("/me")
	}
	tomas := s.person("Tomás", "tomas@kora.example", super())
	p = s.get("/people/" + string(tomas.ID))
	if p.find("[aria-labelledby=reset] form") != nil || !p.says("would take a third super admin") || p.find("[aria-labelledby=give]") != nil {
		t.Errorf("the other super admin: got %s", p.text("main"))
	}
	p = s.get("/people/" + string(tomas.ID) + "/disable")
	checkPage(t, p)
	if !p.says("You will be the only super admin") || !p.says("signed out everywhere at once") {
		t.Errorf("got %s", p.text("main"))
	}
	p = s.submit("main form", nil)
	if p.path != "/people/"+string(tomas.ID) || !p.says("Disabled for good") || len(p.all("main form")) != 0 {
		t.Errorf("disabled: got %d %s", p.status, p.text("main"))
	}
	if p = s.get("/people"); !p.says("Disabled") {
		t.Error("the list does not say so")
	}
}

func TestPermissionTable(t *testing.T) {
	s := newSite(t)
	s.setup()
	p := s.get("/people")
	rows := p.all("[aria-labelledby=roles] tbody tr")
	if len(rows) != len(access.Permissions()) {
		t.Fatalf("got %d rows, want %d", len(rows), len(access.Permissions()))
	}
	for n, perm := range access.Permissions() {
		for c, cell := range findAll(rows[n], "td") {
			want := access.Allows(access.Roles()[c], perm)
			if got := find(cell, "svg[aria-label=yes]") != nil; got != want {
				t.Errorf("%s for %s: got %v", perm, access.Roles()[c], got)
			}
		}
	}
}

func TestPeopleThroughTheHost(t *testing.T) {
	s := newSite(t, func(c *web.Config) {
		c.Identify = func(*http.Request) (access.Identity, error) {
			return access.Identity{Subject: "7", Name: "Lan", Email: "lan@host.example", Role: access.SuperAdmin}, nil
		}
	})
	p := s.get("/people")
	checkPage(t, p)
	if !p.says("says what each may do") || !p.says("lan@host.example") || p.says("Invite someone") || p.find("main form") != nil {
		t.Errorf("got %s", p.text("main"))
	}
	for _, path := range []string{"/people/new", "/people/x", "/invitations/x"} {
		if p = s.get(path); p.status != http.StatusNotFound {
			t.Errorf("%s: got %d", path, p.status)
		}
	}
}
