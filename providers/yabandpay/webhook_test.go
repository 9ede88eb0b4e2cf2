package yabandpay

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
)

// notice is a vector as it is posted.
func notice(tb testing.TB, name string) []byte {
	tb.Helper()
	for _, v := range vectors(tb) {
		if v.Name == name {
			body, err := plain(map[string]any{"data": v.Data, "sign": v.Sign})
			if err != nil {
				tb.Fatal(err)
			}
			return body
		}
	}
	tb.Fatalf("no vector %q", name)
	return nil
}

func TestNotice(t *testing.T) {
	a := bare(t)
	attempt := providers.Attempt{Reference: "456789", RemoteID: "0594bf99-fce7-3784-28f7-e8e76ad01989"}
	for name, want := range map[string]providers.Result{
		"notify completed (provider example inputs)": {Attempt: attempt, Status: providers.Paid, Word: wordCompleted, Amount: eur(10_001)},
		"notify declined with wallet_id":             {Attempt: attempt, Status: providers.Failed, Word: wordDeclined, Amount: eur(10_001)},
	} {
		body := notice(t, name)
		form := formPrefix + url.QueryEscape(string(body))
		for _, posted := range []string{string(body), form} {
			event, err := a.ReadWebhook(t.Context(), providers.Webhook{Body: []byte(posted)})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if diff := cmp.Diff(want, event.Result); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			if event.Confirm || event.Reply.Status != 200 || string(event.Reply.Body) != "ok" {
				t.Errorf("%s: got confirm %v and reply %+v", name, event.Confirm, event.Reply)
			}
		}
		refused := wantRefused(t, a, body, want) + wantRefused(t, a, []byte(formPrefix+url.QueryEscape(string(body))), want)
		t.Logf("%s: %d changed notices refused", name, refused)
	}
}

// wantRefused changes each bit of a genuine notice and counts what is refused. Only the case of a hexadecimal digit, in the
// signature or behind a "%", may differ.
func wantRefused(t *testing.T, a *account, body []byte, want providers.Result) int {
	t.Helper()
	refused := 0
	for i := range body {
		for bit := range 8 {
			changed := slices.Clone(body)
			changed[i] ^= 1 << bit
			event, err := a.ReadWebhook(t.Context(), providers.Webhook{Body: changed})
			if err != nil {
				refused++
				continue
			}
			if !strings.EqualFold(string(changed), string(body)) || !cmp.Equal(event.Result, want) {
				t.Errorf("byte %d, bit %d: accepted: %s", i, bit, changed)
			}
		}
	}
	return refused
}

