package moneroo

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/sim"
)

// How Moneroo behaves, as documented.
const (
	rateLimit   = 120 // requests a minute for one key
	hookTimeout = 3 * time.Second
	hookGap     = 10 * time.Minute
	hookTries   = 3 // after the first
)

// The test numbers: https://docs.moneroo.io/payouts/testing
// The list of methods shows them with a 1 in front, so both are taken. Every other number fails.
const (
	numberSuccess = "4149518161"
	numberPending = "4149518163"
)

// What Moneroo says. Only the first two texts have been seen; no client may rely on any.
const (
	sayNotFound = "Payout transaction not found"
	sayNoRoute  = routePrefix + "%s could not be found."
	sayBooked   = "Payout transaction initialized successfully"
	sayFetched  = "Payout transaction fetched successfully!"
	sayNoKey    = "Unauthenticated."
	sayTooMany  = "Too Many Attempts."
	sayNoJSON   = "The request body is not a JSON object."
	sayNoFunds  = "The connected gateway account has insufficient funds."
	sayFailed   = "This is a failed test payout, you do not use valid test phone number."
)

// idPrefix and the twelve characters after it are a guess from the identifiers of payments, "py_" and twelve.
const idPrefix = "po_"

// quirks are what the documents leave open, for tests to turn the other way.
type quirks struct {
	created   int                // status of the answer to a new payout; 0: createdStatus
	bare      bool               // no "success" in that answer
	errors    func(problems) any // how the errors of fields are written; nil: lists of texts by field
	retrieves bool               // the verify call answers in the shape of the plain one
}

// simulator plays Moneroo for one app.
type simulator struct {
	cfg     providers.SimulatorConfig
	quirks  quirks
	live    bool
	ledger  *sim.Ledger
	courier *sim.Courier

	mu     sync.Mutex
	window time.Time // when the current minute began
	used   int       // requests in it
}

// Simulator plays Moneroo: its checks in their order, its two ways to show a payout, its webhooks. Repeating a request
// makes a second payout, whatever headers it has, and the test numbers decide as they do in the sandbox.
func Simulator(cfg providers.SimulatorConfig) http.Handler {
	q := quirks{bare: cfg.On(switchBare), retrieves: cfg.On(switchRetrieves)}
	if cfg.On(switchOK) {
		q.created = http.StatusOK
	}
	if cfg.On(switchList) {
		q.errors = problems.asList
	}
	return newSimulator(cfg, q)
}

// Switches of the simulator.
const (
	switchBare      = "bare"
	switchOK        = "created-200"
	switchList      = "error-list"
	switchRetrieves = "retrieve-shape"
)

func switches() map[string]string {
	return map[string]string{
		switchBare:      "leaves success out of the answer to a new payout",
		switchOK:        "answers a new payout with status 200 instead of 201",
		switchList:      "writes the errors of fields as one list",
		switchRetrieves: "answers the verify call in the shape of the plain one",
	}
}

func newSimulator(cfg providers.SimulatorConfig, q quirks) http.Handler {
	s := &simulator{cfg: sim.Defaults(cfg), quirks: q, live: modeOf(cfg.Settings[settingKey]) == modeLive}
	s.courier = &sim.Courier{Config: s.cfg, Build: s.hook, Policy: sim.Policy{
		Timeout: hookTimeout, Gaps: slices.Repeat([]time.Duration{hookGap}, hookTries),
		Accepts: func(r providers.Reply) bool { return r.Status == http.StatusOK },
	}}
	s.ledger = sim.NewLedger(sim.Options{
		Config: s.cfg, Notify: s.courier.Notify, NewID: func(seed string) string { return idPrefix + sim.ID(seed, 12) },
	})
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+initializePath, s.admit(s.initialize))
	mux.HandleFunc("GET "+payoutsPath+"{id}"+verifySuffix, s.admit(s.read(!q.retrieves)))
	mux.HandleFunc("GET "+payoutsPath+"{id}", s.admit(s.read(false)))
	mux.HandleFunc("GET "+methodsPath, s.methods)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, fmt.Sprintf(sayNoRoute, strings.TrimPrefix(r.URL.Path, "/")), []any{})
	})
	return sim.NewDesk(mux, sim.Controls{Definition: Definition(), Config: s.cfg, Ledger: s.ledger, Courier: s.courier,
		Ends: []sim.End{{Word: wordSuccess, Status: providers.Paid}, {Word: wordFailed, Status: providers.Failed}}})
}

// admit lets requests with the right key through, as long as there are not too many.
func (s *simulator) admit(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer "+s.cfg.Settings[settingKey]:
			fail(w, http.StatusUnauthorized, sayNoKey, []any{})
		case !s.count():
			w.Header().Set("Retry-After", "60")
			fail(w, http.StatusTooManyRequests, sayTooMany, []any{})
		default:
			next(w, r)
		}
	}
}

