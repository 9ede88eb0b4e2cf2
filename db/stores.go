package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/store"
)

// Stores keeps stores and accounts. It implements store.Repository.
type Stores struct{ d *DB }

// Stores is the repository of stores.
func (d *DB) Stores() Stores { return Stores{d} }

// AddStore stores a new store.
func (r Stores) AddStore(ctx context.Context, s store.Store, entries ...audit.Entry) error {
	return r.d.exec(ctx, entries, "add store", `insert into stores (id, name, zone, created_at) values ($1, $2, $3, $4)`,
		string(s.ID), s.Name, s.Zone, millis(s.CreatedAt))
}

// SaveStore changes a store's name and zone.
func (r Stores) SaveStore(ctx context.Context, s store.Store, entries ...audit.Entry) error {
	return r.d.exec(ctx, entries, "save store", `update stores set name = $2, zone = $3 where id = $1`, string(s.ID), s.Name, s.Zone)
}

// Stores lists stores by name.
func (r Stores) Stores(ctx context.Context, reach access.Reach) ([]store.Store, error) {
	where, args := within(reach, "id", 1)
	return collect(ctx, r.d.read, func(scan func(...any) error) (store.Store, error) {
		var s store.Store
		var at, frozen int64
		err := scan(&s.ID, &s.Name, &s.Zone, &at, &frozen, &s.Frozen.By, &s.Frozen.Reason)
		s.CreatedAt, s.Frozen.At = moment(at), moment(frozen)
		return s, err
	}, `select id, name, zone, created_at, frozen_at, frozen_by, frozen_why from stores where `+where+` order by name, id`, args...)
}

// exec runs one statement and writes its audit rows in the same commit.
func (d *DB) exec(ctx context.Context, entries []audit.Entry, doing, query string, args ...any) error {
	return d.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, query, args...); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		return d.addEntries(ctx, tx, entries...)
	})
}

const accountColumns = `id, store, provider, label, live, address, token, version, frozen_at, frozen_by, frozen_why,
	checked_at, check_err, good_at, hook_at, created_at, created_by, clock_ms, clock_at,
	(select s.frozen_at from stores s where s.id = accounts.store), (select s.frozen_by from stores s where s.id = accounts.store),
	(select s.frozen_why from stores s where s.id = accounts.store)`

func scanAccount(scan func(...any) error) (store.Account, error) {
	var a store.Account
	var live int
	var frozen, checked, good, hook, created, clock, clockAt, storeFrozen int64
	err := scan(&a.ID, &a.Store, &a.Provider, &a.Label, &live, &a.Address, &a.Token, &a.Version, &frozen, &a.Frozen.By, &a.Frozen.Reason,
		&checked, &a.CheckErr, &good, &hook, &created, &a.CreatedBy, &clock, &clockAt,
		&storeFrozen, &a.StoreFrozen.By, &a.StoreFrozen.Reason)
	a.Live, a.Frozen.At, a.StoreFrozen.At = live == 1, moment(frozen), moment(storeFrozen)
	a.Clock, a.ClockAt = time.Duration(clock)*time.Millisecond, moment(clockAt)
	a.CheckedAt, a.GoodAt, a.HookAt, a.CreatedAt = moment(checked), moment(good), moment(hook), moment(created)
	return a, err
}

func findAccount(ctx context.Context, q querier, id store.AccountID) (store.Account, error) {
	a, err := scanAccount(q.QueryRowContext(ctx, `select `+accountColumns+` from accounts where id = $1`, string(id)).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return a, store.ErrNotFound
	}
	if err != nil {
		return a, fmt.Errorf("load account %s: %w", id, err)
	}
	return a, nil
}

