package etpay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/sim"
)

// line is an account that talks to a simulator through faults.
type line struct {
	*account
	t        *testing.T
	faults   *sim.Faults
	url      string
	clock    atomic.Int64
	later    []func()
	hooks    []string
	answers  []int
	recorded []string
	switches []string
}

const testStart = 1767630600 // 2026-01-05 16:30 UTC

func connect(t *testing.T, country string, switches ...string) *line {
	t.Helper()
	l := &line{t: t, switches: switches}
	l.clock.Store(testStart)
	l.faults = sim.NewFaults(newSimulator(providers.SimulatorConfig{
		Settings: testSettings(country), Now: l.now, Switches: switches, Deliver: l.deliver,
		After: func(_ time.Duration, f func()) { l.later = append(l.later, f) },
	}))
	l.serve(country, l.faults)
	return l
}

func (l *line) now() time.Time { return time.Unix(l.clock.Load(), 0).UTC() }

func (l *line) pass(d time.Duration) { l.clock.Add(int64(d / time.Second)) }

func (l *line) deliver(r *http.Request) (providers.Reply, error) {
	body, err := io.ReadAll(r.Body)
	l.hooks = append(l.hooks, string(body))
	status := 200
	if len(l.answers) > 0 {
		status, l.answers = l.answers[0], l.answers[1:]
	}
	return providers.Reply{Status: status}, err
}

func (l *line) serve(country string, h http.Handler) {
	l.t.Helper()
	server := httptest.NewServer(h)
	l.t.Cleanup(server.Close)
	settings := testSettings(country)
	client, err := httpx.New(httpx.Options{BaseURL: server.URL, Named: true, Secrets: []string{settings[settingToken], settings[settingPassword]},
		Record: func(_ context.Context, x httpx.Exchange) {
			l.recorded = append(l.recorded, fmt.Sprint(x.URL, x.Header, string(x.Body), x.AnswerHeader, string(x.Answer), x.Err))
		}})
	if err != nil {
		l.t.Fatal(err)
	}
	p, err := open(providers.Config{Settings: providers.NewSettings(settings), Simulator: true, BaseURL: server.URL, HTTP: client.HTTP(), Now: l.now})
	if err != nil {
		l.t.Fatal(err)
	}
	client.Bind(p)
	l.account, l.url = p.(*account), server.URL
}

func order(reference string, whole int64) providers.Order {
	details := chileanDetails()
	details[fieldRUT] = "12345678-5"
	return providers.Order{Reference: reference, Method: "cl_bank", Amount: clp(whole), Details: details, CallbackURL: "https://pay.example.com/hooks/a?x=1&y=2"}
}

func (l *line) send(o providers.Order) (providers.Result, error) {
	if err := l.Prepare(l.t.Context(), o); err != nil {
		return providers.Result{}, err
	}
	return l.sendOnly(o)
}

func (l *line) sendOnly(o providers.Order) (providers.Result, error) {
	return l.Send(httpx.WithPermit(l.t.Context(), httpx.NewPermit(o)), o)
}

func (l *line) settle() {
	for len(l.later) > 0 {
		f := l.later[0]
		l.later = l.later[1:]
		f()
	}
}

func (l *line) count(what string) int {
	n := 0
	for _, seen := range l.faults.Seen() {
		if seen == what {
			n++
		}
	}
	return n
}

const loginCall = "POST /v1/auth/login"

