package db_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// anyPayout is made so that few values meet often, times among them.
func anyPayout(r *rand.Rand, id payout.ID) *payout.Payout {
	p := &payout.Payout{ID: id, Store: pick[store.ID](r, "s1", "s2"), State: pick(r, payout.States()...), Version: 1, Author: pick[access.PersonID](r, "mia", "ed"),
		CreatedAt: begin.Add(time.Duration(r.IntN(60)) * 35 * time.Hour), UpdatedAt: begin}
	p.Input = payout.Input{Account: pick[store.AccountID](r, "a1", "a2"), Description: pick(r, "alpha", "beta gamma", "")}
	if p.State == payout.Draft || p.State == payout.Discarded {
		return p
	}
	p.Content = payout.Content{Account: p.Input.Account, Provider: pick(r, "acme", "other"), Company: "Company", Live: pick(r, true, false), Method: pick(r, "m1", "m2"),
		MethodName: "Method", Country: "BJ", Amount: money.Amount{Minor: int64(r.IntN(1000) + 1), Currency: pick(r, "XOF", "EUR")}, Description: pick(r, "delta", "alpha", "Été"),
		Details: []payout.Detail{{Name: "name", Value: pick(r, "Ana", "Bob"), Role: providers.RoleName}, {Name: "account", Value: pick(r, "111222", "333444"), Role: providers.RoleAccount}}}
	p.Fee = money.Amount{Minor: int64(r.IntN(9)), Currency: pick(r, "XOF", "EUR", "")}
	p.SubmittedAt = p.CreatedAt.Add(time.Minute)
	if r.IntN(2) == 0 {
		p.Attempts = []payout.Attempt{{No: 1, Decision: 1, Reference: "REF" + string(id), RemoteID: pick(r, "", "R"+string(id)), StartedAt: begin}}
	}
	if r.IntN(5) == 0 {
		p.Conflicts = []payout.Conflict{{At: begin, Source: payout.FromLookup, Code: "amount", ClosedAt: pick(r, time.Time{}, begin)}}
	}
	return p
}

func history(b *bench, n int) []*payout.Payout {
	r := rand.New(rand.NewPCG(1, 2))
	var all []*payout.Payout
	for i := range n {
		p := anyPayout(r, payout.ID(fmt.Sprintf("PAYOUT%06d", r.IntN(1000)*1000+i)))
		b.must(b.Payouts().Insert(b.Context(), p))
		all = append(all, p)
	}
	return all
}

// fits is the filter, told a second time without SQL.
func fits(p *payout.Payout, reach access.Reach, f payout.Filter) bool {
	c := p.Content
	open := p.OpenConflict() != nil
	account := c.Account
	if account == "" {
		account = p.Input.Account
	}
	bound := func(text string, ok func(minor int64) bool) bool {
		if text == "" {
			return true
		}
		a, err := money.ParseDecimal(text, f.Currency)
		return err == nil && ok(a.Minor)
	}
	return reach.Has(p.Store) &&
		(f.Store == "" || f.Store == p.Store) && (f.Account == "" || f.Account == account) && (f.Provider == "" || f.Provider == c.Provider) &&
		(f.Method == "" || f.Method == c.Method) && (f.Currency == "" || f.Currency == c.Amount.Currency) && (f.Author == "" || f.Author == p.Author) &&
		(len(f.States) == 0 || slices.Contains(f.States, p.State)) && (!f.Review || p.State == payout.Unknown || open) &&
		(f.Mode != "live" || c.Live) && (f.Mode != "test" || (!c.Live && c.Amount.Currency != "")) &&
		(f.From == 0 || dayOf(p) >= f.From) && (f.To == 0 || dayOf(p) <= f.To) &&
		bound(f.Min, func(m int64) bool { return c.Amount.Minor >= m }) && bound(f.Max, func(m int64) bool { return c.Amount.Minor <= m }) &&
		(f.Text == "" || holds(p, f.Text))
}

// dayOf is a payout's day as its store counts days.
func dayOf(p *payout.Payout) payout.Day {
	zone, err := time.LoadLocation(zones()[p.Store])
	if err != nil {
		panic(err)
	}
	return payout.DayOf(p.CreatedAt.In(zone))
}

