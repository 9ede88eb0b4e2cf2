package runner

import (
	"context"
	"time"
)

// Webhooks become findable by their words within wordsEvery, wordsAtOnce in one commit.
const (
	wordsEvery  = 2 * time.Second
	wordsAtOnce = 100
)

// keepHooks sees to the webhooks that are kept until ctx ends.
func (r *Runner) keepHooks(ctx context.Context) {
	for {
		wait := wordsEvery
		for n := wordsAtOnce; n == wordsAtOnce && ctx.Err() == nil; {
			var err error
			if n, err = r.Hooks.AddWords(ctx, wordsAtOnce); err != nil && ctx.Err() == nil {
				r.Log.WarnContext(ctx, "add words of webhooks", "err", err)
				wait = time.Minute
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}