// TestSignIn: one token serves many calls, is renewed before a send that it would not outlive, and never during one.
func TestSignIn(t *testing.T) {
	l := connect(t, chile)
	if _, err := l.sendOnly(order("AAA", 15_050)); providers.KindOf(err) != providers.NotSent || len(l.faults.Seen()) > 0 {
		t.Fatalf("signed out: got %v and calls %q, want it not sent, and no call", err, l.faults.Seen())
	}
	for i := range 3 {
		if _, err := l.send(order(fmt.Sprint("AAB", i), 15_050)); err != nil {
			t.Fatal(err)
		}
	}
	if n := l.count(loginCall); n != 1 {
		t.Errorf("three sends: got %d sign-ins, want one", n)
	}
	l.pass(56*time.Minute + 30*time.Second) // good for reading, not for a send
	if _, err := l.Balance(t.Context()); err != nil || l.count(loginCall) != 1 {
		t.Errorf("balance: got %v and %d sign-ins", err, l.count(loginCall))
	}
	l.pass(90 * time.Second)
	if _, err := l.send(order("AAC", 15_050)); err != nil || l.count(loginCall) != 2 {
		t.Errorf("send: got %v and %d sign-ins, want a new one", err, l.count(loginCall))
	}
	l.pass(2 * time.Hour)
	if _, err := l.sendOnly(order("AAD", 15_050)); providers.KindOf(err) != providers.NotSent || l.count(loginCall) != 2 {
		t.Errorf("ended: got %v and %d sign-ins, want it not sent and no sign-in", err, l.count(loginCall))
	}
}

func TestSignInOneAtATime(t *testing.T) {
	l := connect(t, chile)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := l.Balance(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := l.count(loginCall); n != 1 {
		t.Errorf("got %d sign-ins, want one", n)
	}
}

// TestRefusedToken: a reading signs in once more and is repeated; a send is not, its outcome is unknown and the account
// stops.
func TestRefusedToken(t *testing.T) {
	l := connect(t, chile)
	if err := l.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	unauthorized := sim.Status(http.StatusUnauthorized)
	reads := func(r *http.Request) bool { return r.Method == http.MethodGet }
	l.faults.Next(reads, unauthorized)
	if _, err := l.Balance(t.Context()); err != nil || l.count(loginCall) != 2 || l.count("GET /v1/balance") != 3 {
		t.Errorf("got %v after %q", err, l.faults.Seen())
	}
	l.faults.Next(reads, unauthorized)
	l.faults.Next(reads, unauthorized)
	_, err := l.Balance(t.Context())
	if e, ok := errors.AsType[*providers.Error](err); !ok || !e.Credentials || l.count("GET /v1/balance") != 5 {
		t.Errorf("twice: got %v after %q", err, l.faults.Seen())
	}
	_, err = l.send(order("BAA", 15_009)) // a scenario: refused
	e, ok := errors.AsType[*providers.Error](err)
	if !ok || e.Kind != providers.Unknown || !e.Credentials || l.count("POST /v1/payouts") != 1 {
		t.Errorf("send: got %v after %q, want it unknown, once", err, l.faults.Seen())
	}
}

func TestWrongCredentials(t *testing.T) {
	l := connect(t, chile)
	for _, name := range []string{settingMerchant, settingToken, settingUser, settingPassword} {
		settings := testSettings(chile)
		settings[name] = "another"
		l.cfg.Settings = providers.NewSettings(settings)
		for what, err := range map[string]error{"check": l.Check(t.Context()), "prepare": l.Prepare(t.Context(), order("CAA", 15_050))} {
			if e, ok := errors.AsType[*providers.Error](err); !ok || !e.Credentials {
				t.Errorf("%s, wrong %s: got %v, want credentials", what, name, err)
			}
		}
	}
}

func TestTokenShapes(t *testing.T) {
	for _, test := range []struct {
		body string
		want time.Duration
	}{
		{`{"authorization_token":"a","expires_in":3600}`, 59 * time.Minute},
		{`{"access_token":"a","expires_in":"120"}`, time.Minute},
		{`{"data":{"token":"a"}}`, 9 * time.Minute},
		{`[{"jwt":"a","expires_in":90}]`, 45 * time.Second},
		{`{"data":{"jwt":"eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE3Njc2MzQyMDB9.c2ln"}}`, 59 * time.Minute},
		{`{"ok":true}`, 0}, {`{"token":""}`, 0}, {``, 0}, {`[]`, 0}, {`{"token":"a","token":"b"}`, 0},
	} {
		l := &line{t: t}
		l.clock.Store(testStart)
		l.serve(chile, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, test.body) }))
		_, err := l.token(t.Context(), sendLife)
		if got := l.session.until.Sub(l.now()); (err != nil) != (test.want == 0) || err == nil && got != test.want {
			t.Errorf("%s: got %v, %v, want %v", test.body, got, err, test.want)
		}
	}
}

