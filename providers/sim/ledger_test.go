package sim

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
)

func words() Words {
	return Words{Start: "initiated", Progress: "pending", Paid: "success", Failed: "failed", Tells: []string{"initiated"}}
}

func xof(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "XOF"} }

func draft(s Scenario) Order {
	return Order{Order: providers.Order{Reference: "R1", Amount: xof(5000), CallbackURL: "http://hook"}, Plan: words().Plan(s)}
}

// diary notes what happens, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

func (d *diary) ledger(o Options) *Ledger {
	o.Config.Pace = time.Second
	o.Config.Executed = func(e providers.Execution) { d.note("executed %d", e.Order.Amount.Minor) }
	o.Notify = func(o Order, n Notice) {
		text := "tell " + o.Status
		if n.Status != "" {
			text = "tell " + n.Status + " late"
		}
		if n.Off {
			text += " off"
		}
		if n.Forged {
			text += " forged"
		}
		d.note("%s", text)
	}
	return NewLedger(o)
}

func TestPlans(t *testing.T) {
	tests := []struct {
		scenario Scenario
		want     []string
		end      string
	}{
		{Normal, []string{"executed 5000", "answer initiated", "tell initiated", "tell success"}, "success"},
		{FailsLater, []string{"executed 5000", "answer initiated", "tell initiated", "tell failed"}, "failed"},
		{AtOnce, []string{"executed 5000", "answer success", "tell success"}, "success"},
		{Slow, []string{"executed 5000", "answer initiated", "tell initiated"}, "pending"},
		{Duplicate, []string{"executed 5000", "answer initiated", "tell initiated", "tell success", "tell success"}, "success"},
		{ForgedFirst, []string{"executed 5000", "answer initiated", "tell initiated", "tell success forged", "tell success"}, "success"},
		{Early, []string{"executed 5000", "tell success", "answer initiated", "tell initiated"}, "success"},
		{WrongAmount, []string{"executed 5000", "answer initiated", "tell initiated", "tell success off"}, "success"},
		{Silent, []string{"executed 5000", "answer initiated", "tell initiated"}, "success"},
		{OddWord, []string{"executed 5000", "answer initiated", "tell initiated", "tell success"}, "success"},
		{OutOfOrder, []string{"executed 5000", "answer initiated", "tell initiated", "tell success", "tell pending late"}, "success"},
	}
	for _, tt := range tests {
		t.Run(string(tt.scenario), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &diary{}
				l := d.ledger(Options{})
				o, err := l.Book(draft(tt.scenario))
				if err != nil {
					t.Fatal(err)
				}
				d.note("answer %s", o.Status)
				time.Sleep(time.Minute) // of the bubble
				synctest.Wait()
				if diff := cmp.Diff(tt.want, d.lines); diff != "" {
					t.Errorf("what happened differs (-want +got):\n%s", diff)
				}
				if got, _ := l.Find(providers.Attempt{RemoteID: o.RemoteID}); got.Status != tt.end {
					t.Errorf("got %s in the end, want %s", got.Status, tt.end)
				}
			})
		})
	}
}

func TestOddWordIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := (&diary{}).ledger(Options{})
		o, _ := l.Book(draft(OddWord))
		time.Sleep(1500 * time.Millisecond)
		if got, _ := l.Find(providers.Attempt{RemoteID: o.RemoteID}); got.Status != oddWord {
			t.Errorf("got %s, want %s", got.Status, oddWord)
		}
	})
}

func TestSlowTakesLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		l := d.ledger(Options{})
		o, _ := l.Book(draft(Slow))
		time.Sleep(time.Hour)
		for i := range 5 {
			if got, _ := l.Look(providers.Attempt{RemoteID: o.RemoteID}); got.Status != "pending" {
				t.Errorf("look %d: got %s, want pending", i+1, got.Status)
			}
		}
		if got, _ := l.Look(providers.Attempt{Reference: "R1"}); got.Status != "success" {
			t.Errorf("look 6: got %s, want success", got.Status)
		}
		synctest.Wait()
		if diff := cmp.Diff([]string{"executed 5000", "tell initiated", "tell success"}, d.lines); diff != "" {
			t.Errorf("what happened differs (-want +got):\n%s", diff)
		}
	})
}

