package etpay

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
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
	approvalByWebhook = "approval-by-webhook"
	briefSessions     = "brief-sessions"
	opaqueSessions    = "opaque-sessions"
	wrapped           = "wrapped"
	noCodes           = "no-codes"
)

func switches() map[string]string {
	return map[string]string{
		approvalByWebhook: "first posts a webhook with status pending, and rejects the payout unless it is answered 2xx (assumption 12)",
		briefSessions:     "gives tokens that live for 90 seconds",
		opaqueSessions:    "gives tokens that are no JWT",
		wrapped:           "wraps answers in data",
		noCodes:           "leaves error_code out, as for merchants without error codes",
	}
}

// simulator is the company as its public pages describe it, and as assumed where they do not.
type simulator struct {
	account // methods, credentials and signing are the same on both sides
	cfg     providers.SimulatorConfig
	ledger  *sim.Ledger
	courier *sim.Courier

	mu       sync.Mutex
	tokens   int
	rejected map[string]bool // by a webhook that was not answered, with approvalByWebhook
}

func newSimulator(cfg providers.SimulatorConfig) http.Handler {
	cfg = sim.Defaults(cfg)
	p, err := open(providers.Config{Settings: providers.NewSettings(cfg.Settings), Simulator: true})
	if err != nil {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		})
	}
	a := p.(*account) //nolint:forcetypeassert // made by open
	s := &simulator{cfg: cfg, rejected: map[string]bool{}}
	s.Catalog, s.account.cfg, s.country = a.Catalog, a.cfg, a.country
	s.courier = &sim.Courier{Config: cfg, Build: s.webhook, Policy: sim.Policy{ // assumption 11
		Gaps: []time.Duration{time.Second, 5 * time.Second, 30 * time.Second}}}
	s.ledger = sim.NewLedger(sim.Options{Config: cfg, Notify: s.notify, Unique: true, Funds: []money.Amount{s.funds()},
		NewID: func(seed string) string { return "po_" + sim.ID(seed, 12) }})
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+pathLogin, s.signIn)
	mux.HandleFunc("POST "+pathPayouts, s.signed(s.create))
	mux.HandleFunc("GET "+pathPayouts, s.signed(s.list))
	mux.HandleFunc("GET "+pathPayouts+"/{id}", s.signed(s.show))
	mux.HandleFunc("GET "+pathBalance, s.signed(s.balance))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		s.fail(w, http.StatusNotFound, "SIM_NOT_FOUND", "Ruta inexistente", "")
	})
	return sim.NewDesk(mux, sim.Controls{Definition: Definition(), Config: cfg, Ledger: s.ledger, Courier: s.courier, Table: table(), Ends: []sim.End{
		{Word: wordCompleted, Status: providers.Paid}, {Word: wordRejected, Status: providers.Failed}}})
}

func (s *simulator) funds() money.Amount {
	return money.Amount{Minor: 1_000_000_000, Currency: s.country.method.Currency}
}

// signIn gives a token for the documented body.
func (s *simulator) signIn(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<16))
	if err != nil {
		return // cut off while writing
	}
	all, err := records(body)
	if err != nil || len(all) != 1 || !isJSON(r) {
		s.fail(w, http.StatusBadRequest, "SIM_VALIDATION", "Cuerpo inválido", "")
		return
	}
	merchant, _ := records(all[0]["merchant"])
	set := s.account.cfg.Settings
	if len(merchant) != 1 || all[0].text("username") != set.Get(settingUser) || all[0].text("password") != set.Get(settingPassword) ||
		merchant[0].text("code") != s.merchant() || merchant[0].text("api_token") != set.Get(settingToken) {
		s.fail(w, http.StatusUnauthorized, "SIM_BAD_CREDENTIALS", "Credenciales inválidas", "")
		return
	}
	life := time.Hour
	if s.cfg.On(briefSessions) {
		life = 90 * time.Second
	}
	value, err := s.newToken(life)
	if err != nil {
		s.fail(w, http.StatusInternalServerError, "SIM_INTERNAL", err.Error(), "")
		return
	}
	s.ok(w, http.StatusOK, map[string]any{"authorization_token": value, "expires_in": int(life.Seconds())})
}