// TestAnswers: what an answer to a send means for the money.
func TestAnswers(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		kind   providers.Kind
		code   string
		ok     bool
	}{
		{201, `{"payout_token":"po_1","status":"pending","amount":15050,"currency":"CLP"}`, 0, "", true},
		{200, `{"data":{"payout_id":"po_1","payout_status":"pending","amount":15050.00,"currency":"CLP"}}`, 0, "", true},
		{200, `[{"id":"po_1","status":"?"}]`, 0, "", true},
		{201, `{"status":"pending"}`, providers.Unknown, httpx.CodeUnreadable, false},
		{201, `[{"id":"a"},{"id":"b"}]`, providers.Unknown, httpx.CodeUnreadable, false},
		{201, ``, providers.Unknown, httpx.CodeUnreadable, false},
		{201, `{"payout_token":"po_1","amount":"a lot","currency":"CLP"}`, providers.Unknown, httpx.CodeUnreadable, false},
		{201, `{"payout_token":"po_1","merchant_code":"cl_other"}`, providers.Unknown, httpx.CodeUnreadable, false},
		{422, `{"message":"Saldo insuficiente","error_code":"E7"}`, providers.Refused, "E7", false},
		{400, `{"message":"no"}`, providers.Refused, "http_400", false},
		{422, `{"error":"no"}`, providers.Unknown, "http_422", false},
		{422, `<html>`, providers.Unknown, "http_422", false},
		{401, `{"message":"no"}`, providers.Unknown, "http_401", false},
		{403, `{"message":"no"}`, providers.Unknown, "http_403", false},
		{404, `{"message":"no"}`, providers.Unknown, "http_404", false},
		{409, `{"message":"used","error_code":"DUP"}`, providers.Unknown, "DUP", false},
		{429, `{"message":"no"}`, providers.Unknown, "http_429", false},
		{500, `{"message":"no"}`, providers.Unknown, "http_500", false},
	} {
		l := &line{t: t}
		l.clock.Store(testStart)
		l.serve(chile, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(test.status)
			_, _ = io.WriteString(w, test.body)
		}))
		l.session.keep("token", l.now().Add(time.Hour))
		r, err := l.sendOnly(order("DAA", 15_050))
		e, _ := errors.AsType[*providers.Error](err)
		switch {
		case test.ok && (err != nil || r.Attempt.RemoteID != "po_1"):
			t.Errorf("%d %s: got %+v, %v", test.status, test.body, r, err)
		case !test.ok && (e == nil || e.Kind != test.kind || e.Code != test.code || e.Credentials != (test.status == 401)):
			t.Errorf("%d %s: got %+v, want %v, %s", test.status, test.body, err, test.kind, test.code)
		}
	}
}

