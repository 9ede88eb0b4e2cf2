package handlers_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/paper"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
	"github.com/paywicket/paywicket/web/workbook"
)

// past is a console with a history that was made up: stores in two time zones, and one that only super admins see.
type past struct {
	*site
	file    string
	super   access.Person
	kora    store.Store
	lantern store.Store
	foreign store.Store
	all     []*payout.Payout
}

const past0 = "2026-11-20"

func newPast(t *testing.T, n int) *past {
	t.Helper()
	t.Parallel() // each has a database of its own
	s := &past{}
	var err error
	s.site = newSite(t, func(c *web.Config) {
		s.file = c.Database
		c.Providers = []providers.Definition{{ID: "moneroo", Name: "Moneroo"}, {ID: "goldenpay", Name: "GoldenPay"}}
		c.Workbook = workbook.New
		if c.Receipt, err = paper.New(""); err != nil {
			t.Fatal(err)
		}
	})
	s.super = s.setup()
	s.kora = s.store(s.super, "Kora Market")
	lantern, err := s.admin.Stores.OpenStore(t.Context(), s.super, "Lantern House", "Asia/Bangkok")
	if err != nil {
		t.Fatal(err)
	}
	s.lantern, s.foreign = lantern, s.store(s.super, "Elsewhere")
	s.person("Lan Phương Đỗ", lanMail, merchant(s.kora), merchant(s.lantern))
	s.person("Marit de Graaf", maritMail, accountantOf(s.kora), accountantOf(s.lantern))
	s.fill(n)
	return s
}

// fill makes payouts of every state, store, mode and currency. The same number gives the same history.
func (s *past) fill(n int) {
	s.t.Helper()
	lan := s.byEmail(lanMail)
	day, err := time.Parse(time.DateOnly, past0)
	if err != nil {
		s.t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range n {
		p := madeUp(r, i, day.Add(-time.Duration(r.IntN(20*24*60))*time.Minute))
		p.Store = []store.ID{s.kora.ID, s.lantern.ID, s.foreign.ID}[r.IntN(3)]
		p.Author = lan.ID
		s.all = append(s.all, p)
	}
	s.insert(s.all...)
}

// madeUp is a payout that nobody asked for.
func madeUp(r *rand.Rand, i int, at time.Time) *payout.Payout {
	currency := []string{"XOF", "EUR", "VND"}[r.IntN(3)]
	company := []string{"moneroo", "goldenpay"}[r.IntN(2)]
	p := &payout.Payout{ID: payout.ID(fmt.Sprintf("P%011d", i)), Version: 1, State: payout.States()[r.IntN(len(payout.States()))],
		CreatedAt: at, UpdatedAt: at, SubmittedAt: at,
		Content: payout.Content{Account: "a1", Provider: company, Company: strings.ToUpper(company), Live: r.IntN(5) > 0, Method: company + "_m", MethodName: "Method of " + company,
			Amount: money.Amount{Minor: 1 + r.Int64N(9_000_000), Currency: currency}, Description: fmt.Sprintf("Order %d", i),
			Details: []payout.Detail{{Name: "name", Value: fmt.Sprintf("Somebody %c", 'A'+i%26), Role: providers.RoleName},
				{Name: "account", Value: fmt.Sprintf("2299700%05d", i), Role: providers.RoleAccount}}}}
	if p.State == payout.Draft || p.State == payout.Discarded {
		p.Content, p.Input = payout.Content{}, payout.Input{Description: fmt.Sprintf("Half of order %d", i)}
		return p
	}
	if p.State == payout.Paid {
		p.Fee = money.Amount{Minor: r.Int64N(900), Currency: currency}
	}
	if p.State.InFlight() || p.State == payout.Paid || p.State == payout.Failed {
		p.Attempts = []payout.Attempt{{No: 1, Decision: 1, Reference: fmt.Sprintf("REF%09d", i), RemoteID: fmt.Sprintf("wt-%06d", i), StartedAt: at}}
	}
	if r.IntN(20) == 0 {
		p.Conflicts = []payout.Conflict{{At: at, Source: payout.FromWebhook, Code: "amount", Expected: "1", Got: "2"}}
	}
	return p
}

func (s *past) insert(all ...*payout.Payout) {
	s.t.Helper()
	data, err := db.Open(s.t.Context(), s.file, db.Options{Now: s.clock.Now, NewID: func() string { return fmt.Sprint(rand.Uint64()) }})
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = data.Close() }()
	for _, p := range all {
		if err := data.Payouts().Insert(s.t.Context(), p); err != nil {
			s.t.Fatal(err)
		}
	}
}

// exec changes the database behind the console's back.
func (s *past) exec(query string, args ...any) {
	s.t.Helper()
	raw, err := sql.Open("sqlite", "file:"+s.file+"?_pragma=busy_timeout(5000)")
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	if _, err := raw.ExecContext(s.t.Context(), query, args...); err != nil {
		s.t.Fatal(err)
	}
}

// fits filters as plainly as can be; what comes out is in the order of the page.
func (s *past) fits(oldest bool, want func(*payout.Payout) bool) []string {
	var found []*payout.Payout
	for _, p := range s.all {
		if p.Store != s.foreign.ID && want(p) {
			found = append(found, p)
		}
	}
	slices.SortFunc(found, func(a, b *payout.Payout) int {
		if c := b.CreatedAt.Compare(a.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(string(b.ID), string(a.ID))
	})
	if oldest {
		slices.Reverse(found)
	}
	ids := []string{}
	for _, p := range found {
		ids = append(ids, string(p.ID))
	}
	return ids
}

// rows are the payouts a page of the history lists.
func rows(p *page) []string {
	ids := []string{}
	for _, a := range p.all(".table--mixed .table__a a.table__link") {
		id, _, _ := strings.Cut(strings.TrimPrefix(attr(a, "href"), "/payouts/"), "/")
		ids = append(ids, id)
	}
	return ids
}

// pager is the address of the newer or the older rows, "" if there are none.
func pager(p *page, word string) string {
	for _, a := range p.all(".pager__links a") {
		if strings.Contains(words(a), word) {
			return attr(a, "href")
		}
	}
	return ""
}

// through asks for every page from one on.
func (b *browser) through(path, word string) []string {
	b.t.Helper()
	ids := []string{}
	for path != "" {
		p := b.get(path)
		if p.status != 200 {
			b.t.Fatalf("%s: got %d", path, p.status)
		}
		ids = append(ids, rows(p)...)
		path = pager(p, word)
	}
	return ids
}
