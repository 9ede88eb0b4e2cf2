package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/paywicket/paywicket/web/audit"
)

// How many recovery codes a person gets, and how one looks: 80 random bits, in groups that can be read out.
const (
	recoveryCodes  = 10
	recoveryLength = 16
)

var recoveryForm = regexp.MustCompile(`^[A-Z2-7]{16}$`)

func plainRecovery(typed string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(typed))
}

// isRecovery tells a recovery code from an authenticator code, by its look.
func isRecovery(typed string) bool { return recoveryForm.MatchString(plainRecovery(typed)) }

// hashRecovery needs no salt: a code has 80 random bits.
func hashRecovery(typed string) string {
	sum := sha256.Sum256([]byte(plainRecovery(typed)))
	return hex.EncodeToString(sum[:])
}

// NewRecovery makes recovery codes in place of all a person has. They are shown once. A code signs in instead of an
// authenticator code and confirms a change of authenticator or passkeys; it approves nothing.
func (s *Service) NewRecovery(ctx context.Context, p Person, by Confirmed) ([]string, error) {
	if err := s.confirmFactor(ctx, p, by.Challenge, by.Typed); err != nil {
		return nil, err
	}
	codes, hashes := make([]string, recoveryCodes), make([]string, recoveryCodes)
	for i := range codes {
		t := rand.Text()[:recoveryLength]
		codes[i] = strings.Join([]string{t[:4], t[4:8], t[8:12], t[12:]}, "-")
		hashes[i] = hashRecovery(t)
	}
	return codes, s.repo.SetRecovery(ctx, p.ID, hashes, s.entry(p, audit.PersonRecoveryMade, string(p.ID), map[string]any{"codes": recoveryCodes}))
}

// RecoveryLeft is how many recovery codes a person has left.
func (s *Service) RecoveryLeft(ctx context.Context, p Person) (int, error) {
	return s.repo.RecoveryLeft(ctx, p.ID)
}

func (s *Service) useRecovery(ctx context.Context, p Person, typed string) (bool, error) {
	return s.repo.UseRecovery(ctx, p.ID, hashRecovery(typed), s.opts.Now(), s.entry(p, audit.PersonRecoveryUsed, string(p.ID), nil))
}
