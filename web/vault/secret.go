package vault

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// hidden is all that a Secret ever prints.
const hidden = "[secret]"

// Secret is a text that prints as [secret] in fmt, slog, JSON and templates. The zero value is an empty secret.
//
// Secrets are not comparable by ==: use [Secret.Equal].
type Secret struct {
	_ [0]func() // forbids ==
	// A pointer, since fmt cannot call Format on the unexported field of another struct: there it prints an address.
	text *string
}

// NewSecret wraps a text.
func NewSecret(text string) Secret { return Secret{text: &text} }

// Reveal gives the text. Keep the result in a local variable, never in a struct that is logged or stored.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Use calls f with the text and returns its error. Prefer it to Reveal where the text is needed for one call only.
func (s Secret) Use(f func(text string) error) error { return f(s.Reveal()) }

// IsZero reports whether the text is empty.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// Equal compares two secrets in a time that depends on their length only.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String gives [secret].
func (s Secret) String() string { return hidden }

// GoString gives [secret].
func (s Secret) GoString() string { return hidden }

// Format writes [secret], whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) } // a fmt.State keeps its errors itself

// MarshalJSON gives "[secret]".
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// MarshalText gives [secret], for XML and for maps keyed by a secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue gives [secret].
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }
