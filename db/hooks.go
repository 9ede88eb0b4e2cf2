package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// Hooks keeps webhooks. It implements inbox.Repository.
type Hooks struct{ d *DB }

// Hooks is the repository of webhooks.
func (d *DB) Hooks() Hooks { return Hooks{d} }

const hookColumns = `id, account, store, provider, token, address, received_at, header, body, ` + hookFacts

// hookFacts are the columns after header and body.
const hookFacts = `size, digest, at_least, verdict, code, steps, version, late, event, result, payout, from_state, to_state, duplicate_of, reply,
	tries, due_at, done_at, forgotten_at`

func scanHook(scan func(...any) error) (inbox.Hook, error) {
	var h inbox.Hook
	var received, due, done, forgotten int64
	var atLeast, late int
	var header, steps, result string
	err := scan(&h.ID, &h.Account, &h.Store, &h.Provider, &h.Token, &h.Address, &received, &header, &h.Body, &h.Size, &h.Digest, &atLeast, &h.Verdict, &h.Code,
		&steps, &h.Version, &late, &h.Event, &result, &h.Payout, &h.From, &h.To, &h.DuplicateOf, &h.Reply, &h.Tries, &due, &done, &forgotten)
	if err != nil {
		return h, err
	}
	h.ReceivedAt, h.DueAt, h.DoneAt, h.ForgottenAt = moment(received), moment(due), moment(done), moment(forgotten)
	h.AtLeast, h.Late = atLeast == 1, late == 1
	err = json.Unmarshal([]byte(header), &h.Header)
	if steps != "" {
		err = errors.Join(err, json.Unmarshal([]byte(steps), &h.Steps))
	}
	if result != "" {
		err = errors.Join(err, json.Unmarshal([]byte(result), &h.Result))
	}
	return h, err
}

// Keep stores a webhook before anything is made of it.
func (r Hooks) Keep(ctx context.Context, h inbox.Hook) error {
	texts, err := encode(h.Header)
	if err != nil {
		return err
	}
	return r.d.exec(ctx, nil, "keep webhook", `
		insert into hooks (id, account, store, provider, token, address, received_at, header, body, size, digest, at_least, verdict, due_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		h.ID, string(h.Account), string(h.Store), h.Provider, h.Token, h.Address, millis(h.ReceivedAt), texts[0], nonNil(h.Body), h.Size, h.Digest,
		bit(h.AtLeast), string(h.Verdict), millis(h.DueAt))
}

// Save stores what was made of a webhook. Its words are added later, unless that was done before this was known.
func (r Hooks) Save(ctx context.Context, h inbox.Hook) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error { return r.save(ctx, tx, h) })
}

func (r Hooks) save(ctx context.Context, tx *sql.Tx, h inbox.Hook) error {
	h.Result.Attempt.Kept = nil // per-payout secrets stay sealed with their attempt
	texts, err := encode(h.Steps, h.Result)
	if err != nil {
		return err
	}
	err = one(tx.ExecContext(ctx, `
		update hooks set body = $2, verdict = $3, code = $4, steps = $5, event = $6, result = $7, payout = $8, from_state = $9, to_state = $10,
			duplicate_of = $11, reply = $12, tries = $13, due_at = $14, done_at = $15, version = $16, late = $17
		where id = $1`,
		h.ID, nonNil(h.Body), string(h.Verdict), h.Code, texts[0], h.Event, texts[1], string(h.Payout), string(h.From), string(h.To),
		h.DuplicateOf, h.Reply, h.Tries, millis(h.DueAt), millis(h.DoneAt), h.Version, bit(h.Late)))
	if err != nil {
		return fmt.Errorf("save webhook: %w", err)
	}
	var seq int64
	err = tx.QueryRowContext(ctx, `select seq from hooks where id = $1 and seq <= (select at from hook_marks where name = 'words')`, h.ID).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find words of webhook: %w", err)
	}
	return saveWords(ctx, tx, seq, h)
}

// Hook finds a webhook. One that no account has the address of is shown only to those who see every store.
func (r Hooks) Hook(ctx context.Context, s payout.Scope, id string) (inbox.Hook, error) {
	where, args := within(s.Reach(), "store", 2)
	h, err := scanHook(r.d.read.QueryRowContext(ctx, `select `+hookColumns+` from hooks where id = $1 and `+where, append([]any{id}, args...)...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return h, inbox.ErrNotFound
	}
	return h, err
}

// Due lists webhooks that wait to be looked at again.
func (r Hooks) Due(ctx context.Context, now time.Time, limit int) ([]inbox.Hook, error) {
	return collect(ctx, r.d.read, scanHook, `select `+hookColumns+` from hooks where due_at > 0 and due_at <= $1 order by due_at limit $2`, millis(now), limit)
}

// Same finds an earlier genuine webhook of an account with the same body that was taken in: its ID and payout alone.
func (r Hooks) Same(ctx context.Context, account store.AccountID, digest, except string) (inbox.Hook, error) {
	var h inbox.Hook
	err := r.d.read.QueryRowContext(ctx, `select id, payout from hooks
		where account = $1 and digest = $2 and id <> $3 and verdict in ('applied', 'confirming', 'unconfirmed', 'conflict') order by seq limit 1`,
		string(account), digest, except).Scan(&h.ID, &h.Payout)
	if errors.Is(err, sql.ErrNoRows) {
		return h, inbox.ErrNotFound
	}
	return h, err
}

// Refused counts what was not genuine, or could not be looked at, from an address, at most 1001.
func (r Hooks) Refused(ctx context.Context, address string, since time.Time) (int, error) {
	var n int
	err := r.d.read.QueryRowContext(ctx, `select count(*) from (select 1 from hooks indexed by hooks_refused where address = $1 and received_at > $2
		and verdict in ('forged', 'misaddressed', 'failed') limit 1001)`, address, millis(since)).Scan(&n)
	return n, err
}

// CountFlood counts a message that is not kept and returns how many there were in its hour.
func (r Hooks) CountFlood(ctx context.Context, address string, at time.Time) (int, error) {
	var n int
	err := r.d.inTx(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `insert into hook_floods (address, hour, count) values ($1, $2, 1)
			on conflict (address, hour) do update set count = count + 1 returning count`, address, millis(at.Truncate(time.Hour))).Scan(&n)
	})
	return n, err
}

// Floods lists what was counted since a time, the latest hours first.
func (r Hooks) Floods(ctx context.Context, since time.Time, limit int) ([]inbox.Flood, error) {
	return collect(ctx, r.d.read, func(scan func(...any) error) (inbox.Flood, error) {
		var f inbox.Flood
		var hour int64
		err := scan(&f.Address, &hour, &f.Count)
		f.Hour = moment(hour)
		return f, err
	}, `select address, hour, count from hook_floods where hour >= $1 order by hour desc, count desc limit $2`, millis(since.Truncate(time.Hour)), limit)
}
