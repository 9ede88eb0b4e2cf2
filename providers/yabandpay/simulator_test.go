package yabandpay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
)

func testNow() time.Time { return time.Unix(1777860600, 0).UTC() }

// street is a simulator whose errands run when the test says so.
type street struct {
	shop
	later  []func()
	gaps   []time.Duration
	posted []string
	kinds  []string
	reply  string
}

func newStreet(t *testing.T, switches ...string) *street {
	t.Helper()
	s := &street{reply: "ok"}
	server := httptest.NewServer(newSimulator(providers.SimulatorConfig{
		Settings: testSettings(testSecret), Now: testNow, Switches: switches,
		After: func(d time.Duration, f func()) { s.later, s.gaps = append(s.later, f), append(s.gaps, d) },
		Deliver: func(r *http.Request) (providers.Reply, error) {
			body, err := io.ReadAll(r.Body)
			s.posted, s.kinds = append(s.posted, string(body)), append(s.kinds, r.Header.Get("Content-Type"))
			return providers.Reply{Status: 200, Body: []byte(s.reply)}, err
		},
	}))
	t.Cleanup(server.Close)
	s.shop = shop{t: t, url: server.URL, user: "036870", secret: testSecret, sign: shopSign}
	return s
}

func (s *street) settle() {
	for len(s.later) > 0 {
		f := s.later[0]
		s.later = s.later[1:]
		f()
	}
}

// TestRefusals: in their order, all with status false and HTTP 200.
func TestRefusals(t *testing.T) {
	s := newStreet(t)
	wrong := func(change func(*shop)) func() map[string]any {
		return func() map[string]any {
			other := s.shop
			change(&other)
			return other.call(payout("100.50"))
		}
	}
	with := func(name string, value any) func() map[string]any {
		return func() map[string]any {
			data := payout("100.50")
			if data[name] = value; value == nil {
				delete(data, name)
			}
			return s.call(data)
		}
	}
	shouted := func() map[string]any {
		other := s.shop
		other.sign = func(secret string, all map[string]any) string { return strings.ToUpper(shopSign(secret, all)) }
		return other.call(payout("100.50"))
	}
	unknown := func() map[string]any {
		return s.call(map[string]any{"command": "withdraw", "nonce_string": ""})
	}
	for want, call := range map[string]func() map[string]any{
		"401 user not found":                wrong(func(o *shop) { o.user = "111111" }),
		"401 sign error":                    wrong(func(o *shop) { o.secret = "x" }),
		"403 permission denied":             wrong(func(o *shop) { o.user, o.secret = "0368709", testSecret+"-cashier" }),
		"401 sign error ":                   shouted,
		"404 command not found":             with("command", "withdraw"),
		"404 command not found ":            unknown,
		"400 amount is required":            with("amount", nil),
		"400 amount error":                  with("amount", "1.005"),
		"400 notify_url is required":        with("notify_url", nil),
		"400 reference is required":         with("reference", nil),
		"400 no wallet in this currency":    with("currency", "USD"),
		"400 notify_url error":              with("notify_url", "/notify"),
		"400 insufficient balance":          with("amount", "99000050.00"),
		"400 insufficient balance ":         with("amount", "9999850.00"), // available, and not usable
		"400 nonce_string is required":      with("nonce_string", strings.Repeat("n", 33)),
		"400 currency is required":          with("currency", nil),
		"400 amount error ":                 with("amount", "-1.00"),
		"400 insufficient balance scenario": with("amount", "102.00"),
	} {
		answer := call()
		got := fmt.Sprint(answer["code"], " ", answer["message"])
		if answer["status"] != false || got != strings.TrimSuffix(strings.TrimSpace(want), " scenario") {
			t.Errorf("got %v, want %s", answer, want)
		}
	}
	if len(s.later) > 0 {
		t.Error("something refused was booked")
	}
}

// TestRepeats: a notice is repeated until the word is "ok".
func TestRepeats(t *testing.T) {
	s := newStreet(t)
	s.reply = "OK?"
	s.call(payout("123.00")) // waits for ever
	s.call(payout("120.00"))
	s.gaps = nil
	s.settle()
	want := []time.Duration{15 * time.Second, time.Minute, 5 * time.Minute}
	if diff := cmp.Diff(want, s.gaps); diff != "" || len(s.posted) != 4 {
		t.Errorf("got %d notices (-want +got):\n%s", len(s.posted), diff)
	}
}

