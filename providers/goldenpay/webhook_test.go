package goldenpay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
)

const testKey = "gp_demo_token_7Qw3"

// bare is an account that can read webhooks and nothing else.
func bare(tb testing.TB) *account {
	tb.Helper()
	p, err := open(providers.Config{Settings: providers.NewSettings(testSettings("10001", testKey)), Live: true})
	if err != nil {
		tb.Fatal(err)
	}
	return p.(*account)
}

func ordered(context.Context, providers.Attempt) (providers.Found, error) {
	return providers.Found{
		Attempt: providers.Attempt{Reference: "WDL-20260504-0001", RemoteID: "P202605040001"},
		Order:   providers.Order{Reference: "WDL-20260504-0001", Amount: money.Amount{Minor: 250_000, Currency: "VND"}},
	}, nil
}

// genuine is the webhook of a vector with its signature in it.
func genuine(t *testing.T, name string) []byte {
	t.Helper()
	for _, v := range vectors(t) {
		if v.Name != name {
			continue
		}
		text := v.Wire
		if text == "" {
			text = string(v.Fields)
		}
		end := strings.LastIndex(text, "}")
		return fmt.Appendf(nil, `%s,"sign":%q}`, strings.TrimSpace(text[:end]), v.Sign)
	}
	t.Fatalf("no vector %q", name)
	return nil
}

func TestWebhook(t *testing.T) {
	steps := []providers.Step{{Name: "payload", OK: true}, {Name: "signature", OK: true, Note: "sign"}, {Name: "merchant", OK: true, Note: "mch_id"}}
	for name, want := range map[string]providers.Result{
		"callback-success":                               {Status: providers.Paid, Word: "60"},
		"callback-canceled":                              {Status: providers.Failed, Word: "50"},
		"callback-legacy-number-amount":                  {Status: providers.Paid, Word: "60"},
		"callback-legacy-number-amount, integer literal": {Status: providers.Paid, Word: "60"},
	} {
		t.Run(name, func(t *testing.T) {
			var asked providers.Attempt
			find := func(ctx context.Context, a providers.Attempt) (providers.Found, error) {
				asked = a
				return ordered(ctx, a)
			}
			got, err := bare(t).ReadWebhook(t.Context(), providers.Webhook{Header: http.Header{}, Body: genuine(t, name), Find: find})
			if err != nil {
				t.Fatal(err)
			}
			want.Attempt = providers.Attempt{Reference: "WDL-20260504-0001", RemoteID: "P202605040001"}
			if diff := cmp.Diff(want.Attempt, asked); diff != "" {
				t.Errorf("asked for (-want +got):\n%s", diff)
			}
			want.Amount = money.Amount{Minor: 250_000}
			if diff := cmp.Diff(want, got.Result); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
			signed := got.Steps[1]
			if signed.Expected == "" || signed.Expected != signed.Got || !strings.HasPrefix(signed.Signed, "[key]&c") || !strings.Contains(signed.Signed, "&mch_id=··01&") {
				t.Errorf("got %+v, want what was compared", signed)
			}
			if diff := cmp.Diff(steps, got.Steps, cmpopts.IgnoreFields(providers.Step{}, "Expected", "Got", "Signed")); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
			if !got.Confirm || got.Reply.Status != 200 || string(got.Reply.Body) != "success" || got.Unmatched.Status != 500 {
				t.Errorf("got confirm %v, replies %+v and %+v", got.Confirm, got.Reply, got.Unmatched)
			}
		})
	}
}

// TestWebhookBits: a genuine message of the documents with any one bit changed is refused, the case of a hex digit of the
// signature apart.
func TestWebhookBits(t *testing.T) {
	a, refused := bare(t), 0
	for _, name := range []string{
		"callback-success", "callback-canceled", "callback-legacy-number-amount", "callback-legacy-number-amount, integer literal",
	} {
		body := string(genuine(t, name))
		for _, other := range flipped(body) {
			_, err := a.ReadWebhook(t.Context(), providers.Webhook{Body: []byte(other), Find: ordered})
			if err == nil && !sameButCase(body, other) {
				t.Errorf("got %s accepted", other)
			}
			if err != nil {
				refused++
			}
		}
	}
	if refused < 5_000 {
		t.Errorf("got %d messages refused, want all of them", refused)
	}
}

// sameButCase reports whether two messages differ in the case of the signature alone.
func sameButCase(a, b string) bool {
	at := strings.Index(a, `"sign":`)
	return a[:at] == b[:at] && strings.EqualFold(a[at:], b[at:]) && a[:at+7] == b[:at+7]
}

