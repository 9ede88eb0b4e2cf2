package vault

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// ErrSealed is the one answer to everything that can be wrong with a sealed value: changed bytes, another place, another
// key. Which of them it was helps nobody but an attacker.
var ErrSealed = errors.New("a sealed value does not open here")

// ErrNoKeysets says that the database has no keysets and [Options.Create] did not allow making them.
var ErrNoKeysets = errors.New("the database has no keysets")

// WrongKeyError says that the database was made with another master key than the one given.
type WrongKeyError struct {
	Have string // id of the key that was given
	Want string // id of the key the database needs
}

// Error names both keys by their ids.
func (e *WrongKeyError) Error() string {
	return fmt.Sprintf("this database was made with master key %s; the one given is %s", e.Want, e.Have)
}

// Keyset is a wrapped keyset as the database keeps it.
type Keyset struct {
	Purpose   string // one of the Purpose… constants, once per database
	MasterID  string // [MasterKey.ID] of the key that wraps it
	Sealed    []byte
	CreatedAt time.Time
}

// Repository keeps the wrapped keysets.
type Repository interface {
	Keysets(ctx context.Context) ([]Keyset, error)
	// InsertKeysets adds all of them or none. It must fail if a purpose is there already: of two processes that start on
	// an empty database at once, one has to lose.
	InsertKeysets(ctx context.Context, sets []Keyset) error
	// ReplaceKeysets puts each of fresh in the place of the one of its purpose in old, all or none. It must fail if one of old
	// is not stored as it is given.
	ReplaceKeysets(ctx context.Context, old, fresh []Keyset) error
}

// Options of [Open].
type Options struct {
	// Create allows making keysets when the database has none. Set it only for a database that was just made.
	Create bool
	Now    func() time.Time // nil: time.Now
}

// Vault seals and opens values and computes keyed codes. All methods may be called from many goroutines; none blocks.
type Vault struct {
	masterID    string
	data        tink.AEAD
	dataKeys    []uint32
	audit       keyed
	reference   keyed
	fingerprint keyed
	form        keyed
}

// keyed is HMAC-SHA256 with a key inside. As a function it prints as an address, not as its key.
type keyed func(message []byte) []byte

// Open fetches the master key and unwraps the database's keysets, or makes them if there are none and o allows it. It
// gives a [*WrongKeyError] if the database needs another key, [ErrNotWholeKey] if the key given is none, and
// [ErrNoKeysets].
func Open(ctx context.Context, source KeySource, repo Repository, o Options) (*Vault, error) {
	master, err := source.Key(ctx)
	if err != nil {
		return nil, err
	}
	sets, err := repo.Keysets(ctx)
	if err != nil {
		return nil, fmt.Errorf("load keysets: %w", err)
	}
	if len(sets) > 0 {
		return unwrapAll(master, sets)
	}
	if !o.Create {
		return nil, ErrNoKeysets
	}
	if sets, err = makeAll(master, o.now()); err != nil {
		return nil, err
	}
	// Unwrapped before it is stored: what cannot be read back is not kept.
	v, err := unwrapAll(master, sets)
	if err != nil {
		return nil, err
	}
	if err := repo.InsertKeysets(ctx, sets); err != nil {
		return nil, fmt.Errorf("store keysets: %w", err)
	}
	return v, nil
}

func (o Options) now() time.Time {
	if o.Now == nil {
		return time.Now()
	}
	return o.Now()
}

// MasterID names the master key in use.
func (v *Vault) MasterID() string { return v.masterID }

// Seal encrypts a value for one place.
func (v *Vault) Seal(plain []byte, p Place) ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	sealed, err := v.data.Encrypt(plain, p.associated())
	if err != nil {
		return nil, fmt.Errorf("seal %s.%s: %w", p.Table, p.Field, err)
	}
	return sealed, nil
}

// Unseal opens a value sealed for the same place. The error is always [ErrSealed].
func (v *Vault) Unseal(sealed []byte, p Place) ([]byte, error) {
	plain, err := v.data.Decrypt(sealed, p.associated())
	if err != nil || p.check() != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// Fingerprint gives eight hexadecimal digits, such as "5e90 11d4", by which people can tell two secrets apart. Without the
// vault's key a weak secret cannot be guessed from it. The same secret in another context has another fingerprint.
func (v *Vault) Fingerprint(secret, context string) string {
	s := hex.EncodeToString(v.fingerprint(joined(context, secret))[:4])
	return s[:4] + " " + s[4:]
}

// AuditMAC gives the function that chains audit rows: 32 bytes, the same for the same message.
func (v *Vault) AuditMAC() func(message []byte) []byte { return v.audit }

// FormToken gives a token that binds a form to what it is about: who, which row, which version, until when.
func (v *Vault) FormToken(parts ...string) string {
	return base64.RawURLEncoding.EncodeToString(v.form(joined(parts...)))
}

// CheckFormToken reports whether the token was made by [Vault.FormToken] from the same parts.
func (v *Vault) CheckFormToken(token string, parts ...string) bool {
	return hmac.Equal([]byte(token), []byte(v.FormToken(parts...)))
}

func newKeyed(key []byte) keyed {
	return func(message []byte) []byte {
		h := hmac.New(sha256.New, key)
		h.Write(message)
		return h.Sum(nil)
	}
}
