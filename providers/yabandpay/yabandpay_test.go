package yabandpay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/providertest"
	"github.com/paywicket/paywicket/providers/sim"
)

const testSecret = "yb_demo_secret_2fK9"

func testSettings(key string) map[string]string {
	return map[string]string{settingUser: "036870", settingKey: key, settingCurrencies: "EUR, CHF"}
}

func eur(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }

func conformance(settings map[string]string) providertest.Case {
	other := testSettings("yb_other_secret_7pQ1")
	return providertest.Case{
		Definition: Definition(), Settings: settings, OtherSettings: other, Live: true,
		Orders:  []providertest.Example{{Method: "wallet_eur", Amount: eur(10_050)}, {Method: "wallet_chf", Amount: money.Amount{Minor: 5_010, Currency: "CHF"}}},
		Amounts: []money.Amount{eur(1), eur(11_999), eur(123_456_789), {Minor: 9_910, Currency: "CHF"}},
		StatusWords: map[string]providers.Status{
			wordAwaiting: providers.Accepted, wordPending: providers.Accepted, wordCompleted: providers.Paid, wordFailed: providers.Failed,
			wordDeclined: providers.Failed, wordOverruled: providers.Failed, wordCancelled: providers.Cancelled, wordCanceled: providers.Cancelled,
		},
		WebhookStatus: "data.state", SignatureMember: "sign",
		Sign: func(settings map[string]string, _ http.Header, body []byte) []byte {
			return signAs(settings[settingKey], body)
		},
	}
}

// signAs signs a notice anew.
func signAs(key string, body []byte) []byte {
	var parts struct{ Data json.RawMessage }
	if json.Unmarshal(body, &parts) != nil {
		return body
	}
	data, _, err := flat(parts.Data)
	if err != nil {
		return body
	}
	signed, err := plain(map[string]any{"data": parts.Data, "sign": data.signature(key)})
	if err != nil {
		return body
	}
	return signed
}

func TestConformance(t *testing.T) {
	older := testSettings(testSecret)
	older[settingOlder] = on
	for name, settings := range map[string]map[string]string{"current": testSettings(testSecret), "older": older} {
		t.Run(name, func(t *testing.T) { providertest.Run(t, conformance(settings)) })
	}
}

// vector is one known answer.
type vector struct {
	Name     string
	Secret   string `json:"secret_key"`
	Envelope json.RawMessage
	Data     json.RawMessage
	Text     string `json:"string_to_sign"`
	Sign     string
}

func vectors(tb testing.TB) []vector {
	tb.Helper()
	var file struct{ Vectors []vector }
	body, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(body, &file); err != nil || len(file.Vectors) < 9 {
		tb.Fatalf("got %d vectors, %v", len(file.Vectors), err)
	}
	return file.Vectors
}

func (v vector) params(tb testing.TB) params {
	tb.Helper()
	all, _, err := flat(v.Data)
	if err != nil {
		tb.Fatal(err)
	}
	more, _, err := flat(v.Envelope)
	if err != nil {
		tb.Fatal(err)
	}
	for name, value := range more {
		all[name] = value
	}
	return all
}

func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			p := v.params(t)
			if got := p.text(); got != v.Text {
				t.Errorf("got text\n%s\nwant\n%s", got, v.Text)
			}
			if got := p.signature(v.Secret); got != v.Sign {
				t.Errorf("got %s, want %s", got, v.Sign)
			}
			for _, sign := range []string{v.Sign, strings.ToUpper(v.Sign)} {
				if !p.signed(v.Secret, sign) {
					t.Errorf("%s: refused", sign)
				}
			}
			for i := range v.Sign {
				wrong := []byte(v.Sign)
				if wrong[i] ^= 1; p.signed(v.Secret, string(wrong)) {
					t.Errorf("%s: accepted", wrong)
				}
			}
			if p.signed(v.Secret+"x", v.Sign) || p.signed(v.Secret, "") || p.signed(v.Secret, v.Sign[:62]) {
				t.Error("accepted with another key, or without a whole signature")
			}
		})
	}
}

// bare is an account that can read and write and talks to nobody.
func bare(tb testing.TB) *account {
	tb.Helper()
	p, err := open(providers.Config{Settings: providers.NewSettings(testSettings(testSecret))})
	if err != nil {
		tb.Fatal(err)
	}
	return p.(*account)
}