// AddAccount stores a new account with its sealed settings.
func (r Stores) AddAccount(ctx context.Context, a store.Account, creds []store.Credential, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			insert into accounts (id, store, provider, label, live, address, token, version, created_at, created_by)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			string(a.ID), string(a.Store), a.Provider, a.Label, bit(a.Live), a.Address, a.Token, a.Version, millis(a.CreatedAt), string(a.CreatedBy))
		if err != nil {
			return fmt.Errorf("add account: %w", err)
		}
		if err := addCredentials(ctx, tx, a.ID, creds); err != nil {
			return err
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

// AddCredentials stores a new version of an account's settings and makes it the one in use.
func (r Stores) AddCredentials(ctx context.Context, a store.Account, creds []store.Credential, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		err := one(tx.ExecContext(ctx, `update accounts set version = $2 where id = $1 and version = $2 - 1`, string(a.ID), a.Version))
		if err != nil {
			return fmt.Errorf("raise version of account %s: %w", a.ID, err)
		}
		if err := addCredentials(ctx, tx, a.ID, creds); err != nil {
			return err
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

func addCredentials(ctx context.Context, tx *sql.Tx, id store.AccountID, creds []store.Credential) error {
	for _, c := range creds {
		_, err := tx.ExecContext(ctx, `
			insert into credentials (account, version, name, sealed, secret, fingerprint, set_at, set_by)
			values ($1, $2, $3, $4, $5, $6, $7, $8)`,
			string(id), c.Version, c.Name, c.Sealed, bit(c.Secret), c.Fingerprint, millis(c.SetAt), string(c.SetBy))
		if err != nil {
			return fmt.Errorf("add setting %s: %w", c.Name, err)
		}
	}
	return nil
}

// SaveCheck keeps what a test call said.
func (r Stores) SaveCheck(ctx context.Context, a store.Account, entries ...audit.Entry) error {
	return r.d.exec(ctx, entries, "save test call", `update accounts set checked_at = $2, check_err = $3 where id = $1`,
		string(a.ID), millis(a.CheckedAt), a.CheckErr)
}

// SaveFreeze keeps whether an account may send. Freezing one that is frozen already changes nothing: the first reason stands.
func (r Stores) SaveFreeze(ctx context.Context, a store.Account, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		err := one(tx.ExecContext(ctx, `update accounts set frozen_at = $2, frozen_by = $3, frozen_why = $4 where id = $1 and ($2 = 0 or frozen_at = 0)`,
			string(a.ID), millis(a.Frozen.At), string(a.Frozen.By), a.Frozen.Reason))
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("save freeze: %w", err)
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

// SaveStoreFreeze keeps whether a store may send. As with accounts the first reason stands.
func (r Stores) SaveStoreFreeze(ctx context.Context, s store.Store, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		err := one(tx.ExecContext(ctx, `update stores set frozen_at = $2, frozen_by = $3, frozen_why = $4 where id = $1 and ($2 = 0 or frozen_at = 0)`,
			string(s.ID), millis(s.Frozen.At), string(s.Frozen.By), s.Frozen.Reason))
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("save freeze of store: %w", err)
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

// Heard keeps when an account's provider last answered or called; zero times are left as they are.
func (r Stores) Heard(ctx context.Context, id store.AccountID, good, hook time.Time) error {
	return r.d.exec(ctx, nil, "note answer", `update accounts set good_at = max(good_at, $2), hook_at = max(hook_at, $3) where id = $1`,
		string(id), millis(good), millis(hook))
}

// Account finds an account within a reach.
func (r Stores) Account(ctx context.Context, reach access.Reach, id store.AccountID) (store.Account, error) {
	a, err := findAccount(ctx, r.d.read, id)
	if err != nil {
		return a, err
	}
	if !reach.Has(a.Store) {
		return store.Account{}, store.ErrNotFound
	}
	a.Balances, err = r.balances(ctx, id)
	return a, err
}

// AccountByToken finds the account behind a webhook address.
func (r Stores) AccountByToken(ctx context.Context, token string) (store.Account, error) {
	a, err := scanAccount(r.d.read.QueryRowContext(ctx, `select `+accountColumns+` from accounts where token = $1`, token).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return a, store.ErrNotFound
	}
	return a, err
}

// Accounts lists accounts by store and label.
func (r Stores) Accounts(ctx context.Context, reach access.Reach) ([]store.Account, error) {
	where, args := within(reach, "store", 1)
	all, err := collect(ctx, r.d.read, scanAccount, `select `+accountColumns+` from accounts where `+where+` order by store, label, id`, args...)
	for i := range all {
		if err == nil {
			all[i].Balances, err = r.balances(ctx, all[i].ID)
		}
	}
	return all, err
}

func (r Stores) balances(ctx context.Context, id store.AccountID) ([]store.Balance, error) {
	return collect(ctx, r.d.read, func(scan func(...any) error) (store.Balance, error) {
		var a money.Amount
		var at int64
		err := scan(&a.Currency, &a.Minor, &at)
		return store.Balance{Amount: a, At: moment(at)}, err
	}, `select currency, minor, at from balances where account = $1 order by currency`, string(id))
}

// SaveBalances keeps what a provider said could be paid out.
func (r Stores) SaveBalances(ctx context.Context, id store.AccountID, all []store.Balance) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		for _, b := range all {
			_, err := tx.ExecContext(ctx, `
				insert into balances (account, currency, minor, at) values ($1, $2, $3, $4)
				on conflict (account, currency) do update set minor = $3, at = $4`, string(id), b.Amount.Currency, b.Amount.Minor, millis(b.At))
			if err != nil {
				return fmt.Errorf("save balance: %w", err)
			}
		}
		return nil
	})
}

// Credentials lists the stored settings of a version, in the order they were stored.
func (r Stores) Credentials(ctx context.Context, id store.AccountID, version int) ([]store.Credential, error) {
	return collect(ctx, r.d.read, func(scan func(...any) error) (store.Credential, error) {
		var c store.Credential
		var secret int
		var at int64
		err := scan(&c.Name, &c.Version, &c.Sealed, &secret, &c.Fingerprint, &at, &c.SetBy, &c.SetByName)
		c.Secret, c.SetAt = secret == 1, moment(at)
		return c, err
	}, `select c.name, c.version, c.sealed, c.secret, c.fingerprint, c.set_at, c.set_by, coalesce(p.name, '')
		from credentials c left join people p on p.id = c.set_by where c.account = $1 and c.version = $2 order by c.rowid`, string(id), version)
}

// SaveCalls adds up an account's calls by hour, and keeps what they told of the provider's clock.
func (r Stores) SaveCalls(ctx context.Context, id store.AccountID, n store.Noted) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		for hour, c := range n.Hours {
			_, err := tx.ExecContext(ctx, `
				insert into calls (account, hour, good, bad) values ($1, $2, $3, $4)
				on conflict (account, hour) do update set good = good + $3, bad = bad + $4`, string(id), millis(hour), c.Good, c.Bad)
			if err != nil {
				return fmt.Errorf("count calls of %s: %w", id, err)
			}
		}
		_, err := tx.ExecContext(ctx, `update accounts set good_at = max(good_at, $2), clock_ms = case when $4 > 0 then $3 else clock_ms end,
			clock_at = max(clock_at, $4) where id = $1`, string(id), millis(n.GoodAt), n.Clock.Milliseconds(), millis(n.ClockAt))
		if err != nil {
			return fmt.Errorf("note calls of %s: %w", id, err)
		}
		return nil
	})
}

// Calls counts an account's calls since the hour of a time.
func (r Stores) Calls(ctx context.Context, id store.AccountID, since time.Time) (store.Calls, error) {
	var c store.Calls
	err := r.d.read.QueryRowContext(ctx, `select coalesce(sum(good), 0), coalesce(sum(bad), 0) from calls where account = $1 and hour >= $2`,
		string(id), millis(since.Truncate(time.Hour))).Scan(&c.Good, &c.Bad)
	return c, err
}
