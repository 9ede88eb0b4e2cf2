package etpay

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/sim"
)

// Formats, assumption 3.
var (
	simReference = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)
	simNumber    = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)
	simText      = regexp.MustCompile(`^[^,]{0,30}$`)
)

// order reads a payout, or names what is wrong with it: a code and a member. Members that nobody knows are let pass.
func (s *simulator) order(r *http.Request, body []byte) (providers.Order, string, string) {
	const invalid = "SIM_VALIDATION"
	all, err := records(body)
	if err != nil || len(all) != 1 || !isJSON(r) {
		return providers.Order{}, invalid, "body"
	}
	p := all[0]
	if field := s.wrongMember(p); field != "" {
		return providers.Order{}, invalid, field
	}
	to, err := records(p["beneficiary"])
	if err != nil || len(to) != 1 {
		return providers.Order{}, invalid, "beneficiary"
	}
	if code, field := s.wrongRecipient(to[0]); code != "" {
		return providers.Order{}, code, "beneficiary." + field
	}
	var c create
	if json.Unmarshal(body, &c) != nil {
		return providers.Order{}, invalid, "body"
	}
	o, err := s.decode(c)
	if err != nil {
		return providers.Order{}, invalid, "amount"
	}
	return o, "", ""
}

// wrongMember names the first member that is not what it should be.
func (s *simulator) wrongMember(p record) string {
	raw := string(p["amount"]) // a number, not a text
	amount, err := money.ParseDecimal(raw, s.country.method.Currency)
	switch {
	case !simReference.MatchString(p.text("merchant_order_id")):
		return "merchant_order_id"
	case err != nil || amount.Minor <= 0 || !simNumber.MatchString(raw):
		return "amount"
	case p.text("currency") != s.country.method.Currency:
		return "currency"
	case !simText.MatchString(p.text("description")):
		return "description"
	case !parsed(p.text("webhook_url")):
		return "webhook_url"
	}
	return ""
}

// wrongRecipient names what is wrong with the account that is to be paid.
func (s *simulator) wrongRecipient(b record) (string, string) {
	const invalid = "SIM_VALIDATION"
	fields := map[string]providers.Field{}
	for _, f := range s.country.method.Fields {
		fields[f.Name] = f
	}
	wrong := func(field, value string) bool { return fields[field].Check(value) != nil }
	switch {
	case wrong(fieldName, b.text("name")):
		return invalid, "name"
	case wrong(fieldEmail, b.text("email")):
		return invalid, "email"
	case s.country.code == mexico && b.text("account_type") != accountClabe:
		return invalid, "account_type"
	case s.country.code == mexico && wrong(fieldClabe, b.text("account_number")):
		return invalid, "account_number"
	case s.country.code == mexico:
		return "", ""
	case b.text("document_type") != documentRUT || wrong(fieldRUT, readRUT(b.text("document_number"))):
		return invalid, "document_number"
	case wrong(fieldKind, b.text("account_type")):
		return invalid, "account_type"
	case wrong(fieldAccount, b.text("account_number")):
		return invalid, "account_number"
	case !knownBank(fields[fieldBank], b.text("bank_code")):
		return "SIM_BANK_UNKNOWN", "bank_code"
	}
	return "", ""
}

// knownBank compares without regard to case, as assumption 6 has it.
func knownBank(f providers.Field, code string) bool {
	for _, o := range f.Options {
		if strings.EqualFold(o.Value, code) {
			return true
		}
	}
	return false
}

// Scenarios of this company beside those of all.
const (
	reversed     sim.Scenario = "reversed"
	expiredToken sim.Scenario = "expired-token"
	withoutCode  sim.Scenario = "without-code"
	inList       sim.Scenario = "in-list"
	quiet        sim.Scenario = "quiet"
)