// TestLooksCountAnew: each status is seen as often as its step says, whatever was seen before.
func TestLooksCountAnew(t *testing.T) {
	l := NewLedger(Options{Config: providers.SimulatorConfig{After: func(_ time.Duration, f func()) { f() }}})
	o, _ := l.Book(Order{Plan: Plan{{Status: "a"}, {Status: "b", Looks: 2}, {Status: "c", Looks: 1}}})
	for i, want := range []string{"a", "a", "b", "b", "c"} {
		if got, _ := l.Look(providers.Attempt{RemoteID: o.RemoteID}); got.Status != want {
			t.Errorf("look %d: got %s, want %s", i+1, got.Status, want)
		}
	}
}

func TestSlowWithoutLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := (&diary{}).ledger(Options{})
		w := words()
		w.Timed, w.Progress = true, ""
		o := draft(Slow)
		o.Plan = w.Plan(Slow)
		booked, _ := l.Book(o)
		for after, want := range []string{"initiated", "initiated", "success"} {
			if got, _ := l.Find(providers.Attempt{RemoteID: booked.RemoteID}); got.Status != want {
				t.Errorf("after %d: got %s, want %s", after, got.Status, want)
			}
			time.Sleep(2600 * time.Millisecond)
		}
	})
}

func TestExecutedOnce(t *testing.T) {
	var executed atomic.Int64
	l := NewLedger(Options{Config: providers.SimulatorConfig{
		Executed: func(providers.Execution) { executed.Add(1) }, After: func(time.Duration, func()) {},
	}})
	o, err := l.Open(draft(Normal))
	if err != nil || o.Status != "" || executed.Load() != 0 {
		t.Fatalf("got %v, %q, %d executions, want it only opened", err, o.Status, executed.Load())
	}
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			if _, err := l.Execute(o.RemoteID); err != nil && !errors.Is(err, ErrExecuted) {
				t.Errorf("got %v, want %v", err, ErrExecuted)
			}
		})
	}
	wg.Wait()
	if executed.Load() != 1 {
		t.Errorf("got %d executions, want 1", executed.Load())
	}
	if _, err := l.Execute("nothing"); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v, want %v", err, ErrNotFound)
	}
}

func TestRepeatedReference(t *testing.T) {
	for _, unique := range []bool{false, true} {
		d := &diary{}
		l := d.ledger(Options{Unique: unique, Config: providers.SimulatorConfig{After: func(time.Duration, func()) {}}})
		first, err := l.Book(draft(Normal))
		if err != nil {
			t.Fatal(err)
		}
		second, err := l.Book(draft(Normal))
		if unique != errors.Is(err, ErrDuplicate) || !unique && second.RemoteID == first.RemoteID {
			t.Errorf("unique %v: got %v, %s after %s", unique, err, second.RemoteID, first.RemoteID)
		}
		if got, _ := l.Find(providers.Attempt{Reference: "R1"}); got.RemoteID != first.RemoteID {
			t.Errorf("unique %v: got %s, want the first, %s", unique, got.RemoteID, first.RemoteID)
		}
		if want := map[bool]int{true: 1, false: 2}[unique]; len(d.lines) != want {
			t.Errorf("unique %v: got %d executions, want %d", unique, len(d.lines), want)
		}
	}
}

