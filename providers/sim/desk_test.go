package sim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
)

const (
	switchLoud   = "loud"
	switchBroken = "broken"
)

// acme is a company with all that a desk controls: POST /pay?amount=5000&ref=R1, POST /open for the first step of two, GET /pay/ID.
func acme() providers.Definition {
	return providers.Definition{
		ID: "acme", Name: "Acme & Sons", Webhooks: providers.WebhooksByHand, Simulator: acmeSimulator,
		Settings: []providers.Field{{Name: "key", Type: providers.Secret, Label: providers.Text{English: "Secret key"}}},
		Switches: map[string]string{switchLoud: "shouts, and has a reserve of 1000", switchBroken: "cannot be made"},
	}
}

func acmeSimulator(cfg providers.SimulatorConfig) http.Handler {
	if cfg.On(switchBroken) {
		return http.NotFoundHandler()
	}
	cfg = Defaults(cfg)
	loud := func(text string) string {
		if cfg.On(switchLoud) {
			return strings.ToUpper(text)
		}
		return text
	}
	funds := xof(100_000)
	if cfg.On(switchLoud) {
		funds.Minor -= 1000
	}
	courier := &Courier{Config: cfg, Build: func(m Message) (*http.Request, error) {
		body := loud(m.Order.Status) + " " + m.Order.Amount.Decimal()
		if m.Forged {
			body += " forged"
		}
		return http.NewRequest(http.MethodPost, m.URL, strings.NewReader(body))
	}}
	ledger := NewLedger(Options{Config: cfg, Notify: courier.Notify, Funds: []money.Amount{funds}})
	var number atomic.Int64
	order := func(r *http.Request) Order {
		amount, _ := strconv.ParseInt(r.FormValue("amount"), 10, 64)
		id := loud("a") + strconv.FormatInt(number.Add(1), 10)
		return Order{RemoteID: id, Order: providers.Order{Reference: r.FormValue("ref"), Method: "bank", Amount: xof(amount)}, Plan: words().Plan(ForAmount(xof(amount)))}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /pay", func(w http.ResponseWriter, r *http.Request) {
		o, err := ledger.Book(order(r))
		if err != nil {
			JSON(w, http.StatusConflict, err.Error())
			return
		}
		JSON(w, http.StatusCreated, loud(o.Status))
	})
	mux.HandleFunc("POST /open", func(w http.ResponseWriter, r *http.Request) { _, _ = ledger.Open(order(r)) })
	mux.HandleFunc("GET /pay/{id}", func(w http.ResponseWriter, r *http.Request) {
		o, _ := ledger.Look(providers.Attempt{RemoteID: r.PathValue("id")})
		JSON(w, http.StatusOK, loud(o.Status))
	})
	return NewDesk(mux, Controls{Definition: acme(), Config: cfg, Ledger: ledger, Courier: courier, Ends: ends()})
}

// bench is a desk of acme as a client sees it, with what it posted.
type bench struct {
	t    *testing.T
	desk http.Handler

	mu       sync.Mutex
	posted   []string
	executed int
	answer   int
}

func newBench(t *testing.T, change ...func(*providers.SimulatorConfig)) *bench {
	b := &bench{t: t, answer: http.StatusOK}
	cfg := providers.SimulatorConfig{
		Settings: map[string]string{"key": "made-up"}, Pace: time.Second, WebhookURLs: func() []string { return []string{"http://hook"} },
		Executed: func(providers.Execution) { b.executed++ },
		Deliver: func(r *http.Request) (providers.Reply, error) {
			body, err := io.ReadAll(r.Body)
			b.mu.Lock()
			defer b.mu.Unlock()
			b.posted = append(b.posted, string(body))
			return providers.Reply{Status: b.answer, Body: []byte("thanks")}, err
		},
	}
	for _, f := range change {
		f(&cfg)
	}
	b.desk = acme().Simulator(cfg)
	return b
}

// frozen has nothing happen by itself.
func frozen(cfg *providers.SimulatorConfig) { cfg.After = func(time.Duration, func()) {} }