func TestStates(t *testing.T) {
	for word, want := range map[string]struct {
		status providers.Status
		stage  providers.Stage
	}{
		" Awaiting Approval": {providers.Accepted, providers.StageApproval},
		"PENDING":            {providers.Accepted, providers.StageProcessing},
		"completed":          {providers.Paid, ""}, "failed": {providers.Failed, ""}, "declined": {providers.Failed, ""}, "overruled": {providers.Failed, ""},
		"cancelled": {providers.Cancelled, ""}, "canceled": {providers.Cancelled, ""}, "awaiting": {}, "": {}, "00": {}, "paid": {},
	} {
		if got, stage := status(word); got != want.status || stage != want.stage {
			t.Errorf("%q: got %q, %q", word, got, stage)
		}
	}
}

func TestOpen(t *testing.T) {
	for _, test := range []struct {
		name, value string
		want        []string
	}{
		{settingCurrencies, "", []string{"wallet_eur"}},
		{settingCurrencies, "eur; CHF chf", []string{"wallet_eur", "wallet_chf"}},
		{settingCurrencies, "JPY", nil},
		{settingCurrencies, "XXQ", nil},
		{settingCurrencies, " , ", nil},
		{settingMethod, "v3.CreatePayments", nil},
		{settingMethod, "v4.MerchantBalance", []string{"wallet_eur", "wallet_chf"}},
	} {
		settings := testSettings(testSecret)
		settings[test.name] = test.value
		p, err := open(providers.Config{Settings: providers.NewSettings(settings)})
		var got []string
		if err == nil {
			methods, _ := p.Methods(t.Context())
			for _, m := range methods {
				got = append(got, m.ID)
				if !m.Own || len(m.Fields) > 0 {
					t.Errorf("%s: got %+v, want the merchant's own account and no fields", m.ID, m)
				}
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" || (err == nil) == (test.want == nil) {
			t.Errorf("%s = %q: %v (-want +got):\n%s", test.name, test.value, err, diff)
		}
	}
}

// dial opens an account against a handler.
func dial(t *testing.T, h http.Handler) *account {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	client, err := httpx.New(httpx.Options{BaseURL: server.URL, Named: true})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	p, err := open(providers.Config{
		Settings: providers.NewSettings(testSettings(testSecret)), BaseURL: server.URL, HTTP: client.HTTP(), Now: testNow,
		Nonce: func(size int) string { n++; return sim.ID(strings.Repeat("n", n), size) },
	})
	if err != nil {
		t.Fatal(err)
	}
	client.Bind(p)
	return p.(*account)
}

func (a *account) try(ctx context.Context, o providers.Order) (providers.Result, error) {
	return a.Send(httpx.WithPermit(ctx, httpx.NewPermit(o)), o)
}

func order(minor int64) providers.Order {
	return providers.Order{Reference: "ABCDEFGHIJKLMNOPQRST", Method: "wallet_eur", Amount: eur(minor), CallbackURL: "https://pay.example.com/hooks/a?x=1&y=2"}
}

// TestVerdict: "status" alone decides.
func TestVerdict(t *testing.T) {
	good := `"data":{"user":"036870","payout_id":"p1","state":"awaiting approval","amount":"100.50","currency":"EUR","reference":"ABCDEFGHIJKLMNOPQRST"}`
	for _, test := range []struct {
		name   string
		status int
		body   string
		kind   providers.Kind
		ok     bool
	}{
		{"accepted", 200, `{"status":true,"code":"200",` + good + `,"message":""}`, 0, true},
		{"accepted, code a number", 200, `{"status":true,"code":200,` + good + `}`, 0, true},
		{"accepted, HTTP 500", 500, `{"status":true,` + good + `}`, providers.Unknown, false},
		{"refused", 200, `{"status":false,"code":"200","data":{},"message":"no"}`, providers.Refused, false},
		{"refused, HTTP 400", 400, `{"status":false,"message":"no"}`, providers.Refused, false},
		{"refused, data is a list", 200, `{"status":false,"data":[],"message":"no"}`, providers.Refused, false},
		{"refused, HTTP 500", 500, `{"status":false,"message":"no"}`, providers.Unknown, false},
		{"refused, and names a payout", 200, `{"status":false,"data":{"payout_id":"p1"},"message":"no"}`, providers.Unknown, false},
		{"yes and no", 200, `{"status":false,"status":true,` + good + `}`, providers.Unknown, false},
		{"true as text", 200, `{"status":"true",` + good + `}`, providers.Unknown, false},
		{"false as text", 200, `{"status":"false"}`, providers.Unknown, false},
		{"1", 200, `{"status":1,` + good + `}`, providers.Unknown, false},
		{"no status", 200, `{` + good + `}`, providers.Unknown, false},
		{"no data", 200, `{"status":true,"data":{}}`, providers.Unknown, false},
		{"data is a list", 200, `{"status":true,"data":[]}`, providers.Unknown, false},
		{"no payout_id", 200, `{"status":true,"data":{"user":"036870"}}`, providers.Unknown, false},
		{"another merchant", 200, `{"status":true,"data":{"user":"1","payout_id":"p1"}}`, providers.Unknown, false},
		{"401", 401, `{}`, providers.Unknown, false},
		{"empty", 200, ``, providers.Unknown, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := dial(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			}))
			r, err := a.try(t.Context(), order(10_050))
			if (err == nil) != test.ok || err != nil && providers.KindOf(err) != test.kind {
				t.Errorf("got %+v, %v", r, err)
			}
			if test.ok && (r.Status != providers.Accepted || r.Stage != providers.StageApproval || r.Attempt.RemoteID != "p1" || r.Amount != eur(10_050)) {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestCannotSend(t *testing.T) {
	a := dial(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request left") }))
	for name, change := range map[string]func(*providers.Order){
		"a recipient":        func(o *providers.Order) { o.Details = map[string]string{"iban": "x"} },
		"another currency":   func(o *providers.Order) { o.Amount.Currency = "USD" },
		"another wallet":     func(o *providers.Order) { o.Method = "wallet_chf" },
		"nothing":            func(o *providers.Order) { o.Amount.Minor = 0 },
		"no notice address":  func(o *providers.Order) { o.CallbackURL = "" },
		"no reference":       func(o *providers.Order) { o.Reference = "" },
		"less than nothing ": func(o *providers.Order) { o.Amount.Minor = -5 },
	} {
		o := order(10_050)
		change(&o)
		_, err := a.try(t.Context(), o)
		if e, ok := err.(*providers.Error); !ok || e.Kind != providers.NotSent || e.Code != "order" {
			t.Errorf("%s: got %v, want it not sent, nor tried", name, err)
		}
	}
}

// TestRequest: the example of the documents, to the byte, in both spellings.
func TestRequest(t *testing.T) {
	for name, test := range map[string]struct{ older, key, sign string }{
		"current": {"", "command", "010b4d98bf665c90f2887f0678dc0467f38f2b6fe2f5027d0349c432ecc78cce"},
		"off":     {off, "command", "010b4d98bf665c90f2887f0678dc0467f38f2b6fe2f5027d0349c432ecc78cce"},
		"older":   {on, "commond", "3bf944124c6fd21d6616fac0fb2c2e76bed14c510d31a94a26beb182c3d85a0d"},
	} {
		var got, head string
		a := dial(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			got, head = string(body), r.Method+" "+r.URL.Path+" "+r.Header.Get("Content-Type")
			_, _ = w.Write([]byte(`{"status":true,"data":{"payout_id":"p"}}`))
		}))
		settings := testSettings(testSecret)
		settings[settingOlder] = test.older
		a.cfg.Settings, a.cfg.Now = providers.NewSettings(settings), func() time.Time { return time.Unix(1708482257, 0) }
		a.cfg.Nonce = func(int) string { return "2yx20x4c6dswedikxs" }
		o := providers.Order{Reference: "456789", Method: "wallet_eur", Amount: eur(10_001), CallbackURL: "https://www.yabandpay.com/notify"}
		if _, err := a.try(t.Context(), o); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want := `{"user":"036870","sign":"` + test.sign + `","method":"v3.MerchantBalance","time":1708482257,"data":{"amount":"100.01","` + test.key +
			`":"payout","currency":"EUR","nonce_string":"2yx20x4c6dswedikxs","notify_url":"https://www.yabandpay.com/notify","reference":"456789"}}`
		if got != want || head != "POST /Payments application/json" {
			t.Errorf("%s: got %s\n%s\nwant\n%s", name, head, got, want)
		}
	}
}

// TestReadBack: what differs from the order in any member is refused.
func TestReadBack(t *testing.T) {
	a := bare(t)
	a.cfg.Now, a.cfg.Nonce, a.cfg.BaseURL = testNow, func(n int) string { return strings.Repeat("a", n) }, "https://pay.example.com"
	data, err := a.encode(order(10_050))
	if err != nil {
		t.Fatal(err)
	}
	r, err := a.request(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := a.envelope(data, a.cfg.Nonce(nonceLength), unix(testNow()))
	rb, err := a.ReadBack(r, body)
	if want := order(10_050); err != nil || !rb.Moves || !cmp.Equal(want, *rb.Order, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Checkpoint" }, cmp.Ignore())) {
		t.Fatalf("got %+v, %v", rb, err)
	}
	if !strings.Contains(string(body), order(10_050).CallbackURL) {
		t.Errorf("the address is not written as it is signed: %s", body)
	}
	for i := range body {
		for bit := range 8 {
			changed := bytes.Clone(body)
			changed[i] ^= 1 << bit
			if rb, err := a.ReadBack(r, changed); err == nil {
				t.Errorf("byte %d, bit %d: accepted as %+v: %s", i, bit, rb.Order, changed)
			}
		}
	}
	nameless, _ := a.envelope(data, "", unix(testNow()))
	for _, wrong := range []string{
		string(nameless), strings.Replace(string(body), `"100.50"`, `100.50`, 1), strings.Replace(string(body), `:`, `: `, 1),
		`{}`, `[]`, strings.Replace(string(body), `"sign"`, `"sign":"x","sign"`, 1), strings.TrimSuffix(string(body), "}") + `,"more":1}`,
	} {
		if _, err := a.ReadBack(r, []byte(wrong)); err == nil {
			t.Errorf("accepted: %s", wrong)
		}
	}
}

func TestCheckSays(t *testing.T) {
	simulator := newSimulator(providers.SimulatorConfig{Settings: testSettings(testSecret)})
	a := dial(t, simulator)
	if err := a.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]map[string]string{
		"a cashier":     {settingUser: "0368709", settingKey: testSecret + cashierSuffix},
		"a wrong key":   {settingKey: "another-secret"},
		"somebody else": {settingUser: "999999"},
	} {
		settings := testSettings(testSecret)
		for k, v := range change {
			settings[k] = v
		}
		a.cfg.Settings = providers.NewSettings(settings)
		err := a.Check(t.Context())
		if e, ok := err.(*providers.Error); !ok || e.Code != codeNotAdmin || e.Message == "" || e.Credentials || e.Kind != providers.Unknown {
			t.Errorf("%s: got %#v", name, err)
		}
	}
}

// TestCheckWords: a refused test call is explained in each language.
func TestCheckWords(t *testing.T) {
	for _, language := range []string{"en", "fr"} {
		var words map[string]string
		body, err := locales.ReadFile("locales/" + language + ".json")
		if err != nil || json.Unmarshal(body, &words) != nil || words["accounts.check."+codeNotAdmin] == "" {
			t.Errorf("%s: %v, no words for %s", language, err, codeNotAdmin)
		}
	}
}

// TestCheckWithoutWallet: one currency without a wallet proves nothing against the key.
func TestCheckWithoutWallet(t *testing.T) {
	a := dial(t, newSimulator(providers.SimulatorConfig{Settings: testSettings(testSecret)}))
	for typed, want := range map[string]string{"USD, EUR": "", "USD": codeNotAdmin} {
		var err error
		if a.Catalog, err = wallets(typed); err != nil {
			t.Fatal(err)
		}
		got := ""
		if e, ok := errors.AsType[*providers.Error](a.Check(t.Context())); ok {
			got = e.Code
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", typed, got, want)
		}
	}
}

// TestBalance: "usable" is taken as it stands, and one that is about something else is none.
func TestBalance(t *testing.T) {
	for _, test := range []struct{ name, data, want string }{
		{"as it stands", `{"available":"10.00","reserve":"2.00","usable":"12.00","user":"036870","currency":"EUR"}`, "12.00"},
		{"a number", `{"usable":12.5}`, "12.50"},
		{"nothing left", `{"usable":"0.00"}`, "0.00"},
		{"overdrawn", `{"usable":"-3.05"}`, "-3.05"},
		{"another currency", `{"usable":"1.00","currency":"CHF"}`, ""},
		{"another merchant", `{"usable":"1.00","user":"1"}`, ""},
		{"no figure", `{"available":"10.00"}`, ""},
		{"two signs", `{"usable":"--1.00"}`, ""},
		{"nothing", `{}`, ""},
	} {
		a := dial(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"status":true,"code":"200","data":` + test.data + `}`))
		}))
		a.Catalog = a.Catalog[:1]
		got := ""
		all, err := a.Balance(t.Context())
		if err == nil && len(all) == 1 && all[0].Currency == "EUR" {
			got = all[0].Decimal()
		}
		if got != test.want {
			t.Errorf("%s: got %v, %v, want %q", test.name, all, err, test.want)
		}
	}
}
