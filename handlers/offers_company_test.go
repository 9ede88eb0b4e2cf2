package handlers_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/gobipay"
	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/demo"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// forgetful stands before GobiPay's simulator and leaves the name out of what it asks for, until it remembers. The simulator
// itself wants it all along.
func forgetful(next http.Handler, remembers *atomic.Bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if remembers.Load() || r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "MTN_BEN_XOF") {
			next.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		var all, left []map[string]any
		if err := json.Unmarshal(answer.Body.Bytes(), &all); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		for _, one := range all {
			if one["name"] != "fullname" {
				left = append(left, one)
			}
		}
		w.Header().Set("Content-Type", "application/json")
		b, _ := json.Marshal(left) // it was JSON a moment ago
		_, _ = w.Write(b)
	})
}

// gobi is a desk whose account is GobiPay's, as its simulator plays it.
type gobi struct {
	*draftDesk
	remembers atomic.Bool
	executed  atomic.Int64
}

func newGobi(t *testing.T) *gobi {
	t.Helper()
	t.Parallel()
	g := &gobi{draftDesk: &draftDesk{}}
	def := gobipay.Definition()
	g.site = newSite(t, func(c *web.Config) {
		sim := httptest.NewServer(forgetful(def.Simulator(providers.SimulatorConfig{Settings: demo.Settings(def), Now: c.Now,
			Executed: func(providers.Execution) { g.executed.Add(1) }}), &g.remembers))
		t.Cleanup(sim.Close)
		c.Providers, c.Simulate, g.file = []providers.Definition{def}, true, c.Database
		c.ProviderURLs = []string{"gobipay=" + sim.URL}
	})
	g.super = g.setup()
	g.store = g.site.store(g.super, "Lantern House")
	var err error
	if g.account, err = g.admin.Stores.Connect(t.Context(), g.super, store.Connection{Store: g.store.ID, Provider: def.ID, Live: true,
		Label: "Benin", Settings: demo.Settings(def)}); err != nil {
		t.Fatal(err)
	}
	if _, err := g.admin.Companies.Check(t.Context(), g.super, g.account); err != nil {
		t.Fatal(err)
	}
	g.person("Lan Phương Đỗ", "lan@lantern.example", merchant(g.store))
	g.lan = g.signIn("lan@lantern.example")
	return g
}

// begin makes a payout as far as the form goes.
func (g *gobi) begin(amount, do string) *payout.Payout {
	g.t.Helper()
	g.clock.Add(time.Second)
	g.lan.get("/payouts/new")
	page := g.lan.post("/payouts", url.Values{"store": {string(g.store.ID)}, "account": {string(g.account.ID)}, "country": {"BJ"},
		"method": {"MTN_BEN_XOF"}, "fields[phone_number]": {"2290196112290"}, "amount": {amount}, "description": {"Order 7"}, "language": {"en"}, "do": {do}})
	p := g.payouts()[0]
	if want := map[string]payout.State{"draft": payout.Draft, "submit": payout.Submitted}[do]; p.State != want {
		g.t.Fatalf("got %s, want %s: %s", p.State, want, page.text(".form__errors"))
	}
	return p
}

// run has the sender see to everything that is due, and looks again later, until the payout is in a state.
func (g *gobi) run(id payout.ID, want payout.State) *payout.Payout {
	g.t.Helper()
	for range 20 {
		if err := g.admin.Runner.Step(g.t.Context()); err != nil {
			g.t.Fatal(err)
		}
		g.admin.Runner.Wait()
		if p := g.find(id); p.State == want {
			return p
		}
		g.clock.Add(5 * time.Minute)
	}
	p := g.find(id)
	g.t.Fatalf("it is %s (%s), want %s", p.State, p.Reason, want)
	return nil
}

// TestCompanyAsksForMore: GobiPay begins to ask for a name. A draft and an approved payout that lack it are filled in on the
// page that tells of it, approved and paid, each once.
func TestCompanyAsksForMore(t *testing.T) {
	g := newGobi(t)
	if err := g.admin.Runner.Take(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.admin.Runner.Leave() }()
	draft, waiting := g.begin("310,000", "draft"), g.begin("85,000", "submit")
	g.approve(waiting)
	g.remembers.Store(true)

	waiting = g.run(waiting.ID, payout.Submitted) // what it lacks was found before anything was asked to move
	if g.executed.Load() != 0 || len(waiting.Attempts) != 0 || !strings.Contains(waiting.Reason, "fullname") {
		t.Fatalf("got %d executions, %d attempts, %q", g.executed.Load(), len(waiting.Attempts), waiting.Reason)
	}
	page := g.lan.get("/accounts/" + string(g.account.ID)) // asked again, since what it asks for has changed
	mustSay(t, page, "No longer fits: 1 draft, 1 payout that waits and 1 recipient.")
	g.offer()
	checkPage(t, g.lan.page)
	mustSay(t, g.lan.page, "MTN Mobile Money Bénin asks for Full name now.", "Full name is asked for now and is missing.")

	g.filled(draft, "draft", "fields[fullname]", "Abdoulaye Ndiaye-Sarr")
	g.filled(waiting, "waiting", "fields[fullname]", "Sena Agbodjan")
	mustSay(t, g.offer(), "Every draft, every payout that waits and every recipient fits")
	g.lan.post("/payouts/"+string(draft.ID)+"/submit", url.Values{})
	for i, want := range map[payout.ID]string{draft.ID: "Abdoulaye Ndiaye-Sarr", waiting.ID: "Sena Agbodjan"} {
		p := g.find(i)
		if p.State != payout.Submitted || detail(p, "fullname") != want || p.Content.Description != "Order 7" {
			t.Fatalf("got %s %+v", p.State, p.Content)
		}
		g.approve(p)
		g.run(i, payout.Paid)
	}
	if n := g.executed.Load(); n != 2 {
		t.Errorf("%s executions, want 2", strconv.FormatInt(n, 10))
	}
}
