package access

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/paywicket/paywicket/web/audit"
)

// maxPasskeys is how many passkeys a person may have: one for each device, with room.
const maxPasskeys = 10

// Passkey is a key that a person's device keeps and unlocks by fingerprint, face or PIN (WebAuthn, level 3).
type Passkey struct {
	ID         string // of the credential, base64url
	Person     PersonID
	Name       string // given by the person, to tell devices apart
	Site       string // host it was made for; it works nowhere else
	Credential []byte // public key and counters, as JSON of the library
	MadeAt     time.Time
	UsedAt     time.Time
	Damaged    bool // it does not open: Credential is empty
}

// Proof is a passkey's signature of an intent, with all it takes to check it again elsewhere.
type Proof struct {
	Site      string          `json:"site"`
	Origin    string          `json:"origin"`
	PublicKey []byte          `json:"public_key"` // COSE
	Assertion json.RawMessage `json:"assertion"`  // as the browser gave it
}

// Check verifies the signature of an intent's bytes: made at this site, by this key, by somebody the device has verified.
func (p Proof) Check(intent []byte) error {
	parsed, err := protocol.ParseCredentialRequestResponseBytes(p.Assertion)
	if err != nil {
		return fmt.Errorf("read signature: %w", err)
	}
	err = parsed.Verify(challengeOf(intent), p.Site, "", []string{p.Origin}, nil, nil, protocol.TopOriginExplicitVerificationMode,
		false, true, true, p.PublicKey, protocol.SignaturePolicy{})
	if err != nil {
		return fmt.Errorf("check signature: %w", err)
	}
	return nil
}

// challengeOf is what a passkey signs for an intent. The nonce in the intent makes it as hard to guess as a random one.
func challengeOf(intent []byte) string {
	sum := sha256.Sum256(intent)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// holder is a person as the library sees them.
type holder struct {
	person  Person
	keys    []webauthn.Credential
	damaged bool // there are others that do not open
}

func (h holder) WebAuthnID() []byte                         { return []byte(h.person.ID) }
func (h holder) WebAuthnName() string                       { return orElse(h.person.Email, h.person.Name) }
func (h holder) WebAuthnDisplayName() string                { return orElse(h.person.Name, h.person.Email) }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

func orElse(text, other string) string {
	if text != "" {
		return text
	}
	return other
}

// relyingParty is the library set up for the public address.
func (s *Service) relyingParty() (*webauthn.WebAuthn, error) {
	w, err := webauthn.New(&webauthn.Config{
		RPID: s.opts.Site, RPDisplayName: s.opts.Issuer, RPOrigins: []string{s.opts.Origin},
		AttestationPreference:  protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationRequired},
	})
	if err != nil {
		return nil, fmt.Errorf("set up passkeys for %q: %w", s.opts.Origin, err)
	}
	return w, nil
}

// Passkeys lists a person's passkeys, oldest first, also those made for another host.
func (s *Service) Passkeys(ctx context.Context, p Person) ([]Passkey, error) {
	return s.repo.Passkeys(ctx, p.ID)
}

// Here reports whether a passkey works at the address the console has now.
func (s *Service) Here(k Passkey) bool { return k.Site == s.opts.Site }

// holderOf is a person with the passkeys that work here.
func (s *Service) holderOf(ctx context.Context, p Person) (holder, error) {
	keys, err := s.repo.Passkeys(ctx, p.ID)
	if err != nil {
		return holder{}, err
	}
	h := holder{person: p}
	for _, k := range keys {
		if !s.Here(k) {
			continue
		}
		if k.Damaged {
			h.damaged = true
			continue
		}
		var c webauthn.Credential
		if err := json.Unmarshal(k.Credential, &c); err != nil {
			return holder{}, fmt.Errorf("read passkey %s: %w", k.ID, err)
		}
		h.keys = append(h.keys, c)
	}
	return h, nil
}

// purposePasskey is a challenge for a new passkey.
const purposePasskey = "passkey"

