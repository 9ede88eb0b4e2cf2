package runner_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
)

// TestHooksAreSeenTo: what arrived becomes findable, and what is kept no longer is emptied once a day.
func TestHooksAreSeenTo(t *testing.T) {
	w := newWorld(t)
	keep := func(n int) {
		for range n {
			w.must(w.db.Hooks().Keep(w.ctx, inbox.Hook{ID: w.newID(), Token: "nobody", ReceivedAt: w.clock.now(), Header: http.Header{"Trace": {"needle"}},
				Body: []byte("haystack"), Size: 8, Digest: fmt.Sprint(n), Verdict: inbox.Misaddressed}))
		}
	}
	found := func() int {
		page, err := w.db.Hooks().List(w.ctx, payout.Everywhere(), inbox.Filter{Text: "needle haystack", Limit: 1000})
		w.must(err)
		return len(page.Hooks)
	}
	keep(250)
	_, forgot := w.runner.SeeToHooks(w.ctx, time.Time{})
	if n := found(); n != 250 || !forgot.Equal(w.clock.now()) {
		t.Errorf("found %d of 250", n)
	}
	w.clock.add(400*24*time.Hour - time.Minute)
	keep(3)
	if _, forgot = w.runner.SeeToHooks(w.ctx, forgot); found() != 253 {
		t.Errorf("a minute before: found %d of 253", found())
	}
	w.clock.add(2 * time.Minute)
	if _, again := w.runner.SeeToHooks(w.ctx, forgot); found() != 253 || !again.Equal(forgot) {
		t.Errorf("the same day: found %d of 253", found())
	}
	w.clock.add(24 * time.Hour)
	if w.runner.SeeToHooks(w.ctx, forgot); found() != 3 {
		t.Errorf("a day later: found %d, want 3", found())
	}
}
