package inbox_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/seed"
)

var (
	listed = flag.Int("listed", 20_000, "how many payouts the history holds that BenchmarkListMeanwhile looks at")
	looks  = flag.Int("looks", 500, "how often it looks at it in each of its turns")
	steady = flag.Int("steady", 500, "how many webhooks a second its bounded load is")
)

// load is how webhooks come in while people look at the list.
type load struct {
	name   string
	goOn   func(stop <-chan struct{}) func() bool // what its senders are told; nil: nobody sends
	p99s   []time.Duration                        // of each turn: what all looks but one in a hundred take less than
	posted int64
	took   time.Duration
}

// p99 is that of the turn in which the rest of the machine was the quietest.
func (l *load) p99() time.Duration { return slices.Min(l.p99s) }

// look looks at the first page that often while the load is on.
func (l *load) look(w *world, times int) {
	stop, done := make(chan struct{}), make(chan int64, 1)
	if l.goOn != nil {
		go func() { done <- w.storm(l.goOn(stop)) }()
	} else {
		done <- 0
	}
	took := make([]time.Duration, 0, times)
	began := time.Now()
	for range times {
		start := time.Now()
		if _, err := w.db.Payouts().List(w.ctx, payout.Everywhere(), payout.Filter{}); err != nil {
			w.t.Error(err)
		}
		took = append(took, time.Since(start))
	}
	close(stop)
	l.posted += <-done
	l.took += time.Since(began)
	slices.Sort(took)
	l.p99s = append(l.p99s, took[len(took)*99/100])
}

// untilStopped sends as fast as answers come.
func untilStopped(stop <-chan struct{}) func() bool {
	return func() bool {
		select {
		case <-stop:
			return false
		default:
			return true
		}
	}
}

// atPace sends that many a second; one that was kept waiting by the others is sent at once.
func atPace(perSecond int) func(<-chan struct{}) func() bool {
	return func(stop <-chan struct{}) func() bool {
		var n atomic.Int64
		began := time.Now()
		return func() bool {
			turn := began.Add(time.Duration(n.Add(1)) * time.Second / time.Duration(perSecond))
			select {
			case <-stop:
				return false
			case <-time.After(time.Until(turn)):
				return true
			}
		}
	}
}

// BenchmarkListMeanwhile compares the 99th percentile of the history's first page alone, while webhooks come in at a steady pace, and
// while 32 senders post as fast as they are answered. The three take turns, and the best turn of each counts: other programs on the
// machine disturb now this one, now that one.
//
//	go test ./web/inbox -run xxx -bench ListMeanwhile -benchtime 1x -listed 1000000
func BenchmarkListMeanwhile(b *testing.B) {
	w := newWorld(b)
	_, err := w.db.Seed(w.ctx, seed.New(*listed, 10, 1, w.clock.now()), 0, func(db.Seeded) {})
	w.must(err)
	w.connect()
	const turns = 8
	for b.Loop() {
		loads := []*load{{name: "alone"}, {name: "steady", goOn: atPace(*steady)}, {name: "storm", goOn: untilStopped}}
		(&load{}).look(w, 100) // not counted: nothing is in memory yet
		for range turns {
			for _, l := range loads {
				l.look(w, *looks)
			}
		}
		for _, l := range loads {
			rate := float64(l.posted) / cmp.Or(l.took.Seconds(), 1)
			fmt.Fprintf(os.Stderr, "%-7s p99 %s, %.0f webhooks/s\n", l.name, l.p99(), rate)
			b.ReportMetric(float64(l.p99())/float64(loads[0].p99()), l.name+"/alone-p99")
		}
	}
}
