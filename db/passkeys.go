package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/vault"
)

// passkeyPlace binds a public key to its person: a row put there from outside opens for nobody.
func passkeyPlace(k access.Passkey) vault.Place {
	return vault.Place{Table: "passkeys", Row: string(k.Person) + "/" + k.ID, Field: "credential", Version: 1}
}

// Passkeys lists a person's passkeys, oldest first, also damaged ones.
func (r People) Passkeys(ctx context.Context, id access.PersonID) ([]access.Passkey, error) {
	all, err := collect(ctx, r.d.read, func(scan func(...any) error) (access.Passkey, error) {
		k := access.Passkey{Person: id}
		var made, used int64
		err := scan(&k.ID, &k.Name, &k.Site, &k.Credential, &made, &used)
		k.MadeAt, k.UsedAt = moment(made), moment(used)
		return k, err
	}, `select id, name, site, credential, made_at, used_at from passkeys where person = $1 order by made_at, rowid`, string(id))
	if err != nil {
		return nil, fmt.Errorf("load passkeys: %w", err)
	}
	for i := range all {
		all[i].Credential, err = r.d.vault.Unseal(all[i].Credential, passkeyPlace(all[i]))
		all[i].Damaged = err != nil // no reason to hide the others
	}
	return all, nil
}

// AddPasskey keeps a new passkey and ends logins.
func (r People) AddPasskey(ctx context.Context, k access.Passkey, end access.End, entries ...audit.Entry) error {
	sealed, err := r.d.vault.Seal(k.Credential, passkeyPlace(k))
	if err != nil {
		return fmt.Errorf("seal passkey: %w", err)
	}
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `insert into passkeys (id, person, name, site, credential, made_at) values ($1, $2, $3, $4, $5, $6)`,
			k.ID, string(k.Person), k.Name, k.Site, sealed, millis(k.MadeAt))
		if err != nil {
			return fmt.Errorf("add passkey: %w", err)
		}
		if err := endLogins(ctx, tx, k.Person, end); err != nil {
			return err
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

// RemovePasskey takes a passkey away and ends logins.
func (r People) RemovePasskey(ctx context.Context, id access.PersonID, key string, end access.End, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		err := one(tx.ExecContext(ctx, `delete from passkeys where person = $1 and id = $2`, string(id), key))
		if errors.Is(err, sql.ErrNoRows) {
			return access.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("remove passkey: %w", err)
		}
		if err := endLogins(ctx, tx, id, end); err != nil {
			return err
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

// UsePasskey keeps the counter of a passkey and when it was used.
func (r People) UsePasskey(ctx context.Context, k access.Passkey) error {
	sealed, err := r.d.vault.Seal(k.Credential, passkeyPlace(k))
	if err != nil {
		return fmt.Errorf("seal passkey: %w", err)
	}
	return r.d.exec(ctx, nil, "use passkey", `update passkeys set credential = $3, used_at = $4 where person = $1 and id = $2`,
		string(k.Person), k.ID, sealed, millis(k.UsedAt))
}

// SetSite keeps the host of the public address. If it was another before, it returns that and how many passkeys it had.
func (r People) SetSite(ctx context.Context, site string) (string, int, error) {
	was, err := setting(ctx, r.d.read, settingSite)
	if err != nil || was == site {
		return "", 0, err
	}
	var lost int
	err = r.d.inTx(ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, `select count(*) from passkeys where site = $1`, was).Scan(&lost); err != nil {
			return fmt.Errorf("count passkeys: %w", err)
		}
		return setSetting(ctx, tx, settingSite, site)
	})
	return was, lost, err
}

// SetRecovery replaces a person's recovery codes.
func (r People) SetRecovery(ctx context.Context, id access.PersonID, hashes []string, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `delete from recovery_codes where person = $1`, string(id)); err != nil {
			return fmt.Errorf("drop recovery codes: %w", err)
		}
		for _, hash := range hashes {
			if _, err := tx.ExecContext(ctx, `insert into recovery_codes (person, hash) values ($1, $2)`, string(id), hash); err != nil {
				return fmt.Errorf("add recovery code: %w", err)
			}
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

// UseRecovery uses a recovery code up.
func (r People) UseRecovery(ctx context.Context, id access.PersonID, hash string, at time.Time, entries ...audit.Entry) (bool, error) {
	used := false
	err := r.d.inTx(ctx, func(tx *sql.Tx) error {
		err := one(tx.ExecContext(ctx, `update recovery_codes set used_at = $3 where person = $1 and hash = $2 and used_at = 0`,
			string(id), hash, millis(at)))
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("use recovery code: %w", err)
		}
		used = true
		return r.d.addEntries(ctx, tx, entries...)
	})
	return used && err == nil, err
}

// RecoveryLeft is how many recovery codes a person has left.
func (r People) RecoveryLeft(ctx context.Context, id access.PersonID) (int, error) {
	var n int
	err := r.d.read.QueryRowContext(ctx, `select count(*) from recovery_codes where person = $1 and used_at = 0`, string(id)).Scan(&n)
	return n, err
}
