package etpay

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
)

// known is the known answer: a token with its key.
const (
	knownKey   = "sig_TEST_0001_do_not_use"
	knownToken = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJwYXlvdXRfdG9rZW4iOiJwb183ZjNjMmE5MCIsIm1lcmNoYW50X29yZGVyX2lkIjoiVEVTVC0wMDAxIiwibWVyY2hhbnRfY29kZSI6ImNsX3NhbmRib3hfZGVtbyIsImFtb3VudCI6MTUwMDAsImN1cnJlbmN5IjoiQ0xQIiwic3RhdHVzIjoiY29tcGxldGVkIiwiZXJyb3JfY29kZSI6bnVsbCwiaWF0IjoxNzY3MjI1NjAwfQ.CyIKQpGizmhdWeXq_NU4Z1A0vLVY2Fcn4hQWQz7tfg0"
)

func bare(tb testing.TB) *account {
	tb.Helper()
	p, err := open(providers.Config{Settings: providers.NewSettings(testSettings(chile)), Now: func() time.Time { return time.Unix(testStart, 0) }})
	if err != nil {
		tb.Fatal(err)
	}
	return p.(*account)
}

// finding finds one attempt, with what is kept of it.
func finding(kept map[string]string) func(context.Context, providers.Attempt) (providers.Found, error) {
	return func(_ context.Context, at providers.Attempt) (providers.Found, error) {
		if at.RemoteID != "po_7f3c2a90" && at.Reference != "TEST-0001" {
			return providers.Found{}, errors.New("no such attempt")
		}
		return providers.Found{Attempt: providers.Attempt{Reference: "TEST-0001", RemoteID: "po_7f3c2a90", Kept: kept}}, nil
	}
}

func (a *account) hear(ctx context.Context, body, key string) (providers.Event, error) {
	kept := map[string]string{keptKey: key}
	return a.ReadWebhook(ctx, providers.Webhook{Header: http.Header{}, Body: []byte(body), Find: finding(kept)})
}

func posted(token string) string { return `{"jwt":"` + token + `"}` }

func TestKnownAnswer(t *testing.T) {
	a := bare(t)
	want := providers.Result{Attempt: providers.Attempt{Reference: "TEST-0001", RemoteID: "po_7f3c2a90"}, Status: providers.Paid, Word: "completed", Amount: clp(15_000)}
	event, err := a.hear(t.Context(), posted(knownToken), knownKey)
	if err != nil || event.Confirm || string(event.Reply.Body) != `{"received":true}` {
		t.Fatalf("got %+v, %v", event, err)
	}
	if diff := cmp.Diff(want, event.Result); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	body := []byte(posted(knownToken))
	for i := range body {
		for bit := range 8 {
			changed := append([]byte(nil), body...)
			changed[i] ^= 1 << bit
			if event, err := a.hear(t.Context(), string(changed), knownKey); err == nil {
				t.Errorf("byte %d, bit %d: accepted: %s: %+v", i, bit, changed, event)
			}
		}
	}
	for _, key := range []string{knownKey + "x", knownKey[1:], strings.ToUpper(knownKey), "c2lnX1RFU1RfMDAwMV9kb19ub3RfdXNl"} {
		if _, err := a.hear(t.Context(), posted(knownToken), key); err == nil {
			t.Errorf("accepted with the key %q", key)
		}
	}
}

// forge makes a token with any header, signed as HS256 or not at all.
func forge(header, claims, key string) string {
	text := segment.EncodeToString([]byte(header)) + "." + segment.EncodeToString([]byte(claims))
	if key == "" {
		return text + "."
	}
	return text + "." + segment.EncodeToString(mac(key, text))
}

const goodClaims = `{"payout_token":"po_7f3c2a90","merchant_order_id":"TEST-0001","merchant_code":"cl_sandbox_demo","amount":15000,"currency":"CLP","status":"completed"}`

