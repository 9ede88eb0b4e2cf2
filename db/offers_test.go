package db_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// told is what the lists must say of payouts, reckoned a second time without SQL.
func told(all []*payout.Payout, fits func(*payout.Payout) bool) []*payout.Payout {
	var left []*payout.Payout
	for _, p := range all {
		if fits(p) {
			left = append(left, p)
		}
	}
	slices.SortFunc(left, func(a, b *payout.Payout) int {
		if c := b.CreatedAt.Compare(a.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(string(b.ID), string(a.ID))
	})
	return left
}

func idsOf(rows []payout.Told) []payout.ID {
	var all []payout.ID
	for _, r := range rows {
		all = append(all, r.ID)
	}
	return all
}

func of(p *payout.Payout, account store.AccountID) bool {
	return p.Content.Account == account || p.Content.Account == "" && p.Input.Account == account
}

// TestOpenOf: what is still to be decided or sent, of one account, in the stores that one may see.
func TestOpenOf(t *testing.T) {
	b := newBench(t)
	all := history(b, 300)
	want := told(all, func(p *payout.Payout) bool {
		return p.Store == "s1" && of(p, "a1") && slices.Contains([]payout.State{payout.Draft, payout.Submitted, payout.Approved}, p.State)
	})
	for _, limit := range []int{2, 1000} {
		rows, err := b.Payouts().OpenOf(t.Context(), payout.InStore("s1"), "a1", limit)
		b.must(err)
		var ids []payout.ID
		for _, p := range want[:min(limit, len(want))] {
			ids = append(ids, p.ID)
		}
		if diff := cmp.Diff(ids, idsOf(rows)); diff != "" {
			t.Errorf("limit %d (-want +got):\n%s", limit, diff)
		}
		for i, r := range rows {
			if r.Version != 1 || r.Sent != (len(want[i].Attempts) > 0) || !cmp.Equal(r.Details, want[i].Typed()) || r.Key != want[i].Content.RecipientKey() {
				t.Errorf("%s: got %+v, want %+v", r.ID, r, want[i])
			}
			if r.State == payout.Draft && r.Method != want[i].Input.Method {
				t.Errorf("%s: got method %q of a draft", r.ID, r.Method)
			}
		}
	}
	if rows, err := b.Payouts().OpenOf(t.Context(), payout.InStore("s3"), "a1", 9); err != nil || len(rows) > 0 {
		t.Errorf("another store's: got %d, %v", len(rows), err)
	}
}

// TestRecipientsOf: each recipient once for each method, by the latest payout, and only among so many.
func TestRecipientsOf(t *testing.T) {
	b := newBench(t)
	all := history(b, 300)
	named := told(all, func(p *payout.Payout) bool { return of(p, "a1") && p.Content.RecipientKey() != "" })
	for _, latest := range []int{1, 7, 1000} {
		seen, want := map[string]time.Time{}, map[string]bool{}
		for _, p := range named[:min(latest, len(named))] {
			key := p.Content.Method + " " + p.Content.RecipientKey()
			if _, ok := seen[key]; !ok {
				seen[key] = p.CreatedAt
				want[key+" "+p.CreatedAt.String()] = true
			}
		}
		rows, err := b.Payouts().RecipientsOf(t.Context(), payout.Everywhere(), "a1", latest)
		b.must(err)
		got := map[string]bool{}
		for i, r := range rows {
			got[r.Method+" "+r.Key+" "+r.CreatedAt.String()] = true
			if i > 0 && r.CreatedAt.After(rows[i-1].CreatedAt) {
				t.Errorf("latest %d: row %d is out of order", latest, i)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || len(rows) != len(got) {
			t.Errorf("latest %d: %d rows (-want +got):\n%s", latest, len(rows), diff)
		}
	}
	if rows, err := b.Payouts().RecipientsOf(t.Context(), payout.InStore("s3"), "a1", 9); err != nil || len(rows) > 0 {
		t.Errorf("another store's: got %d, %v", len(rows), err)
	}
}

// TestMendedIsTold: what was completed for a recipient goes with its latest payout, until there is a later one.
func TestMendedIsTold(t *testing.T) {
	b := newBench(t)
	p := whole("PAYOUT000001")
	b.must(b.Payouts().Insert(t.Context(), p))
	m := store.Mended{Account: p.Content.Account, Method: p.Content.Method, Key: p.Content.RecipientKey(), Details: map[string]string{"purpose": "rent"}, By: "mia"}
	for name, test := range map[string]struct {
		at   time.Time
		want map[string]string
	}{"before the payout": {p.CreatedAt.Add(-time.Minute), nil}, "after it": {p.CreatedAt.Add(time.Minute), m.Details}} {
		m.At = test.at
		b.must(b.Stores().SaveMended(t.Context(), m))
		rows, err := b.Payouts().RecipientsOf(t.Context(), payout.Everywhere(), p.Content.Account, 9)
		b.must(err)
		if len(rows) != 1 || !cmp.Equal(rows[0].Mended, test.want) || !cmp.Equal(rows[0].Details, p.Typed()) {
			t.Errorf("%s: got %+v", name, rows)
		}
	}
}

// TestListsOfAnAccountUseTheirIndex: what they cost does not grow with the table.
func TestListsOfAnAccountUseTheirIndex(t *testing.T) {
	b := newBench(t)
	for index, query := range map[string]string{
		"payouts_open": `select seq from payouts p where p.account = 'a1' and p.state in ('draft', 'submitted', 'approved') order by p.created_at desc, p.id desc limit 9`,
		"payouts_told": `select seq, recipient_key, method, created_at from payouts where account = 'a1' and recipient_key <> '' order by created_at desc, id desc limit 9`,
	} {
		if plan := b.plan(query); !strings.Contains(plan, index) || strings.Contains(plan, "B-TREE") {
			t.Errorf("%s: the plan is %q", index, plan)
		}
	}
}

// plan is how the database would read a query.
func (b *bench) plan(query string) string {
	b.Helper()
	rows, err := b.raw.QueryContext(b.Context(), "explain query plan "+query)
	b.must(err)
	defer func() { b.must(rows.Close()) }()
	var all []string
	for rows.Next() {
		var id, parent, other int
		var text string
		b.must(rows.Scan(&id, &parent, &other, &text))
		all = append(all, text)
	}
	b.must(rows.Err())
	return strings.Join(all, "; ")
}
