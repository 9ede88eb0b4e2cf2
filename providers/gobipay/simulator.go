package gobipay

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/sim"
)

// What the simulated GobiPay knows of platforms: the lists as it answers them.
//
//go:embed platforms.json arguments.json
var lists embed.FS

// simFunds is what the simulated store can pay out, in whole units.
const simFunds = 1_000_000_000_000

// The scenarios that only GobiPay has (ASM-14).
const (
	scenarioNoStatus    sim.Scenario = "no-status-route" // paid, but the status route is not found
	scenarioLimitedOnce sim.Scenario = "limited-once"    // HTTP 429, each step the first time
)

// table lists which amounts play which scenario, by the last two digits of the whole amount (ASM-14). It is GobiPay's own
// where that differs from the one of package sim, and has nothing about webhooks.
func table() []sim.Row {
	var rows []sim.Row
	for _, row := range sim.Table() {
		switch row.Last {
		case 6:
			row.Scenario, row.Does = scenarioNoStatus, "paid, but its status cannot be asked for"
		case 9:
			row.Scenario, row.Does = scenarioLimitedOnce, "HTTP 429, each step the first time"
		case 1, 2, 3, 4, 5, 7, 8, 10, 16, 17:
		default:
			continue
		}
		rows = append(rows, row)
	}
	return rows
}

func scenarioOf(a money.Amount) sim.Scenario {
	for _, row := range table() {
		if row.Last == sim.LastTwo(a) {
			return row.Scenario
		}
	}
	return sim.Normal
}

// planOf is what becomes of a withdrawal once it is finished. As nobody is told of an end, it comes when somebody looks.
func planOf(s sim.Scenario) sim.Plan {
	paid := sim.Step{Status: wordSuccess, Looks: 1}
	switch s {
	case sim.AtOnce:
		return sim.Plan{{Status: wordSuccess}}
	case sim.FailsLater:
		return sim.Plan{{Status: wordProcessing}, {Status: wordFailed, Looks: 1, Returns: true}}
	case sim.Slow:
		paid.Looks = 5
	case sim.OddWord:
		return sim.Plan{{Status: wordProcessing}, {Status: "QUANTUM_HOLD", Looks: 1}, paid}
	}
	return sim.Plan{{Status: wordProcessing}, paid}
}

// simulator is GobiPay as its documents and our assumptions have it: Django REST framework with its words in French.
type simulator struct {
	cfg       providers.SimulatorConfig
	settings  map[string]string
	currency  string
	ledger    *sim.Ledger
	platforms []object
	arguments map[string][]object

	mu      sync.Mutex
	limited map[string]bool // calls that were told once to wait
}

func newSimulator(cfg providers.SimulatorConfig) http.Handler {
	s := &simulator{cfg: cfg, settings: cfg.Settings, limited: map[string]bool{}}
	var err error
	if s.currency, err = storeCurrency(cfg.Settings[settingCurrency]); err != nil {
		return broken(err)
	}
	if err := s.read(); err != nil {
		return broken(err)
	}
	s.ledger = sim.NewLedger(sim.Options{
		Config: cfg, NewID: sim.UUID, Funds: []money.Amount{{Minor: simFunds, Currency: s.currency}},
	})
	return sim.NewDesk(s.routes(), sim.Controls{Definition: Definition(), Config: cfg, Ledger: s.ledger, Table: table(), Ends: []sim.End{
		{Word: wordSuccess, Status: providers.Paid}, {Word: wordFailed, Status: providers.Failed}, {Word: wordCancelled, Status: providers.Failed}}})
}

// broken is a simulator that could not be made.
func broken(err error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		sim.JSON(w, http.StatusInternalServerError, map[string]string{keyDetail: err.Error()})
	})
}

func (s *simulator) read() error {
	for name, into := range map[string]any{"platforms.json": &s.platforms, "arguments.json": &s.arguments} {
		data, err := lists.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(data, into)
		}
		if err != nil {
			return fmt.Errorf("simulator: %s: %w", name, err)
		}
	}
	return nil
}

