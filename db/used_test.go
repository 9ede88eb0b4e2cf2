package db_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/paywicket/paywicket/web/payout"
)

func TestUsed(t *testing.T) {
	b := newBench(t)
	all := history(b, 200)
	for name, scope := range map[string]payout.Scope{"everywhere": payout.Everywhere(), "one store": payout.InStore("s1"), "no store": payout.InStore("s9"), "nothing": {}} {
		var want payout.Used
		for _, p := range all {
			if c := p.Content; scope.Reach().Has(p.Store) && c.Method != "" {
				want.Methods = append(want.Methods, payout.UsedMethod{ID: c.Method, Name: c.MethodName, Company: c.Company})
				want.Currencies = append(want.Currencies, c.Amount.Currency)
			}
		}
		slices.SortFunc(want.Methods, func(a, b payout.UsedMethod) int { return strings.Compare(a.ID, b.ID) })
		want.Methods = slices.Compact(want.Methods)
		slices.Sort(want.Currencies)
		want.Currencies = slices.Compact(want.Currencies)
		got, err := b.Payouts().Used(t.Context(), scope)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(payout.UsedMethod{}, "Provider")); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestCorrections(t *testing.T) {
	b := newBench(t)
	b.in("P1", payout.Failed, nil)
	b.in("P3", payout.Draft, func(p *payout.Payout) { p.Follows = "P1" })
	b.in("P2", payout.Draft, func(p *payout.Payout) { p.Follows, p.CreatedAt = "P1", begin.Add(time.Hour) })
	for name, c := range map[string]struct {
		scope payout.Scope
		id    payout.ID
		want  []payout.ID
	}{
		"oldest first":  {payout.InStore("s1"), "P1", []payout.ID{"P3", "P2"}},
		"another store": {payout.InStore("s2"), "P1", nil},
		"none":          {payout.Everywhere(), "P2", nil},
		"of nothing":    {payout.Everywhere(), "", nil},
	} {
		rows, err := b.Payouts().Corrections(t.Context(), c.scope, c.id)
		var got []payout.ID
		for _, r := range rows {
			got = append(got, r.ID)
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v and %v, want %v", name, got, err, c.want)
		}
	}
}

// Invariant 10: the days add up to the totals of the same payouts.
func TestVolumeAddsUpToTheTotals(t *testing.T) {
	b := newBench(t)
	history(b, 200)
	for _, scope := range []payout.Scope{payout.Everywhere(), payout.InStore("s2"), {}} {
		for _, since := range []payout.Day{1, payout.DayOf(begin) + 3, payout.DayOf(begin) + 40} {
			days, err := b.Payouts().Volume(t.Context(), scope, since)
			b.must(err)
			totals, err := b.Payouts().Totals(t.Context(), scope, payout.Filter{From: since})
			b.must(err)
			sum := map[payout.Total]payout.Total{}
			key := func(t payout.Total) payout.Total {
				return payout.Total{Currency: t.Currency, Live: t.Live, State: t.State}
			}
			last := payout.Day(0)
			for _, s := range days {
				if s.Day < since || s.Day < last {
					t.Errorf("got day %v after %v, want days in order, since %v", s.Day, last, since)
				}
				last = s.Day
				all := sum[key(s.Total)]
				all.Currency, all.Live, all.State, all.Count = s.Currency, s.Live, s.State, all.Count+s.Count
				all.Amount.Currency, all.Fee.Currency = s.Amount.Currency, s.Fee.Currency
				all.Amount.Minor, all.Fee.Minor = all.Amount.Minor+s.Amount.Minor, all.Fee.Minor+s.Fee.Minor
				sum[key(s.Total)] = all
			}
			want := map[payout.Total]payout.Total{}
			for _, total := range totals {
				want[key(total)] = total
			}
			if diff := cmp.Diff(want, sum); diff != "" {
				t.Errorf("since %v (-totals +sum of the days):\n%s", since, diff)
			}
		}
	}
}
