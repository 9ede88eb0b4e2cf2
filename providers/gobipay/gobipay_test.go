package gobipay

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/providertest"
	"github.com/paywicket/paywicket/providers/sim"
)

func testSettings() map[string]string {
	return map[string]string{
		settingPublic: "tpk_exampleexampleexa01", settingSecret: "tsk_exampleexampleexa01",
		settingStore: "3fa85f64-5717-4562-b3fc-2c963f66afa6", settingEmail: "ops@example.com", settingCurrency: currencyXOF,
	}
}

func with(settings map[string]string, name, value string) map[string]string {
	settings[name] = value
	return settings
}

func xof(n int64) money.Amount { return money.Amount{Minor: n, Currency: currencyXOF} }

// playing makes an amount that plays a scenario of GobiPay's own table.
func playing(s sim.Scenario, like money.Amount) money.Amount {
	like.Minor -= like.Minor % 100
	for last := range int64(100) {
		if try := (money.Amount{Minor: like.Minor + last, Currency: like.Currency}); scenarioOf(try) == s {
			return try
		}
	}
	return like
}

func statusWords(t *testing.T) map[string]providers.Status {
	t.Helper()
	data, err := os.ReadFile("testdata/statuses.json")
	if err != nil {
		t.Fatal(err)
	}
	var states map[string]string
	if err := json.Unmarshal(data, &states); err != nil {
		t.Fatal(err)
	}
	words := map[string]providers.Status{}
	for word, state := range states {
		words[word] = map[string]providers.Status{
			"paid": providers.Paid, "failed": providers.Failed, "in_progress": providers.Accepted,
		}[state]
	}
	return words
}

func TestConformance(t *testing.T) {
	other := map[string]string{
		settingPublic: "tpk_exampleexampleexa02", settingSecret: "tsk_otherstoreotherst02",
		settingStore: "9b2fce10-0000-4562-b3fc-2c963f66afa6", settingEmail: "ops@example.org", settingCurrency: currencyXOF,
	}
	phone := map[string]string{"phone_number": "2290190000000", "fullname": "Awa Dossou"}
	providertest.Run(t, providertest.Case{
		Definition: Definition(), Settings: testSettings(), OtherSettings: other,
		Orders: []providertest.Example{
			{Method: "MTN_BEN_XOF", Details: phone, Amount: xof(5000)},
			{Method: "MTN_CIV_XOF", Details: map[string]string{"phone_number": "2250500000000"}, Amount: xof(12_350)},
			{
				Method: "BANK_BEN_XOF", Amount: xof(250_000),
				Details: map[string]string{"bank": "BOA", "account_number": "BJ0610010012", "reference": "Facture 114"},
			},
		},
		Amounts:  []money.Amount{xof(100), xof(999_999), xof(900_000_000_000)},
		Scenario: playing, StatusWords: statusWords(t), LookupStatus: "data.status",
	})
}

// shop is one account that talks to a handler through the client the program uses.
type shop struct {
	*adapter
	t        *testing.T
	faults   *sim.Faults // before the simulator
	seen     *recorder
	executed []providers.Execution
	mu       sync.Mutex
	log      strings.Builder
}

// recorder keeps the requests a handler is sent.
type recorder struct {
	next http.Handler
	mu   sync.Mutex
	all  []string
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	r.all = append(r.all, req.Method+" "+req.URL.RequestURI())
	r.mu.Unlock()
	r.next.ServeHTTP(w, req)
}

// count tells how many requests contained a text.
func (r *recorder) count(part string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, line := range r.all {
		if strings.Contains(line, part) {
			n++
		}
	}
	return n
}

// newShop opens an account at a handler; nil is the simulator.
func newShop(t *testing.T, h http.Handler) *shop {
	t.Helper()
	return newShopWith(t, h, testSettings())
}

