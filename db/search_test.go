package db_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/payout"
)

// found lists what the search box finds, in the order of the ids.
func found(b *bench, s payout.Scope, typed string) ([]payout.ID, error) {
	page, err := b.Payouts().List(b.Context(), s, payout.Filter{Text: typed, Limit: 100})
	var ids []payout.ID
	for _, row := range page.Rows {
		ids = append(ids, row.ID)
	}
	slices.Sort(ids)
	return ids, err
}

func shelf(t *testing.T) *bench {
	b := newBench(t)
	add := func(id payout.ID, st string, minor int64, currency, name, account, description, ref, remote string) {
		p := &payout.Payout{ID: id, Store: "s1", State: payout.Accepted, Author: "mia", CreatedAt: begin, Content: payout.Content{Account: "a1",
			Amount: money.Amount{Minor: minor, Currency: currency}, Description: description, Details: []payout.Detail{
				{Name: "name", Value: name, Role: providers.RoleName}, {Name: "account", Value: account, Role: providers.RoleAccount}}},
			Attempts: []payout.Attempt{{No: 1, Decision: 1, Reference: ref, RemoteID: remote, StartedAt: begin.Add(time.Second)}}}
		if st != "" {
			p.Store = "s2"
		}
		b.must(b.Payouts().Insert(t.Context(), p))
	}
	add("7F3K20M9X4QD", "", 123456, "EUR", "Émile Zôla", "FR7612345678", "Rent for May", "ABCDEFGHIJKLMNOPQRST", "po_91-x7")
	add("AAAA20M9X4QD", "", 250000, "XOF", "王小明", "22997126630", "Facture n° 42", "BBBBBBBBBBBBBBBBBBBB", "r2")
	add("BBBB20M9X4QD", "", 1500, "USD", "Zoë O'Neil-Smith", "998877", `=HYPERLINK("http://evil","x")`, "CCCCCCCCCCCCCCCCCCCC", "")
	add("CCCC20M9X4QD", "s2", 123456, "EUR", "Émile Zôla", "FR7612345678", "NEAR the AND OR NOT", "ABCDEFGHIJKLMNOPQRSU", "")
	add("DDDD20M9X4QD", "", 1234000, "KWD", "นางสาวสมหญิง", "123", "สวัสดี", "DDDDDDDDDDDDDDDDDDDD", "")
	return b
}

