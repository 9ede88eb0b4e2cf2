package books

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/payout"
)

// Candidate is one side of a possible match: a payout, or a line of the provider's record.
type Candidate struct {
	Payout    payout.ID
	Line      int64
	Amount    money.Amount
	At        time.Time
	Recipient string
	Names     []string // references and identifiers
}

// Likely is how well a candidate fits, out of 100.
type Likely struct {
	Candidate
	Score int
}

// What speaks for a match, and what it takes for one to be offered.
const (
	forAmount     = 50
	forNearAmount = 25 // within one per cent: a fee was taken off, or put on
	forDay        = 20
	forDays       = 10 // three
	forRecipient  = 15
	forReference  = 15
	leastScore    = 40
	leastPrefix   = 6 // characters that references must share from their beginning
)

// Likeliest is the candidate that fits best, nil if none fits well enough.
func Likeliest(want Candidate, among []Candidate) *Likely {
	var best *Likely
	for _, c := range among {
		if n := score(want, c); n >= leastScore && (best == nil || n > best.Score) {
			best = &Likely{Candidate: c, Score: n}
		}
	}
	return best
}

func score(a, b Candidate) int {
	if a.Amount.Currency != b.Amount.Currency {
		return 0
	}
	n := 0
	off := a.Amount.Minor - b.Amount.Minor
	switch {
	case off == 0:
		n += forAmount
	case max(off, -off) <= a.Amount.Minor/100:
		n += forNearAmount
	}
	apart := a.At.Sub(b.At).Abs()
	switch {
	case a.At.IsZero() || b.At.IsZero():
	case apart <= 24*time.Hour:
		n += forDay
	case apart <= 72*time.Hour:
		n += forDays
	}
	if alike(a.Recipient, b.Recipient) {
		n += forRecipient
	}
	if share(a.Names, b.Names) {
		n += forReference
	}
	return n
}

// alike reports whether two names have at least half of their words in common.
func alike(a, b string) bool {
	x, y := nameWords(a), nameWords(b)
	if len(x) == 0 || len(y) == 0 {
		return false
	}
	common := 0
	for _, w := range x {
		if slices.Contains(y, w) {
			common++
		}
	}
	return 2*common >= max(len(x), len(y))
}

func nameWords(name string) []string {
	return strings.FieldsFunc(strings.ToUpper(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) })
}

// share reports whether a name of one begins like a name of the other.
func share(a, b []string) bool {
	for _, x := range a {
		for _, y := range b {
			if len(x) >= leastPrefix && len(y) >= leastPrefix && strings.EqualFold(x[:leastPrefix], y[:leastPrefix]) {
				return true
			}
		}
	}
	return false
}
