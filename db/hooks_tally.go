package db

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
)

// Tally counts what came in since a time, by verdict. It reads indexes alone: all that came, the few that are not plainly genuine, and
// those that wait. The rest was taken in.
func (r Hooks) Tally(ctx context.Context, s payout.Scope, since time.Time) (map[inbox.Verdict]int, error) {
	all := map[inbox.Verdict]int{}
	of, index, rare := "true", "hooks_received", "hooks_rare"
	var w where
	w.add("received_at >= ?", millis(since))
	if !s.Reach().All {
		var mine where
		mine.args = w.args
		mine.scope(s, "store")
		of, index, rare = "account in (select id from accounts where "+mine.String()+")", "hooks_account", "hooks_rare_account"
		w.args = mine.args
	}
	var names []string
	for _, v := range inbox.Verdicts() {
		if isRare(v) {
			names = append(names, "'"+string(v)+"'")
		}
	}
	const waiting = `due_at > 0 and verdict in ('received', 'confirming')`
	counts := []string{
		`select 'applied', count(*) from hooks indexed by ` + index + ` where ` + of + ` and received_at >= $1`,
		`select verdict, count(*) from hooks indexed by ` + rare + ` where verdict in (` + strings.Join(names, ", ") + `)
			and verdict not in ('received', 'applied', 'confirming') and ` + of + ` and received_at >= $1 group by verdict`,
		`select verdict, count(*) from hooks indexed by hooks_due where ` + waiting + ` and ` + of + ` and received_at >= $1 group by verdict`,
	}
	for _, query := range counts {
		_, err := collect(ctx, r.d.read, func(scan func(...any) error) (struct{}, error) {
			var v inbox.Verdict
			var n int
			err := scan(&v, &n)
			all[v] += n
			if v != inbox.Applied {
				all[inbox.Applied] -= n
			}
			return struct{}{}, err
		}, query, w.args...)
		if err != nil {
			return nil, fmt.Errorf("count webhooks: %w", err)
		}
	}
	return all, nil
}
