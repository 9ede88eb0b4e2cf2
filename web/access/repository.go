package access

import (
	"context"
	"errors"
	"time"

	"github.com/paywicket/paywicket/web/audit"
)

var (
	// ErrNotFound is returned for a person, login, invitation or challenge that is not there.
	ErrNotFound = errors.New("not found")
	// ErrSignIn is returned for a sign-in that does not fit. It never says which part does not.
	ErrSignIn = errors.New("e-mail address, password or code do not fit")
	// ErrStepUp is returned for a confirmation that is missing, stale, used, another's or about something else.
	ErrStepUp = errors.New("confirmation does not fit")
	// ErrNoMeans is returned when a person has neither password nor authenticator to confirm with.
	ErrNoMeans = errors.New("no means of confirmation")
	// ErrDamaged is returned when what a person's authenticator or passkeys are checked with does not open. It confirms nothing
	// then, and the password alone does not do in its place.
	ErrDamaged = errors.New("what an authenticator or passkey is checked with is damaged")
	// ErrTaken is returned for an e-mail address that somebody has already, and for a second authenticator.
	ErrTaken = errors.New("taken already")
	// ErrLastSuper is returned when nobody would be left to approve.
	ErrLastSuper = errors.New("last super admin")
	// ErrSecond is returned for one-person mode while two super admins exist.
	ErrSecond = errors.New("a second super admin exists")
)

// Repository keeps people. db.People is the only implementation. Every method that takes entries writes them to the
// audit chain in the same commit.
type Repository interface {
	Person(ctx context.Context, id PersonID) (Person, error)
	ByEmail(ctx context.Context, email string) (Person, error)
	BySubject(ctx context.Context, subject string) (Person, error)
	People(ctx context.Context) ([]Person, error)
	// Secrets opens what somebody signs in with. ErrDamaged: there is an authenticator that does not open; the rest is returned.
	Secrets(ctx context.Context, id PersonID) (Secrets, error)

	// AddPerson stores somebody new. ErrTaken: the address, or the host program's name for them, is somebody's already.
	AddPerson(ctx context.Context, p Person, subject, password string, entries ...audit.Entry) error
	// SavePreferences changes name, language and theme, never what a person may do.
	SavePreferences(ctx context.Context, p Person, entries ...audit.Entry) error
	// SaveExternal changes what the host program says of a person: name, address and roles.
	SaveExternal(ctx context.Context, p Person, entries ...audit.Entry) error
	// AddGrants gives roles besides those a person has.
	AddGrants(ctx context.Context, id PersonID, grants []Grant, entries ...audit.Entry) error
	// TakeGrant takes a role away and ends the person's logins. ErrNotFound: they do not have it. ErrLastSuper: it stays.
	TakeGrant(ctx context.Context, id PersonID, g Grant, at time.Time, entries ...audit.Entry) error
	// SetPassword keeps a new hash and ends logins.
	SetPassword(ctx context.Context, id PersonID, hash string, end End, entries ...audit.Entry) error
	// Rehash replaces a hash by another of the same password, unless the password was changed meanwhile.
	Rehash(ctx context.Context, id PersonID, old, fresh string) error
	// SetTOTP seals the seed of an authenticator and ends logins; "" removes it. ErrTaken: there is one already.
	SetTOTP(ctx context.Context, id PersonID, seed string, end End, entries ...audit.Entry) error
	// UseTOTPStep moves the last used time step forward; false if it was used before.
	UseTOTPStep(ctx context.Context, id PersonID, step int64) (bool, error)
	// Disable shuts somebody out: it ends their logins and revokes the links they made. ErrLastSuper: they stay.
	Disable(ctx context.Context, id PersonID, at time.Time, entries ...audit.Entry) error

	// Note writes audit rows and changes nothing else.
	Note(ctx context.Context, entries ...audit.Entry) error

	AddLogin(ctx context.Context, l Login, entries ...audit.Entry) error
	Login(ctx context.Context, id string) (Login, error)
	Logins(ctx context.Context, id PersonID) ([]Login, error) // that still count, newest first
	TouchLogin(ctx context.Context, id string, at time.Time) error
	EndLogins(ctx context.Context, id PersonID, only, except string, at time.Time, entries ...audit.Entry) error
	KnownAddress(ctx context.Context, id PersonID, address string) (bool, error)

	// As soon as two super admins exist in two-person mode, every open invitation needs a second one: each method that
	// could bring that about sees to it in the same commit. A link that is used, revoked, too old or not confirmed is
	// ErrNotFound.
	AddInvitation(ctx context.Context, i Invitation, entries ...audit.Entry) error
	Invitation(ctx context.Context, tokenHash string) (Invitation, error)
	Invitations(ctx context.Context) ([]Invitation, error) // open ones
	RevokeInvitation(ctx context.Context, tokenHash string, at time.Time, entries ...audit.Entry) error
	// ConfirmInvitation keeps who confirmed it. One that gives roles to somebody who is in is used up in the same commit.
	ConfirmInvitation(ctx context.Context, i Invitation, entries ...audit.Entry) error
	// GrantInvited uses an invitation up and gives its roles to the person it is about, whose logins end.
	GrantInvited(ctx context.Context, i Invitation, entries ...audit.Entry) error
	// Join uses an invitation up and stores the person it lets in.
	Join(ctx context.Context, i Invitation, p Person, password string, entries ...audit.Entry) error
	// Rejoin uses an invitation up and sets the password of the person it is about, whose logins end.
	Rejoin(ctx context.Context, i Invitation, password string, entries ...audit.Entry) error

	// ChangeThrottles loads the counts under names, lets change alter them and keeps what it left, all in one
	// transaction; nothing is kept if change returns an error.
	ChangeThrottles(ctx context.Context, names []string, change func([]Throttle) error) error

	Passkeys(ctx context.Context, id PersonID) ([]Passkey, error) // oldest first
	// AddPasskey keeps a new passkey and ends logins.
	AddPasskey(ctx context.Context, k Passkey, end End, entries ...audit.Entry) error
	// RemovePasskey takes a passkey away and ends logins. ErrNotFound: there is none such.
	RemovePasskey(ctx context.Context, id PersonID, key string, end End, entries ...audit.Entry) error
	// UsePasskey keeps the counter of a passkey and when it was used.
	UsePasskey(ctx context.Context, k Passkey) error
	// SetSite keeps the host of the public address. If it was another before, it returns that and how many passkeys it had.
	SetSite(ctx context.Context, site string) (string, int, error)
	// SetRecovery replaces a person's recovery codes, given by their hashes.
	SetRecovery(ctx context.Context, id PersonID, hashes []string, entries ...audit.Entry) error
	RecoveryLeft(ctx context.Context, id PersonID) (int, error)
	// UseRecovery uses a recovery code up; false if it is no code of the person, or was used before.
	UseRecovery(ctx context.Context, id PersonID, hash string, at time.Time, entries ...audit.Entry) (bool, error)

	AddChallenge(ctx context.Context, c Challenge) error
	Challenge(ctx context.Context, id string) (Challenge, error)
	// VerifyChallenge marks it as verified; false if it was verified or used before.
	VerifyChallenge(ctx context.Context, id, means string, at time.Time) (bool, error)
	// CountTry counts a try; false if there were as many as most before.
	CountTry(ctx context.Context, id string, most int) (bool, error)

	Setup(ctx context.Context) (Setup, error)
	// BeginSetup keeps the hash of a new one-time link and until when it works. ErrNotFound: it is set up already.
	BeginSetup(ctx context.Context, s Setup) error
	// FinishSetup uses the link up and stores the first super admin. ErrNotFound: the link is not the one that is kept.
	FinishSetup(ctx context.Context, s Setup, p Person, password string, entries ...audit.Entry) error
	// SetOnePerson switches the mode. ErrSecond: somebody else could be the second person.
	SetOnePerson(ctx context.Context, on bool, entries ...audit.Entry) error
	// SetHalted keeps why nothing is sent, "" for that it is.
	SetHalted(ctx context.Context, why string, entries ...audit.Entry) error
}

