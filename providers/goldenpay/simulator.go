package goldenpay

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/sim"
)

// simulator is the company as its documents describe it.
type simulator struct {
	account // methods, credentials and signing are the same on both sides
	cfg     providers.SimulatorConfig
	ledger  *sim.Ledger
	mux     *http.ServeMux

	mu     sync.Mutex
	nonces map[string]bool // those seen, where they are remembered
}

// Switches of the simulator.
const (
	switchOlder    = "older"
	switchMirror   = "mirror"
	switchTime     = "time-unsigned"
	switchClock    = "clock"
	switchNonces   = "nonces"
	switchAddress  = "address"
	switchRepeats  = "repeats-shown"
	switchChinese  = "chinese"
	switchProofs   = "proof-objects"
	switchNoFigure = "bare-orders"
)

func switches() map[string]string {
	return map[string]string{
		switchOlder:    "speaks as the documents before 2026 do: amounts as numbers, other names, no rid, webhooks repeated five times",
		switchMirror:   "answers with the business code as HTTP status, instead of always 200",
		switchTime:     "takes the time out of what is signed, as in the string printed as an example",
		switchClock:    "refuses calls whose time is more than five minutes off",
		switchNonces:   "refuses a nonce that came before",
		switchAddress:  "refuses every call with code 403, as if its address were not on the merchant's list",
		switchRepeats:  "answers a repeated reference with the first order, instead of refusing it",
		switchChinese:  "explains some refusals in Chinese",
		switchProofs:   "shows proof files as objects with a name and an address",
		switchNoFigure: "leaves amount and currency out of orders that are shown",
	}
}

func newSimulator(cfg providers.SimulatorConfig) http.Handler {
	cfg = sim.Defaults(cfg)
	settings := providers.NewSettings(cfg.Settings)
	rows, err := rowsFor(settings, false, true)
	if err != nil {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		})
	}
	s := &simulator{
		account: account{cfg: providers.Config{Settings: settings}, rows: rows}, cfg: cfg, mux: http.NewServeMux(), nonces: map[string]bool{},
	}
	courier := &sim.Courier{Config: cfg, Policy: s.policy(), Build: s.callback}
	s.ledger = sim.NewLedger(sim.Options{Config: cfg, Notify: courier.Notify, Unique: true, Funds: s.funds(), NewID: s.newID})
	s.mux.HandleFunc("POST "+pathOrders, s.checked(s.create))
	s.mux.HandleFunc("GET "+pathOrders, s.checked(s.show))
	s.mux.HandleFunc("GET "+pathBalance, s.checked(s.balance))
	s.mux.HandleFunc("GET "+pathInfo, s.checked(s.info))
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { s.fail(w, codeNotFound, "route not found") })
	return sim.NewDesk(s.mux, sim.Controls{Definition: Definition(), Config: cfg, Ledger: s.ledger, Courier: courier, Table: table(),
		Ends: []sim.End{{Word: wordPaid, Status: providers.Paid}, {Word: wordFailed, Status: providers.Failed}}})
}

// newID makes the company's number of an order: "P202605040001", in older documents "WT1729187424AJCT".
func (s *simulator) newID(seed string) string {
	if s.cfg.On(switchOlder) {
		return "WT" + strings.ToUpper(sim.ID(seed, 14))
	}
	return "P" + strings.ToUpper(sim.ID(seed, 12))
}

// funds is what can be paid out, of dong more.
func (s *simulator) funds() []money.Amount {
	var all []money.Amount
	for _, currency := range s.currencies() {
		a := money.Amount{Minor: simFunds * 100, Currency: currency}
		if currency == "VND" {
			a.Minor = simFundsDong
		}
		all = append(all, a)
	}
	return all
}

// checked makes the checks of every call, in the order of the documents: common fields, merchant, address, signature. What
// they do not list comes after.
func (s *simulator) checked(next func(http.ResponseWriter, *http.Request, params)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, err := s.read(r)
		switch {
		case err != nil:
			s.fail(w, codeRefused, err.Error())
		case p["mch_id"] == "" || p["sign"] == "" || !s.nonceForm().MatchString(p["nonce"]) || !simTime.MatchString(p["timestamp"]):
			s.fail(w, codeRefused, "mch_id, nonce, timestamp and sign are required")
		case p["mch_id"] != s.merchant():
			s.fail(w, codeRefused, "merchant not found")
		case s.cfg.On(switchAddress):
			s.fail(w, codeForbids, "IP address not allowed")
		case !s.signedCall(p):
			s.fail(w, codeRefused, saysSignature)
		case s.cfg.On(switchClock) && s.late(p):
			s.fail(w, codeRefused, "timestamp expired")
		case s.cfg.On(switchNonces) && s.seen(p["nonce"]):
			s.fail(w, codeRefused, "nonce already used")
		default:
			next(w, r, p)
		}
	}
}

