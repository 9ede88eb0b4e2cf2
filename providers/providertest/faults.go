package providertest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/sim"
)

// impatient returns a fault to be met and a context to meet it with. Where the fault would last for ever, the context
// ends soon after the request arrived: however slow the machine is, it is given up in the middle of the answer.
func (b *bench) impatient(fault sim.NamedFault) (context.Context, sim.Fault) {
	ctx, giveUp := context.WithCancel(b.t.Context())
	b.t.Cleanup(giveUp)
	if fault.Name != "hang" && fault.Name != "drip" {
		return ctx, fault.Fault
	}
	return ctx, func(w http.ResponseWriter, r *http.Request) {
		time.AfterFunc(50*time.Millisecond, giveUp)
		fault.Fault(w, r)
	}
}

// checkFaults: no connection is "not sent"; whatever goes wrong once the request that moves money has left is unknown,
// whether the company carried it out or not, and so is an answer that is on nobody's reject list.
func checkFaults(t *testing.T, c Case) {
	t.Run("dead host", func(t *testing.T) { checkDeadHost(t, c) })
	t.Run("given up before", func(t *testing.T) { checkGivenUp(t, c) })
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a redirect was followed")
	}))
	t.Cleanup(elsewhere.Close)
	all := append(sim.Broken(elsewhere.URL), unlisted()...)
	for _, fault := range all {
		for when, booked := range map[string]bool{"before": false, "after": true} {
			t.Run(fault.Name+" "+when, func(t *testing.T) {
				t.Parallel()
				checkFault(t, c, fault, booked)
			})
		}
		t.Run(fault.Name+" at the first step", func(t *testing.T) {
			t.Parallel()
			checkFirstStep(t, c, fault)
		})
		t.Run(fault.Name+" at a look-up", func(t *testing.T) {
			t.Parallel()
			checkLookupFault(t, c, fault)
		})
	}
}

// unlisted are refusals that no company's documents let us believe.
func unlisted() []sim.NamedFault {
	return []sim.NamedFault{
		{Name: "401", Fault: sim.Status(http.StatusUnauthorized)},
		{Name: "403", Fault: sim.Status(http.StatusForbidden)},
		{Name: "404", Fault: sim.Status(http.StatusNotFound)},
		{Name: "409", Fault: sim.Status(http.StatusConflict)},
		{Name: "JSON of something else", Fault: other},
	}
}

// other answers 200 with JSON that has nothing to do with the request.
func other(w http.ResponseWriter, _ *http.Request) { sim.JSON(w, http.StatusOK, []any{nil, 1, "ok"}) }

// nobody listens there: the port is reserved. One that was free a moment ago may be taken by another test.
const nobody = "http://127.0.0.1:1"

func checkDeadHost(t *testing.T, c Case) {
	alive := newBench(t, c, setup{})
	b := newBench(t, c, setup{base: nobody})
	for _, e := range c.Orders {
		// Prepare would fail; what is asked is what Send says.
		b.provider = unprepared{b.provider}
		if s := b.send(alive.order(e)); providers.KindOf(s.err) != providers.NotSent {
			t.Errorf("%s: got %v, want an error of kind not sent", e.Method, s.err)
		}
	}
}

// unprepared hides that an adapter wants to prepare.
type unprepared struct{ providers.Provider }

func checkGivenUp(t *testing.T, c Case) {
	b := newBench(t, c, setup{})
	o := b.order(c.Orders[0])
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b.provider = unprepared{b.provider}
	if s := b.sendAs(ctx, o, o); providers.KindOf(s.err) != providers.NotSent || len(b.executions()) > 0 {
		t.Errorf("got %v and %d orders executed, want an error of kind not sent", s.err, len(b.executions()))
	}
}

func checkFault(t *testing.T, c Case, fault sim.NamedFault, booked bool) {
	b := newBench(t, c, setup{})
	o := b.order(c.Orders[0])
	ctx, broken := b.impatient(fault)
	if booked {
		b.faults.After(b.isMoving, broken)
	} else {
		b.faults.Next(b.isMoving, broken)
	}
	s := b.sendAs(ctx, o, o)
	if b.faults.Pending() != 0 {
		t.Fatalf("the fault was not met: %v", s.err)
	}
	if s.err == nil || providers.KindOf(s.err) != providers.Unknown || !s.written {
		t.Errorf("got %v (written: %v), want an error of kind unknown", s.err, s.written)
	}
	b.server.Close() // waits until the simulator is done
	want := 0
	if booked {
		want = 1
	}
	if n := len(b.executions()); n != want {
		t.Errorf("got %d orders executed, want %d", n, want)
	}
	b.wantFlagged(s)
}

// wantFlagged: refused keys freeze the account, so they must be told from other trouble.
func (b *bench) wantFlagged(s sent) {
	b.t.Helper()
	e, ok := errors.AsType[*providers.Error](s.err)
	b.mu.Lock()
	defer b.mu.Unlock()
	last := b.exchanges[len(b.exchanges)-1]
	if ok && last.Status == http.StatusUnauthorized && !e.Credentials {
		b.t.Errorf("got %v for a 401, want it to say that the keys were refused", s.err)
	}
}

// checkFirstStep breaks the answer to a first step, if there is one: no money may move after it.
func checkFirstStep(t *testing.T, c Case, fault sim.NamedFault) {
	b := newBench(t, c, setup{})
	o := b.order(c.Orders[0])
	ctx, broken := b.impatient(fault)
	b.faults.After(b.isFirstStep, broken)
	s := b.sendAs(ctx, o, o)
	if b.faults.Pending() != 0 {
		return // one step
	}
	if s.err == nil || s.written || len(b.executions()) > 0 {
		t.Errorf("got %v, %d orders executed; want an error and none", s.err, len(b.executions()))
	}
}

// checkLookupFault breaks a look-up: it then says nothing about the order.
func checkLookupFault(t *testing.T, c Case, fault sim.NamedFault) {
	b := newBench(t, c, setup{})
	s := b.send(b.order(c.Orders[0]))
	if s.err != nil {
		t.Fatalf("send: %v", s.err)
	}
	ctx, broken := b.impatient(fault)
	b.faults.Next(nil, broken)
	r, err := b.provider.Lookup(ctx, s.attempt())
	if _, signsIn := b.provider.(providers.Preparer); signsIn && err == nil && fault.Name == "401" {
		b.faults.Next(isReading, broken) // it signed in anew, and asked again; now that is refused too
		b.faults.Next(isReading, broken)
		r, err = b.provider.Lookup(ctx, s.attempt())
	}
	b.say(err, r)
	if kind := providers.KindOf(err); err == nil || r.Status != "" || kind == providers.Refused || kind == providers.NotSent && b.met() {
		t.Errorf("got %+v, %v; want an error that proves nothing", r, err)
	}
}

func isReading(r *http.Request) bool { return r.Method == http.MethodGet }

// met reports whether the fault was met: an Unsupported look-up asks nobody.
func (b *bench) met() bool { return b.faults.Pending() == 0 }
