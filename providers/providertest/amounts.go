package providertest

import (
	"fmt"
	"maps"
	"slices"
	"testing"
)

// checkAmounts: for each currency, what the company understood is what was ordered, to the last unit.
func checkAmounts(t *testing.T, c Case) {
	b := newBench(t, c, setup{})
	covered := map[string]Example{}
	for _, e := range c.Orders {
		if _, taken := covered[e.Amount.Currency]; !taken {
			covered[e.Amount.Currency] = e
		}
		checkAmount(t, c, e)
	}
	for _, a := range c.Amounts {
		e, ok := covered[a.Currency]
		if !ok {
			t.Errorf("the case has amounts in %s and no order", a.Currency)
			continue
		}
		e.Amount = a
		checkAmount(t, c, e)
	}
	all, err := b.provider.Methods(t.Context())
	if err != nil {
		t.Fatalf("methods: %v", err)
	}
	for _, m := range all {
		if _, ok := covered[m.Currency]; !ok {
			t.Errorf("method %s pays %s, and the case orders only in %q", m.ID, m.Currency, slices.Sorted(maps.Keys(covered)))
		}
	}
}

func checkAmount(t *testing.T, c Case, e Example) {
	t.Helper()
	t.Run(fmt.Sprint(e.Method, " ", e.Amount.Minor, " ", e.Amount.Currency), func(t *testing.T) {
		b := newBench(t, c, setup{})
		s := b.send(b.order(e))
		if s.err != nil {
			t.Fatalf("send: %v", s.err)
		}
		all := b.executions()
		if len(all) != 1 {
			t.Fatalf("got %d orders executed, want one", len(all))
		}
		if got := all[0].Order.Amount; got != e.Amount {
			t.Errorf("got %+v executed, want %+v", got, e.Amount)
		}
		if got := all[0].Order.Reference; got != "" && got != s.order.Reference {
			t.Errorf("got reference %q executed, want %q", got, s.order.Reference)
		}
		b.wantFits(s, "answer", s.result)
	})
}
