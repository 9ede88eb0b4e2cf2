package access

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/paywicket/paywicket/web/audit"
)

// maxTries is how often a confirmation may be mistyped before a new one has to be asked for.
const maxTries = 5

// totpPeriod is the length of a time step in seconds, totpSkew how many steps a clock may be off (RFC 6238, 5.2).
const (
	totpPeriod = 30
	totpSkew   = 1
)

// Means is what a person confirms with: the best of what they have set up, else the password.
func Means(p Person) string {
	switch {
	case p.HasPasskey:
		return "passkey"
	case p.HasTOTP:
		return "totp"
	case p.HasPass:
		return "password"
	}
	return ""
}

// Ask opens a confirmation about one thing that is shown, named by its digest. ErrNoMeans tells to set something up first.
func (s *Service) Ask(ctx context.Context, p Person, purpose, subject, digest string) (Challenge, error) {
	return s.AskAbout(ctx, p, About(purpose, subject, digest))
}

// AskAbout opens a confirmation of an intent. Who, where and when are filled in here.
func (s *Service) AskAbout(ctx context.Context, p Person, i Intent) (Challenge, error) {
	if Means(p) == "" {
		return Challenge{}, ErrNoMeans
	}
	i.Format, i.Site, i.Person, i.Nonce = intentFormat, s.opts.Site, p.ID, s.opts.NewID()
	i.AskedAt = s.opts.Now().UTC().Truncate(time.Millisecond)
	b, err := i.Encode()
	if err != nil {
		return Challenge{}, err
	}
	c := Challenge{ID: i.Nonce, Person: p.ID, Purpose: i.Purpose, Subject: i.subject(), Intent: b, AskedAt: i.AskedAt, Digest: IntentDigest(b)}
	if len(i.Things) == 1 {
		c.Digest = i.Things[0].Digest
	}
	return c, s.repo.AddChallenge(ctx, c)
}

// Asked is an open confirmation of a person; ErrStepUp if it is another's, used or older than StepUpLife.
func (s *Service) Asked(ctx context.Context, p Person, id string) (Challenge, error) {
	c, err := s.repo.Challenge(ctx, id)
	if err != nil {
		return Challenge{}, err
	}
	if c.Person != p.ID || !c.UsedAt.IsZero() || !c.VerifiedAt.IsZero() || c.Tries >= maxTries || s.opts.Now().Sub(c.AskedAt) > StepUpLife {
		return c, ErrStepUp
	}
	return c, nil
}

// Mine is a confirmation of a person, however it stands. ErrNotFound: it is another's.
func (s *Service) Mine(ctx context.Context, p Person, id string) (Challenge, error) {
	c, err := s.repo.Challenge(ctx, id)
	if err == nil && c.Person != p.ID {
		return Challenge{}, ErrNotFound
	}
	return c, err
}

// Verify checks what the person typed to confirm. ErrSignIn: it does not fit, try again. ErrStepUp: ask anew. After too many
// tries, also at other confirmations, it is a *ThrottledError.
func (s *Service) Verify(ctx context.Context, p Person, id, typed string) (StepUp, error) {
	c, err := s.Asked(ctx, p, id)
	if err != nil {
		return StepUp{}, err
	}
	if may, err := s.repo.CountTry(ctx, id, maxTries); err != nil {
		return StepUp{}, err
	} else if !may {
		return StepUp{}, ErrStepUp
	}
	means, proof, err := s.confirms(ctx, p, c, typed)
	if err != nil {
		return StepUp{}, err
	}
	now := s.opts.Now()
	if fresh, err := s.repo.VerifyChallenge(ctx, id, means, now); err != nil {
		return StepUp{}, err
	} else if !fresh {
		return StepUp{}, ErrStepUp
	}
	return StepUp{ID: id, Person: p.ID, Subject: c.Subject, Digest: c.Digest, Intent: c.Intent, Proof: proof, Means: means,
		AskedAt: c.AskedAt, VerifiedAt: now}, nil
}

// confirms says by which means an answer to a challenge confirms; ErrSignIn if it does not. Whoever has an authenticator or a
// passkey cannot confirm with the password alone.
func (s *Service) confirms(ctx context.Context, p Person, c Challenge, typed string) (string, *Proof, error) {
	if isAssertion(typed) {
		var proof *Proof
		err := s.counted(ctx, p, func() (bool, error) {
			var err error
			proof, err = s.signed(ctx, p, c, typed)
			if errors.Is(err, ErrSignIn) {
				return false, nil
			}
			return err == nil, err
		})
		return "passkey", proof, err
	}
	secrets, err := s.repo.Secrets(ctx, p.ID)
	if err != nil && !errors.Is(err, ErrDamaged) {
		return "", nil, err
	}
	means := "password"
	switch {
	case c.Purpose == PurposeFactor && Means(p) != "password" && isRecovery(typed): // a password may look like one
		means = "recovery"
	case err != nil:
		return "", nil, err
	case secrets.TOTP != "":
		means = "totp"
	}
	return means, nil, s.counted(ctx, p, func() (bool, error) {
		switch {
		case means == "recovery":
			return s.useRecovery(ctx, p, typed)
		case means == "totp":
			return s.useCode(ctx, p.ID, secrets.TOTP, typed)
		case p.HasPasskey:
			return false, nil
		}
		ok, _ := s.hasher.check(typed, secrets.Password)
		return ok, nil
	})
}