// A payout is found from a scrap: one box over every identifier, in the stores one may see (invariant 13).
func TestSearch(t *testing.T) {
	b := shelf(t)
	const one, two, three, foreign, five = payout.ID("7F3K20M9X4QD"), payout.ID("AAAA20M9X4QD"), payout.ID("BBBB20M9X4QD"), payout.ID("CCCC20M9X4QD"), payout.ID("DDDD20M9X4QD")
	tests := []struct {
		name, typed string
		want        []payout.ID
	}{
		{"id", "7F3K20M9X4QD", []payout.ID{one}},
		{"id in small letters", "7f3k20m9x4qd", []payout.ID{one}},
		{"number as it is shown", "PW-7F3K-20M9-X4QD", []payout.ID{one}},
		{"number without PW, pasted", "  7f3k-20m9-x4qd ", []payout.ID{one}},
		{"reference", "ABCDEFGHIJKLMNOPQRST", []payout.ID{one}},
		{"beginning of a reference", "BBBBBBBB", []payout.ID{two}},
		{"end of a reference", "EFGHIJKLMNOPQRST", nil},
		{"the company's identifier", "po_91-x7", []payout.ID{one}},
		{"name without accents", "emile zola", []payout.ID{one}},
		{"beginning of the name", "Ém", []payout.ID{one}},
		{"names in any order", "zol emi", []payout.ID{one}},
		{"name with a hyphen", "O'Neil-Sm", []payout.ID{three}},
		{"Chinese name", "王小", []payout.ID{two}},
		{"Thai name", "นางสาวสม", []payout.ID{five}},
		{"ending of an account", "6630", []payout.ID{two}},
		{"ending as it is shown", "··6630", []payout.ID{two}},
		{"whole account", "22997126630", []payout.ID{two}},
		{"whole account, with blanks", "22 99 712 66 30", []payout.ID{two}},
		{"reason", "rent", []payout.ID{one}},
		{"name and reason", "emile rent", []payout.ID{one}},
		{"name and another's reason", "emile facture", nil},
		{"amount", "1234.56", []payout.ID{one}},
		{"amount with grouping", "1,234.56", []payout.ID{one}},
		{"amount as in Portuguese", "1.234,56", []payout.ID{one}},
		{"amount as in French", "1 234,56", []payout.ID{one}},
		{"amount with narrow blanks", "1\u202f234,56", []payout.ID{one}},
		{"amount as in Switzerland", "1'234.56", []payout.ID{one}},
		{"beginning of an amount", "1234.5", []payout.ID{one}},
		{"whole units, grouped", "250,000", []payout.ID{two}},
		{"whole units, grouped with points", "250.000", []payout.ID{two}},
		{"whole units with decimals there are not", "250,000.00", []payout.ID{two}},
		{"three decimals", "1234.000", []payout.ID{five}},
		{"amount of another", "1,234.57", nil},
		{"formula", `=HYPERLINK("http://evil"`, []payout.ID{three}},
		{"nothing like it", "nobody", nil},
		{"only marks", `"*():^-+`, nil},
		{"another store's", "NEAR the AND", nil},
		{"blanks", "   ", []payout.ID{one, two, three, five}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := found(b, payout.InStore("s1"), tt.typed)
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("%q: got %v and %v, want %v", tt.typed, got, err, tt.want)
			}
		})
	}
	if got, err := found(b, payout.Everywhere(), "NEAR the AND OR NOT"); err != nil || !slices.Equal(got, []payout.ID{foreign}) {
		t.Errorf("got %v and %v, want words of the index's own language to be words", got, err)
	}
}

// A draft is found by what was typed into it; what was typed before and changed is forgotten.
func TestSearchFollowsChanges(t *testing.T) {
	b := newBench(t)
	p := &payout.Payout{ID: "P1", Store: "s1", State: payout.Draft, Author: "mia", CreatedAt: begin,
		Input: payout.Input{Description: "first", Details: map[string]string{"name": "Ana"}}}
	b.must(b.Payouts().Insert(t.Context(), p))
	b.update("P1", func(p *payout.Payout) { p.Input.Description = "second" })
	for typed, want := range map[string]int{"first": 0, "second": 1, "ana": 1} {
		if got, err := found(b, payout.Everywhere(), typed); err != nil || len(got) != want {
			t.Errorf("%q: got %v and %v, want %d", typed, got, err, want)
		}
	}
	b.update("P1", func(p *payout.Payout) {
		*p = *whole("P1")
	})
	for typed, want := range map[string]int{"second": 0, "P1REF1": 1, "P1REF2": 1, "P1R1": 1, "invoice": 1} {
		if got, err := found(b, payout.Everywhere(), typed); err != nil || len(got) != want {
			t.Errorf("%q: got %v and %v, want %d", typed, got, err, want)
		}
	}
}

