package demo_test

import (
	"flag"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/paywicket/paywicket/providers/all"
	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/seed"
	"github.com/paywicket/paywicket/web/vault"
)

// madeUp is how long the history is that TestBig looks through: go test ./web/demo -run TestBig -made-up 1000000 -v -timeout 1h.
var madeUp = flag.Int("made-up", 20_000, "payouts of the made-up history that TestBig looks through")

// newBig serves a made-up history to an accountant of its first four stores, and returns them as a tab and the payouts worth looking for.
func newBig(t *testing.T) (*browser, []*payout.Payout) {
	t.Helper()
	ctx := startBrowser(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	public := "http://localhost:" + port
	app, err := web.New(t.Context(), web.Config{Database: filepath.Join(t.TempDir(), "big.db"), MasterKey: vault.FromBytes([]byte(strings.Repeat("k", 32))),
		Providers: all.Definitions(), PublicURL: public, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = app.Close() })
	done, err := app.Seed(t.Context(), *madeUp, *madeUp, 10, 1, func(web.Seeded) {})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d payouts made up at %.0f rows/s", done.Payouts, float64(done.Rows())/done.Took.Seconds())
	h := seed.New(*madeUp, 10, 1, time.Now().UTC().Truncate(24*time.Hour))
	var grants []access.Grant
	for _, st := range h.Stores[:4] {
		grants = append(grants, access.Grant{Role: access.Accountant, Store: st.ID})
	}
	admin := app.Admin()
	setup, err := admin.Access.BeginSetup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Access.FinishSetup(t.Context(), access.First{Token: setup, Name: "Ifeoma", Email: "ifeoma@paywicket.example", Password: everybody}); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Access.AddDirect(t.Context(), access.Person{Name: "Marit", Email: "marit@paywicket.example", Grants: grants}, everybody); err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: app, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	var wanted []*payout.Payout
	i := 0
	for p := range h.Payouts() {
		if i++; i%(*madeUp/40) == 0 && p.State == payout.Paid && p.Store == h.Stores[1].ID && len(wanted) < 3 {
			wanted = append(wanted, p)
		}
	}
	return tabAt(ctx, t, public), wanted
}

// TestBig is J10 and J11 in a long history: a payout is found from a scrap, and its page says what the provider told us.
func TestBig(t *testing.T) {
	b, wanted := newBig(t)
	b.signIn("marit@paywicket.example")
	if len(wanted) == 0 {
		t.Fatal("nothing to look for")
	}
	told := 0
	for _, p := range wanted {
		number := p.Content.AccountNumber()
		for what, scrap := range map[string]string{
			"the provider's reference": p.RemoteID(), "our reference": p.Reference()[:12], "its number": p.ID.Number(),
			"name and ending": p.Content.Recipient() + " " + number[len(number)-4:],
		} {
			b.open("/")
			start := time.Now()
			b.do(chromedp.SendKeys(chromedp.CSS("#find"), scrap+kb.Enter))
			b.wait("the payout by "+what, `location.pathname == "/payouts" && document.querySelector('td a[href$="`+string(p.ID)+`"]')`)
			t.Logf("J10, %s: no click, one scrap, %v", what, time.Since(start).Round(time.Millisecond))
		}
		start := time.Now()
		b.do(chromedp.Click(chromedp.CSS(`td a[href$="` + string(p.ID) + `"]`)))
		b.wait("its page", `location.pathname.endsWith("`+string(p.ID)+`")`)
		if strings.Contains(strings.ToLower(b.words("main")), "webhook") {
			told++
		}
		t.Logf("J11: one click, %v", time.Since(start).Round(time.Millisecond))
	}
	if told == 0 { // some of the made-up webhooks are forged
		t.Errorf("J11: no page tells of a webhook, the last says:\n%s", b.words("main"))
	}
	b.shot("big-payout")
	for name, path := range map[string]string{
		"big-history": "/payouts", "big-search": "/payouts?q=koffi&cols=books", "big-nothing": "/payouts?currency=KWD", "big-totals": "/payouts/totals?currency=XOF",
		"big-home": "/", "big-webhooks": "/webhooks", "big-also": "/payouts?q=processing",
	} {
		start := time.Now()
		b.open(path)
		t.Logf("%s: %v", path, time.Since(start).Round(time.Millisecond))
		b.each(name, func() { b.open(path) })
	}
}