// End says which logins of a person end, at what time: all but one.
type End struct {
	Except string
	At     time.Time
}

// Secrets is what a person signs in with.
type Secrets struct {
	Password string // argon2id hash, "" for none
	TOTP     string // seed, "" for none
}

// Login is one signed-in browser.
type Login struct {
	ID        string
	Person    PersonID
	Agent     string
	Address   string
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
	RevokedAt time.Time
}

// Invitation is a link that lets somebody in, changes what somebody may do, or lets somebody set a new password.
type Invitation struct {
	TokenHash   string
	Email       string
	Name        string
	Grants      []Grant
	Person      PersonID // set: about this person instead of a new one
	By          PersonID
	ByName      string
	CreatedAt   time.Time
	ExpiresAt   time.Time
	NeedsSecond bool // nothing happens before another super admin confirms it
	ConfirmedBy PersonID
	ConfirmedAt time.Time
	UsedAt      time.Time
	RevokedAt   time.Time
}

// Waiting reports whether a second super admin still has to confirm it.
func (i Invitation) Waiting() bool { return i.NeedsSecond && i.ConfirmedAt.IsZero() }

// Throttle counts failed tries under one name.
type Throttle struct {
	Failures int
	Until    time.Time
	LastAt   time.Time
}

// Challenge is a confirmation that was asked for: bound to a person and to the digest of what they were shown.
type Challenge struct {
	ID         string
	Person     PersonID
	Purpose    string // "approve", "settle"
	Subject    string // id of what it is about, "" for several things
	Digest     string
	Intent     []byte // what is said yes to; of a new passkey, what the browser was asked
	Means      string
	AskedAt    time.Time
	VerifiedAt time.Time
	UsedAt     time.Time
	Tries      int
}

// TriesLeft is how often what is typed may still be wrong.
func (c Challenge) TriesLeft() int { return max(maxTries-c.Tries, 0) }

// Setup is how the installation is set.
type Setup struct {
	TokenHash string    // of the one-time link of the first start; "" once it is used
	Until     time.Time // how long that link works
	Done      bool
	OnePerson bool
	Halted    string // why nothing is sent from any store, "" if it is
	Broken    string // why this process writes nothing any more and so sends nothing, "" if it does
	HaltedBy  string // name of who stopped it
	HaltedAt  time.Time
}
