package etpay

import (
	"cmp"
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
	otherNames        = "other-names"
	noCodes           = "no-codes"
	noWebhookKeys     = "no-webhook-keys"
	repeatsBooked     = "repeats-booked"
	smallPages        = "small-pages"
)

// smallPage is how many payouts a page has with smallPages.
const smallPage = 10

func switches() map[string]string {
	return map[string]string{
		approvalByWebhook: "first posts a webhook with status pending, waits for its answer, and rejects the payout unless that is 2xx (assumption 12)",
		briefSessions:     "gives tokens that live for 90 seconds",
		opaqueSessions:    "gives tokens that are no JWT",
		wrapped:           "wraps answers in data",
		otherNames:        "says payout_id and payout_status instead of payout_token and status (assumptions 4 and 7)",
		noCodes:           "leaves error_code out, as for merchants without error codes",
		noWebhookKeys:     "leaves signature_token out of the answer to a payout, so that nobody can verify its webhooks (assumption 10)",
		repeatsBooked:     "books a repeated merchant_order_id as another payout (assumption 15)",
		smallPages:        "lists at most 10 payouts a page, whatever is asked for (assumption 8)",
	}
}

// simulator is the company as its public pages describe it, and as assumed where they do not.
type simulator struct {
	account // methods, credentials and signing are the same on both sides
	cfg     providers.SimulatorConfig
	banks   []providers.Option
	ledger  *sim.Ledger
	courier *sim.Courier

	mu      sync.Mutex
	tokens  int
	expired map[string]bool // references for which a token was treated as expired
}

func newSimulator(cfg providers.SimulatorConfig) http.Handler {
	cfg = sim.Defaults(cfg)
	p, err := open(providers.Config{Settings: providers.NewSettings(cfg.Settings), Simulator: true})
	if err != nil {
		return broken(err)
	}
	a := p.(*account) //nolint:forcetypeassert // made by open
	banks, err := banksOf(a.country.code, false)
	if err != nil || len(banks) == 0 {
		return broken(cmp.Or(err, errors.New("the settings tell no country")))
	}
	s := &simulator{cfg: cfg, banks: banks, expired: map[string]bool{}}
	s.Catalog, s.account.cfg, s.country = a.Catalog, a.cfg, a.country
	s.courier = &sim.Courier{Config: cfg, Build: s.webhook, Policy: sim.Policy{Gaps: gaps()}}
	s.ledger = sim.NewLedger(sim.Options{Config: cfg, Notify: s.notify, Unique: repeatsRefused && !cfg.On(repeatsBooked), Funds: []money.Amount{s.funds()},
		NewID: func(seed string) string { return "po_" + sim.ID(seed, 12) }})
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+pathLogin, s.signIn)
	mux.HandleFunc("POST "+pathPayouts, s.signed(s.create))
	mux.HandleFunc("GET "+pathPayouts, s.signed(s.list))
	mux.HandleFunc("GET "+pathPayouts+"/{id}", s.signed(s.show))
	mux.HandleFunc("GET "+pathBalance, s.signed(s.balance))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		s.fail(w, http.StatusNotFound, problem{code: simNotFound, message: "Ruta inexistente"})
	})
	return sim.NewDesk(mux, sim.Controls{Definition: Definition(), Config: cfg, Ledger: s.ledger, Courier: s.courier, Table: table(),
		Ends: []sim.End{{Word: wordCompleted, Status: providers.Paid}, {Word: wordRejected, Status: providers.Failed}}})
}

// broken is a simulator that cannot play.
func broken(err error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	})
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
		s.fail(w, http.StatusBadRequest, problem{code: simValidation, message: "Cuerpo inválido"})
		return
	}
	merchant, _ := records(all[0]["merchant"])
	set := s.account.cfg.Settings
	if len(merchant) != 1 || all[0].text("username") != set.Get(settingUser) || all[0].text("password") != set.Get(settingPassword) ||
		merchant[0].text("code") != s.merchant() || merchant[0].text("api_token") != set.Get(settingToken) {
		s.fail(w, http.StatusUnauthorized, problem{code: simCredentials, message: "Credenciales inválidas"})
		return
	}
	life := time.Hour
	if s.cfg.On(briefSessions) {
		life = 90 * time.Second
	}
	value, err := s.newToken(life)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.ok(w, http.StatusOK, map[string]any{namesToken[0]: value, memberExpires: int(life.Seconds())})
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
	return writeToken(s.tokenKey(), map[string]any{"sub": s.account.cfg.Settings.Get(settingUser), "jti": n, claimEnd: exp})
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
	return err == nil && t.signed(s.tokenKey()) && s.before(claims.text(claimEnd))
}

func (s *simulator) before(exp string) bool {
	n, err := strconv.ParseInt(exp, 10, 64)
	return err == nil && s.cfg.Now().Unix() < n
}

// signed lets a call pass that carries a token.
func (s *simulator) signed(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		value, ok := strings.CutPrefix(r.Header.Get(header), scheme)
		if !ok || !s.good(value) {
			s.unauthorized(w)
			return
		}
		next(w, r)
	}
}

