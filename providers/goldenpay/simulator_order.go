package goldenpay

import (
	"bytes"
	"encoding/json"
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

// Formats of the documents, the alphabet of trans_id excepted.
//
//nolint:gochecknoglobals // never change
var (
	simNonce      = regexp.MustCompile(`^[A-Za-z0-9]{6,24}$`)
	simNonceOlder = regexp.MustCompile(`^.{6,32}$`)
	simTime       = regexp.MustCompile(`^[0-9]{10}$`)
	simReference  = regexp.MustCompile(`^[A-Za-z0-9_-]{6,24}$`)
	simAmount     = regexp.MustCompile(`^[0-9]{1,11}\.[0-9]{2}$`)
	simOlder      = regexp.MustCompile(`^[0-9]{1,11}(\.[0-9]{1,2})?$`)
	simAccount    = map[string]*regexp.Regexp{
		"VND": regexp.MustCompile(`^` + formVietnam + `$`),
		"THB": regexp.MustCompile(`^` + formThailand + `$`),
		"PHP": regexp.MustCompile(`^\+639[0-9]{9}$|^` + formWallet + `$`),
		"INR": regexp.MustCompile(`^` + formIndia + `$`),
	}
	simPixKey = map[string]providers.Field{
		keyCPF:    {Format: providers.CPF},
		keyCNPJ:   {Format: providers.CNPJ},
		keyPhone:  {Pattern: `\+` + formPixPhone},
		keyEmail:  {Type: providers.Email, Max: maxPixKey},
		keyRandom: {Format: providers.UUID},
	}
)

func (s *simulator) nonceForm() *regexp.Regexp {
	if s.cfg.On(switchOlder) {
		return simNonceOlder
	}
	return simNonce
}

// What the documents say of refusals. The other texts are made up.
const (
	saysSignature = "signature verification failed"
	saysLimit     = "Withdrawal amount exceeds limit"
	saysCard      = "Invalid card number..."
	saysChannel   = "Insufficient channel permission: "
	saysCurrency  = "Missing currency param"
)

// chinese is how some deployments say it.
func chinese(message string) string {
	switch message {
	case saysLimit:
		return "提现金额超出限制"
	case saysCard:
		return "无效卡号……"
	}
	return message
}

// required lists what a country needs besides what every order does.
func required(p params) []string {
	names := []string{"trans_id", "channel", "amount", "currency", "account_no", "account_name", "callback_url"}
	switch strings.ToUpper(p[memberCurrency]) {
	case "VND", "THB", "INR":
		names = append(names, "account_org", "account_org_code")
	case "BRL":
		names = append(names, "account_org", "account_type", "account_tin")
	}
	switch p[fieldKeyType] {
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
	currency := strings.ToUpper(p[memberCurrency])
	amount, err := money.ParseDecimal(p["amount"], currency)
	if err != nil || amount.Minor <= 0 {
		return providers.Order{}, "amount is invalid"
	}
	m, ok := s.byChannel(p["channel"], currency)
	switch {
	case !ok:
		return providers.Order{}, saysChannel + p["channel"]
	case overLimit(amount):
		return providers.Order{}, saysLimit
	case m.channel != channelMock && !isAccount(p):
		return providers.Order{}, saysCard
	}
	return providers.Order{
		Reference: p["trans_id"], Method: m.ID, Amount: amount, Details: m.decode(p), CallbackURL: p["callback_url"],
	}, ""
}

// isAccount checks the number that is paid to. The channel for tests takes any.
func isAccount(p params) bool {
	if form, ok := simAccount[strings.ToUpper(p[memberCurrency])]; ok {
		return len(p["account_no"]) <= maxAccount && form.MatchString(p["account_no"])
	}
	return simPixKey[p[fieldKeyType]].Check(p["account_no"]) == nil
}

// wrongFormat names the first member that is not what it should be.
func (s *simulator) wrongFormat(p params) string {
	amount := simAmount
	if s.cfg.On(switchOlder) {
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
	case !slices.Contains(kinds, p[fieldKeyType]):
		return "account_type is invalid"
	case strings.EqualFold(p[memberCurrency], "INR") && (providers.Field{Format: providers.IFSC}).Check(p["account_org_code"]) != nil:
		return "account_org_code is invalid"
	case strings.EqualFold(p[memberCurrency], "BRL") && (providers.Field{Format: providers.CPFCNPJ}).Check(p["account_tin"]) != nil:
		return "account_tin is invalid"
	}
	return ""
}

func overLimit(a money.Amount) bool {
	whole, _, _ := strings.Cut(a.Decimal(), ".")
	n, err := strconv.Atoi(whole)
	return err != nil || n > simLimit
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
func (s *simulator) policy() sim.Policy {
	p := sim.Policy{Timeout: hookTimeout, Gaps: slices.Repeat([]time.Duration{hookGap}, hookRepeats), Accepts: sim.Says(replyDone)}
	if s.cfg.On(switchOlder) {
		p.Timeout, p.Gaps = hookTimeoutOlder, slices.Repeat([]time.Duration{hookGapOlder}, hookRepeatsOlder)
	}
	return p
}

// callback writes a webhook.
func (s *simulator) callback(m sim.Message) (*http.Request, error) {
	members := map[string]any{
		memberID: m.Order.RemoteID, "trans_id": m.Order.Reference, "mch_id": json.Number(s.merchant()),
		memberAmount: s.amount(m.Order.Amount), "status": json.Number(m.Order.Status), "created_at": clock(m.Order.Created),
	}
	switch m.Order.Status {
	case wordPaid:
		members["payed_at"] = clock(m.Order.Updated)
	case wordFailed:
		members["canceled_at"] = clock(m.Order.Updated)
	}
	scenario := scenarioOf(m.Order.Amount)
	if scenario == asNumber {
		members[memberAmount] = number(m.Order.Amount)
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

// created is the answer to an order. Its status is 20 whatever has become of it since.
func (s *simulator) created(o sim.Order) map[string]any {
	payload := s.described(o)
	payload["status"], payload["callback_url"] = json.Number(wordAccepted), o.CallbackURL
	return payload
}

// shown is the answer to a look-up.
func (s *simulator) shown(o sim.Order) map[string]any {
	payload := s.described(o)
	payload[memberProofs] = s.proofs(o)
	if s.cfg.On(switchOlder) {
		payload[memberAmountOlder] = payload[memberAmount]
		delete(payload, memberAmount)
	}
	if s.cfg.On(switchNoFigure) {
		for _, name := range []string{memberAmount, memberAmountOlder, memberCurrency} {
			delete(payload, name)
		}
	}
	return payload
}

// described is what every answer about an order has.
func (s *simulator) described(o sim.Order) map[string]any {
	payload := map[string]any{
		memberID: o.RemoteID, "trans_id": o.Reference, "mch_id": s.merchantID(), "channel": o.Kept["channel"],
		memberCurrency: o.Amount.Currency, memberAmount: s.amount(o.Amount),
		"status": json.Number(o.Status), "created_at": clock(o.Created),
	}
	names := []string{"account_no", "account_name", "account_org"}
	if s.cfg.On(switchOlder) {
		names = append(names, "account_org_code", "account_email")
		payload["account_suborg"], payload["attatch"], payload["account_tel_no"] = o.Kept["account_sub_org"], "", o.Kept["account_phone"]
	}
	for _, name := range names {
		payload[name] = o.Kept[name]
	}
	return payload
}

// proofs are made up: there is one once an order is paid.
func (s *simulator) proofs(o sim.Order) []any {
	address := "https://files.goldenpay.example/proof/" + o.RemoteID + ".png"
	switch {
	case o.Status != wordPaid:
		return []any{}
	case s.cfg.On(switchProofs):
		return []any{map[string]string{"name": o.RemoteID + ".png", "url": address}}
	default:
		return []any{address}
	}
}

// merchantID was a text in older examples.
func (s *simulator) merchantID() any {
	if s.cfg.On(switchOlder) {
		return s.merchant()
	}
	return json.Number(s.merchant())
}

func (s *simulator) amount(a money.Amount) any {
	if s.cfg.On(switchOlder) {
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
func clock(t time.Time) string { return t.In(zone()).Format(time.DateTime) }

func (s *simulator) ok(w http.ResponseWriter, payload map[string]any) {
	sim.JSON(w, http.StatusOK, map[string]any{"code": 200, "payload": payload})
}

// fail answers a refusal. Since 2026 it carries a request id, which also stands before the message.
func (s *simulator) fail(w http.ResponseWriter, code, message string) {
	if s.cfg.On(switchChinese) {
		message = chinese(message)
	}
	status := http.StatusOK
	if n, err := strconv.Atoi(code); err == nil && s.cfg.On(switchMirror) {
		status = n
	}
	answer := map[string]any{"code": json.Number(code), "errors": map[string]string{"message": message}}
	if !s.cfg.On(switchOlder) {
		rid := sim.UUID(s.cfg.Now().String() + message)
		answer["rid"], answer["errors"] = rid, map[string]string{"message": "[" + rid + "] " + message}
	}
	sim.JSON(w, status, answer)
}
