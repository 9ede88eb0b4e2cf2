package providertest

import (
	"net/http"
	"testing"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/sim"
)

// Case is what the suite must know about an adapter.
type Case struct {
	Definition providers.Definition

	// Settings are credentials that the simulator is started with and the account is opened with, by name. Values of
	// Type Secret must be at least eight characters, unlike anything else in the case.
	Settings map[string]string
	// OtherSettings are those of another store: every secret differs.
	OtherSettings map[string]string
	Live          bool

	// Orders are what is sent: at least one for each kind of method and each currency that the account offers.
	Orders []Example
	// Amounts are sent besides those of Orders, each with the first order of its currency.
	Amounts []money.Amount
	// Scenario changes an amount so that the simulator plays a scenario. nil: the table of package sim.
	Scenario func(s sim.Scenario, like money.Amount) money.Amount

	// StatusWords are the status words of the company's documents and what they mean. Words that never end an order are
	// Accepted.
	StatusWords map[string]providers.Status
	// LookupStatus is where the status word stands in the JSON answer to a look-up, "data.status". It is not needed if
	// the company cannot be asked.
	LookupStatus string

	// What follows is needed if the adapter reads webhooks.

	// WebhookStatus is where the status word stands in the JSON of a webhook. Empty: nowhere.
	WebhookStatus string
	// WebhookWords are its words, if they are others than StatusWords.
	WebhookWords map[string]providers.Status
	// SignatureHeader or SignatureMember says where the signature is: a header, or a member of the JSON body.
	SignatureHeader string
	SignatureMember string
	// Sign signs a changed webhook as the company would: it sets headers in h, or returns another body.
	Sign func(settings map[string]string, h http.Header, body []byte) []byte
}

// Example is an order that the company accepts. Its amount must not play a scenario of the simulator.
type Example struct {
	Method  string
	Details map[string]string
	Amount  money.Amount
}

// Run checks an adapter and its simulator. Each check is a subtest, so that -run can choose one.
func Run(t *testing.T, c Case) {
	t.Helper()
	if !c.complete(t) {
		return
	}
	for _, check := range []struct {
		name string
		run  func(*testing.T, Case)
	}{
		{"1 definition", checkDefinition},
		{"2 fields", checkFields},
		{"3 ends", checkEnds},
		{"4 faults", checkFaults},
		{"5 one request", checkOneRequest},
		{"6 statuses", checkStatuses},
		{"7 webhooks", checkWebhooks},
		{"8 amounts", checkAmounts},
		{"9 secrets", checkSecrets},
	} {
		t.Run(check.name, func(t *testing.T) {
			t.Parallel()
			check.run(t, c)
		})
	}
}

// complete reports whether the case says enough to begin.
func (c Case) complete(t *testing.T) bool {
	t.Helper()
	for what, missing := range map[string]bool{
		"Definition.Open":      c.Definition.Open == nil,
		"Definition.Simulator": c.Definition.Simulator == nil,
		"Settings":             len(c.Settings) == 0,
		"OtherSettings":        len(c.OtherSettings) == 0,
		"Orders":               len(c.Orders) == 0,
		"StatusWords":          len(c.StatusWords) == 0,
	} {
		if missing {
			t.Errorf("the case has no %s", what)
		}
	}
	return !t.Failed()
}

// scenario changes an amount so that the simulator plays s.
func (c Case) scenario(s sim.Scenario, like money.Amount) money.Amount {
	if c.Scenario != nil {
		return c.Scenario(s, like)
	}
	last := ordinary
	for _, row := range sim.Table() {
		if row.Scenario == s {
			last = row.Last
		}
	}
	if s == sim.Normal && sim.ForAmount(like) == sim.Normal {
		return like
	}
	like.Minor += int64(last-sim.LastTwo(like)) * unit(like.Currency)
	return like
}

// ordinary are two last digits that play no scenario.
const ordinary = 50

// unit is one whole unit of a currency in its smallest.
func unit(currency string) int64 {
	digits, _ := money.Digits(currency) // 0 for an unknown one, as package sim has it
	whole := int64(1)
	for range digits {
		whole *= 10
	}
	return whole
}
