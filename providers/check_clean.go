package providers

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Clean takes out what people type or paste for their own eyes and the company must not get: blanks around the value,
// separators inside numbers. It changes nothing else, and cleaning twice is cleaning once. Broken UTF-8
// and what is longer than 10 kB come back as they are, for Check to refuse.
func (f Field) Clean(value string) string {
	if len(value) > maxTyped || !utf8.ValidString(value) {
		return value
	}
	if f.Type == Secret {
		return strings.TrimSpace(value) // its bytes are the company's
	}
	value = f.Format.clean(f.cleanType(norm.NFC.String(strings.TrimSpace(value))))
	return norm.NFC.String(value) // what was taken out may have kept a letter and its accent apart
}

func (f Field) cleanType(value string) string {
	switch f.Type {
	case String:
		return strings.Join(strings.Fields(value), " ")
	case Digits:
		return without(value, ".-"+dashes)
	case Phone:
		return trunkless(without(value, ".-()"+dashes))
	case Email:
		if at := strings.LastIndexByte(value, '@'); at >= 0 {
			return value[:at] + lower(value[at:])
		}
		return value
	default:
		return value
	}
}

// dashes are what word processors make of "-": hyphens, dashes, minus sign.
const dashes = "‐‑‒–—−"

// without takes the given marks and all blanks out of value.
func without(value, marks string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune(marks, r) {
			return -1
		}
		return r
	}, value)
}

// trunkless takes away what people write before a country code.
func trunkless(value string) string {
	for strings.HasPrefix(value, "+") || strings.HasPrefix(value, "00") {
		value = strings.TrimPrefix(strings.TrimPrefix(value, "+"), "00")
	}
	return value
}

// lower and upper turn ASCII letters only: others have relatives in ASCII that they must not become.
func lower(value string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r - 'A' + 'a'
		}
		return r
	}, value)
}

func upper(value string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, value)
}

// isForbidden reports characters that no value may have: controls, line ends, marks that turn the direction of text,
// and invisible ones. The joiners (U+200C, U+200D) are allowed: names and emoji are written with them.
func isForbidden(r rune) bool {
	switch {
	case unicode.IsControl(r), unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp):
		return true
	case r == '\u200b', r >= '\u2060' && r <= '\u206f', r == '\ufeff':
		return true
	default:
		return false
	}
}
