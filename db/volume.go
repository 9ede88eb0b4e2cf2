package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// The spans of sums that are no day: for ever, and months as yyyymm. Days have at most five figures.
const (
	allTime    = 0
	firstMonth = 100_000
)

// sumColumns adds sums up. One that is too large for a whole number is no number that can be read.
const sumColumns = `currency, live, state, sum(payouts), sum(large) * 1000000000 + sum(small), sum(fee_large) * 1000000000 + sum(fee_small)`

// Volume adds up what was made since a day, by day.
func (r Payouts) Volume(ctx context.Context, s payout.Scope, since payout.Day) ([]payout.DayTotal, error) {
	var w where
	w.scope(s, "store")
	w.add("span >= ? and span < ?", int(since), firstMonth)
	return collect(ctx, r.d.read, func(scan func(...any) error) (payout.DayTotal, error) {
		var v payout.DayTotal
		total, err := scanTotal(func(to ...any) error { return scan(append([]any{&v.Day}, to...)...) })
		v.Total = total
		return v, err
	}, `select span, `+sumColumns+` from sums where `+w.String()+` group by span, currency, live, state order by span`, w.args...)
}

// Standings tells how the payouts of each provider have gone since the beginning of a day's month.
func (r Payouts) Standings(ctx context.Context, s payout.Scope, since payout.Day) ([]payout.Standing, error) {
	var w where
	w.scope(s, "store")
	w.add("span >= ? and live = 1 and provider <> ''", spanOf(firstOfMonth(since)))
	lost := append([]payout.State{}, payout.Lost()...)
	ways := []payout.State{payout.Sending, payout.Accepted, payout.Unknown}
	return collect(ctx, r.d.read, func(scan func(...any) error) (payout.Standing, error) {
		var one payout.Standing
		return one, scan(&one.Provider, &one.Paid, &one.Lost, &one.Open)
	}, `select provider, sum(case when state = 'paid' then payouts else 0 end), sum(case when `+oneOf("state", lost)+` then payouts else 0 end),
		sum(case when `+oneOf("state", ways)+` then payouts else 0 end)
		from sums where `+w.String()+` group by provider order by 2 desc, 1`, w.args...)
}

// oneOf is the condition that a column holds one of some states, which are words of our own.
func oneOf(column string, states []payout.State) string {
	return column + " in ('" + strings.Join(stateNames(states), "', '") + "')"
}

// sumsOf is a filter that the sums can answer, as they are asked; without the days.
func sumsOf(s payout.Scope, f payout.Filter) where {
	var w where
	w.scope(s, "store")
	w.addIf(string(f.Store), "store = ?")
	w.addIf(string(f.Account), "account = ?")
	w.addIf(f.Provider, "provider = ?")
	w.addIf(f.Currency, "currency = ?")
	w.mode(f.Mode, "")
	w.in("state", stateNames(f.States))
	return w
}

// addUp answers a filter from the sums: whole months from those of months, what is left from those of days.
func (r Payouts) addUp(ctx context.Context, s payout.Scope, f payout.Filter) ([]payout.Total, error) {
	w := sumsOf(s, f)
	w.spans(f.From, f.To)
	return collect(ctx, r.d.read, scanTotal, `select `+sumColumns+` from sums where `+w.String()+`
		group by currency, live, state order by currency, live desc, state`, w.args...)
}

// lastDay stands for an open end. It is beyond every payout and below every month.
const lastDay = payout.Day(firstMonth - 1)

// spans narrows sums to the fewest that cover two days and all between.
func (w *where) spans(from, to payout.Day) {
	if from == 0 && to == 0 {
		w.add("span = ?", allTime)
		return
	}
	if to == 0 {
		to = lastDay
	}
	begin := nextMonth(from - 1) // of the first whole month
	end := nextMonth(to)         // of the month after the last whole one
	if end > to+1 {
		end = firstOfMonth(to)
	}
	if begin >= end {
		w.add("span >= ? and span <= ?", max(int(from), 1), int(to))
		return
	}
	w.add("(span >= ? and span < ? or span >= ? and span < ? or span >= ? and span <= ?)",
		max(int(from), 1), int(begin), spanOf(begin), spanOf(end), int(end), int(to))
}

// firstOfMonth is the first day of a day's month.
func firstOfMonth(d payout.Day) payout.Day { return d - payout.Day(d.Time().Day()-1) }

// monthStart is the first day of a month written yyyymm.
func monthStart(span int) payout.Day {
	return payout.DayOf(time.Date(span/100, time.Month(span%100), 1, 0, 0, 0, 0, time.UTC))
}

// nextMonth is the first day of the month after a day's.
func nextMonth(d payout.Day) payout.Day { return payout.DayOf(firstOfMonth(d).Time().AddDate(0, 1, 0)) }

func spanOf(first payout.Day) int {
	t := first.Time()
	return t.Year()*100 + int(t.Month())
}

// fillDays gives payouts their day that were made before payouts had one. It goes in small steps, so that what is cut off goes on
// at the next start.
func (d *DB) fillDays(ctx context.Context) error {
	for {
		var left bool // asked before anything is written, so that nobody who is writing is waited for
		if err := d.write.QueryRowContext(ctx, `select exists (select 1 from payouts where day = 0)`).Scan(&left); err != nil || !left {
			return err
		}
		err := d.inTx(ctx, func(tx *sql.Tx) error {
			ids, err := collect(ctx, tx, func(scan func(...any) error) (undated, error) {
				var u undated
				return u, scan(&u.seq, &u.at, &u.store)
			}, `select seq, created_at, store from payouts where day = 0 limit 2000`)
			for i := 0; i < len(ids) && err == nil; i++ {
				err = ids[i].fill(ctx, d, tx)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("give payouts their day: %w", err)
		}
	}
}

// dayIn is the day of a time, never the one that stands for none.
func dayIn(at time.Time, zone *time.Location) int { return max(int(payout.DayOf(at.In(zone))), 1) }

// undated is a payout whose day is not known.
type undated struct {
	seq, at int64
	store   store.ID
}

func (u undated) fill(ctx context.Context, d *DB, tx *sql.Tx) error {
	zone, err := (world{ctx, d, tx}).Zone(u.store)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `update payouts set day = $2 where seq = $1`, u.seq, dayIn(moment(u.at), zone)); err != nil {
		return err
	}
	p, err := scanPayout(tx.QueryRowContext(ctx, `select `+payoutColumns+` from payouts where seq = $1`, u.seq).Scan)
	if err != nil {
		return err
	}
	p.Attempts, err = collect(ctx, tx, func(scan func(...any) error) (payout.Attempt, error) {
		var a payout.Attempt
		return a, scan(&a.Reference, &a.RemoteID)
	}, `select reference, remote_id from attempts where payout = $1 order by no`, string(p.ID))
	if err != nil {
		return err
	}
	return d.Payouts().saveWords(ctx, tx, p) // they name the store too since then
}
