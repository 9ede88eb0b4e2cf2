package handlers_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
)

// withHooks is a console with an inbox that was made up. The database is reached past the console.
func withHooks(t *testing.T) (*past, *db.DB) {
	t.Helper()
	s := newPast(t, 3)
	s.raw(`insert into accounts (id, store, provider, label, live, address, token, version, created_at, created_by)
		values ('a', $1, 'moneroo', 'Kora MTN', 1, 'default', 'tok', 1, 0, '')`, string(s.kora.ID))
	d, err := db.Open(t.Context(), s.file, db.Options{Now: s.clock.Now, NewID: func() string { return "id" }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	for i, v := range inbox.Verdicts() {
		h := inbox.Hook{ID: fmt.Sprintf("hook%022d", i), Account: "a", Store: s.kora.ID, Provider: "moneroo", Token: "t", Address: "192.0.2.1", Verdict: inbox.Received,
			ReceivedAt: s.clock.Now().Add(-time.Duration(i) * time.Hour), Header: http.Header{"X-Trace": {fmt.Sprint("trace-", i)}}, Digest: "d", DoneAt: s.clock.Now()}
		h.Body = fmt.Appendf(nil, `{"id":"py_%d"}`, i)
		h.Size = len(h.Body)
		if v == inbox.Misaddressed {
			h.Account, h.Store, h.Provider = "", "", ""
		}
		keep(t, d, h)
		h.Verdict, h.Late, h.Event = v, v == inbox.Applied, "Success"
		save(t, d, h)
	}
	if _, err := d.Hooks().AddWords(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	return s, d
}

func keep(t *testing.T, d *db.DB, h inbox.Hook) {
	t.Helper()
	if err := d.Hooks().Keep(t.Context(), h); err != nil {
		t.Fatal(err)
	}
}

func save(t *testing.T, d *db.DB, h inbox.Hook) {
	t.Helper()
	if err := d.Hooks().Save(t.Context(), h); err != nil {
		t.Fatal(err)
	}
}

// rowsOf counts the rows of the inbox.
func rowsOf(p *page) int { return len(p.all("#webhooks tbody tr")) }

// TestInboxFilters: each part of the address narrows, says that it does, and what means nothing is told.
func TestInboxFilters(t *testing.T) {
	s, _ := withHooks(t)
	all := len(inbox.Verdicts())
	for query, want := range map[string]int{
		"": all, "verdict=forged": 1, "verdict=forged&verdict=unmatched": 2, "verdict=forged,unmatched": 2, "view=late": 1, "store=" + string(s.kora.ID): all - 1,
		"store=" + string(s.foreign.ID): 0, "store=" + string(s.kora.ID) + "&verdict=forged": 1, "provider=moneroo": all - 1, "provider=goldenpay": 0, "address=192.0.2.1": all,
		"address=192.0.2.2": 0, "q=py_3": 1, "q=PY_3+trace-3": 1, "q=trace-4": 1, "q=success": all, "q=nowhere": 0, "account=a": all - 1, "from=1999-01-01": all,
		"to=1999-01-01": 0, "q=" + strings.Repeat("a", 100<<10): 0, "payout=PW-0000-0000-0009": 0, "q=%FF%FE": 0,
	} {
		page := s.get("/webhooks?" + query)
		if page.status != 200 || rowsOf(page) != want || len(page.body) > 100<<10 {
			t.Errorf("%.60s: got %d with %d rows in %d bytes, want %d", query, page.status, rowsOf(page), len(page.body), want)
		}
	}
	page := s.get("/webhooks?q=trace-4&verdict=nonsense&from=yesterday&after=x&provider=nobody")
	if n := len(page.all(".filter .banner p")); n != 4 || rowsOf(page) != 1 || !page.says("Header: X-Trace: trace-4") {
		t.Errorf("got %d wrong parts and %d rows: %s", n, rowsOf(page), page.text("#inbox"))
	}
	checkPage(t, page)
	if page = s.get("/webhooks?view=late"); !strings.Contains(page.text(".tabs [aria-current]"), "Late") {
		t.Errorf("got the view %q", page.text(".tabs [aria-current]"))
	}
	s.header.Set("HX-Request", "true")
	if page = s.get("/webhooks?q=py_3&verdict="); page.header.Get("HX-Push-Url") != "/webhooks?q=py_3" || page.find("h1") != nil || rowsOf(page) != 1 {
		t.Errorf("a part: got %q", page.header.Get("HX-Push-Url"))
	}
}

// TestInboxFloods: what was not kept is a line for who sees every store, and leads to what was kept of it.
func TestInboxFloods(t *testing.T) {
	s, d := withHooks(t)
	for range 7 {
		if _, err := d.Hooks().CountFlood(t.Context(), "192.0.2.1", s.clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	page := s.get("/webhooks")
	if !strings.Contains(page.text("#inbox"), "7 more from this address") {
		t.Fatalf("got %q", page.text("#inbox"))
	}
	if page = s.get("/webhooks?view=floods"); !page.says("7 more") || page.find("#webhooks") != nil {
		t.Error("the view of floods lists webhooks, or no flood")
	}
	page = s.get(strings.TrimPrefix(attr(page.find("#inbox .line a"), "href"), s.base()))
	if rowsOf(page) != 3 || page.find("#floods") != nil {
		t.Errorf("of the address: got %d rows", rowsOf(page))
	}
	marit := s.signIn(maritMail)
	if page := marit.get("/webhooks"); page.find("#floods") != nil || rowsOf(page) != len(inbox.Verdicts())-1 {
		t.Errorf("an accountant of a store: got %d rows and %q (invariant 13)", rowsOf(page), page.text("#floods"))
	}
	if page := marit.get("/webhooks?view=floods"); page.says("7 more") {
		t.Error("an accountant of a store sees floods (invariant 13)")
	}
}

// send posts a body to a webhook address as a provider does, and returns the answer.
func (s *site) send(token string, body io.Reader) int {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/hooks/"+token, body)
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	return res.StatusCode
}

// newest is the page of the webhook that came last.
func (s *site) newest() *page {
	s.t.Helper()
	s.clock.Add(time.Second)
	page := s.get("/webhooks")
	return s.get(strings.TrimPrefix(attr(page.find("#webhooks tbody a"), "href"), s.base()))
}

// zeros is an endless body.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestHookOversize: of a body beyond any measure the beginning is kept, with the size and digest of what came (invariant 11).
func TestHookOversize(t *testing.T) {
	s := newSite(t)
	s.setup()
	for _, tt := range []struct {
		size    int64
		counted int64
		words   string
	}{{1<<20 + 1, 1<<20 + 1, "65,536 of 1,048,577"}, {64 << 20, 64 << 20, "65,536 of 67,108,864"}, {64<<20 + 1, 64 << 20, "More than 67,108,864"}, {70 << 20, 64 << 20, "More than 67,108,864"}} {
		s.clock.Add(time.Second)
		if got := s.send("nobody", io.LimitReader(zeros{}, tt.size)); got != http.StatusNotFound {
			t.Errorf("%d bytes: got %d", tt.size, got)
		}
		sum := sha256.New()
		if _, err := io.CopyN(sum, zeros{}, tt.counted); err != nil {
			t.Fatal(err)
		}
		page := s.newest()
		if !page.says(hex.EncodeToString(sum.Sum(nil))) || !page.says(tt.words) || len(page.body) > 600<<10 {
			t.Errorf("%d bytes: got a page of %d that says %q", tt.size, len(page.body), page.text("main"))
		}
	}
}

// TestHookNonsense: nothing that may be in a body blows up the page that shows it.
func TestHookNonsense(t *testing.T) {
	s := newSite(t)
	s.setup()
	for name, tt := range map[string]struct{ body, want, not string }{
		"deep":          {strings.Repeat("[", 500_000), "[[[[", ""},
		"deep and shut": {strings.Repeat("[", 9000) + strings.Repeat("]", 9000), "[[[[", ""},
		"deep objects":  {strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000), `{"a":{"a":`, ""},
		"wide":          {"[" + strings.Repeat("1,", 100_000) + "1]", "1", ""},
		"no text":       {"\xff\xfe{\x00\x01", "ff fe 7b 00 01", ""},
		"a page":        {`<script>alert(1)</script>`, "<script>alert(1)</script>", "As bytes"},
		"empty":         {"", "0 bytes", "As bytes"},
		"fine":          {`{"a":{"b":"é"}}`, `"b": "é"`, "As bytes"},
	} {
		s.clock.Add(time.Second)
		if got := s.send("nobody", strings.NewReader(tt.body)); got != http.StatusNotFound {
			t.Errorf("%s: got %d", name, got)
		}
		page := s.newest()
		if page.status != 200 || len(page.body) > 900<<10 || !page.says(tt.want) || tt.not != "" && page.says(tt.not) {
			t.Errorf("%s: got %d, a page of %d bytes: %.300q", name, page.status, len(page.body), page.text("main"))
		}
	}
	s.send("nobody", strings.NewReader("\xff\xfe"))
	checkPage(t, s.newest())
}

// What is searched among payouts is searched in webhooks too: those are listed below, with the place where they hold it, in the stores one may see.
func TestHistorySearchesWebhooks(t *testing.T) {
	s, d := withHooks(t)
	listed := s.all[slices.IndexFunc(s.all, func(p *payout.Payout) bool { return p.Store == s.kora.ID })]
	for i, h := range []inbox.Hook{{ID: "also1", Payout: listed.ID}, {ID: "also2"}, {ID: "also3", Store: s.foreign.ID}} {
		h.Account, h.Provider, h.Token, h.ReceivedAt, h.Digest = "a", "moneroo", "t", s.clock.Now().Add(-time.Duration(i)*time.Minute), "d"
		if h.Store == "" {
			h.Store = s.kora.ID
		}
		h.Body = fmt.Appendf(nil, `{"note":"quetzal %s"}`, listed.ID)
		h.Size, h.Verdict, h.Header = len(h.Body), inbox.Received, http.Header{}
		keep(t, d, h)
		h.Verdict, h.DoneAt = inbox.Unmatched, s.clock.Now()
		save(t, d, h)
	}
	if _, err := d.Hooks().AddWords(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	b := s.signIn(maritMail)
	for query, want := range map[string]int{"q=quetzal": 2, "q=quetzal&store=" + string(s.kora.ID): 2, "q=quetzal&provider=goldenpay": 0, "q=quetzal&state=paid": 0, "q=" + string(listed.ID): 1, "": 0, "q=zz_": 0, "q=nowhere": 0, "q=success": 5} {
		page := b.get("/payouts?" + query)
		if n := len(page.all("section[aria-labelledby=also] tbody tr")); page.status != 200 || n != want {
			t.Errorf("%s: got %d with %d webhooks, want %d", query, page.status, n, want)
		}
	}
	page := b.get("/payouts?q=quetzal")
	if !page.says(`Body: {"note":"quetzal `) || len(page.all(`a[href="/webhooks?q=quetzal"]`)) != 1 || len(page.all(`a[href="/webhooks/also3"]`)) > 0 {
		t.Errorf("got %s", page.text("section[aria-labelledby=also]"))
	}
}
