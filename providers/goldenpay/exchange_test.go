package goldenpay

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/sim"
)

// line is an account that talks to a handler.
type line struct {
	*account
	t     *testing.T
	url   string
	later []func()
	hooks [][]byte
}

func connect(t *testing.T, handler http.Handler, live bool) *line {
	t.Helper()
	l := &line{t: t}
	l.serve(handler, live)
	return l
}

// simulate connects an account to a simulator with some of its switches on.
func simulate(t *testing.T, on ...string) *line {
	t.Helper()
	l := &line{t: t}
	l.serve(newSimulator(providers.SimulatorConfig{
		Settings: testSettings("10001", testKey), Now: clockOfTest, Switches: on,
		After: func(_ time.Duration, f func()) { l.later = append(l.later, f) },
		Deliver: func(r *http.Request) (providers.Reply, error) {
			body, err := io.ReadAll(r.Body)
			l.hooks = append(l.hooks, body)
			return text(http.StatusOK, replyDone), err
		},
	}), false)
	return l
}

func clockOfTest() time.Time { return time.Unix(1777860600, 0).UTC() }

func (l *line) serve(handler http.Handler, live bool) {
	l.t.Helper()
	server := httptest.NewServer(handler)
	l.t.Cleanup(server.Close)
	client, err := httpx.New(httpx.Options{BaseURL: server.URL, Named: true})
	if err != nil {
		l.t.Fatal(err)
	}
	n := 0
	p, err := open(providers.Config{
		Settings: providers.NewSettings(testSettings("10001", testKey)), Live: live, Simulator: true, BaseURL: server.URL, HTTP: client.HTTP(),
		Now: clockOfTest, Nonce: func(size int) string { n++; return sim.ID(time.Duration(n).String(), size) },
	})
	if err != nil {
		l.t.Fatal(err)
	}
	client.Bind(p)
	l.account, l.url = p.(*account), server.URL
}

func (l *line) send(o providers.Order) (providers.Result, error) {
	return l.Send(httpx.WithPermit(l.t.Context(), httpx.NewPermit(o)), o)
}

func (l *line) settle() {
	for len(l.later) > 0 {
		f := l.later[0]
		l.later = l.later[1:]
		f()
	}
}

func orderOf(amount money.Amount) providers.Order {
	return providers.Order{
		Reference: "WDL-20260504-0001", Method: "vn_bank", Amount: amount, CallbackURL: "https://pay.example.com/hooks/goldenpay/1",
		Details: map[string]string{"bank": "970407 TECHCOMBANK", "account_no": "19036512345678", "account_name": "NGUYEN VAN A"},
	}
}