func TestSwitches(t *testing.T) {
	nonce := newStreet(t, uniqueNonce)
	data := payout("100.50")
	data["nonce_string"] = "always-the-same"
	if first, second := nonce.call(data)["status"], nonce.call(data)["status"]; first != true || second != false {
		t.Errorf("nonce: got %v, %v", first, second)
	}
	sum := newStreet(t, usableSum).call(map[string]any{"command": "getBalance", "currency": "EUR"})
	if got := sum["data"].(map[string]any)["usable"]; got != "10000200.00" {
		t.Errorf("usable: got %v", got)
	}
	echo := newStreet(t, replyOlder)
	for command, amount := range map[string]string{"payout": "100.50", "getBalance": ""} {
		data := payout(amount)
		data["command"] = command
		if got := echo.call(data)["data"].(map[string]any); got["commond"] != command {
			t.Errorf("%s: got %v", command, got)
		}
	}
	notices := newStreet(t, formNotices, withWallet, numberAmount)
	notices.call(payout("100.50"))
	notices.settle()
	for i, body := range notices.posted {
		event, err := bare(t).ReadWebhook(t.Context(), providers.Webhook{Body: []byte(body)})
		if err != nil || event.Result.Amount != eur(10_050) || notices.kinds[i] != "application/x-www-form-urlencoded" || !strings.Contains(body, "wallet_id") || !strings.Contains(body, "100.5%2C") {
			t.Errorf("got %v, %+v: %s", err, event, body)
		}
	}
	if len(notices.posted) != 2 {
		t.Errorf("got %d notices", len(notices.posted))
	}
	late := newStreet(t, timeWindow)
	if got := late.call(payout("100.50"))["status"]; got != true {
		t.Errorf("in time: got %v", got)
	}
	e := envelope{User: "036870", Method: methodFinance, Time: json.Number(unix(testNow().Add(-6 * time.Minute))), Data: params{"command": "getBalance", "currency": "EUR", "nonce_string": "n"}}
	e.Sign = e.signature(testSecret)
	body, _ := json.Marshal(e)
	res, err := http.Post(late.url+path, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if answer, _ := io.ReadAll(res.Body); !strings.Contains(string(answer), "time error") {
		t.Errorf("late: got %s", answer)
	}
	for _, path := range []string{"/Payments/", "/payments", "/"} {
		if res, err := http.Post(late.url+path, "application/json", strings.NewReader("{}")); err != nil || res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: got %v, %v", path, res, err)
		} else {
			_ = res.Body.Close()
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"status":true,"code":"200","data":{"payout_id":"p","amount":1.5,"currency":"EUR","state":"pending"}}`))
	f.Add([]byte(`{"status":false,"message":"no"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		a := bare(t)
		a.cfg.Now, a.cfg.BaseURL, a.cfg.Nonce = testNow, "https://pay.example.com", func(n int) string { return strings.Repeat("n", n) }
		a.cfg.HTTP = &http.Client{Transport: answering(body)}
		r, err := a.Send(t.Context(), order(10_050))
		if err == nil && r.Attempt.RemoteID == "" {
			t.Errorf("accepted without an identifier: %q", body)
		}
		if err != nil && providers.KindOf(err) == providers.NotSent {
			t.Errorf("got %v after an answer", err)
		}
	})
}

func FuzzReadBack(f *testing.F) {
	a := bare(f)
	data, _ := a.encode(order(10_050))
	body, _ := a.envelope(data, "n", "1777860600")
	f.Add(body)
	f.Add([]byte(`{"user":"036870","sign":"","method":"v3.MerchantBalance","time":1,"data":{}}`))
	r := httptest.NewRequest(http.MethodPost, path, nil)
	f.Fuzz(func(t *testing.T, body []byte) {
		rb, err := a.ReadBack(r, body)
		if err == nil && rb.Moves && (rb.Order == nil || rb.Order.Amount.Minor <= 0) {
			t.Errorf("accepted as %+v: %q", rb.Order, body)
		}
	})
}

// answering is a network that answers everything with the same bytes.
type answering []byte

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(a)), Request: r}, nil
}