// NewPasskey opens the making of a passkey, once the person has confirmed with what they had until now: id is a challenge of
// AskFactor. It returns another one, for AddPasskey. ErrSignIn: typed does not fit. ErrTaken: there are enough.
func (s *Service) NewPasskey(ctx context.Context, p Person, id, typed string) (Challenge, error) {
	if err := s.confirmFactor(ctx, p, id, typed); err != nil {
		return Challenge{}, err
	}
	h, err := s.holderOf(ctx, p)
	if err != nil {
		return Challenge{}, err
	}
	if len(h.keys) >= maxPasskeys {
		return Challenge{}, ErrTaken
	}
	w, err := s.relyingParty()
	if err != nil {
		return Challenge{}, err
	}
	creation, session, err := w.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.keys).CredentialDescriptors()))
	if err != nil {
		return Challenge{}, fmt.Errorf("begin passkey: %w", err)
	}
	kept, err := json.Marshal(making{Options: creation.Response, Session: *session})
	if err != nil {
		return Challenge{}, fmt.Errorf("encode options of passkey: %w", err)
	}
	c := Challenge{ID: s.opts.NewID(), Person: p.ID, Purpose: purposePasskey, Digest: session.Challenge, Intent: kept, AskedAt: s.opts.Now()}
	return c, s.repo.AddChallenge(ctx, c)
}

// making is a passkey on its way: what the browser is asked, and what its answer is held against.
type making struct {
	Options protocol.PublicKeyCredentialCreationOptions `json:"options"`
	Session webauthn.SessionData                        `json:"session"`
}

// CreationOptions is what the browser needs to make a passkey, as JSON. ErrStepUp: it took too long, begin anew.
func (s *Service) CreationOptions(ctx context.Context, p Person, id string) ([]byte, error) {
	c, err := s.Asked(ctx, p, id)
	if err != nil || c.Purpose != purposePasskey {
		return nil, errors.Join(err, errIf(err == nil, ErrStepUp))
	}
	var m struct {
		Options json.RawMessage `json:"options"`
	}
	if err := json.Unmarshal(c.Intent, &m); err != nil {
		return nil, fmt.Errorf("read options of passkey: %w", err)
	}
	return m.Options, nil
}

// PurposeFactor is a confirmation before what a person confirms with is changed.
const PurposeFactor = "factor"

// AskFactor opens a confirmation before what a person confirms with is changed.
func (s *Service) AskFactor(ctx context.Context, p Person) (Challenge, error) {
	return s.Ask(ctx, p, PurposeFactor, string(p.ID), PurposeFactor)
}

// confirmFactor takes the confirmation of AskFactor. Somebody the host program vouches for may have nothing yet to confirm with.
func (s *Service) confirmFactor(ctx context.Context, p Person, id, typed string) error {
	if p.External && Means(p) == "" {
		return nil
	}
	c, err := s.Asked(ctx, p, id)
	if err != nil || c.Purpose != PurposeFactor {
		return errors.Join(err, errIf(err == nil, ErrStepUp))
	}
	_, err = s.Verify(ctx, p, id, typed)
	return err
}

// Confirmed is the answer to a challenge, where it changes how somebody signs in.
type Confirmed struct {
	Challenge string // its id
	Typed     string // what the person typed or the browser answered
	KeepLogin string // the one login that does not end
}

// AddPasskey keeps a new passkey and ends every other login. ErrStepUp: it took too long, begin anew. ErrSignIn: what the
// browser answered does not fit.
func (s *Service) AddPasskey(ctx context.Context, p Person, name string, by Confirmed) error {
	if name = strings.TrimSpace(name); !CheckName(name) {
		return &InputError{"name", "name"}
	}
	c, err := s.Asked(ctx, p, by.Challenge)
	if err != nil || c.Purpose != purposePasskey {
		return errors.Join(err, errIf(err == nil, ErrStepUp))
	}
	credential, err := s.created(p, c, by.Typed)
	if err != nil {
		return err
	}
	if fresh, err := s.repo.VerifyChallenge(ctx, c.ID, "passkey", s.opts.Now()); err != nil || !fresh {
		return errors.Join(err, errIf(err == nil, ErrStepUp))
	}
	kept, err := json.Marshal(credential)
	if err != nil {
		return fmt.Errorf("encode passkey: %w", err)
	}
	k := Passkey{ID: keyID(credential.ID), Person: p.ID, Name: name, Site: s.opts.Site, Credential: kept, MadeAt: s.opts.Now()}
	return s.repo.AddPasskey(ctx, k, End{by.KeepLogin, s.opts.Now()},
		s.entry(p, audit.PersonPasskeyAdded, string(p.ID), map[string]any{"passkey": k.ID, "name": k.Name, "site": k.Site}))
}

