package sim

import "github.com/paywicket/paywicket/providers/money"

// Scenario is the name of a way an order may go.
type Scenario string

// The scenarios. A company's own table may choose among them by other numbers, or add some of its own.
const (
	Normal      Scenario = "normal"       // in progress, then paid
	FailsLater  Scenario = "fails-later"  // accepted, then failed
	Refused     Scenario = "refused"      // refused with the company's own words
	Cut         Scenario = "cut"          // booked, then the connection is cut
	ServerError Scenario = "server-error" // HTTP 500, nothing is booked
	Slow        Scenario = "slow"         // in progress for five look-ups
	BookedError Scenario = "booked-error" // booked, then HTTP 500
	NoID        Scenario = "no-id"        // booked, the answer has no identifier
	AtOnce      Scenario = "at-once"      // paid in the answer
	Limited     Scenario = "limited"      // HTTP 429, nothing is booked
	HTMLAnswer  Scenario = "html"         // booked, the answer is a web page
	Duplicate   Scenario = "duplicate"    // the webhook comes twice
	ForgedFirst Scenario = "forged-first" // a webhook with a wrong signature, then the right one
	Early       Scenario = "early"        // the webhook comes before the answer
	WrongAmount Scenario = "wrong-amount" // the webhook states another amount
	Silent      Scenario = "silent"       // there is no webhook about the end
	OddWord     Scenario = "odd-word"     // a status nobody has heard of, then paid
	Hang        Scenario = "hang"         // booked, the answer drips for ever
	OutOfOrder  Scenario = "out-of-order" // the webhook about the progress comes after the one about the end
)

// Row is one row of the table of scenarios.
type Row struct {
	Last     int // the last two digits of the whole amount
	Scenario Scenario
	Does     string // in English, for people who try things out
}

// Table lists which amounts play which scenario. Every other amount is Normal.
func Table() []Row {
	return []Row{
		{1, FailsLater, "accepted, then failed"},
		{2, Refused, "refused"},
		{3, Cut, "booked, then the connection is cut"},
		{4, ServerError, "HTTP 500, nothing is booked"},
		{5, Slow, "stays in progress for five look-ups"},
		{6, BookedError, "booked, then HTTP 500"},
		{7, NoID, "booked, the answer has no identifier"},
		{8, AtOnce, "paid at once"},
		{9, Limited, "HTTP 429, nothing is booked"},
		{10, HTMLAnswer, "booked, the answer is a web page"},
		{11, Duplicate, "the webhook comes twice"},
		{12, ForgedFirst, "a webhook with a wrong signature, then the right one"},
		{13, Early, "the webhook comes before the answer"},
		{14, WrongAmount, "the webhook states another amount"},
		{15, Silent, "no webhook about the end"},
		{16, OddWord, "an unknown status in between"},
		{17, Hang, "booked, the answer never ends"},
		{18, OutOfOrder, "webhooks in the wrong order"},
	}
}

// LastTwo returns the last two digits of the whole amount, in major units: 12 for 5012.40 USD and for 5012 XOF. The
// figure of an unknown currency is taken as it is.
func LastTwo(a money.Amount) int {
	return int(a.Minor / unit(a.Currency) % 100)
}

// unit is one whole unit of a currency in its smallest.
func unit(currency string) int64 {
	digits, _ := money.Digits(currency) // 0 for an unknown one
	whole := int64(1)
	for range digits {
		whole *= 10
	}
	return whole
}

// ForAmount chooses the scenario of an amount by [LastTwo].
func ForAmount(a money.Amount) Scenario {
	last := LastTwo(a)
	for _, row := range Table() {
		if row.Last == last {
			return row.Scenario
		}
	}
	return Normal
}