// newToken makes a token that says itself how long it is good. An opaque one says it after a point.
func (s *simulator) newToken(life time.Duration) (string, error) {
	s.mu.Lock()
	s.tokens++
	n := s.tokens
	s.mu.Unlock()
	exp := s.cfg.Now().Add(life).Unix()
	if s.cfg.On(opaqueSessions) {
		text := "opaque" + strconv.Itoa(n) + "." + strconv.FormatInt(exp, 10)
		return text + "-" + sim.ID(s.tokenKey()+text, 20), nil
	}
	return writeToken(s.tokenKey(), map[string]any{"sub": s.account.cfg.Settings.Get(settingUser), "jti": n, "exp": exp})
}

func (s *simulator) tokenKey() string { return "login|" + s.account.cfg.Settings.Get(settingToken) }

// good reports whether we gave a token, and it has not ended.
func (s *simulator) good(value string) bool {
	if text, sum, ok := strings.Cut(value, "-"); ok && strings.HasPrefix(value, "opaque") {
		_, exp, _ := strings.Cut(text, ".")
		return sum == sim.ID(s.tokenKey()+text, 20) && s.before(exp)
	}
	body, err := encode(map[string]string{hookMember: value})
	if err != nil {
		return false
	}
	t, claims, err := readToken(body)
	return err == nil && t.signed(s.tokenKey()) && s.before(claims.text("exp"))
}

func (s *simulator) before(exp string) bool {
	n, err := strconv.ParseInt(exp, 10, 64)
	return err == nil && s.cfg.Now().Unix() < n
}

// signed lets a call pass that carries a token.
func (s *simulator) signed(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		value, ok := strings.CutPrefix(r.Header.Get("Authorization"), scheme)
		if !ok || !s.good(value) {
			s.unauthorized(w)
			return
		}
		next(w, r)
	}
}

func (s *simulator) unauthorized(w http.ResponseWriter) {
	s.fail(w, http.StatusUnauthorized, "SIM_UNAUTHORIZED", "Token inválido o vencido", "")
}

func isJSON(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
}

// create books a payout.
func (s *simulator) create(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		return // cut off while writing
	}
	o, code, field := s.order(r, body)
	if code != "" {
		s.fail(w, http.StatusUnprocessableEntity, code, "Dato inválido: "+field, field)
		return
	}
	scenario := scenarioOf(o.Amount)
	if scenario == expiredToken {
		s.unauthorized(w)
		return
	}
	sim.Play(w, r, sim.Call{
		Scenario: scenario,
		Book: func() (sim.Order, error) {
			return s.ledger.Book(sim.Order{Order: o, Plan: s.plan(scenario), Kept: map[string]string{"scenario": string(scenario)}})
		},
		Answer: func(w http.ResponseWriter, o sim.Order) {
			shown := s.shown(o)
			shown["signature_token"] = s.hookKey(o.RemoteID)
			s.ok(w, http.StatusCreated, shown)
		},
		NoID: func(w http.ResponseWriter, o sim.Order) {
			s.ok(w, http.StatusCreated, map[string]any{"merchant_order_id": o.Reference, "status": o.Status})
		},
		Refuse: func(w http.ResponseWriter, err error) {
			if errors.Is(err, sim.ErrDuplicate) {
				s.fail(w, http.StatusConflict, "SIM_DUPLICATE_ORDER", "merchant_order_id ya utilizado", "merchant_order_id")
				return
			}
			s.fail(w, http.StatusUnprocessableEntity, "SIM_INSUFFICIENT_BALANCE", "Saldo insuficiente", "amount")
		},
	})
}

// hookKey is the key of a payout's webhooks.
func (s *simulator) hookKey(id string) string {
	return hookKey(s.account.cfg.Settings.Get(settingToken), id)
}

func hookKey(token, id string) string { return "sig_" + sim.ID("webhook|"+token+"|"+id, 32) }

