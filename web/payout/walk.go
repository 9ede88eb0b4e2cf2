package payout

import (
	"context"
	"time"

	"github.com/paywicket/paywicket/providers/money"
)

// Walker reads everything a filter finds, however much that is. db.Payouts is the only implementation.
type Walker interface {
	// Each calls each for every row f finds, in the order of the list, from its beginning to its end whatever page f names.
	// It holds one row at a time, which each must not keep. Payouts made after it began are left out. An error of each ends it and is returned.
	Each(ctx context.Context, s Scope, f Filter, each func(*Line) error) (Walk, error)
}

// Line is a row of the list as an export reads it: without what no file tells (SentAt, Quiet, and the
// identifiers of provider and method), and with when it ended.
type Line struct {
	Row
	EndedAt time.Time // zero: it has not
	Booked  Booked
}

// Walk is how a list was read.
type Walk struct {
	Rows int
	// Begun and Done are the moments between which rows were read. A row is as it stood at one of them; all rows are as they
	// stood at Begun if Moments is 1.
	Begun, Done time.Time
	Moments     int
}

// Net is what left the store: amount and fee of a payout that is paid, where both are in one currency; else no amount.
func (r *Row) Net() money.Amount {
	if r.State != Paid || r.Fee.Currency != r.Amount.Currency {
		return money.Amount{}
	}
	sum, err := r.Amount.Add(r.Fee)
	if err != nil {
		return money.Amount{}
	}
	return sum
}
