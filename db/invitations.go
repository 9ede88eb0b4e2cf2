package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
)

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
	err = json.Unmarshal([]byte(grants), &i.Grants)
	return i, err
}

// AddInvitation stores a link.
func (r People) AddInvitation(ctx context.Context, i access.Invitation, entries ...audit.Entry) error {
	texts, err := encode(i.Grants)
	if err != nil {
		return err
	}
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			insert into invitations (token_hash, email, name, grants, invited_by, by_name, person, needs_second, created_at, expires_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			i.TokenHash, i.Email, i.Name, texts[0], string(i.By), i.ByName, string(i.Person), bit(i.NeedsSecond), millis(i.CreatedAt), millis(i.ExpiresAt))
		if err != nil {
			return fmt.Errorf("add invitation: %w", err)
		}
		if err := needSecond(ctx, tx); err != nil {
			return err
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

// needSecond marks every open invitation as needing a second super admin once there are two in two-person mode: none that
// was made while there was one may outlive that.
func needSecond(ctx context.Context, tx *sql.Tx) error {
	n, err := supers(ctx, tx)
	if err != nil || n < 2 {
		return err
	}
	if one, err := setting(ctx, tx, settingOnePerson); err != nil || one == "1" {
		return err
	}
	if _, err := tx.ExecContext(ctx, `update invitations set needs_second = 1 where needs_second = 0 and used_at = 0 and revoked_at = 0`); err != nil {
		return fmt.Errorf("hold back invitations: %w", err)
	}
	return nil
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

// RevokeInvitation makes a link useless.
func (r People) RevokeInvitation(ctx context.Context, tokenHash string, at time.Time, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		err := one(tx.ExecContext(ctx, `update invitations set revoked_at = $2 where token_hash = $1 and used_at = 0 and revoked_at = 0`,
			tokenHash, millis(at)))
		if err != nil {
			return invitationError(err)
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

func invitationError(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return access.ErrNotFound
	}
	return fmt.Errorf("save invitation: %w", err)
}

// ConfirmInvitation keeps who confirmed a link. One that has its time of use set is used up at once, and gives its roles.
func (r People) ConfirmInvitation(ctx context.Context, i access.Invitation, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		err := one(tx.ExecContext(ctx, `update invitations set confirmed_by = $2, confirmed_at = $3
			where token_hash = $1 and used_at = 0 and revoked_at = 0 and expires_at >= $3 and needs_second = 1 and confirmed_at = 0 and invited_by <> $2`,
			i.TokenHash, string(i.ConfirmedBy), millis(i.ConfirmedAt)))
		if err != nil {
			return invitationError(err)
		}
		if !i.UsedAt.IsZero() {
			if err := r.grantInvited(ctx, tx, i); err != nil {
				return err
			}
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

// useInvitation uses a link up, once, if it may be used.
func useInvitation(ctx context.Context, tx *sql.Tx, i access.Invitation) error {
	err := one(tx.ExecContext(ctx, `update invitations set used_at = $2, person = $3
		where token_hash = $1 and used_at = 0 and revoked_at = 0 and expires_at >= $2 and (needs_second = 0 or confirmed_at > 0)`,
		i.TokenHash, millis(i.UsedAt), string(i.Person)))
	if err != nil {
		return invitationError(err)
	}
	return nil
}

// GrantInvited uses an invitation up and gives its roles to the person it is about.
func (r People) GrantInvited(ctx context.Context, i access.Invitation, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		if err := r.grantInvited(ctx, tx, i); err != nil {
			return err
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

func (r People) grantInvited(ctx context.Context, tx *sql.Tx, i access.Invitation) error {
	if err := useInvitation(ctx, tx, i); err != nil {
		return err
	}
	if err := r.addGrants(ctx, tx, i.Person, i.Grants); err != nil {
		return err
	}
	return endLogins(ctx, tx, i.Person, access.End{At: i.UsedAt}) // rights changed: sign in again
}

// Join uses an invitation up and stores the person it lets in.
func (r People) Join(ctx context.Context, i access.Invitation, p access.Person, password string, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		if err := useInvitation(ctx, tx, i); err != nil {
			return err
		}
		return r.addPerson(ctx, tx, p, "", password, entries...)
	})
}

// Rejoin uses an invitation up and sets the password of the person it is about.
func (r People) Rejoin(ctx context.Context, i access.Invitation, password string, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		if err := useInvitation(ctx, tx, i); err != nil {
			return err
		}
		if err := setPassword(ctx, tx, i.Person, password, access.End{At: i.UsedAt}); err != nil {
			return err
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

// settingUntil is how long the one-time link of the first start works, in Unix milliseconds.
const settingUntil = "setup_until"

// Setup reads how the installation is set.
func (r People) Setup(ctx context.Context) (access.Setup, error) {
	rows, err := collect(ctx, r.d.read, func(scan func(...any) error) ([2]string, error) {
		var kv [2]string
		err := scan(&kv[0], &kv[1])
		return kv, err
	}, `select name, value from settings`)
	s := access.Setup{Broken: r.d.Halted()}
	for _, kv := range rows {
		switch kv[0] {
		case settingSetup:
			s.TokenHash = kv[1]
		case settingUntil:
			ms, parseErr := strconv.ParseInt(kv[1], 10, 64)
			s.Until, err = moment(ms), errors.Join(err, parseErr)
		case settingDone:
			s.Done = kv[1] == "1"
		case settingOnePerson:
			s.OnePerson = kv[1] == "1"
		case settingHalted:
			s.Halted = kv[1]
		case settingHaltedBy:
			s.HaltedBy = kv[1]
		case settingHaltedAt:
			ms, parseErr := strconv.ParseInt(kv[1], 10, 64)
			s.HaltedAt, err = moment(ms), errors.Join(err, parseErr)
		}
	}
	return s, err
}

// BeginSetup keeps the hash of a new one-time link.
func (r People) BeginSetup(ctx context.Context, s access.Setup) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		if done, err := setting(ctx, tx, settingDone); err != nil {
			return err
		} else if done == "1" {
			return access.ErrNotFound
		}
		return setSettings(ctx, tx, settingSetup, s.TokenHash, settingUntil, strconv.FormatInt(millis(s.Until), 10))
	})
}

func setSettings(ctx context.Context, tx *sql.Tx, pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if err := setSetting(ctx, tx, pairs[i], pairs[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// FinishSetup uses the one-time link up and stores the first super admin.
func (r People) FinishSetup(ctx context.Context, s access.Setup, p access.Person, password string, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		kept, err := setting(ctx, tx, settingSetup)
		if err != nil {
			return err
		}
		if kept == "" || kept != s.TokenHash {
			return access.ErrNotFound
		}
		err = setSettings(ctx, tx, settingSetup, "", settingUntil, "0", settingDone, "1", settingOnePerson, flag(s.OnePerson))
		if err != nil {
			return err
		}
		return r.addPerson(ctx, tx, p, "", password, entries...)
	})
}

func flag(on bool) string {
	if on {
		return "1"
	}
	return "0"
}

// SetOnePerson switches between two people and one. Towards one is access.ErrSecond while two super admins exist.
func (r People) SetOnePerson(ctx context.Context, on bool, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		if n, err := supers(ctx, tx); err != nil {
			return err
		} else if on && n > 1 {
			return access.ErrSecond
		}
		if err := setSetting(ctx, tx, settingOnePerson, flag(on)); err != nil {
			return err
		}
		if err := needSecond(ctx, tx); err != nil {
			return err
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

// SetHalted keeps why nothing is sent from any store, "" for that it is.
func (r People) SetHalted(ctx context.Context, why string, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		by, at := "", int64(0)
		for _, e := range entries {
			by, at = e.ActorName, millis(e.At)
		}
		if err := setSettings(ctx, tx, settingHalted, why, settingHaltedBy, by, settingHaltedAt, strconv.FormatInt(at, 10)); err != nil {
			return err
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}
