package httpx

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// awkward is a secret that every encoding writes differently.
const awkward = `s"k/é 😀<&>\+=%z`

func TestSecretsAreMaskedInAllPositions(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Echo", "plain1234")
		w.Header().Set("Set-Cookie", "session=abcdef")
		_ = json.NewEncoder(w).Encode(map[string]string{"echo": awkward, "access_token": "t0ken\"x", "id": "r1"})
	})
	now := time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)
	b := &book{}
	c, err := New(Options{
		BaseURL: s.URL, Named: true, Secrets: []string{awkward, "plain1234", ""}, Record: b.add,
		Now: func() time.Time { now = now.Add(time.Second); return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Bind(adapter{})
	req := request(t.Context(), t, s.URL+"/x/plain1234?sign="+url.QueryEscape(awkward)+"&a=1", call{Password: awkward})
	req.Header.Set("Authorization", "Basic unheard-of")
	req.Header.Set("X-Store-Secret-Key", "some other")
	req.Header.Set("X-Odd", "k=plain1234;")
	answer, err := Call(c.HTTP(), req)
	if err != nil || !strings.Contains(string(answer.Body), "t0ken") {
		t.Fatalf("got %s, %v, want the adapter to get it unmasked", answer.Body, err)
	}
	e := b.only(t)
	e.AnswerHeader.Del("Date")
	want := Exchange{
		Start: now.Add(-time.Second), Took: time.Second, Method: "POST", Status: 200, Written: true,
		URL:    s.URL + "/x/[masked]?sign=[masked]&a=1",
		Header: http.Header{"Authorization": {masked}, "X-Store-Secret-Key": {masked}, "X-Odd": {"k=[masked];"}, "User-Agent": {"paywicket"}},
		Body:   []byte(`{"pw":"[masked]"}`),
		AnswerHeader: http.Header{
			"X-Echo": {masked}, "Set-Cookie": {masked}, "Content-Length": e.AnswerHeader["Content-Length"],
			"Content-Type": {"text/plain; charset=utf-8"},
		},
		Answer: []byte(`{"access_token":"[masked]","echo":"[masked]","id":"r1"}` + "\n"),
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("exchange differs (-want +got):\n%s", diff)
	}
}

func TestSecretsAreMaskedOnFailure(t *testing.T) {
	tests := []struct{ name, answer string }{
		{"answer ends within a secret", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"k\":\"plain12"},
		{"not HTTP", "plain1234 is no status line\r\n\r\n"},
		{"bad header", "HTTP/1.1 200 OK\r\nplain1234\r\n\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			address, _ := raw(t, func(c net.Conn) { swallow(c); _, _ = io.WriteString(c, tt.answer) })
			c, b := client(t, Options{BaseURL: address, Named: true, Secrets: []string{"plain1234"}})
			_, err := Call(c.HTTP(), request(t.Context(), t, address, call{Password: "plain1234"}))
			all := fmt.Sprintf("%+v %s %s %v", b.only(t), b.only(t).Body, b.only(t).Answer, errorOf(t, err))
			if strings.Contains(all, "plain12") {
				t.Errorf("got %s, want no secret in it", all)
			}
		})
	}
}

func TestNamedLikeCredentials(t *testing.T) {
	tests := []struct{ in, want string }{
		{`{"token":"abc","b":"c"}`, `{"token":"[masked]","b":"c"}`},
		{`{"Refresh_Token" : "a\"b"}`, `{"Refresh_Token" : "[masked]"}`},
		{`{"webhookSecret":"abc`, `{"webhookSecret":"[masked]`},
		{`{"message":"token expired"}`, `{"message":"token expired"}`},
		{`user=a&password=b+c&x=1`, `user=a&password=[masked]&x=1`},
		{`https://h/p?api_key=abc&x=1`, `https://h/p?api_key=[masked]&x=1`},
		{`{"data":{"jwt":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"}}`, `{"data":{"jwt":"[masked]"}}`},
		{`[{"jwt":"opaque","signature_token":"sig_1"},{"data":{"authorization_token" : "a"}}]`, `[{"jwt":"[masked]","signature_token":"[masked]"},{"data":{"authorization_token" : "[masked]"}}]`},
		{`{"merchant":{"code":"cl_1","api_token":"abc"}}`, `{"merchant":{"code":"cl_1","api_token":"[masked]"}}`},
		{`{"amount":5000,"sign":"0f"}`, `{"amount":5000,"sign":"0f"}`},
	}
	for _, tt := range tests {
		if got := newMasker(nil).text(tt.in); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

// However a secret is written down, it does not come out, and neither does a body that was cut within it.
func FuzzMask(f *testing.F) {
	f.Add(awkward, "before", 3)
	f.Add("plain1234", "plain", 0)
	f.Add("0", "", 1)
	f.Fuzz(func(t *testing.T, secret, around string, cut int) {
		if !utf8.ValidString(secret) || len(secret) < 4 || len(secret) > 1000 || strings.ContainsAny(secret, "\x00") ||
			strings.Contains(masked, secret) || strings.Contains(around, secret) {
			t.Skip()
		}
		m := newMasker([]string{secret})
		quoted, err := json.Marshal(secret)
		if err != nil {
			t.Fatal(err)
		}
		inJSON := string(quoted[1 : len(quoted)-1])
		for _, form := range []string{secret, inJSON, url.QueryEscape(secret), url.PathEscape(secret)} {
			if got := m.text(around + "\x00" + form + "\x00" + around); strings.Contains(got, "\x00"+form+"\x00") {
				t.Errorf("got %q, want %q masked", got, form)
			}
		}
		n := 1 + int(uint(cut)%uint(len(secret)-1))
		if got := string(m.body([]byte("\x00"+secret[:n]), true)); !strings.HasSuffix(got, masked) {
			t.Errorf("got %q of a body that ends in %q, want the end masked", got, secret[:n])
		}
	})
}

func BenchmarkMask(b *testing.B) {
	m := newMasker([]string{"sk_live_0123456789", "another secret"})
	for name, unit := range map[string]string{"json": `{"name":"value","amount":5000},`, "text": "x", "quotes": `"`, "named": `token="`} {
		body := []byte(strings.Repeat(unit, maxBody/len(unit)))
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				m.body(body, true)
			}
		})
	}
}
