package goldenpay

import (
	"time"

	"github.com/paywicket/paywicket/providers"
)

// Everything the documents leave open, for adapter and simulator alike. The numbers are those of the table in
// docs/providers/goldenpay.md, which also says how to check each with a real account.
const (
	// Assumption 1: the time is part of what is signed. The rule says so; the string printed as an example lacks it. An
	// account may be set the other way.
	timeSigned, timeUnsigned = "signed", "unsigned"

	// Assumption 2: what stands between the key in front and the parameters, and between these.
	signJoin = "&"

	// Assumption 4: these pay out.
	channelBank  = "bank"
	channelGCash = "gcash"
	channelMaya  = "maya"

	// Assumption 6: this code always means that nothing was booked. It is the only one on the reject list.
	codeRefused = "400" // parameters, signature, refusals such as limits and wrong account numbers

	// Assumption 7: a reference that was used before is refused, with that code.
	repeatsRefused = true

	// Assumption 8: a look-up takes our reference as well as the company's number, and answers this where it knows neither.
	memberID     = "id"
	codeNotFound = "404"

	// Assumption 9: an order names its currency, and its amount under one of these names.
	memberCurrency    = "currency"
	memberAmount      = "order_amount"
	memberAmountOlder = "amount" // in one older example of the answer to a look-up

	// Assumption 11: "keep two decimals", also for whole Vietnamese dong.
	decimals = 2

	// Assumption 12: PIX keys and recipients' phone numbers go out with it, as in the older examples.
	phonePlus = "+"

	// Assumption 15: what can be paid out now.
	memberBalance = "balance"

	// Assumption 16: addresses of proof files, in whatever shape.
	memberProofs = "attachments"

	// Assumption 17: 6 to 24 letters and digits since 2026, at least 6 and elsewhere at most 32 before.
	nonceLength = 16

	// Assumption 18: keys or the caller's address are not allowed. The documents name the codes and not the cases.
	codeNoAccess = "401"
	codeForbids  = "403"
)

// Status words, assumption 19. "Anything else is still processing", so another word is never an end; and 20 is no
// success, though some integrations read it as one.
const (
	wordNew      = "10"
	wordAccepted = "20"
	wordFailed   = "50" // cancelled or rejected, which the company does not tell apart
	wordPaid     = "60"
)

func status(word string) providers.Status {
	switch word {
	case wordNew, wordAccepted:
		return providers.Accepted
	case wordFailed:
		return providers.Failed
	case wordPaid:
		return providers.Paid
	default:
		return ""
	}
}

// Assumption 20: how long the company waits for an answer to a webhook, and how often it repeats one that was not
// answered with replyDone. The numbers of 2026 stand in the documents about payments, not in those about payouts.
const (
	hookTimeout, hookTimeoutOlder = 5 * time.Second, 10 * time.Second
	hookGap, hookGapOlder         = time.Minute, 30 * time.Second
	hookRepeats, hookRepeatsOlder = 1, 5
)

// Formats that only the documents of the countries know, assumption 21. RE2, anchored where they are used.
const (
	formVietnam  = `[A-Za-z]*[0-9][A-Za-z0-9]*` // the company's own rule: letters and digits, not letters only
	formThailand = `[0-9]{10,15}`
	formWallet   = `(09|639)[0-9]{9}`
	formPixPhone = `55[1-9][0-9]{9,10}`
	formIndia    = `[A-Za-z0-9]+`

	maxAccount = 34 // the company's own, since 2026
	maxPixKey  = 77 // an e-mail address; the rule of 34 is younger than the documents that know Brazil
)

// Assumption 13: the zone of the times in messages, which are shown nowhere.
func zone() *time.Location { return time.UTC }

// Assumption 14: how far the clock of a call may be off where the simulator is told to look. The documents list no such
// check.
const simSkew = 5 * time.Minute

// Limits and funds of the simulated merchant, in whole units, assumption 22: the real ones stand in the back office.
const (
	simLimit     = 900_000_000
	simFunds     = 10_000_000
	simFundsDong = 100_000_000_000
)