// holds reports whether a word of the payout begins with the text, which here is one plain word.
func holds(p *payout.Payout, text string) bool {
	words := []string{p.Content.Description}
	for _, d := range p.Content.Details {
		words = append(words, d.Value)
	}
	if len(p.Content.Details) == 0 {
		words = append(words, p.Input.Description)
	}
	return slices.ContainsFunc(strings.Fields(strings.Join(words, " ")), func(w string) bool { return strings.HasPrefix(strings.ToLower(w), text) })
}

func anyFilter(t *rapid.T) payout.Filter {
	maybe := func(name string, from ...string) string {
		return rapid.SampledFrom(append([]string{"", "", "", ""}, from...)).Draw(t, name)
	}
	f := payout.Filter{
		Store: store.ID(maybe("store", "s1", "s2", "s3")), Account: store.AccountID(maybe("account", "a1", "a2")), Provider: maybe("provider", "acme", "other", "none"),
		Method: maybe("method", "m1", "m2"), Currency: maybe("currency", "XOF", "EUR"), Mode: maybe("mode", "live", "test"), Author: access.PersonID(maybe("author", "mia")),
		Text: maybe("text", "alpha", "gam", "ana", "1112"), Sort: payout.Sort(maybe("sort", "oldest")), Limit: rapid.IntRange(1, 60).Draw(t, "limit"),
		Review: rapid.SampledFrom([]bool{false, false, false, true}).Draw(t, "review"),
	}
	f.States = rapid.SliceOfNDistinct(rapid.SampledFrom(payout.States()), 0, 6, rapid.ID).Draw(t, "states")
	if rapid.Bool().Draw(t, "from") {
		f.From = payout.DayOf(begin) + payout.Day(rapid.IntRange(-2, 70).Draw(t, "from"))
	}
	if rapid.Bool().Draw(t, "to") {
		f.To = payout.DayOf(begin) + payout.Day(rapid.IntRange(5, 95).Draw(t, "to"))
	}
	if f.Currency != "" || rapid.IntRange(0, 9).Draw(t, "bounds of no currency") == 0 {
		f.Min, f.Max = maybe("min", "100", "1", "0.5", "x"), maybe("max", "5", "500")
	}
	return f
}

func anyScope(t *rapid.T) payout.Scope {
	return rapid.SampledFrom([]payout.Scope{payout.Everywhere(), payout.Everywhere(), payout.InStore("s1"), payout.InStore("s2"), payout.InStore("s3"), {}}).Draw(t, "scope")
}

// Whatever is filtered, the pages in either direction are the rows of the filter, in order, each once.
func TestListPages(t *testing.T) {
	b := newBench(t)
	all := history(b, 200)
	rapid.Check(t, func(t *rapid.T) {
		f, scope := anyFilter(t), anyScope(t)
		want := expected(all, scope, f)
		next, prev := func(p payout.Page) payout.Cursor { return p.Next }, func(p payout.Page) payout.Cursor { return p.Prev }
		forward := walk(t, b, scope, f, next, prev, func(f *payout.Filter, c payout.Cursor) { f.After = c })
		if diff := cmp.Diff(want, slices.Concat(forward...)); diff != "" {
			t.Fatalf("forwards (-want +got):\n%s", diff)
		}
		if len(want) == 0 {
			return
		}
		last := f
		last.After = payout.Cursor{}
		if len(forward) > 1 {
			end := forward[len(forward)-2]
			last.After = cursorOf(all, end[len(end)-1])
		}
		backward := walk(t, b, scope, last, prev, next, func(f *payout.Filter, c payout.Cursor) { f.After, f.Before = payout.Cursor{}, c })
		slices.Reverse(backward)
		if diff := cmp.Diff(want, slices.Concat(backward...)); diff != "" {
			t.Fatalf("backwards (-want +got):\n%s", diff)
		}
	})
}

