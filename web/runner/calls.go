package runner

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/web/store"
)

// calls adds up in memory what is said to providers, until it is written down: a send must not wait for it.
type calls struct {
	mu    sync.Mutex
	noted map[store.AccountID]store.Noted
}

// note counts one exchange.
func (c *calls) note(id store.AccountID, x httpx.Exchange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.noted == nil {
		c.noted = map[store.AccountID]store.Noted{}
	}
	n := c.noted[id]
	if n.Hours == nil {
		n.Hours = map[time.Time]store.Calls{}
	}
	hour := x.Start.Truncate(time.Hour)
	count := n.Hours[hour]
	if isGood(x) {
		count.Good++
		n.GoodAt = x.Start.Add(x.Took)
	} else {
		count.Bad++
	}
	n.Hours[hour] = count
	if ahead, ok := clockOf(x); ok {
		n.Clock, n.ClockAt = ahead, x.Start.Add(x.Took)
	}
	c.noted[id] = n
}

// take hands over what was noted.
func (c *calls) take() map[store.AccountID]store.Noted {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.noted
	c.noted = nil
	return all
}

// isGood reports whether the provider answered as somebody who works and knows us, whatever it said.
func isGood(x httpx.Exchange) bool {
	return x.Err == "" && x.Status > 0 && x.Status < http.StatusInternalServerError && x.Status != http.StatusUnauthorized && x.Status != http.StatusForbidden
}

// clockOf is how far the provider's clock is ahead of ours: its answer's Date against the middle of the call. A Date has no
// fractions of a second, so half of one is added.
func clockOf(x httpx.Exchange) (time.Duration, bool) {
	at, err := http.ParseTime(x.AnswerHeader.Get("Date"))
	if err != nil {
		return 0, false
	}
	return at.Add(time.Second / 2).Sub(x.Start.Add(x.Took / 2)), true
}

// Flush writes down what was said to providers since it was done last.
func (o *Opener) Flush(ctx context.Context) error {
	var errs []error
	for id, n := range o.calls.take() {
		errs = append(errs, o.stores.Note(ctx, id, n))
	}
	return errors.Join(errs...)
}

// flushEvery is how often that is done by itself.
const flushEvery = 15 * time.Second

// keepCalls writes calls down until ctx ends, and then once more.
func (r *Runner) keepCalls(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			if err := r.Open.Flush(context.WithoutCancel(ctx)); err != nil {
				r.Log.WarnContext(ctx, "count calls", "err", err)
			}
			return
		case <-time.After(flushEvery):
			if err := r.Open.Flush(ctx); err != nil {
				r.Log.WarnContext(ctx, "count calls", "err", err)
			}
		}
	}
}
