package handlers_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// till is a company whose offer the test decides. It pays nobody.
type till struct {
	mu      sync.Mutex
	methods []providers.Method
	down    error
	balance []money.Amount
}

func (c *till) change(f func(*till)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c)
}

func (c *till) definition() providers.Definition {
	return providers.Definition{ID: "till", Name: "Tillpay", Addresses: []providers.Address{{Name: "default", URL: "https://till.example", Live: true, Test: true}},
		Settings: []providers.Field{{Name: "key", Type: providers.Secret, Label: providers.Text{Key: "field.api_key", English: "API key"}}},
		Open:     func(providers.Config) (providers.Provider, error) { return tillAccount{c}, nil }}
}

type tillAccount struct{ *till }

func (c tillAccount) Methods(context.Context) ([]providers.Method, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.methods), c.down
}

func (c tillAccount) Fields(_ context.Context, id string) ([]providers.Field, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.methods {
		if m.ID == id {
			return m.Fields, c.down
		}
	}
	return nil, providers.UnknownMethod(id)
}

func (c tillAccount) Balance(context.Context) ([]money.Amount, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.balance, c.down
}

func (tillAccount) Send(context.Context, providers.Order) (providers.Result, error) {
	return providers.Result{}, errors.New("never sends")
}

func (tillAccount) ReadBack(*http.Request, []byte) (providers.Readback, error) {
	return providers.Readback{}, errors.New("never sends")
}

func (tillAccount) Lookup(context.Context, providers.Attempt) (providers.Result, error) {
	return providers.Result{}, errors.New("never sends")
}

func english(text string) providers.Text { return providers.Text{English: text} }

// newTill offers a transfer whose second key hangs on the first, mobile money in two countries, and one currency without
// decimals.
func newTill() *till {
	kind := func(value, label string) providers.Option {
		return providers.Option{Value: value, Label: english(label)}
	}
	return &till{balance: []money.Amount{{Minor: 17_430_000, Currency: "EUR"}}, methods: []providers.Method{
		{ID: "sepa", Name: "SEPA", Country: "DE", Currency: "EUR", Fields: []providers.Field{
			{Name: "full_name", Label: english("Full name"), Help: english("As the bank knows it."), Role: providers.RoleName},
			{Name: "kind", Label: english("Key is a"), Type: providers.Choice, Options: []providers.Option{kind("phone", "Phone number"), kind("iban", "IBAN")}},
			{Name: "key", Label: english("Key"), Type: providers.Phone, Prefix: "49", Role: providers.RoleAccount, When: map[string][]string{"kind": {"phone"}}},
			{Name: "key", Label: english("Key"), Pattern: "[A-Z]{2}[0-9]{8,30}", Example: "DE12345678", Role: providers.RoleAccount, When: map[string][]string{"kind": {"iban"}}},
			{Name: "bank", Label: english("Bank"), Type: providers.Bank, Optional: true, Role: providers.RoleBank, Options: []providers.Option{kind("B1", "Lantern Bank")}},
		}},
		{ID: "mm_bj", Name: "Mobile money", Country: "BJ", Currency: "XOF", Fields: []providers.Field{
			{Name: "full_name", Label: english("Full name"), Role: providers.RoleName},
			{Name: "phone", Label: english("Phone number"), Type: providers.Phone, Prefix: "229", Lengths: []int{10}, Role: providers.RoleAccount},
		}},
	}}
}

// draftDesk is a console with one store, its Tillpay account, and Lan, a merchant admin who fills in the form.
type draftDesk struct {
	*site
	till    *till
	super   access.Person
	store   store.Store
	account store.Account
	lan     *browser
	file    string // the database
}

func newDraftDesk(t *testing.T, change ...func(*web.Config)) *draftDesk {
	t.Helper()
	t.Parallel() // each has a database of its own
	d := &draftDesk{till: newTill()}
	d.site = newSite(t, append([]func(*web.Config){func(c *web.Config) {
		c.Providers = []providers.Definition{d.till.definition()}
		d.file = c.Database
	}}, change...)...)
	d.super = d.setup()
	d.store = d.site.store(d.super, "Lantern House")
	d.account = d.connect(d.store, true)
	d.person("Lan Phương Đỗ", "lan@lantern.example", merchant(d.store))
	d.lan = d.signIn("lan@lantern.example")
	return d
}

func (d *draftDesk) connect(st store.Store, live bool) store.Account {
	d.t.Helper()
	a, err := d.admin.Stores.Connect(d.t.Context(), d.super, store.Connection{Store: st.ID, Provider: "till", Live: live,
		Label: "Germany", Settings: map[string]string{"key": "k-123456"}})
	if err != nil {
		d.t.Fatal(err)
	}
	return a
}

// sepa is a form without a mistake.
func (d *draftDesk) sepa(do string) url.Values {
	return url.Values{"store": {string(d.store.ID)}, "account": {string(d.account.ID)}, "country": {"DE"}, "method": {"sepa"},
		"fields[full_name]": {"Maria Oliveira"}, "fields[kind]": {"iban"}, "fields[key]": {"DE12345678"},
		"amount": {"1,204.50"}, "description": {"Invoice 7"}, "language": {"en"}, "do": {do}}
}

func with(v url.Values, pairs ...string) url.Values {
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// only is the one payout there is.
func (d *draftDesk) only() *payout.Payout {
	d.t.Helper()
	all := d.payouts()
	if len(all) != 1 {
		d.t.Fatalf("got %d payouts, want 1", len(all))
	}
	return all[0]
}

// payouts are all there are, newest first.
func (d *draftDesk) payouts() []*payout.Payout {
	d.t.Helper()
	data, err := db.Open(d.t.Context(), d.file, db.Options{Now: d.clock.Now, NewID: func() string { return "" }})
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = data.Close() }()
	page, err := data.Payouts().List(d.t.Context(), payout.Everywhere(), payout.Filter{Limit: 100})
	if err != nil {
		d.t.Fatal(err)
	}
	var all []*payout.Payout
	for _, row := range page.Rows {
		p, err := d.app.Payouts().Find(d.t.Context(), d.super, row.ID)
		if err != nil {
			d.t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// ask posts a form at the address where new ones go. The browser must have seen a page with a form.
func (d *draftDesk) ask(values url.Values) *page {
	d.t.Helper()
	if d.lan.page == nil || d.lan.page.find("input[name=csrf]") == nil {
		d.lan.get("/payouts/new")
	}
	return d.lan.post("/payouts", values)
}

// submitted makes a payout that waits for approval.
func (d *draftDesk) submitted() *payout.Payout {
	d.t.Helper()
	d.ask(d.sepa("submit"))
	p := d.payouts()[0]
	if p.State != payout.Submitted {
		d.t.Fatalf("got %s: %s", p.State, d.lan.page.text(".form__errors"))
	}
	return p
}

// htmx posts as htmx does and comes back.
func (d *draftDesk) htmx(path string, values url.Values) *page {
	d.t.Helper()
	d.lan.header.Set("HX-Request", "true")
	defer d.lan.header.Del("HX-Request")
	return d.lan.post(path, values)
}

// value is what an input holds.
func value(p *page, name string) string {
	for _, tag := range []string{"input", "select"} {
		if n := p.find(tag + `[name=` + name + `]`); n != nil {
			if tag == "select" {
				return chosen(n)
			}
			return attr(n, "value")
		}
	}
	return ""
}

func mustSay(t *testing.T, p *page, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !p.says(text) {
			t.Errorf("%s (%d) does not say %q:\n%s", p.path, p.status, text, strings.TrimSpace(words(p.find("main"))))
		}
	}
}