// table lists which amounts play which scenario, by the last two digits of the whole amount. Those to 12 are assumption 16.
func table() []sim.Row {
	return []sim.Row{
		{Last: 1, Scenario: sim.FailsLater, Does: "accepted, then rejected"},
		{Last: 2, Scenario: sim.Refused, Does: "refused, balance too low"},
		{Last: 3, Scenario: sim.Cut, Does: "booked, then the connection is cut"},
		{Last: 4, Scenario: sim.ServerError, Does: "HTTP 500, nothing is booked"},
		{Last: 5, Scenario: sim.Duplicate, Does: "the webhook comes three times"},
		{Last: 6, Scenario: sim.ForgedFirst, Does: "a webhook with a wrong signature, then the right one"},
		{Last: 7, Scenario: quiet, Does: "no webhook; completed after three look-ups"},
		{Last: 8, Scenario: reversed, Does: "completed, and later rejected: the money came back"},
		{Last: 9, Scenario: expiredToken, Does: "the token is refused (401), nothing is booked"},
		{Last: 10, Scenario: sim.Early, Does: "the webhook comes before the answer"},
		{Last: 11, Scenario: withoutCode, Does: "rejected without an error code"},
		{Last: 12, Scenario: inList, Does: "the look-up answers a list"},
		{Last: 20, Scenario: sim.BookedError, Does: "booked, then HTTP 500"},
		{Last: 21, Scenario: sim.NoID, Does: "booked, the answer has no identifier"},
		{Last: 22, Scenario: sim.AtOnce, Does: "completed at once"},
		{Last: 23, Scenario: sim.Limited, Does: "HTTP 429, nothing is booked"},
		{Last: 24, Scenario: sim.HTMLAnswer, Does: "booked, the answer is a web page"},
		{Last: 25, Scenario: sim.WrongAmount, Does: "the webhook states another amount"},
		{Last: 26, Scenario: sim.OddWord, Does: "an unknown status in between"},
		{Last: 27, Scenario: sim.Hang, Does: "booked, the answer never ends"},
		{Last: 28, Scenario: sim.OutOfOrder, Does: "webhooks in the wrong order"},
		{Last: 29, Scenario: sim.Silent, Does: "no webhook about the end"},
		{Last: 30, Scenario: sim.Slow, Does: "stays in progress for five look-ups"},
	}
}

func scenarioOf(a money.Amount) sim.Scenario {
	for _, row := range table() {
		if row.Last == sim.LastTwo(a) {
			return row.Scenario
		}
	}
	return sim.Normal
}

func (s *simulator) plan(scenario sim.Scenario) sim.Plan {
	words := sim.Words{Start: wordPending, Progress: wordProcessing, Paid: wordCompleted, Failed: wordRejected}
	plan := words.Plan(scenario)
	switch scenario {
	case sim.Duplicate:
		plan[len(plan)-1].Notices = []sim.Notice{{}, {}, {}}
	case quiet:
		plan = sim.Plan{{Status: wordPending}, {Status: wordCompleted, Looks: 3}}
	case reversed:
		plan = append(plan, sim.Step{Status: wordRejected, Paces: 2, Returns: true, Notices: []sim.Notice{{}}})
	case withoutCode:
		plan = words.Plan(sim.FailsLater)
	}
	if s.cfg.On(approvalByWebhook) {
		plan[0].Notices = []sim.Notice{{}}
	}
	return plan
}

// figure is an amount as a JSON number.
func figure(a money.Amount) json.Number { return json.Number(a.Decimal()) }

// shown is a payout as the company shows it.
func (s *simulator) shown(o sim.Order) map[string]any {
	word := o.Status
	if s.isRejected(o.RemoteID) {
		word = wordRejected
	}
	all := map[string]any{
		"payout_token": o.RemoteID, "merchant_order_id": o.Reference, "status": word, "amount": figure(o.Amount), "currency": o.Amount.Currency,
		"created_at": o.Created.UTC().Format("2006-01-02T15:04:05.000Z"), "error_code": nil, "error_message": nil,
	}
	if word != wordCompleted && word != wordRejected {
		return all
	}
	all["processed_at"] = o.Updated.UTC().Format("2006-01-02T15:04:05.000Z")
	if word == wordRejected {
		s.explain(all, o)
	}
	return all
}

// explain says why a payout was rejected. Codes are shown to merchants that have them switched on.
func (s *simulator) explain(all map[string]any, o sim.Order) {
	code, text := "SIM_ACCOUNT_INVALID", "Cuenta inexistente"
	switch {
	case o.Kept["scenario"] == string(reversed):
		code, text = "SIM_RETURNED", "Fondos devueltos por el banco"
	case s.isRejected(o.RemoteID):
		code, text = "SIM_BANK_REJECTED", "Rechazado"
	}
	all["error_message"] = text
	if !s.cfg.On(noCodes) && o.Kept["scenario"] != string(withoutCode) {
		all["error_code"] = code
	}
}