// TestLost: an order whose answer was lost is found among those of its days, by our reference alone, and nothing is taken
// for it.
func TestLost(t *testing.T) {
	l := connect(t, chile)
	sent := l.now()
	if _, err := l.send(order("LOST", 15_003)); providers.KindOf(err) != providers.Unknown {
		t.Fatalf("got %v", err)
	}
	for i := range 250 { // more than two pages
		if _, err := l.send(order(fmt.Sprint("LOST", i), 15_050)); err != nil {
			t.Fatal(err)
		}
	}
	l.settle()
	l.pass(40 * 24 * time.Hour)
	r, err := l.Lookup(t.Context(), providers.Attempt{Reference: "LOST", SentAt: sent})
	if err != nil || r.Status != providers.Paid || r.Amount != clp(15_003) || r.Attempt.Reference != "LOST" {
		t.Errorf("got %+v, %v", r, err)
	}
	for name, at := range map[string]providers.Attempt{
		"another reference": {Reference: "LOS", SentAt: sent}, "other days": {Reference: "LOST", SentAt: sent.AddDate(0, 0, 3)}, "today": {Reference: "LOST"},
	} {
		_, err := l.Lookup(t.Context(), at)
		if e, ok := errors.AsType[*providers.Error](err); !ok || !e.NotFound || e.Kind != providers.Unknown {
			t.Errorf("%s: got %v, want nothing found", name, err)
		}
	}
}

// TestList: windows of at most 31 days that neither leave out nor repeat anything.
func TestList(t *testing.T) {
	l := connect(t, mexico)
	var want []string
	for i := range 10 {
		o := order(fmt.Sprint("MX", i), 0)
		o.Method, o.Amount, o.Details = "mx_clabe", mxn(150_050), mexicanDetails()
		if _, err := l.send(o); err != nil {
			t.Fatal(err)
		}
		want = append(want, o.Reference)
		l.pass(9 * 24 * time.Hour)
	}
	var got []string
	for r, err := range l.List(t.Context(), time.Unix(testStart, 0), l.now()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.Attempt.Reference)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for range l.List(t.Context(), time.Unix(testStart, 0), l.now()) {
		break // who has seen enough may stop
	}
	l.faults.Next(nil, sim.HTML)
	var failed error
	for _, err := range l.List(t.Context(), time.Unix(testStart, 0), l.now()) {
		failed = err
	}
	if failed == nil {
		t.Error("got no error of a list that cannot be read")
	}
}

// TestDuplicate: the company refuses a reference it knows, which says that the first one exists.
func TestDuplicate(t *testing.T) {
	l := connect(t, chile)
	first, err := l.send(order("TWICE", 15_050))
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.send(order("TWICE", 15_050))
	if e, ok := errors.AsType[*providers.Error](err); !ok || e.Kind != providers.Unknown || e.Code != "SIM_DUPLICATE_ORDER" {
		t.Errorf("got %v", err)
	}
	r, err := l.Lookup(t.Context(), providers.Attempt{Reference: "TWICE", SentAt: l.now()})
	if err != nil || r.Attempt.RemoteID != first.Attempt.RemoteID {
		t.Errorf("got %+v, %v", r, err)
	}
}

// TestScenarios of the company's own, and its switches.
func TestScenarios(t *testing.T) {
	for _, test := range []struct {
		whole    int64
		switches []string
		answers  []int
		hooks    int
		status   providers.Status
		message  string
	}{
		{15_001, nil, nil, 1, providers.Failed, "Cuenta inexistente (SIM_ACCOUNT_INVALID)"},
		{15_005, nil, nil, 3, providers.Paid, ""},
		{15_006, nil, nil, 2, providers.Paid, ""},
		{15_007, nil, nil, 0, providers.Paid, ""},
		{15_008, nil, nil, 2, providers.Failed, "Fondos devueltos por el banco (SIM_RETURNED)"},
		{15_011, nil, nil, 1, providers.Failed, "Cuenta inexistente"},
		{15_012, nil, nil, 1, providers.Paid, ""},
		{15_050, nil, []int{500, 404, 503, 200}, 4, providers.Paid, ""},
		{15_050, []string{wrapped, opaqueSessions}, nil, 1, providers.Paid, ""},
		{15_050, []string{briefSessions}, nil, 1, providers.Paid, ""},
		{15_001, []string{noCodes}, nil, 1, providers.Failed, "Cuenta inexistente"},
		{15_050, []string{approvalByWebhook}, nil, 2, providers.Paid, ""},
		{15_050, []string{approvalByWebhook}, []int{404}, 2, providers.Failed, "Rechazado (SIM_BANK_REJECTED)"},
	} {
		t.Run(fmt.Sprint(test.whole, test.switches, test.answers), func(t *testing.T) {
			l := connect(t, chile, test.switches...)
			l.answers = test.answers
			sent, err := l.send(order("SCEN", test.whole))
			if err != nil {
				t.Fatal(err)
			}
			l.settle()
			var r providers.Result
			for range 5 {
				if r, err = l.Lookup(t.Context(), sent.Attempt); err != nil {
					t.Fatal(err)
				}
				l.settle()
			}
			if r.Status != test.status || r.Message != test.message || len(l.hooks) != test.hooks {
				t.Errorf("got %q, %q and %d webhooks", r.Status, r.Message, len(l.hooks))
			}
		})
	}
}

