package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/policy"
	"github.com/paywicket/paywicket/web/store"
)

// world is payout.World, read inside the transaction of a change.
type world struct {
	ctx context.Context //nolint:containedctx // lives as long as one transaction
	d   *DB
	tx  *sql.Tx
}

func (w world) Person(id access.PersonID) (access.Person, error) {
	p, err := findPerson(w.ctx, w.tx, "id = $1", string(id))
	if errors.Is(err, access.ErrNotFound) {
		return access.Person{}, nil
	}
	return p, err
}

func (w world) Account(id store.AccountID) (store.Account, error) {
	return findAccount(w.ctx, w.tx, id)
}

func (w world) OnePerson() (bool, error) {
	value, err := setting(w.ctx, w.tx, settingOnePerson)
	return value == "1", err
}

func (w world) Epoch() (int64, error) {
	var epoch int64
	err := w.tx.QueryRowContext(w.ctx, `select epoch from sender where id = 1`).Scan(&epoch)
	return epoch, err
}

func (w world) Halted() (string, error) {
	if why := w.d.Halted(); why != "" {
		return why, nil
	}
	return setting(w.ctx, w.tx, settingHalted)
}

func (w world) Policy() (policy.Set, error) { return currentRules(w.ctx, w.tx) }

// Known reports whether a store has paid an account before.
func (w world) Known(id store.ID, key string) (bool, error) {
	var n int
	err := w.tx.QueryRowContext(w.ctx, `select $2 = '' or exists (select 1 from payouts where recipient_key = $2 and store = $1 and state = 'paid')`,
		string(id), key).Scan(&n)
	return n == 1, err
}

// Spent adds up what was approved since and is not known to have come to nothing. Rows of approvals stay when they are void, so
// what was approved, sent and settled by people counts too.
func (w world) Spent(what payout.Spending) (int64, error) {
	var sum int64
	err := w.tx.QueryRowContext(w.ctx, `
		select coalesce(sum(p.minor), 0) from payouts p
		where p.id in (select payout from approvals where at >= $1 and ($2 = '' or person = $2))
			and p.id <> $3 and p.currency = $4 and p.live = $5 and ($6 = '' or p.store = $6)
			and (p.state in ('approved', 'sending', 'accepted', 'unknown', 'paid', 'returned') or $2 <> '' and p.state = 'submitted'
				and exists (select 1 from approvals a where a.payout = p.id and a.person = $2 and a.void_at = 0))`,
		millis(what.Since), string(what.Approver), string(what.Except), what.Currency, bit(what.Live), string(what.Store)).Scan(&sum)
	if err != nil {
		return 0, fmt.Errorf("add up what was approved: %w", err)
	}
	return sum, nil
}

func (w world) Zone(id store.ID) (*time.Location, error) {
	var s store.Store
	err := w.tx.QueryRowContext(w.ctx, `select zone from stores where id = $1`, string(id)).Scan(&s.Zone)
	return s.Location(), err
}

// UseStepUp uses up a confirmation: it must be this person's, about this intent, verified, fresh and not used for this
// subject before. One about several things is used up for each of them.
func (w world) UseStepUp(s access.StepUp) error {
	now := w.d.now()
	err := one(w.tx.ExecContext(w.ctx, `
		update challenges set used_at = max(used_at, $1)
		where id = $2 and person = $3 and digest = $4 and intent = $5 and verified_at > 0 and asked_at > $6 and asked_at <= $1`,
		millis(now), s.ID, string(s.Person), s.Digest, s.Intent, millis(now.Add(-access.StepUpLife))))
	if errors.Is(err, sql.ErrNoRows) {
		return access.ErrStepUp
	}
	if err != nil {
		return fmt.Errorf("use confirmation: %w", err)
	}
	err = one(w.tx.ExecContext(w.ctx, `insert into challenge_uses (challenge, subject, at) values ($1, $2, $3) on conflict do nothing`,
		s.ID, s.Subject, millis(now)))
	if errors.Is(err, sql.ErrNoRows) {
		return access.ErrStepUp
	}
	if err != nil {
		return fmt.Errorf("use confirmation for %s: %w", s.Subject, err)
	}
	return nil
}

// The settings of an installation.
const (
	settingOnePerson = "one_person"
	settingHalted    = "halted"
	settingHaltedBy  = "halted_by" // name of who stopped it
	settingHaltedAt  = "halted_at"
	settingSetup     = "setup_token" // hash of the one-time link of the first start
	settingSeeding   = "seeding"     // a made-up history is being written
	settingDone      = "setup_done"
	settingSite      = "site" // host of the public address, which passkeys are bound to
)

func setting(ctx context.Context, q querier, name string) (string, error) {
	var value string
	err := q.QueryRowContext(ctx, `select value from settings where name = $1`, name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read setting %s: %w", name, err)
	}
	return value, nil
}

func setSetting(ctx context.Context, q querier, name, value string) error {
	_, err := q.ExecContext(ctx, `insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = $2`, name, value)
	if err != nil {
		return fmt.Errorf("write setting %s: %w", name, err)
	}
	return nil
}
