package access

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/audit"
)

// Service is sign-in, invitations and confirmations.
type Service struct {
	repo   Repository
	opts   Options
	hasher *hasher
}

// Options is what a Service needs from outside.
type Options struct {
	Now   func() time.Time
	NewID func() string // 26 random letters and digits
	// Params are those of the password hash; nil: 64 MiB, one pass.
	Params *argon2id.Params
	Issuer string // what an authenticator app calls the installation
	Site   string // host of the public URL, which passkeys are bound to
	Origin string // scheme, host and port of the public URL, as browsers name it
}

// How long a sign-in lasts (OWASP ASVS 5.0, 7.3).
const (
	loginLife      = 12 * time.Hour
	idleLife       = time.Hour
	idleLifeSuper  = 15 * time.Minute
	maxLogins      = 5
	InvitationLife = 72 * time.Hour
)

// New makes a service.
func New(repo Repository, o Options) (*Service, error) {
	h, err := newHasher(o.Params)
	if err != nil {
		return nil, err
	}
	return &Service{repo: repo, opts: o, hasher: h}, nil
}

func (s *Service) entry(by Person, action audit.Action, subject string, details map[string]any) audit.Entry {
	e := audit.Entry{At: s.opts.Now(), Actor: string(by.ID), ActorName: by.Name, Action: action, Subject: subject, Details: "{}"}
	if by.ID == "" {
		e.Actor, e.ActorName = audit.System, "Paywicket"
	}
	if b, err := json.Marshal(details); err == nil && details != nil {
		e.Details = string(b)
	}
	return e
}

// Note keeps that a person did something that changes nothing, such as taking data away.
func (s *Service) Note(ctx context.Context, by Person, action audit.Action, details map[string]any) error {
	return s.repo.Note(ctx, s.entry(by, action, "", details))
}

// SignIn is what somebody types at the door.
type SignIn struct {
	Email, Password, Code string
	Address, Agent        string
}

// ThrottledError says how long to wait before the next try counts.
type ThrottledError struct{ Wait time.Duration }

func (e *ThrottledError) Error() string { return fmt.Sprintf("too many tries, wait %s", e.Wait) }

// SignIn checks who somebody is and makes a login. A wrong part is ErrSignIn, too many tries a *ThrottledError.
func (s *Service) SignIn(ctx context.Context, in SignIn) (Login, Person, error) {
	in.Email = strings.TrimSpace(in.Email)
	p, err := s.repo.ByEmail(ctx, in.Email)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Login{}, Person{}, err
	}
	limits, err := s.limitsOf(ctx, p, in)
	if err != nil {
		return Login{}, Person{}, err
	}
	t, err := s.take(ctx, limits)
	if err != nil {
		return Login{}, Person{}, err
	}
	if ok, err := s.fits(ctx, p, in); err != nil {
		return Login{}, Person{}, err
	} else if !ok {
		return Login{}, Person{}, errors.Join(ErrSignIn, s.failed(ctx, p, in))
	}
	if err := s.giveBack(ctx, t); err != nil {
		return Login{}, Person{}, err
	}
	l, err := s.addLogin(ctx, p, in.Agent, in.Address)
	return l, p, err
}

// failed keeps that somebody did not get in. What was typed is kept nowhere: it may be a password. Throttling bounds the rows.
func (s *Service) failed(ctx context.Context, p Person, in SignIn) error {
	return s.repo.Note(ctx, s.entry(Person{}, audit.PersonSignInFailed, string(p.ID), map[string]any{"address": cut(in.Address, 100)}))
}

// fits takes as long for an unknown address as for a wrong password.
func (s *Service) fits(ctx context.Context, p Person, in SignIn) (bool, error) {
	var secrets Secrets
	var damaged error
	if p.ID != "" && !p.Disabled {
		var err error
		secrets, err = s.repo.Secrets(ctx, p.ID)
		if damaged = err; err != nil && !errors.Is(err, ErrDamaged) {
			return false, err
		}
	}
	fits, stale := s.hasher.check(in.Password, secrets.Password)
	if !fits {
		return false, nil
	}
	if damaged != nil && !isRecovery(in.Code) {
		return false, damaged
	}
	if secrets.TOTP != "" || damaged != nil {
		ok, err := s.secondFactor(ctx, p, secrets, in.Code)
		if err != nil || !ok {
			return false, err
		}
	}
	if stale {
		return true, s.rehash(ctx, p.ID, secrets.Password, in.Password)
	}
	return true, nil
}

// secondFactor takes an authenticator code, or a recovery code in its place.
func (s *Service) secondFactor(ctx context.Context, p Person, secrets Secrets, code string) (bool, error) {
	if isRecovery(code) {
		return s.useRecovery(ctx, p, code)
	}
	return s.useCode(ctx, p.ID, secrets.TOTP, code)
}

func (s *Service) rehash(ctx context.Context, id PersonID, old, password string) error {
	hash, err := s.hasher.hash(password)
	if err != nil {
		return err
	}
	return s.repo.Rehash(ctx, id, old, hash)
}