// routes ends every pattern in its slash. Django would redirect a GET without it and lose a POST; here both are not
// found, so that nobody comes to rely on it.
func (s *simulator) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, route := range map[string]http.HandlerFunc{
		pathPlatforms: s.get(s.listPlatforms),
		pathArguments: s.get(s.listArguments),
		pathInit:      s.post(s.open),
		pathCashOut:   s.post(s.finish),
		pathStatus:    s.post(s.status),
	} {
		mux.Handle(pattern+"{$}", route)
	}
	mux.HandleFunc("/", notFound)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/") {
			notFound(w, r) // before the mux, which would redirect
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func notFound(w http.ResponseWriter, _ *http.Request) { deny(w, http.StatusNotFound, "Pas trouvé.") }

// deny answers in the shape of errors that are about no field.
func deny(w http.ResponseWriter, status int, detail string) {
	sim.JSON(w, status, map[string]string{keyDetail: detail})
}

func (s *simulator) get(next http.HandlerFunc) http.HandlerFunc {
	return s.checked(http.MethodGet, next)
}

// post also wants JSON.
func (s *simulator) post(next http.HandlerFunc) http.HandlerFunc {
	return s.checked(http.MethodPost, func(w http.ResponseWriter, r *http.Request) {
		if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind != "application/json" {
			deny(w, http.StatusUnsupportedMediaType, fmt.Sprintf("Type de média « %s » non supporté.", kind))
			return
		}
		next(w, r)
	})
}

// checked wants the keys of the store first, then the verb.
func (s *simulator) checked(method string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !s.knows(r.Header) && (method != http.MethodGet || isKeyed(r.Header)):
			deny(w, http.StatusForbidden, "Clés de boutique invalides.")
		case r.Method != method:
			deny(w, http.StatusMethodNotAllowed, fmt.Sprintf("Méthode « %s » non autorisée.", r.Method))
		default:
			next(w, r)
		}
	}
}

// knows checks the keys. Test keys go with the test mode only. Without configured keys any are taken.
func (s *simulator) knows(h http.Header) bool {
	public, secret, mode := h.Get(headerPublic), h.Get(headerSecret), h.Get(headerMode)
	isTest := strings.HasPrefix(public, testPublicPrefix) || strings.HasPrefix(secret, testSecretPrefix)
	return public != "" && secret != "" && s.fits(settingPublic, public) && s.fits(settingSecret, secret) &&
		(mode == modeTest || mode == modeLive && !isTest)
}

// isKeyed reports whether a call names a store at all. The documents show no headers for the two lists (ASM-1): without any
// they are shown to everybody, with the wrong ones to nobody.
func isKeyed(h http.Header) bool {
	return h.Get(headerPublic) != "" || h.Get(headerSecret) != "" || h.Get(headerMode) != ""
}

// Switches of the simulator.
const (
	switchPaged   = "paged"
	switchWrapped = "wrapped"
)

func switches() map[string]string {
	return map[string]string{
		switchPaged:   "answers lists in pages of Django REST framework, inside results",
		switchWrapped: "answers lists and new withdrawals inside data",
	}
}

// list answers a list in the envelope of the switches.
func (s *simulator) list(w http.ResponseWriter, all any) {
	switch {
	case s.cfg.On(switchPaged):
		all = map[string]any{"count": 1, "next": nil, "previous": nil, "results": all}
	case s.cfg.On(switchWrapped):
		all = map[string]any{keyData: all}
	}
	sim.JSON(w, http.StatusOK, all)
}

// fits compares with a setting, if the simulator has it.
func (s *simulator) fits(setting, value string) bool {
	want := s.settings[setting]
	return want == "" || want == value
}

func (s *simulator) listPlatforms(w http.ResponseWriter, _ *http.Request) {
	s.list(w, s.platforms)
}

func (s *simulator) listArguments(w http.ResponseWriter, r *http.Request) {
	args, ok := s.arguments[r.PathValue(keyIdentifier)]
	if !ok {
		notFound(w, r)
		return
	}
	s.list(w, args)
}

