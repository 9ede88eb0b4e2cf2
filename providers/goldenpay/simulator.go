package goldenpay

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/sim"
)

// profile says which generation of the documents a simulator follows, and what they leave to each deployment.
type profile struct {
	older  bool // amounts as numbers, no request id, other names
	mirror bool // the HTTP status is the business code, instead of always 200
}

// simulator is the company as its documents describe it.
type simulator struct {
	account // methods, credentials and signing are the same on both sides
	cfg     providers.SimulatorConfig
	profile profile
	ledger  *sim.Ledger
	mux     *http.ServeMux
}

func newSimulator(cfg providers.SimulatorConfig) http.Handler {
	return simulatorOf(cfg, profile{older: cfg.On(switchOlder), mirror: cfg.On(switchMirror)})
}

// Switches of the simulator.
const (
	switchOlder  = "older"
	switchMirror = "mirror"
)

func switches() map[string]string {
	return map[string]string{
		switchOlder:  "speaks as the documents before 2026 do: amounts as numbers, other names, webhooks repeated five times",
		switchMirror: "answers with the business code as HTTP status, instead of always 200",
	}
}

func simulatorOf(cfg providers.SimulatorConfig, p profile) http.Handler {
	cfg = sim.Defaults(cfg)
	settings := providers.NewSettings(cfg.Settings)
	rows, err := rowsFor(settings, false, true)
	if err != nil {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		})
	}
	s := &simulator{account: account{cfg: providers.Config{Settings: settings}, rows: rows}, cfg: cfg, profile: p, mux: http.NewServeMux()}
	courier := &sim.Courier{Config: cfg, Policy: p.policy(), Build: s.callback}
	s.ledger = sim.NewLedger(sim.Options{
		Config: cfg, Notify: courier.Notify, Unique: true, Funds: s.funds(),
		NewID: func(seed string) string { return "P" + strings.ToUpper(sim.ID(seed, 12)) },
	})
	s.mux.HandleFunc("POST "+pathOrders, s.checked(s.create))
	s.mux.HandleFunc("GET "+pathOrders, s.checked(s.show))
	s.mux.HandleFunc("GET "+pathBalance, s.checked(s.balance))
	s.mux.HandleFunc("GET "+pathInfo, s.checked(s.info))
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { s.fail(w, codeNotFound, "route not found") })
	return s.mux
}

// funds is what can be paid out: some 10 000 000 units of each currency, of dong more.
func (s *simulator) funds() []money.Amount {
	var all []money.Amount
	for _, currency := range s.currencies() {
		a := money.Amount{Minor: 1_000_000_000, Currency: currency}
		if currency == "VND" {
			a.Minor = 100_000_000_000
		}
		all = append(all, a)
	}
	return all
}

// checked makes the checks of every call, in the order of the documents: common fields, merchant, signature. The list of
// addresses allowed in between is left out.
func (s *simulator) checked(next func(http.ResponseWriter, *http.Request, params)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, err := s.read(r)
		switch {
		case err != nil:
			s.fail(w, codeRefused, err.Error())
		case p["mch_id"] == "" || p["sign"] == "" || !simNonce.MatchString(p["nonce"]) || !simTime.MatchString(p["timestamp"]):
			s.fail(w, codeRefused, "mch_id, nonce, timestamp and sign are required")
		case p["mch_id"] != s.merchant():
			s.fail(w, codeRefused, "merchant not found")
		case !p.signed(s.account.cfg.Settings.Get(settingKey)):
			s.fail(w, codeRefused, "signature verification failed")
		default:
			next(w, r, p)
		}
	}
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
		Refuse: func(w http.ResponseWriter, err error) { s.fail(w, codeRefused, refusalOf(err)) },
	})
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
	o, ok := s.ledger.Look(providers.Attempt{Reference: p["id"]})
	if !ok {
		o, ok = s.ledger.Look(providers.Attempt{RemoteID: p["id"]})
	}
	if !ok {
		s.fail(w, codeNotFound, "order not found")
		return
	}
	s.ok(w, s.shown(o))
}

func (s *simulator) balance(w http.ResponseWriter, _ *http.Request, p params) {
	if p["currency"] == "" {
		s.fail(w, codeRefused, "Missing currency param")
		return
	}
	for _, a := range s.ledger.Balance() {
		if a.Currency == strings.ToUpper(p["currency"]) {
			s.ok(w, map[string]any{"balance": number(a)})
			return
		}
	}
	s.fail(w, codeRefused, "no account in this currency")
}

func (s *simulator) info(w http.ResponseWriter, _ *http.Request, p params) {
	var id any = s.merchant() // a text since 2026, a number before: the other way round than in orders
	if s.profile.older {
		id = json.Number(s.merchant())
	}
	s.ok(w, map[string]any{"id": id, "name": "Demo merchant " + p["mch_id"], "created_at": "2026-01-05 09:30:00"})
}
