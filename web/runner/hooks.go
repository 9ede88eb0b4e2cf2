package runner

import (
	"context"
	"time"
)

// Webhooks become findable by their words within wordsEvery, wordsAtOnce in one commit; what is kept no longer is emptied at the
// start and then every forgetEvery.
const (
	wordsEvery  = 2 * time.Second
	wordsAtOnce = 100
	forgetEvery = 24 * time.Hour
)

// keepHooks sees to the webhooks that are kept until ctx ends.
func (r *Runner) keepHooks(ctx context.Context) {
	var forgot time.Time
	for {
		wait := wordsEvery
		if err := r.addWords(ctx); err != nil && ctx.Err() == nil {
			r.Log.WarnContext(ctx, "add words of webhooks", "err", err)
			wait = time.Minute
		}
		if now := r.Now(); now.Sub(forgot) >= forgetEvery {
			forgot = now
			if err := r.forgetHooks(ctx); err != nil && ctx.Err() == nil {
				r.Log.WarnContext(ctx, "empty old webhooks", "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

func (r *Runner) addWords(ctx context.Context) error {
	for {
		n, err := r.Hooks.AddWords(ctx, wordsAtOnce)
		if err != nil || n < wordsAtOnce {
			return err
		}
	}
}

func (r *Runner) forgetHooks(ctx context.Context) error {
	for all := 0; ; {
		n, err := r.Inbox.Forget(ctx)
		if err != nil {
			return err
		}
		if all += n; n == 0 {
			if all > 0 {
				r.Log.InfoContext(ctx, "old webhooks emptied", "count", all)
			}
			return nil
		}
	}
}
