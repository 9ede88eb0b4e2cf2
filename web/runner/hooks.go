package runner

import (
	"context"
	"time"
)

// Webhooks become findable by their words within wordsEvery, wordsAtOnce in one commit; what is kept no longer is emptied at the
// start and then every forgetEvery.
const (
	wordsEvery  = 2 * time.Second
	wordsAtOnce = 25 // of the largest ones take a tenth of a second
	wordsPause  = 20 * time.Millisecond
	forgetEvery = 24 * time.Hour
)

// keepHooks sees to the webhooks that are kept until ctx ends.
func (r *Runner) keepHooks(ctx context.Context) {
	var forgot time.Time
	for {
		var wait time.Duration
		wait, forgot = r.seeToHooks(ctx, forgot)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// seeToHooks does what is due, given when old ones were emptied last, and says when to look again and the same.
func (r *Runner) seeToHooks(ctx context.Context, forgot time.Time) (time.Duration, time.Time) {
	wait := wordsEvery
	if err := r.addWords(ctx); err != nil && ctx.Err() == nil {
		r.Log.WarnContext(ctx, "add words of webhooks", "err", err)
		wait = time.Minute
	}
	now := r.Now()
	if now.Sub(forgot) < forgetEvery {
		return wait, forgot
	}
	if err := r.forgetHooks(ctx); err != nil && ctx.Err() == nil {
		r.Log.WarnContext(ctx, "empty old webhooks", "err", err)
	}
	return wait, now
}

func (r *Runner) addWords(ctx context.Context) error {
	for {
		n, err := r.Hooks.AddWords(ctx, wordsAtOnce)
		if err != nil || n < wordsAtOnce {
			return err
		}
		select { // so that whoever writes meanwhile need not wait for all of them
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wordsPause):
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
