package goldenpay

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/paywicket/paywicket/providers"
)

// answering is a connection on which every request gets the same answer.
type answering struct {
	status int
	body   []byte
}

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: a.status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(a.body)), Request: r,
	}, nil
}

// FuzzAnswer: whatever is answered, nothing panics, only code 400 is a refusal, and only the words for them end an order.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		`{"code":200,"payload":{"id":"P1","trans_id":"T1","mch_id":10001,"channel":"bank","currency":"VND","order_amount":"250000.00","status":20}}`,
		`{"code":200,"payload":{"id":"WT1","mch_id":"10001","currency":"vnd","amount":250000,"attachments":[{"url":"https://x/"}],"status":60}}`,
		`{"code":400,"rid":"4f25","errors":{"message":"[4f25] signature verification failed"}}`, `{"code":"400","rid":{},"errors":[]}`,
		`{"code":404}`, `{"code":200,"payload":{"attachments":[[["https://x/"]]],"id":"P1","status":"60"}}`, `{"code":200}`, `<html>`, "", "null",
	} {
		f.Add(200, []byte(body))
		f.Add(400, []byte(body))
	}
	a := bare(f)
	a.cfg.BaseURL, a.cfg.Now, a.cfg.Nonce = "https://api.example", clockOfTest, func(int) string { return "a1B2c3D4e5" }
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a.cfg.HTTP = &http.Client{Transport: answering{status: 200 + max(0, status-200)%400, body: body}}
		sent, err := a.Send(t.Context(), orderOf(vnd(250_000)))
		var e envelope
		if providers.KindOf(err) == providers.Refused && (json.Unmarshal(body, &e) != nil || e.Code != codeRefused) {
			t.Fatalf("got %v out of %s", err, body)
		}
		if kind := providers.KindOf(err); err != nil && kind != providers.Refused && kind != providers.Unknown {
			t.Fatalf("got %v", err)
		}
		found, lookErr := a.Lookup(t.Context(), providers.Attempt{Reference: "T1"})
		if lookErr != nil && providers.KindOf(lookErr) != providers.Unknown {
			t.Fatalf("look-up: got %v", lookErr)
		}
		for _, r := range []providers.Result{sent, found} {
			word := map[providers.Status]string{providers.Paid: wordPaid, providers.Failed: wordFailed}[r.Status]
			if word != "" && r.Word != word || r.Amount.Minor < 0 {
				t.Fatalf("got %+v out of %s", r, body)
			}
		}
		_, _ = a.Balance(t.Context()) // what they are told is of no interest, that they return is
		_ = a.Check(t.Context())
	})
}

// FuzzReadBack: a request that is let out is, to the letter, what its order is written as.
func FuzzReadBack(f *testing.F) {
	a := bare(f)
	a.cfg.Now, a.cfg.Nonce = clockOfTest, func(int) string { return "a1B2c3D4e5" }
	for _, e := range testOrders() {
		fields, err := a.Fields(f.Context(), e.Method)
		if err != nil {
			f.Fatal(err)
		}
		details, _ := providers.CheckAll(fields, e.Details)
		p, err := a.encode(providers.Order{
			Reference: "T12345", Method: e.Method, Amount: e.Amount, Details: details, CallbackURL: "https://pay.example.com/",
		})
		if err != nil {
			f.Fatal(err)
		}
		body, err := a.sign(p).body()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, "account_no", "1")
	}
	f.Add([]byte(`{"channel":"bank","channel":"mock"}`), "", "")
	f.Fuzz(func(t *testing.T, body []byte, name, value string) {
		wantTrue(t, a, body)
		// What anybody who has the key could have written, with one member changed.
		p, _, err := flat(body)
		if err != nil {
			return
		}
		p[name] = value
		p["sign"] = p.signature(testKey)
		if again, err := p.body(); err == nil {
			wantTrue(t, a, again)
		}
	})
}

// wantTrue: if a request is let out, then writing its order again gives its parameters.
func wantTrue(t *testing.T, a *account, body []byte) {
	t.Helper()
	rb, err := a.ReadBack(httptest.NewRequest(http.MethodPost, "https://api.example"+pathOrders, nil), body)
	if err != nil {
		return
	}
	p, _, flatErr := flat(body)
	again, encodeErr := a.encode(*rb.Order)
	if flatErr != nil || encodeErr != nil || !rb.Moves || rb.Order.Amount.Minor <= 0 {
		t.Fatalf("got %+v let out of %s: %v, %v", rb, body, flatErr, encodeErr)
	}
	common := cmpopts.IgnoreMapEntries(func(name, _ string) bool {
		return name == "mch_id" || name == "nonce" || name == "timestamp" || name == "sign"
	})
	if diff := cmp.Diff(p, again, common); diff != "" {
		t.Fatalf("(-in the request +of the order):\n%s", diff)
	}
	if !p.signed(testKey) || p["mch_id"] != "10001" {
		t.Fatalf("got it let out unsigned: %s", body)
	}
}