// count counts a request and reports whether it is within the limit.
func (s *simulator) count() bool {
	now := s.cfg.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.window) >= time.Minute {
		s.window, s.used = now, 0
	}
	s.used++
	return s.used <= rateLimit
}

// initialize books a payout.
func (s *simulator) initialize(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	asked, wrong := decode(body)
	if err != nil || wrong != nil {
		fail(w, http.StatusBadRequest, sayNoJSON, []any{})
		return
	}
	o, found := s.understand(asked)
	if len(found) > 0 {
		s.refuse(w, found)
		return
	}
	o.Plan = planFor(o)
	sim.Play(w, r, sim.Call{
		Scenario: sim.ForAmount(o.Amount),
		Book:     func() (sim.Order, error) { return s.ledger.Book(o) },
		Answer:   func(w http.ResponseWriter, o sim.Order) { s.booked(w, map[string]string{"id": o.RemoteID}) },
		Refuse: func(w http.ResponseWriter, _ error) {
			fail(w, http.StatusUnprocessableEntity, sayNoFunds, []any{})
		},
		NoID: func(w http.ResponseWriter, _ sim.Order) { s.booked(w, struct{}{}) },
	})
}

// planFor is what becomes of a payout: what the test number says, else what the amount says.
func planFor(o sim.Order) sim.Plan {
	words := sim.Words{
		Start: wordInitiated, Progress: wordPending, Paid: wordSuccess, Failed: wordFailed, Tells: []string{wordInitiated},
	}
	plan := words.Plan(sim.ForAmount(o.Amount))
	if o.Method != demoMethod {
		return plan
	}
	switch strings.TrimPrefix(o.Details[fieldAccount], "1") {
	case numberSuccess:
		return plan
	case numberPending: // nothing says that it ever ends
		return words.Plan(sim.FailsLater)[:2]
	}
	return words.Plan(sim.FailsLater)
}

func (s *simulator) booked(w http.ResponseWriter, data any) {
	status := cmp.Or(s.quirks.created, createdStatus)
	if s.quirks.bare {
		answer(w, status, envelope{Message: sayBooked, Data: data})
		return
	}
	answer(w, status, bookedEnvelope{Success: true, Message: sayBooked, Data: data})
}

func (s *simulator) refuse(w http.ResponseWriter, found problems) {
	write := problems.byField
	if s.quirks.errors != nil {
		write = s.quirks.errors
	}
	fail(w, http.StatusUnprocessableEntity, found[0].text, write(found))
}

// read shows a payout, in one shape or the other.
func (s *simulator) read(verify bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		o, found := s.ledger.Look(providers.Attempt{RemoteID: r.PathValue("id")})
		switch {
		case !found:
			fail(w, http.StatusNotFound, sayNotFound, []any{})
		case verify:
			answer(w, http.StatusOK, envelope{Message: sayFetched, Data: s.verified(o)})
		default:
			answer(w, http.StatusOK, envelope{Message: sayFetched, Data: s.retrieved(o)})
		}
	}
}

// methods shows the list of methods, to anybody.
func (s *simulator) methods(w http.ResponseWriter, _ *http.Request) {
	list := []shape{}
	for _, e := range builtInList() {
		list = append(list, published(e))
	}
	answer(w, http.StatusOK, envelope{Message: "Payout methods fetched successfully", Data: list})
}

// hook writes a webhook. There is no event about a payout that became pending.
func (s *simulator) hook(m sim.Message) (*http.Request, error) {
	if m.Order.Status == wordPending {
		m.Order.Status = wordInitiated
	}
	body, err := phpJSON(hooked(m.Order))
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, m.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	secret := s.cfg.Settings[settingSecret]
	if m.Forged {
		secret += " of somebody else"
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(signatureName, hex.EncodeToString(sign(secret, body)))
	return req, nil
}

// envelope is what every answer looks like, and bookedEnvelope the one to a new payout.
type (
	envelope struct {
		Message string `json:"message"`
		Data    any    `json:"data"`
		Errors  any    `json:"errors"`
	}
	bookedEnvelope struct {
		Success bool   `json:"success"`
		Message string `json:"message"`
		Data    any    `json:"data"`
	}
)

func fail(w http.ResponseWriter, status int, message string, errors any) {
	answer(w, status, envelope{Message: message, Errors: errors})
}

func answer(w http.ResponseWriter, status int, v any) {
	body, err := phpJSON(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that has gone is part of the play
}

// phpJSON writes JSON as PHP does: slashes and everything beyond ASCII are escaped. Both stand inside texts only.
func phpJSON(v any) ([]byte, error) {
	var plain bytes.Buffer
	e := json.NewEncoder(&plain)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	var out []byte
	for _, r := range string(bytes.TrimSpace(plain.Bytes())) {
		switch {
		case r == '/':
			out = append(out, `\/`...)
		case r < utf8.RuneSelf:
			out = utf8.AppendRune(out, r)
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				out = fmt.Appendf(out, `\u%04x`, unit)
			}
		}
	}
	return out, nil
}