// A search that may look at little at a time says how far it came and goes on there, and finds the same in the end.
func TestListGoesOn(t *testing.T) {
	b := newBench(t)
	all := history(b, 200)
	b.LookAtMost(20, 15)
	rapid.Check(t, func(t *rapid.T) {
		f, scope := anyFilter(t), anyScope(t)
		want := expected(all, scope, f)
		var got []payout.ID
		for range 500 {
			page, err := b.Payouts().List(b.Context(), scope, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range page.Rows {
				got = append(got, row.ID)
			}
			if len(page.Rows) < f.Limit && page.Looked.IsZero() != page.Next.IsZero() {
				t.Fatalf("got %d rows of %d, looked to %v, next %v", len(page.Rows), f.Limit, page.Looked, page.Next)
			}
			if f.After = page.Next; f.After.IsZero() {
				break
			}
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// walk follows one direction of the pages to its end. Every page it turns to has rows, and a way back.
func walk(t *rapid.T, b *bench, s payout.Scope, f payout.Filter, next, back func(payout.Page) payout.Cursor, turn func(*payout.Filter, payout.Cursor)) [][]payout.ID {
	var pages [][]payout.ID
	for first := true; ; first = false {
		page, err := b.Payouts().List(b.Context(), s, f)
		if err != nil {
			t.Fatal(err)
		}
		var ids []payout.ID
		for _, row := range page.Rows {
			ids = append(ids, row.ID)
		}
		pages = append(pages, ids)
		if len(ids) > f.Limit || (first && f.After.IsZero() && !page.Prev.IsZero()) {
			t.Fatalf("got %d rows of %d, with a page before the first: %v", len(ids), f.Limit, !page.Prev.IsZero())
		}
		if !first && (len(ids) == 0 || back(page).IsZero()) {
			t.Fatalf("turned to a page of %d rows, a way back from it: %v", len(ids), !back(page).IsZero())
		}
		c := next(page)
		if c.IsZero() {
			return pages
		}
		if len(pages) > 210 {
			t.Fatal("the pages have no end")
		}
		turn(&f, c)
	}
}

func cursorOf(all []*payout.Payout, id payout.ID) payout.Cursor {
	i := slices.IndexFunc(all, func(p *payout.Payout) bool { return p.ID == id })
	return payout.Cursor{At: all[i].CreatedAt, ID: id}
}

func expected(all []*payout.Payout, s payout.Scope, f payout.Filter) []payout.ID {
	var fit []*payout.Payout
	for _, p := range all {
		if fits(p, s.Reach(), f) {
			fit = append(fit, p)
		}
	}
	slices.SortFunc(fit, func(a, b *payout.Payout) int {
		order := a.CreatedAt.Compare(b.CreatedAt)
		if f.Text != "" {
			order = slices.Index(all, a) - slices.Index(all, b) // the order in which they were made, whatever the clock said
		}
		if order == 0 {
			order = strings.Compare(string(a.ID), string(b.ID))
		}
		if f.Sort != payout.Oldest {
			order = -order
		}
		return order
	})
	var ids []payout.ID
	for _, p := range fit {
		ids = append(ids, p.ID)
	}
	return ids
}

// Invariant 10: totals are the sums of exactly the rows the same filter lists, and all states add up to all payouts.
func TestTotalsAreTheSumOfTheList(t *testing.T) {
	b := newBench(t)
	all := history(b, 200)
	rapid.Check(t, func(t *rapid.T) {
		f, scope := anyFilter(t), anyScope(t)
		f.Limit = 1000
		page, err := b.Payouts().List(b.Context(), scope, f)
		if err != nil {
			t.Fatal(err)
		}
		type key struct {
			currency string
			live     bool
			state    payout.State
		}
		want := map[key]payout.Total{}
		for _, row := range page.Rows {
			k := key{row.Amount.Currency, row.Live, row.State}
			sum := want[k]
			sum.Currency, sum.Live, sum.State, sum.Count = row.Amount.Currency, row.Live, row.State, sum.Count+1
			sum.Amount = money.Amount{Minor: sum.Amount.Minor + row.Amount.Minor, Currency: row.Amount.Currency}
			sum.Fee.Currency = row.Amount.Currency
			if row.Fee.Currency == row.Amount.Currency {
				sum.Fee.Minor += row.Fee.Minor
			}
			want[k] = sum
		}
		totals, err := b.Payouts().Totals(b.Context(), scope, f)
		if err != nil {
			t.Fatal(err)
		}
		got, count := map[key]payout.Total{}, 0
		for _, total := range totals {
			got[key{total.Currency, total.Live, total.State}] = total
			count += total.Count
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("(-sum of the list +totals):\n%s", diff)
		}
		if count != len(expected(all, scope, f)) || len(got) != len(totals) {
			t.Fatalf("got %d payouts in %d totals, want all of them, each total once", count, len(totals))
		}
	})
}

// A row shows what the payout holds.
func TestRows(t *testing.T) {
	b := newBench(t)
	p := whole("PAYOUT000001")
	b.must(b.Payouts().Insert(t.Context(), p))
	page, err := b.Payouts().List(t.Context(), payout.InStore("s1"), payout.Filter{})
	b.must(err)
	want := payout.Row{ID: p.ID, Store: "s1", Provider: "acme", Company: "Acme", AccountLabel: "Main", Live: true, State: payout.Unknown, Method: "mtn_bj", MethodName: "MTN",
		Country: "BJ", Amount: p.Content.Amount, Fee: p.Fee, Recipient: "Émile", Number: "22997126630", Description: "Invoice <7> & more", Reason: "wallet closed",
		Reference: "PAYOUT000001REF2", RemoteID: "PAYOUT000001R2", Author: "mia", AuthorName: "Mia", OnePerson: true, Conflict: true,
		CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt, SubmittedAt: p.SubmittedAt, SentAt: p.Current().StartedAt, Quiet: p.Wait.Until}
	if diff := cmp.Diff([]payout.Row{want}, page.Rows); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.update(p.ID, func(p *payout.Payout) { p.State = payout.Paid })
	page, err = b.Payouts().List(t.Context(), payout.InStore("s1"), payout.Filter{})
	b.must(err)
	if row := page.Rows[0]; row.Confirmed() || !row.Conflict {
		t.Errorf("got confirmed %v, conflict %v, want it not confirmed while the conflict is open", row.Confirmed(), row.Conflict)
	}
	b.update(p.ID, func(p *payout.Payout) { p.Conflicts[1].ClosedAt = begin })
	page, err = b.Payouts().List(t.Context(), payout.InStore("s1"), payout.Filter{})
	b.must(err)
	if row := page.Rows[0]; !row.Confirmed() || row.Conflict {
		t.Errorf("got confirmed %v, conflict %v, want it confirmed once the conflict is closed", row.Confirmed(), row.Conflict)
	}
}

// What waits for somebody is counted, store by store.
func TestCounts(t *testing.T) {
	b := newBench(t)
	all := history(b, 200)
	for _, scope := range []payout.Scope{payout.Everywhere(), payout.InStore("s1"), payout.InStore("s2"), payout.InStore("s9"), {}} {
		got, err := b.Payouts().Counts(t.Context(), scope)
		want := payout.Counts{Waiting: len(expected(all, scope, payout.Filter{States: []payout.State{payout.Submitted}})), Review: len(expected(all, scope, payout.Filter{Review: true}))}
		if err != nil || got != want {
			t.Errorf("got %+v and %v, want %+v", got, err, want)
		}
	}
}

// Who was paid before: to the same account, under the same name elsewhere, and what the author asked for lately.
func TestEarlier(t *testing.T) {
	b := newBench(t)
	all := history(b, 200)
	for _, p := range all[:40] {
		for _, scope := range []payout.Scope{payout.Everywhere(), payout.InStore("s1"), {}} {
			got, err := b.Payouts().Earlier(t.Context(), scope, p)
			b.must(err)
			same := func(q *payout.Payout) bool {
				return p.Content.RecipientKey() != "" && q.Content.RecipientKey() == p.Content.RecipientKey()
			}
			name := func(q *payout.Payout) bool {
				return p.Content.Recipient() != "" && q.Store == p.Store && q.Content.Recipient() == p.Content.Recipient() && q.Content.RecipientKey() != p.Content.RecipientKey()
			}
			author := func(q *payout.Payout) bool {
				return !p.SubmittedAt.IsZero() && q.Author == p.Author && q.CreatedAt.After(p.SubmittedAt.Add(-7*24*time.Hour))
			}
			for what, c := range map[string]struct {
				rows []payout.Row
				fit  func(*payout.Payout) bool
			}{"account": {got.SameAccount, same}, "name": {got.SameName, name}, "author": {got.ByAuthor, author}} {
				var others []*payout.Payout
				for _, q := range all {
					if q.ID != p.ID && c.fit(q) {
						others = append(others, q)
					}
				}
				want := expected(others, scope, payout.Filter{})
				var ids []payout.ID
				for _, row := range c.rows {
					ids = append(ids, row.ID)
				}
				if diff := cmp.Diff(want[:min(len(want), 50)], ids, cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("%s of %s (-want +got):\n%s", what, p.ID, diff)
				}
			}
		}
	}
}

// Every recipient is offered once, as paid last, and only those of the store and the company.
func TestRecipients(t *testing.T) {
	b := newBench(t)
	all := history(b, 200)
	for _, typed := range []string{"", "a", "BO", "1112", "nobody"} {
		for _, provider := range []string{"", "acme"} {
			got, err := b.Payouts().Recipients(t.Context(), payout.Everywhere(), "s1", provider, typed)
			b.must(err)
			latest := map[string]time.Time{}
			for _, p := range all {
				key := p.Content.RecipientKey() + p.Content.Method
				if p.Store == "s1" && p.Content.RecipientKey() != "" && (provider == "" || p.Content.Provider == provider) && (typed == "" || holds(p, strings.ToLower(typed))) && p.CreatedAt.After(latest[key]) {
					latest[key] = p.CreatedAt
				}
			}
			if len(got) != min(len(latest), 8) {
				t.Errorf("%q of %q: got %d recipients, want %d", typed, provider, len(got), min(len(latest), 8))
			}
			for _, row := range got {
				key := strings.ToUpper(row.Number) + "||" + row.Amount.Currency + row.Method
				if row.Store != "s1" || !row.CreatedAt.Equal(latest[key]) {
					t.Errorf("%q: got %s of %v, want each once, as paid last at %v", typed, key, row.CreatedAt, latest[key])
				}
				delete(latest, key)
			}
		}
	}
	if got, err := b.Payouts().Recipients(t.Context(), payout.InStore("s2"), "s1", "", ""); err != nil || len(got) != 0 {
		t.Errorf("another store: got %d and %v, want none", len(got), err)
	}
}

// However many were paid, the latest few are offered.
func TestRecipientsAreFew(t *testing.T) {
	b := newBench(t)
	for i := range 30 {
		p := whole(payout.ID(fmt.Sprintf("PAYOUT%06d", i)))
		p.CreatedAt = begin.Add(time.Duration(i) * time.Minute)
		p.Content.Own, p.Content.Details[1].Value = false, fmt.Sprintf("229900000%02d", i)
		b.must(b.Payouts().Insert(t.Context(), p))
	}
	got, err := b.Payouts().Recipients(t.Context(), payout.Everywhere(), "s1", "", "emi")
	b.must(err)
	if len(got) != 8 || got[0].ID != "PAYOUT000029" || got[7].ID != "PAYOUT000022" {
		t.Errorf("got %d recipients, want the latest eight", len(got))
	}
}

// Days of stores at either end of the world take turns, and some days have payouts of one of them only, or none: the days asked for are found
// whole, whichever index the list goes along.
func TestDaysOfDistantClocks(t *testing.T) {
	b := newBench(t)
	var all []*payout.Payout
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 24 * 30 {
		for k, st := range []store.ID{"s1", "s2"} {
			if r.IntN(24) > 0 {
				continue
			}
			p := whole(payout.ID(fmt.Sprintf("PAYOUT%06d", 2*i+k)))
			p.Store, p.State, p.CreatedAt = st, payout.Paid, begin.Add(time.Duration(i)*time.Hour)
			b.must(b.Payouts().Insert(t.Context(), p))
			all = append(all, p)
		}
	}
	first := payout.DayOf(begin) - 1
	for from := first; from < first+33; from++ {
		for to := from; to < from+2; to++ {
			for _, f := range []payout.Filter{{From: from, To: to}, {From: from}, {To: to}, {From: from, To: to, States: []payout.State{payout.Paid}}, {From: from, To: to, Method: "mtn_bj"}, {From: from, To: to, Store: "s1", Sort: payout.Oldest}} {
				f.Limit = 1000
				page, err := b.Payouts().List(t.Context(), payout.Everywhere(), f)
				b.must(err)
				var got []payout.ID
				for _, row := range page.Rows {
					got = append(got, row.ID)
				}
				if diff := cmp.Diff(expected(all, payout.Everywhere(), f), got, cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("%+v (-want +got):\n%s", f, diff)
				}
			}
		}
	}
}