// signedCall verifies the signature of a call, whose case did not matter before 2026.
func (s *simulator) signedCall(p params) bool {
	if strings.ToLower(p["sign"]) != p["sign"] && !s.cfg.On(switchOlder) {
		return false
	}
	if s.cfg.On(switchTime) {
		p = maps.Clone(p)
		delete(p, "timestamp")
	}
	return p.signed(s.account.cfg.Settings.Get(settingKey))
}

func (s *simulator) late(p params) bool {
	at, err := strconv.ParseInt(p["timestamp"], 10, 64)
	return err != nil || s.cfg.Now().Sub(time.Unix(at, 0)).Abs() > simSkew
}

// seen remembers a nonce.
func (s *simulator) seen(nonce string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.nonces[nonce]
	s.nonces[nonce] = true
	return before
}

// read takes parameters where the method has them: JSON for POST, the query for GET. Numbers may come as texts.
func (s *simulator) read(r *http.Request) (params, error) {
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, 1<<20))
		if err != nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			return nil, fmt.Errorf("a JSON body is required")
		}
		p, _, err := flat(body)
		return p, err
	}
	p := params{}
	for name, values := range r.URL.Query() {
		if len(values) != 1 {
			return nil, fmt.Errorf("%s stands twice", name)
		}
		p[name] = values[0]
	}
	return p, nil
}

// create books an order.
func (s *simulator) create(w http.ResponseWriter, r *http.Request, p params) {
	o, refusal := s.order(p)
	if refusal != "" {
		s.fail(w, codeRefused, refusal)
		return
	}
	scenario := scenarioOf(o.Amount)
	if code, message := unavailable(scenario); code != "" {
		s.fail(w, code, message)
		return
	}
	sim.Play(w, r, sim.Call{
		Scenario: scenario,
		Book: func() (sim.Order, error) {
			return s.ledger.Book(sim.Order{Order: o, Plan: planOf(scenario), Kept: p})
		},
		Answer: func(w http.ResponseWriter, o sim.Order) { s.answer(w, scenario, s.created(o)) },
		NoID:   func(w http.ResponseWriter, _ sim.Order) { s.ok(w, map[string]any{}) },
		Refuse: func(w http.ResponseWriter, err error) { s.refuse(w, o, err) },
	})
}

// refuse answers what the ledger does not take.
func (s *simulator) refuse(w http.ResponseWriter, o providers.Order, err error) {
	if !errors.Is(err, sim.ErrDuplicate) {
		s.fail(w, codeRefused, "Insufficient balance")
		return
	}
	first, ok := s.ledger.Find(providers.Attempt{Reference: o.Reference})
	if ok && s.cfg.On(switchRepeats) {
		s.ok(w, s.created(first))
		return
	}
	s.fail(w, codeRefused, "trans_id already exists")
}

// answer plays the scenario in which the HTTP status says the opposite of the JSON.
func (s *simulator) answer(w http.ResponseWriter, scenario sim.Scenario, payload map[string]any) {
	if scenario == oddStatus {
		sim.JSON(w, http.StatusInternalServerError, map[string]any{"code": 200, "payload": payload})
		return
	}
	s.ok(w, payload)
}

// show tells about an order by its number or by the merchant's.
func (s *simulator) show(w http.ResponseWriter, _ *http.Request, p params) {
	o, ok := s.ledger.Look(providers.Attempt{Reference: p[memberID]})
	if !ok {
		o, ok = s.ledger.Look(providers.Attempt{RemoteID: p[memberID]})
	}
	if !ok {
		s.fail(w, codeNotFound, "order not found")
		return
	}
	s.ok(w, s.shown(o))
}

func (s *simulator) balance(w http.ResponseWriter, _ *http.Request, p params) {
	if p[memberCurrency] == "" {
		s.fail(w, codeRefused, saysCurrency)
		return
	}
	for _, a := range s.ledger.Balance() {
		if a.Currency == strings.ToUpper(p[memberCurrency]) {
			s.ok(w, map[string]any{memberBalance: number(a)})
			return
		}
	}
	s.fail(w, codeRefused, "no account in this currency")
}

func (s *simulator) info(w http.ResponseWriter, _ *http.Request, p params) {
	var id any = s.merchant() // a text since 2026, a number before: the other way round than in orders
	if s.cfg.On(switchOlder) {
		id = json.Number(s.merchant())
	}
	s.ok(w, map[string]any{"id": id, "name": "Demo merchant " + p["mch_id"], "created_at": "2026-01-05 09:30:00"})
}
