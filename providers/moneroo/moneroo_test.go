package moneroo

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/providertest"
)

const (
	testKey    = "pvk_sandbox_a1b2c3|01HHJYSA4VCBVKN4KTYF76J001"
	testLive   = "pvk_a1b2c3|01HHJYSA4VCBVKN4KTYF76J002"
	testSecret = "moneroo-demo-signing-secret"
	testRef    = "ABCDEFGHIJKLMNOP2345"
)

func testSettings() map[string]string {
	return map[string]string{settingKey: testKey, settingSecret: testSecret}
}

func people(name, value string) map[string]string {
	return map[string]string{name: value, fieldFirst: "Élodie", fieldLast: "N’Diaye", fieldEmail: "elodie@example.com"}
}

// examples has one order for each currency, and one for each kind of method.
func examples(live bool) []providertest.Example {
	all := []providertest.Example{
		{Method: "mtn_bj", Details: people(fieldPhone, "22951345020"), Amount: money.Amount{Minor: 1000, Currency: "XOF"}},
		{Method: "orange_cm", Details: people(fieldPhone, "237670010203"), Amount: money.Amount{Minor: 2550, Currency: "XAF"}},
		{Method: "mtn_rw", Details: people(fieldPhone, "250780010203"), Amount: money.Amount{Minor: 9000, Currency: "RWF"}},
		{Method: "mtn_ug", Details: people(fieldPhone, "256770010203"), Amount: money.Amount{Minor: 9000, Currency: "UGX"}},
	}
	for method, e := range map[string]struct{ number, currency string }{
		"airtel_cd": {"243810010203", "CDF"}, "airtel_mw": {"265990010203", "MWK"}, "mtn_ng": {"2348030010203", "NGN"},
		"airtel_tz": {"255740010203", "TZS"}, "zamtel_zm": {"260970010203", "ZMW"}, "mpesa_ke": {"254700010203", "KES"},
		"mtn_gh": {"233240010203", "GHS"},
	} {
		all = append(all, providertest.Example{
			Method: method, Details: people(fieldPhone, e.number), Amount: money.Amount{Minor: 123_400, Currency: e.currency},
		})
	}
	if live {
		return all
	}
	return append(all, providertest.Example{
		Method: demoMethod, Details: people(fieldAccount, numberSuccess), Amount: money.Amount{Minor: 125_000, Currency: "USD"},
	})
}

func testCase(live bool) providertest.Case {
	settings := testSettings()
	if live {
		settings[settingKey] = testLive
	}
	return providertest.Case{
		Definition: Definition(),
		Settings:   settings,
		OtherSettings: map[string]string{
			settingKey: "pvk_sandbox_z9y8x7|01HHJYSA4VCBVKN4KTYF76J003", settingSecret: "the-secret-of-another-store",
		},
		Live:   live,
		Orders: examples(live),
		Amounts: []money.Amount{
			{Minor: 50, Currency: "XOF"}, {Minor: 999_999_999_999_999, Currency: "XOF"}, {Minor: 9_999_999_999_900, Currency: "GHS"},
		},
		StatusWords: map[string]providers.Status{
			wordInitiated: providers.Accepted, wordPending: providers.Accepted, wordSuccess: providers.Paid, wordFailed: providers.Failed,
		},
		LookupStatus:    "data.status",
		WebhookStatus:   "data.status",
		SignatureHeader: signatureName,
		Sign: func(settings map[string]string, h http.Header, body []byte) []byte {
			h.Set(signatureName, hex.EncodeToString(sign(settings[settingSecret], body)))
			return body
		},
	}
}

func TestMoneroo(t *testing.T) {
	t.Parallel()
	providertest.Run(t, testCase(false))
}

func TestMonerooLive(t *testing.T) {
	t.Parallel()
	providertest.Run(t, testCase(true))
}

// account is an account that is open at a company.
type account struct{ *adapter }

