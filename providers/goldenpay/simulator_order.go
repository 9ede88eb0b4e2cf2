package goldenpay

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/sim"
)

// Formats of the documents of 2026, the alphabet of trans_id excepted.
//
//nolint:gochecknoglobals // never change
var (
	simNonce     = regexp.MustCompile(`^[A-Za-z0-9]{6,24}$`)
	simTime      = regexp.MustCompile(`^[0-9]{10}$`)
	simReference = regexp.MustCompile(`^[A-Za-z0-9_-]{6,24}$`)
	simAmount    = regexp.MustCompile(`^[0-9]{1,11}\.[0-9]{2}$`)
	simOlder     = regexp.MustCompile(`^[0-9]{1,11}(\.[0-9]{1,2})?$`)
	simLetters   = regexp.MustCompile(`^[A-Za-z]+$`)
	simAccount   = map[string]*regexp.Regexp{
		"VND": regexp.MustCompile(`^[A-Za-z0-9]{1,34}$`),
		"THB": regexp.MustCompile(`^[0-9]{10,15}$`),
		"PHP": regexp.MustCompile(`^(09|\+?639)[0-9]{9}$`),
		"BRL": regexp.MustCompile(`^.{1,77}$`),
		"INR": regexp.MustCompile(`^[A-Za-z0-9]{1,34}$`),
	}
)

// simLimit is the most a merchant may pay at once, in whole units. The real one stands in the back office.
const simLimit = 900_000_000

// required lists what a country needs besides what every order does.
func required(p params) []string {
	names := []string{"trans_id", "channel", "amount", "currency", "account_no", "account_name", "callback_url"}
	switch strings.ToUpper(p["currency"]) {
	case "VND", "THB", "INR":
		names = append(names, "account_org", "account_org_code")
	case "BRL":
		names = append(names, "account_org", "account_type", "account_tin")
	}
	switch p["account_type"] {
	case keyPhone:
		names = append(names, "account_phone")
	case keyEmail:
		names = append(names, "account_email")
	}
	return names
}

// order reads an order, or says why it is refused. The texts that the documents know are theirs, the others made up.
func (s *simulator) order(p params) (providers.Order, string) {
	for _, name := range required(p) {
		if p[name] == "" {
			return providers.Order{}, name + " is required"
		}
	}
	if wrong := s.wrongFormat(p); wrong != "" {
		return providers.Order{}, wrong
	}
	currency := strings.ToUpper(p["currency"])
	amount, err := money.ParseDecimal(p["amount"], currency)
	if err != nil || amount.Minor <= 0 {
		return providers.Order{}, "amount is invalid"
	}
	m, ok := s.byChannel(p["channel"], currency)
	switch {
	case !ok:
		return providers.Order{}, "Insufficient channel permission: " + p["channel"]
	case overLimit(amount):
		return providers.Order{}, "Withdrawal amount exceeds limit"
	case currency == "VND" && simLetters.MatchString(p["account_no"]), !simAccount[currency].MatchString(p["account_no"]):
		return providers.Order{}, "Invalid card number: please check account_no"
	}
	return providers.Order{
		Reference: p["trans_id"], Method: m.ID, Amount: amount, Details: m.decode(p), CallbackURL: p["callback_url"],
	}, ""
}

// wrongFormat names the first member that is not what it should be.
func (s *simulator) wrongFormat(p params) string {
	amount := simAmount
	if s.profile.older {
		amount = simOlder
	}
	callback, err := url.Parse(p["callback_url"])
	kinds := []string{"", keyCPF, keyCNPJ, keyPhone, keyEmail, keyRandom}
	switch {
	case !simReference.MatchString(p["trans_id"]):
		return "trans_id must be 6 to 24 characters"
	case !amount.MatchString(p["amount"]):
		return "amount must have two decimals"
	case err != nil || callback.Host == "":
		return "callback_url is invalid"
	case p["account_email"] != "" && !strings.Contains(p["account_email"], "@"):
		return "account_email is invalid"
	case !slices.Contains(kinds, p["account_type"]):
		return "account_type is invalid"
	case strings.EqualFold(p["currency"], "INR") && (providers.Field{Format: providers.IFSC}).Check(p["account_org_code"]) != nil:
		return "account_org_code is invalid"
	case strings.EqualFold(p["currency"], "BRL") && (providers.Field{Format: providers.CPFCNPJ}).Check(p["account_tin"]) != nil:
		return "account_tin is invalid"
	}
	return ""
}

func overLimit(a money.Amount) bool {
	whole, _, _ := strings.Cut(a.Decimal(), ".")
	n, err := strconv.Atoi(whole)
	return err != nil || n > simLimit
}

func refusalOf(err error) string {
	if errors.Is(err, sim.ErrDuplicate) {
		return "trans_id already exists"
	}
	return "Insufficient balance"
}

// Scenarios of this company beside those of all.
const (
	busy       sim.Scenario = "406"
	oddStatus  sim.Scenario = "accepted-500"
	reversed   sim.Scenario = "reversed"
	upperSign  sim.Scenario = "upper-sign"
	moreInside sim.Scenario = "extra-member"
	asNumber   sim.Scenario = "number"
)

// table lists which amounts play which scenario.
func table() []sim.Row {
	return append(sim.Table(),
		sim.Row{Last: 20, Scenario: busy, Does: "code 406, nothing is booked"},
		sim.Row{Last: 21, Scenario: oddStatus, Does: "booked, HTTP 500 with code 200 inside"},
		sim.Row{Last: 22, Scenario: reversed, Does: "paid, and later said to have failed"},
		sim.Row{Last: 23, Scenario: upperSign, Does: "the webhook's signature is in capitals"},
		sim.Row{Last: 24, Scenario: moreInside, Does: "the webhook has a member nobody knows"},
		sim.Row{Last: 25, Scenario: asNumber, Does: "the webhook's amount is a number with zeros behind it"},
	)
}