// response is what a request with headers, in pairs, is answered.
func (b *bench) response(method, path string, headers ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	b.desk.ServeHTTP(w, r)
	return w
}

// ask returns the status and the body.
func (b *bench) ask(method, path string, headers ...string) (int, string) {
	b.t.Helper()
	w := b.response(method, path, headers...)
	return w.Code, strings.TrimSpace(w.Body.String())
}

func (b *bench) want(status int, say, method, path string, headers ...string) string {
	b.t.Helper()
	got, body := b.ask(method, path, headers...)
	if got != status || !strings.Contains(body, say) {
		b.t.Errorf("%s %s: got %d %s, want %d with %q", method, path, got, body, status, say)
	}
	return body
}

// read reads JSON.
func (b *bench) read(path string, into any) {
	b.t.Helper()
	if err := json.Unmarshal([]byte(b.want(http.StatusOK, "", "GET", path)), into); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) order(id string) shownOrder {
	b.t.Helper()
	var got struct{ Order shownOrder }
	b.read("/_simulator/orders/"+id, &got)
	return got.Order
}

func (b *bench) state() shownState {
	b.t.Helper()
	var got shownState
	b.read("/_simulator/state", &got)
	return got
}

func (b *bench) mail() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string{}, b.posted...)
}

func TestDeskActions(t *testing.T) {
	tests := []struct {
		name   string
		amount string
		do     []string // POST below the order
		say    string   // of the last
		word   string
		posted []string
	}{
		{"advance", "5000", []string{"advance"}, "a1: now pending", "pending", nil},
		{"advance to the end", "5000", []string{"advance", "advance"}, "a1: now success, webhook answered 200", "success", []string{"success 5000"}},
		{"end as paid", "5000", []string{"end?word=success"}, "a1: ended as success, webhook answered 200", "success", []string{"success 5000"}},
		{"end as failed", "5000", []string{"end?word=failed"}, "", "failed", []string{"failed 5000"}},
		{"end as cancelled, then paid", "5000", []string{"end?word=cancelled", "end?word=success"}, "", "success", []string{"cancelled 5000", "success 5000"}},
		{"send", "5000", []string{"send"}, "a1: sent again, webhook answered 200", "initiated", []string{"initiated 5000"}},
		{"send twice", "5000", []string{"send-twice"}, "a1: sent twice, webhook answered 200, webhook answered 200", "initiated", []string{"initiated 5000", "initiated 5000"}},
		{"send forged", "5000", []string{"send-forged"}, "wrong signature", "initiated", []string{"initiated 5000 forged"}},
		{"send a wrong amount", "5000", []string{"send-wrong-amount"}, "wrong amount", "initiated", []string{"initiated 5001"}},
		{"send late", "5000", []string{"advance", "advance", "send-late", "send-late?word=initiated"}, "sent late, as initiated", "success",
			[]string{"success 5000", "pending 5000", "initiated 5000"}},
		{"hold back", "5000", []string{"hold", "advance", "end?word=success", "send"}, "", "success", []string{"success 5000"}},
		{"release", "5000", []string{"hold", "release", "end?word=failed"}, "", "failed", []string{"failed 5000"}},
		{"slow by hand", "5005", []string{"advance", "advance"}, "", "success", []string{"success 5005"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, frozen)
			b.want(http.StatusCreated, "initiated", "POST", "/pay?ref=R1&amount="+tt.amount)
			var said string
			for _, do := range tt.do {
				said = b.want(http.StatusOK, `"order":{"id":"a1"`, "POST", "/_simulator/orders/a1/"+do)
			}
			if !strings.Contains(said, tt.say) {
				t.Errorf("got %s, want %q", said, tt.say)
			}
			if got := b.order("a1").Word; got != tt.word {
				t.Errorf("got %s in the end, want %s", got, tt.word)
			}
			if diff := cmp.Diff(tt.posted, b.posted); diff != "" {
				t.Errorf("webhooks differ (-want +got):\n%s", diff)
			}
			if b.executed != 1 {
				t.Errorf("got %d executions, want 1", b.executed)
			}
		})
	}
}

