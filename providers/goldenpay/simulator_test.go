package goldenpay

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/paywicket/paywicket/providers"
)

// TestOlderProfile: the simulator of the older documents, mirrored codes and all, is understood the same way.
func TestOlderProfile(t *testing.T) {
	l := simulate(t, switchOlder, switchMirror)
	r, err := l.send(orderOf(vnd(250_000)))
	if err != nil || r.Status != providers.Accepted || r.Amount != vnd(250_000) {
		t.Fatalf("send: got %+v, %v", r, err)
	}
	if err := l.Check(t.Context()); err != nil {
		t.Errorf("check: %v", err)
	}
	l.settle()
	r, err = l.Lookup(t.Context(), r.Attempt)
	if err != nil || r.Status != providers.Paid || r.Amount != vnd(250_000) {
		t.Errorf("look-up: got %+v, %v", r, err)
	}
	e, err := l.ReadWebhook(t.Context(), providers.Webhook{Body: l.hooks[0], Find: ordered})
	if err != nil || e.Result.Status != providers.Paid || e.Result.Amount.Minor != 250_000 {
		t.Errorf("webhook: got %+v, %v", e, err)
	}
	_, err = l.send(orderOf(vnd(250_000)))
	if providers.KindOf(err) != providers.Refused || !strings.HasSuffix(err.Error(), "trans_id already exists") {
		t.Errorf("again: got %v, want it refused", err)
	}
}

// TestOwnScenarios: what this company's simulator plays beside the scenarios of all.
func TestOwnScenarios(t *testing.T) {
	for last, check := range map[int64]func(*testing.T, *line, error){
		20: func(t *testing.T, _ *line, err error) {
			if e, _ := errors.AsType[*providers.Error](err); e == nil || e.Code != "406" || e.Kind != providers.Unknown {
				t.Errorf("got %v, want code 406 and kind unknown", err)
			}
		},
		21: wantPaid, 23: wantPaid, 24: wantPaid, 25: wantPaid,
		22: func(t *testing.T, l *line, err error) {
			if err != nil || len(l.hooks) != 2 || !strings.Contains(string(l.hooks[0]), `"status":60`) || !strings.Contains(string(l.hooks[1]), `"status":50`) {
				t.Errorf("got %v and %s, want paid and then failed", err, l.hooks)
			}
		},
	} {
		l := simulate(t)
		_, err := l.send(orderOf(vnd(250_000 + last)))
		l.settle()
		check(t, l, err)
	}
}

func wantPaid(t *testing.T, l *line, err error) {
	t.Helper()
	if err != nil || len(l.hooks) != 1 {
		t.Fatalf("got %v and %d webhooks, want one", err, len(l.hooks))
	}
	found := func(context.Context, providers.Attempt) (providers.Found, error) {
		return providers.Found{Order: orderOf(vnd(0))}, nil
	}
	e, err := l.ReadWebhook(t.Context(), providers.Webhook{Body: l.hooks[0], Find: found})
	if err != nil || e.Result.Status != providers.Paid || e.Result.Amount.Minor/100 != 2_500 {
		t.Errorf("got %+v, %v; want paid", e.Result, err)
	}
}

