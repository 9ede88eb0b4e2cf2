package providertest

import (
	"testing"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/sim"
)

// checkEnds: an order that is paid, one that fails and one that is refused, seen in the answer to the send, by look-ups
// and by webhooks.
func checkEnds(t *testing.T, c Case) {
	for _, e := range c.Orders {
		t.Run(e.Method, func(t *testing.T) {
			t.Parallel()
			for _, end := range []struct {
				scenario sim.Scenario
				want     []providers.Status
			}{
				{sim.Normal, []providers.Status{providers.Paid}},
				{sim.AtOnce, []providers.Status{providers.Paid}},
				{sim.FailsLater, []providers.Status{providers.Failed, providers.Cancelled}},
			} {
				t.Run(string(end.scenario), func(t *testing.T) { checkEnd(t, c, e, end.scenario, end.want) })
			}
			t.Run(string(sim.Refused), func(t *testing.T) { checkRefusal(t, c, e) })
		})
	}
	t.Run("nothing found", func(t *testing.T) { checkNothingFound(t, c) })
}

func checkEnd(t *testing.T, c Case, e Example, s sim.Scenario, want []providers.Status) {
	b := newBench(t, c, setup{})
	e.Amount = c.scenario(s, e.Amount)
	sent := b.send(b.order(e))
	if sent.err != nil {
		t.Fatalf("send: %v", sent.err)
	}
	b.wantFits(sent, "answer", sent.result)
	if got := sent.result.Status; got != providers.Accepted && got != want[0] {
		t.Errorf("answer: got status %q (%s), want accepted or %q", got, sent.result.Word, want[0])
	}
	if n := len(b.executions()); n != 1 {
		t.Errorf("got %d orders executed, want one", n)
	}
	b.settle()
	b.wantLookedUp(sent, want)
	b.wantTold(sent, want)
}

// patience is how often an order is looked up until it ends.
const patience = 12

// wantLookedUp asks until the order has ended.
func (b *bench) wantLookedUp(s sent, want []providers.Status) {
	b.t.Helper()
	for range patience {
		r, err := b.lookup(s.attempt())
		if providers.KindOf(err) == providers.Unsupported {
			return
		}
		if err != nil {
			b.t.Fatalf("look-up: %v", err)
		}
		b.wantFits(s, "look-up", r)
		if r.Status != providers.Accepted {
			b.wantStatus("look-up", r, want)
			return
		}
		b.settle()
	}
	b.t.Errorf("got no end in %d look-ups", patience)
}

// wantTold reads the webhooks that came: they are genuine, and the last that says an end says the right one.
func (b *bench) wantTold(s sent, want []providers.Status) {
	b.t.Helper()
	reader, ok := b.provider.(providers.WebhookReader)
	if !ok {
		return
	}
	var last providers.Result
	for _, h := range b.delivered() {
		e, err := b.read(reader, h)
		if err != nil {
			b.t.Fatalf("webhook: %v", err)
		}
		b.wantFits(s, "webhook", e.Result)
		last = e.Result
	}
	b.wantStatus("webhook", last, want)
}

func (b *bench) wantStatus(where string, r providers.Result, want []providers.Status) {
	b.t.Helper()
	for _, w := range want {
		if r.Status == w {
			return
		}
	}
	b.t.Errorf("%s: got status %q (%s), want one of %q", where, r.Status, r.Word, want)
}

// wantFits checks that news name the order, and that nothing in them contradicts it.
func (b *bench) wantFits(s sent, where string, r providers.Result) {
	b.t.Helper()
	mine := s.attempt()
	named := r.Attempt.Reference == mine.Reference || mine.RemoteID != "" && r.Attempt.RemoteID == mine.RemoteID
	if !named && (where != "answer" || r.Attempt.RemoteID == "") {
		b.t.Errorf("%s: got %+v, which does not name %+v", where, r.Attempt, mine)
	}
	if r.Attempt.Reference != "" && r.Attempt.Reference != mine.Reference {
		b.t.Errorf("%s: got reference %q, want %q", where, r.Attempt.Reference, mine.Reference)
	}
	if r.Amount.Minor != 0 && r.Amount.Minor != s.order.Amount.Minor ||
		r.Amount.Currency != "" && r.Amount.Currency != s.order.Amount.Currency {
		b.t.Errorf("%s: got amount %+v, want %+v", where, r.Amount, s.order.Amount)
	}
	b.wantSame(s, where, r)
}

// wantSame checks the rest of what news may carry.
func (b *bench) wantSame(s sent, where string, r providers.Result) {
	b.t.Helper()
	if r.Method != "" && r.Method != s.order.Method {
		b.t.Errorf("%s: got method %q, want %q", where, r.Method, s.order.Method)
	}
	if r.Live != nil && *r.Live != b.c.Live {
		b.t.Errorf("%s: got live %v, want %v", where, *r.Live, b.c.Live)
	}
	for name, value := range r.Details {
		if want, known := s.order.Details[name]; known && value != "" && value != want {
			b.t.Errorf("%s: got %s %q, want %q", where, name, value, want)
		}
	}
}

func checkRefusal(t *testing.T, c Case, e Example) {
	b := newBench(t, c, setup{})
	e.Amount = c.scenario(sim.Refused, e.Amount)
	s := b.send(b.order(e))
	if providers.KindOf(s.err) != providers.Refused {
		t.Fatalf("got %v, want an error of kind refused", s.err)
	}
	if n := len(b.executions()); n != 0 {
		t.Errorf("got %d orders executed, want none", n)
	}
	if messageOf(s.err) == "" {
		t.Error("got no words of the company for the operator")
	}
}

// checkNothingFound: a look-up that finds nothing proves nothing.
func checkNothingFound(t *testing.T, c Case) {
	b := newBench(t, c, setup{})
	for _, a := range []providers.Attempt{
		{Reference: reference(t.Name())},
		{Reference: reference(t.Name()), RemoteID: "nosuchorder1"},
	} {
		r, err := b.lookup(a)
		if err == nil || r.Status != "" {
			t.Errorf("look-up of nothing: got %+v, want an error", r)
		}
		if kind := providers.KindOf(err); kind != providers.Unknown && kind != providers.Unsupported {
			t.Errorf("look-up of nothing: got %v, which would prove something", err)
		}
	}
}