// TestNothingSecretRecorded: tokens and keys are in no record of what was said.
func TestNothingSecretRecorded(t *testing.T) {
	for _, switches := range [][]string{nil, {opaqueSessions}, {wrapped}} {
		l := connect(t, chile, switches...)
		sent, err := l.send(order("SECR", 15_050))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Lookup(t.Context(), sent.Attempt); err != nil {
			t.Fatal(err)
		}
		key := sent.Attempt.Kept[keptKey]
		for _, secret := range []string{key, testToken, "password-of-the-test", l.session.value} {
			for _, text := range l.recorded {
				if secret == "" || strings.Contains(text, secret) {
					t.Errorf("%q is in what was recorded: %s", secret, text)
				}
			}
		}
	}
}

// TestForeignClient: a client of others, written from ETpay's pages alone, signs in and pays.
func TestForeignClient(t *testing.T) {
	l := connect(t, mexico)
	post := func(path, token, body string) (int, map[string]any) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		var v map[string]any
		if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, v
	}
	status, v := post("/v1/auth/login", "", `{ "username": "ops@paywicket.example", "password": "password-of-the-test",
		"merchant": { "code": "mx_sandbox_demo", "api_token": "api-token-of-the-test-0123456789" } }`)
	token, _ := v["authorization_token"].(string)
	if status != 200 || token == "" {
		t.Fatalf("got %d, %v", status, v)
	}
	body := `{"merchant_order_id":"PO202601050002","amount":1550.5,"currency":"MXN","description":"Pago servicios",
		"beneficiary":{"name":"Juan Perez Garcia","account_type":"clabe","account_number":"032180000118359719"}}`
	if status, v = post("/v1/payouts", "", body); status != 401 || v["message"] == "" {
		t.Errorf("without a token: got %d, %v", status, v)
	}
	if status, v = post("/v1/payouts", token, body); status != 201 || v["status"] != "pending" || v["payout_token"] == "" || v["signature_token"] == "" {
		t.Errorf("got %d, %v", status, v)
	}
	if status, v = post("/v1/payouts", token, body); status != 409 {
		t.Errorf("again: got %d, %v", status, v)
	}
	for name, change := range map[string]string{
		"amount as text": `"amount":"1550.5"`, "three decimals": `"amount":1550.505`, "nothing": `"amount":0`, "exponent": `"amount":1e3`,
	} {
		if status, v = post("/v1/payouts", token, strings.Replace(body, `"amount":1550.5`, change, 1)); status != 422 || v["message"] == "" {
			t.Errorf("%s: got %d, %v", name, status, v)
		}
	}
	for _, wrong := range []string{"019122219004301156", "03218000011835971", ""} {
		if status, v = post("/v1/payouts", token, strings.Replace(body, "032180000118359719", wrong, 1)); status != 422 {
			t.Errorf("CLABE %s: got %d, %v", wrong, status, v)
		}
	}
	if status, _ = post("/v1/payout", token, body); status != 404 {
		t.Errorf("another path: got %d", status)
	}
}