// TestSimulatorIsStrict drives the simulator as a client would that sends all numbers as texts, and then with what the
// documents forbid.
func TestSimulatorIsStrict(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(params)
		want   string // part of the message; empty: accepted
	}{
		{"numbers as texts", func(params) {}, ""},
		{"currency in small letters", func(p params) { p["currency"] = "vnd" }, ""},
		{"empty members", func(p params) { p["remarks"], p["account_sub_org"] = "", "" }, ""},
		{"no merchant", func(p params) { p["mch_id"] = "" }, "are required"},
		{"another merchant", func(p params) { p["mch_id"] = "10002" }, "merchant not found"},
		{"short nonce", func(p params) { p["nonce"] = "abc12" }, "are required"},
		{"nonce with a dash", func(p params) { p["nonce"] = "abc-12345" }, "are required"},
		{"an old time", func(p params) { p["timestamp"] = "1577836800" }, ""},
		{"milliseconds", func(p params) { p["timestamp"] += "000" }, "are required"},
		{"no number of ours", func(p params) { p["trans_id"] = "" }, "trans_id is required"},
		{"long number of ours", func(p params) { p["trans_id"] = strings.Repeat("A", 25) }, "trans_id must"},
		{"no callback", func(p params) { p["callback_url"] = "" }, "callback_url is required"},
		{"no address", func(p params) { p["callback_url"] = "here" }, "callback_url is invalid"},
		{"whole amount", func(p params) { p["amount"] = "250000" }, "amount must"},
		{"no money", func(p params) { p["amount"] = "0.00" }, "amount is invalid"},
		{"fraction of a dong", func(p params) { p["amount"] = "100.50" }, "amount is invalid"},
		{"over the limit", func(p params) { p["amount"] = "900000001.00" }, "Withdrawal amount exceeds limit"},
		{"channel not granted", func(p params) { p["channel"] = "momo" }, "Insufficient channel permission: momo"},
		{"account of letters", func(p params) { p["account_no"] = "ABCDEF" }, "Invalid card number"},
		{"account too long", func(p params) { p["account_no"] = strings.Repeat("1", 35) }, "Invalid card number"},
		{"no bank", func(p params) { p["account_org"] = "" }, "account_org is required"},
		{"no bank code", func(p params) { p["account_org_code"] = "" }, "account_org_code is required"},
		{"no name", func(p params) { p["account_name"] = "" }, "account_name is required"},
		{"e-mail", func(p params) { p["account_email"] = "nobody" }, "account_email is invalid"},
		{"type of account", func(p params) { p["account_type"] = "IBAN" }, "account_type is invalid"},
		{"type phone without phone", func(p params) { p["account_type"] = "PHONE" }, "account_phone is required"},
		{"tax number", func(p params) {
			p["currency"], p["channel"], p["account_type"], p["account_tin"] = "BRL", "pix", "EVP", "52998224726"
		}, "account_tin is invalid"},
		{"pix key of another type", func(p params) {
			p["currency"], p["channel"], p["account_type"], p["account_tin"] = "BRL", "pix", "EVP", "52998224725"
		}, "Invalid card number"},
		{"ifsc", func(p params) { p["currency"], p["channel"] = "INR", "imps" }, "account_org_code is invalid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := bare(t).encode(orderOf(vnd(250_000)))
			if err != nil {
				t.Fatal(err)
			}
			p["mch_id"], p["nonce"], p["timestamp"] = "10001", "a1B2c3D4e5", "1777860600"
			test.change(p)
			p["sign"] = p.signature(testKey)
			got := post(t, simulate(t).url+pathOrders, "application/json", p)
			if test.want == "" && (got.Code != 200 || got.Payload["status"] != float64(20)) {
				t.Errorf("got %+v, want it accepted", got)
			}
			if test.want != "" && (got.Code != 400 || !strings.Contains(got.Errors.Message, test.want) || !strings.HasPrefix(got.Errors.Message, "["+got.RID+"] ")) {
				t.Errorf("got %+v, want code 400: %s", got, test.want)
			}
		})
	}
}

func TestSimulatorWantsSignedJSON(t *testing.T) {
	address := simulate(t).url
	p, err := bare(t).encode(orderOf(vnd(250_000)))
	if err != nil {
		t.Fatal(err)
	}
	p["mch_id"], p["nonce"], p["timestamp"] = "10001", "a1B2c3D4e5", "1777860600"
	p["sign"] = p.signature("another key")
	if got := post(t, address+pathOrders, "application/json", p); !strings.HasSuffix(got.Errors.Message, "signature verification failed") {
		t.Errorf("got %+v, want the signature refused", got)
	}
	p["sign"] = strings.ToUpper(p.signature(testKey))
	if got := post(t, address+pathOrders, "application/json", p); !strings.HasSuffix(got.Errors.Message, "signature verification failed") {
		t.Errorf("got %+v, want a signature in capitals refused", got)
	}
	p["sign"] = p.signature(testKey)
	if got := post(t, address+pathOrders, "application/x-www-form-urlencoded", p); got.Code != 400 {
		t.Errorf("got %+v, want a form refused", got)
	}
	if got := post(t, address+"/api/v1/mch/other", "application/json", p); got.Code != 404 {
		t.Errorf("got %+v, want code 404", got)
	}
}

// reply is an answer of the simulator.
type reply struct {
	Code    int
	RID     string
	Payload map[string]any
	Errors  struct{ Message string }
}

// post sends members as JSON texts, as the sample client of an integrator does.
func post(t *testing.T, address, kind string, p params) reply {
	t.Helper()
	body, err := json.Marshal(map[string]string(p))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(address, kind, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var got reply
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	return got
}
