package sim

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/paywicket/paywicket/providers"
)

// browser are the headers by which the page's own forms come.
func browser() []string { return []string{"Accept", "text/html,*/*", "Sec-Fetch-Site", "same-origin"} }

func TestPage(t *testing.T) {
	b := newBench(t, frozen)
	b.want(200, "None yet. Pay something out", "GET", "/_simulator", browser()...)
	b.ask("POST", "/pay?amount=50012&ref=R1")
	b.ask("POST", "/open?amount=200&ref=R2")
	b.ask("POST", "/_simulator/orders/a1/advance")
	b.ask("POST", "/_simulator/orders/a1/send-twice")
	b.ask("POST", "/_simulator/faults?fault=503&when=after&method=POST&path=pay")
	b.ask("POST", "/_simulator/switches/loud?on=true")
	page := b.want(200, "", "GET", "/_simulator", browser()...)
	for _, say := range []string{
		"<h1>Acme &amp; Sons, simulated</h1>", `50,012 <small>XOF`, "a webhook with a wrong signature, then the right one", "Advance to success", ">End as returned<", ">End as success (paid)<",
		"Late: initiated", "Hold back further ones", `id="a2" open`, "<code>a1</code> for our <code>R1</code>", `formaction="/_simulator/orders/a1/end" name="word" value="failed"`, "not executed", "answered 200", "by hand", "pending 50012", "thanks", "switch loud is on",
		"Waiting for a call", `<b>503</b>, after, POST, path ends in <code>pay</code>`, "made-up", "closes the connection without an answer", "Turn loud off",
		"paywicket -provider-url acme=http://example.com", "They go to <code>http://hook</code>.", "webhooks in the wrong order",
	} {
		if !strings.Contains(page, say) {
			t.Errorf("%q is not on the page", say)
		}
	}
	if got := strings.Count(page, `formaction="/_simulator/orders/a2/`); got != 0 {
		t.Errorf("got %d buttons for an order that was only opened, want none", got)
	}
	for _, never := range []string{"<script", "http-equiv", "src=", "@import", "url(", "style=", "ZgotmplZ"} {
		if strings.Contains(page, never) {
			t.Errorf("%q is on the page", never)
		}
	}
	if ids := regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(page, -1); len(ids) < 8 {
		t.Errorf("got %d ids, want those of the sections and orders", len(ids))
	} else {
		seen := map[string]bool{}
		for _, id := range ids {
			if seen[id[1]] {
				t.Errorf("the id %s stands twice", id[1])
			}
			seen[id[1]] = true
		}
	}
}

// TestPageForms: a form of the page leads back to it, and to what is wrong if something is.
func TestPageForms(t *testing.T) {
	b := newBench(t, frozen)
	b.ask("POST", "/pay?amount=5000")
	for path, want := range map[string]string{
		"orders/a1/end?word=failed": "/_simulator?order=a1#a1", "delay?delay=3": "/_simulator", "faults?fault=500": "/_simulator",
		"faults/clear": "/_simulator", "switches/loud?on=true": "/_simulator",
	} {
		w := b.response("POST", "/_simulator/"+path, browser()...)
		if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != want {
			t.Errorf("%s: got %d to %s, want %d to %s", path, w.Code, got, http.StatusSeeOther, want)
		}
	}
	b.want(409, "<b>Not done:</b> order is at its end.", "POST", "/_simulator/orders/a1/advance", browser()...)
	b.want(404, "<b>Not done:</b> there is nothing here", "GET", "/_simulator/nothing", browser()...)
	b.want(422, "<b>Not done:</b> this cannot be done: say delay", "POST", "/_simulator/delay?delay=x", browser()...)
}

// TestPageEscapes: what a client says stays text.
func TestPageEscapes(t *testing.T) {
	b := newBench(t, frozen)
	b.ask("POST", "/pay?amount=5000&ref="+url.QueryEscape(`"><script>alert(1)</script>`))
	b.ask("POST", "/_simulator/orders/a1/send")
	for _, path := range []string{"", "?q=" + url.QueryEscape(`"><script>`), "?order=" + url.QueryEscape(`"><script>`), "/" + url.PathEscape(`"><script>`)} {
		if _, page := b.ask("GET", "/_simulator"+path, browser()...); strings.Contains(page, "<script") {
			t.Errorf("%s: what was said is on the page as it came", path)
		}
	}
}

func TestPageHeaders(t *testing.T) {
	b := newBench(t, frozen)
	w := b.response("GET", "/_simulator")
	style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindStringSubmatch(w.Body.String())
	if len(style) != 2 {
		t.Fatal("there is no style on the page")
	}
	sum := sha256.Sum256([]byte(style[1]))
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		"Cache-Control":           "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Content-Type": "text/html; charset=utf-8",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestPageListsFifty(t *testing.T) {
	b := newBench(t, frozen)
	for i := range 55 {
		b.ask("POST", "/pay?amount=10&ref=R"+strconv.Itoa(i))
	}
	for path, want := range map[string]struct {
		items int
		say   string
		open  string
	}{
		"":                   {50, "5 older ones are not listed", `id="a55" open`},
		"?order=a2":          {51, "5 older ones are not listed", `id="a2" open`},
		"?q=R3":              {11, "R3", ""},
		"?q=nothing%20there": {0, "No order has “nothing there” in its references", ""},
	} {
		page := b.want(200, want.say, "GET", "/_simulator"+path)
		if got := strings.Count(page, `<details class="item" id="a`); got != want.items || !strings.Contains(page, want.open) {
			t.Errorf("%q: got %d orders, want %d and %s", path, got, want.items, want.open)
		}
	}
}

// TestStyle: the colours are those of the console.
func TestStyle(t *testing.T) {
	console, err := os.ReadFile("../../static/css/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	tokens := regexp.MustCompile(`--[a-z0-9-]+: light-dark\([^;]*;`).FindAllString(deskStyle, -1)
	if len(tokens) < 15 {
		t.Fatalf("got %d colours, want all", len(tokens))
	}
	for _, token := range tokens {
		if !strings.Contains(string(console), token) {
			t.Errorf("%s is not a colour of the console", token)
		}
	}
}

func TestGroup(t *testing.T) {
	for in, want := range map[string]string{"1": "1", "999": "999", "1000": "1,000", "1250500.25": "1,250,500.25", "0.05": "0.05", "": ""} {
		if got := group(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestTone(t *testing.T) {
	for status, want := range map[providers.Status]string{
		providers.Paid: "good", providers.Failed: "bad", providers.Returned: "bad", providers.Cancelled: "none", providers.Accepted: "move", "": "move",
	} {
		if got := tone(status); got != want {
			t.Errorf("%q: got %s, want %s", status, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for in, want := range map[string]string{"abc": "abc", "abcd": "abc …", "abé": "ab …", "日本": "日 …"} {
		if got := cut(in, 3); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