func newAccount(t *testing.T, company http.Handler, change ...func(*providers.Config)) *account {
	t.Helper()
	server := httptest.NewServer(company)
	t.Cleanup(server.Close)
	client, err := httpx.New(httpx.Options{BaseURL: server.URL, Named: true})
	if err != nil {
		t.Fatal(err)
	}
	cfg := providers.Config{Settings: providers.NewSettings(testSettings()), BaseURL: server.URL, HTTP: client.HTTP()}
	for _, f := range change {
		f(&cfg)
	}
	p, err := open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	client.Bind(p)
	a, _ := p.(*adapter)
	return &account{a}
}

// pay sends an order as the program does.
func (a *account) pay(t *testing.T, o providers.Order) (providers.Result, error) {
	t.Helper()
	permit := httpx.NewPermit(o)
	defer permit.Close()
	return a.Send(httpx.WithPermit(t.Context(), permit), o)
}

func testOrder() providers.Order {
	return providers.Order{
		Reference: testRef, Method: "mtn_bj", Amount: money.Amount{Minor: 1000, Currency: "XOF"},
		Description: "Invoice 2026-114 <Élodie & co/>", Details: people(fieldPhone, "22951345020"),
	}
}

// canned answers everything with one status and body.
func canned(status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func asError(t *testing.T, err error) *providers.Error {
	t.Helper()
	e, ok := errors.AsType[*providers.Error](err)
	if !ok {
		t.Fatalf("got %v, want a *providers.Error", err)
	}
	return e
}

// TestRequest compares what goes out with the documented request, byte by byte.
func TestRequest(t *testing.T) {
	var mu sync.Mutex
	var header http.Header
	var path, body string
	a := newAccount(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		read, _ := io.ReadAll(r.Body)
		header, path, body = r.Header, r.Method+" "+r.URL.Path, string(read)
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"success":true,"message":"ok","data":{"id":"5f7b1b2c-1b2c-5f7b-0000-000000000000"}}`)
	}))
	o := testOrder()
	o.Description = "Order refund"
	o.Details = map[string]string{fieldPhone: "22951345020", fieldFirst: "John", fieldLast: "Doe", fieldEmail: "john@example.com"}
	r, err := a.pay(t, o)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"amount":1000,"currency":"XOF","description":"Order refund",` +
		`"customer":{"email":"john@example.com","first_name":"John","last_name":"Doe"},` +
		`"metadata":{"paywicket_reference":"` + testRef + `"},"method":"mtn_bj","recipient":{"msisdn":"22951345020"}}`
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if path != "POST /v1/payouts/initialize" || header.Get("Authorization") != "Bearer "+testKey ||
		header.Get("Content-Type") != "application/json" || header.Get("Accept") != "application/json" || header.Get("Idempotency-Key") != "" {
		t.Errorf("got %s with %v", path, header)
	}
	wantResult := providers.Result{
		Attempt: providers.Attempt{RemoteID: "5f7b1b2c-1b2c-5f7b-0000-000000000000"}, Status: providers.Accepted,
	}
	if diff := cmp.Diff(wantResult, r); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

// TestAccepted: any 2xx with an identifier, with or without the rest of the envelope.
func TestAccepted(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   string
	}{
		{"201", 201, `{"success":true,"message":"…","data":{"id":"po_7h2k9x4m1q3z"}}`, "po_7h2k9x4m1q3z"},
		{"200", 200, `{"message":"…","data":{"id":"po_7h2k9x4m1q3z"},"errors":null}`, "po_7h2k9x4m1q3z"},
		{"202", 202, `{"data":{"id":"abc123"}}`, "abc123"},
		{"success false", 200, `{"success":false,"data":{"id":"abc123"}}`, "abc123"},
		{"old envelope", 200, `{"status":"success","data":{"id":"abc123"}}`, "abc123"},
		{"a number", 200, `{"data":{"id":123456}}`, "123456"},
		{"empty", 200, `{"data":{"id":""}}`, ""},
		{"dots", 200, `{"data":{"id":".."}}`, ""},
		{"blank", 200, `{"data":{"id":"a b"}}`, ""},
		{"control", 200, `{"data":{"id":"a\u0000b"}}`, ""},
		{"long", 200, `{"data":{"id":"` + strings.Repeat("a", 201) + `"}}`, ""},
		{"two identifiers", 200, `{"data":{"id":"abc123","id":"abc124"}}`, ""},
		{"two objects", 200, `{"data":{"id":"abc123"}}{"data":{"id":"abc124"}}`, ""},
		{"a list", 200, `{"data":[{"id":"abc123"}]}`, ""},
		{"no content", 204, ``, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := newAccount(t, canned(c.status, c.body)).pay(t, testOrder())
			if c.want == "" {
				if e := asError(t, err); e.Kind != providers.Unknown || e.Code != codeNoID {
					t.Errorf("got %v, want unknown", err)
				}
				return
			}
			if err != nil || r.Attempt.RemoteID != c.want || r.Status != providers.Accepted {
				t.Errorf("got %+v, %v; want %s accepted", r, err, c.want)
			}
		})
	}
}

