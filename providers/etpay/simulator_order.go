package etpay

import (
	"encoding/json"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/sim"
)

// Formats, assumption 3.
var (
	simReference = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)
	simNumber    = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)
)

// order reads a payout, or says what is wrong with it. Members that nobody knows are let pass.
func (s *simulator) order(r *http.Request, body []byte) (providers.Order, problem) {
	invalid := func(field string) problem {
		return problem{simValidation, "Datos inválidos", field, "falta o tiene un formato inválido"}
	}
	p, err := httpx.Members(body)
	if err != nil || !isJSON(r) {
		return providers.Order{}, invalid("body")
	}
	if field := s.wrongMember(p); field != "" {
		return providers.Order{}, invalid(field)
	}
	to, err := httpx.Members(p["beneficiary"])
	if err != nil {
		return providers.Order{}, invalid("beneficiary")
	}
	if field := s.wrongRecipient(to); field != "" {
		return providers.Order{}, invalid("beneficiary." + field)
	}
	if !s.knownBank(record(to).text("bank_code")) {
		return providers.Order{}, problem{simBank, "Banco desconocido", "beneficiary.bank_code", "no existe"}
	}
	var c create
	if json.Unmarshal(body, &c) != nil {
		return providers.Order{}, invalid("body")
	}
	o, err := s.decode(c)
	if err != nil {
		return providers.Order{}, invalid(memberAmount)
	}
	return o, problem{}
}

// wrongMember names the first member that is not what it should be.
func (s *simulator) wrongMember(p record) string {
	raw, text := string(p[memberAmount]), p.text("description") // a number, not a text
	amount, err := money.ParseDecimal(raw, s.country.method.Currency)
	switch {
	case !simReference.MatchString(p.text(memberReference)):
		return memberReference
	case err != nil || amount.Minor <= 0 || !simNumber.MatchString(raw):
		return memberAmount
	case p.text(memberCurrency) != s.country.method.Currency:
		return memberCurrency
	case utf8.RuneCountInString(text) > maxText || strings.Contains(text, ","):
		return "description"
	case !parsed(p.text("webhook_url")):
		return "webhook_url"
	}
	return ""
}

// wrongRecipient names what is wrong with the account that is to be paid.
func (s *simulator) wrongRecipient(b record) string {
	wrong := func(name, value string) bool { return s.field(name).Check(value) != nil }
	switch {
	case wrong(fieldName, b.text("name")):
		return "name"
	case wrong(fieldEmail, b.text("email")):
		return "email"
	case s.country.code == mexico && b.text("account_type") != accountClabe:
		return "account_type"
	case s.country.code == mexico && wrong(fieldClabe, b.text("account_number")):
		return "account_number"
	case s.country.code == mexico:
		return ""
	case b.text("document_type") != documentRUT || wrong(fieldRUT, readRUT(b.text("document_number"))):
		return "document_number"
	case wrong(fieldKind, b.text("account_type")):
		return "account_type"
	case wrong(fieldAccount, b.text("account_number")):
		return "account_number"
	}
	return ""
}

func (s *simulator) field(name string) providers.Field {
	for _, f := range s.country.method.Fields {
		if f.Name == name {
			return f
		}
	}
	return providers.Field{}
}

// knownBank compares without regard to case, as assumption 6 has it. In Mexico none need be named.
func (s *simulator) knownBank(code string) bool {
	return code == "" && s.country.code == mexico ||
		slices.ContainsFunc(s.banks, func(o providers.Option) bool { return strings.EqualFold(o.Value, code) })
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
		{Last: 8, Scenario: reversed, Does: "completed, and 5 s later rejected: the money came back"},
		{Last: 9, Scenario: expiredToken, Does: "the token is refused (401) the first time, nothing is booked"},
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

// reversal is how long money takes to come back, in whole steps.
const reversal = 5 * time.Second

func (s *simulator) plan(scenario sim.Scenario) sim.Plan {
	words := sim.Words{Start: wordPending, Progress: wordProcessing, Paid: wordCompleted, Failed: wordRejected}
	plan := words.Plan(scenario)
	switch scenario {
	case sim.Duplicate:
		plan[len(plan)-1].Notices = []sim.Notice{{}, {}, {}}
	case quiet:
		plan = sim.Plan{{Status: wordPending}, {Status: wordCompleted, Looks: 3}}
	case reversed:
		plan = append(plan, sim.Step{Status: wordRejected, Paces: int((reversal + s.cfg.Pace - 1) / s.cfg.Pace), Returns: true, Notices: []sim.Notice{{}}})
	case withoutCode:
		plan = words.Plan(sim.FailsLater)
	}
	if s.cfg.On(approvalByWebhook) && len(plan) > 1 {
		plan[0].Notices = []sim.Notice{{}}
		plan[1].Now, plan[1].Looks = false, math.MaxInt // notify goes on with it
	}
	return plan
}

// figure is an amount as a JSON number.
func figure(a money.Amount) json.Number { return json.Number(a.Decimal()) }

// shown is a payout as the company shows it.
func (s *simulator) shown(o sim.Order) map[string]any {
	all := map[string]any{
		s.named(namesID): o.RemoteID, memberReference: o.Reference, s.named(namesStatus): o.Status, memberAmount: figure(o.Amount),
		memberCurrency: o.Amount.Currency, memberMade: moment(o.Created), memberCode: nil, memberReason: nil,
	}
	if o.Status != wordCompleted && o.Status != wordRejected {
		return all
	}
	all[memberEnded] = moment(o.Updated)
	if o.Status == wordRejected {
		s.explain(all, o)
	}
	return all
}

// named is the name under which something is told.
func (s *simulator) named(names []string) string {
	if s.cfg.On(otherNames) {
		return names[1]
	}
	return names[0]
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// explain says why a payout was rejected. Codes are shown to merchants that have them switched on.
func (s *simulator) explain(all map[string]any, o sim.Order) {
	code, text, scenario := simDeclined, "Rechazado", sim.Scenario(o.Kept["scenario"])
	switch scenario {
	case sim.FailsLater, withoutCode:
		code, text = simAccount, "Cuenta inexistente"
	case reversed:
		code, text = simReturned, "Fondos devueltos por el banco"
	}
	all[memberReason] = text
	if !s.cfg.On(noCodes) && scenario != withoutCode {
		all[memberCode] = code
	}
}
