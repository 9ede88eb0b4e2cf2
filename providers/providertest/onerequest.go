package providertest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/sim"
)

// checkOneRequest: a send makes exactly one request that moves money, for exactly what was approved. An adapter that
// needs two steps has the identifier stored in between, and stops if that fails.
func checkOneRequest(t *testing.T, c Case) {
	for _, e := range c.Orders {
		t.Run(e.Method, func(t *testing.T) {
			t.Parallel()
			checkSteps(t, c, e)
			checkApproved(t, c, e)
		})
	}
	t.Run("checkpoint fails", func(t *testing.T) { checkCheckpoint(t, c) })
	t.Run("without a permit", func(t *testing.T) { checkPermit(t, c) })
	t.Run("at the same time", func(t *testing.T) { checkTogether(t, c) })
	t.Run("the same reference again", func(t *testing.T) { checkRepeated(t, c) })
	t.Run("booked, but the answer lacks its identifier", func(t *testing.T) { checkNoID(t, c) })
}

func checkSteps(t *testing.T, c Case, e Example) {
	b := newBench(t, c, setup{})
	s := b.send(b.order(e))
	if s.err != nil {
		t.Fatalf("send: %v", s.err)
	}
	if n := len(b.executions()); s.moved != 1 || n != 1 {
		t.Errorf("got %d requests that move money and %d orders executed, want one each", s.moved, n)
	}
	if b.steps() > 1 && (len(s.kept) == 0 || s.keptWhen != 0) {
		t.Errorf("two steps: Checkpoint was called %d times, the first after %d executions; want it before", len(s.kept), s.keptWhen)
	}
}

// steps counts the requests that described an order or moved money.
func (b *bench) steps() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for name, moves := range b.moves {
		if moves || b.describes[name] {
			n++
		}
	}
	return n
}

// checkApproved: under the permit for another order nothing leaves. It shows that the adapter reads back what it wrote.
func checkApproved(t *testing.T, c Case, e Example) {
	b := newBench(t, c, setup{})
	o := b.order(e)
	others := map[string]func(*providers.Order){
		"amount": func(p *providers.Order) { p.Amount.Minor += unit(p.Amount.Currency) },
		"method": func(p *providers.Order) { p.Method += "x" },
	}
	for _, name := range slices.Sorted(maps.Keys(o.Details)) {
		others[name] = func(p *providers.Order) { p.Details[name] += "1" }
	}
	for name, change := range others {
		approved := o
		approved.Details = maps.Clone(o.Details)
		change(&approved)
		s := b.sendAs(t.Context(), approved, o)
		if s.err == nil || s.written || len(b.executions()) > 0 {
			t.Errorf("another %s was approved: got %v and %d orders executed, want an error and none", name, s.err, len(b.executions()))
		}
		if providers.KindOf(s.err) == providers.NotSent && codeOf(s.err) != httpx.CodeDiffers && codeOf(s.err) != httpx.CodeReadBack {
			t.Errorf("another %s was approved: got %v, want code %s", name, s.err, httpx.CodeDiffers)
		}
	}
}

func checkCheckpoint(t *testing.T, c Case) {
	b := newBench(t, c, setup{broken: errors.New("disk full")})
	s := b.send(b.order(c.Orders[0]))
	if len(s.kept) == 0 {
		return // one step
	}
	if providers.KindOf(s.err) != providers.NotSent || s.err == nil || s.written || len(b.executions()) > 0 {
		t.Errorf("got %v (written: %v), want an error of kind not sent", s.err, s.written)
	}
}

// checkPermit: outside a send no money moves.
func checkPermit(t *testing.T, c Case) {
	b := newBench(t, c, setup{})
	o := b.order(c.Orders[0])
	o.Checkpoint = func(context.Context, providers.Attempt) error { return nil }
	_, err := b.provider.Send(t.Context(), o)
	b.say(err)
	if err == nil || len(b.executions()) > 0 {
		t.Errorf("got %v and %d orders executed, want an error and none", err, len(b.executions()))
	}
}

func checkTogether(t *testing.T, c Case) {
	b := newBench(t, c, setup{})
	var group sync.WaitGroup
	const many = 8
	for i := range many {
		o := b.order(c.Orders[i%len(c.Orders)])
		group.Go(func() {
			if s := b.send(o); s.err != nil {
				t.Errorf("send: %v", s.err)
			}
		})
	}
	group.Wait()
	if n := len(b.executions()); n != many {
		t.Errorf("got %d orders executed, want %d", n, many)
	}
}

// checkRepeated: a company that is said to refuse repeated references does.
func checkRepeated(t *testing.T, c Case) {
	if !c.Definition.RepeatsRefused {
		return
	}
	b := newBench(t, c, setup{})
	o := b.order(c.Orders[0])
	if s := b.send(o); s.err != nil {
		t.Fatalf("send: %v", s.err)
	}
	if s := b.send(o); s.err == nil || len(b.executions()) != 1 {
		t.Errorf("again: got %v and %d orders executed, want an error and one", s.err, len(b.executions()))
	}
}

// checkNoID: an answer that names nothing is no proof of anything.
func checkNoID(t *testing.T, c Case) {
	b := newBench(t, c, setup{})
	e := c.Orders[0]
	e.Amount = c.scenario(sim.NoID, e.Amount)
	s := b.send(b.order(e))
	if kind := providers.KindOf(s.err); s.err != nil && kind != providers.Unknown && (kind != providers.NotSent || s.written) {
		t.Errorf("got %v, want kind unknown, or not sent after a first step", s.err)
	}
	if s.err == nil && s.result.Attempt.Reference != s.order.Reference {
		t.Errorf("got %+v, which names nothing", s.result)
	}
}
