package yabandpay

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
)

func testNow() time.Time { return time.Unix(1777860600, 0).UTC() }

// shop is a client of others, written from the company's documents and its PHP library alone: it knows nothing of this
// package. It posts JSON as a form, as cURL does by default.
type shop struct {
	t   *testing.T
	url string

	user, secret string
	nonce        int
}

// shopSign is Cryptography::sign of the PHP library: ksort, key=value, "&", HMAC-SHA256.
func shopSign(secret string, all map[string]any) string {
	var names []string
	for name := range all {
		names = append(names, name)
	}
	sort.Strings(names)
	for i, name := range names {
		names[i] = fmt.Sprintf("%s=%v", name, all[name])
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(strings.Join(names, "&")))
	return hex.EncodeToString(mac.Sum(nil))
}

func (s *shop) call(data map[string]any) map[string]any {
	s.t.Helper()
	if _, ok := data["nonce_string"]; !ok {
		s.nonce++
		data["nonce_string"] = fmt.Sprintf("shop%016d", s.nonce)
	}
	signed := map[string]any{"user": s.user, "method": "v3.MerchantBalance", "time": testNow().Unix()}
	for k, v := range data {
		signed[k] = v
	}
	body, err := json.Marshal(map[string]any{"user": s.user, "sign": shopSign(s.secret, signed), "method": "v3.MerchantBalance",
		"time": testNow().Unix(), "data": data})
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := http.Post(s.url+"/Payments", "application/x-www-form-urlencoded", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var answer map[string]any
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode != http.StatusOK {
		s.t.Fatalf("got status %d and %v", res.StatusCode, err)
	}
	return answer
}

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
	s.shop = shop{t: t, url: server.URL, user: "036870", secret: testSecret}
	return s
}

func (s *street) settle() {
	for len(s.later) > 0 {
		f := s.later[0]
		s.later = s.later[1:]
		f()
	}
}

func payout(amount any) map[string]any {
	return map[string]any{"command": "payout", "amount": amount, "currency": "EUR", "reference": "456789", "notify_url": "https://shop.example/notify"}
}

// TestForeignClient: a client written by others pays out, and verifies what it is told.
func TestForeignClient(t *testing.T) {
	s := newStreet(t)
	balance := s.call(map[string]any{"commond": "getBalance", "currency": "EUR"})
	data, _ := balance["data"].(map[string]any)
	if balance["status"] != true || data["usable"] != "9999800.00" || data["available"] != "10000000.00" {
		t.Errorf("got %v", balance)
	}
	for _, amount := range []any{"100.50", 100.5, 100} {
		answer := s.call(payout(amount))
		data, _ := answer["data"].(map[string]any)
		if answer["status"] != true || data["state"] != "awaiting approval" || data["payout_id"] == "" || data["reference"] != "456789" {
			t.Fatalf("got %v", answer)
		}
	}
	s.settle()
	var states []string
	for _, body := range s.posted {
		var n struct {
			Data map[string]any
			Sign string
		}
		d := json.NewDecoder(strings.NewReader(body))
		d.UseNumber()
		if err := d.Decode(&n); err != nil || shopSign(testSecret, n.Data) != n.Sign {
			t.Errorf("a notice the shop does not believe: %s", body)
		}
		states = append(states, n.Data["state"].(string))
	}
	slices.Sort(states)
	if diff := cmp.Diff([]string{"completed", "completed", "completed", "pending", "pending", "pending"}, states); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
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
	for want, call := range map[string]func() map[string]any{
		"401 user not found":                wrong(func(o *shop) { o.user = "111111" }),
		"401 sign error":                    wrong(func(o *shop) { o.secret = "x" }),
		"403 permission denied":             wrong(func(o *shop) { o.user, o.secret = "0368709", testSecret+"-cashier" }),
		"404 command not found":             with("command", "withdraw"),
		"400 amount is required":            with("amount", nil),
		"400 amount error":                  with("amount", "1.005"),
		"400 notify_url is required":        with("notify_url", nil),
		"400 reference is required":         with("reference", nil),
		"400 no wallet in this currency":    with("currency", "USD"),
		"400 notify_url error":              with("notify_url", "/notify"),
		"400 insufficient balance":          with("amount", "99000050.00"),
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

func FuzzNotice(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(fmt.Appendf(nil, `{"data":%s,"sign":%q}`, v.Data, v.Sign))
	}
	f.Add([]byte(formPrefix + "%7B%7D"))
	a := bare(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		event, err := a.ReadWebhook(t.Context(), providers.Webhook{Body: body})
		if err == nil && event.Result.Attempt.Reference == "" && event.Result.Attempt.RemoteID == "" {
			t.Errorf("accepted without naming a payout: %q", body)
		}
	})
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
	data["nonce_string"] = "n"
	body, _ := a.envelope(data, "1777860600")
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
