package runner

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/store"
)

// CanReport reports whether the provider of an account lists its own records. It asks nobody.
func (c *Companies) CanReport(ctx context.Context, a store.Account) bool {
	p, err := c.open.Open(ctx, a, a.Version)
	_, ok := p.(providers.Reporter)
	return err == nil && ok
}

// reportLife is how long reading a provider's list may take: each page of it has the deadline of a call, and there may be many.
const reportLife = 30 * time.Minute

// Report lists an account's records of what was asked for from one time to another. It only reads. Keys that are refused stop the
// account, as everywhere.
func (c *Companies) Report(ctx context.Context, a store.Account, from, to time.Time) iter.Seq2[providers.Record, error] {
	return func(yield func(providers.Record, error) bool) {
		p, err := c.open.Open(ctx, a, a.Version)
		if err != nil {
			yield(providers.Record{}, errors.Join(err, c.refused(ctx, a, err)))
			return
		}
		r, ok := p.(providers.Reporter)
		if !ok {
			yield(providers.Record{}, &providers.Error{Kind: providers.Unsupported})
			return
		}
		ctx, cancel := context.WithTimeout(ctx, reportLife)
		defer cancel()
		for rec, err := range r.Report(ctx, from, to) {
			if err != nil {
				yield(providers.Record{}, errors.Join(err, c.refused(ctx, a, err)))
				return
			}
			if !yield(rec, nil) {
				return
			}
		}
	}
}