// created checks what the browser answered to the making of a passkey.
func (s *Service) created(p Person, c Challenge, answer string) (*webauthn.Credential, error) {
	var m struct {
		Session webauthn.SessionData `json:"session"`
	}
	if err := json.Unmarshal(c.Intent, &m); err != nil {
		return nil, fmt.Errorf("read session of passkey: %w", err)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return nil, errors.Join(ErrSignIn, err)
	}
	w, err := s.relyingParty()
	if err != nil {
		return nil, err
	}
	m.Session.Expires = time.Time{} // Asked has looked at the time, by the clock of this service
	credential, err := w.CreateCredential(holder{person: p}, m.Session, parsed)
	if err != nil {
		return nil, errors.Join(ErrSignIn, err)
	}
	return credential, nil
}

func keyID(id []byte) string { return base64.RawURLEncoding.EncodeToString(id) }

// RemovePasskey takes a passkey away and ends every other login. ErrSignIn: what was typed does not fit.
func (s *Service) RemovePasskey(ctx context.Context, p Person, key string, by Confirmed) error {
	keys, err := s.repo.Passkeys(ctx, p.ID)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(keys, func(k Passkey) bool { return k.ID == key })
	if at < 0 {
		return ErrNotFound
	}
	if err := s.confirmFactor(ctx, p, by.Challenge, by.Typed); err != nil {
		return err
	}
	return s.repo.RemovePasskey(ctx, p.ID, key, End{by.KeepLogin, s.opts.Now()},
		s.entry(p, audit.PersonPasskeyRemoved, string(p.ID), map[string]any{"passkey": key, "name": keys[at].Name}))
}

// AssertionOptions is what the browser needs to let a passkey sign a challenge, as JSON; nil if the person has none that works
// here. ErrDamaged: none of those a person has opens, and nothing else confirms.
func (s *Service) AssertionOptions(ctx context.Context, p Person, c Challenge) ([]byte, error) {
	h, err := s.holderOf(ctx, p)
	if err != nil || len(h.keys) == 0 {
		if h.damaged && !p.HasTOTP && c.Purpose != PurposeFactor { // nothing is left to confirm with but, for a factor, a recovery code
			err = ErrDamaged
		}
		return nil, err
	}
	challenge, err := base64.RawURLEncoding.DecodeString(challengeOf(c.Intent))
	if err != nil {
		return nil, fmt.Errorf("make challenge: %w", err)
	}
	w, err := s.relyingParty()
	if err != nil {
		return nil, err
	}
	assertion, _, err := w.BeginLogin(h, webauthn.WithChallenge(challenge), webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, fmt.Errorf("begin signature: %w", err)
	}
	return json.Marshal(assertion.Response)
}

// isAssertion tells what a browser answers from what a person types.
func isAssertion(typed string) bool { return strings.HasPrefix(typed, "{") }

// signed checks a passkey's signature of a challenge and keeps its counter. ErrSignIn: it does not fit.
func (s *Service) signed(ctx context.Context, p Person, c Challenge, answer string) (*Proof, error) {
	h, err := s.holderOf(ctx, p)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return nil, errors.Join(ErrSignIn, err)
	}
	w, err := s.relyingParty()
	if err != nil {
		return nil, err
	}
	session := webauthn.SessionData{Challenge: challengeOf(c.Intent), RelyingPartyID: s.opts.Site, UserID: h.WebAuthnID(),
		UserVerification: protocol.VerificationRequired}
	for _, k := range h.keys {
		session.AllowedCredentialIDs = append(session.AllowedCredentialIDs, k.ID)
	}
	credential, err := w.ValidateLogin(h, session, parsed)
	if err != nil || credential.Authenticator.CloneWarning { // a counter that went back: somebody has a copy
		return nil, errors.Join(ErrSignIn, err)
	}
	kept, err := json.Marshal(credential)
	if err != nil {
		return nil, fmt.Errorf("encode passkey: %w", err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(answer)); err != nil {
		return nil, errors.Join(ErrSignIn, err)
	}
	proof := &Proof{Site: s.opts.Site, Origin: s.opts.Origin, PublicKey: credential.PublicKey, Assertion: compact.Bytes()}
	return proof, s.repo.UsePasskey(ctx, Passkey{ID: keyID(credential.ID), Person: p.ID, Credential: kept, UsedAt: s.opts.Now()})
}

// OriginOf is the origin of a public address, as browsers name it in what they sign.
func OriginOf(public *url.URL) string { return public.Scheme + "://" + public.Host }

// Moved keeps the host of the public address, which passkeys are bound to. If it was another before, it returns that one and
// how many passkeys were made for it: they work no longer.
func (s *Service) Moved(ctx context.Context) (string, int, error) {
	return s.repo.SetSite(ctx, s.opts.Site)
}
