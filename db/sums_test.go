package db_test

import (
	"math"
	"testing"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/payout"
)

// Invariant 10: sums of amounts beyond any measure keep no payout from being written down, and are no smaller sums when they are read.
func TestInvariant10SumsBeyondMeasure(t *testing.T) {
	b := newBench(t)
	for _, id := range []payout.ID{"P1", "P2", "P3"} {
		p := whole(id)
		p.State, p.Content.Amount, p.Fee = payout.Paid, money.Amount{Minor: math.MaxInt64 / 2, Currency: "XOF"}, money.Amount{Minor: 3_000_000_001, Currency: "XOF"}
		b.must(b.Payouts().Insert(t.Context(), p))
		totals, err := b.Payouts().Totals(t.Context(), payout.Everywhere(), payout.Filter{})
		switch {
		case id == "P3" && err == nil:
			t.Errorf("three: got %+v, want an error", totals)
		case id == "P2" && (err != nil || totals[0].Amount.Minor != math.MaxInt64/2*2 || totals[0].Fee.Minor != 6_000_000_002):
			t.Errorf("two: got %+v and %v", totals, err)
		}
	}
	b.update("P3", func(p *payout.Payout) { p.State = payout.Returned })
	totals, err := b.Payouts().Totals(t.Context(), payout.Everywhere(), payout.Filter{States: []payout.State{payout.Returned}})
	if err != nil || len(totals) != 1 || totals[0].Amount.Minor != math.MaxInt64/2 || totals[0].Fee.Minor != 3_000_000_001 {
		t.Errorf("moved: got %+v and %v", totals, err)
	}
}
