package moneroo

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
)

func mustDecode(t *testing.T, text string) object {
	t.Helper()
	o, err := decode([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return o
}

func TestStatusWords(t *testing.T) {
	for word, want := range map[string]providers.Status{
		"initiated": providers.Accepted, "pending": providers.Accepted, "success": providers.Paid, "failed": providers.Failed,
		"cancelled": "", "processing": "", "Success": "", "SUCCESS": "", "success ": "", "successful": "", "": "",
	} {
		if got := statusOf(word); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

// TestResult reads what may differ from answer to answer.
func TestResult(t *testing.T) {
	yes, no := true, false
	for _, c := range []struct {
		name, data string
		want       providers.Result
	}{
		{"currency an object", `{"amount":500,"currency":{"code":"XOF"}}`, providers.Result{Amount: money.Amount{Minor: 500, Currency: "XOF"}}},
		{"currency a text", `{"amount":500,"currency":"XOF"}`, providers.Result{Amount: money.Amount{Minor: 500, Currency: "XOF"}}},
		{"a fraction of zeros", `{"amount":500.0,"currency":"XOF"}`, providers.Result{Amount: money.Amount{Minor: 500, Currency: "XOF"}}},
		{"dollars", `{"amount":500.0,"currency":"USD"}`, providers.Result{Amount: money.Amount{Minor: 50_000, Currency: "USD"}}},
		{"a text", `{"amount":"500.50","currency":"USD"}`, providers.Result{Amount: money.Amount{Minor: 50_050, Currency: "USD"}}},
		{"nothing", `{"amount":0,"currency":"USD"}`, providers.Result{Amount: money.Amount{Currency: "USD"}}},
		{"formatted is not read", `{"amount_formatted":"$ 500.00"}`, providers.Result{}},
		{"metadata a list", `{"metadata":[]}`, providers.Result{}},
		{"metadata null", `{"metadata":null}`, providers.Result{}},
		{"metadata", `{"metadata":{"paywicket_reference":"R"}}`, providers.Result{Attempt: providers.Attempt{Reference: "R"}}},
		{"metadata a number", `{"metadata":{"paywicket_reference":5}}`, providers.Result{Attempt: providers.Attempt{Reference: "5"}}},
		{"sandbox", `{"environment":"sandbox"}`, providers.Result{Live: &no}},
		{"live", `{"environment":"live"}`, providers.Result{Live: &yes}},
		{"production", `{"environment":"production"}`, providers.Result{Live: &yes}},
		{"another mode", `{"environment":"staging"}`, providers.Result{}},
		{"method at the gateway", `{"disburse":{"method":{"short_code":"a"}},"method":{"short_code":"b","code":"c"}}`, providers.Result{Method: "a"}},
		{"method by short code", `{"method":{"short_code":"b","code":"c"}}`, providers.Result{Method: "b"}},
		{"method by code", `{"method":{"code":"c"}}`, providers.Result{Method: "c"}},
		{"failed", `{"status":"failed","disburse":{"failure_message":"No funds","gateway":{"transaction_failure_message":"X"}}}`,
			providers.Result{Status: providers.Failed, Word: "failed", Message: "No funds"}},
		{"failed at the gateway", `{"status":"failed","disburse":{"failure_message":null,"gateway":{"transaction_failure_message":"X"}}}`,
			providers.Result{Status: providers.Failed, Word: "failed", Message: "X"}},
		{"a failure beside success", `{"status":"success","disburse":{"failure_message":"No funds"}}`,
			providers.Result{Status: providers.Paid, Word: "success"}},
		{"number paid to", `{"method":{"code":"mtn_bj"},"payout_phone_number":"0022951345020"}`,
			providers.Result{Method: "mtn_bj", Details: map[string]string{fieldPhone: "22951345020"}}},
		{"number without country", `{"method":{"code":"mtn_bj"},"payout_phone_number":"51345020"}`, providers.Result{Method: "mtn_bj"}},
		{"number of an unknown method", `{"method":{"code":"mtn_xx"},"payout_phone_number":"22951345020"}`, providers.Result{Method: "mtn_xx"}},
		{"keys with another case", `{"Status":"success","ENVIRONMENT":"live"}`, providers.Result{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := mustDecode(t, c.data).result()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestClip: Moneroo's words are cut to what an operator reads.
func TestClip(t *testing.T) {
	long := `{"message":"` + string(bytes.Repeat([]byte("é"), maxProblem+1)) + `"}`
	if got := []rune(mustDecode(t, long).problem()); len(got) != maxProblem+1 || got[maxProblem] != '…' {
		t.Errorf("got %d characters, ending in %q", len(got), got[len(got)-1])
	}
}

// TestRetryAfter: what Moneroo names wins over the documented minute.
func TestRetryAfter(t *testing.T) {
	a := &adapter{}
	for header, want := range map[string]time.Duration{"": time.Minute, "7": 7 * time.Second} {
		answer := httpx.Answer{Status: 429, Header: map[string][]string{"Retry-After": {header}}}
		if got := a.unexpected(answer, nil).RetryAfter; got != want {
			t.Errorf("%q: got %v, want %v", header, got, want)
		}
	}
}

// FuzzSent: no answer panics, and none but a 400 or 422 is a refusal.
func FuzzSent(f *testing.F) {
	f.Add(201, []byte(`{"success":true,"message":"ok","data":{"id":"po_1"}}`))
	f.Add(422, []byte(`{"message":"no","data":null,"errors":{"a":["b"]}}`))
	f.Add(422, []byte(`{"message":"no","data":[],"errors":[{"type":"a","message":"b"}]}`))
	f.Add(500, []byte(`<h1>`))
	a := &adapter{key: testKey}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		r, err := a.sent(httpx.Answer{Status: status, Body: body})
		if err == nil {
			if status < 200 || status > 299 || !isID(r.Attempt.RemoteID) {
				t.Fatalf("%d: got %+v", status, r)
			}
			return
		}
		if kind := providers.KindOf(err); kind == providers.NotSent || kind == providers.Refused && !isRefusal(status) {
			t.Fatalf("%d: got %v", status, err)
		}
	})
}

// FuzzResult: no record panics, and none ends a payout by a word that is not documented.
func FuzzResult(f *testing.F) {
	f.Add([]byte(`{"id":"po_1","status":"success","amount":500.0,"currency":{"code":"USD"},"metadata":[]}`))
	f.Add([]byte(`{"id":"po_1","status":"failed","amount":"5","currency":"XOF","payout_phone_number":22951345020,"method":{"code":"mtn_bj"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := decode(body)
		if err != nil {
			return
		}
		r, err := o.result()
		final := r.Status == providers.Paid && r.Word == wordSuccess || r.Status == providers.Failed && r.Word == wordFailed
		switch {
		case !final && r.Status != "" && r.Status != providers.Accepted:
			t.Fatalf("got %+v", r)
		case err != nil && !r.Amount.IsZero(), r.Amount.Minor < 0:
			t.Fatalf("got amount %+v with %v", r.Amount, err)
		}
	})
}

// FuzzReadBack: whatever is read back is written as the same bytes again.
func FuzzReadBack(f *testing.F) {
	body, err := encode(testOrder())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := decode(body)
		if err != nil {
			return
		}
		order, err := o.order()
		if err != nil {
			return
		}
		again, err := encode(order)
		if err == nil && bytes.Equal(again, body) && (order.Amount.Minor <= 0 || order.Reference == "") {
			t.Fatalf("got %+v", order)
		}
	})
}
