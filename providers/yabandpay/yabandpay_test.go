package yabandpay

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

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
	older[settingCommand] = keyOlder
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

// notice is a vector as it is posted.
func notice(tb testing.TB, name string) []byte {
	tb.Helper()
	for _, v := range vectors(tb) {
		if v.Name == name {
			body, err := plain(map[string]any{"data": v.Data, "sign": v.Sign})
			if err != nil {
				tb.Fatal(err)
			}
			return body
		}
	}
	tb.Fatalf("no vector %q", name)
	return nil
}

func TestNotice(t *testing.T) {
	a := bare(t)
	attempt := providers.Attempt{Reference: "456789", RemoteID: "0594bf99-fce7-3784-28f7-e8e76ad01989"}
	for name, want := range map[string]providers.Result{
		"notify completed (provider example inputs)": {Attempt: attempt, Status: providers.Paid, Word: wordCompleted, Amount: eur(10_001)},
		"notify declined with wallet_id":             {Attempt: attempt, Status: providers.Failed, Word: wordDeclined, Amount: eur(10_001)},
	} {
		body := notice(t, name)
		form := formPrefix + strings.ReplaceAll(string(body), `"`, "%22")
		for _, posted := range []string{string(body), form} {
			event, err := a.ReadWebhook(t.Context(), providers.Webhook{Body: []byte(posted)})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if diff := cmp.Diff(want, event.Result); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			if event.Confirm || event.Reply.Status != 200 || string(event.Reply.Body) != "ok" {
				t.Errorf("%s: got confirm %v and reply %+v", name, event.Confirm, event.Reply)
			}
		}
		for i := range body {
			for bit := range 8 {
				changed := append([]byte(nil), body...)
				changed[i] ^= 1 << bit
				event, err := a.ReadWebhook(t.Context(), providers.Webhook{Body: changed})
				if err == nil && !cmp.Equal(event.Result, want) {
					t.Errorf("byte %d, bit %d: accepted: %s", i, bit, changed)
				}
				if err == nil && !strings.EqualFold(string(changed), string(body)) {
					t.Errorf("byte %d, bit %d: accepted, and more than the case of the signature differs: %s", i, bit, changed)
				}
			}
		}
	}
}

func TestNoticeShapes(t *testing.T) {
	a := bare(t)
	for name, test := range map[string]struct {
		data string
		ok   bool
		step string // the note of the first step
	}{
		"null is signed as nothing":      {`{"user":"036870","payout_id":"p","state":"pending","note":null}`, true, ""},
		"true is signed as 1":            {`{"user":"036870","payout_id":"p","state":"pending","note":true}`, true, ""},
		"numbers keep their digits":      {`{"user":"036870","payout_id":"p","state":"pending","amount":100.10,"currency":"eur"}`, true, ""},
		"nested members are not signed":  {`{"user":"036870","payout_id":"p","state":"pending","x":{"a":1}}`, true, "not signed: x"},
		"another merchant":               {`{"user":"036871","payout_id":"p","state":"pending"}`, false, ""},
		"no merchant":                    {`{"payout_id":"p","state":"pending"}`, false, ""},
		"no payout":                      {`{"user":"036870","state":"pending"}`, false, ""},
		"an amount nobody can read":      {`{"user":"036870","payout_id":"p","state":"pending","amount":"1e3","currency":"EUR"}`, false, ""},
		"a name twice":                   {`{"user":"036870","payout_id":"p","state":"pending","state":"completed"}`, false, ""},
		"an amount of a strange country": {`{"user":"036870","payout_id":"p","state":"pending","amount":"1.00","currency":"XXQ"}`, false, ""},
	} {
		data, _, _ := flat([]byte(test.data))
		body := `{"data":` + test.data + `,"sign":"` + data.signature(testSecret) + `"}`
		event, err := a.ReadWebhook(t.Context(), providers.Webhook{Body: []byte(body)})
		if (err == nil) != test.ok {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		if err == nil && event.Steps[0].Note != test.step {
			t.Errorf("%s: got note %q, want %q", name, event.Steps[0].Note, test.step)
		}
	}
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
		if diff := cmp.Diff(test.want, got); diff != "" {
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
		if _, err := a.try(t.Context(), o); providers.KindOf(err) != providers.NotSent {
			t.Errorf("%s: got %v, want it not sent", name, err)
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
	body, _ := a.envelope(data, unix(testNow()))
	rb, err := a.ReadBack(r, body)
	if want := order(10_050); err != nil || !rb.Moves || !cmp.Equal(want, *rb.Order, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Checkpoint" }, cmp.Ignore())) {
		t.Fatalf("got %+v, %v", rb, err)
	}
	for i := range body {
		changed := append([]byte(nil), body...)
		changed[i] ^= 1
		if rb, err := a.ReadBack(r, changed); err == nil {
			t.Errorf("byte %d: accepted as %+v: %s", i, rb.Order, changed)
		}
	}
	for _, wrong := range []string{
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
		if e, ok := err.(*providers.Error); !ok || e.Code != codeNotAdmin || e.Message == "" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
