package inbox_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
)

// told ends a payout by a webhook, some time after it was sent; asked by a look-up.
func (w *world) told(id string, after time.Duration) {
	w.t.Helper()
	p := w.accepted(w.one, id)
	w.clock.add(after)
	w.post(w.one, keyOne, about(p, "paid").bytes())
	if got := w.find(p).State; got != payout.Paid {
		w.t.Fatalf("got %s", got)
	}
}

func (w *world) askedFor(id string, after time.Duration) {
	w.t.Helper()
	p := w.accepted(w.one, id)
	w.clock.add(after)
	_, _, err := w.Payouts.Record(w.ctx, payout.InStore(p.Store), p.ID, payout.Evidence{Source: payout.FromLookup, Attempt: 1, Result: resultOf(w.t, about(w.find(p), "paid"))})
	w.must(err)
}

// TestRadar: what is usual is learned, what is late by it is told, and the three ways in which news go missing are told apart.
func TestRadar(t *testing.T) {
	learn := func(w *world) {
		for i := range 20 {
			w.told(fmt.Sprint("learn", i), time.Duration(i+1)*time.Minute) // up to 20 minutes: 19 of them within 19
		}
		w.clock.add(time.Hour)
	}
	for name, tt := range map[string]struct {
		play func(*world)
		want inbox.Quiet
		late int
	}{
		"nothing yet":       {func(*world) {}, "", 0},
		"all is well":       {learn, "", 0},
		"not late yet":      {func(w *world) { learn(w); w.accepted(w.one, "f"); w.clock.add(28 * time.Minute) }, "", 0},
		"provider quiet":    {func(w *world) { learn(w); w.accepted(w.one, "f"); w.clock.add(29 * time.Minute) }, inbox.QuietProvider, 1},
		"nothing to go by":  {func(w *world) { w.accepted(w.one, "f"); w.clock.add(23 * time.Hour) }, "", 0},
		"a day is enough":   {func(w *world) { w.accepted(w.one, "f"); w.clock.add(25 * time.Hour) }, inbox.QuietProvider, 1},
		"address unreached": {func(w *world) { learn(w); w.askedFor("a", 1); w.askedFor("b", 1); w.askedFor("c", 1) }, inbox.QuietUnreachable, 0},
		"only two untold":   {func(w *world) { learn(w); w.askedFor("a", 1); w.askedFor("b", 1) }, "", 0},
		"told again":        {func(w *world) { learn(w); w.askedFor("a", 1); w.askedFor("b", 1); w.askedFor("c", 1); w.told("d", 1) }, "", 0},
		"unreached and late": {func(w *world) {
			learn(w)
			w.accepted(w.one, "f")
			w.askedFor("a", 1)
			w.askedFor("b", 1)
			w.askedFor("c", time.Hour)
		}, inbox.QuietUnreachable, 1},
		"bad signature": {func(w *world) {
			learn(w)
			p := w.accepted(w.one, "f")
			w.clock.add(time.Hour)
			w.post(w.one, keyTwo, about(p, "paid").bytes())
		}, inbox.QuietRefused, 1},
		"unmatched": {func(w *world) {
			learn(w)
			w.accepted(w.one, "f")
			w.clock.add(time.Hour)
			w.post(w.one, keyOne, message{Reference: "other", Status: "paid"}.bytes())
		}, inbox.QuietRefused, 1},
		"others are told": {func(w *world) { learn(w); w.accepted(w.one, "f"); w.accepted(w.one, "g"); w.told("h", time.Hour) }, inbox.QuietSlow, 2},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).connect()
			tt.play(w)
			all, err := w.Radar(w.ctx, w.boss)
			w.must(err)
			if tt.want == "" {
				if len(all) != 0 {
					t.Errorf("got %+v, want nothing", all)
				}
				return
			}
			if len(all) != 1 || all[0].Why != tt.want || all[0].Late != tt.late || all[0].Account.ID != w.one.ID {
				t.Fatalf("got %+v, want %s with %d late", all, tt.want, tt.late)
			}
			if tt.late > 0 && name != "a day is enough" && (all[0].Usual.Count < 20 || all[0].Usual.P95 > 20*time.Minute) {
				t.Errorf("learned %+v", all[0].Usual)
			}
			stranger := access.Person{ID: "x", Grants: []access.Grant{{Role: access.Accountant, Store: w.two.Store}}}
			if all, err := w.Radar(w.ctx, stranger); err != nil || len(all) != 0 {
				t.Errorf("somebody of another store sees %+v, %v (invariant 13)", all, err)
			}
		})
	}
}