func newShopWith(t *testing.T, h http.Handler, settings map[string]string) *shop {
	t.Helper()
	s := &shop{t: t}
	simulator := newSimulator(providers.SimulatorConfig{
		Settings: settings, After: func(_ time.Duration, f func()) { f() }, Executed: s.execute,
	})
	s.faults = sim.NewFaults(simulator)
	if h == nil {
		h = s.faults
	}
	s.seen = &recorder{next: h}
	server := httptest.NewServer(s.seen)
	t.Cleanup(server.Close)
	s.open(server.URL, settings)
	return s
}

func (s *shop) execute(e providers.Execution) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.executed = append(s.executed, e)
}

func (s *shop) executions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.executed)
}

// open opens the account anew, as after a restart: nothing is remembered.
func (s *shop) open(base string, settings map[string]string) {
	s.t.Helper()
	client, err := httpx.New(httpx.Options{BaseURL: base, Named: true, Secrets: []string{settings[settingSecret]}})
	if err != nil {
		s.t.Fatal(err)
	}
	p, err := open(providers.Config{
		Settings: providers.NewSettings(settings), BaseURL: base, HTTP: client.HTTP(),
		Log: slog.New(slog.NewTextHandler(&s.log, nil)),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	client.Bind(p)
	a, ok := p.(*adapter)
	if !ok {
		s.t.Fatalf("got %T", p)
	}
	s.adapter = a
}

func TestOpen(t *testing.T) {
	settings := testSettings()
	for name, cfg := range map[string]providers.Config{
		"no address":     {Settings: providers.NewSettings(settings)},
		"odd address":    {Settings: providers.NewSettings(settings), BaseURL: "https://api.example:x"},
		"other currency": {Settings: providers.NewSettings(with(testSettings(), settingCurrency, "EUR")), BaseURL: baseURL},
	} {
		if _, err := open(cfg); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	var log strings.Builder
	p, err := open(providers.Config{
		Settings: providers.NewSettings(with(settings, settingCurrency, "")), BaseURL: baseURL, Live: true,
		Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if a, ok := p.(*adapter); !ok || a.currency != currencyXOF || a.mode != modeLive {
		t.Errorf("got %+v, want a live account in XOF", a)
	}
	if !strings.Contains(log.String(), "test key") || strings.Contains(log.String(), settings[settingSecret]) {
		t.Errorf("got log %q, want a warning without the key", &log)
	}
}

func mtn(amount int64) providers.Order {
	return providers.Order{
		Reference: "AAAABBBBCCCCDDDDEEEE", Method: "MTN_BEN_XOF", Amount: xof(amount),
		Details: map[string]string{"phone_number": "2290190000000", "fullname": "Awa Dossou"},
	}
}

// pay sends as the program does. kept is what was stored before the money moved.
func (s *shop) pay(o providers.Order, broken error) (providers.Result, []providers.Attempt, error) {
	return s.payIn(s.t.Context(), o, broken)
}

func (s *shop) payIn(ctx context.Context, o providers.Order, broken error) (providers.Result, []providers.Attempt, error) {
	var kept []providers.Attempt
	permit := httpx.NewPermit(o)
	o.Checkpoint = func(_ context.Context, a providers.Attempt) error {
		kept = append(kept, a)
		if broken == nil {
			permit.Checkpoint(a)
		}
		return broken
	}
	result, err := s.Send(httpx.WithPermit(ctx, permit), o)
	permit.Close()
	if providers.KindOf(err) == providers.NotSent && permit.Written() {
		s.t.Errorf("got %v, though a byte of the request had left", err)
	}
	return result, kept, err
}

// errorOf is the error of an adapter.
func errorOf(t *testing.T, err error) *providers.Error {
	t.Helper()
	e, ok := errors.AsType[*providers.Error](err)
	if !ok {
		t.Fatalf("got %v, want a *providers.Error", err)
	}
	return e
}

// wantError wants an error of a kind and, unless it is empty, of a code.
func wantError(t *testing.T, err error, kind providers.Kind, code string) {
	t.Helper()
	if e := errorOf(t, err); e.Kind != kind || code != "" && e.Code != code {
		t.Fatalf("got %v, want kind %v and code %q", err, kind, code)
	}
}