func (s *simulator) unauthorized(w http.ResponseWriter) {
	s.fail(w, http.StatusUnauthorized, problem{code: simToken, message: "Token inválido o vencido"})
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
	o, wrong := s.order(r, body)
	if wrong.code != "" {
		s.fail(w, http.StatusUnprocessableEntity, wrong)
		return
	}
	scenario := scenarioOf(o.Amount)
	switch {
	case scenario == expiredToken && s.expires(o.Reference):
		s.unauthorized(w)
		return
	case scenario == sim.Limited:
		w.Header().Set("Retry-After", "1")
		s.fail(w, http.StatusTooManyRequests, problem{code: simLimit, message: "Demasiadas solicitudes"})
		return
	}
	sim.Play(w, r, sim.Call{
		Scenario: scenario,
		Book: func() (sim.Order, error) {
			return s.ledger.Book(sim.Order{Order: o, Plan: s.plan(scenario), Kept: map[string]string{"scenario": string(scenario)}})
		},
		Answer: func(w http.ResponseWriter, o sim.Order) {
			shown := s.shown(o)
			if !s.cfg.On(noWebhookKeys) {
				shown[memberKey] = s.hookKey(o.RemoteID)
			}
			s.ok(w, http.StatusCreated, shown)
		},
		NoID: func(w http.ResponseWriter, o sim.Order) {
			s.ok(w, http.StatusCreated, map[string]any{memberReference: o.Reference, namesStatus[0]: o.Status})
		},
		Refuse: func(w http.ResponseWriter, err error) {
			if errors.Is(err, sim.ErrDuplicate) {
				s.fail(w, http.StatusConflict, problem{simDuplicate, "Orden duplicada", memberReference, "ya utilizado"})
				return
			}
			s.fail(w, http.StatusUnprocessableEntity, problem{simBalance, "Saldo insuficiente", memberAmount, "mayor al saldo disponible"})
		},
	})
}

// expires reports whether a token is treated as expired for a payout: the first time it is asked for.
func (s *simulator) expires(reference string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.expired[reference]
	s.expired[reference] = true
	return !before
}

// hookKey is the key of a payout's webhooks.
func (s *simulator) hookKey(id string) string {
	return hookKey(s.account.cfg.Settings.Get(settingToken), id)
}

func hookKey(token, id string) string { return "sig_" + sim.ID("webhook|"+token+"|"+id, 32) }

func (s *simulator) show(w http.ResponseWriter, r *http.Request) {
	o, ok := s.ledger.Look(providers.Attempt{RemoteID: r.PathValue("id")})
	if !ok {
		s.fail(w, http.StatusNotFound, problem{code: simNotFound, message: "Pago inexistente"})
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
		s.fail(w, http.StatusUnprocessableEntity, problem{simValidation, "Rango inválido", "from", "fechas, página o tamaño inválidos"})
		return
	}
	if s.cfg.On(smallPages) {
		size = min(size, smallPage)
	}
	all := s.ledger.Orders(from, to.AddDate(0, 0, 1))
	shown := []any{}
	for _, o := range all[min((page-1)*size, len(all)):min(page*size, len(all))] {
		shown = append(shown, s.shown(o))
	}
	sim.JSON(w, http.StatusOK, map[string]any{memberData: shown, "page": page, "per_page": size, memberTotal: len(all)})
}

func (s *simulator) balance(w http.ResponseWriter, _ *http.Request) {
	a := s.ledger.Balance()[0]
	s.ok(w, http.StatusOK, map[string]any{memberMerchant: s.merchant(), memberCurrency: a.Currency, memberAvailable: figure(a)})
}

func (s *simulator) ok(w http.ResponseWriter, status int, v map[string]any) {
	if s.cfg.On(wrapped) {
		v = map[string]any{memberData: v}
	}
	sim.JSON(w, status, v)
}

// problem is what is wrong with a call: a code, words, and what is wrong with one member.
type problem struct{ code, message, field, detail string }

// fail answers an error.
func (s *simulator) fail(w http.ResponseWriter, status int, p problem) {
	v := map[string]any{memberMessage: p.message}
	if !s.cfg.On(noCodes) {
		v[memberCode] = p.code
	}
	if p.field != "" {
		v[memberErrors] = []any{map[string]string{memberField: p.field, memberMessage: p.detail}}
	}
	sim.JSON(w, status, v)
}

// notify tells about a payout. With approval by webhook the first one decides: answered 2xx, the payout goes on, else it is
// rejected and its money comes back.
func (s *simulator) notify(o sim.Order, n sim.Notice) {
	if !s.cfg.On(approvalByWebhook) || o.Status != wordPending {
		s.courier.Notify(o, n)
		return
	}
	address := o.CallbackURL
	for _, known := range s.cfg.WebhookURLs() {
		address = cmp.Or(address, known)
	}
	answer, err := s.courier.Ask(sim.Message{Order: o, URL: address, Try: 1})
	if err == nil && answer.Status >= 200 && answer.Status <= 299 {
		_, _ = s.ledger.Advance(o.RemoteID) // ended by hand meanwhile: it stays so
		return
	}
	_, _ = s.ledger.End(o.RemoteID, sim.End{Word: wordRejected, Status: providers.Failed}, sim.Notice{}) // it is executed
}

// webhook writes {"jwt": …}.
func (s *simulator) webhook(m sim.Message) (*http.Request, error) {
	claims := s.shown(m.Order)
	delete(claims, memberMade)
	claims[memberMerchant], claims["iat"] = s.merchant(), s.cfg.Now().Unix()
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