func (s *simulator) show(w http.ResponseWriter, r *http.Request) {
	o, ok := s.ledger.Look(providers.Attempt{RemoteID: r.PathValue("id")})
	if !ok {
		s.fail(w, http.StatusNotFound, "SIM_NOT_FOUND", "Pago inexistente", "")
		return
	}
	if o.Kept["scenario"] == string(inList) {
		sim.JSON(w, http.StatusOK, []any{s.shown(o)})
		return
	}
	s.ok(w, http.StatusOK, s.shown(o))
}

// list shows the payouts of some days of the merchant's own time.
func (s *simulator) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	from, fromErr := time.ParseInLocation(dayStyle, q.Get("from"), s.country.zone)
	to, toErr := time.ParseInLocation(dayStyle, q.Get("to"), s.country.zone)
	page, pageErr := strconv.Atoi(q.Get("page"))
	size, sizeErr := strconv.Atoi(q.Get("per_page"))
	if errors.Join(fromErr, toErr, pageErr, sizeErr) != nil || page < 1 || size < 1 || size > perPage || to.Before(from) || to.After(from.AddDate(0, 0, maxDays-1)) {
		s.fail(w, http.StatusUnprocessableEntity, "SIM_VALIDATION", "Rango inválido", "from")
		return
	}
	all := s.ledger.Orders(from, to.AddDate(0, 0, 1))
	shown := []any{}
	for _, o := range all[min((page-1)*size, len(all)):min(page*size, len(all))] {
		shown = append(shown, s.shown(o))
	}
	sim.JSON(w, http.StatusOK, map[string]any{"data": shown, "page": page, "per_page": size, "total": len(all)})
}

func (s *simulator) balance(w http.ResponseWriter, _ *http.Request) {
	a := s.ledger.Balance()[0]
	s.ok(w, http.StatusOK, map[string]any{"merchant_code": s.merchant(), "currency": a.Currency, "available": figure(a)})
}

func (s *simulator) ok(w http.ResponseWriter, status int, v map[string]any) {
	if s.cfg.On(wrapped) {
		v = map[string]any{"data": v}
	}
	sim.JSON(w, status, v)
}

// fail answers an error. Its codes are ours: none of ETpay's can be read.
func (s *simulator) fail(w http.ResponseWriter, status int, code, message, field string) {
	v := map[string]any{"message": message}
	if !s.cfg.On(noCodes) {
		v["error_code"] = code
	}
	if field != "" {
		v["errors"] = []any{map[string]string{"field": field, "message": message}}
	}
	sim.JSON(w, status, v)
}

// notify tells about a payout. With approval by webhook, what is not answered is rejected.
func (s *simulator) notify(o sim.Order, n sim.Notice) {
	if !s.cfg.On(approvalByWebhook) || o.Status != wordPending {
		s.courier.Notify(o, n)
		return
	}
	req, err := s.webhook(sim.Message{Order: o, URL: o.CallbackURL, Try: 1})
	if err != nil {
		return
	}
	answer, err := s.cfg.Deliver(req)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rejected[o.RemoteID] = err != nil || answer.Status < 200 || answer.Status > 299
}

func (s *simulator) isRejected(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rejected[id]
}

// webhook writes {"jwt": …}.
func (s *simulator) webhook(m sim.Message) (*http.Request, error) {
	claims := s.shown(m.Order)
	delete(claims, "created_at")
	claims["merchant_code"], claims["iat"] = s.merchant(), s.cfg.Now().Unix()
	key := s.hookKey(m.Order.RemoteID)
	if m.Forged {
		key = "sig_of_somebody_else"
	}
	value, err := writeToken(key, claims)
	if err != nil {
		return nil, err
	}
	body, err := encode(map[string]string{hookMember: value})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(http.MethodPost, m.URL, strings.NewReader(string(body))) //nolint:noctx // the courier adds it
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	return req, nil
}

// parsed reports whether an address can be posted to.
func parsed(address string) bool {
	u, err := url.Parse(address)
	return address == "" || err == nil && slices.Contains([]string{"http", "https"}, u.Scheme) && u.Host != ""
}
