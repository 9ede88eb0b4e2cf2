package yabandpay

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/sim"
)

// Switches of the simulator.
const (
	uniqueNonce  = "unique-nonce"
	usableSum    = "usable-sum"
	timeWindow   = "time-window"
	formNotices  = "form-notices"
	withWallet   = "wallet-id"
	numberAmount = "number-amount"
	replyOlder   = "reply-commond"
)

func switches() map[string]string {
	return map[string]string{
		uniqueNonce:  "refuses a nonce_string it has seen before",
		usableSum:    "shows as usable the sum of available and reserve, as the example of the documents does",
		timeWindow:   "refuses calls whose time is more than five minutes off",
		replyOlder:   "repeats the command in answers, spelled commond",
		formNotices:  "posts notices as resultData= form",
		withWallet:   "adds wallet_id to answers and notices",
		numberAmount: "writes amounts in notices as numbers",
	}
}

// simulator is the company as its documents describe it. Its codes and the texts of its refusals are made up: no list of
// them exists.
type simulator struct {
	account // credentials and signing are the same on both sides
	cfg     providers.SimulatorConfig
	ledger  *sim.Ledger

	mu     sync.Mutex
	nonces map[string]bool
}

// What is in each wallet at first, and what the merchant has to leave there, in minor units.
const (
	available = 1_000_000_000
	reserve   = 20_000
)

// kept is what makes usable less than available: with the switch it is the sum.
func (s *simulator) kept() int64 {
	if s.cfg.On(usableSum) {
		return -reserve
	}
	return reserve
}

func newSimulator(cfg providers.SimulatorConfig) http.Handler {
	cfg = sim.Defaults(cfg)
	settings := providers.NewSettings(cfg.Settings)
	p, err := open(providers.Config{Settings: settings})
	if err != nil {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		})
	}
	s := &simulator{account: *p.(*account), cfg: cfg, nonces: map[string]bool{}} //nolint:forcetypeassert // made by open
	courier := &sim.Courier{Config: cfg, Build: s.notice, Policy: sim.Policy{Gaps: gaps(), Accepts: sim.Says(replyDone)}}
	var funds []money.Amount // usable
	for _, m := range s.Catalog {
		funds = append(funds, money.Amount{Minor: available - s.kept(), Currency: m.Currency})
	}
	s.ledger = sim.NewLedger(sim.Options{Config: cfg, Notify: courier.Notify, NewID: sim.UUID, Funds: funds})
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+path, s.serve)
	return sim.NewDesk(mux, sim.Controls{Definition: Definition(), Config: cfg, Ledger: s.ledger, Courier: courier, Table: table(), Ends: []sim.End{
		{Word: wordCompleted, Status: providers.Paid}, {Word: wordFailed, Status: providers.Failed},
		{Word: wordDeclined, Status: providers.Failed}, {Word: wordCancelled, Status: providers.Cancelled}}})
}

// serve makes the checks in their order: object, user, signature, role, method and command, fields.
func (s *simulator) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		return // cut off while writing
	}
	e, err := readCall(body)
	if err != nil {
		s.refuse(w, "400", "not a JSON object")
		return
	}
	key, cashier := s.key(), e.User == s.cashier()
	if cashier {
		key += cashierSuffix
	}
	switch {
	case e.User != s.user() && !cashier:
		s.refuse(w, "401", "user not found")
	case e.Sign != e.signature(key): // large letters are no signature, as in the company's library
		s.refuse(w, "401", "sign error")
	case cashier:
		s.refuse(w, "403", "permission denied")
	case e.Method != s.method():
		s.refuse(w, "404", "method not found")
	case s.late(e.Time):
		s.refuse(w, "400", "time error")
	case s.repeats(e.Data["nonce_string"]):
		s.refuse(w, "400", "nonce_string used")
	default:
		s.command(w, r, e)
	}
}

