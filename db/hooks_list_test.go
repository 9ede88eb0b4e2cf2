package db_test

import (
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// index makes every kept webhook findable by its words.
func (o *office) index() {
	o.t.Helper()
	for {
		n, err := o.Hooks().AddWords(o.t.Context(), 50)
		o.must(err)
		if n == 0 {
			return
		}
	}
}

// many keeps n webhooks of all kinds and returns them, newest first.
func (o *office) many(n int) []inbox.Hook {
	o.t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	var all []inbox.Hook
	for i := range n {
		all = append(all, o.hook(fmt.Sprintf("h%05d", i), i/3, func(h *inbox.Hook) {
			h.Verdict = inbox.Verdicts()[r.IntN(len(inbox.Verdicts()))]
			h.Account, h.Store = "a1", "s1"
			if r.IntN(3) == 0 {
				h.Account, h.Store = "a2", "s2"
			}
			if h.Verdict == inbox.Confirming || h.Verdict == inbox.Received {
				h.DueAt = o.at
			}
			if h.Verdict == inbox.Misaddressed {
				h.Account, h.Store, h.Provider = "", "", ""
			}
			h.Late = r.IntN(5) == 0
			h.Address = []string{"192.0.2.1", "192.0.2.2"}[r.IntN(2)]
			h.Body = []byte([]string{`{"word":"aller"}`, `{"word":"Été retour"}`, `nothing`}[r.IntN(3)])
			h.Event = []string{"payout.paid", "payout.failed"}[r.IntN(2)]
			if r.IntN(10) == 0 {
				h.Payout = "P1"
			}
		}))
	}
	o.index()
	slices.Reverse(all)
	return all
}

// hookFits is what a filter means, said once more and simply.
func hookFits(f inbox.Filter, stores []store.ID, h inbox.Hook) bool {
	for _, word := range strings.Fields(strings.ToLower(f.Text)) {
		if !strings.Contains(strings.ToLower(string(h.Body)+" "+h.Event), word) {
			return false
		}
	}
	return (stores == nil || slices.Contains(stores, h.Store)) && (f.Store == "" || f.Store == h.Store) && (f.Account == "" || f.Account == h.Account) &&
		(f.Provider == "" || f.Provider == h.Provider) && (f.Payout == "" || f.Payout == h.Payout) && (f.Address == "" || f.Address == h.Address) &&
		(len(f.Verdicts) == 0 || slices.Contains(f.Verdicts, h.Verdict)) && (!f.Late || h.Late) &&
		(f.From.IsZero() || !h.ReceivedAt.Before(f.From)) && (f.To.IsZero() || h.ReceivedAt.Before(f.To))
}

// TestHooksListIsTheFilter: every combination of filters finds what it means and nothing else, whichever way it is walked, page by
// page, there and back. Invariant 13: in the stores of the scope alone.
func TestHooksListIsTheFilter(t *testing.T) {
	o := newOffice(t)
	all := o.many(300)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 400 {
		f, scope, stores := o.anyFilter(r)
		var want []string
		for _, h := range all {
			if hookFits(f, stores, h) {
				want = append(want, h.ID)
			}
		}
		got, pages := o.walk(f, scope)
		if !slices.Equal(got, want) {
			t.Fatalf("filter %d %+v in %v: got %d %v, want %d %v", i, f, stores, len(got), got, len(want), want)
		}
		if back := o.walkBack(f, scope, pages); !slices.Equal(back, got) {
			t.Fatalf("filter %d %+v in %v: back again got %v, want %v", i, f, stores, back, got)
		}
	}
}

func (o *office) anyFilter(r *rand.Rand) (inbox.Filter, payout.Scope, []store.ID) {
	f := inbox.Filter{Limit: 1 + r.IntN(40), Lean: r.IntN(2) == 0}
	maybe := func(set func()) {
		if r.IntN(4) == 0 {
			set()
		}
	}
	maybe(func() { f.Store = []store.ID{"s1", "s2", "s3"}[r.IntN(3)] })
	maybe(func() { f.Account = []store.AccountID{"a1", "a2"}[r.IntN(2)] })
	maybe(func() { f.Provider = "toy" })
	maybe(func() { f.Late = true })
	maybe(func() { f.Address = "192.0.2.2" })
	maybe(func() { f.From = o.at.Add(time.Duration(r.IntN(100)) * time.Minute) })
	maybe(func() { f.To = o.at.Add(time.Duration(r.IntN(100)) * time.Minute) })
	maybe(func() { f.Text = []string{"paid aller", "RETOUR", "no-such-word", "nothing"}[r.IntN(4)] })
	maybe(func() { f.Verdicts = []inbox.Verdict{inbox.Forged, inbox.Applied, inbox.Unmatched}[:1+r.IntN(3)] })
	maybe(func() { f.Verdicts = []inbox.Verdict{inbox.Confirming, inbox.Received}[:1+r.IntN(2)] })
	if r.IntN(8) == 0 {
		f.Payout = "P1"
	}
	switch r.IntN(3) {
	case 0:
		return f, payout.InStore("s1"), []store.ID{"s1"}
	case 1:
		both := access.Person{ID: "p", Grants: []access.Grant{{Role: access.Accountant, Store: "s1"}, {Role: access.Accountant, Store: "s2"}}}
		return f, payout.ScopeOf(both, access.ViewWebhooks), []store.ID{"s1", "s2"}
	}
	return f, payout.Everywhere(), nil
}

// walk reads page after page.
func (o *office) walk(f inbox.Filter, scope payout.Scope) ([]string, []inbox.Page) {
	o.t.Helper()
	var got []string
	var pages []inbox.Page
	for range 1000 {
		page, err := o.Hooks().List(o.t.Context(), scope, f)
		o.must(err)
		got, pages = append(got, ids(page)...), append(pages, page)
		if f.After = page.Next; f.After.IsZero() {
			return got, pages
		}
	}
	o.t.Fatal("pages without end")
	return nil, nil
}

// walkBack reads from the last page to the first.
func (o *office) walkBack(f inbox.Filter, scope payout.Scope, pages []inbox.Page) []string {
	o.t.Helper()
	last := pages[len(pages)-1]
	got := ids(last)
	for f.Before = last.Prev; !f.Before.IsZero(); {
		page, err := o.Hooks().List(o.t.Context(), scope, f)
		o.must(err)
		got = append(ids(page), got...)
		f.Before = page.Prev
	}
	return got
}

// TestHooksTally: the counts are those of the list, whoever looks. Invariants 10 and 13.
func TestHooksTally(t *testing.T) {
	o := newOffice(t)
	all := o.many(300)
	for name, tt := range map[string]struct {
		scope  payout.Scope
		stores []store.ID
	}{"everything": {payout.Everywhere(), nil}, "store one": {payout.InStore("s1"), []store.ID{"s1"}}, "nothing": {payout.Scope{}, []store.ID{}}} {
		since := o.at.Add(50 * time.Minute)
		want := map[inbox.Verdict]int{}
		for _, h := range all {
			if hookFits(inbox.Filter{From: since}, tt.stores, h) {
				want[h.Verdict]++
			}
		}
		got, err := o.Hooks().Tally(t.Context(), tt.scope, since)
		o.must(err)
		for _, v := range inbox.Verdicts() {
			if got[v] != want[v] {
				t.Errorf("%s: got %d %s, want %d", name, got[v], v, want[v])
			}
		}
	}
}

// TestHooksListLooksBackSoFar: a filter that no index answers asks a bounded number of rows, says how far it came and goes on
// from there.
func TestHooksListLooksBackSoFar(t *testing.T) {
	o := newOffice(t)
	const n = 2600
	o.hook("first", -1, nil)
	o.must(o.past(fmt.Sprintf(`with recursive n(i) as (select 1 union all select i + 1 from n where i < %d)
		insert into hooks (id, account, store, provider, token, address, received_at, header, body, size, digest, verdict)
		select printf('x%%05d', i), 'a1', 's1', 'toy', 't', case when i = 3 then '198.51.100.9' else '192.0.2.1' end, %d + i, '{}', x'', 0, '', case when i = 3 then 'forged' else 'applied' end from n`, n, o.at.UnixMilli())))
	f := inbox.Filter{Address: "198.51.100.9"}
	page, err := o.Hooks().List(t.Context(), payout.InStore("s1"), f)
	o.must(err)
	if len(page.Hooks) != 0 || page.Until.IsZero() || page.Next.IsZero() {
		t.Errorf("got %v, until %v, want nothing yet and a place to go on from", ids(page), page.Until)
	}
	f.After = page.Next
	page, err = o.Hooks().List(t.Context(), payout.InStore("s1"), f)
	o.must(err)
	if !slices.Equal(ids(page), []string{"x00003"}) || !page.Until.IsZero() || page.Prev.IsZero() {
		t.Errorf("got %v, until %v, want the one at the end", ids(page), page.Until)
	}
	if page, err := o.Hooks().List(t.Context(), payout.Everywhere(), inbox.Filter{Address: "198.51.100.9", Verdicts: []inbox.Verdict{inbox.Forged}}); err != nil || len(page.Hooks) != 1 {
		t.Errorf("by who sees every store: got %v, %v, want it at once", ids(page), err)
	}
}

// TestHooksText: what is found by its words, and why.
func TestHooksText(t *testing.T) {
	o := newOffice(t)
	o.hook("one", 0, func(h *inbox.Hook) {
		h.Header = http.Header{"X-Trace": {"b7-ff01"}}
		h.Body = []byte(`{"id":"py_77AB-c","note":"Crème brûlée", "raw": "` + "\xff\xfe" + `", "big": "` + strings.Repeat("x ", 40<<10) + `behind"}`)
		h.Event, h.Payout = "payout.paid", "0123456789AB"
		h.Result.Attempt = providers.Attempt{Reference: "ABCDEFGHIJKLMNOPQRST", RemoteID: "remote-9"}
	})
	o.hook("two", 1, func(h *inbox.Hook) { h.Store, h.Account, h.Body = "s2", "a2", []byte("one other 77AB word") })
	o.index()
	for text, want := range map[string]struct {
		ids   []string
		field string
	}{
		"py_77ab-c": {[]string{"one"}, "body"}, "77AB": {[]string{"two", "one"}, "body"}, "creme BRULEE": {[]string{"one"}, ""}, "crème": {[]string{"one"}, "body"},
		"b7-ff01": {[]string{"one"}, "header"}, "x-trace: b7-ff01": {[]string{"one"}, "header"}, "ff01-b7": {nil, ""}, "payout.paid": {[]string{"one"}, "event"},
		"ABCDEFGHIJKLMNOPQRST": {[]string{"one"}, "reference"}, "remote-9": {[]string{"one"}, "remote_id"}, "PW-0123-4567-89AB": {[]string{"one"}, "payout"},
		"behind": {nil, ""}, "py": {[]string{"one"}, "body"}, "p": {nil, ""}, `" OR names : "s2`: {nil, ""}, "NEAR(77AB, 1)": {nil, ""}, "*": {nil, ""}, "77AB*": {[]string{"two", "one"}, "body"},
		"crè": {[]string{"one"}, "body"}, "BRÛ": {[]string{"one"}, "body"}, "bru": {[]string{"one"}, ""}, "py_77a": {[]string{"one"}, "body"}, "77AB-c": {[]string{"one"}, "body"}, "remo": {[]string{"one"}, "remote_id"},
		"abcdefg": {[]string{"one"}, "reference"}, "x-tra: b7": {[]string{"one"}, "header"}, "77-py": {nil, ""}, "x-tra": {[]string{"one"}, "header"}, "oth wor": {[]string{"two"}, "body"}, "oth bru": {nil, ""},
		strings.Repeat("77AB ", 20<<10): {[]string{"two", "one"}, "body"},
	} {
		page, err := o.Hooks().List(t.Context(), payout.Everywhere(), inbox.Filter{Text: text, Lean: true})
		o.must(err)
		if !slices.Equal(ids(page), want.ids) {
			t.Errorf("%.40q: got %v, want %v", text, ids(page), want.ids)
		}
		if n := len(page.Hooks); n > 0 && page.Hooks[n-1].Match(text).Field != want.field {
			t.Errorf("%.40q: got it by %+v, want %q", text, page.Hooks[n-1].Match(text), want.field)
		}
	}
	page, err := o.Hooks().List(t.Context(), payout.InStore("s1"), inbox.Filter{Text: "77AB"})
	if o.must(err); !slices.Equal(ids(page), []string{"one"}) {
		t.Errorf("in store one: got %v (invariant 13)", ids(page))
	}
	// What is made of it later is found too.
	h := page.Hooks[0]
	h.Event = "payout.renamed"
	o.must(o.Hooks().Save(t.Context(), h))
	for text, n := range map[string]int{"renamed": 1, "payout.paid": 0, "77AB": 1} {
		if page, err := o.Hooks().List(t.Context(), payout.InStore("s1"), inbox.Filter{Text: text}); err != nil || len(page.Hooks) != n {
			t.Errorf("after a change, %q: got %v, %v, want %d", text, ids(page), err, n)
		}
	}
}

// TestHooksBeginnings: what is typed is the beginning of a word, unless very many words begin so; then it is a whole one.
func TestHooksBeginnings(t *testing.T) {
	o := newOffice(t)
	for i := range 60 {
		o.hook(fmt.Sprintf("h%02d", i), i, func(h *inbox.Hook) { h.Body = fmt.Appendf(nil, "order zzz%02d", i) })
	}
	o.hook("whole", 60, func(h *inbox.Hook) { h.Body = []byte("zzz") })
	o.index()
	for text, want := range map[string]int{"zzz1": 10, "zzz": 1, "zz": 0, "ord": 60, "ord zzz5": 10, "zzz1 zzz2": 0, "zzz07": 1, "zzz077": 0} {
		page, err := o.Hooks().List(t.Context(), payout.Everywhere(), inbox.Filter{Text: text, Limit: 100})
		if o.must(err); len(page.Hooks) != want {
			t.Errorf("%q: got %d, want %d", text, len(page.Hooks), want)
		}
	}
}

// hooks is the larger of the two inboxes of BenchmarkHooksList: go test ./db -run xxx -bench HooksList -hooks 1000000.
var hooks = flag.Int("hooks", 100_000, "webhooks of the larger inbox of the benchmark")

// BenchmarkHooksList is a page of the inbox at two sizes: it costs the same.
func BenchmarkHooksList(b *testing.B) {
	for _, n := range []int{*hooks / 100, *hooks} {
		d := benchHooks(b, n)
		for name, f := range map[string]inbox.Filter{
			"first": {Lean: true}, "deep": {Lean: true, To: benchStart.Add(time.Duration(n/10) * time.Second)}, "verdict": {Lean: true, Verdicts: []inbox.Verdict{inbox.Forged}},
			"word": {Lean: true, Text: "success"}, "rare": {Lean: true, Text: "n5"}, "beginning": {Lean: true, Text: "succ"}, "many-begin": {Lean: true, Text: "n12"},
		} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				for b.Loop() {
					if _, err := d.Hooks().List(b.Context(), payout.Everywhere(), f); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

var benchStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func benchHooks(b *testing.B, n int) *db.DB {
	b.Helper()
	path := b.TempDir() + "/p.db"
	d, err := db.Open(b.Context(), path, db.Options{Now: func() time.Time { return benchStart }, NewID: func() string { return "id" }})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = d.Close() })
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = raw.Close() }() // what counts is checked
	if _, err := raw.ExecContext(b.Context(), fmt.Sprintf(`with recursive n(i) as (select 1 union all select i + 1 from n where i < %d)
		insert into hooks (id, account, store, provider, token, address, received_at, header, body, size, digest, verdict, event)
		select printf('x%%07d', i), 'a1', 's1', 'toy', 't', '192.0.2.1', %d + i * 1000, '{"Sig":["abc"]}', cast(printf('{"status":"success","id":"n%%d","amount":"12.34"}', i) as blob), 50, '',
			case when i %% 50 = 0 then 'forged' else 'applied' end, 'payout.paid' from n`, n, benchStart.UnixMilli())); err != nil {
		b.Fatal(err)
	}
	for {
		added, err := d.Hooks().AddWords(b.Context(), 5000)
		if err != nil {
			b.Fatal(err)
		}
		if added == 0 {
			return d
		}
	}
}
