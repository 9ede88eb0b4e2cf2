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
	// ErrTaken is returned for an e-mail address that somebody has already.
	ErrTaken = errors.New("e-mail address taken")
	// ErrLastSuper is returned when nobody would be left to approve.
	ErrLastSuper = errors.New("last super admin")
)

// Repository keeps people. db.People is the only implementation. Every method that takes entries writes them to the
// audit chain in the same commit.
type Repository interface {
	Person(ctx context.Context, id PersonID) (Person, error)
	ByEmail(ctx context.Context, email string) (Person, error)
	BySubject(ctx context.Context, subject string) (Person, error)
	People(ctx context.Context) ([]Person, error)
	Secrets(ctx context.Context, id PersonID) (Secrets, error)

	AddPerson(ctx context.Context, p Person, subject, password string, entries ...audit.Entry) error
	SavePerson(ctx context.Context, p Person, entries ...audit.Entry) error // name, language, theme, grants
	SetPassword(ctx context.Context, id PersonID, hash string, entries ...audit.Entry) error
	SetTOTP(ctx context.Context, id PersonID, seed string, entries ...audit.Entry) error // "" removes it
	// UseTOTPStep moves the last used time step forward; false if it was used before.
	UseTOTPStep(ctx context.Context, id PersonID, step int64) (bool, error)
	Disable(ctx context.Context, id PersonID, at time.Time, entries ...audit.Entry) error

	AddLogin(ctx context.Context, l Login, entries ...audit.Entry) error
	Login(ctx context.Context, id string) (Login, error)
	Logins(ctx context.Context, id PersonID) ([]Login, error) // that still count, newest first
	TouchLogin(ctx context.Context, id string, at time.Time) error
	EndLogins(ctx context.Context, id PersonID, only, except string, at time.Time, entries ...audit.Entry) error
	KnownAddress(ctx context.Context, id PersonID, address string) (bool, error)

	AddInvitation(ctx context.Context, i Invitation, entries ...audit.Entry) error
	Invitation(ctx context.Context, tokenHash string) (Invitation, error)
	Invitations(ctx context.Context) ([]Invitation, error) // open ones
	SaveInvitation(ctx context.Context, i Invitation, entries ...audit.Entry) error

	Throttle(ctx context.Context, name string) (Throttle, error)
	SaveThrottle(ctx context.Context, name string, t Throttle) error

	AddChallenge(ctx context.Context, c Challenge) error
	Challenge(ctx context.Context, id string) (Challenge, error)
	// VerifyChallenge marks it as verified; false if it was verified or used before.
	VerifyChallenge(ctx context.Context, id, means string, at time.Time) (bool, error)
	CountTry(ctx context.Context, id string) error

	Setup(ctx context.Context) (Setup, error)
	SaveSetup(ctx context.Context, s Setup, entries ...audit.Entry) error
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

// Throttle counts failed sign-ins under one name.
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
	Subject    string // id of what it is about
	Digest     string
	Means      string
	AskedAt    time.Time
	VerifiedAt time.Time
	UsedAt     time.Time
	Tries      int
}

// Setup is how the installation is set.
type Setup struct {
	TokenHash string // of the one-time link of the first start; "" once it is used
	Done      bool
	OnePerson bool
	Halted    string // why nothing is sent from any store, "" if it is
}
