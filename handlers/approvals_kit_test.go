package handlers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// kiosk is a provider that pays by bank and answers what the amount asks for: 500 for what ends in 3, else "accepted".
// It cannot be asked afterwards.
type kiosk struct{ cfg providers.Config }

func kioskDefinition() providers.Definition {
	return providers.Definition{ID: "kiosk", Name: "Kiosk", Settings: []providers.Field{{Name: "key", Type: providers.Secret}},
		Open: func(c providers.Config) (providers.Provider, error) { return kiosk{c}, nil }}
}

func (kiosk) Methods(context.Context) ([]providers.Method, error) {
	return []providers.Method{{ID: "bank_vn", Name: "Bank transfer", Country: "VN", Currency: "EUR"}}, nil
}

func (kiosk) Fields(context.Context, string) ([]providers.Field, error) {
	return []providers.Field{
		{Name: "name", Label: providers.Text{Key: "field.full_name"}, Role: providers.RoleName},
		{Name: "account", Label: providers.Text{Key: "field.account_number"}, Role: providers.RoleAccount},
	}, nil
}

func (k kiosk) Send(ctx context.Context, o providers.Order) (providers.Result, error) {
	body, err := json.Marshal(o.Details)
	if err != nil {
		return providers.Result{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, k.cfg.BaseURL+"/send?amount="+o.Amount.Decimal()+"&ref="+o.Reference, bytes.NewReader(body))
	if err != nil {
		return providers.Result{}, err
	}
	req.GetBody = nil
	res, err := k.cfg.HTTP.Do(req)
	if err != nil {
		return providers.Result{}, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return providers.Result{}, &providers.Error{Code: "status", Message: "the kiosk is on fire"}
	}
	return providers.Result{Status: providers.Accepted, Attempt: providers.Attempt{Reference: o.Reference, RemoteID: "K-1"}}, nil
}

func (kiosk) ReadBack(r *http.Request, body []byte) (providers.Readback, error) {
	var details map[string]string
	if err := json.Unmarshal(body, &details); err != nil {
		return providers.Readback{}, err
	}
	amount, err := money.ParseDecimal(r.URL.Query().Get("amount"), "EUR")
	return providers.Readback{Moves: true, Order: &providers.Order{Method: "bank_vn", Amount: amount, Details: details, Reference: r.URL.Query().Get("ref")}}, err
}

func (kiosk) Lookup(context.Context, providers.Attempt) (providers.Result, error) {
	return providers.Result{}, &providers.Error{Kind: providers.Unsupported}
}

func (kiosk) Balance(context.Context) ([]money.Amount, error) {
	return []money.Amount{{Minor: 100000, Currency: "EUR"}}, nil
}

// desk is a console with two super admins, a merchant admin and an accountant of its one store.
type desk struct {
	*site
	st      store.Store
	account store.Account
	ifeoma  access.Person
	tomas   access.Person
	lan     access.Person
	sends   atomic.Int64 // how often the kiosk was asked to pay
}

const (
	ifeomaMail = "ifeoma@kora.example"
	tomasMail  = "tomas@kora.example"
	lanMail    = "lan@kora.example"
	maritMail  = "marit@kora.example"
)

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{}
	company := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.sends.Add(1)
		if amount := r.URL.Query().Get("amount"); amount[len(amount)-1] == '3' {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(company.Close)
	d.site = newSite(t, func(c *web.Config) {
		c.Providers = []providers.Definition{kioskDefinition()}
		c.ProviderURLs = []string{"kiosk=" + company.URL}
	})
	d.ifeoma = d.setup()
	d.tomas = d.person("Tomás Arriagada", tomasMail, super())
	d.st = d.store(d.ifeoma, "Lantern House")
	d.lan = d.person("Lan Phương Đỗ", lanMail, merchant(d.st))
	d.person("Marit de Graaf", maritMail, accountantOf(d.st))
	var err error
	if d.account, err = d.admin.Stores.Connect(t.Context(), d.lan, store.Connection{Store: d.st.ID, Provider: "kiosk", Live: true,
		Label: "Kiosk Hanoi", Settings: map[string]string{"key": "k-1"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.admin.Companies.Check(t.Context(), d.lan, d.account); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) input(amount string) payout.Input {
	return payout.Input{Account: d.account.ID, Method: "bank_vn", Amount: amount, Language: "en", Description: "Deposit for the lamps",
		Details: map[string]string{"name": "Phạm Thị Thanh Huyền", "account": "19036812346630"}}
}

// waiting is a payout that somebody asked for.
func (d *desk) waiting(by access.Person, amount string) *payout.Payout {
	d.t.Helper()
	p, err := d.app.Payouts().Draft(d.t.Context(), by, d.st.ID, d.input(amount), "")
	if err != nil {
		d.t.Fatal(err)
	}
	return d.submitted(by, p.ID)
}

func (d *desk) submitted(by access.Person, id payout.ID) *payout.Payout {
	d.t.Helper()
	account, err := d.admin.Stores.Account(d.t.Context(), by, access.DraftPayouts, d.account.ID)
	if err != nil {
		d.t.Fatal(err)
	}
	form, err := d.admin.Companies.Form(d.t.Context(), account, "bank_vn")
	if err != nil {
		d.t.Fatal(err)
	}
	p, err := d.app.Payouts().Submit(d.t.Context(), by, id, form)
	if err != nil {
		d.t.Fatalf("submit: %v", err)
	}
	return p
}

// now is a payout as it stands.
func (d *desk) now(id payout.ID) *payout.Payout {
	d.t.Helper()
	p, err := d.app.Payouts().Find(d.t.Context(), d.ifeoma, id)
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}

func (d *desk) wantState(id payout.ID, want payout.State) {
	d.t.Helper()
	if got := d.now(id).State; got != want {
		d.t.Errorf("state: got %s, want %s", got, want)
	}
}

// unknown is a payout whose outcome nobody knows, approved by Ifeoma.
func (d *desk) unknown() *payout.Payout {
	d.t.Helper()
	p := d.waiting(d.lan, "10.03")
	d.approve(d.signIn(ifeomaMail), p.ID)
	d.send(p.ID)
	d.wantState(p.ID, payout.Unknown)
	return d.now(p.ID)
}

// send lets the sender run until an approved payout has been answered.
func (d *desk) send(id payout.ID) {
	d.t.Helper()
	ctx, stop := context.WithTimeout(d.t.Context(), 20*time.Second)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- d.app.Run(ctx) }()
	for s := d.now(id).State; ctx.Err() == nil && (s == payout.Approved || s == payout.Sending); s = d.now(id).State {
		runtime.Gosched()
	}
	stop()
	if err := <-done; err != nil {
		d.t.Fatal(err)
	}
}

// runFor lets the sender run for a while and then until done says so.
func (d *desk) runFor(done func() bool) {
	d.t.Helper()
	ctx, stop := context.WithTimeout(d.t.Context(), 20*time.Second)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- d.app.Run(ctx) }()
	time.Sleep(300 * time.Millisecond) // long enough for it to send what it would send: nothing is waited for here
	for ctx.Err() == nil && !done() {
		runtime.Gosched()
	}
	stop()
	if err := <-ended; err != nil {
		d.t.Fatal(err)
	}
}

// approve goes through the pages of an approval.
func (d *desk) approve(b *browser, id payout.ID) {
	d.t.Helper()
	d.ask(b, id)
	b.submit(".decision__act", url.Values{"code": {password}})
	d.wantState(id, payout.Approved)
}

// ask goes as far as the confirmation.
func (d *desk) ask(b *browser, id payout.ID) *page {
	d.t.Helper()
	b.get("/approvals/" + string(id))
	p := b.submit(".decision__approve", nil)
	if p.path != "/payouts/"+string(id)+"/confirm" || p.status != http.StatusOK {
		d.t.Fatalf("ask: got %d at %s: %s", p.status, p.path, p.text("main"))
	}
	return p
}

// authenticator sets one up for somebody who is signed in, and gives what makes its codes.
func (d *desk) authenticator(p access.Person) func() string {
	d.t.Helper()
	key, err := d.admin.Access.NewTOTP(p)
	if err != nil {
		d.t.Fatal(err)
	}
	code := func() string {
		c, err := totp.GenerateCode(key.Secret(), d.clock.Now())
		if err != nil {
			d.t.Fatal(err)
		}
		return c
	}
	logins, err := d.admin.Access.Logins(d.t.Context(), p)
	if err != nil || len(logins) == 0 {
		d.t.Fatalf("logins: %v, %v", logins, err)
	}
	if err := d.admin.Access.AddTOTP(d.t.Context(), p, access.FactorChange{Password: password, Seed: key.Secret(), Code: code(), KeepLogin: logins[0].ID}); err != nil {
		d.t.Fatal(err)
	}
	d.clock.Add(time.Minute) // the code just used counts once
	return code
}