// TestDeskTellsWhatItPosted: the answer to an action has the webhooks it caused, and no others.
func TestDeskTellsWhatItPosted(t *testing.T) {
	b := newBench(t, frozen)
	b.ask("POST", "/pay?amount=5000")
	b.ask("POST", "/pay?amount=7000")
	b.ask("POST", "/_simulator/orders/a1/send")
	b.ask("POST", "/_simulator/orders/a2/send")
	b.answer = http.StatusTeapot
	var got struct{ Deliveries []shownDelivery }
	if err := json.Unmarshal([]byte(b.want(200, "", "POST", "/_simulator/orders/a1/send-forged")), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Deliveries) != 1 {
		t.Fatalf("got %+v, want one", got.Deliveries)
	}
	want := shownDelivery{Number: 3, Order: "a1", Word: "initiated", Kind: "forged", URL: "http://hook", Try: 1, ByHand: true, Body: "initiated 5000 forged",
		Answer: http.StatusTeapot, Said: "thanks"}
	got.Deliveries[0].At = time.Time{}
	if diff := cmp.Diff(want, got.Deliveries[0]); diff != "" {
		t.Errorf("the webhook differs (-want +got):\n%s", diff)
	}
	if all := b.desk.(*Desk).deliveries("a2", 0); len(all) != 1 || all[0].Order != "a2" {
		t.Errorf("got %+v, want the one about the other order", all)
	}
	for n, want := range map[Notice]string{{}: "genuine", {Forged: true}: "forged", {Off: true, Status: "x"}: "wrong amount, late"} {
		if got := n.kind(); got != want {
			t.Errorf("%+v: got %s, want %s", n, got, want)
		}
	}
}

func TestDeskRefuses(t *testing.T) {
	b := newBench(t, frozen)
	b.ask("POST", "/pay?amount=99000&ref=R1")
	b.ask("POST", "/open?amount=1000")
	b.want(404, "no such order", "POST", "/_simulator/orders/nothing/advance")
	b.want(404, "no such order", "GET", "/_simulator/orders/nothing")
	b.want(404, "there are advance, end, send", "POST", "/_simulator/orders/a1/explode")
	b.want(422, "one of success, failed, cancelled, returned", "POST", "/_simulator/orders/a1/end?word=quantum_hold")
	b.want(422, "no other status", "POST", "/_simulator/orders/a1/send-late")
	b.want(200, "", "POST", "/_simulator/orders/a1/advance")
	b.want(422, `never \"failed\"`, "POST", "/_simulator/orders/a1/send-late?word=failed")
	b.want(200, "", "POST", "/_simulator/orders/a1/end?word=failed")
	b.want(409, "at its end", "POST", "/_simulator/orders/a1/advance")
	b.want(409, "not executed yet", "POST", "/_simulator/orders/a2/advance")
	b.want(409, "not executed yet", "POST", "/_simulator/orders/a2/end?word=success")
	b.ask("POST", "/pay?amount=99000&ref=R2")
	b.want(409, "balance too low", "POST", "/_simulator/orders/a1/end?word=success")
	b.want(404, "there is nothing here", "GET", "/_simulator/nothing")
	b.want(422, "delay=30s", "POST", "/_simulator/delay?delay=tomorrow")
	b.want(422, "up to an hour", "POST", "/_simulator/delay?delay=61m")
	b.want(422, "up to an hour", "POST", "/_simulator/delay?delay=-1s")
	if got := b.order("a1").Word; got != "failed" {
		t.Errorf("got %s, want what it was", got)
	}
}