func (s *Service) addLogin(ctx context.Context, p Person, agent, address string) (Login, error) {
	now := s.opts.Now()
	l := Login{ID: s.opts.NewID(), Person: p.ID, Agent: cut(agent, 200), Address: cut(address, 100),
		CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(loginLife)}
	if err := s.repo.AddLogin(ctx, l, s.entry(p, audit.PersonSignedIn, string(p.ID), map[string]any{"address": l.Address})); err != nil {
		return Login{}, err
	}
	logins, err := s.repo.Logins(ctx, p.ID)
	for i := maxLogins; err == nil && i < len(logins); i++ {
		err = s.repo.EndLogins(ctx, p.ID, logins[i].ID, "", now)
	}
	return l, err
}

func cut(text string, n int) string {
	if len(text) > n {
		return strings.ToValidUTF8(text[:n], "")
	}
	return text
}

// Current is the person of a login, ErrNotFound once it is over: signed out, disabled, too old or idle for too long.
func (s *Service) Current(ctx context.Context, loginID string) (Person, Login, error) {
	l, err := s.repo.Login(ctx, loginID)
	if err != nil {
		return Person{}, Login{}, err
	}
	p, err := s.repo.Person(ctx, l.Person)
	if err != nil {
		return Person{}, Login{}, err
	}
	now, idle := s.opts.Now(), idleLife
	if p.IsSuper() {
		idle = idleLifeSuper
	}
	if p.Disabled || !l.RevokedAt.IsZero() || now.After(l.ExpiresAt) || now.Sub(l.SeenAt) > idle {
		return Person{}, Login{}, ErrNotFound
	}
	if now.Sub(l.SeenAt) > time.Minute { // not with every request: each would be a write
		_ = s.repo.TouchLogin(ctx, l.ID, now) // a disk that takes no more must not keep people from reading
	}
	return p, l, nil
}

// SignOut ends one login of a person.
func (s *Service) SignOut(ctx context.Context, p Person, loginID string) error {
	return s.repo.EndLogins(ctx, p.ID, loginID, "", s.opts.Now())
}

// SignOutEverywhere ends every login of a person but the one given.
func (s *Service) SignOutEverywhere(ctx context.Context, p Person, except string) error {
	return s.repo.EndLogins(ctx, p.ID, "", except, s.opts.Now(), s.entry(p, audit.PersonSessionsEnded, string(p.ID), nil))
}

// Logins lists a person's open logins, newest first.
func (s *Service) Logins(ctx context.Context, p Person) ([]Login, error) {
	return s.repo.Logins(ctx, p.ID)
}

// ChangePassword sets a new password and ends every other login. ErrSignIn: the old one does not fit.
func (s *Service) ChangePassword(ctx context.Context, p Person, old, fresh, keepLogin string) error {
	if ok, err := s.ConfirmPassword(ctx, p, old); err != nil {
		return err
	} else if !ok {
		return ErrSignIn
	}
	hash, err := s.newHash(p, fresh)
	if err != nil {
		return err
	}
	return s.repo.SetPassword(ctx, p.ID, hash, End{keepLogin, s.opts.Now()}, s.entry(p, audit.PersonPasswordChanged, string(p.ID), nil))
}

// newHash is the hash of a password that will do for a person.
func (s *Service) newHash(p Person, password string) (string, error) {
	if err := CheckPassword(password, p); err != nil {
		return "", err
	}
	return s.hasher.hash(password)
}

// SavePreferences keeps a person's name, language and theme; an empty name is left as it is.
func (s *Service) SavePreferences(ctx context.Context, p Person, name, language, theme string) error {
	if name = strings.TrimSpace(name); name == "" {
		name = p.Name
	}
	switch {
	case !CheckName(name):
		return &InputError{"name", "name"}
	case len(language) > 35: // the longest tag RFC 5646 expects
		return &InputError{"language", "language"}
	case theme != "" && theme != "light" && theme != "dark":
		return &InputError{"theme", "theme"}
	}
	p.Name, p.Language, p.Theme = name, language, theme
	return s.repo.SavePreferences(ctx, p)
}

// People lists everybody, disabled people last.
func (s *Service) People(ctx context.Context) ([]Person, error) { return s.repo.People(ctx) }

// Person finds somebody.
func (s *Service) Person(ctx context.Context, id PersonID) (Person, error) {
	return s.repo.Person(ctx, id)
}

// Setup is how the installation is set.
func (s *Service) Setup(ctx context.Context) (Setup, error) { return s.repo.Setup(ctx) }

func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// CheckEmail reports whether text is one plain e-mail address.
func CheckEmail(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Address == text && len(text) <= 254 && strings.Contains(text[strings.LastIndex(text, "@"):], ".")
}

// CheckName reports whether text may stand for a person: one line that shows what it says.
func CheckName(text string) bool {
	return (providers.Field{Name: "name", Max: 120}).Check(text) == nil
}
