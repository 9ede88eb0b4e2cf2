package etpay

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
)

// FuzzWebhook: nothing is accepted but what carries the signature of the one genuine token, whatever is around it.
func FuzzWebhook(f *testing.F) {
	f.Add(posted(knownToken))
	f.Add(`{"jwt" : "` + strings.ReplaceAll(knownToken, "e", `\u0065`) + `" }`)
	f.Add(posted(forge(`{"alg":"HS256"}`, goodClaims, "x")))
	f.Add(posted(forge(`{"alg":"none"}`, goodClaims, "")))
	f.Add(`{"jwt":".."}`)
	a := bare(f)
	f.Fuzz(func(t *testing.T, body string) {
		event, err := a.hear(t.Context(), body, knownKey)
		if err != nil {
			if e := problemOf(err); e.Reply == nil || e.Reply.Status < 400 || len(e.Steps) == 0 {
				t.Errorf("refused with %+v", e)
			}
			return
		}
		members, err := httpx.Members([]byte(body))
		if text, ok := httpx.Text(members[hookMember]); err != nil || !ok || text != knownToken {
			t.Errorf("accepted: %q: %+v", body, event)
		}
	})
}

// FuzzAnswer: whatever is answered to a send, only the reject list refuses, and a result names a payout.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{`{"payout_token":"po_1","signature_token":"sig","status":"pending","amount":15050,"currency":"CLP","fee":1.5}`,
		`{"data":[{"payout_id":"a","amount":1.5,"currency":"MXN"}],"page":1}`, `[{"id":1}]`, `{"message":"no","error_code":"E","errors":[{"field":"a","message":"b"}]}`, `{"data":{"data":{}}}`} {
		f.Add(201, []byte(body))
		f.Add(422, []byte(body))
	}
	a := bare(f)
	f.Fuzz(func(t *testing.T, code int, body []byte) {
		e := a.refusal(httpx.Answer{Status: code, Body: body}, "")
		if e.Kind == providers.Refused && (code != 400 && code != 422 || e.Message == "") || e.Kind != providers.Refused && e.Kind != providers.Unknown {
			t.Errorf("%d %q: got %+v", code, body, e)
		}
		if len([]rune(e.Message)) > maxMessage || len([]rune(e.Code)) > maxCode {
			t.Errorf("%d %q: too long: %+v", code, body, e)
		}
		all, err := records(body)
		if err != nil {
			return
		}
		for _, r := range all {
			res, err := a.result(r)
			if err == nil && (res.Amount.Currency == "" && res.Amount.Minor != 0 || res.Attempt.RemoteID != r.id()) {
				t.Errorf("got %+v of %q", res, body)
			}
			if known, _ := status(res.Word); err == nil && res.Status != known {
				t.Errorf("got status %q of word %q", res.Status, res.Word)
			}
		}
	})
}

// FuzzList: a page is read whole or not at all.
func FuzzList(f *testing.F) {
	f.Add([]byte(`{"data":` + listedAs("A", "B") + `,"page":1,"per_page":100,"total":2}`))
	f.Add([]byte(listedAs("A")))
	f.Add([]byte(`{"data":[],"total":"0"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := readPage(body)
		if err != nil {
			return
		}
		for _, r := range p.records {
			if r.id() == "" || r.text(memberReference) == "" || p.total < 0 {
				t.Errorf("got %+v of %q", p, body)
			}
		}
	})
}

// FuzzSignIn: a token is a text of the answer.
func FuzzSignIn(f *testing.F) {
	f.Add([]byte(`{"authorization_token":"` + knownToken + `","expires_in":3600}`))
	f.Add([]byte(`{"data":{"jwt":"a.eyJleHAiOi05OTk5OTk5OTk5OTl9.b"}}`))
	f.Add([]byte(`[{"token":"a","expires_in":"4294967295"}]`))
	now := time.Unix(testStart, 0)
	f.Fuzz(func(t *testing.T, body []byte) {
		token, life := granted(body, now)
		if token == "" {
			return
		}
		s := session{}
		s.keep(token, now, life)
		if s.heldFor(now, 0) != "" && !s.outlives(now, 0) || s.until.After(s.end) && life > 0 {
			t.Errorf("%q: held until %s, ends %s", body, s.until, s.end)
		}
	})
}

// FuzzReadBack: what is read of a request about to leave is all that is in it.
func FuzzReadBack(f *testing.F) {
	a := bare(f)
	body, err := a.encode(order("FUZZ", 15_050))
	if err != nil {
		f.Fatal(err)
	}
	login, _ := a.login()
	f.Add(body, true)
	f.Add(login, false)
	if examples, err := os.ReadFile("testdata/examples.json"); err == nil {
		f.Add(examples, true)
	}
	f.Fuzz(func(t *testing.T, body []byte, moves bool) {
		path := pathLogin
		if moves {
			path = pathPayouts
		}
		rb, err := a.ReadBack(post(path), body)
		if err != nil {
			return
		}
		if rb.Moves != moves || moves != (rb.Order != nil) {
			t.Errorf("got %+v of %q", rb, body)
		}
		if rb.Order == nil {
			return
		}
		if again, err := a.encode(*rb.Order); err != nil || string(again) != string(body) {
			t.Errorf("got %+v of %q", rb.Order, body)
		}
	})
}

func post(path string) *http.Request {
	r, err := http.NewRequest(http.MethodPost, "https://api.paywicket.example"+path, nil)
	if err != nil {
		panic(err)
	}
	return r
}
