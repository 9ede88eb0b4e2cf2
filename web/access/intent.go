package access

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/paywicket/paywicket/providers/money"
)

const intentFormat = "paywicket-intent-1"

// Intent is what a person says yes to. Its bytes are the same for the same thing, and a passkey signs their SHA-256.
type Intent struct {
	Format   string         `json:"format"`
	Purpose  string         `json:"purpose"`
	Site     string         `json:"site"` // host of the public URL
	Person   PersonID       `json:"person"`
	Nonce    string         `json:"nonce"` // the id of the challenge: random, so that no signature fits another one
	AskedAt  time.Time      `json:"asked_at"`
	LapsesAt time.Time      `json:"lapses_at,omitzero"` // when an approval counts no longer
	Policy   int            `json:"policy,omitzero"`    // version of the approval rules that were shown
	Things   []Thing        `json:"things"`
	Totals   []money.Amount `json:"totals,omitempty"` // of all things, a currency each
}

// Thing is one of the things an intent is about.
type Thing struct {
	ID     string       `json:"id"`
	Digest string       `json:"digest"` // of what was shown of it
	Amount money.Amount `json:"amount,omitzero"`
}

// About is an intent about one thing.
func About(purpose, id, digest string) Intent {
	return Intent{Purpose: purpose, Things: []Thing{{ID: id, Digest: digest}}}
}

// Names reports whether the intent is about a thing exactly as it stands.
func (i Intent) Names(id, digest string) bool {
	for _, t := range i.Things {
		if t.ID == id && t.Digest == digest && digest != "" {
			return true
		}
	}
	return false
}

// subject is the one thing of an intent, "" if there are several.
func (i Intent) subject() string {
	if len(i.Things) == 1 {
		return i.Things[0].ID
	}
	return ""
}

// Encode writes the bytes that are signed.
func (i Intent) Encode() ([]byte, error) {
	b, err := json.Marshal(i)
	if err != nil {
		return nil, fmt.Errorf("encode intent: %w", err)
	}
	return b, nil
}

// ReadIntent reads the bytes of an intent back. Bytes that say the same in another way are refused.
func ReadIntent(b []byte) (Intent, error) {
	var i Intent
	if err := json.Unmarshal(b, &i); err != nil {
		return Intent{}, fmt.Errorf("read intent: %w", err)
	}
	again, err := i.Encode()
	if err != nil || !bytes.Equal(again, b) || i.Format != intentFormat {
		return Intent{}, fmt.Errorf("read intent: %w", ErrStepUp)
	}
	return i, nil
}

// IntentDigest is the SHA-256 of an intent's bytes, in hexadecimal digits.
func IntentDigest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
