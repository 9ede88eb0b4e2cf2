package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
)

// Note writes audit rows and changes nothing else.
func (r People) Note(ctx context.Context, entries ...audit.Entry) error {
	return r.d.Note(ctx, entries...)
}

// AddLogin stores a new login and when the person was last seen.
func (r People) AddLogin(ctx context.Context, l access.Login, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			insert into logins (id, person, agent, address, created_at, seen_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7)`,
			l.ID, string(l.Person), l.Agent, l.Address, millis(l.CreatedAt), millis(l.SeenAt), millis(l.ExpiresAt))
		if err != nil {
			return fmt.Errorf("add login: %w", err)
		}
		if err := seen(ctx, tx, l.Person, l.SeenAt); err != nil {
			return err
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

func seen(ctx context.Context, tx *sql.Tx, id access.PersonID, at time.Time) error {
	_, err := tx.ExecContext(ctx, `update people set seen_at = $2 where id = $1`, string(id), millis(at))
	return err
}

const loginColumns = `id, person, agent, address, created_at, seen_at, expires_at, revoked_at`

func scanLogin(scan func(...any) error) (access.Login, error) {
	var l access.Login
	var created, seenAt, expires, revoked int64
	err := scan(&l.ID, &l.Person, &l.Agent, &l.Address, &created, &seenAt, &expires, &revoked)
	l.CreatedAt, l.SeenAt, l.ExpiresAt, l.RevokedAt = moment(created), moment(seenAt), moment(expires), moment(revoked)
	return l, err
}

// Login finds a login.
func (r People) Login(ctx context.Context, id string) (access.Login, error) {
	l, err := scanLogin(r.d.read.QueryRowContext(ctx, `select `+loginColumns+` from logins where id = $1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return l, access.ErrNotFound
	}
	return l, err
}

// Logins lists a person's logins that still count.
func (r People) Logins(ctx context.Context, id access.PersonID) ([]access.Login, error) {
	return collect(ctx, r.d.read, scanLogin, `select `+loginColumns+` from logins
		where person = $1 and revoked_at = 0 and expires_at > $2 order by created_at desc, rowid desc`, string(id), millis(r.d.now()))
}

// TouchLogin keeps when a login was last used.
func (r People) TouchLogin(ctx context.Context, id string, at time.Time) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		var person access.PersonID
		err := tx.QueryRowContext(ctx, `update logins set seen_at = $2 where id = $1 returning person`, id, millis(at)).Scan(&person)
		if err != nil {
			return fmt.Errorf("touch login: %w", err)
		}
		return seen(ctx, tx, person, at)
	})
}

// EndLogins ends a person's logins: only this one, or all except that one.
func (r People) EndLogins(ctx context.Context, id access.PersonID, only, except string, at time.Time, entries ...audit.Entry) error {
	return r.d.exec(ctx, entries, "end logins", `
		update logins set revoked_at = $2 where person = $1 and revoked_at = 0 and ($3 = '' or id = $3) and ($4 = '' or id <> $4)`,
		string(id), millis(at), only, except)
}

// endLogins ends a person's logins in the transaction of what makes that necessary.
func endLogins(ctx context.Context, tx *sql.Tx, id access.PersonID, end access.End) error {
	_, err := tx.ExecContext(ctx, `update logins set revoked_at = $2 where person = $1 and revoked_at = 0 and id <> $3`,
		string(id), millis(end.At), end.Except)
	if err != nil {
		return fmt.Errorf("end logins of %s: %w", id, err)
	}
	return nil
}

// KnownAddress reports whether a person has signed in from an address before.
func (r People) KnownAddress(ctx context.Context, id access.PersonID, address string) (bool, error) {
	var n int
	err := r.d.read.QueryRowContext(ctx, `select exists (select 1 from logins where person = $1 and address = $2)`, string(id), address).Scan(&n)
	return n == 1, err
}

// forgetCounts is how long a count of failed tries is kept after the last of them; none matters after an hour.
const forgetCounts = 24 * time.Hour

// ChangeThrottles alters the counts under names; empty ones, and those that are long out of date, are dropped.
func (r People) ChangeThrottles(ctx context.Context, names []string, change func([]access.Throttle) error) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		counts := make([]access.Throttle, len(names))
		for i, name := range names {
			var until, last int64
			err := tx.QueryRowContext(ctx, `select failures, until, last_at from throttles where name = $1`, name).Scan(&counts[i].Failures, &until, &last)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return fmt.Errorf("load count of tries: %w", err)
			}
			counts[i].Until, counts[i].LastAt = moment(until), moment(last)
		}
		if err := change(counts); err != nil {
			return err
		}
		for i, name := range names {
			_, err := tx.ExecContext(ctx, `insert into throttles (name, failures, until, last_at) values ($1, $2, $3, $4)
				on conflict (name) do update set failures = $2, until = $3, last_at = $4`,
				name, counts[i].Failures, millis(counts[i].Until), millis(counts[i].LastAt))
			if err != nil {
				return fmt.Errorf("save count of tries: %w", err)
			}
		}
		_, err := tx.ExecContext(ctx, `delete from throttles where failures = 0 or last_at < $1`, millis(r.d.now().Add(-forgetCounts)))
		return err
	})
}

// AddChallenge stores a confirmation that is asked for.
func (r People) AddChallenge(ctx context.Context, c access.Challenge) error {
	return r.d.exec(ctx, nil, "add challenge", `insert into challenges (id, person, purpose, subject, digest, intent, asked_at) values ($1, $2, $3, $4, $5, $6, $7)`,
		c.ID, string(c.Person), c.Purpose, c.Subject, c.Digest, c.Intent, millis(c.AskedAt))
}

// Challenge finds a confirmation.
func (r People) Challenge(ctx context.Context, id string) (access.Challenge, error) {
	var c access.Challenge
	var asked, verified, used int64
	err := r.d.read.QueryRowContext(ctx, `select id, person, purpose, subject, digest, intent, means, asked_at, verified_at, used_at, tries
		from challenges where id = $1`, id).Scan(&c.ID, &c.Person, &c.Purpose, &c.Subject, &c.Digest, &c.Intent, &c.Means, &asked, &verified, &used, &c.Tries)
	if errors.Is(err, sql.ErrNoRows) {
		return c, access.ErrNotFound
	}
	c.AskedAt, c.VerifiedAt, c.UsedAt = moment(asked), moment(verified), moment(used)
	return c, err
}

// VerifyChallenge marks a confirmation as verified, once.
func (r People) VerifyChallenge(ctx context.Context, id, means string, at time.Time) (bool, error) {
	return r.d.swap(ctx, `update challenges set verified_at = $3, means = $2 where id = $1 and verified_at = 0 and used_at = 0`, id, means, millis(at))
}

// CountTry counts a try at a confirmation; false if there were too many before.
func (r People) CountTry(ctx context.Context, id string, most int) (bool, error) {
	return r.d.swap(ctx, `update challenges set tries = tries + 1 where id = $1 and tries < $2`, id, most)
}