// TestDeskWithoutWebhooks: what a company does not have cannot be asked of it.
func TestDeskWithoutWebhooks(t *testing.T) {
	l := NewLedger(Options{Config: providers.SimulatorConfig{After: func(time.Duration, func()) {}}})
	b := &bench{t: t, desk: NewDesk(http.NotFoundHandler(), Controls{Definition: acme(), Ledger: l, Ends: ends()})}
	o, _ := l.Book(draft(Normal))
	for _, do := range []string{"orders/" + o.RemoteID + "/send", "orders/" + o.RemoteID + "/hold", "delay?delay=3"} {
		b.want(409, "sends no webhooks", "POST", "/_simulator/"+do)
	}
	b.want(200, "ended as failed", "POST", "/_simulator/orders/"+o.RemoteID+"/end?word=failed")
	b.want(200, `"deliveries":[]`, "GET", "/_simulator/deliveries")
	if page := b.want(200, "Acme &amp; Sons, simulated", "GET", "/_simulator"); strings.Contains(page, "Send again") || strings.Contains(page, "Webhooks posted") {
		t.Error("the page offers webhooks")
	}
}

func TestDeskDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		for said, shown := range map[string]string{"90": "1m30s", "2s": "2s", "1m": "1m0s"} {
			b.want(200, `"delay":"`+shown+`"`, "POST", "/_simulator/delay?delay="+said)
		}
		b.want(200, "webhooks wait 1m0s", "POST", "/_simulator/delay?delay=1m")
		b.ask("POST", "/pay?amount=5000")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := b.order("a1").Word; got != "success" || len(b.mail()) != 0 {
			t.Errorf("got %s and %v posted, want success that nobody was told of", got, b.mail())
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if diff := cmp.Diff([]string{"initiated 5000", "success 5000"}, b.mail()); diff != "" {
			t.Errorf("webhooks differ (-want +got):\n%s", diff)
		}
	})
}

// TestDeskSwitches: a switch turned at run time changes what the company does with new calls and with orders of before, whose
// plans and money go on.
func TestDeskSwitches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.want(201, "initiated", "POST", "/pay?amount=5000&ref=R1")
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		b.want(200, "switch loud is on", "POST", "/_simulator/switches/loud?on=true")
		b.want(201, "INITIATED", "POST", "/pay?amount=7001&ref=R2")
		b.want(200, "PENDING", "GET", "/pay/a1")
		b.want(200, "A1: sent again", "POST", "/_simulator/orders/A1/send")
		if s := b.state(); s.Orders != 2 || s.Balance[0].Amount != "86999" || !s.Switches[1].On || s.Switches[0].On {
			t.Errorf("got %+v, want both orders, less money, and one switch on", s)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		want := []string{"initiated 5000", "INITIATED 7001", "INITIATED 7001", "SUCCESS 5000", "FAILED 7001"}
		if diff := cmp.Diff(want, b.mail()); diff != "" {
			t.Errorf("webhooks differ (-want +got):\n%s", diff)
		}
		b.want(200, "switch loud is off", "POST", "/_simulator/switches/loud?on=false")
		b.want(200, `"failed"`, "GET", "/pay/A1")
		if s := b.state(); s.Balance[0].Amount != "95000" || s.Switches[1].On {
			t.Errorf("got %+v, want the money as it was at first, but for what was paid", s)
		}
		var got struct{ Deliveries []shownDelivery }
		b.read("/_simulator/deliveries", &got)
		if len(got.Deliveries) != 5 || got.Deliveries[0].Number != 5 {
			t.Errorf("got %+v, want all five deliveries, newest first", got.Deliveries)
		}
	})
}

func TestDeskSwitchesRefused(t *testing.T) {
	b := newBench(t, frozen)
	b.ask("POST", "/pay?amount=5000")
	b.want(404, "there are broken, loud", "POST", "/_simulator/switches/nothing?on=true")
	b.want(422, "on=true or on=false", "POST", "/_simulator/switches/loud")
	b.want(422, "cannot be made with the switches broken", "POST", "/_simulator/switches/broken?on=true")
	b.want(200, "initiated", "GET", "/pay/a1")
	if s := b.state(); s.Switches[0].On || s.Orders != 1 {
		t.Errorf("got %+v, want everything as it was", s)
	}
}

