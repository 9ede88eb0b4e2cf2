package db_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/seed"
)

// BenchmarkSeed tells how many rows a second a made-up history is written with, indexes and sums included.
func BenchmarkSeed(b *testing.B) {
	for b.Loop() {
		d, err := db.Open(b.Context(), b.TempDir()+"/p.db", db.Options{Now: func() time.Time { return begin }})
		if err != nil {
			b.Fatal(err)
		}
		done, err := d.Seed(b.Context(), seed.New(100_000, 4, 1, begin), 100_000, func(db.Seeded) {})
		if err != nil {
			b.Fatal(err)
		}
		if err := d.Close(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(done.Rows())/done.Took.Seconds(), "rows/s")
	}
}

// A made-up history is one the program could have written: sums, indexes and searches hold of it, and it is the same for the same
// seed. It is never mixed with anything real.
func TestSeed(t *testing.T) {
	b := newBench(t)
	b.exec(`delete from stores`)
	b.exec(`delete from accounts`)
	h := seed.New(3000, 3, 7, begin)
	steps := 0
	done, err := b.Seed(t.Context(), h, 4000, func(db.Seeded) { steps++ })
	b.must(err)
	if done.Payouts != 3000 || done.Webhooks != 4000 || done.Stores != 3 || done.Accounts != 15 || steps == 0 {
		t.Errorf("got %+v in %d steps", done, steps)
	}
	b.must(b.Check(t.Context()))
	var all []*payout.Payout
	for p := range seed.New(3000, 3, 7, begin).Payouts() {
		all = append(all, p)
	}
	for _, f := range []payout.Filter{{Limit: 5000}, {Limit: 5000, States: []payout.State{payout.Failed}}, {Limit: 5000, Currency: "XOF", From: payout.DayOf(begin) - 400},
		{Limit: 5000, Text: "koffi"}} {
		page, err := b.Payouts().List(t.Context(), payout.Everywhere(), f)
		b.must(err)
		totals, err := b.Payouts().Totals(t.Context(), payout.Everywhere(), f)
		b.must(err)
		n := 0
		for _, total := range totals {
			n += total.Count
		}
		if n != len(page.Rows) || n == 0 {
			t.Errorf("%+v: got %d rows, and totals of %d", f, len(page.Rows), n)
		}
	}
	for i := range 3 {
		p, err := b.Payouts().Find(t.Context(), payout.Everywhere(), all[i*1000].ID)
		b.must(err)
		if p.Torn || p.Content.Amount != all[i*1000].Content.Amount {
			t.Errorf("got %+v", p)
		}
	}
	b.update(all[10].ID, func(p *payout.Payout) { p.State = payout.Returned })
	var differ int
	b.must(b.raw.QueryRow(`select count(*) from (select day, state, count(*) n, sum(minor) m from payouts group by 1, 2
		except select span, state, sum(payouts), sum(large) * 1000000000 + sum(small) from sums where span between 1 and 99999 group by 1, 2)`).Scan(&differ))
	if differ != 0 {
		t.Errorf("got %d days and states whose sums differ", differ)
	}
	if _, err := b.Seed(t.Context(), h, 0, func(db.Seeded) {}); !errors.Is(err, db.ErrRealData) {
		t.Errorf("got %v, want it refused where there is a history", err)
	}
}

// A history that is not whole is told from a whole one.
func TestSeedCutOff(t *testing.T) {
	path := t.TempDir() + "/p.db"
	open := func() (*db.DB, error) {
		return db.Open(t.Context(), path, db.Options{Now: func() time.Time { return begin }})
	}
	d, err := open()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cut := context.WithCancel(t.Context())
	if _, err := d.Seed(ctx, seed.New(50_000, 1, 1, begin), 0, func(db.Seeded) { cut() }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := open(); !errors.Is(err, db.ErrHalfSeeded) {
		t.Errorf("got %v, want it refused", err)
	}
}
