package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/paywicket/paywicket/web/access"
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

// UseStepUp uses up a confirmation: it must be this person's, about this digest, verified, fresh and not used before.
func (w world) UseStepUp(s access.StepUp) error {
	now := w.d.now()
	err := one(w.tx.ExecContext(w.ctx, `
		update challenges set used_at = $1
		where id = $2 and person = $3 and digest = $4 and used_at = 0 and verified_at > 0 and asked_at > $5 and asked_at <= $1`,
		millis(now), s.ID, string(s.Person), s.Digest, millis(now.Add(-access.StepUpLife))))
	if errors.Is(err, sql.ErrNoRows) {
		return access.ErrStepUp
	}
	if err != nil {
		return fmt.Errorf("use confirmation: %w", err)
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
	settingDone      = "setup_done"
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