// Whatever is typed, pasted or sent by a program is harmless: no error, no other store's rows, no long wait.
func TestSearchIsHarmless(t *testing.T) {
	b := shelf(t)
	hostile := []string{`"`, `""`, `*`, `a*`, `"a" NEAR "b"`, `NEAR(a b, 2)`, `a AND`, `OR`, `NOT a`, `words:a`, `{words} : a`, `^a`, `a + b`, `(`, `)`, `'`, `';--`, `' or 1=1 --`,
		`%`, `_`, "\x00", "a\x00b", "\xff\xfe", "é\xff", "\u0301", "\u0301\u0301", "\u202e", "½", "٣", "𝟙", "\ufeff", strings.Repeat("a", 100_000), strings.Repeat(`"`, 100_000),
		strings.Repeat("a ", 50_000), strings.Repeat("é", 50_000), strings.Repeat("1,", 50_000), strings.Repeat(".", 100_000), "1.2.3.4", ",", ".", "1.", ".5", "-1", "1e9", "PW-", "PW-----"}
	try := func(t interface {
		Helper()
		Fatalf(string, ...any)
	}, typed string) {
		t.Helper()
		start := time.Now()
		got, err := found(b, payout.InStore("s1"), typed)
		if err != nil || slices.Contains(got, "CCCC20M9X4QD") {
			t.Fatalf("%.40q: got %v and %v, want no error and nothing of another store", typed, got, err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Fatalf("%.40q: took %v", typed, took)
		}
		if _, err := b.Payouts().Totals(b.Context(), payout.InStore("s1"), payout.Filter{Text: typed}); err != nil {
			t.Fatalf("%.40q: totals: %v", typed, err)
		}
		if _, err := b.Payouts().Recipients(b.Context(), payout.InStore("s1"), "s1", "", typed); err != nil {
			t.Fatalf("%.40q: recipients: %v", typed, err)
		}
	}
	for _, typed := range hostile {
		try(t, typed)
	}
	rapid.Check(t, func(t *rapid.T) { try(t, rapid.String().Draw(t, "typed")) })
}

// A beginning that few words have is looked for as these words, one that many have as it is: the same is found, also within a store.
func TestSearchByBeginning(t *testing.T) {
	b := newBench(t)
	for i := range 60 {
		p := whole(payout.ID(fmt.Sprintf("PAYOUT%06d", i)))
		p.Content.Details[0].Value = []string{"Koffi", "Koffigan", "KOFFIÉ", "koffi王", "Kofi"}[i%5] + " " + fmt.Sprintf("Many%03d", i)
		if p.Store = "s1"; i%2 == 1 {
			p.Store = "s2"
		}
		b.must(b.Payouts().Insert(t.Context(), p))
	}
	for _, scope := range []payout.Scope{payout.Everywhere(), payout.InStore("s1")} {
		all := 60
		if !scope.Reach().All {
			all = 30
		}
		for typed, want := range map[string]int{"koffi": all * 4 / 5, "Kòffi": all * 4 / 5, "koffig": all / 5, "KOFFIE": all / 5, "koffi王": all / 5, "kofi": all / 5, "kof": all, "k": all,
			"many": all, "many0": all, "koffi many0": all * 4 / 5, "koffi zzzzz": 0, "zzzzz": 0, "koffix": 0, "many000x": 0} {
			if got, err := found(b, scope, typed); err != nil || len(got) != want {
				t.Errorf("%q in %v: got %d and %v, want %d", typed, scope.Reach(), len(got), err, want)
			}
		}
	}
}

// What this program takes for the plain form of a letter is the one that the index has.
func TestFoldedAsTheIndexDoes(t *testing.T) {
	d, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }() // what counts is checked
	d.SetMaxOpenConns(1)
	if _, err := d.ExecContext(t.Context(), `create virtual table w using fts5 (words, tokenize = 'unicode61 remove_diacritics 2')`); err != nil {
		t.Fatal(err)
	}
	tx, err := d.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }() // nothing is kept
	n := 0
	for r := rune(0x21); r < 0x3000; r++ { // beyond are no Latin letters that have accents
		word, ok := db.Folded("aaaa" + string(r))
		if !ok || !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) {
			continue
		}
		n++
		if _, err := tx.ExecContext(t.Context(), `insert into w (rowid, words) values ($1, $2)`, r, "aaaa"+string(r)); err != nil {
			t.Fatal(err)
		}
		var there bool
		if err := tx.QueryRowContext(t.Context(), `select exists (select 1 from w where words match $1 and rowid = $2)`, `"`+word+`"`, r).Scan(&there); err != nil || !there {
			t.Errorf("%U %c: the index does not have it as %q (%v)", r, r, word, err)
		}
	}
	if n < 300 {
		t.Errorf("got %d letters", n)
	}
}