func TestFunds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := (&diary{}).ledger(Options{Funds: []money.Amount{xof(12000), {Minor: 5, Currency: "USD"}}})
		balance := func(want int64) {
			t.Helper()
			if diff := cmp.Diff([]money.Amount{{Minor: 5, Currency: "USD"}, xof(want)}, l.Balance()); diff != "" {
				t.Errorf("balance differs (-want +got):\n%s", diff)
			}
		}
		for _, s := range []Scenario{FailsLater, Normal} {
			if _, err := l.Book(draft(s)); err != nil {
				t.Fatal(err)
			}
		}
		balance(2000)
		if _, err := l.Book(draft(Normal)); !errors.Is(err, ErrBalance) {
			t.Errorf("got %v, want %v", err, ErrBalance)
		}
		time.Sleep(time.Minute)
		balance(7000)
	})
}

func TestOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := (&diary{}).ledger(Options{})
		start := time.Now()
		for i := range 3 {
			if _, err := l.Book(Order{RemoteID: fmt.Sprint("o", i)}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
		}
		if _, err := l.Book(Order{RemoteID: "o1"}); !errors.Is(err, ErrDuplicate) {
			t.Errorf("got %v, want %v", err, ErrDuplicate)
		}
		var got []string
		for _, o := range l.Orders(start.Add(time.Minute), start.Add(2*time.Hour)) {
			got = append(got, o.RemoteID)
		}
		if diff := cmp.Diff([]string{"o1"}, got); diff != "" {
			t.Errorf("orders differ (-want +got):\n%s", diff)
		}
		if got := len(l.Orders(time.Time{}, time.Time{})); got != 3 {
			t.Errorf("got %d orders without bounds, want 3", got)
		}
	})
}

func TestFindNothing(t *testing.T) {
	l := NewLedger(Options{})
	if _, err := l.Open(Order{}); err != nil { // an order without a reference is not found by an empty one
		t.Fatal(err)
	}
	for _, a := range []providers.Attempt{{}, {RemoteID: "x"}, {Reference: "x"}} {
		if _, found := l.Find(a); found {
			t.Errorf("got an order for %+v, want none", a)
		}
		if _, found := l.Look(a); found {
			t.Errorf("got an order looking for %+v, want none", a)
		}
	}
}

func TestScenarios(t *testing.T) {
	usd := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "USD"} }
	tests := []struct {
		amount money.Amount
		last   int
		want   Scenario
	}{
		{xof(5000), 0, Normal},
		{xof(5003), 3, Cut},
		{usd(500312), 3, Cut},
		{usd(3), 0, Normal},
		{usd(1299), 12, ForgedFirst},
		{money.Amount{Minor: 5017, Currency: "???"}, 17, Hang},
		{xof(99), 99, Normal},
	}
	for _, tt := range tests {
		if last, s := LastTwo(tt.amount), ForAmount(tt.amount); last != tt.last || s != tt.want {
			t.Errorf("%v: got %d, %s, want %d, %s", tt.amount, last, s, tt.last, tt.want)
		}
	}
	seen := map[Scenario]bool{}
	for i, row := range Table() {
		if row.Last != i+1 || seen[row.Scenario] || row.Does == "" {
			t.Errorf("row %d: got %+v, want each scenario once, in order, described", i, row)
		}
		seen[row.Scenario] = true
	}
}

func TestIDs(t *testing.T) {
	if a, b := ID("a", 12), ID("b", 12); a == b || a != ID("a", 12) || len(a) != 12 || len(ID("a", 48)) != 48 {
		t.Errorf("got %s, %s, want two of 12 characters, always the same", a, b)
	}
	if a, b := UUID("a"), UUID("b"); a == b || a != UUID("a") || len(a) != 36 || a[14] != '4' {
		t.Errorf("got %s, %s, want two UUIDs, always the same", a, b)
	}
}

func TestDefaults(t *testing.T) {
	cfg := Defaults(providers.SimulatorConfig{})
	cfg.Executed(providers.Execution{})
	if reply, err := cfg.Deliver(nil); reply.Status != 200 || err != nil || cfg.WebhookURLs() != nil || cfg.Now().IsZero() || cfg.Pace != defaultPace {
		t.Errorf("got %+v, %v, %+v, want everything usable", reply, err, cfg)
	}
}
