package vault

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

const (
	keySize       = 32 // bytes, for XChaCha20-Poly1305
	keyPrefix     = "pdk1"
	checksumChars = 8 // 40 bits: one typing error in a million million goes unseen
)

// ErrNotWholeKey says that a text is not a master key: something is missing, added or mistyped. A whole key that belongs
// to another database is a [WrongKeyError].
var ErrNotWholeKey = errors.New("this is not a whole key")

// MasterKey wraps the keysets of one installation. It prints as [secret]; Reveal gives its text form,
// pdk1-<base32>-<checksum>. The zero value opens nothing.
type MasterKey struct {
	Secret
	id string
}

// NewMasterKey makes a key from a source of randomness, crypto/rand when it is nil.
func NewMasterKey(random io.Reader) (MasterKey, error) {
	if random == nil {
		random = rand.Reader
	}
	raw := make([]byte, keySize)
	if _, err := io.ReadFull(random, raw); err != nil {
		return MasterKey{}, fmt.Errorf("make master key: %w", err)
	}
	return keyFromRaw(raw), nil
}

// ParseMasterKey reads the text form of a key. Upper and lower case and surrounding white space do not matter. The error is
// [ErrNotWholeKey] with a hint, and never quotes the text.
func ParseMasterKey(text string) (MasterKey, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	parts := strings.Split(text, "-")
	if len(parts) != 3 || parts[0] != keyPrefix {
		return MasterKey{}, fmt.Errorf("%w: it must look like %s-…-…", ErrNotWholeKey, keyPrefix)
	}
	raw, err := plain32().DecodeString(strings.ToUpper(parts[1]))
	if err != nil || len(raw) != keySize {
		return MasterKey{}, fmt.Errorf("%w: length or letters", ErrNotWholeKey)
	}
	key := keyFromRaw(raw)
	// Comparing the whole text also refuses the spare bits that base32 would ignore.
	if !key.Equal(NewSecret(text)) {
		return MasterKey{}, fmt.Errorf("%w: checksum", ErrNotWholeKey)
	}
	return key, nil
}

// ID names the key without telling anything about it, such as pdk-5e9011d4. It may be shown and logged.
func (k MasterKey) ID() string { return k.id }

func keyFromRaw(raw []byte) MasterKey {
	body := plain32().EncodeToString(raw)
	sum := sha256.Sum256([]byte(keyPrefix + body))
	text := keyPrefix + "-" + body + "-" + plain32().EncodeToString(sum[:])[:checksumChars]

	id := hmac.New(sha256.New, raw)
	id.Write([]byte("paywicket master key id"))
	return MasterKey{Secret: NewSecret(strings.ToLower(text)), id: "pdk-" + hex.EncodeToString(id.Sum(nil)[:4])}
}

// wrapper gives the cipher that wraps keysets.
func (k MasterKey) wrapper() (tink.AEAD, error) {
	parts := strings.Split(k.Reveal(), "-")
	if k.id == "" || len(parts) != 3 {
		return nil, ErrNotWholeKey
	}
	raw, err := plain32().DecodeString(strings.ToUpper(parts[1]))
	if err != nil {
		return nil, ErrNotWholeKey
	}
	return subtle.NewXChaCha20Poly1305(raw)
}

// plain32 is base32 with the letters A-Z and the digits 2-7, without padding.
func plain32() *base32.Encoding { return base32.StdEncoding.WithPadding(base32.NoPadding) }
