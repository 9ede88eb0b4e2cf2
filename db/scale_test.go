package db_test

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/seed"
)

var (
	sizes = flag.String("sizes", "2000,20000", "how many payouts the histories hold that BenchmarkScale compares")
	kept  = flag.String("kept", "", "folder in which those histories are kept for the next time")
)

// seeded opens a made-up history of n payouts.
func seeded(b *testing.B, n int) *db.DB {
	b.Helper()
	folder := *kept
	if folder == "" {
		folder = b.TempDir()
	}
	path := filepath.Join(folder, fmt.Sprintf("made-up-%d.db", n))
	_, err := os.Stat(path)
	d, open := db.Open(b.Context(), path, db.Options{Now: func() time.Time { return begin }})
	if open != nil {
		b.Fatal(open)
	}
	b.Cleanup(func() { _ = d.Close() })
	if err == nil {
		return d
	}
	done, err := d.Seed(b.Context(), seed.New(n, 10, 1, begin), n, func(db.Seeded) {})
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d payouts: %.0f rows/s", n, float64(done.Rows())/done.Took.Seconds())
	return d
}

// look is one thing people look up.
type look struct {
	name string
	of   func(context.Context, *db.DB, sample) error
}

// sample is what of a history the looks need to know beforehand.
type sample struct {
	id   payout.ID
	deep payout.Cursor // at 90 % of the list
	day  payout.Day
}

func sampleOf(b *testing.B, d *db.DB, n int) sample {
	b.Helper()
	var s sample
	i := 0
	for p := range seed.New(n, 10, 1, begin).Payouts() {
		if i == n/10 {
			s.deep = payout.Cursor{At: p.CreatedAt, ID: p.ID}
		}
		if i == n/2 {
			s.id, s.day = p.ID, payout.DayOf(p.CreatedAt)
			break
		}
		i++
	}
	if _, err := d.Payouts().Find(b.Context(), payout.Everywhere(), s.id); err != nil {
		b.Fatal(err)
	}
	return s
}

func list(f func(sample) payout.Filter) func(context.Context, *db.DB, sample) error {
	return func(ctx context.Context, d *db.DB, s sample) error {
		_, err := d.Payouts().List(ctx, payout.Everywhere(), f(s))
		return err
	}
}

func looks() []look {
	return []look{
		{"first page", list(func(sample) payout.Filter { return payout.Filter{} })},
		{"page at 90 %", list(func(s sample) payout.Filter { return payout.Filter{After: s.deep} })},
		{"status and dates", list(func(s sample) payout.Filter {
			return payout.Filter{States: []payout.State{payout.Paid}, From: s.day - 60, To: s.day}
		})},
		{"by id", func(ctx context.Context, d *db.DB, s sample) error {
			_, err := d.Payouts().Find(ctx, payout.Everywhere(), s.id)
			return err
		}},
		{"typed id", list(func(s sample) payout.Filter { return payout.Filter{Text: s.id.Number()} })},
		{"word", list(func(sample) payout.Filter { return payout.Filter{Text: "koffi"} })},
		{"one letter", list(func(sample) payout.Filter { return payout.Filter{Text: "k"} })},
		{"two words", list(func(sample) payout.Filter { return payout.Filter{Text: "adjoa zinsou"} })},
		{"two letters", list(func(sample) payout.Filter { return payout.Filter{Text: "ad"} })},
		{"nothing fits", list(func(sample) payout.Filter { return payout.Filter{Currency: "KWD"} })},
		{"rare in three stores", func(ctx context.Context, d *db.DB, _ sample) error {
			_, err := d.Payouts().List(ctx, payout.InStore("seed0000000000000000000003"), payout.Filter{States: []payout.State{payout.NotExecuted, payout.NotSent}, Currency: "EUR"})
			return err
		}},
		{"one account", list(func(sample) payout.Filter {
			return payout.Filter{Provider: "etpay", Store: "seed0000000000000000000002"}
		})},
		{"amount", list(func(sample) payout.Filter { return payout.Filter{Currency: "XOF", Min: "12345", Max: "12400"} })},
		{"totals", func(ctx context.Context, d *db.DB, _ sample) error {
			_, err := d.Payouts().Totals(ctx, payout.Everywhere(), payout.Filter{})
			return err
		}},
		{"totals of dates", func(ctx context.Context, d *db.DB, s sample) error {
			_, err := d.Payouts().Totals(ctx, payout.Everywhere(), payout.Filter{From: s.day - 200, To: s.day})
			return err
		}},
		{"two weeks by day", func(ctx context.Context, d *db.DB, _ sample) error {
			_, err := d.Payouts().Volume(ctx, payout.Everywhere(), payout.DayOf(begin)-14)
			return err
		}},
		{"counts", func(ctx context.Context, d *db.DB, _ sample) error {
			_, err := d.Payouts().Counts(ctx, payout.Everywhere())
			return err
		}},
		{"used", func(ctx context.Context, d *db.DB, _ sample) error {
			_, err := d.Payouts().Used(ctx, payout.Everywhere())
			return err
		}},
		{"recipients", func(ctx context.Context, d *db.DB, _ sample) error {
			_, err := d.Payouts().Recipients(ctx, payout.Everywhere(), "seed0000000000000000000002", "", "ko")
			return err
		}},
	}
}

// typical is how long a look usually takes, the first ones left out.
func typical(b *testing.B, d *db.DB, s sample, l look) time.Duration {
	b.Helper()
	var all []time.Duration
	for i := range 60 {
		start := time.Now()
		if err := l.of(b.Context(), d, s); err != nil {
			b.Fatalf("%s: %v", l.name, err)
		}
		if took := time.Since(start); i >= 5 {
			all = append(all, took)
		}
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// BenchmarkScale tells by which power of the history's length the time of each look grows, from the smallest history to the largest.
// 0 is no growth; 1 would be twice the time for twice the payouts.
//
//	go test ./db -run xxx -bench Scale -benchtime 1x -sizes 10000,1000000,10000000 -kept DIR
func BenchmarkScale(b *testing.B) {
	var all []int
	for text := range strings.SplitSeq(*sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, n)
	}
	for b.Loop() {
		took := make([]map[string]time.Duration, len(all))
		for i, n := range all {
			took[i] = map[string]time.Duration{}
			d := seeded(b, n)
			s := sampleOf(b, d, n)
			for _, l := range looks() {
				took[i][l.name] = typical(b, d, s, l)
			}
		}
		last := len(all) - 1
		for _, l := range looks() {
			line := fmt.Sprintf("%-22s", l.name)
			for i := range all {
				line += fmt.Sprintf(" %10s", took[i][l.name].Round(time.Microsecond))
			}
			power := math.Log(float64(took[last][l.name])/float64(took[0][l.name])) / math.Log(float64(all[last])/float64(all[0]))
			fmt.Fprintf(os.Stderr, "%s  power %.3f\n", line, power)
			b.ReportMetric(power, strings.ReplaceAll(l.name, " ", "_")+"-power")
		}
		b.ReportMetric(float64(took[last]["page at 90 %"])/float64(took[last]["first page"]), "deep/first")
	}
}
