package handlers_test

import (
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/gobipay"
	"github.com/paywicket/paywicket/providers/goldenpay"
	"github.com/paywicket/paywicket/providers/moneroo"
	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/demo"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// realDesk is a console with the real companies, each answered by its simulator.
type realDesk struct {
	*draftDesk
	accounts map[string]store.Account
}

func newReal(t *testing.T) *realDesk {
	t.Helper()
	t.Parallel()
	defs := []providers.Definition{goldenpay.Definition(), gobipay.Definition(), moneroo.Definition()}
	r := &realDesk{draftDesk: &draftDesk{}, accounts: map[string]store.Account{}}
	r.site = newSite(t, func(c *web.Config) {
		c.Providers, c.Simulate, r.file = defs, true, c.Database
		for _, def := range defs {
			sim := httptest.NewServer(def.Simulator(providers.SimulatorConfig{Settings: demo.Settings(def), Now: c.Now}))
			t.Cleanup(sim.Close)
			c.ProviderURLs = append(c.ProviderURLs, def.ID+"="+sim.URL)
		}
	})
	r.super = r.setup()
	r.store = r.site.store(r.super, "Lantern House")
	for _, def := range defs {
		a, err := r.admin.Stores.Connect(t.Context(), r.super, store.Connection{Store: r.store.ID, Provider: def.ID, Live: true,
			Label: "Main", Settings: demo.Settings(def)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.admin.Companies.Check(t.Context(), r.super, a); err != nil {
			t.Fatal(err)
		}
		r.accounts[def.ID] = a
	}
	r.person("Lan Phương Đỗ", "lan@lantern.example", access.Grant{Role: access.MerchantAdmin, Store: r.store.ID})
	r.lan = r.signIn("lan@lantern.example")
	return r
}

// The same form serves every company: choose, fill in what it asks for, ask for approval.
func TestDraftThroughEveryProvider(t *testing.T) {
	r := newReal(t)
	for _, c := range []struct {
		provider, country, method, amount string
		fields                            map[string]string
	}{
		{"goldenpay", "VN", "vn_bank", "7,200,000", map[string]string{"account_no": "19036512340926", "account_name": "PHAM THI HUYEN", "bank": "970407 TECHCOMBANK"}},
		{"goldenpay", "TH", "th_bank", "18,250.75", map[string]string{"account_no": "1234563308", "account_name": "SOMYING W", "bank": "KBANK"}},
		{"gobipay", "BJ", "MTN_BEN_XOF", "310,000", map[string]string{"phone_number": "2290196112290", "fullname": "Abdoulaye Ndiaye-Sarr"}},
		{"moneroo", "BJ", "mtn_bj", "85,000", map[string]string{"msisdn": "2290197000926", "first_name": "Koffi", "last_name": "Agbodjan", "email": "k@kora.example"}},
	} {
		t.Run(c.provider+" "+c.method, func(t *testing.T) {
			r.clock.Add(time.Second)
			r.lan.t = t
			r.lan.get("/payouts/new?account=" + string(r.accounts[c.provider].ID))
			checkPage(t, r.lan.page)
			p := r.lan.submit("main form#payout", url.Values{"country": {c.country}, "do": {"next"}})
			if value(p, "method") != c.method {
				p = r.lan.submit("main form#payout", url.Values{"method": {c.method}, "do": {"next"}})
			}
			checkPage(t, p)
			v := url.Values{"amount": {c.amount}, "description": {"Order 7"}, "do": {"submit"}}
			for name, text := range c.fields {
				if p.find("[name=fields["+name+"]]") == nil {
					t.Errorf("the form does not ask for %s:\n%s", name, p.text("main"))
				}
				v.Set("fields["+name+"]", text)
			}
			p = r.lan.submit("main form#payout", v)
			if got := r.payouts()[0]; got.State != payout.Submitted || got.Content.Method != c.method {
				t.Errorf("got %s: %s", got.State, p.text(".form__errors"))
			}
		})
	}
}
