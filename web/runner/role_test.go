package runner_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/runner"
)

// TestOneSendEach is invariant 1 with everybody pulling at once: one request for each decision.
func TestOneSendEach(t *testing.T) {
	w := newWorld(t)
	w.take(w.runner)
	const n = 20
	var all []*payout.Payout
	for range n {
		all = append(all, w.approved())
	}
	var pullers sync.WaitGroup
	for range 64 {
		pullers.Go(func() {
			w.runner.Wake()
			if err := w.runner.Step(w.ctx); err != nil {
				t.Error(err)
			}
		})
	}
	pullers.Wait()
	w.runner.Wait()
	for _, p := range all {
		p = w.want(p, payout.Accepted, n, n)
		if len(p.Attempts) != 1 {
			t.Errorf("got %d attempts, want 1", len(p.Attempts))
		}
	}
}

// TestLoop runs the real loop: payouts are approved while 64 others wake it, and each is sent once.
func TestLoop(t *testing.T) {
	w := newWorld(t)
	w.bank.arrived = make(chan order, 100)
	ctx, stop := context.WithCancel(w.ctx)
	ended := make(chan error, 1)
	go func() { ended <- w.runner.Run(ctx) }()
	const n = 10
	var wakers sync.WaitGroup
	for range 64 {
		wakers.Go(func() {
			for range 50 {
				w.runner.Wake()
			}
		})
	}
	var all []*payout.Payout
	for range n {
		all = append(all, w.approved())
	}
	for range n {
		<-w.bank.arrived
	}
	wakers.Wait()
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
	for _, p := range all {
		w.want(p, payout.Accepted, n, n)
	}
	if n := w.number(`select count(*) from balances`); n != 1 {
		t.Errorf("got %d balances read, want 1", n)
	}
}

// TestLeavingFinishesTheSend: who is asked to stop in the middle of a send writes down what came of it.
func TestLeavingFinishesTheSend(t *testing.T) {
	w := newWorld(t)
	w.bank.arrived = make(chan order)
	answer := make(chan struct{})
	w.bank.pay = func(rw http.ResponseWriter, o order) {
		<-answer
		reply(rw, 200, w.bank.execute(o, "accepted"))
	}
	p := w.approved()
	ctx, stop := context.WithCancel(w.ctx)
	ended := make(chan error, 1)
	go func() { ended <- w.runner.Run(ctx) }()
	<-w.bank.arrived
	stop()
	select {
	case err := <-ended:
		t.Fatalf("left in the middle of a send: %v", err)
	default:
	}
	close(answer)
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
	w.want(p, payout.Accepted, 1, 1)
}

// TestLeavingStartsNothing: what waits for its turn when the process is asked to leave stays for the next one.
func TestLeavingStartsNothing(t *testing.T) {
	w := newWorld(t)
	w.bank.arrived = make(chan order)
	answer := make(chan struct{})
	w.bank.pay = func(rw http.ResponseWriter, o order) {
		<-answer
		reply(rw, 200, w.bank.execute(o, "accepted"))
	}
	const atOnce = 8
	for range atOnce + 3 {
		w.approved()
	}
	ctx, stop := context.WithCancel(w.ctx)
	ended := make(chan error, 1)
	go func() { ended <- w.runner.Run(ctx) }()
	for range atOnce {
		<-w.bank.arrived
	}
	stop()
	close(answer)
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
	for state, want := range map[payout.State]int{payout.Accepted: atOnce, payout.Approved: 3} {
		if n := w.number(`select count(*) from payouts where state = $1`, string(state)); n != want {
			t.Errorf("got %d %s, want %d", n, state, want)
		}
	}
}

// TestNothingIsSentWithoutTheRole: neither before it is taken nor after it is given up (invariant 18).
func TestNothingIsSentWithoutTheRole(t *testing.T) {
	w := newWorld(t)
	p := w.approved()
	w.step(w.runner)
	w.want(p, payout.Approved, 0, 0)
	w.must(w.runner.Take(w.ctx))
	w.must(w.runner.Leave())
	w.step(w.runner)
	w.want(p, payout.Approved, 0, 0)
	w.take(w.runner)
	w.step(w.runner)
	w.want(p, payout.Accepted, 1, 1)
}

