package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
)

// AddLogin stores a new login and when the person was last seen.
func (r People) AddLogin(ctx context.Context, l access.Login, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			insert into logins (id, person, agent, address, created_at, seen_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7)`,
			l.ID, string(l.Person), l.Agent, l.Address, millis(l.CreatedAt), millis(l.SeenAt), millis(l.ExpiresAt))
		if err != nil {
			return fmt.Errorf("add login: %w", err)
		}
		return errors.Join(seen(ctx, tx, l.Person, l.SeenAt), r.d.addEntries(ctx, tx, entries...))
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
		where person = $1 and revoked_at = 0 and expires_at > $2 order by created_at desc, id`, string(id), millis(r.d.now()))
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

// KnownAddress reports whether a person has signed in from an address before.
func (r People) KnownAddress(ctx context.Context, id access.PersonID, address string) (bool, error) {
	var n int
	err := r.d.read.QueryRowContext(ctx, `select exists (select 1 from logins where person = $1 and address = $2)`, string(id), address).Scan(&n)
	return n == 1, err
}

const invitationColumns = `token_hash, email, name, grants, invited_by, by_name, person, needs_second, confirmed_by, confirmed_at,
	created_at, expires_at, used_at, revoked_at`

func scanInvitation(scan func(...any) error) (access.Invitation, error) {
	var i access.Invitation
	var grants string
	var needs int
	var confirmed, created, expires, used, revoked int64
	err := scan(&i.TokenHash, &i.Email, &i.Name, &grants, &i.By, &i.ByName, &i.Person, &needs, &i.ConfirmedBy, &confirmed,
		&created, &expires, &used, &revoked)
	if err != nil {
		return i, err
	}
	i.NeedsSecond, i.ConfirmedAt, i.CreatedAt = needs == 1, moment(confirmed), moment(created)
	i.ExpiresAt, i.UsedAt, i.RevokedAt = moment(expires), moment(used), moment(revoked)
	return i, json.Unmarshal([]byte(grants), &i.Grants)
}

// AddInvitation stores a link.
func (r People) AddInvitation(ctx context.Context, i access.Invitation, entries ...audit.Entry) error {
	texts, err := encode(i.Grants)
	if err != nil {
		return err
	}
	return r.d.exec(ctx, entries, "add invitation", `
		insert into invitations (token_hash, email, name, grants, invited_by, by_name, person, needs_second, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		i.TokenHash, i.Email, i.Name, texts[0], string(i.By), i.ByName, string(i.Person), bit(i.NeedsSecond), millis(i.CreatedAt), millis(i.ExpiresAt))
}

// Invitation finds a link by its hash.
func (r People) Invitation(ctx context.Context, tokenHash string) (access.Invitation, error) {
	i, err := scanInvitation(r.d.read.QueryRowContext(ctx, `select `+invitationColumns+` from invitations where token_hash = $1`, tokenHash).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return i, access.ErrNotFound
	}
	return i, err
}

// Invitations lists the links that are open.
func (r People) Invitations(ctx context.Context) ([]access.Invitation, error) {
	return collect(ctx, r.d.read, scanInvitation, `select `+invitationColumns+` from invitations
		where used_at = 0 and revoked_at = 0 and expires_at > $1 order by created_at desc`, millis(r.d.now()))
}

// SaveInvitation keeps what became of a link. A link that was used or revoked before is ErrNotFound: it works once.
func (r People) SaveInvitation(ctx context.Context, i access.Invitation, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		err := one(tx.ExecContext(ctx, `
			update invitations set person = $2, confirmed_by = $3, confirmed_at = $4, used_at = $5, revoked_at = $6
			where token_hash = $1 and used_at = 0 and revoked_at = 0`,
			i.TokenHash, string(i.Person), string(i.ConfirmedBy), millis(i.ConfirmedAt), millis(i.UsedAt), millis(i.RevokedAt)))
		if errors.Is(err, sql.ErrNoRows) {
			return access.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("save invitation: %w", err)
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

// Throttle is the count under a name.
func (r People) Throttle(ctx context.Context, name string) (access.Throttle, error) {
	var t access.Throttle
	var until, last int64
	err := r.d.read.QueryRowContext(ctx, `select failures, until, last_at from throttles where name = $1`, name).Scan(&t.Failures, &until, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return t, nil
	}
	t.Until, t.LastAt = moment(until), moment(last)
	return t, err
}

// SaveThrottle keeps the count under a name; an empty one is dropped.
func (r People) SaveThrottle(ctx context.Context, name string, t access.Throttle) error {
	if t.Failures == 0 {
		return r.d.exec(ctx, nil, "clear throttle", `delete from throttles where name = $1`, name)
	}
	return r.d.exec(ctx, nil, "save throttle", `insert into throttles (name, failures, until, last_at) values ($1, $2, $3, $4)
		on conflict (name) do update set failures = $2, until = $3, last_at = $4`, name, t.Failures, millis(t.Until), millis(t.LastAt))
}

// AddChallenge stores a confirmation that is asked for.
func (r People) AddChallenge(ctx context.Context, c access.Challenge) error {
	return r.d.exec(ctx, nil, "add challenge", `insert into challenges (id, person, purpose, subject, digest, asked_at) values ($1, $2, $3, $4, $5, $6)`,
		c.ID, string(c.Person), c.Purpose, c.Subject, c.Digest, millis(c.AskedAt))
}

// Challenge finds a confirmation.
func (r People) Challenge(ctx context.Context, id string) (access.Challenge, error) {
	var c access.Challenge
	var asked, verified, used int64
	err := r.d.read.QueryRowContext(ctx, `select id, person, purpose, subject, digest, means, asked_at, verified_at, used_at, tries
		from challenges where id = $1`, id).Scan(&c.ID, &c.Person, &c.Purpose, &c.Subject, &c.Digest, &c.Means, &asked, &verified, &used, &c.Tries)
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

// CountTry counts a try at a confirmation.
func (r People) CountTry(ctx context.Context, id string) error {
	return r.d.exec(ctx, nil, "count try", `update challenges set tries = tries + 1 where id = $1`, id)
}

// Setup reads how the installation is set.
func (r People) Setup(ctx context.Context) (access.Setup, error) {
	rows, err := collect(ctx, r.d.read, func(scan func(...any) error) ([2]string, error) {
		var kv [2]string
		err := scan(&kv[0], &kv[1])
		return kv, err
	}, `select name, value from settings`)
	var s access.Setup
	for _, kv := range rows {
		switch kv[0] {
		case settingSetup:
			s.TokenHash = kv[1]
		case settingDone:
			s.Done = kv[1] == "1"
		case settingOnePerson:
			s.OnePerson = kv[1] == "1"
		case settingHalted:
			s.Halted = kv[1]
		}
	}
	return s, err
}

// SaveSetup keeps how the installation is set.
func (r People) SaveSetup(ctx context.Context, s access.Setup, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		flag := map[bool]string{true: "1", false: "0"}
		return errors.Join(
			setSetting(ctx, tx, settingSetup, s.TokenHash),
			setSetting(ctx, tx, settingDone, flag[s.Done]),
			setSetting(ctx, tx, settingOnePerson, flag[s.OnePerson]),
			setSetting(ctx, tx, settingHalted, s.Halted),
			r.d.addEntries(ctx, tx, entries...),
		)
	})
}