func TestDeskFaults(t *testing.T) {
	for _, fault := range []struct {
		name   string
		status int
	}{{"500", 500}, {"502 page", 502}, {"503", 503}, {"429", 429}, {"html", 200}, {"empty", 200}, {"redirect", 307}, {"cut", 502}} {
		for when, executed := range map[string]int{before: 0, after: 1} {
			t.Run(fault.name+"/"+when, func(t *testing.T) {
				b := newBench(t, frozen)
				b.want(200, `"when":"`+when+`"`, "POST", "/_simulator/faults?"+url.Values{"fault": {fault.name}, "when": {when}}.Encode())
				b.want(fault.status, "", "POST", "/pay?amount=5000")
				if s := b.state(); b.executed != executed || len(s.Armed) != 0 || len(s.Met) != 1 || s.Met[0].Request != "POST /pay" {
					t.Errorf("got %d executed, %+v, %+v, want %d, none armed, one met", b.executed, s.Armed, s.Met, executed)
				}
				b.want(201, "initiated", "POST", "/pay?amount=5000")
			})
		}
	}
}

func TestDeskFaultsWait(t *testing.T) {
	b := newBench(t, frozen)
	b.want(200, "", "POST", "/_simulator/faults?fault=503&method=post&path=pay")
	b.want(200, "", "POST", "/_simulator/faults?fault=500&method=GET&when=after")
	b.ask("POST", "/open?amount=1")
	b.want(500, "", "GET", "/pay/a1")
	b.want(503, "", "POST", "/pay?amount=5000")
	if met := b.state().Met; len(met) != 2 || met[0].Fault != "503" || met[1].Request != "GET /pay/a1" {
		t.Errorf("got %+v, want both, newest first", met)
	}
	b.want(404, "there are hang, drip", "POST", "/_simulator/faults?fault=nothing")
	b.want(422, "when=before or when=after", "POST", "/_simulator/faults?fault=500&when=never")
	b.want(200, "", "POST", "/_simulator/faults?fault=500")
	b.want(200, `"armed":[]`, "POST", "/_simulator/faults/clear")
	b.want(201, "", "POST", "/pay?amount=5000")
}

func TestDeskKeepsTwentyFaults(t *testing.T) {
	b := newBench(t, frozen)
	for range keptMet + 3 {
		b.ask("POST", "/_simulator/faults?fault=500")
		b.ask("GET", "/pay/a1")
	}
	if got := len(b.state().Met); got != keptMet {
		t.Errorf("got %d faults remembered, want %d", got, keptMet)
	}
}

// TestDeskRedirect: a client that follows the fault "redirect" is seen.
func TestDeskRedirect(t *testing.T) {
	b := newBench(t, frozen)
	s := httptest.NewServer(b.desk)
	defer s.Close()
	b.want(200, "", "POST", "/_simulator/faults?fault=redirect")
	res, err := http.Post(s.URL+"/pay?amount=5000", "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if s := b.state(); s.Followed != 1 || b.executed != 0 {
		t.Errorf("got %d followed, %d executed, want one and none", s.Followed, b.executed)
	}
	b.want(200, "A redirect was followed", "GET", "/_simulator")
}

// TestDeskCrossSite: no other site can press a button, in a browser of today or of yesterday.
func TestDeskCrossSite(t *testing.T) {
	b := newBench(t, frozen)
	b.ask("POST", "/pay?amount=5000")
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "http://evil.example"}, {"Origin", "null"}} {
		for _, path := range []string{"orders/a1/end?word=failed", "faults?fault=500", "faults/clear", "delay?delay=5", "switches/loud?on=true"} {
			b.want(403, "", "POST", "/_simulator/"+path, header...)
		}
	}
	if s := b.state(); b.order("a1").Word != "initiated" || len(s.Armed) != 0 || s.Delay != "0s" || s.Switches[1].On {
		t.Errorf("got %+v, want nothing changed", s)
	}
	b.want(200, "", "POST", "/_simulator/orders/a1/end?word=failed", "Sec-Fetch-Site", "same-origin")
	b.want(200, "", "POST", "/_simulator/orders/a1/end?word=success", "Origin", "http://example.com") // the host of httptest
}

