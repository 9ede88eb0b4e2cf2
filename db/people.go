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

// People keeps people. It implements access.Repository.
type People struct{ d *DB }

// People is the repository of people.
func (d *DB) People() People { return People{d} }

const personColumns = `id, email, name, language, theme, subject <> '', password <> '', totp is not null, disabled_at, seen_at, created_at`

func scanPerson(scan func(...any) error) (access.Person, error) {
	var p access.Person
	var external, pass, totp int
	var disabled, seen, made int64
	err := scan(&p.ID, &p.Email, &p.Name, &p.Language, &p.Theme, &external, &pass, &totp, &disabled, &seen, &made)
	p.External, p.HasPass, p.HasTOTP = external == 1, pass == 1, totp == 1
	p.Disabled, p.SeenAt, p.MadeAt = disabled > 0, moment(seen), moment(made)
	return p, err
}

// findPerson finds somebody by a condition on $1.
func findPerson(ctx context.Context, q querier, where string, arg any) (access.Person, error) {
	p, err := scanPerson(q.QueryRowContext(ctx, `select `+personColumns+` from people where `+where, arg).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return access.Person{}, access.ErrNotFound
	}
	if err != nil {
		return access.Person{}, fmt.Errorf("load person: %w", err)
	}
	p.Grants, err = grantsOf(ctx, q, p.ID)
	return p, err
}

func grantsOf(ctx context.Context, q querier, id access.PersonID) ([]access.Grant, error) {
	return collect(ctx, q, func(scan func(...any) error) (access.Grant, error) {
		var g access.Grant
		err := scan(&g.Role, &g.Store)
		return g, err
	}, `select role, store from grants where person = $1 order by granted_at, rowid`, string(id))
}

// Person finds somebody by id.
func (r People) Person(ctx context.Context, id access.PersonID) (access.Person, error) {
	return findPerson(ctx, r.d.read, "id = $1", string(id))
}

// ByEmail finds somebody who signs in here.
func (r People) ByEmail(ctx context.Context, email string) (access.Person, error) {
	return findPerson(ctx, r.d.read, "subject = '' and email = $1", email)
}

// BySubject finds somebody whom the host program vouches for.
func (r People) BySubject(ctx context.Context, subject string) (access.Person, error) {
	return findPerson(ctx, r.d.read, "subject = $1 and subject <> ''", subject)
}

// People lists everybody, disabled people last.
func (r People) People(ctx context.Context) ([]access.Person, error) {
	all, err := collect(ctx, r.d.read, scanPerson, `select `+personColumns+` from people order by disabled_at > 0, name, id`)
	for i := range all {
		if err == nil {
			all[i].Grants, err = grantsOf(ctx, r.d.read, all[i].ID)
		}
	}
	return all, err
}

func totpPlace(id access.PersonID) vault.Place {
	return vault.Place{Table: "people", Row: string(id), Field: "totp", Version: 1}
}

// Secrets opens what a person signs in with.
func (r People) Secrets(ctx context.Context, id access.PersonID) (access.Secrets, error) {
	var s access.Secrets
	var sealed []byte
	if err := r.d.read.QueryRowContext(ctx, `select password, totp from people where id = $1`, string(id)).Scan(&s.Password, &sealed); err != nil {
		return s, fmt.Errorf("load sign-in of %s: %w", id, err)
	}
	if sealed != nil {
		plain, err := r.d.vault.Unseal(sealed, totpPlace(id))
		if err != nil {
			return s, fmt.Errorf("open authenticator of %s: %w", id, err)
		}
		s.TOTP = string(plain)
	}
	return s, nil
}

// AddPerson stores somebody new. An address that is taken is access.ErrTaken; a disabled person's address is free again.
func (r People) AddPerson(ctx context.Context, p access.Person, subject, password string, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		old, err := findPerson(ctx, tx, "subject = '' and email = $1", p.Email)
		if err == nil && subject == "" {
			if !old.Disabled {
				return access.ErrTaken
			}
			if _, err := tx.ExecContext(ctx, `update people set email = id || ':' || email where id = $1`, string(old.ID)); err != nil {
				return fmt.Errorf("free address of %s: %w", old.ID, err)
			}
		}
		_, err = tx.ExecContext(ctx, `
			insert into people (id, email, name, language, theme, subject, password, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
			string(p.ID), p.Email, p.Name, p.Language, p.Theme, subject, password, millis(p.MadeAt))
		if err != nil {
			return fmt.Errorf("add person: %w", err)
		}
		return errors.Join(r.saveGrants(ctx, tx, p), r.d.addEntries(ctx, tx, entries...))
	})
}

// SavePerson changes name, address, language, theme and grants.
func (r People) SavePerson(ctx context.Context, p access.Person, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		err := one(tx.ExecContext(ctx, `update people set name = $2, email = $3, language = $4, theme = $5 where id = $1`,
			string(p.ID), p.Name, p.Email, p.Language, p.Theme))
		if err != nil {
			return fmt.Errorf("save person %s: %w", p.ID, err)
		}
		return errors.Join(r.saveGrants(ctx, tx, p), r.d.addEntries(ctx, tx, entries...))
	})
}

func (r People) saveGrants(ctx context.Context, tx *sql.Tx, p access.Person) error {
	if _, err := tx.ExecContext(ctx, `delete from grants where person = $1`, string(p.ID)); err != nil {
		return fmt.Errorf("clear roles of %s: %w", p.ID, err)
	}
	for _, g := range p.Grants {
		_, err := tx.ExecContext(ctx, `insert into grants (person, role, store, granted_by, granted_at) values ($1, $2, $3, '', $4)
			on conflict do nothing`, string(p.ID), string(g.Role), string(g.Store), millis(r.d.now()))
		if err != nil {
			return fmt.Errorf("grant %s to %s: %w", g.Role, p.ID, err)
		}
	}
	return nil
}

// SetPassword keeps a new hash.
func (r People) SetPassword(ctx context.Context, id access.PersonID, hash string, entries ...audit.Entry) error {
	return r.d.exec(ctx, entries, "set password", `update people set password = $2 where id = $1`, string(id), hash)
}

// SetTOTP seals the seed of an authenticator; "" removes it.
func (r People) SetTOTP(ctx context.Context, id access.PersonID, seed string, entries ...audit.Entry) error {
	if seed == "" {
		return r.d.exec(ctx, entries, "remove authenticator", `update people set totp = null where id = $1`, string(id))
	}
	sealed, err := r.d.vault.Seal([]byte(seed), totpPlace(id))
	if err != nil {
		return fmt.Errorf("seal authenticator of %s: %w", id, err)
	}
	return r.d.exec(ctx, entries, "add authenticator", `update people set totp = $2 where id = $1`, string(id), sealed)
}

// UseTOTPStep uses up a time step.
func (r People) UseTOTPStep(ctx context.Context, id access.PersonID, step int64) (bool, error) {
	return r.d.swap(ctx, `update people set totp_step = $2 where id = $1 and totp_step < $2`, string(id), step)
}

// swap runs a compare-and-set and says whether it took place.
func (d *DB) swap(ctx context.Context, query string, args ...any) (bool, error) {
	done := false
	err := d.inTx(ctx, func(tx *sql.Tx) error {
		err := one(tx.ExecContext(ctx, query, args...))
		done = err == nil
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return done, err
}

// Disable shuts somebody out.
func (r People) Disable(ctx context.Context, id access.PersonID, at time.Time, entries ...audit.Entry) error {
	return r.d.exec(ctx, entries, "disable person", `update people set disabled_at = $2 where id = $1`, string(id), millis(at))
}
