package yabandpay

import (
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
)

// What the documents leave open or tell in two ways is decided here, for adapter and simulator alike. The numbers are
// those of the table in docs/providers/yabandpay.md.
const (
	path = "/Payments" // of every call

	methodFinance   = "v3.MerchantBalance" // assumption 1: the tables of the documents say v3.CreatePayments, their examples this
	methodCollects  = "v3.Create"          // how calls begin that collect money
	keyCommand      = "command"            // assumption 2: older documents spell it "commond"
	keyOlder        = "commond"
	decimals        = 2     // assumption 3: a text with two decimals, never a number: 100.10 would be signed as 100.1
	defaultCurrency = "EUR" // assumption 4: EUR and CHF are named as examples, no list is closed
	verdictYes      = "true"
	verdictNo       = "false" // assumption 5: nothing was booked
	replyDone       = "ok"    // assumption 6: stops the repeats
	replyBad        = "bad"
	repeatsRefused  = false           // assumption 8: a repeated reference is a new payout
	clockMayBeOff   = 5 * time.Minute // assumption 9: not checked at all; this is what the simulator's switch allows
	memberUsable    = "usable"        // assumption 11: what may be paid out, as it stands
	formPrefix      = "resultData="   // assumption 12: older notices put it before the JSON, which is then escaped (PHP library)
	nonceLength     = 24              // assumption 13: "at most 32 characters", and any will do
	nonceMost       = 32
)

// gaps are the waits before a notice is repeated. Assumption 7: no schedule is documented.
func gaps() []time.Duration { return []time.Duration{15 * time.Second, time.Minute, 5 * time.Minute} }

// State words (withdrawal.html and notify.html; "overruled" in the documents of early 2024).
const (
	wordAwaiting  = "awaiting approval"
	wordPending   = "pending"
	wordCompleted = "completed"
	wordFailed    = "failed"
	wordDeclined  = "declined" // assumption 10: refused at the company's own approval, and no money moved
	wordOverruled = "overruled"
	wordCancelled = "cancelled"
	wordCanceled  = "canceled" // as the library for payments spells it
)

// status says what a state word means. Another word is not understood and never an end.
func status(word string) (providers.Status, providers.Stage) {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case wordAwaiting:
		return providers.Accepted, providers.StageApproval
	case wordPending:
		return providers.Accepted, providers.StageProcessing
	case wordCompleted:
		return providers.Paid, ""
	case wordFailed, wordDeclined, wordOverruled:
		return providers.Failed, ""
	case wordCancelled, wordCanceled:
		return providers.Cancelled, ""
	default:
		return "", ""
	}
}