func TestDeskOrders(t *testing.T) {
	b := newBench(t, frozen, func(cfg *providers.SimulatorConfig) {
		cfg.Now = func() time.Time { return time.Date(2026, 5, 4, 2, 10, 0, 0, time.UTC) }
	})
	b.ask("POST", "/pay?amount=5005&ref=R1")
	b.ask("POST", "/open?amount=200&ref=R2")
	b.ask("POST", "/_simulator/orders/a1/advance")
	b.ask("GET", "/pay/a1")
	b.ask("POST", "/_simulator/orders/a1/hold")
	at := time.Date(2026, 5, 4, 2, 10, 0, 0, time.UTC)
	want := []shownOrder{
		{ID: "a2", Reference: "R2", Method: "bank", Amount: "200", Minor: 200, Currency: "XOF", Created: at, Updated: at, Past: []string{},
			Next: []string{"initiated", "pending", "success"}, Scenario: Normal, Does: "in progress, then paid"},
		{ID: "a1", Reference: "R1", Method: "bank", Amount: "5005", Minor: 5005, Currency: "XOF", Word: "pending", Executed: true, Created: at, Updated: at,
			Past: []string{"initiated"}, Next: []string{"success"}, Looks: 4, Scenario: Slow, Does: "stays in progress for five look-ups", Held: true},
	}
	var got struct{ Orders []shownOrder }
	b.read("/_simulator/orders", &got)
	if diff := cmp.Diff(want, got.Orders); diff != "" {
		t.Errorf("orders differ (-want +got):\n%s", diff)
	}
	for search, n := range map[string]int{"r2": 1, "A": 2, "nothing": 0, "R1": 1} {
		b.read("/_simulator/orders?q="+search, &got)
		if len(got.Orders) != n {
			t.Errorf("%s: got %d orders, want %d", search, len(got.Orders), n)
		}
	}
}

func TestDeskState(t *testing.T) {
	b := newBench(t, frozen)
	s := b.state()
	if s.Provider != "acme" || len(s.Faults) != 12 || s.Faults[0].Does == "" || len(s.Scenarios) != len(Table()) || len(s.Ends) != 4 {
		t.Errorf("got %+v, want what there is to choose from", s)
	}
	if diff := cmp.Diff([]shownSetting{{"key", "Secret key", "made-up"}}, s.Accepts); diff != "" {
		t.Errorf("credentials differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"http://hook"}, s.PostsTo); diff != "" || !s.Webhooks || !s.ByHand {
		t.Errorf("addresses differ (-want +got):\n%s", diff)
	}
}

// TestDeskTogether presses every button at once while orders come in.
func TestDeskTogether(t *testing.T) {
	b := newBench(t, func(cfg *providers.SimulatorConfig) {
		cfg.Pace, cfg.Executed = time.Millisecond, nil
	})
	s := httptest.NewServer(b.desk)
	defer s.Close()
	var wg sync.WaitGroup
	for _, path := range []string{"/pay?amount=10", "/_simulator/orders/a1/end?word=failed", "/_simulator/orders/a2/advance", "/_simulator/orders/a1/send-twice",
		"/_simulator/switches/loud?on=true", "/_simulator/switches/loud?on=false", "/_simulator/faults?fault=500&when=after", "/_simulator/faults/clear",
		"/_simulator/orders/a1/hold", "/_simulator/delay?delay=0"} {
		wg.Go(func() {
			for range 10 {
				res, err := http.Post(s.URL+path, "", nil)
				if err != nil {
					t.Error(err)
					return
				}
				res.Body.Close()
				b.want(200, "", "GET", "/_simulator")
			}
		})
	}
	wg.Wait()
	if got := b.state().Orders; got == 0 {
		t.Error("got no orders")
	}
}
