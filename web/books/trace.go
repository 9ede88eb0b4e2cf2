package books

import (
	"context"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// Trace is what the books tell of one payout: where it is booked, which lines of the provider's record are about it, what differed, and
// how its months were closed.
type Trace struct {
	Entries    []Entry
	Lines      []TracedLine
	Exceptions []TracedException
	Closes     []TracedClose // the months of its bookings that are closed, in the order of the calendar
}

// Empty reports whether there is nothing to tell besides where it is booked.
func (t Trace) Empty() bool {
	return len(t.Lines)+len(t.Exceptions)+len(t.Closes) == 0
}

// TracedLine is a line with the report that told it.
type TracedLine struct {
	ReportLine
	Taken Report
}

// TracedException is an exception, also one that a later check did not find any more.
type TracedException struct {
	Exception
	GoneAt time.Time // zero: it still is one
}

// TracedClose is the close of one month.
type TracedClose struct {
	Key Key
	Close
}

// mostTraced is how many lines and exceptions of one payout are told: far more than there are.
const mostTraced = 50

// Trace tells of one payout of a store. Whoever may not see the books is told nothing.
func (s *Service) Trace(ctx context.Context, by access.Person, in store.ID, id payout.ID) (Trace, error) {
	if !access.Can(by, access.Reconcile, in) {
		return Trace{}, nil
	}
	t, err := s.Repo.Trace(ctx, in, id, mostTraced)
	if err != nil {
		return t, err
	}
	seen := map[Key]bool{}
	for _, e := range t.Entries {
		if seen[e.Key] {
			continue
		}
		seen[e.Key] = true
		c, err := s.Repo.Closed(ctx, e.Key)
		if err != nil {
			return t, err
		}
		if c != nil {
			t.Closes = append(t.Closes, TracedClose{e.Key, *c})
		}
	}
	return t, nil
}
