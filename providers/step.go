package providers

import (
	"encoding/hex"
	"strings"
)

// Step is one step of a verification as the inbox shows it. It must hold no secret.
type Step struct {
	Name string // "signature", "merchant", "payload": a message key "hook.step.<name>"
	OK   bool
	Note string // in the company's terms: the header's name, the prefix that was expected

	// Expected and Got are the beginnings of what a signature had to be and of what came: enough to see that they differ, too
	// little to sign with. Signed is what is signed, its values masked. All are empty where there is nothing to compare.
	Expected, Got, Signed string `json:",omitempty"`
}

// prefix is how much of a signature is shown, in characters.
const prefix = 8

// Compared is the step with the beginnings of the signature that was expected and of the one that came.
func (s Step) Compared(expected []byte, got string) Step {
	s.Expected, s.Got = beginning(hex.EncodeToString(expected)), beginning(strings.ToLower(got)) // the case of hexadecimal digits means nothing
	return s
}

func beginning(text string) string {
	runes := []rune(strings.ToValidUTF8(text, "\uFFFD"))
	return string(runes[:min(len(runes), prefix)])
}

// Over is the step with what is signed: "name=value" joined by sep, in the order given, each value masked.
func (s Step) Over(sep string, names []string, values map[string]string) Step {
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = name + "=" + Mask(values[name])
	}
	s.Signed = strings.Join(parts, sep)
	if runes := []rune(s.Signed); len(runes) > maxSigned {
		s.Signed = string(runes[:maxSigned]) + "…"
	}
	return s
}

// maxSigned is how many characters of what is signed are shown.
const maxSigned = 2000
