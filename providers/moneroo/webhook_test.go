package moneroo

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
)

// The known answers were computed from the documented algorithm with a made-up secret.
const (
	sigSuccess   = "ca4e6fda5433e762b928cf2b7f3359d97fc7faf73120da03b527a3989c3ee248"
	sigFailed    = "82ec38ce29bc0bde627578940993f4befb7720e5d80f19ff8681df8bc17ec21c"
	sigRewritten = "87e8e31999f5206f2314649b2fa9b1a07f5852ad1ea4c89108e79c963e30240f"
)

func read(t *testing.T, a *account, body []byte, signatures ...string) (providers.Event, error) {
	t.Helper()
	h := http.Header{}
	for _, s := range signatures {
		h.Add(signatureName, s)
	}
	return a.ReadWebhook(t.Context(), providers.Webhook{Header: h, Body: body})
}

func signed(body string) string { return hex.EncodeToString(sign(testSecret, []byte(body))) }

func TestSignatureVectors(t *testing.T) {
	a := newAccount(t, http.NotFoundHandler())
	for _, c := range []struct {
		name, file string
		bytes      int
		signature  string
		genuine    bool
	}{
		{"success", "webhook-success.json", 108, sigSuccess, true},
		{"failed, with escapes", "webhook-failed.json", 255, sigFailed, true},
		{"capital digits", "webhook-success.json", 108, strings.ToUpper(sigSuccess), true},
		{"parsed and written again", "webhook-failed-rewritten.json", 246, sigFailed, false},
		{"signed as parsed and written again", "webhook-failed.json", 255, sigRewritten, false},
		{"of the other", "webhook-success.json", 108, sigFailed, false},
		{"with a prefix", "webhook-success.json", 108, "sha256=" + sigSuccess, false},
		{"short", "webhook-success.json", 108, sigSuccess[:62], false},
		{"long", "webhook-success.json", 108, sigSuccess + "00", false},
		{"blank", "webhook-success.json", 108, " " + sigSuccess, false},
		{"no digits", "webhook-success.json", 108, strings.Repeat("z", 64), false},
		{"empty", "webhook-success.json", 108, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := readFile(t, c.file)
			if len(body) != c.bytes {
				t.Fatalf("got %d bytes, want %d", len(body), c.bytes)
			}
			_, err := read(t, a, body, c.signature)
			if (err == nil) != c.genuine {
				t.Fatalf("got %v, want genuine: %v", err, c.genuine)
			}
			if err != nil {
				wantForged(t, err)
			}
		})
	}
}

func wantForged(t *testing.T, err error) {
	t.Helper()
	e := asError(t, err)
	if e.Code != codeSignature || e.Reply == nil || e.Reply.Status != http.StatusForbidden || len(e.Steps) != 1 || e.Steps[0].OK {
		t.Errorf("got %+v, want a wrong signature answered 403", e)
	}
}

func TestSignatureMissingOrTwice(t *testing.T) {
	a := newAccount(t, http.NotFoundHandler())
	body := readFile(t, "webhook-success.json")
	_, err := read(t, a, body)
	wantForged(t, err)
	_, err = read(t, a, body, sigSuccess, sigSuccess)
	wantForged(t, err)
}

// TestNoSecret: without a secret nothing is genuine, not even what is signed with none.
func TestNoSecret(t *testing.T) {
	a := newAccount(t, http.NotFoundHandler(), func(c *providers.Config) { c.Settings = providers.NewSettings(nil) })
	body := readFile(t, "webhook-success.json")
	_, err := read(t, a, body, hex.EncodeToString(sign("", body)))
	wantForged(t, err)
}

func TestReadWebhook(t *testing.T) {
	a := newAccount(t, http.NotFoundHandler())
	id := providers.Attempt{RemoteID: "po_7h2k9x4m1q3z"}
	for _, c := range []struct {
		name, body string
		want       providers.Event
	}{
		{"success", string(readFile(t, "webhook-success.json")), providers.Event{Name: "payout.success", Confirm: true, Result: providers.Result{
			Attempt: id, Status: providers.Paid, Word: "success", Amount: money.Amount{Minor: 1000, Currency: "XOF"},
		}}},
		{"failed", string(readFile(t, "webhook-failed.json")), providers.Event{Name: "payout.failed", Confirm: true, Result: providers.Result{
			Attempt: id, Status: providers.Failed, Word: "failed", Amount: money.Amount{Minor: 2500, Currency: "XOF"},
		}}},
		{"only an identifier", `{"event":"payout.initiated","data":{"id":"po_7h2k9x4m1q3z"}}`, providers.Event{
			Name: "payout.initiated", Confirm: true, Result: providers.Result{Attempt: id, Status: providers.Accepted, Word: "initiated"},
		}},
		{"an amount nobody can read", `{"event":"payout.success","data":{"id":"po_7h2k9x4m1q3z","amount":"1,000","currency":"XOF"}}`, providers.Event{
			Name: "payout.success", Confirm: true, Result: providers.Result{Attempt: id, Status: providers.Paid, Word: "success"},
		}},
		{"with our reference", `{"event":"payout.success","data":{"id":"po_7h2k9x4m1q3z","metadata":{"paywicket_reference":"` + testRef + `"}}}`,
			providers.Event{Name: "payout.success", Confirm: true, Result: providers.Result{
				Attempt: providers.Attempt{RemoteID: "po_7h2k9x4m1q3z", Reference: testRef}, Status: providers.Paid, Word: "success",
			}}},
		{"an event of the future", `{"event":"payout.reversed","data":{"id":"po_7h2k9x4m1q3z","status":"reversed"}}`, providers.Event{
			Name: "payout.reversed", Confirm: true, Result: providers.Result{Attempt: id, Word: "reversed"},
		}},
		{"a payment", `{"event":"payment.success","data":{"id":"123456","amount":100,"currency":"USD","status":"success"}}`, providers.Event{
			Name: "payment.success", Ignore: true,
		}},
		{"something else", `{"event":"customer.created"}`, providers.Event{Name: "customer.created", Ignore: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := read(t, a, []byte(c.body), signed(c.body))
			if err != nil {
				t.Fatal(err)
			}
			c.want.Reply, c.want.Unmatched = kept(), kept()
			begins := signed(c.body)[:8]
			c.want.Steps = []providers.Step{{Name: "signature", OK: true, Note: signatureName, Expected: begins, Got: begins,
				Signed: fmt.Sprintf("body (%d bytes)", len(c.body))}, {Name: "payload", OK: true, Note: c.want.Name}}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestSignedNonsense: what is signed and cannot be read in one way only is refused.
func TestSignedNonsense(t *testing.T) {
	a := newAccount(t, http.NotFoundHandler())
	for name, body := range map[string]string{
		"empty":                   ``,
		"null":                    `null`,
		"a list":                  `[{"event":"payout.success"}]`,
		"no event":                `{"data":{"id":"po_1"}}`,
		"an event in capitals":    `{"Event":"payout.success","data":{"id":"po_1"}}`,
		"an event of numbers":     `{"event":1,"data":{"id":"po_1"}}`,
		"a long event":            `{"event":"payout.` + strings.Repeat("a", 100) + `","data":{"id":"po_1"}}`,
		"no data":                 `{"event":"payout.success"}`,
		"data a list":             `{"event":"payout.success","data":[]}`,
		"no identifier":           `{"event":"payout.success","data":{"status":"success"}}`,
		"identifier an object":    `{"event":"payout.success","data":{"id":{}}}`,
		"a key twice":             `{"event":"payout.success","event":"payout.failed","data":{"id":"po_1"}}`,
		"an identifier twice":     `{"event":"payout.success","data":{"id":"po_1","id":"po_2"}}`,
		"the same twice, escaped": `{"event":"payout.success","data":{"id":"po_1","\u0069d":"po_2"}}`,
		"something after it":      `{"event":"payout.success","data":{"id":"po_1"}}{}`,
		"broken UTF-8":            "{\"event\":\"payout.success\",\"data\":{\"id\":\"po_1\xff\"}}",
		"a mark in front":         "\ufeff" + `{"event":"payout.success","data":{"id":"po_1"}}`,
		"too deep":                `{"event":"payout.success","data":{"id":"po_1","a":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `}}`,
		"not a number":            `{"event":"payout.success","data":{"id":"po_1","amount":NaN}}`,
	} {
		_, err := read(t, a, []byte(body), signed(body))
		e := asError(t, err)
		if e.Code != codePayload || e.Reply != nil || len(e.Steps) != 2 || !e.Steps[0].OK || e.Steps[1].OK {
			t.Errorf("%s: got %+v, want an unreadable payload", name, e)
		}
	}
}

// FuzzReadWebhook: nothing panics, nothing without the right signature is taken, and what is taken can be looked up.
func FuzzReadWebhook(f *testing.F) {
	for _, body := range []string{
		`{"event":"payout.success","data":{"id":"po_7h2k9x4m1q3z","amount":1000,"currency":"XOF","status":"success"}}`,
		`{"event":"payout.failed","data":{"id":1,"amount":"5.0","currency":{"code":"USD"},"metadata":[],"environment":"live"}}`,
		`{"event":"payment.success"}`, `{"event":"payout.x","data":{"id":"a","id":"b"}}`, `[]`, ``,
	} {
		f.Add([]byte(body), sigSuccess)
	}
	a := &adapter{secret: testSecret}
	f.Fuzz(func(t *testing.T, body []byte, signature string) {
		h := http.Header{signatureName: {signature}}
		if _, err := a.ReadWebhook(t.Context(), providers.Webhook{Header: h, Body: body}); err == nil && !strings.EqualFold(signature, signed(string(body))) {
			t.Fatalf("taken with signature %q", signature)
		}
		h.Set(signatureName, signed(string(body)))
		e, err := a.ReadWebhook(t.Context(), providers.Webhook{Header: h, Body: body})
		switch {
		case err != nil && e.Result.Status != "":
			t.Fatalf("got %+v with %v", e, err)
		case err == nil && !e.Ignore && (!e.Confirm || !isID(e.Result.Attempt.RemoteID)):
			t.Fatalf("got %+v, want an identifier to confirm", e)
		}
	})
}
