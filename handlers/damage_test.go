package handlers_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
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

// spoil overwrites the first page of tables and indexes in a file that nobody has open.
func (s *site) spoil(query string) {
	s.t.Helper()
	s.restart(func(path string) {
		raw, err := sql.Open("sqlite", path)
		if err != nil {
			s.t.Fatal(err)
		}
		rows, err := raw.QueryContext(s.t.Context(), query)
		if err != nil {
			s.t.Fatal(err)
		}
		defer rows.Close()
		var roots []int
		for rows.Next() {
			var n int
			if err := rows.Scan(&n); err != nil {
				s.t.Fatal(err)
			}
			roots = append(roots, n)
		}
		if err := errors.Join(rows.Err(), raw.Close()); err != nil || len(roots) == 0 {
			s.t.Fatalf("got %d pages and %v", len(roots), err)
		}
		file, err := os.ReadFile(path)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, n := range roots {
			copy(file[(n-1)*4096:], bytes.Repeat([]byte{0xa5}, 4096))
		}
		if err := os.WriteFile(path, file, 0o600); err != nil {
			s.t.Fatal(err)
		}
	})
}

// lines is a log that is read while it is written.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Invariant 16: a page that somebody looks at meets a damaged page of the file. From then on nothing is claimed, what is readable
// is shown and says why, /readyz says why, and the log and the end of the program say what to do.
func TestInvariant16CorruptPageMetByAPage(t *testing.T) {
	for name, tt := range map[string]struct{ spoil, meets string }{
		"a list":                 {`select rootpage from sqlite_master where tbl_name = 'hooks' and rootpage > 0`, "/webhooks"},
		"what every page counts": {`select rootpage from sqlite_master where type = 'index' and tbl_name = 'payouts' and name like '%state%'`, "/audit"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			p := d.waiting(d.lan, "12.50")
			d.approve(d.signIn(ifeomaMail), p.ID)
			log := &lines{}
			d.cfg.Log = slog.New(slog.NewTextHandler(log, nil))
			d.restart(func(string) {})
			b := d.signIn(ifeomaMail)
			d.spoil(tt.spoil)
			page := b.get(tt.meets)
			if tt.meets == "/webhooks" && (page.status != http.StatusServiceUnavailable || !page.says("Nothing can be saved")) {
				t.Errorf("got %d, %q, want a sentence", page.status, page.text("main"))
			}
			for _, path := range []string{"/audit", "/me", "/people", "/settings"} {
				if page = b.get(path); page.status != http.StatusOK || !page.says("Nothing is saved or sent any more") {
					t.Errorf("%s: got %d, %q, want it shown, and why nothing is sent", path, page.status, page.text("body"))
				}
			}
			if page = b.get("/readyz"); page.status != http.StatusServiceUnavailable || !strings.Contains(page.body, "malformed") {
				t.Errorf("/readyz: got %d %q, want why", page.status, page.body)
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- d.app.Run(ctx) }()
			for range 20 { // longer than it takes to find out that nothing can be sent
				if page = b.get("/me"); page.status != http.StatusOK {
					t.Errorf("while it runs: got %d", page.status)
				}
			}
			select {
			case err := <-ended:
				t.Fatalf("it ended by itself, and nobody can read any more: %v", err)
			default:
			}
			stop()
			if err := <-ended; !errors.Is(err, db.ErrHalted) || !strings.Contains(err.Error(), "start again") {
				t.Errorf("got %v, want what to do", err)
			}
			if d.sends.Load() != 0 {
				t.Errorf("got %d sends, want none", d.sends.Load())
			}
			d.wantState(p.ID, payout.Approved)
			if n := strings.Count(log.text(), "nothing is saved or sent any more"); n != 1 || !strings.Contains(log.text(), "level=ERROR") {
				t.Errorf("got it logged %d times, want once", n)
			}
		})
	}
}