// readCall reads a call as PHP would: data may hold more than is known, under either content type.
func readCall(body []byte) (envelope, error) {
	outer, _, err := flat(body)
	if err != nil {
		return envelope{}, err
	}
	var parts struct{ Data json.RawMessage }
	if err := json.Unmarshal(body, &parts); err != nil {
		return envelope{}, err
	}
	data, _, err := flat(parts.Data)
	return envelope{User: outer["user"], Sign: outer["sign"], Method: outer["method"], Time: json.Number(outer["time"]), Data: data}, err
}

// cashierSuffix makes the cashier's key of the super admin's.
const cashierSuffix = "-cashier"

// cashier is an account of the same merchant as a shop plugin uses it: it may not pay out.
func (s *simulator) cashier() string { return s.user() + "9" }

func (s *simulator) late(at json.Number) bool {
	if !s.cfg.On(timeWindow) {
		return false
	}
	seconds, err := at.Int64()
	return err != nil || s.cfg.Now().Sub(time.Unix(seconds, 0)).Abs() > clockMayBeOff
}

func (s *simulator) repeats(nonce string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.nonces[nonce]
	s.nonces[nonce] = true
	return seen && s.cfg.On(uniqueNonce)
}

func (s *simulator) command(w http.ResponseWriter, r *http.Request, e envelope) {
	command, nonce := e.command(), e.Data["nonce_string"]
	switch {
	case command != commandBalance && command != commandPayout:
		s.refuse(w, "404", "command not found")
	case nonce == "" || len(nonce) > nonceMost:
		s.refuse(w, "400", "nonce_string is required")
	case command == commandBalance:
		s.balance(w, e.Data)
	default:
		s.payout(w, r, e.Data)
	}
}

func (s *simulator) balance(w http.ResponseWriter, data params) {
	for _, a := range s.ledger.Balance() {
		if a.Currency != strings.ToUpper(data["currency"]) {
			continue
		}
		usable := a.Decimal()
		a.Minor += s.kept()
		s.ok(w, commandBalance, map[string]any{
			"user": s.user(), "time": unix(s.cfg.Now()), "gateway_name": "YabandPay", "wallet_id": wallet(a.Currency), "currency": a.Currency,
			"available": a.Decimal(), "reserve": money.Amount{Minor: reserve, Currency: a.Currency}.Decimal(), memberUsable: usable, "deposit": "0.00",
		})
		return
	}
	s.refuse(w, "400", "no wallet in this currency")
}

func wallet(currency string) string {
	n := 156_227_511_825
	for _, r := range currency {
		n += int(r)
	}
	return "WA" + strconv.Itoa(n)
}

