package db_test

import (
	"fmt"
	"testing"

	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
)

// TestCheckAfterSearch: a connection that has searched before remembers where the index of words lay. That must not look like damage.
func TestCheckAfterSearch(t *testing.T) {
	o := newOffice(t)
	for i := range 40 {
		o.hook(fmt.Sprintf("h%03d", i), i, nil)
		if _, err := o.Hooks().AddWords(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		for range 8 {
			if _, err := o.Hooks().List(t.Context(), payout.Everywhere(), inbox.Filter{Text: "body"}); err != nil {
				t.Fatal(err)
			}
		}
		o.hook(fmt.Sprintf("x%03d", i), i, nil)
		if _, err := o.Hooks().AddWords(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if err := o.Check(t.Context()); err != nil {
			t.Fatalf("after %d: %v", i, err)
		}
	}
}