// saying answers every request the same.
func saying(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// TestRequest compares the whole request with the example of the documents.
func TestRequest(t *testing.T) {
	var got string
	l := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.Method + " " + r.URL.Path + " " + r.Header.Get("Content-Type") + "\n" + string(body)
		saying(200, `{"code":200,"payload":{"id":"P1","trans_id":"WDL-20260504-0001","status":20}}`)(w, r)
	}), true)
	l.cfg.Nonce = func(int) string { return "a1B2c3D4e5" }
	if _, err := l.send(orderOf(vnd(250_000))); err != nil {
		t.Fatal(err)
	}
	want := "POST /api/v1/mch/wdl-orders application/json\n" +
		`{"account_name":"NGUYEN VAN A","account_no":"19036512345678","account_org":"TECHCOMBANK","account_org_code":"970407",` +
		`"amount":"250000.00","callback_url":"https://pay.example.com/hooks/goldenpay/1","channel":"bank","currency":"VND",` +
		`"mch_id":10001,"nonce":"a1B2c3D4e5","sign":"60558ee9e57dd21822deb83bef15dea4","timestamp":1777860600,` +
		`"trans_id":"WDL-20260504-0001"}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestAnswers: the business code counts, not the HTTP status, and only 400 is a refusal.
func TestAnswers(t *testing.T) {
	const rid = "4f25d940-6f6b-4f78-a5a5-4a2f4f0f90ab"
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   providers.Error
	}{
		{"refused", 200, `{"code":400,"rid":"` + rid + `","errors":{"message":"[` + rid + `] Invalid card number..."}}`,
			providers.Error{Kind: providers.Refused, Code: "400", Message: "Invalid card number..."}},
		{"refused, older", 200, `{"code":400,"errors":{"message":"提现金额超出限制"}}`,
			providers.Error{Kind: providers.Refused, Code: "400", Message: "提现金额超出限制"}},
		{"refused, status mirrored", 400, `{"code":400}`, providers.Error{Kind: providers.Refused, Code: "400"}},
		{"refused, code as text", 500, `{"code":"400","errors":"x"}`, providers.Error{Kind: providers.Refused, Code: "400"}},
		{"keys", 200, `{"code":401}`, providers.Error{Code: "401", Credentials: true}},
		{"address not allowed", 200, `{"code":403}`, providers.Error{Code: "403", Credentials: true}},
		{"route", 200, `{"code":404}`, providers.Error{Code: "404"}},
		{"lock", 200, `{"code":406,"errors":{"message":"lock not obtained"}}`, providers.Error{Code: "406", Message: "lock not obtained"}},
		{"too many", 200, `{"code":429}`, providers.Error{Code: "429"}},
		{"down", 200, `{"code":503}`, providers.Error{Code: "503"}},
		{"a code of later", 200, `{"code":4000}`, providers.Error{Code: "4000"}},
		{"keys, says the status", 401, `{"code":503}`, providers.Error{Code: "503"}},
		{"only the status", 400, `{"message":"bad request"}`, providers.Error{Code: "http_400"}},
		{"only the status, keys", 401, `<html>`, providers.Error{Code: "http_401", Credentials: true}},
		{"two answers", 400, `{"code":400}{"code":200}`, providers.Error{Code: "http_400"}},
		{"code inside a wrong answer", 400, `{"code":400,"payload":}`, providers.Error{Code: "http_400"}},
		{"no code", 200, `{}`, providers.Error{Code: "http_200"}},
		{"code null", 200, `{"code":null}`, providers.Error{Code: "http_200"}},
		{"refused, another rid in front", 200, `{"code":400,"rid":"` + rid + `","errors":{"message":"[VND] Invalid card number..."}}`,
			providers.Error{Kind: providers.Refused, Code: "400", Message: "[VND] Invalid card number..."}},
		{"refused, rid is a number", 200, `{"code":400,"rid":7,"errors":{"message":" [7]  x "}}`,
			providers.Error{Kind: providers.Refused, Code: "400", Message: "x"}},
		{"refused at length", 200, `{"code":400,"errors":{"message":"` + strings.Repeat("é", 501) + `"}}`,
			providers.Error{Kind: providers.Refused, Code: "400", Message: strings.Repeat("é", 500)}},
		{"code is an object", 200, `{"code":{}}`, providers.Error{Code: "unreadable"}},
		{"no payload", 200, `{"code":200}`, providers.Error{Code: "unreadable"}},
		{"empty payload", 200, `{"code":200,"payload":{}}`, providers.Error{Code: "unreadable"}},
		{"payload is a list", 200, `{"code":200,"payload":[]}`, providers.Error{Code: "unreadable"}},
		{"another merchant", 200, `{"code":200,"payload":{"id":"P1","mch_id":10002,"status":60}}`, providers.Error{Code: "unreadable"}},
		{"an amount nobody can read", 200, `{"code":200,"payload":{"id":"P1","status":60,"order_amount":"1.5","currency":"VND"}}`,
			providers.Error{Code: "unreadable"}},
		{"an amount of no currency", 200, `{"code":200,"payload":{"id":"P1","status":60,"order_amount":"1.5"}}`,
			providers.Error{Code: "unreadable"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := connect(t, saying(test.status, test.body), true)
			_, err := l.send(orderOf(vnd(250_000)))
			got, ok := errors.AsType[*providers.Error](err)
			if !ok {
				t.Fatalf("got %v, want an error", err)
			}
			bare := providers.Error{Kind: got.Kind, Code: got.Code, Message: got.Message, Credentials: got.Credentials}
			if diff := cmp.Diff(test.want, bare); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestResult: both generations of answers, and what contradicts.
func TestResult(t *testing.T) {
	full := `{"id":"P1","trans_id":"T1","mch_id":10001,"channel":"bank","currency":"VND","order_amount":"250000.00","account_no":"190",` +
		`"account_name":"A","account_org":"TECHCOMBANK","status":20,"created_at":"2026-05-04 10:10:00"}`
	at := providers.Attempt{Reference: "T1", RemoteID: "P1"}
	for _, test := range []struct {
		name, payload string
		want          providers.Result
	}{
		{"2026", full, providers.Result{Attempt: at, Status: providers.Accepted, Word: "20", Amount: vnd(250_000), Method: "vn_bank",
			Details: map[string]string{"account_no": "190", "account_name": "A"}}},
		{"older", `{"id":"P1","trans_id":"T1","mch_id":"10001","channel":"bank","currency":"vnd","amount":250000,"account_org":"TECHCOMBANK",` +
			`"account_org_code":"970407","account_suborg":"x","attachments":[],"attatch":"","status":60}`,
			providers.Result{Attempt: at, Status: providers.Paid, Word: "60", Amount: vnd(250_000), Method: "vn_bank",
				Details: map[string]string{"bank": "970407 TECHCOMBANK"}}},
		{"thin", `{"id":"P1","status":"50"}`,
			providers.Result{Attempt: providers.Attempt{RemoteID: "P1"}, Status: providers.Failed, Word: "50"}},
		{"a channel that was not asked for", `{"id":"P1","channel":"momo","currency":"VND","status":60}`,
			providers.Result{Attempt: providers.Attempt{RemoteID: "P1"}, Status: providers.Paid, Word: "60", Method: "momo VND"}},
		{"a word of later", `{"id":"P1","status":30}`, providers.Result{Attempt: providers.Attempt{RemoteID: "P1"}, Word: "30"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := connect(t, saying(200, `{"code":200,"payload":`+test.payload+`}`), true)
			got, err := l.Lookup(t.Context(), at)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, cmp.Transformer("none", func(m map[string]string) []string { return sorted(m) })); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func sorted(m map[string]string) []string {
	p := params{}
	for name, value := range m {
		p[name] = value
	}
	return strings.Split(p.query(), "&")
}

func TestLookupNotFound(t *testing.T) {
	for name, test := range map[string]struct {
		handler  http.Handler
		notFound bool
	}{
		"no such order": {saying(200, `{"code":404}`), true},
		"no such route": {saying(404, `<html>`), false},
		"refused":       {saying(200, `{"code":400}`), false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := connect(t, test.handler, true).Lookup(t.Context(), providers.Attempt{Reference: "T1"})
			e, _ := errors.AsType[*providers.Error](err)
			if e == nil || e.NotFound != test.notFound || e.Kind != providers.Unknown {
				t.Errorf("got %+v, want kind unknown and not found %v", e, test.notFound)
			}
		})
	}
}

// TestBalance: a currency in which there is no account is left out; anything else is told.
func TestBalance(t *testing.T) {
	l := simulate(t)
	got, err := l.Balance(t.Context())
	want := []money.Amount{
		{Minor: 100_000_000_000, Currency: "VND"}, {Minor: 1_000_000_000, Currency: "THB"}, {Minor: 1_000_000_000, Currency: "PHP"},
		{Minor: 1_000_000_000, Currency: "BRL"}, {Minor: 1_000_000_000, Currency: "INR"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("got %v (-want +got):\n%s", err, diff)
	}
	only := func(currency string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("currency") == currency {
				saying(200, `{"code":200,"payload":{"balance":23456}}`)(w, r)
				return
			}
			saying(200, `{"code":400,"errors":{"message":"no account"}}`)(w, r)
		}
	}
	got, err = connect(t, only("THB"), true).Balance(t.Context())
	if diff := cmp.Diff([]money.Amount{{Minor: 2_345_600, Currency: "THB"}}, got); diff != "" || err != nil {
		t.Errorf("one account: got %v (-want +got):\n%s", err, diff)
	}
	for name, handler := range map[string]http.Handler{
		"no account at all": only(""), "no figure": saying(200, `{"code":200,"payload":{}}`),
		"negative": saying(200, `{"code":200,"payload":{"balance":-1}}`), "down": saying(503, ``),
	} {
		if got, err := connect(t, handler, true).Balance(t.Context()); err == nil {
			t.Errorf("%s: got %v, want an error", name, got)
		}
	}
}

func TestCheck(t *testing.T) {
	for name, test := range map[string]struct {
		body string
		ok   bool
	}{
		"2026":             {`{"code":200,"payload":{"id":"10001","name":"x"}}`, true},
		"older":            {`{"code":200,"payload":{"id":10001}}`, true},
		"another merchant": {`{"code":200,"payload":{"id":"10002"}}`, false},
		"nobody":           {`{"code":200,"payload":{}}`, false},
		"refused":          {`{"code":400}`, false},
	} {
		if err := connect(t, saying(200, test.body), true).Check(t.Context()); (err == nil) != test.ok {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestNotSent: orders that cannot be written stay here.
func TestNotSent(t *testing.T) {
	l := connect(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request was made") }), true)
	for name, change := range map[string]func(*providers.Order){
		"no such method":       func(o *providers.Order) { o.Method = "th_pix" },
		"tests only":           func(o *providers.Order) { o.Method = "mock_vnd" },
		"another currency":     func(o *providers.Order) { o.Amount.Currency = "THB" },
		"nothing":              func(o *providers.Order) { o.Amount.Minor = 0 },
		"less than nothing":    func(o *providers.Order) { o.Amount.Minor = -1 },
		"no webhook address":   func(o *providers.Order) { o.CallbackURL = "" },
		"no reference":         func(o *providers.Order) { o.Reference = "" },
		"a detail of no field": func(o *providers.Order) { o.Details["callback_url"] = "https://elsewhere.example" },
	} {
		o := orderOf(vnd(250_000))
		change(&o)
		if _, err := l.send(o); providers.KindOf(err) != providers.NotSent {
			t.Errorf("%s: got %v, want kind not sent", name, err)
		}
	}
}

// TestReadBack: a request that says anything else than the order it describes is not let out.
func TestReadBack(t *testing.T) {
	a := bare(t)
	a.cfg.Now, a.cfg.Nonce = clockOfTest, func(int) string { return "a1B2c3D4e5" }
	read := func(change func(params)) error {
		p, err := a.encode(orderOf(vnd(250_000)))
		if err != nil {
			t.Fatal(err)
		}
		p = a.sign(p)
		if change(p); p["sign"] != "" {
			p["sign"] = p.signature(testKey)
		}
		body, err := p.body()
		if err != nil {
			t.Fatal(err)
		}
		rb, err := a.ReadBack(httptest.NewRequest(http.MethodPost, "https://api.example"+pathOrders, nil), body)
		if err == nil && (!rb.Moves || cmp.Diff(orderOf(vnd(250_000)), *rb.Order) != "") {
			return errors.New("another order")
		}
		return err
	}
	if err := read(func(params) {}); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(params){
		"a member more":     func(p params) { p["fee"] = "1" },
		"no signature":      func(p params) { delete(p, "sign") },
		"another merchant":  func(p params) { p["mch_id"] = "10002" },
		"another channel":   func(p params) { p["channel"] = "mock" },
		"another currency":  func(p params) { p["currency"] = "THB" },
		"small letters":     func(p params) { p["currency"] = "vnd" },
		"another amount":    func(p params) { p["amount"] = "250001.00" },
		"amount unlike us":  func(p params) { p["amount"] = "250000" },
		"another account":   func(p params) { p["account_no"] = "19036512345679" },
		"another bank":      func(p params) { p["account_org_code"] = "970408" },
		"another reference": func(p params) { p["trans_id"] = "WDL-20260504-0002" },
		"another address":   func(p params) { p["callback_url"] = "https://elsewhere.example" },
	} {
		if err := read(change); err == nil {
			t.Errorf("%s: got it let out", name)
		}
	}
	if _, err := a.ReadBack(httptest.NewRequest(http.MethodPost, "https://api.example/api/v1/mch/other", nil), []byte("{}")); err == nil {
		t.Error("another call: got it let out")
	}
}

// TestReadBackPix: the key stands twice in the request where the documents want it; both must be the same.
func TestReadBackPix(t *testing.T) {
	a := bare(t)
	a.cfg.Now, a.cfg.Nonce = clockOfTest, func(int) string { return "a1B2c3D4e5" }
	e := pix(keyPhone, "5511987654321", "account_email", "joao@example.com")
	e.Details["account_tin"] = "52998224725"
	p, err := a.encode(providers.Order{
		Reference: "T12345", Method: e.Method, Amount: e.Amount, Details: e.Details, CallbackURL: "https://pay.example.com/",
	})
	if err != nil {
		t.Fatal(err)
	}
	if p["account_no"] != "+5511987654321" || p["account_phone"] != p["account_no"] {
		t.Errorf("got account_no %q and account_phone %q, want the key in both", p["account_no"], p["account_phone"])
	}
	p["account_phone"] = "+5511987654322"
	body, err := a.sign(p).body()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.ReadBack(httptest.NewRequest(http.MethodPost, "https://api.example"+pathOrders, nil), body); err == nil {
		t.Error("got another phone number let out")
	}
}

// TestChannels: which methods an account offers.
func TestChannels(t *testing.T) {
	for name, test := range map[string]struct {
		settings        map[string]string
		live, simulator bool
		want            string
	}{
		"live":           {testSettings("1", "k"), true, false, "vn_bank th_bank ph_gcash ph_maya br_pix in_bank"},
		"without legacy": {nil, true, false, "vn_bank th_bank ph_gcash ph_maya"},
		"mock typed in":  {map[string]string{settingBrazil: "mock"}, true, false, "vn_bank th_bank ph_gcash ph_maya"},
		"one country":    {map[string]string{settingNations: "TH"}, true, false, "th_bank"},
		"two countries":  {map[string]string{settingNations: "PH; VN", settingIndia: "imps"}, true, false, "vn_bank ph_gcash ph_maya in_bank"},
		"one, tests":     {map[string]string{settingNations: "TH"}, false, false, "mock_thb mock_brl mock_inr"},
		"tests":          {nil, false, false, "mock_vnd mock_thb mock_php mock_brl mock_inr"},
		"at a simulator": {nil, false, true, "vn_bank th_bank ph_gcash ph_maya mock_vnd mock_thb mock_php mock_brl mock_inr"},
	} {
		rows, err := rowsFor(providers.NewSettings(test.settings), test.live, test.simulator)
		var got []string
		for _, m := range rows {
			got = append(got, m.ID)
		}
		if strings.Join(got, " ") != test.want || err != nil {
			t.Errorf("%s: got %s, %v; want %s", name, strings.Join(got, " "), err, test.want)
		}
	}
}
