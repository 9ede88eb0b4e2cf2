package db

import (
	"context"
	"fmt"
	"time"

	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// sentAt is when a payout was sent last.
const sentAt = `coalesce((select t.started_at from attempts t where t.payout = p.id order by t.no desc limit 1), 0)`

// Flying lists payouts that were sent before a time and have not ended, in each state those asked for first first.
func (r Hooks) Flying(ctx context.Context, s payout.Scope, before time.Time, limit int) ([]inbox.Flight, error) {
	var all []inbox.Flight
	for _, state := range []payout.State{payout.Sending, payout.Accepted, payout.Unknown} {
		var w where
		w.scope(s, "p.store")
		w.add("p.state = ? and p.created_at < ?", string(state), millis(before))
		w.args = append(w.args, limit)
		some, err := collect(ctx, r.d.read, func(scan func(...any) error) (inbox.Flight, error) {
			var f inbox.Flight
			var sent int64
			err := scan(&f.ID, &f.Account, &f.Provider, &f.Method, &f.Live, &f.Looks, &sent)
			f.SentAt = moment(sent)
			return f, err
		}, `select p.id, p.account, p.provider, p.method, p.live, p.looks, `+sentAt+` from payouts p indexed by payouts_state where `+w.String()+
			fmt.Sprintf(` order by p.created_at, p.id limit $%d`, len(w.args)), w.args...)
		if err != nil {
			return nil, fmt.Errorf("list payouts under way: %w", err)
		}
		for _, f := range some {
			if !f.SentAt.IsZero() && f.SentAt.Before(before) {
				all = append(all, f)
			}
		}
	}
	return all, nil
}

// byProvider are the states in which a provider has ended a payout, as the indexes have them.
const byProvider = `p.ended_at > 0 and p.state in ('paid', 'failed', 'cancelled')`

// Took is how long the latest payouts took that went the same way and ended.
func (r Hooks) Took(ctx context.Context, w inbox.Way, limit int) ([]time.Duration, error) {
	all, err := collect(ctx, r.d.read, func(scan func(...any) error) (time.Duration, error) {
		var ended, sent int64
		err := scan(&ended, &sent)
		return moment(ended).Sub(moment(sent)), err
	}, `select p.ended_at, `+sentAt+` from payouts p indexed by payouts_ended where p.provider = $1 and p.method = $2 and p.live = $3 and `+byProvider+`
		and exists (select 1 from attempts t where t.payout = p.id) order by p.ended_at desc limit $4`, w.Provider, w.Method, bit(w.Live), limit)
	if err != nil {
		return nil, fmt.Errorf("read how long payouts take: %w", err)
	}
	return all, nil
}

// Ended lists the latest payouts of an account that ended since a time, the last one first.
func (r Hooks) Ended(ctx context.Context, account store.AccountID, since time.Time, limit int) ([]inbox.Ending, error) {
	all, err := collect(ctx, r.d.read, func(scan func(...any) error) (inbox.Ending, error) {
		var e inbox.Ending
		var ended, sent int64
		err := scan(&e.ID, &ended, &sent, &e.Told)
		e.EndedAt, e.SentAt = moment(ended), moment(sent)
		return e, err
	}, `select p.id, p.ended_at, `+sentAt+`, exists (select 1 from hooks h where h.payout = p.id and h.payout <> ''
			and h.verdict in ('applied', 'confirming', 'unconfirmed', 'duplicate', 'conflict'))
		from payouts p indexed by payouts_ended_account where p.account = $1 and p.ended_at >= $2 and `+byProvider+`
		order by p.ended_at desc limit $3`, string(account), millis(since), limit)
	if err != nil {
		return nil, fmt.Errorf("list payouts that ended: %w", err)
	}
	return all, nil
}

// Heard counts the latest webhooks of an account since a time, by verdict.
func (r Hooks) Heard(ctx context.Context, account store.AccountID, since time.Time, limit int) (map[inbox.Verdict]int, error) {
	all := map[inbox.Verdict]int{}
	_, err := collect(ctx, r.d.read, func(scan func(...any) error) (struct{}, error) {
		var v inbox.Verdict
		var n int
		err := scan(&v, &n)
		all[v] = n
		return struct{}{}, err
	}, `select verdict, count(*) from (select verdict from hooks indexed by hooks_account where account = $1 and account <> '' and received_at >= $2
		order by received_at desc limit $3) group by verdict`, string(account), millis(since), limit)
	if err != nil {
		return nil, fmt.Errorf("count webhooks of %s: %w", account, err)
	}
	return all, nil
}
