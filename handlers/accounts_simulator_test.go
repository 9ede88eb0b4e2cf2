package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/moneroo"
	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/demo"
	"github.com/paywicket/paywicket/web/store"
)

// TestAccountLeadsToItsSimulator: where an account's address is a simulator, its page leads to the one that controls it. No
// other address has such a page.
func TestAccountLeadsToItsSimulator(t *testing.T) {
	t.Parallel()
	for _, simulated := range []bool{true, false} {
		def := moneroo.Definition()
		url := ""
		s := newSite(t, func(c *web.Config) {
			sim := httptest.NewServer(def.Simulator(providers.SimulatorConfig{Settings: demo.Settings(def), Now: c.Now}))
			t.Cleanup(sim.Close)
			url = sim.URL
			c.Providers, c.Simulate, c.ProviderURLs = []providers.Definition{def}, simulated, []string{def.ID + "=" + sim.URL}
		})
		super := s.setup()
		st := s.store(super, "Kora Market")
		a, err := s.admin.Stores.Connect(t.Context(), super, store.Connection{Store: st.ID, Provider: def.ID, Live: true, Label: "Main", Address: strings.TrimPrefix(url, "http://"), Settings: demo.Settings(def)})
		if err != nil {
			t.Fatal(err)
		}
		control := url + "/_simulator"
		page := s.signIn(super.Email).get("/accounts/" + string(a.ID))
		if got := strings.Contains(page.body, `<a href="`+control+`"`); got != simulated {
			t.Errorf("simulator %v: got a link to %s %v", simulated, control, got)
		}
		res, err := http.Get(control)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("got %v, %v from where the link leads", res, err)
		}
		res.Body.Close()
	}
}