// sealed is a webhook with a right signature.
func sealed(t *testing.T, members map[string]any) []byte {
	t.Helper()
	body, err := signBody(members, testKey, false)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestWebhookRefuses(t *testing.T) {
	genuineOne := map[string]any{"id": "P1", "trans_id": "T1", "mch_id": 10001, "order_amount": "250000.00", "status": 60}
	with := func(name string, value any) []byte {
		members := map[string]any{}
		for n, v := range genuineOne {
			members[n] = v
		}
		if members[name] = value; value == nil {
			delete(members, name)
		}
		return sealed(t, members)
	}
	for name, test := range map[string]struct {
		body []byte
		step string
	}{
		"another merchant":       {with("mch_id", 10002), "merchant"},
		"no merchant":            {with("mch_id", nil), "merchant"},
		"unreadable amount":      {with("order_amount", "2.5e5"), "payload"},
		"negative amount":        {with("order_amount", "-250000.00"), "payload"},
		"fraction of a dong":     {with("order_amount", "250000.50"), "payload"},
		"no money":               {with("order_amount", "0.00"), "payload"},
		"unsigned":               {[]byte(`{"id":"P1","trans_id":"T1","mch_id":10001,"status":60}`), "signature"},
		"signature is a number":  {[]byte(`{"id":"P1","mch_id":10001,"status":60,"sign":1}`), "signature"},
		"signature is an object": {[]byte(`{"id":"P1","mch_id":10001,"status":60,"sign":{}}`), "signature"},
		"printed another way":    {[]byte(strings.Replace(string(genuine(t, "callback-legacy-number-amount")), "250000.00", "250000.0", 1)), "signature"},
		"a name twice":           {[]byte(strings.Replace(string(genuine(t, "callback-success")), `"status"`, `"status": 60, "status"`, 1)), "payload"},
		"no JSON":                {[]byte("status=60"), "payload"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bare(t).ReadWebhook(t.Context(), providers.Webhook{Body: test.body, Find: ordered})
			e, ok := errors.AsType[*providers.Error](err)
			if !ok {
				t.Fatalf("got %v, want a refusal", err)
			}
			last := e.Steps[len(e.Steps)-1]
			if last.OK || last.Name != test.step {
				t.Errorf("got last step %+v, want %s to have failed", last, test.step)
			}
			if e.Reply == nil || e.Reply.Status != 400 || strings.Contains(string(e.Reply.Body), "success") {
				t.Errorf("got reply %+v, want 400 without the word that ends repeats", e.Reply)
			}
		})
	}
}

// TestWebhookTolerates: what a later version of the company may add.
func TestWebhookTolerates(t *testing.T) {
	body := sealed(t, map[string]any{
		"id": "P1", "trans_id": "T1", "mch_id": "10001", "order_amount": json.Number("250000.000"), "status": "60",
		"operator": "x", "empty": "", "nothing": nil,
	})
	body = []byte(strings.Replace(string(body), "{", `{"attachments":["a"],`, 1)) // no nested member is signed
	e, err := bare(t).ReadWebhook(t.Context(), providers.Webhook{Body: body, Find: ordered})
	if err != nil {
		t.Fatal(err)
	}
	if e.Result.Status != providers.Paid || e.Result.Amount.Minor != 250_000 || e.Steps[0].Note != "not signed: attachments" {
		t.Errorf("got %+v, %+v", e.Result, e.Steps)
	}
	none := func(context.Context, providers.Attempt) (providers.Found, error) {
		return providers.Found{}, errors.New("none")
	}
	e, err = bare(t).ReadWebhook(t.Context(), providers.Webhook{Body: body, Find: none})
	if err != nil || !e.Result.Amount.IsZero() {
		t.Errorf("about an order we do not know: got %+v, %v", e.Result, err)
	}
}

// FuzzWebhook: whatever is posted, nothing panics, and nothing is taken that is not signed by the key.
func FuzzWebhook(f *testing.F) {
	for _, body := range []string{
		`{"id":"P202605040001","trans_id":"WDL-20260504-0001","mch_id":10001,"order_amount":"250000.00","status":60,` +
			`"created_at":"2026-05-04 10:10:00","payed_at":"2026-05-04 10:15:00","sign":"b8891d24d9e9a829354cfc1f78f0c065"}`,
		`{"id":"P202605040001","trans_id":"WDL-20260504-0001","mch_id":10001,"order_amount":250000,"status":60,` +
			`"created_at":"2026-05-04 10:10:00","payed_at":"2026-05-04 10:15:00","sign":"31df33e9abde81e08e6bfb4f07423c34"}`,
		`{"a":[[[{"b":null}]]],"sign":""}`, `[]`, "", "{", `{"a":1}{}`, "{\"\xff\":1}", `{"sign":"00","sign":"00"}`,
	} {
		f.Add([]byte(body))
	}
	a := bare(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := a.ReadWebhook(t.Context(), providers.Webhook{Body: body, Find: ordered})
		p, _, unreadable := flat(body)
		if err == nil && (unreadable != nil || !strings.EqualFold(p["sign"], p.signature(testKey)) || p["mch_id"] != "10001") {
			t.Fatalf("got it accepted: %s", body)
		}
		if err == nil && (!e.Confirm || e.Result.Status != status(p["status"])) {
			t.Fatalf("got %+v out of %s", e, body)
		}
		if err != nil && providers.KindOf(err) != providers.Unknown {
			t.Fatalf("got %v", err)
		}
		if unreadable != nil {
			return
		}
		// What is signed by us is read, with any members.
		p["sign"] = p.signature(testKey)
		if again, _ := json.Marshal(map[string]string(p)); p["mch_id"] == "10001" && p["id"] != "" && p["order_amount"] == "" {
			if _, err := a.ReadWebhook(t.Context(), providers.Webhook{Body: again, Find: ordered}); err != nil {
				t.Fatalf("got %v for %s", err, again)
			}
		}
	})
}