// digest is HMAC-SHA256 as anybody would write it.
func digest(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

func TestNoticeShapes(t *testing.T) {
	a := bare(t)
	for _, test := range []struct {
		name string
		data string
		text string // what is signed
		note string // of the first step
		ok   bool
	}{
		{"null is signed as nothing", `{"user":"036870","payout_id":"p","state":"pending","note":null}`, `note=&payout_id=p&state=pending&user=036870`, "", true},
		{"empty takes part", `{"user":"036870","payout_id":"p","state":"pending","note":""}`, `note=&payout_id=p&state=pending&user=036870`, "", true},
		{"true is signed as 1", `{"user":"036870","payout_id":"p","state":"pending","note":true}`, `note=1&payout_id=p&state=pending&user=036870`, "", true},
		{"false is signed as nothing", `{"user":"036870","payout_id":"p","state":"pending","note":false}`, `note=&payout_id=p&state=pending&user=036870`, "", true},
		{"large letters come first", `{"user":"036870","payout_id":"p","state":"pending","Z":"z","_":0}`, `Z=z&_=0&payout_id=p&state=pending&user=036870`, "", true},
		{"numbers keep their digits", `{"user":"036870","payout_id":"p","state":"pending","amount":100.10,"currency":"eur"}`,
			`amount=100.10&currency=eur&payout_id=p&state=pending&user=036870`, "", true},
		{"numbers lose none", `{"user":"036870","payout_id":"p","state":"pending","amount":100.10,"currency":"eur"}`,
			`amount=100.1&currency=eur&payout_id=p&state=pending&user=036870`, "", false},
		{"nested members are not signed", `{"user":"036870","payout_id":"p","state":"pending","x":{"a":1},"y":[]}`,
			`payout_id=p&state=pending&user=036870`, "not signed: x, y", true},
		{"as PHP writes it", `{"user":"036870","payout_id":"p","state":"pending","notify_url":"https:\/\/pay.example.com","reference":"M\u00e4rz"}`,
			`notify_url=https://pay.example.com&payout_id=p&reference=März&state=pending&user=036870`, "", true},
		{"blanks and letters in a state", `{"user":"036870","payout_id":"p","state":" Pending "}`, `payout_id=p&state= Pending &user=036870`, "", true},
		{"another merchant", `{"user":"036871","payout_id":"p","state":"pending"}`, `payout_id=p&state=pending&user=036871`, "", false},
		{"no merchant", `{"payout_id":"p","state":"pending"}`, `payout_id=p&state=pending`, "", false},
		{"no payout", `{"user":"036870","state":"pending"}`, `state=pending&user=036870`, "", false},
		{"an amount nobody can read", `{"user":"036870","payout_id":"p","amount":"1e3","currency":"EUR"}`, `amount=1e3&currency=EUR&payout_id=p&user=036870`, "", false},
		{"an unknown currency", `{"user":"036870","payout_id":"p","amount":"1.00","currency":"XXQ"}`, `amount=1.00&currency=XXQ&payout_id=p&user=036870`, "", false},
		{"a name twice, the first", `{"user":"036870","payout_id":"p","state":"pending","state":"completed"}`, `payout_id=p&state=pending&user=036870`, "", false},
		{"a name twice, the last", `{"user":"036870","payout_id":"p","state":"pending","state":"completed"}`, `payout_id=p&state=completed&user=036870`, "", false},
	} {
		body := `{"data":` + test.data + `,"sign":"` + digest(testSecret, test.text) + `"}`
		event, err := a.ReadWebhook(t.Context(), providers.Webhook{Body: []byte(body)})
		if (err == nil) != test.ok || err == nil && event.Steps[0].Note != test.note {
			t.Errorf("%s: got %v, %+v", test.name, err, event.Steps)
		}
		if e, ok := err.(*providers.Error); err != nil && (!ok || e.Reply == nil || e.Reply.Status != 400 || string(e.Reply.Body) != "bad" || len(e.Steps) == 0) {
			t.Errorf("%s: got %#v, want it answered 400 bad", test.name, err)
		}
	}
	twice := `{"data":{"user":"036870","payout_id":"p","state":"pending"},"data":{"user":"036870","payout_id":"p","state":"pending"},"sign":"` +
		digest(testSecret, `payout_id=p&state=pending&user=036870`) + `"}`
	if _, err := a.ReadWebhook(t.Context(), providers.Webhook{Body: []byte(twice)}); err == nil {
		t.Error("data twice: accepted")
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

// Each step of the verification stands in the record, and the one that failed is the last.
func TestNoticeSteps(t *testing.T) {
	a := bare(t)
	signed := func(data, text string) string {
		return `{"data":` + data + `,"sign":"` + digest(testSecret, text) + `"}`
	}
	for _, test := range []struct{ name, body, want string }{
		{"genuine", signed(`{"user":"036870","payout_id":"p"}`, `payout_id=p&user=036870`), "payload signature merchant"},
		{"with our reference alone", signed(`{"user":"036870","reference":"r"}`, `reference=r&user=036870`), "payload signature merchant"},
		{"no form", formPrefix + "%zz", "payload!"},
		{"no JSON", "hello", "payload!"},
		{"data is a text", signed(`"x"`, ``), "payload!"},
		{"no signature", `{"data":{"user":"036870","payout_id":"p"}}`, "payload!"},
		{"an empty signature", `{"data":{"user":"036870","payout_id":"p"},"sign":""}`, "payload!"},
		{"another key", `{"data":{"user":"036870","payout_id":"p"},"sign":"` + digest("x", `payout_id=p&user=036870`) + `"}`, "payload signature!"},
		{"another merchant", signed(`{"user":"1","payout_id":"p"}`, `payout_id=p&user=1`), "payload signature merchant!"},
		{"no payout", signed(`{"user":"036870"}`, `user=036870`), "payload signature merchant payload!"},
	} {
		event, err := a.ReadWebhook(t.Context(), providers.Webhook{Body: []byte(test.body)})
		steps := event.Steps
		if e, ok := err.(*providers.Error); ok {
			steps = e.Steps
		}
		var got []string
		for _, s := range steps {
			if s.OK {
				got = append(got, s.Name)
				continue
			}
			got = append(got, s.Name+"!")
		}
		if text := strings.Join(got, " "); text != test.want {
			t.Errorf("%s: got %q, want %q (%v)", test.name, text, test.want, err)
		}
	}
}
