package acmebank

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/sim"
)

// simulator is the bank as its documents describe it: strict where it is strict.
type simulator struct {
	account // credentials and signing are the same on both sides
	ledger  *sim.Ledger
}

func newSimulator(cfg providers.SimulatorConfig) http.Handler {
	cfg = sim.Defaults(cfg)
	s := &simulator{account: account{catalog(), providers.Config{Settings: providers.NewSettings(cfg.Settings)}}}
	courier := &sim.Courier{Config: cfg, Build: s.webhook}
	s.ledger = sim.NewLedger(sim.Options{Config: cfg, Notify: courier.Notify, Unique: true, Funds: []money.Amount{
		{Minor: 1_000_000_000, Currency: "NGN"}, {Minor: 1_000_000_000, Currency: "INR"},
	}})
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+pathPayouts, s.checked(s.create))
	mux.HandleFunc("GET "+pathPayouts, s.checked(s.show))
	mux.HandleFunc("GET "+pathBalance, s.checked(s.balance))
	return mux
}

// checked lets a call pass that is signed.
func (s *simulator) checked(next func(http.ResponseWriter, *http.Request, []byte)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		signed := r.URL.RequestURI() + "\n" + string(body)
		if err != nil || r.Header.Get(headerKey) != s.cfg.Settings.Get("client_id") || r.Header.Get(headerSign) != s.sign([]byte(signed)) {
			fail(w, http.StatusUnauthorized, "unknown client or wrong signature")
			return
		}
		next(w, r, body)
	}
}

// create books a payout, or plays what the amount asks for.
func (s *simulator) create(w http.ResponseWriter, r *http.Request, body []byte) {
	var p payout
	err := json.Unmarshal(body, &p)
	o, orderErr := p.order()
	fields, methodErr := s.Fields(r.Context(), p.Method)
	_, wrong := providers.CheckAll(fields, p.To)
	if errors.Join(err, orderErr, methodErr) != nil || len(wrong) > 0 || o.Amount.Minor <= 0 || p.Ref == "" {
		fail(w, http.StatusUnprocessableEntity, "the payout is not valid")
		return
	}
	words := sim.Words{Start: "queued", Progress: "running", Paid: "done", Failed: "bounced", Tells: []string{"running"}}
	scenario := sim.ForAmount(o.Amount)
	sim.Play(w, r, sim.Call{
		Scenario: scenario,
		Book:     func() (sim.Order, error) { return s.ledger.Book(sim.Order{Order: o, Plan: words.Plan(scenario)}) },
		Answer:   func(w http.ResponseWriter, o sim.Order) { sim.JSON(w, http.StatusCreated, shown(o)) },
		Refuse:   func(w http.ResponseWriter, err error) { fail(w, http.StatusUnprocessableEntity, err.Error()) },
	})
}

func (s *simulator) show(w http.ResponseWriter, r *http.Request, _ []byte) {
	o, ok := s.ledger.Look(providers.Attempt{Reference: r.URL.Query().Get("ref")})
	if !ok {
		fail(w, http.StatusNotFound, "no such payout")
		return
	}
	sim.JSON(w, http.StatusOK, shown(o))
}

func (s *simulator) balance(w http.ResponseWriter, _ *http.Request, _ []byte) {
	funds := map[string]string{}
	for _, a := range s.ledger.Balance() {
		funds[a.Currency] = a.Decimal()
	}
	sim.JSON(w, http.StatusOK, funds)
}

func shown(o sim.Order) payout {
	return payout{ID: o.RemoteID, Ref: o.Reference, Method: o.Method, Amount: o.Amount.Decimal(), Currency: o.Amount.Currency, To: o.Details,
		Callback: o.CallbackURL, Status: o.Status}
}

// webhook writes one, signed wrongly if a scenario wants that.
func (s *simulator) webhook(m sim.Message) (*http.Request, error) {
	body, err := json.Marshal(shown(m.Order))
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(http.MethodPost, m.URL, bytes.NewReader(body)) //nolint:noctx // the courier adds it
	if err != nil {
		return nil, err
	}
	signed := body
	if m.Forged {
		signed = []byte("something else")
	}
	req.Header.Set(headerSign, s.sign(signed))
	return req, nil
}

func fail(w http.ResponseWriter, status int, text string) {
	sim.JSON(w, status, map[string]string{"error": text})
}
