package db

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/inbox"
)

// settingHookDays is for how many days headers and bodies of webhooks are kept.
const settingHookDays = "hook_days"

// KeepDays is for how many days headers and bodies are kept, 0 for ever.
func (r Hooks) KeepDays(ctx context.Context) (int, error) {
	text, err := setting(ctx, r.d.read, settingHookDays)
	if err != nil || text == "" {
		return inbox.DefaultKeepDays, err
	}
	return strconv.Atoi(text)
}

// SetKeepDays sets it.
func (r Hooks) SetKeepDays(ctx context.Context, days int, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		if err := setSetting(ctx, tx, settingHookDays, strconv.Itoa(days)); err != nil {
			return err
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

// Forget empties header and body of some webhooks that came before a time, and takes their words out of the index. Digest, size,
// verdict and what they said of a payout stay. It goes on where it stopped, so that it never reads what it has emptied.
func (r Hooks) Forget(ctx context.Context, before time.Time, limit int) (int, error) {
	n := 0
	err := r.d.inTx(ctx, func(tx *sql.Tx) error {
		old, err := collect(ctx, tx, scanSeqHook, `select seq, id, account, store, provider, token, address, received_at, '{}', x'', `+hookFacts+`
			from hooks indexed by hooks_received where received_at >= (select at from hook_marks where name = 'bodies') and received_at < $1
			and forgotten_at = 0 order by received_at, id limit $2`, millis(before), limit)
		if err != nil || len(old) == 0 {
			return err
		}
		n = len(old)
		for _, h := range old {
			if err := saveWords(ctx, tx, h.seq, h.Hook); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `update hooks set header = '{}', body = x'', forgotten_at = $2 where seq = $1`, h.seq, millis(r.d.now())); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `update hook_marks set at = $1 where name = 'bodies'`, millis(old[n-1].ReceivedAt))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("empty old webhooks: %w", err)
	}
	return n, nil
}

// seqHook is a webhook with its place in the order in which they were kept.
type seqHook struct {
	seq int64
	inbox.Hook
}

func scanSeqHook(scan func(...any) error) (seqHook, error) {
	var one seqHook
	var err error
	one.Hook, err = scanHook(func(into ...any) error { return scan(append([]any{&one.seq}, into...)...) })
	return one, err
}
