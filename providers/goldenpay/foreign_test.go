package goldenpay_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/goldenpay"
)

// foreign is a merchant's own program, written from the company's public documents and nothing of ours: it sends every
// number as a text, as an integrator's sample does, or as the older documents do.
type foreign struct {
	t     *testing.T
	base  string
	token string
	older bool
	calls int

	hook   string
	hooks  []map[string]string // notices that were genuine
	busy   int                 // how many notices to answer without the word
	posted int
}

// sign is "MD5, key in front, connector &" over the sorted parameters that are not empty.
func (f *foreign) sign(p map[string]string) string {
	var names []string
	for name, value := range p {
		if name != "sign" && value != "" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	text := f.token
	for _, name := range names {
		text += "&" + name + "=" + p[name]
	}
	sum := md5.Sum([]byte(text))
	sign := hex.EncodeToString(sum[:])
	if f.older {
		return strings.ToUpper(sign)
	}
	return sign
}

type answer struct {
	Code    int
	RID     string `json:"rid"`
	Payload map[string]any
	Errors  struct{ Message string }
	Status  int `json:"-"`
}

func (f *foreign) complete(p map[string]string) map[string]string {
	f.calls++
	p["mch_id"], p["timestamp"], p["nonce"] = "10001", "1777860600", fmt.Sprintf("foreign%05d", f.calls)
	if f.older {
		p["nonce"] = fmt.Sprintf("f0000000-0000-0000-0000-%05d", f.calls)
	}
	p["sign"] = f.sign(p)
	return p
}

func (f *foreign) get(path string, p map[string]string) answer {
	f.t.Helper()
	query := url.Values{}
	for name, value := range f.complete(p) {
		query.Set(name, value)
	}
	res, err := http.Get(f.base + path + "?" + query.Encode())
	return f.read(res, err)
}

func (f *foreign) withdraw(p map[string]string) answer {
	f.t.Helper()
	body := map[string]any{}
	for name, value := range f.complete(p) {
		body[name] = value
		if f.older && (name == "amount" || name == "mch_id" || name == "timestamp") {
			body[name] = json.Number(value)
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		f.t.Fatal(err)
	}
	res, err := http.Post(f.base+"/api/v1/mch/wdl-orders", "application/json", bytes.NewReader(text))
	return f.read(res, err)
}

func (f *foreign) read(res *http.Response, err error) answer {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	a := answer{Status: res.StatusCode}
	dec := json.NewDecoder(res.Body)
	dec.UseNumber()
	if err := dec.Decode(&a); err != nil {
		f.t.Fatal(err)
	}
	return a
}

// ServeHTTP receives notices.
func (f *foreign) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.posted++
	var body map[string]any
	dec := json.NewDecoder(r.Body)
	dec.UseNumber()
	if err := dec.Decode(&body); err != nil {
		f.t.Error(err)
	}
	p := map[string]string{}
	for name, value := range body {
		p[name] = fmt.Sprint(value)
	}
	if !strings.EqualFold(p["sign"], f.sign(p)) {
		f.t.Errorf("got a notice with a wrong signature: %v", p)
	}
	if f.posted <= f.busy {
		_, _ = io.WriteString(w, "later")
		return
	}
	f.hooks = append(f.hooks, p)
	_, _ = io.WriteString(w, "success")
}

// later are what the simulated company has yet to do.
type later struct {
	queue []func()
	waits []time.Duration
}

func (l *later) settle() {
	for len(l.queue) > 0 {
		f := l.queue[0]
		l.queue = l.queue[1:]
		f()
	}
}

// meet starts the company, with some of its switches on, and the merchant's program.
func meet(t *testing.T, switches ...string) (*foreign, *later) {
	t.Helper()
	f, l := &foreign{t: t, token: "gp_demo_token_7Qw3", older: slices.Contains(switches, "older")}, &later{}
	company := httptest.NewServer(goldenpay.Definition().Simulator(providers.SimulatorConfig{
		Settings: map[string]string{"mch_id": "10001", "api_key": f.token},
		Now:      func() time.Time { return time.Unix(1777860600, 0) },
		After: func(d time.Duration, do func()) {
			l.queue, l.waits = append(l.queue, do), append(l.waits, d)
		},
		Pace: time.Second,
		Deliver: func(r *http.Request) (providers.Reply, error) {
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				return providers.Reply{}, err
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			return providers.Reply{Status: res.StatusCode, Body: body}, err
		},
		Switches: switches,
	}))
	t.Cleanup(company.Close)
	merchant := httptest.NewServer(f)
	t.Cleanup(merchant.Close)
	f.base, f.hook = company.URL, merchant.URL+"/notify?shop=1&lang=th"
	return f, l
}

// order is a payout in Thailand.
func (f *foreign) order(reference, amount string) map[string]string {
	if f.older {
		amount = strings.TrimSuffix(amount, ".00") // "200.00" or 200
	}
	return map[string]string{
		"trans_id": reference, "channel": "bank", "amount": amount, "currency": "THB", "account_no": "1234567890",
		"account_name": "สมชาย ใจดี", "account_org": "KBANK", "account_org_code": "KBANK", "account_sub_org": "", "callback_url": f.hook,
	}
}

// TestForeignClient: a program that was written for the company works with the simulator as it is, from the first question
// to the last notice.
func TestForeignClient(t *testing.T) {
	for name, switches := range map[string][]string{
		"2026": nil, "older": {"older"}, "older, codes as status": {"older", "mirror"}, "nonces and time watched": {"nonces", "clock"},
	} {
		t.Run(name, func(t *testing.T) {
			f, l := meet(t, switches...)
			if a := f.get("/api/v1/mch/info", map[string]string{}); a.Code != 200 || fmt.Sprint(a.Payload["id"]) != "10001" {
				t.Fatalf("info: got %+v", a)
			}
			before := f.get("/api/v1/mch/balance", map[string]string{"currency": "THB"})
			a := f.withdraw(f.order("SHOP-000001", "500.00"))
			if a.Code != 200 || fmt.Sprint(a.Payload["status"]) != "20" || a.Payload["trans_id"] != "SHOP-000001" || a.Payload["id"] == "" {
				t.Fatalf("create: got %+v", a)
			}
			if again := f.withdraw(f.order("SHOP-000001", "500.00")); again.Code != 400 || again.Errors.Message == "" {
				t.Errorf("create again: got %+v, want code 400", again)
			}
			f.busy = 1
			l.settle()
			if f.posted != 2 || len(f.hooks) != 1 {
				t.Fatalf("got %d notices, %d taken; want the one that was not taken to be repeated", f.posted, len(f.hooks))
			}
			want := map[string]string{
				"id": fmt.Sprint(a.Payload["id"]), "trans_id": "SHOP-000001", "mch_id": "10001", "order_amount": "500.00", "status": "60",
				"created_at": "2026-05-04 02:10:00", "payed_at": "2026-05-04 02:10:00", "sign": f.hooks[0]["sign"],
			}
			if diff := cmp.Diff(want, f.hooks[0]); diff != "" {
				t.Errorf("notice (-want +got):\n%s", diff)
			}
			for _, id := range []any{"SHOP-000001", a.Payload["id"]} {
				got := f.get("/api/v1/mch/wdl-orders", map[string]string{"id": id.(string)})
				if fmt.Sprint(got.Payload["status"]) != "60" || got.Payload["currency"] != "THB" || len(got.Payload["attachments"].([]any)) != 1 {
					t.Errorf("query by %s: got %+v", id, got)
				}
			}
			after := f.get("/api/v1/mch/balance", map[string]string{"currency": "THB"})
			if before.Payload["balance"] != json.Number("10000000.00") || after.Payload["balance"] != json.Number("9999500.00") {
				t.Errorf("got balances %v and %v, want 500.00 less", before.Payload, after.Payload)
			}
		})
	}
}

// TestForeignRefusals: what the program is told when it does something wrong, in the company's shape.
func TestForeignRefusals(t *testing.T) {
	f, _ := meet(t)
	if a := f.get("/api/v1/mch/balance", map[string]string{}); a.Code != 400 || a.Errors.Message != "["+a.RID+"] Missing currency param" {
		t.Errorf("no currency: got %+v", a)
	}
	if a := f.get("/api/v1/mch/wdl-orders", map[string]string{"id": "SHOP-000009"}); a.Code != 404 || a.Status != http.StatusOK {
		t.Errorf("no such order: got %+v", a)
	}
	f.token = "another"
	a := f.withdraw(f.order("SHOP-000002", "500.00"))
	if a.Code != 400 || a.Status != http.StatusOK || a.RID == "" || a.Errors.Message != "["+a.RID+"] signature verification failed" {
		t.Errorf("wrong key: got %+v", a)
	}
	older, _ := meet(t, "older", "mirror")
	older.token = "another"
	if a := older.withdraw(older.order("SHOP-000002", "500.00")); a.Code != 400 || a.Status != 400 || a.RID != "" ||
		a.Errors.Message != "signature verification failed" {
		t.Errorf("wrong key, older: got %+v", a)
	}
}

// TestForeignNotices: how often a notice that is not taken comes again.
func TestForeignNotices(t *testing.T) {
	for name, test := range map[string]struct {
		switches []string
		posted   int
		wait     time.Duration
	}{
		"2026":  {nil, 2, time.Minute},
		"older": {[]string{"older"}, 6, 30 * time.Second},
	} {
		f, l := meet(t, test.switches...)
		f.busy = 100
		if a := f.withdraw(f.order("SHOP-000003", "500.00")); a.Code != 200 {
			t.Fatalf("%s: got %+v", name, a)
		}
		l.settle()
		waits := slices.DeleteFunc(l.waits, func(d time.Duration) bool { return d <= time.Second })
		if f.posted != test.posted || len(waits) != test.posted-1 || waits[0] != test.wait {
			t.Errorf("%s: got %d notices after %v, want %d, each %v after the other", name, f.posted, waits, test.posted, test.wait)
		}
	}
}
