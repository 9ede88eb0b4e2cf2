package handlers_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
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
	"github.com/paywicket/paywicket/web/seed"
	"github.com/paywicket/paywicket/web/store"
	"github.com/paywicket/paywicket/web/vault"
)

var seeded = flag.Int("seeded", 0, "how many made-up payouts of ten stores the benchmarks look at in place of 2,000 in every state alike")

// BenchmarkHistory is the first page of 25 rows for somebody who is signed in, beside the same page drawn from memory: its rows,
// totals and menu are at hand and it has neither session nor database, all else is done for both. They take turns and the middle of
// the times counts, so that what else the machine does weighs on both alike.
func BenchmarkHistory(b *testing.B) {
	h, cookie := benchConsole(b)
	from := [2]http.Handler{h.Handler(), h.FromMemory(asked(cookie))}
	if page, memory := ask(b, from[0], cookie).Body.Len(), ask(b, from[1], cookie).Body.Len(); page != memory {
		b.Fatalf("the page has %d bytes, %d from memory", page, memory)
	}
	var took [2][]time.Duration
	for b.Loop() {
		for i, h := range from {
			start := time.Now()
			ask(b, h, cookie)
			took[i] = append(took[i], time.Since(start))
		}
	}
	var usual [2]time.Duration
	for i, all := range took {
		slices.Sort(all)
		usual[i] = all[len(all)/2]
	}
	b.ReportMetric(float64(usual[0].Microseconds()), "µs/page")
	b.ReportMetric(float64(usual[1].Microseconds()), "µs/from-memory")
	b.ReportMetric(usual[1].Seconds()/usual[0].Seconds(), "of-memory")
}

func asked(cookie string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://localhost/payouts", nil)
	r.Header.Set("Cookie", cookie)
	return r
}

func ask(b *testing.B, h http.Handler, cookie string) *httptest.ResponseRecorder {
	b.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, asked(cookie))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "25 of ") {
		b.Fatalf("got %d: %.300s", w.Code, w.Body.String())
	}
	return w
}

// benchConsole is a console with a history, and the cookie of a super admin who is signed in.
func benchConsole(b *testing.B) (*handlers.Handlers, string) {
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
	if *seeded > 0 {
		_, err = data.Seed(ctx, seed.New(*seeded, 10, 1, time.Now()), 0, func(db.Seeded) {})
	} else {
		var st store.Store
		st, err = stores.OpenStore(ctx, boss, "Kora Market", "Africa/Porto-Novo")
		must(err)
		err = insertMadeUp(ctx, data.Payouts(), st.ID, boss.ID)
	}
	must(err)
	return h, signedIn(b, h)
}

func insertMadeUp(ctx context.Context, to db.Payouts, st store.ID, by access.PersonID) error {
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 2000 {
		p := madeUp(r, i, time.Now().Add(-time.Duration(i)*7*time.Minute))
		p.Store, p.Author = st, by
		if err := to.Insert(ctx, p); err != nil {
			return err
		}
	}
	return nil
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

// BenchmarkExportBegins is the time from asking for the whole history as CSV to the first byte of it, over HTTP.
func BenchmarkExportBegins(b *testing.B) {
	h, cookie := benchConsole(b)
	s := httptest.NewServer(h.Handler())
	b.Cleanup(s.Close)
	var took []time.Duration
	for b.Loop() {
		r := asked(cookie)
		r.URL.Host, r.URL.Path, r.RequestURI = s.Listener.Addr().String(), "/payouts.csv", ""
		start := time.Now()
		answer, err := s.Client().Do(r)
		if err != nil {
			b.Fatal(err)
		}
		_, err = io.ReadFull(answer.Body, make([]byte, 1))
		took = append(took, time.Since(start))
		if _, rest := io.Copy(io.Discard, answer.Body); err != nil || rest != nil || answer.StatusCode != http.StatusOK {
			b.Fatalf("got %d, %v, %v", answer.StatusCode, err, rest)
		}
		_ = answer.Body.Close()
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-to-first")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "ms-at-worst")
}