// TestRefusals reads the errors seen on the live API and every form that "errors" may have.
func TestRefusals(t *testing.T) {
	var all []struct {
		Name        string
		Status      int
		Body        json.RawMessage
		Kind, Text  string
		Credentials bool
	}
	if err := json.Unmarshal(readFile(t, "refusals.json"), &all); err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		t.Run(c.Name, func(t *testing.T) {
			_, err := newAccount(t, canned(c.Status, string(c.Body))).pay(t, testOrder())
			e := asError(t, err)
			if e.Kind.String() != c.Kind || e.Message != c.Text || e.Credentials != c.Credentials {
				t.Errorf("got %v %q credentials %v, want %s %q %v", e.Kind, e.Message, e.Credentials, c.Kind, c.Text, c.Credentials)
			}
			if want := c.Status == 429; (e.RetryAfter == rateWait) != want {
				t.Errorf("got retry after %v", e.RetryAfter)
			}
		})
	}
}

// TestRefusalNeedsJSON: a page with the right status proves nothing.
func TestRefusalNeedsJSON(t *testing.T) {
	for _, body := range []string{
		"", "<h1>Bad request</h1>", `"Invalid"`, "null", `{"message":"a"} trailing`, `{"message":"a","message":"b"}`, "{\"message\":\"\xff\"}",
		strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40),
	} {
		_, err := newAccount(t, canned(422, body)).pay(t, testOrder())
		if e := asError(t, err); e.Kind != providers.Unknown {
			t.Errorf("%q: got %v, want unknown", body, err)
		}
	}
}

// TestKeyInMessage: a company that repeats the key does not bring it into an error.
func TestKeyInMessage(t *testing.T) {
	_, err := newAccount(t, canned(401, `{"message":"Key `+testKey+` is wrong"}`)).pay(t, testOrder())
	if e := asError(t, err); strings.Contains(e.Error(), testKey) || !e.Credentials {
		t.Errorf("got %v", err)
	}
}