func TestForgeries(t *testing.T) {
	a := bare(t)
	hs := `{"alg":"HS256","typ":"JWT"}`
	with := func(old, changed string) string {
		return forge(hs, strings.Replace(goodClaims, old, changed, 1), knownKey)
	}
	if _, err := a.hear(t.Context(), posted(forge(hs, goodClaims, knownKey)), knownKey); err != nil {
		t.Fatalf("the genuine one: %v", err)
	}
	for name, test := range map[string]struct {
		body   string
		status int
	}{
		"none":                 {posted(forge(`{"alg":"none"}`, goodClaims, "")), 401},
		"none, signed":         {posted(forge(`{"alg":"none"}`, goodClaims, knownKey)), 401},
		"small letters":        {posted(forge(`{"alg":"hs256"}`, goodClaims, knownKey)), 401},
		"HS512":                {posted(forge(`{"alg":"HS512"}`, goodClaims, knownKey)), 401},
		"RS256":                {posted(forge(`{"alg":"RS256"}`, goodClaims, knownKey)), 401},
		"two algorithms":       {posted(forge(`{"alg":"HS256","alg":"HS256"}`, goodClaims, knownKey)), 401},
		"no algorithm":         {posted(forge(`{"typ":"JWT"}`, goodClaims, knownKey)), 401},
		"critical extension":   {posted(forge(`{"alg":"HS256","crit":["b64"],"b64":false}`, goodClaims, knownKey)), 401},
		"no signature":         {posted(forge(hs, goodClaims, "")), 401},
		"two parts":            {posted("a.b"), 401},
		"four parts":           {posted(forge(hs, goodClaims, knownKey) + ".x"), 401},
		"padding":              {posted(forge(hs, goodClaims, knownKey) + "="), 401},
		"another member":       {`{"jwt":"` + forge(hs, goodClaims, knownKey) + `","status":"completed"}`, 401},
		"another case":         {`{"JWT":"` + forge(hs, goodClaims, knownKey) + `"}`, 401},
		"another merchant":     {posted(with("cl_sandbox_demo", "cl_other")), 401},
		"no merchant":          {posted(with(`"merchant_code":"cl_sandbox_demo",`, "")), 401},
		"another reference":    {posted(with("TEST-0001", "TEST-0002")), 401},
		"another payout":       {posted(forge(hs, strings.NewReplacer("po_7f3c2a90", "po_0", "TEST-0001", "TEST-0002").Replace(goodClaims), knownKey)), 404},
		"a claim twice":        {posted(with(`"status"`, `"status":"pending","status"`)), 401},
		"ended":                {posted(with(`"status"`, `"exp":1767630299,"status"`)), 401},
		"an end that is text":  {posted(with(`"status"`, `"exp":{"at":1},"status"`)), 401},
		"an amount in a list":  {posted(with("15000", `[15000]`)), 401},
		"too large":            {`{"jwt":"` + strings.Repeat(" ", 64<<10) + `"}`, 413},
		"an end that is none":  {posted(with(`"status"`, `"exp":"soon","status"`)), 401},
		"an amount in letters": {posted(with("15000", `"much"`)), 401},
		"no currency":          {posted(with(`"currency":"CLP",`, "")), 401},
		"not JSON":             {"jwt=" + knownToken, 401},
		"the token alone":      {knownToken, 401},
	} {
		event, err := a.hear(t.Context(), test.body, knownKey)
		e, ok := errors.AsType[*providers.Error](err)
		if !ok || e.Reply == nil || e.Reply.Status != test.status {
			t.Errorf("%s: got %+v, %v, want %d", name, event, err, test.status)
		}
	}
	for name, token := range map[string]string{
		"ended five minutes ago": with(`"status"`, `"exp":1767630300,"status"`), "no end": with(`"status"`, `"exp":null,"status"`),
		"no reference": with(`"merchant_order_id":"TEST-0001",`, ""), "no number": with(`"payout_token":"po_7f3c2a90",`, ""),
		"no amount": with(`"amount":15000,"currency":"CLP",`, ""), "another header": forge(`{"typ":"JWT","kid":"1","alg":"HS256"}`, goodClaims, knownKey),
		"other names": with(`"payout_token"`, `"payout_id"`), "a key of its own": with(`"status"`, `"signature_token":"sig_of_a_message","status"`),
	} {
		if event, err := a.hear(t.Context(), posted(token), knownKey); err != nil || event.Result.Status != providers.Paid || event.Result.Attempt.Kept != nil {
			t.Errorf("%s: got %+v, %v", name, event, err)
		}
	}
}

// TestHint: without the key nothing that a message says is believed, but that the company should be asked.
func TestHint(t *testing.T) {
	a := bare(t)
	for _, key := range []string{knownKey, "anything"} {
		body := posted(forge(`{"alg":"HS256"}`, goodClaims, key))
		event, err := a.hear(t.Context(), body, "")
		want := providers.Result{Attempt: providers.Attempt{Reference: "TEST-0001"}}
		if err != nil || !event.Confirm || event.Reply.Status != 404 || !cmp.Equal(want, event.Result) {
			t.Errorf("got %+v, %v", event, err)
		}
		if last := event.Steps[len(event.Steps)-1]; last.Name != stepSignature || last.OK {
			t.Errorf("got step %+v, want a signature that could not be checked", last)
		}
	}
}