// counted runs a check of something secret that a signed-in person typed, and slows down who keeps failing: whoever holds
// somebody's session must not find it out by trying. ErrSignIn: it does not fit.
func (s *Service) counted(ctx context.Context, p Person, check func() (bool, error)) error {
	t, err := s.take(ctx, []limit{{"confirm:" + string(p.ID), freeConfirm}})
	if err != nil {
		return err
	}
	if ok, err := check(); err != nil {
		return err
	} else if !ok {
		return ErrSignIn
	}
	return s.giveBack(ctx, t)
}

// ConfirmPassword reports whether the password fits, for changes to a person's own sign-in.
func (s *Service) ConfirmPassword(ctx context.Context, p Person, password string) (bool, error) {
	secrets, err := s.repo.Secrets(ctx, p.ID)
	if err != nil && !errors.Is(err, ErrDamaged) {
		return false, err
	}
	err = s.counted(ctx, p, func() (bool, error) {
		ok, _ := s.hasher.check(password, secrets.Password)
		return ok, nil
	})
	if errors.Is(err, ErrSignIn) {
		return false, nil
	}
	return err == nil, err
}

// useCode checks an authenticator code and uses up its time step: the library would take the same code twice.
func (s *Service) useCode(ctx context.Context, id PersonID, seed, code string) (bool, error) {
	if seed == "" {
		return false, nil // the library computes codes also of no seed
	}
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	now := s.opts.Now()
	for skew := -totpSkew; skew <= totpSkew; skew++ {
		step := now.Unix()/totpPeriod + int64(skew)
		ok, err := totp.ValidateCustom(code, seed, time.Unix(step*totpPeriod, 0), totp.ValidateOpts{Period: totpPeriod, Digits: otp.DigitsSix})
		if err != nil || !ok {
			continue // a code of the wrong length is an error of the library, and simply wrong
		}
		return s.repo.UseTOTPStep(ctx, id, step)
	}
	return false, nil
}

// NewTOTP makes a seed for an authenticator app. It counts only after AddTOTP has seen a code made with it.
func (s *Service) NewTOTP(p Person) (*otp.Key, error) {
	return totp.Generate(totp.GenerateOpts{Issuer: s.opts.Issuer, AccountName: p.Email, SecretSize: 20, Period: totpPeriod})
}

// FactorChange is what it takes to add or remove an authenticator.
type FactorChange struct {
	Password  string // of people who have one here
	Seed      string // of the new one, from NewTOTP; not needed to remove it
	Code      string // made with it
	KeepLogin string // the one login that does not end
}

// AddTOTP sets up an authenticator once a code shows that the app has the seed, and ends every other login. ErrSignIn:
// password or code does not fit. ErrTaken: there is one already, which has to be removed first.
func (s *Service) AddTOTP(ctx context.Context, p Person, in FactorChange) error {
	secrets, err := s.factorSecrets(ctx, p, in.Password)
	if err != nil {
		return err
	}
	if secrets.TOTP != "" {
		return ErrTaken
	}
	if ok, err := s.useCode(ctx, p.ID, in.Seed, in.Code); err != nil {
		return err
	} else if !ok {
		return ErrSignIn
	}
	return s.repo.SetTOTP(ctx, p.ID, in.Seed, End{in.KeepLogin, s.opts.Now()}, s.entry(p, audit.PersonTOTPAdded, string(p.ID), nil))
}

// RemoveTOTP takes the authenticator away, given the password and a code, and ends every other login. If the authenticator is
// damaged only a recovery code does; ErrDamaged for any other.
func (s *Service) RemoveTOTP(ctx context.Context, p Person, in FactorChange) error {
	secrets, err := s.factorSecrets(ctx, p, in.Password)
	damaged := errors.Is(err, ErrDamaged)
	if err != nil && (!damaged || !isRecovery(in.Code)) {
		return err
	}
	err = s.counted(ctx, p, func() (bool, error) {
		if damaged {
			return s.useRecovery(ctx, p, in.Code)
		}
		return s.useCode(ctx, p.ID, secrets.TOTP, in.Code)
	})
	if err != nil {
		return err
	}
	return s.repo.SetTOTP(ctx, p.ID, "", End{in.KeepLogin, s.opts.Now()}, s.entry(p, audit.PersonTOTPRemoved, string(p.ID), nil))
}

// factorSecrets asks for the password first, where there is one: a borrowed session must not change what confirms.
func (s *Service) factorSecrets(ctx context.Context, p Person, password string) (Secrets, error) {
	secrets, damaged := s.repo.Secrets(ctx, p.ID)
	if damaged != nil && !errors.Is(damaged, ErrDamaged) || secrets.Password == "" {
		return secrets, damaged
	}
	if ok, err := s.ConfirmPassword(ctx, p, password); err != nil {
		return secrets, err
	} else if !ok {
		return secrets, ErrSignIn
	}
	return secrets, damaged
}