// TestFraction: what is not whole is refused before anything is sent.
func TestFraction(t *testing.T) {
	called := false
	a := newAccount(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	o := testOrder()
	o.Method, o.Details = "mtn_gh", people(fieldPhone, "233240010203")
	for _, c := range []struct {
		amount money.Amount
		code   string
	}{
		{money.Amount{Minor: 1250, Currency: "GHS"}, codeFraction},
		{money.Amount{Minor: 1, Currency: "GHS"}, codeFraction},
		{money.Amount{Minor: 0, Currency: "GHS"}, codeOrder},
		{money.Amount{Minor: -100, Currency: "GHS"}, codeOrder},
		{money.Amount{Minor: 100, Currency: "QQQ"}, codeCurrency},
		{money.Amount{}, codeCurrency},
	} {
		o.Amount = c.amount
		_, err := a.pay(t, o)
		if e := asError(t, err); e.Kind != providers.NotSent || e.Code != c.code {
			t.Errorf("send %+v: got %v, want not sent (%s)", c.amount, err, c.code)
		}
		if e := asError(t, a.Prepare(t.Context(), o)); e.Kind != providers.Refused {
			t.Errorf("prepare %+v: got %v, want refused", c.amount, e)
		}
	}
	if called {
		t.Error("a request was made")
	}
}

func TestPrepare(t *testing.T) {
	a := newAccount(t, Simulator(providers.SimulatorConfig{Settings: testSettings()}))
	for _, c := range []struct {
		name   string
		change func(*providers.Order)
		code   string
	}{
		{"good", func(*providers.Order) {}, ""},
		{"other currency", func(o *providers.Order) { o.Amount.Currency = "XAF" }, codeCurrency},
		{"fraction", func(o *providers.Order) { o.Method, o.Amount = "mtn_gh", money.Amount{Minor: 5, Currency: "GHS"} }, codeFraction},
		{"no such method", func(o *providers.Order) { o.Method = "mtn_xx" }, providers.CodeUnknownMethod},
		{"no description", func(o *providers.Order) { o.Description = "" }, codeOrder},
		{"no reference", func(o *providers.Order) { o.Reference = "" }, codeOrder},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := testOrder()
			c.change(&o)
			err := a.Prepare(t.Context(), o)
			if c.code == "" {
				if err != nil {
					t.Errorf("got %v, want nil", err)
				}
				return
			}
			if e := asError(t, err); e.Kind != providers.Refused || e.Code != c.code {
				t.Errorf("got %v, want refused (%s)", err, c.code)
			}
		})
	}
}

// TestReadBack: the bytes of an order give the order, and a request with anything else in it gives none.
func TestReadBack(t *testing.T) {
	a := newAccount(t, http.NotFoundHandler())
	o := testOrder()
	body, err := encode(o)
	if err != nil {
		t.Fatal(err)
	}
	post := func(path string) *http.Request { return httptest.NewRequest(http.MethodPost, a.base+path, http.NoBody) }
	rb, err := a.ReadBack(post(initializePath), body)
	if err != nil || !rb.Moves || rb.RemoteID != "" {
		t.Fatalf("got %+v, %v", rb, err)
	}
	if diff := cmp.Diff(o, *rb.Order); diff != "" {
		t.Errorf("order (-sent +read back):\n%s", diff)
	}
	for name, change := range map[string][2]string{
		"a member more":      {`{"amount"`, `{"amount_in_cents":1,"amount"`},
		"a key twice":        {`{"amount":1000`, `{"amount":1000,"amount":1000`},
		"a recipient more":   {`"recipient":{`, `"recipient":{"email":"a@example.com",`},
		"a customer more":    {`"customer":{`, `"customer":{"phone":"1",`},
		"a metadata more":    {`"metadata":{`, `"metadata":{"a":"b",`},
		"a fraction":         {`:1000,`, `:1000.0,`},
		"an exponent":        {`:1000,`, `:1e3,`},
		"a text":             {`:1000,`, `:"1000",`},
		"no amount":          {`"amount":1000,`, ``},
		"a number in it":     {`"22951345020"`, `22951345020`},
		"a blank":            {`{"amount"`, `{ "amount"`},
		"something after it": {`"}}`, `"}}{}`},
	} {
		changed := strings.Replace(string(body), change[0], change[1], 1)
		if changed == string(body) {
			t.Fatalf("%s: nothing changed", name)
		}
		if rb, err := a.ReadBack(post(initializePath), []byte(changed)); err == nil {
			t.Errorf("%s: got %+v, want an error", name, rb)
		}
	}
	for _, r := range []*http.Request{
		post("/v1/payments/initialize"), post(initializePath + "?a=b"), post("/x" + initializePath),
		httptest.NewRequest(http.MethodPut, a.base+initializePath, http.NoBody),
		httptest.NewRequest(http.MethodPost, "https://elsewhere.example"+initializePath, http.NoBody),
	} {
		if rb, err := a.ReadBack(r, body); err == nil {
			t.Errorf("%s %s: got %+v, want an error", r.Method, r.URL, rb)
		}
	}
}
