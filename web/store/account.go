package store

import (
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
)

// Account is one set of a provider's credentials in one store.
type Account struct {
	ID       AccountID
	Store    ID
	Provider string // providers.Definition.ID
	Label    string
	Live     bool
	Address  string // name of the provider's address it uses
	Token    string // last part of its webhook address
	Version  int    // of the credentials in use
	Frozen   Freeze
	// StoreFrozen is the freeze of its store, which holds for every account in it.
	StoreFrozen Freeze
	CreatedAt   time.Time
	CreatedBy   access.PersonID

	CheckedAt time.Time     // last test call
	CheckErr  string        // what it said, "" if it worked
	GoodAt    time.Time     // last call that was answered as it should be
	HookAt    time.Time     // last webhook that was verified
	Clock     time.Duration // how far the provider's clock was ahead of ours
	ClockAt   time.Time     // when that was seen, zero if never
	Balances  []Balance
}

// CheckSaid is what CheckErr is made of: a code, whose meaning may be in the catalogs, and what the provider said. Where there
// is only one of them, it is both.
func (a Account) CheckSaid() (string, string) {
	if code, said, both := strings.Cut(a.CheckErr, codeAndWords); both && isOwnCode(a, code) {
		return code, said
	}
	return a.CheckErr, a.CheckErr
}

// codeAndWords stands between the two.
const codeAndWords = ": "

// isOwnCode reports whether a code is one of the account's adapter, which has words for it.
func isOwnCode(a Account, code string) bool { return strings.HasPrefix(code, a.Provider+"_") }

// Freeze says that nothing is sent, since when, by whom and why. The zero value: not frozen.
type Freeze struct {
	At     time.Time
	By     access.PersonID // "" when Paywicket froze it by itself
	Reason string
}

// On reports whether sending is stopped.
func (f Freeze) On() bool { return !f.At.IsZero() }

// The reasons for which Paywicket stops an account by itself.
const (
	FrozenCredentials = "credentials" // the provider refused the keys
	FrozenSealed      = "sealed"      // the stored keys cannot be opened
)

// Cause is FrozenCredentials or FrozenSealed if Paywicket stopped it by itself, "" if people did.
func (f Freeze) Cause() string {
	if f.By == "" && (f.Reason == FrozenCredentials || f.Reason == FrozenSealed) {
		return f.Reason
	}
	return ""
}

// Balance is what the provider said could be paid out.
type Balance struct {
	Amount money.Amount
	At     time.Time
}

// Setting is what may be shown of one stored setting: never its value, unless it is no secret.
type Setting struct {
	Name        string
	Value       string // only of settings that are no secrets
	Fingerprint string // keyed, so that a weak key cannot be guessed from it
	Damaged     bool   // it does not open: nothing is shown of it
	Version     int
	SetAt       time.Time
	SetBy       access.PersonID
	SetByName   string
}

// Calls counts what was said to a provider. Bad are calls that came to no answer, to a fault of the server, or to refused
// keys; a payout that is refused for a reason is a good call.
type Calls struct{ Good, Bad int }

// Noted is what was seen of an account's calls since they were written down last.
type Noted struct {
	Hours   map[time.Time]Calls // by the beginning of the hour
	GoodAt  time.Time           // last good one, zero if none
	Clock   time.Duration
	ClockAt time.Time // zero: no answer told the time
}
