package runner_test

import (
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/payout"
)

// Invariant 16: of two payouts that a sender left behind, what was kept with one is damaged. Both become unknown and are looked
// up, the one without what was kept; nothing is sent twice, and others are sent.
func TestInvariant16DamagedKept(t *testing.T) {
	w := newWorld(t)
	gone := w.newRunner(freely{})
	w.must(gone.Take(w.ctx))
	var left []*payout.Payout
	for range 2 {
		p, err := w.payouts.Claim(w.ctx, w.scope(), w.approved().ID, 1)
		w.must(err)
		w.must(w.payouts.Checkpoint(w.ctx, w.scope(), p.ID, 1, "", map[string]string{"key": "secret"}))
		w.bank.execute(order{Reference: p.Reference(), Amount: "12.34", Currency: "EUR"}, "paid")
		left = append(left, p)
	}
	w.raw(`update attempts set kept = x'00' where payout = $1`, string(left[0].ID))
	moved := w.bank.moved()
	w.take(w.runner)
	for i, p := range left {
		if got := w.want(p, payout.Unknown, 0, moved); got.Attempts[0].Damaged != (i == 0) {
			t.Errorf("%d: got %+v, want only the first damaged", i, got.Attempts[0])
		}
	}
	w.clock.add(time.Minute)
	w.step(w.runner)
	for _, p := range left {
		w.want(p, payout.Paid, 0, moved)
	}
	if w.log.has("is damaged") == 0 {
		t.Error("the log does not say so")
	}
	if n := w.number(`select count(*) from attempts where kept = x'00'`); n != 1 {
		t.Errorf("got %d, want the damaged value left as it is", n)
	}
	other := w.approved()
	w.step(w.runner)
	w.want(other, payout.Accepted, 1, moved+1)
}