// TestCrashAfterTheClaim is invariant 2: what a process that died had claimed is unknown, and is only asked about.
func TestCrashAfterTheClaim(t *testing.T) {
	for name, executed := range map[string]bool{"carried out": true, "never left": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			first := w.newRunner(freely{})
			w.must(first.Take(w.ctx))
			p := w.approved()
			claimed, err := w.payouts.Claim(w.ctx, w.scope(), p.ID, 1)
			w.must(err)
			if executed {
				w.bank.execute(order{Reference: claimed.Reference(), Amount: "12.34", Currency: "EUR"}, "accepted")
			}
			moved := w.bank.moved()
			// The first process is gone; here is the next one.
			w.take(w.runner)
			if got := w.want(p, payout.Unknown, 0, moved); got.Attempts[0].Outcome != payout.Unknown || got.DueAt.IsZero() {
				t.Errorf("got %+v due %s, want an unknown outcome that is looked up", got.Attempts[0], got.DueAt)
			}
			if n := w.number(`select count(*) from audit where action = 'payout.answered' and details like '%sender_gone%'`); n != 1 {
				t.Errorf("got %d audit rows, want 1", n)
			}
			for range 40 {
				w.clock.add(time.Hour)
				w.step(w.runner)
			}
			want := payout.Unknown
			if executed {
				want = payout.Accepted
			}
			w.want(p, want, 0, moved)
			if w.bank.count("/orders") == 0 {
				t.Error("the bank was not asked")
			}
		})
	}
}

// TestRestarts: thirty days of restarts, and nothing unknown is sent again (invariant 2).
func TestRestarts(t *testing.T) {
	w := newWorld(t)
	w.bank.pay = func(rw http.ResponseWriter, o order) { cut(rw) }
	w.bank.look = func(rw http.ResponseWriter, _ order) { reply(rw, 404, order{}) }
	w.must(w.runner.Take(w.ctx))
	p := w.approved()
	w.step(w.runner)
	w.must(w.runner.Leave())
	for range 30 {
		w.clock.add(24 * time.Hour)
		next := w.newRunner(flock.New(w.path + ".sender"))
		w.must(next.Take(w.ctx))
		w.step(next)
		w.must(next.Leave())
	}
	w.want(p, payout.Unknown, 1, 0)
}

// TestSecondProcessWaits is invariant 18 by the lock: it takes the role when the first leaves.
func TestSecondProcessWaits(t *testing.T) {
	w := newWorld(t)
	second := w.newRunner(flock.New(w.path + ".sender"))
	w.must(w.runner.Take(w.ctx))
	ctx, stop := context.WithCancel(w.ctx)
	waiting := make(chan struct{})
	w.log.mu.Lock()
	w.log.on["another process sends; waiting"] = func() { close(waiting) }
	w.log.mu.Unlock()
	ended := make(chan error, 1)
	go func() { ended <- second.Take(ctx) }()
	<-waiting
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it waited", err)
	}
	w.must(w.runner.Leave())
	w.must(second.Take(w.ctx))
	w.must(second.Leave())
}

// TestOldProcessWakesUp is invariant 18 by the number: who was overtaken claims nothing, though it was never told.
func TestOldProcessWakesUp(t *testing.T) {
	w := newWorld(t)
	old := w.newRunner(freely{})
	w.must(old.Take(w.ctx))
	fresh := w.newRunner(freely{})
	w.take(fresh)
	p := w.approved()
	w.step(old)
	w.want(p, payout.Approved, 0, 0)
	w.step(fresh)
	w.want(p, payout.Accepted, 1, 1)
}

// TestOldProcessEndsItsLoop: it notices that it was overtaken and leaves.
func TestOldProcessEndsItsLoop(t *testing.T) {
	w := newWorld(t)
	old := w.newRunner(freely{})
	took := make(chan struct{})
	w.log.mu.Lock()
	w.log.on["sender role taken"] = func() { close(took) }
	w.log.mu.Unlock()
	ended := make(chan error, 1)
	go func() { ended <- old.Run(w.ctx) }()
	<-took
	fresh := w.newRunner(freely{})
	w.take(fresh)
	p := w.approved()
	old.Wake()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "taken over") {
		t.Errorf("got %v, want that the role was taken over", err)
	}
	w.want(p, payout.Approved, 0, 0)
}