var simAmount = regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,2})?$`)

// payout books a withdrawal.
func (s *simulator) payout(w http.ResponseWriter, r *http.Request, data params) {
	for _, name := range []string{"amount", "currency", "reference", "notify_url"} {
		if data[name] == "" {
			s.refuse(w, "400", name+" is required")
			return
		}
	}
	m, ok := s.ofCurrency(strings.ToUpper(data["currency"]))
	amount, err := money.ParseDecimal(data["amount"], m.Currency)
	to, urlErr := url.Parse(data["notify_url"])
	switch {
	case !ok:
		s.refuse(w, "400", "no wallet in this currency")
		return
	case err != nil || amount.Minor <= 0 || !simAmount.MatchString(data["amount"]):
		s.refuse(w, "400", "amount error")
		return
	case urlErr != nil || to.Host == "":
		s.refuse(w, "400", "notify_url error")
		return
	}
	o := providers.Order{Reference: data["reference"], Method: m.ID, Amount: amount, CallbackURL: data["notify_url"]}
	scenario := scenarioOf(amount)
	sim.Play(w, r, sim.Call{
		Scenario: scenario,
		Book: func() (sim.Order, error) {
			return s.ledger.Book(sim.Order{Order: o, Plan: planOf(scenario)})
		},
		Answer: func(w http.ResponseWriter, o sim.Order) { s.ok(w, commandPayout, s.shown(o)) },
		NoID:   func(w http.ResponseWriter, _ sim.Order) { s.ok(w, commandPayout, map[string]any{"user": s.user()}) },
		Refuse: func(w http.ResponseWriter, _ error) { s.refuse(w, "400", "insufficient balance") },
	})
}

// Scenarios of this company beside those of all.
const (
	declined  sim.Scenario = "declined"
	cancelled sim.Scenario = "cancelled"
	reversed  sim.Scenario = "reversed"
	waits     sim.Scenario = "waits"
)

// table lists which amounts play which scenario.
func table() []sim.Row {
	return append(sim.Table(),
		sim.Row{Last: 20, Scenario: declined, Does: "declined at the company's own approval"},
		sim.Row{Last: 21, Scenario: cancelled, Does: "cancelled before the company's own approval"},
		sim.Row{Last: 22, Scenario: reversed, Does: "completed, and later said to have failed"},
		sim.Row{Last: 23, Scenario: waits, Does: "waits for the company's own approval for ever"},
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
	words := sim.Words{Start: wordAwaiting, Progress: wordPending, Paid: wordCompleted, Failed: wordFailed, Tells: []string{wordPending}, Timed: true}
	told := []sim.Notice{{}}
	start := sim.Step{Status: wordAwaiting}
	switch s {
	case declined:
		return sim.Plan{start, {Status: wordDeclined, Returns: true, Notices: told}}
	case cancelled:
		return sim.Plan{start, {Status: wordCancelled, Returns: true, Notices: told}}
	case waits:
		return sim.Plan{start}
	case reversed:
		return append(words.Plan(sim.Normal), sim.Step{Status: wordFailed, Returns: true, Notices: told})
	}
	return words.Plan(s)
}

// shown is a payout as the company shows it.
func (s *simulator) shown(o sim.Order) map[string]any {
	all := map[string]any{
		"user": s.user(), "time": s.cfg.Now().Unix(), "gateway_name": "YabandPay", "payout_id": o.RemoteID, "currency": o.Amount.Currency,
		"amount": o.Amount.Decimal(), "reference": o.Reference, "notify_url": o.CallbackURL, "state": o.Status,
	}
	if s.cfg.On(withWallet) {
		all["wallet_id"] = wallet(o.Amount.Currency)
	}
	return all
}

// notice writes a webhook.
func (s *simulator) notice(m sim.Message) (*http.Request, error) {
	data := s.shown(m.Order)
	if s.cfg.On(numberAmount) {
		data["amount"] = json.Number(strings.TrimSuffix(strings.TrimRight(m.Order.Amount.Decimal(), "0"), ".")) // as PHP prints it
	}
	inner, err := plain(data)
	if err != nil {
		return nil, err
	}
	p, _, err := flat(inner)
	if err != nil {
		return nil, err
	}
	key := s.key()
	if m.Forged {
		key += "x"
	}
	body, err := plain(map[string]any{"data": json.RawMessage(inner), "sign": p.signature(key)})
	if err != nil {
		return nil, err
	}
	kind, text := "application/json", string(body)
	if s.cfg.On(formNotices) {
		kind, text = "application/x-www-form-urlencoded", formPrefix+url.QueryEscape(text)
	}
	req, err := http.NewRequest(http.MethodPost, m.URL, strings.NewReader(text)) //nolint:noctx // the courier adds it
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", kind)
	return req, nil
}

// plain writes JSON without the escapes meant for web pages.
func plain(members map[string]any) ([]byte, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(members)
	return []byte(strings.TrimSpace(b.String())), err
}

func (s *simulator) ok(w http.ResponseWriter, command string, data map[string]any) {
	if s.cfg.On(replyOlder) {
		data[keyOlder] = command
	}
	sim.JSON(w, http.StatusOK, map[string]any{"status": true, "code": "200", "data": data, "message": ""})
}

func (s *simulator) refuse(w http.ResponseWriter, code, message string) {
	sim.JSON(w, http.StatusOK, map[string]any{"status": false, "code": code, "data": map[string]any{}, "message": message})
}
