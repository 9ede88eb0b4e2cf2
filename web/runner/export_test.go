package runner

import (
	"context"
	"time"

	"github.com/paywicket/paywicket/web/store"
)

// OfferDue is how old an account's offer may get.
func OfferDue(id store.AccountID) time.Duration { return offerDue(id) }

// SeeToHooks is seeToHooks for tests outside the package.
func (r *Runner) SeeToHooks(ctx context.Context, forgot time.Time) (time.Duration, time.Time) {
	return r.seeToHooks(ctx, forgot)
}