// open is the first step: it books nothing.
func (s *simulator) open(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		deny(w, http.StatusBadRequest, "Corps illisible.")
		return
	}
	o, problems := s.decode(body)
	if len(problems) > 0 {
		sim.JSON(w, http.StatusBadRequest, problems)
		return
	}
	scenario := scenarioOf(o.Amount)
	switch {
	case scenario == scenarioLimitedOnce && s.waits(string(body)):
		tooMany(w)
		return
	case scenario == sim.Refused:
		s.refuse(w, sim.ErrBalance)
		return
	}
	opened, err := s.ledger.Open(sim.Order{Order: o, Status: wordPending, Plan: planOf(scenario)})
	if err != nil {
		s.refuse(w, err)
		return
	}
	s.opened(w, opened, scenario)
}

func (s *simulator) opened(w http.ResponseWriter, o sim.Order, scenario sim.Scenario) {
	amount, err := o.Amount.DecimalN(2)
	if err != nil {
		deny(w, http.StatusInternalServerError, err.Error())
		return
	}
	answer := map[string]string{
		keyIdentifier: o.RemoteID, keyStatus: o.Status, keyAmount: amount, keyFees: "0.00",
		keyPlatform: o.Method, keyCreated: o.Created.UTC().Format(time.RFC3339),
	}
	if scenario == sim.NoID {
		delete(answer, keyIdentifier)
	}
	if s.cfg.On(switchWrapped) {
		sim.JSON(w, http.StatusCreated, map[string]any{keyData: answer})
		return
	}
	sim.JSON(w, http.StatusCreated, answer)
}

// finish is the second step: it books the money as moved, once.
func (s *simulator) finish(w http.ResponseWriter, r *http.Request) {
	o, ok := s.named(w, r, "finish")
	if !ok {
		return
	}
	sim.Play(w, r, sim.Call{
		Scenario: scenarioOf(o.Amount),
		Book:     func() (sim.Order, error) { return s.ledger.Execute(o.RemoteID) },
		Refuse:   s.refuse,
		Answer: func(w http.ResponseWriter, o sim.Order) {
			sim.JSON(w, http.StatusOK, map[string]string{keyIdentifier: o.RemoteID, keyStatus: o.Status})
		},
	})
}

// status tells where a withdrawal stands. It answers inside "data", other than the steps.
func (s *simulator) status(w http.ResponseWriter, r *http.Request) {
	o, ok := s.named(w, r, "status")
	if !ok {
		return
	}
	if scenarioOf(o.Amount) == scenarioNoStatus {
		notFound(w, r)
		return
	}
	o, _ = s.ledger.Look(providers.Attempt{RemoteID: o.RemoteID})
	sim.JSON(w, http.StatusOK, map[string]any{keyData: map[string]string{keyIdentifier: o.RemoteID, keyStatus: o.Status}})
}

// named finds the withdrawal in the path, or answers that it cannot be had.
func (s *simulator) named(w http.ResponseWriter, r *http.Request, route string) (sim.Order, bool) {
	var nothing struct{}
	if err := json.NewDecoder(r.Body).Decode(&nothing); err != nil {
		deny(w, http.StatusBadRequest, "JSON parse error - Expecting value: line 1 column 1 (char 0)")
		return sim.Order{}, false
	}
	o, ok := s.ledger.Find(providers.Attempt{RemoteID: r.PathValue(keyIdentifier)})
	switch {
	case r.PathValue(keyIdentifier) == "" || !ok:
		notFound(w, r)
	case scenarioOf(o.Amount) == scenarioLimitedOnce && s.waits(route+o.RemoteID):
		tooMany(w)
	default:
		return o, true
	}
	return sim.Order{}, false
}

// waits reports whether a call has to wait: every other time, so that the same order can be made twice.
func (s *simulator) waits(call string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limited[call] = !s.limited[call]
	return s.limited[call]
}

func tooMany(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	deny(w, http.StatusTooManyRequests, "Requête ralentie.")
}

// refuse answers what the ledger refuses.
func (s *simulator) refuse(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, sim.ErrBalance):
		sim.JSON(w, http.StatusBadRequest, problems{keyAmount: []string{"Solde insuffisant."}})
	case errors.Is(err, sim.ErrExecuted): // ASM-11
		sim.JSON(w, http.StatusBadRequest, problems{keyNonField: []string{"Transaction déjà finalisée."}})
	default:
		sim.JSON(w, http.StatusBadRequest, problems{keyNonField: []string{"Transaction impossible."}})
	}
}
