package sim

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
)

func ends() []End {
	return []End{{"success", providers.Paid}, {"failed", providers.Failed}, {"cancelled", providers.Cancelled}, {"returned", providers.Returned}}
}

func TestEnd(t *testing.T) {
	const told = 500 * time.Millisecond // half a pace: only the beginning was told
	tests := []struct {
		name    string
		after   time.Duration
		ends    []End
		want    []string
		past    []string
		balance int64
	}{
		{"paid at once", told, ends()[:1], []string{"executed 5000", "tell initiated", "tell success"}, []string{"initiated"}, 7000},
		{"failed at once", told, ends()[1:2], []string{"executed 5000", "tell initiated", "tell failed"}, []string{"initiated"}, 12000},
		{"failed twice", told, []End{ends()[1], ends()[2]}, []string{"executed 5000", "tell initiated", "tell failed", "tell cancelled"}, []string{"initiated", "failed"}, 12000},
		{"failed, then paid", told, []End{ends()[1], ends()[0]}, []string{"executed 5000", "tell initiated", "tell failed", "tell success"}, []string{"initiated", "failed"}, 7000},
		{"returned after its end", time.Minute, ends()[3:], []string{"executed 5000", "tell initiated", "tell success", "tell returned"}, []string{"initiated", "pending", "success"}, 12000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &diary{}
				l := d.ledger(Options{Funds: []money.Amount{xof(12000)}})
				o, _ := l.Book(draft(Normal))
				time.Sleep(tt.after)
				synctest.Wait()
				for _, end := range tt.ends {
					if now, err := l.End(o.RemoteID, end, Notice{}); err != nil || now.Status != end.Word {
						t.Fatalf("got %q, %v, want %q", now.Status, err, end.Word)
					}
				}
				time.Sleep(time.Minute) // nothing follows
				synctest.Wait()
				if diff := cmp.Diff(tt.want, d.lines); diff != "" {
					t.Errorf("what happened differs (-want +got):\n%s", diff)
				}
				now, _ := l.Find(providers.Attempt{RemoteID: o.RemoteID})
				if diff := cmp.Diff(tt.past, now.Past); diff != "" {
					t.Errorf("past differs (-want +got):\n%s", diff)
				}
				if got := l.Balance()[0].Minor; got != tt.balance {
					t.Errorf("got a balance of %d, want %d", got, tt.balance)
				}
				if _, err := l.Advance(o.RemoteID); !errors.Is(err, ErrEnd) {
					t.Errorf("got %v, want %v", err, ErrEnd)
				}
			})
		})
	}
}

// TestEndWithoutMoney: what came back may be spent meanwhile, and is then not there to be paid after all.
func TestEndWithoutMoney(t *testing.T) {
	l := NewLedger(Options{Funds: []money.Amount{xof(5000)}, Config: providers.SimulatorConfig{After: func(time.Duration, func()) {}}})
	first, _ := l.Book(draft(Normal))
	if _, err := l.End(first.RemoteID, ends()[1]); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Book(draft(Normal)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.End(first.RemoteID, ends()[0]); !errors.Is(err, ErrBalance) {
		t.Errorf("got %v, want %v", err, ErrBalance)
	}
	if now, _ := l.Find(providers.Attempt{RemoteID: first.RemoteID}); now.Status != "failed" || l.Balance()[0].Minor != 0 {
		t.Errorf("got %s and %v left, want it as it was", now.Status, l.Balance())
	}
}

func TestForcedOnlyIfExecuted(t *testing.T) {
	l := NewLedger(Options{Config: providers.SimulatorConfig{After: func(time.Duration, func()) {}}})
	o, _ := l.Open(draft(Normal))
	for name, do := range map[string]func(id string) error{
		"end":     func(id string) error { _, err := l.End(id, ends()[0]); return err },
		"advance": func(id string) error { _, err := l.Advance(id); return err },
	} {
		if err := do(o.RemoteID); !errors.Is(err, ErrOpen) {
			t.Errorf("%s: got %v, want %v", name, err, ErrOpen)
		}
		if err := do("nothing"); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: got %v, want %v", name, err, ErrNotFound)
		}
	}
}

// TestAdvance takes the steps by hand: each once, what it waits for or not, and told as if it had come by itself.
func TestAdvance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		l := d.ledger(Options{Funds: []money.Amount{xof(5000)}})
		slow := draft(Slow)
		slow.Plan[len(slow.Plan)-1].Returns = true
		o, _ := l.Book(slow)
		time.Sleep(500 * time.Millisecond)
		synctest.Wait()
		for _, want := range []string{"pending", "success"} {
			if now, err := l.Advance(o.RemoteID); err != nil || now.Status != want {
				t.Errorf("got %q, %v, want %q", now.Status, err, want)
			}
		}
		if _, err := l.Advance(o.RemoteID); !errors.Is(err, ErrEnd) {
			t.Errorf("got %v, want %v", err, ErrEnd)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if diff := cmp.Diff([]string{"executed 5000", "tell initiated", "tell success"}, d.lines); diff != "" {
			t.Errorf("what happened differs (-want +got):\n%s", diff)
		}
		if got := l.Balance()[0].Minor; got != 5000 {
			t.Errorf("got a balance of %d, want what came back", got)
		}
	})
}

// TestForcedTogether forces orders from many sides while their plans proceed. Whatever comes first: an order is executed
// once, and its money is away if and only if it is paid or under way.
func TestForcedTogether(t *testing.T) {
	const orders, start = 30, int64(1_000_000)
	l := NewLedger(Options{Funds: []money.Amount{xof(start)}, Config: providers.SimulatorConfig{Pace: time.Millisecond}})
	var wg sync.WaitGroup
	for i := range orders {
		o, err := l.Book(draft([]Scenario{Normal, FailsLater, AtOnce}[i%3]))
		if err != nil {
			t.Fatal(err)
		}
		for n := range 3 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(uint64(i), uint64(n)))
				for range 5 {
					_, _ = l.Advance(o.RemoteID) // at its end or not
					if r.IntN(2) == 0 {
						_, _ = l.End(o.RemoteID, ends()[r.IntN(4)]) // in any order
					}
				}
			})
		}
	}
	wg.Wait()
	want := start
	for _, o := range l.Orders(time.Time{}, time.Time{}) {
		if o.Status == "success" {
			want -= o.Amount.Minor
		}
		if o.Taken != len(o.Plan) {
			t.Errorf("%s: got %d steps taken of %d, want it at its end", o.RemoteID, o.Taken, len(o.Plan))
		}
	}
	if got := l.Balance()[0].Minor; got != want {
		t.Errorf("got a balance of %d, want %d", got, want)
	}
}
