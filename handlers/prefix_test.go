package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// TestPrefixes mounts the console at three places, does a journey through its forms, and follows every link it shows.
func TestPrefixes(t *testing.T) {
	for _, base := range []string{"", "/payouts", "/a/b"} {
		t.Run("at "+base+"/", func(t *testing.T) {
			s := newSite(t, func(c *web.Config) {
				c.PublicURL += base
				c.Providers, c.ProviderURLs = []providers.Definition{kioskDefinition()}, []string{"kiosk=http://127.0.0.1:9"}
			})
			s.setup()
			id := walk(t, s)
			crawl(t, s, base)
			if got := s.get("/payouts/" + string(id)).status; got != http.StatusOK {
				t.Errorf("the payout's page: got %d", got)
			}
		})
	}
}

// walk opens a store, connects an account and asks for a payout, through the pages.
func walk(t *testing.T, s *site) payout.ID {
	t.Helper()
	s.get("/stores/new")
	s.submit("main form", url.Values{"name": {"Kora Market"}, "zone": {"Africa/Porto-Novo"}})
	stores, err := s.admin.Stores.Stores(t.Context(), s.byEmail("ifeoma@kora.example"))
	if err != nil || len(stores) != 1 {
		t.Fatalf("stores: %v, %v; page %d: %s", stores, err, s.page.status, s.page.text("main"))
	}
	s.get("/accounts/new?provider=kiosk&store=" + string(stores[0].ID))
	s.submit("main form", url.Values{"label": {"Kiosk one"}, "settings[key]": {"k"}})
	accounts, err := s.admin.Stores.AllAccounts(t.Context())
	if err != nil || len(accounts) != 1 {
		t.Fatalf("accounts: %v, %v; page %d: %s", accounts, err, s.page.status, s.page.text("main"))
	}
	return s.submitOne(t, stores[0], accounts[0])
}

func (s *site) submitOne(t *testing.T, st store.Store, a store.Account) payout.ID {
	t.Helper()
	by := s.byEmail("ifeoma@kora.example")
	p, err := s.app.Payouts().Draft(t.Context(), by, st.ID, payout.Input{Account: a.ID, Method: "bank_vn", Amount: "12.50", Language: "en", Description: "A test",
		Details: map[string]string{"name": "Ama", "account": "123456"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	form, err := s.admin.Companies.Form(t.Context(), a, "bank_vn")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = s.app.Payouts().Submit(t.Context(), by, p.ID, form); err != nil {
		t.Fatal(err)
	}
	return p.ID
}

// crawl follows every link within the console: each must lie below the mount path and answer.
func crawl(t *testing.T, s *site, base string) {
	t.Helper()
	seen, todo := map[string]bool{}, []string{base + "/"}
	for len(todo) > 0 && len(seen) < 200 {
		path := todo[0]
		todo = todo[1:]
		if seen[path] {
			continue
		}
		seen[path] = true
		p := s.get(strings.TrimPrefix(path, base))
		if p.status != http.StatusOK {
			t.Errorf("%s: got %d", path, p.status)
		}
		for _, a := range p.all("[href]") {
			href, _, _ := strings.Cut(attr(a, "href"), "#")
			if href == "" || strings.Contains(href, "/static/") || strings.HasPrefix(href, "otpauth:") {
				continue
			}
			if !strings.HasPrefix(href, base+"/") || strings.HasPrefix(href, "//") {
				t.Errorf("%s links to %s, outside the mount path", path, href)
				continue
			}
			todo = append(todo, href)
		}
		for _, form := range p.all("form[action]") {
			if action := attr(form, "action"); !strings.HasPrefix(action, base+"/") {
				t.Errorf("%s posts to %s, outside the mount path", path, action)
			}
		}
	}
	t.Logf("%d pages", len(seen))
}
