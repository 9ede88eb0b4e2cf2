package handlers_test

import (
	"maps"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/yabandpay"
	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/demo"
	"github.com/paywicket/paywicket/web/store"
)

// TestCheckSaysWhatItMeans: where an adapter has words of its own for a test call that failed, they stand before the company's.
func TestCheckSaysWhatItMeans(t *testing.T) {
	t.Parallel()
	def := yabandpay.Definition()
	s := newSite(t, func(c *web.Config) {
		sim := httptest.NewServer(def.Simulator(providers.SimulatorConfig{Settings: demo.Settings(def), Now: c.Now}))
		t.Cleanup(sim.Close)
		c.Providers, c.Simulate, c.ProviderURLs = []providers.Definition{def}, true, []string{def.ID + "=" + sim.URL}
	})
	super := s.setup()
	wrong := maps.Clone(demo.Settings(def))
	wrong["secret_key"] = "the-key-of-a-shop-plugin"
	house := s.store(super, "Lantern House")
	a, err := s.admin.Stores.Connect(t.Context(), super, store.Connection{Store: house.ID, Provider: def.ID, Live: true, Label: "Main", Settings: wrong})
	if err != nil {
		t.Fatal(err)
	}
	if report, err := s.admin.Companies.Check(t.Context(), super, a); err != nil || report.Err == nil {
		t.Fatalf("got %v, %v, want the company to refuse", report.Err, err)
	}
	browser := s.signIn(super.Email)
	mustSay(t, browser.get("/accounts/"+string(a.ID)), "This is not the UID of the super admin, or the key is not its key", "YabandPay said: “sign error”")
	if home := browser.get("/").text("main"); !strings.Contains(home, "“sign error”") || strings.Contains(home, "yabandpay_") {
		t.Errorf("home: got %s", home)
	}
}