// TestTwoProcessesPullAtOnce: both think they may, one payout each decision.
func TestTwoProcessesPullAtOnce(t *testing.T) {
	w := newWorld(t)
	one, two := w.newRunner(freely{}), w.newRunner(freely{})
	w.must(one.Take(w.ctx))
	w.must(two.Take(w.ctx))
	const n = 10
	var all []*payout.Payout
	for range n {
		all = append(all, w.approved())
	}
	var pullers sync.WaitGroup
	for i := range 64 {
		pullers.Go(func() {
			if err := []*runner.Runner{one, two}[i%2].Step(w.ctx); err != nil {
				t.Error(err)
			}
		})
	}
	pullers.Wait()
	one.Wait()
	two.Wait()
	w.step(two)
	for _, p := range all {
		w.want(p, payout.Accepted, n, n)
	}
}

// TestOvertakenInTheMiddle: the role changes hands while a request is out. The payout is unknown from then on; the answer
// that comes after that is taken in as news, and nothing is sent again.
func TestOvertakenInTheMiddle(t *testing.T) {
	w := newWorld(t)
	old := w.newRunner(freely{})
	w.must(old.Take(w.ctx))
	w.bank.arrived = make(chan order)
	answer := make(chan struct{})
	w.bank.pay = func(rw http.ResponseWriter, o order) {
		<-answer
		reply(rw, 200, w.bank.execute(o, "paid"))
	}
	p := w.approved()
	w.must(old.Step(w.ctx))
	<-w.bank.arrived
	fresh := w.newRunner(freely{})
	w.take(fresh)
	w.want(p, payout.Unknown, 1, 0)
	close(answer)
	old.Wait()
	w.want(p, payout.Paid, 1, 1)
	w.step(fresh)
	w.want(p, payout.Paid, 1, 1)
}

// TestRecordIsTriedAgain: an answer that cannot be written down at once is not lost.
func TestRecordIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.take(w.runner)
	p := w.approved()
	w.raw(`create trigger busy before update on attempts when new.ended_at > 0 begin select raise(abort, 'busy'); end`)
	w.log.on["write down an answer"] = func() { w.raw(`drop trigger busy`) }
	w.step(w.runner)
	w.want(p, payout.Accepted, 1, 1)
	if n := w.log.has("write down an answer"); n != 1 {
		t.Errorf("got %d tries in vain, want 1", n)
	}
}

// TestRecordIsGivenUp: what cannot be written down becomes unknown as soon as anything can be, without a restart, and is
// found by asking.
func TestRecordIsGivenUp(t *testing.T) {
	w := newWorld(t)
	w.take(w.runner)
	p := w.approved()
	w.raw(`create trigger full before update on attempts when new.outcome = 'accepted' begin select raise(abort, 'disk full'); end`)
	w.log.on["write down an answer"] = func() { w.clock.add(time.Minute) }
	w.step(w.runner)
	w.want(p, payout.Sending, 1, 1)
	w.step(w.runner) // takes the role anew
	w.want(p, payout.Unknown, 1, 1)
	w.raw(`drop trigger full`)
	w.clock.add(time.Minute)
	w.step(w.runner)
	w.want(p, payout.Accepted, 1, 1)
}

// TestRoleThatCannotBeTaken leaves the lock to others.
func TestRoleThatCannotBeTaken(t *testing.T) {
	w := newWorld(t)
	w.raw(`create trigger full before update on sender begin select raise(abort, 'disk full'); end`)
	if err := w.runner.Take(w.ctx); err == nil {
		t.Fatal("no error")
	}
	w.raw(`drop trigger full`)
	w.take(w.newRunner(flock.New(w.path + ".sender")))
}

// TestHaltDoesNotStarveLookUps: a hundred payouts that must wait do not stand in the way of one that is to be looked up.
func TestHaltDoesNotStarveLookUps(t *testing.T) {
	w := newWorld(t)
	w.take(w.runner)
	first := w.approved()
	w.step(w.runner)
	w.want(first, payout.Accepted, 1, 1)
	w.must(w.access.Halt(w.ctx, w.boss, "doubt"))
	for range 70 {
		w.approved()
	}
	w.bank.set(w.find(first).Reference(), "paid")
	w.clock.add(time.Minute)
	w.step(w.runner)
	w.want(first, payout.Paid, 1, 1)
}