func scenarioOf(a money.Amount) sim.Scenario {
	for _, row := range table() {
		if row.Last == sim.LastTwo(a) {
			return row.Scenario
		}
	}
	return sim.Normal
}

func planOf(s sim.Scenario) sim.Plan {
	words := sim.Words{Start: wordAccepted, Paid: wordPaid, Failed: wordFailed, Odd: "30"}
	plan := words.Plan(s)
	if s == reversed {
		plan = append(plan, sim.Step{Status: wordFailed, Notices: []sim.Notice{{}}})
	}
	return plan
}

// unavailable is the refusal of a scenario in which nothing is booked.
func unavailable(s sim.Scenario) (string, string) {
	switch s {
	case sim.ServerError:
		return "503", "service in maintenance"
	case sim.Limited:
		return "429", "too many requests"
	case busy:
		return "406", "lock not obtained"
	}
	return "", ""
}

// policy is how webhooks are repeated.
func (p profile) policy() sim.Policy {
	accepts := sim.Says(replyDone)
	if p.older {
		gap := 30 * time.Second
		return sim.Policy{Timeout: 10 * time.Second, Gaps: []time.Duration{gap, gap, gap, gap, gap}, Accepts: accepts}
	}
	return sim.Policy{Timeout: 5 * time.Second, Gaps: []time.Duration{time.Minute}, Accepts: accepts}
}

// callback writes a webhook.
func (s *simulator) callback(m sim.Message) (*http.Request, error) {
	members := map[string]any{
		"id": m.Order.RemoteID, "trans_id": m.Order.Reference, "mch_id": json.Number(s.merchant()),
		"order_amount": s.amount(m.Order.Amount), "status": json.Number(m.Order.Status), "created_at": clock(m.Order.Created),
	}
	switch m.Order.Status {
	case wordPaid:
		members["payed_at"] = clock(m.Order.Updated)
	case wordFailed:
		members["canceled_at"] = clock(m.Order.Updated)
	}
	scenario := scenarioOf(m.Order.Amount)
	if scenario == asNumber {
		members["order_amount"] = number(m.Order.Amount)
	}
	if scenario == moreInside {
		members["operator"] = "system"
	}
	key := s.account.cfg.Settings.Get(settingKey)
	if m.Forged {
		key = "another key"
	}
	body, err := signBody(members, key, scenario == upperSign)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(http.MethodPost, m.URL, bytes.NewReader(body)) //nolint:noctx // the courier sets one
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	return req, nil
}

// signBody writes members with a signature over the text they have on the wire.
func signBody(members map[string]any, key string, upper bool) ([]byte, error) {
	plain, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	p, _, err := flat(plain)
	if err != nil {
		return nil, err
	}
	sign := p.signature(key)
	if upper {
		sign = strings.ToUpper(sign)
	}
	members["sign"] = sign
	return json.Marshal(members)
}

// created is the answer to an order. Its status is 20 except where a scenario is quicker.
func (s *simulator) created(o sim.Order) map[string]any {
	payload := map[string]any{
		"id": o.RemoteID, "trans_id": o.Reference, "mch_id": s.merchantID(), "channel": o.Kept["channel"],
		"currency": o.Amount.Currency, "order_amount": s.amount(o.Amount), "callback_url": o.CallbackURL,
		"status": json.Number(o.Status), "created_at": clock(o.Created),
	}
	names := []string{"account_no", "account_name", "account_org"}
	if s.profile.older {
		names = append(names, "account_org_code", "account_email")
		payload["account_suborg"], payload["attatch"] = o.Kept["account_sub_org"], ""
	}
	for _, name := range names {
		payload[name] = o.Kept[name]
	}
	return payload
}

// shown is the answer to a look-up.
func (s *simulator) shown(o sim.Order) map[string]any {
	payload := s.created(o)
	delete(payload, "callback_url")
	payload["attachments"] = []string{}
	if o.Status == wordPaid {
		payload["attachments"] = []string{"https://files.goldenpay.example/proof/" + o.RemoteID + ".png"}
	}
	if s.profile.older {
		payload["amount"] = payload["order_amount"]
		delete(payload, "order_amount")
	}
	return payload
}

// merchantID was a text in older examples.
func (s *simulator) merchantID() any {
	if s.profile.older {
		return s.merchant()
	}
	return json.Number(s.merchant())
}

func (s *simulator) amount(a money.Amount) any {
	if s.profile.older {
		return number(a)
	}
	return number(a).String()
}

// number writes an amount with two decimals as a JSON number.
func number(a money.Amount) json.Number {
	text, _ := a.DecimalN(decimals) // it came in with no more
	return json.Number(text)
}

// clock writes a time as the company does, which does not say in which zone.
func clock(t time.Time) string { return t.UTC().Format(time.DateTime) }

func (s *simulator) ok(w http.ResponseWriter, payload map[string]any) {
	sim.JSON(w, http.StatusOK, map[string]any{"code": 200, "payload": payload})
}

// fail answers a refusal. Since 2026 it carries a request id, which also stands before the message.
func (s *simulator) fail(w http.ResponseWriter, code, message string) {
	status := http.StatusOK
	if n, err := strconv.Atoi(code); err == nil && s.profile.mirror {
		status = n
	}
	answer := map[string]any{"code": json.Number(code), "errors": map[string]string{"message": message}}
	if !s.profile.older {
		rid := sim.UUID(s.cfg.Now().String() + message)
		answer["rid"], answer["errors"] = rid, map[string]string{"message": "[" + rid + "] " + message}
	}
	sim.JSON(w, status, answer)
}
