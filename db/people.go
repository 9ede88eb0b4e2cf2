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

const personColumns = `id, email, name, language, theme, subject <> '', password <> '', totp is not null,
	exists (select 1 from passkeys k where k.person = people.id and k.site = (select value from settings where name = 'site')), disabled_at, seen_at, created_at`

func scanPerson(scan func(...any) error) (access.Person, error) {
	var p access.Person
	var external, pass, totp, passkey int
	var disabled, seen, made int64
	err := scan(&p.ID, &p.Email, &p.Name, &p.Language, &p.Theme, &external, &pass, &totp, &passkey, &disabled, &seen, &made)
	p.External, p.HasPass, p.HasTOTP, p.HasPasskey = external == 1, pass == 1, totp == 1, passkey == 1
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

// Secrets opens what a person signs in with; access.ErrDamaged if the authenticator does not open.
func (r People) Secrets(ctx context.Context, id access.PersonID) (access.Secrets, error) {
	var s access.Secrets
	var sealed []byte
	if err := r.d.read.QueryRowContext(ctx, `select password, totp from people where id = $1`, string(id)).Scan(&s.Password, &sealed); err != nil {
		return s, fmt.Errorf("load sign-in of %s: %w", id, err)
	}
	if sealed != nil {
		plain, err := r.d.vault.Unseal(sealed, totpPlace(id))
		if err != nil {
			return s, fmt.Errorf("open authenticator of %s: %w: %w", id, access.ErrDamaged, err)
		}
		s.TOTP = string(plain)
	}
	return s, nil
}

// AddPerson stores somebody new. An address or subject that is taken is access.ErrTaken; a disabled person's address is
// free again.
func (r People) AddPerson(ctx context.Context, p access.Person, subject, password string, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error { return r.addPerson(ctx, tx, p, subject, password, entries...) })
}

func (r People) addPerson(ctx context.Context, tx *sql.Tx, p access.Person, subject, password string, entries ...audit.Entry) error {
	if err := freeName(ctx, tx, p.Email, subject); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		insert into people (id, email, name, language, theme, subject, password, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		string(p.ID), p.Email, p.Name, p.Language, p.Theme, subject, password, millis(p.MadeAt))
	if err != nil {
		return fmt.Errorf("add person: %w", err)
	}
	if err := r.addGrants(ctx, tx, p.ID, p.Grants); err != nil {
		return err
	}
	return r.d.addEntries(ctx, tx, entries...)
}

// freeName sees to it that nobody has the name a new person signs in by: the subject of a host program, else the address.
func freeName(ctx context.Context, tx *sql.Tx, email, subject string) error {
	find, arg := "subject = '' and email = $1", email
	if subject != "" {
		find, arg = "subject = $1", subject
	}
	old, err := findPerson(ctx, tx, find, arg)
	switch {
	case errors.Is(err, access.ErrNotFound):
		return nil
	case err != nil:
		return err
	case subject != "" || !old.Disabled:
		return access.ErrTaken
	}
	if _, err := tx.ExecContext(ctx, `update people set email = id || ':' || email where id = $1`, string(old.ID)); err != nil {
		return fmt.Errorf("free address of %s: %w", old.ID, err)
	}
	return nil
}

// SavePreferences changes name, language and theme.
func (r People) SavePreferences(ctx context.Context, p access.Person, entries ...audit.Entry) error {
	return r.d.exec(ctx, entries, "save preferences", `update people set name = $2, language = $3, theme = $4 where id = $1`,
		string(p.ID), p.Name, p.Language, p.Theme)
}

