package db_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
)

// TestHooksForget: what is older than it is kept for loses header and body, bit by bit, and nothing else. Invariant 11: what came
// and its digest stay.
func TestHooksForget(t *testing.T) {
	o := newOffice(t)
	for i := range 25 {
		o.hook(fmt.Sprintf("h%02d", i), i/4, func(h *inbox.Hook) {
			h.Header, h.Body, h.Size = http.Header{"Trace": {"needle"}}, []byte("haystack"), len("haystack")
			h.Event, h.Verdict = "payout.paid", inbox.Applied
		})
	}
	o.index()
	found := func(text string) int {
		t.Helper()
		page, err := o.Hooks().List(t.Context(), payout.Everywhere(), inbox.Filter{Text: text, Limit: 100})
		o.must(err)
		return len(page.Hooks)
	}
	before := o.at.Add(3 * time.Minute) // twelve of them
	o.at = o.at.Add(time.Hour)
	var batches []int
	for {
		n, err := o.Hooks().Forget(t.Context(), before, 5)
		o.must(err)
		if batches = append(batches, n); n == 0 {
			break
		}
	}
	if !slices.Equal(batches, []int{5, 5, 2, 0}) {
		t.Errorf("got batches %v", batches)
	}
	page, err := o.Hooks().List(t.Context(), payout.Everywhere(), inbox.Filter{Limit: 100})
	o.must(err)
	for _, h := range page.Hooks {
		old := h.ReceivedAt.Before(before)
		if gone := len(h.Body) == 0 && len(h.Header) == 0 && h.ForgottenAt.Equal(o.at); gone != old || h.Whole() == old {
			t.Errorf("%s: got body %q, header %v, emptied at %v, want emptied %v", h.ID, h.Body, h.Header, h.ForgottenAt, old)
		}
		if h.Digest != "d-"+h.ID || h.Size != len("haystack") || h.Verdict != inbox.Applied || h.Event != "payout.paid" {
			t.Errorf("%s: got %+v", h.ID, h)
		}
		if !old && !bytes.Equal(h.Body, []byte("haystack")) {
			t.Errorf("%s: got body %q", h.ID, h.Body)
		}
	}
	if a, b, c := found("haystack"), found("needle"), found("payout.paid"); a != 13 || b != 13 || c != 25 {
		t.Errorf("found %d by body, %d by header, %d by event, want 13, 13 and 25", a, b, c)
	}
	if n, err := o.Hooks().Forget(t.Context(), before.Add(time.Minute), 100); err != nil || n != 4 {
		t.Errorf("a minute later: got %d, %v, want four more", n, err)
	}
	if n := o.number(`select count(*) from hooks`); n != 25 {
		t.Errorf("got %d webhooks", n)
	}
}
