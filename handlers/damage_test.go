package handlers_test

import (
	"database/sql"
	"net/http"
	"net/url"
	"testing"

	"github.com/paywicket/paywicket/web/access"
)

// past runs statements on the file past the program, as a fault of the disk would.
func (s *site) past(statements ...string) {
	s.t.Helper()
	raw, err := sql.Open("sqlite", "file:"+s.cfg.Database+"?_pragma=busy_timeout(5000)")
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = raw.Close() }() // what counts was checked
	for _, statement := range statements {
		if _, err := raw.ExecContext(s.t.Context(), statement); err != nil {
			s.t.Fatal(err)
		}
	}
}

// Invariant 16: whose authenticator and passkey are damaged is told so in a sentence, not with a page that says that something is
// broken; all other pages of theirs, and everybody else's, are as before.
func TestInvariant16DamagedFactors(t *testing.T) {
	d := newDesk(t)
	p := d.waiting(d.lan, "12.50")
	ifeoma, tomas := d.signIn(ifeomaMail), d.signIn(tomasMail)
	d.past(`update people set totp = x'00' where email = '`+ifeomaMail+`'`,
		`insert into passkeys (id, person, name, site, credential, made_at) select 'kk', id, 'My phone', (select value from settings where name = 'site'), x'00', 1
			from people where email = '`+ifeomaMail+`'`)
	if page := ifeoma.get("/me"); page.status != http.StatusOK || !page.says("Damaged here") {
		t.Errorf("own page: got %d, %q, want it to say which is damaged", page.status, page.text("main"))
	}
	d.ask(ifeoma, p.ID)
	for _, typed := range []string{"123456", password} {
		page := ifeoma.submit(".decision__act", url.Values{"code": {typed}})
		if page.status != http.StatusConflict || !page.says("cannot be checked") {
			t.Errorf("confirm: got %d, %q, want a sentence", page.status, page.text("main"))
		}
		d.ask(ifeoma, p.ID)
	}
	d.past(`update people set totp = null where email = '` + ifeomaMail + `'`)
	ifeoma.get("/approvals/" + string(p.ID))
	if page := ifeoma.submit(".decision__approve", nil); page.status != http.StatusConflict || !page.says("cannot be checked") {
		t.Errorf("only a damaged passkey: got %d, %q, want a sentence", page.status, page.text("main"))
	}
	d.past(`update people set totp = x'00' where email = '` + ifeomaMail + `'`)
	b := d.another(t)
	b.get("/login")
	if page := b.submit("main form", url.Values{"email": {ifeomaMail}, "password": {password}}); page.status != http.StatusConflict || !page.says("cannot be checked") {
		t.Errorf("sign in: got %d, %q, want a sentence", page.status, page.text("main"))
	}
	if page := tomas.get("/me"); page.status != http.StatusOK {
		t.Errorf("somebody else's page: got %d", page.status)
	}
	d.signIn(tomasMail)
	d.approve(tomas, p.ID)
}

// Invariant 16: an account whose stored keys are damaged still has its pages, and is stopped by the test call with a reason.
func TestInvariant16DamagedAccountPages(t *testing.T) {
	d := newDesk(t)
	p := d.waiting(d.lan, "12.50")
	d.past(`update credentials set sealed = x'00'`)
	d.restart(func(string) {}) // what was open in memory is gone
	lan, ifeoma := d.signIn(lanMail), d.signIn(ifeomaMail)
	for _, path := range []string{"/", "/accounts/" + string(d.account.ID), "/payouts/" + string(p.ID), "/payouts/new?account=" + string(d.account.ID)} {
		if page := lan.get(path); page.status != http.StatusOK {
			t.Errorf("%s: got %d, %q", path, page.status, page.text("main"))
		}
	}
	if page := ifeoma.get("/approvals/" + string(p.ID)); page.status != http.StatusOK {
		t.Errorf("approval: got %d, %q", page.status, page.text("main"))
	}
	if _, err := d.admin.Companies.Check(t.Context(), d.lan, d.account); err != nil {
		t.Fatal(err)
	}
	if page := lan.get("/accounts/" + string(d.account.ID)); page.status != http.StatusOK || !page.says("cannot be opened") {
		t.Errorf("got %d, %q, want why it is stopped", page.status, page.text("main"))
	}
	keys := "/accounts/" + string(d.account.ID) + "/keys"
	lan.get(keys)
	if page := lan.submit("main form", nil); page.status != http.StatusUnprocessableEntity || !page.says("Type it again") {
		t.Errorf("a key left empty: got %d, %q, want it asked for", page.status, page.text("main"))
	}
	if page := lan.submit("main form", url.Values{"settings[key]": {"k-2"}}); page.status != http.StatusOK {
		t.Errorf("typed again: got %d, %q", page.status, page.text("main"))
	}
	if a, err := d.admin.Stores.Account(t.Context(), d.lan, access.ViewPayouts, d.account.ID); err != nil || a.Version != 2 {
		t.Errorf("got version %d and %v, want the keys mended", a.Version, err)
	}
}
