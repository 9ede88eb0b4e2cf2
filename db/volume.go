package db

import (
	"context"
	"fmt"
	"time"

	"github.com/paywicket/paywicket/web/payout"
)

// slot is the largest piece that days of every time zone are made of: some zones are a quarter of an hour off.
const slot = 15 * time.Minute

// Volume adds up what was made since a time, a quarter of an hour at a time.
func (r Payouts) Volume(ctx context.Context, s payout.Scope, since time.Time) ([]payout.Slot, error) {
	var w where
	w.scope(s, "p.store")
	w.add("p.created_at >= ?", millis(since))
	return collect(ctx, r.d.read, func(scan func(...any) error) (payout.Slot, error) {
		var v payout.Slot
		var n int64
		total, err := scanTotal(func(to ...any) error { return scan(append([]any{&n}, to...)...) })
		v.At, v.Total = moment(n*slot.Milliseconds()), total
		return v, err
	}, fmt.Sprintf(`select p.created_at / %d, `, slot.Milliseconds())+totalColumns+` from payouts p where `+w.String()+`
		group by 1, p.currency, p.live, p.state order by 1`, w.args...)
}