// SaveExternal changes what a host program says of a person.
func (r People) SaveExternal(ctx context.Context, p access.Person, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		err := one(tx.ExecContext(ctx, `update people set name = $2, email = $3 where id = $1 and subject <> ''`, string(p.ID), p.Name, p.Email))
		if err != nil {
			return fmt.Errorf("save person %s: %w", p.ID, err)
		}
		if _, err := tx.ExecContext(ctx, `delete from grants where person = $1`, string(p.ID)); err != nil {
			return fmt.Errorf("clear roles of %s: %w", p.ID, err)
		}
		if err := r.addGrants(ctx, tx, p.ID, p.Grants); err != nil {
			return err
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

// AddGrants gives roles besides those a person has.
func (r People) AddGrants(ctx context.Context, id access.PersonID, grants []access.Grant, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		if err := r.addGrants(ctx, tx, id, grants); err != nil {
			return err
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

func (r People) addGrants(ctx context.Context, tx *sql.Tx, id access.PersonID, grants []access.Grant) error {
	for _, g := range grants {
		_, err := tx.ExecContext(ctx, `insert into grants (person, role, store, granted_by, granted_at) values ($1, $2, $3, '', $4)
			on conflict do nothing`, string(id), string(g.Role), string(g.Store), millis(r.d.now()))
		if err != nil {
			return fmt.Errorf("grant %s to %s: %w", g.Role, id, err)
		}
	}
	return needSecond(ctx, tx)
}

// TakeGrant takes a role away and ends the person's logins.
func (r People) TakeGrant(ctx context.Context, id access.PersonID, g access.Grant, at time.Time, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		err := one(tx.ExecContext(ctx, `delete from grants where person = $1 and role = $2 and store = $3`, string(id), string(g.Role), string(g.Store)))
		if errors.Is(err, sql.ErrNoRows) {
			return access.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("take %s from %s: %w", g.Role, id, err)
		}
		if g.Role == access.SuperAdmin {
			if err := loseSuper(ctx, tx, id, at); err != nil {
				return err
			}
		}
		if err := endLogins(ctx, tx, id, access.End{At: at}); err != nil {
			return err
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

// loseSuper checks that a super admin is left when this one is none any more, and revokes the links they made.
func loseSuper(ctx context.Context, tx *sql.Tx, id access.PersonID, at time.Time) error {
	n, err := supers(ctx, tx)
	if err != nil {
		return err
	}
	if n == 0 {
		return access.ErrLastSuper
	}
	_, err = tx.ExecContext(ctx, `update invitations set revoked_at = $2
		where invited_by = $1 and confirmed_by = '' and used_at = 0 and revoked_at = 0`, string(id), millis(at))
	if err != nil {
		return fmt.Errorf("revoke invitations by %s: %w", id, err)
	}
	return nil
}

// supers counts the super admins who are not disabled.
func supers(ctx context.Context, q querier) (int, error) {
	var n int
	err := q.QueryRowContext(ctx, `select count(*) from grants g join people p on p.id = g.person
		where g.role = 'super-admin' and p.disabled_at = 0`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count super admins: %w", err)
	}
	return n, nil
}

// SetPassword keeps a new hash and ends logins.
func (r People) SetPassword(ctx context.Context, id access.PersonID, hash string, end access.End, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		if err := setPassword(ctx, tx, id, hash, end); err != nil {
			return err
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

func setPassword(ctx context.Context, tx *sql.Tx, id access.PersonID, hash string, end access.End) error {
	err := one(tx.ExecContext(ctx, `update people set password = $2 where id = $1 and subject = '' and disabled_at = 0`, string(id), hash))
	if errors.Is(err, sql.ErrNoRows) {
		return access.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("set password of %s: %w", id, err)
	}
	return endLogins(ctx, tx, id, end)
}

// Rehash replaces a hash by another of the same password.
func (r People) Rehash(ctx context.Context, id access.PersonID, old, fresh string) error {
	return r.d.exec(ctx, nil, "rehash password", `update people set password = $3 where id = $1 and password = $2`, string(id), old, fresh)
}

// SetTOTP seals the seed of an authenticator; "" removes it. Logins end.
func (r People) SetTOTP(ctx context.Context, id access.PersonID, seed string, end access.End, entries ...audit.Entry) error {
	sealed, err := r.sealTOTP(id, seed)
	if err != nil {
		return err
	}
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		err := one(tx.ExecContext(ctx, `update people set totp = $2 where id = $1 and (totp is null or $2 is null)`, string(id), sealed))
		if errors.Is(err, sql.ErrNoRows) {
			return access.ErrTaken
		}
		if err != nil {
			return fmt.Errorf("set authenticator of %s: %w", id, err)
		}
		if err := endLogins(ctx, tx, id, end); err != nil {
			return err
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

// sealTOTP is the value of the column: nil for no authenticator.
func (r People) sealTOTP(id access.PersonID, seed string) (any, error) {
	if seed == "" {
		return nil, nil
	}
	sealed, err := r.d.vault.Seal([]byte(seed), totpPlace(id))
	if err != nil {
		return nil, fmt.Errorf("seal authenticator of %s: %w", id, err)
	}
	return sealed, nil
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

// Disable shuts somebody out, ends their logins and revokes the links they made.
func (r People) Disable(ctx context.Context, id access.PersonID, at time.Time, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		p, err := findPerson(ctx, tx, "id = $1 and disabled_at = 0", string(id))
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `update people set disabled_at = $2 where id = $1`, string(id), millis(at)); err != nil {
			return fmt.Errorf("disable %s: %w", id, err)
		}
		if p.IsSuper() {
			if err := loseSuper(ctx, tx, id, at); err != nil {
				return err
			}
		}
		if err := endLogins(ctx, tx, id, access.End{At: at}); err != nil {
			return err
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}
