package handlers_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/gorilla/sessions"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/handlers"
	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/views/i18n"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
	"github.com/paywicket/paywicket/web/vault"
)

// BenchmarkHistory is the first page of 25 rows out of 2,000 payouts, for somebody who is signed in.
func BenchmarkHistory(b *testing.B) {
	h, cookie := benchConsole(b, 2000)
	benchPage(b, h.Handler(), cookie)
}

// BenchmarkHistoryFromMemory is the same answer kept in memory, behind everything a page stands behind: the difference is
// what it costs to find, add up and draw the rows.
func BenchmarkHistoryFromMemory(b *testing.B) {
	h, cookie := benchConsole(b, 2000)
	made := ask(b, h.Handler(), cookie)
	benchPage(b, h.Kept("/payouts", made.Header(), made.Body.Bytes()), cookie)
}

func benchPage(b *testing.B, h http.Handler, cookie string) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		b.SetBytes(int64(ask(b, h, cookie).Body.Len()))
	}
}

func ask(b *testing.B, h http.Handler, cookie string) *httptest.ResponseRecorder {
	b.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://localhost/payouts", nil)
	r.Header.Set("Cookie", cookie)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "25 of 2,000") {
		b.Fatalf("got %d: %.300s", w.Code, w.Body.String())
	}
	return w
}

// benchConsole is a console with a history, and the cookie of a super admin who is signed in.
func benchConsole(b *testing.B, n int) (*handlers.Handlers, string) {
	b.Helper()
	ctx := b.Context()
	ids := 0
	newID := func() string { ids++; return fmt.Sprintf("id%d", ids) }
	must := func(err error) {
		if err != nil {
			b.Helper()
			b.Fatal(err)
		}
	}
	data, err := db.Open(ctx, filepath.Join(b.TempDir(), "bench.db"), db.Options{Now: time.Now, NewID: newID})
	must(err)
	b.Cleanup(func() { _ = data.Close() })
	v, err := vault.Open(ctx, vault.FromBytes([]byte(strings.Repeat("k", 32))), data.Keysets(), vault.Options{Create: true, Now: time.Now})
	must(err)
	data.UseVault(v)
	people, err := access.New(data.People(), access.Options{Now: time.Now, NewID: newID, Issuer: "Bench"})
	must(err)
	catalog, err := store.NewCatalog([]providers.Definition{{ID: "moneroo", Name: "Moneroo"}, {ID: "goldenpay", Name: "GoldenPay"}}, nil, false)
	must(err)
	stores := store.New(data.Stores(), v, catalog, time.Now, newID)
	bundle, err := i18n.New()
	must(err)
	public, err := url.Parse("http://localhost")
	must(err)
	handlers.RegisterCookieTypes()
	manager := scs.New()
	manager.Store, manager.HashTokenInStore = data.Sessions(), true
	h := &handlers.Handlers{Access: people, Stores: stores, Payouts: payout.New(data.Payouts(), payout.Options{Now: time.Now}), History: data.Payouts(), Views: &payout.Views{Repo: data.Payouts(), Now: time.Now, NewID: newID},
		Hooks: data.Hooks(), Audit: data.Audit(), Sessions: manager, Cookies: sessions.NewCookieStore([]byte(strings.Repeat("c", 32))),
		Bundle: bundle, Log: slog.New(slog.DiscardHandler), Now: time.Now, Options: handlers.Options{Public: public, Ancestors: "'none'",
			Token: v.FormToken, CheckToken: v.CheckFormToken, Fault: func(error) (int, string) { return 0, "" }}}
	token, err := people.BeginSetup(ctx)
	must(err)
	boss, err := people.FinishSetup(ctx, access.First{Token: token, Name: "Ifeoma Lindqvist", Email: ifeomaMail, Password: password})
	must(err)
	st, err := stores.OpenStore(ctx, boss, "Kora Market", "Africa/Porto-Novo")
	must(err)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range n {
		p := madeUp(r, i, time.Now().Add(-time.Duration(i)*7*time.Minute))
		p.Store, p.Author = st.ID, boss.ID
		must(data.Payouts().Insert(ctx, p))
	}
	return h, signedIn(b, h)
}

func signedIn(b *testing.B, h *handlers.Handlers) string {
	b.Helper()
	form := url.Values{"email": {ifeomaMail}, "password": {password}}
	r := httptest.NewRequest(http.MethodPost, "http://localhost/login", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, r)
	var all []string
	for _, c := range w.Result().Cookies() {
		all = append(all, c.Name+"="+c.Value)
	}
	if w.Code != http.StatusSeeOther || len(all) == 0 {
		b.Fatalf("sign in: got %d: %.300s", w.Code, w.Body.String())
	}
	return strings.Join(all, "; ")
}
