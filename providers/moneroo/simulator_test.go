package moneroo

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
)

const goodBody = `{"amount":1000,"currency":"XOF","description":"Order refund",` +
	`"customer":{"email":"john@example.com","first_name":"John","last_name":"Doe"},` +
	`"metadata":{"payout_request":"123","ok":true,"n":5},"method":"mtn_bj","recipient":{"msisdn":"22951345020"}}`

// bench is a simulator whose clock stands still and whose plans wait to be run.
type bench struct {
	http.Handler
	t        *testing.T
	later    []func()
	gaps     []time.Duration
	hooks    []*http.Request
	bodies   []string
	executed []providers.Execution
	answer   int
	now      time.Time
}

func newBench(t *testing.T, q quirks) *bench {
	b := &bench{t: t, answer: http.StatusOK, now: time.Date(2026, 5, 4, 2, 10, 0, 0, time.UTC)}
	b.Handler = newSimulator(providers.SimulatorConfig{
		Settings: testSettings(), WebhookURLs: func() []string { return []string{"https://pay.example.com/hooks/a"} },
		Now: func() time.Time { return b.now }, Deliver: b.deliver,
		After:    func(d time.Duration, f func()) { b.later, b.gaps = append(b.later, f), append(b.gaps, d) },
		Executed: func(e providers.Execution) { b.executed = append(b.executed, e) },
	}, q)
	return b
}

func (b *bench) deliver(r *http.Request) (providers.Reply, error) {
	body, err := io.ReadAll(r.Body)
	b.hooks, b.bodies = append(b.hooks, r), append(b.bodies, string(body))
	if b.answer == 0 {
		return providers.Reply{}, errors.New("nobody there")
	}
	return providers.Reply{Status: b.answer}, err
}

func (b *bench) settle() {
	for len(b.later) > 0 {
		f := b.later[0]
		b.later = b.later[1:]
		f()
	}
}

func (b *bench) call(method, path, body string, header ...string) (int, object) {
	b.t.Helper()
	w := b.raw(method, path, body, header...)
	o, err := decode(w.Body.Bytes())
	if err != nil {
		b.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return w.Code, o
}

func (b *bench) raw(method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+testKey)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w
}

func (b *bench) book(body string) string {
	b.t.Helper()
	status, o := b.call("POST", initializePath, body)
	if status != http.StatusCreated {
		b.t.Fatalf("got %d %v", status, o)
	}
	return o.text("data.id")
}

func TestSimulatorRoutes(t *testing.T) {
	b := newBench(t, quirks{})
	id := b.book(goodBody)
	if len(id) != 15 || !strings.HasPrefix(id, "po_") {
		t.Errorf("got id %q", id)
	}
	for _, c := range []struct {
		method, path, key string
		status            int
		message           string
	}{
		{"GET", "/v1/payouts/" + id, testKey, 200, sayFetched},
		{"GET", "/v1/payouts/" + id + "/verify", testKey, 200, sayFetched},
		{"GET", "/v1/payouts/methods", testKey, 404, sayNotFound},
		{"GET", "/v1/payouts/initialize", testKey, 404, sayNotFound},
		{"GET", "/v1/payouts/po_nosuch/verify", testKey, 404, sayNotFound},
		{"GET", "/v1/payouts/po_nosuch/verify", "wrong", 401, sayNoKey},
		{"GET", "/v1/payouts/" + id, "", 401, sayNoKey},
		{"POST", "/v1/payouts/initialize", "wrong", 401, sayNoKey},
		{"GET", "/v1/payouts", testKey, 404, "The route v1/payouts could not be found."},
		{"POST", "/v1/checkout/initialize", testKey, 404, "The route v1/checkout/initialize could not be found."},
		{"GET", "/v1/utils/payout/methods", testKey, 404, "The route v1/utils/payout/methods could not be found."},
		{"GET", "/utils/payout/methods", "", 200, "Payout methods fetched successfully"},
	} {
		status, o := b.call(c.method, c.path, "", "Authorization", "Bearer "+c.key)
		if status != c.status || o.text("message") != c.message {
			t.Errorf("%s %s: got %d %q, want %d %q", c.method, c.path, status, o.text("message"), c.status, c.message)
		}
	}
}

// TestSimulatorOrderOfChecks: key, then rate, then JSON, then fields.
func TestSimulatorOrderOfChecks(t *testing.T) {
	b := newBench(t, quirks{})
	for _, body := range []string{"", "nonsense", "[]", "null", `{"a":1}{}`} {
		if status, _ := b.call("POST", initializePath, body); status != 400 {
			t.Errorf("%q: got %d, want 400", body, status)
		}
		if status, _ := b.call("POST", initializePath, body, "Authorization", "Bearer no"); status != 401 {
			t.Errorf("%q without key: got %d, want 401", body, status)
		}
	}
	for range rateLimit - 5 {
		b.call("GET", "/v1/payouts/po_nosuch", "")
	}
	w := b.raw("POST", initializePath, "nonsense")
	if w.Code != 429 || w.Header().Get("Retry-After") != "60" {
		t.Errorf("got %d %v, want 429", w.Code, w.Header())
	}
	if status, _ := b.call("POST", initializePath, "nonsense", "Authorization", "Bearer no"); status != 401 {
		t.Errorf("over the limit without key: got %d, want 401", status)
	}
	b.now = b.now.Add(time.Minute)
	if status, _ := b.call("POST", initializePath, "{}"); status != 422 {
		t.Errorf("a minute later: got %d, want 422", status)
	}
	if len(b.executed) != 0 {
		t.Errorf("got %d payouts", len(b.executed))
	}
}

// TestSimulatorFields changes one thing of a good request at a time.
func TestSimulatorFields(t *testing.T) {
	for _, c := range []struct{ old, new, field string }{
		{`"amount":1000`, `"amount":1000.0`, ""},
		{`"amount":1000`, `"amount":"1000"`, ""},
		{`"amount":1000`, `"amount":10.5`, "amount"},
		{`"amount":1000`, `"amount":0`, "amount"},
		{`"amount":1000`, `"amount":-5`, "amount"},
		{`"amount":1000`, `"amount":"ten"`, "amount"},
		{`"amount":1000`, `"amount":[]`, "amount"},
		{`"amount":1000`, `"amount":null`, "amount"},
		{`"amount":1000,`, ``, "amount"},
		{`"XOF"`, `"xof"`, "currency"},
		{`"XOF"`, `"EUR"`, "currency"},
		{`"XOF"`, `"XAF"`, "currency"},
		{`"XOF"`, `5`, "currency"},
		{`"currency":"XOF",`, ``, "currency"},
		{`"Order refund"`, `""`, "description"},
		{`"mtn_bj"`, `"mtn_xx"`, "method"},
		{`"mtn_bj"`, `null`, "method"},
		{`"john@example.com"`, `"john"`, "customer.email"},
		{`"john@example.com"`, `"John <john@example.com>"`, "customer.email"},
		{`"John"`, `""`, "customer.first_name"},
		{`"Doe"`, `null`, "customer.last_name"},
		{`"Doe"`, `"  "`, "customer.last_name"},
		{`"Doe"`, `5`, "customer.last_name"},
		{`"last_name"`, `"phone":22951345020,"last_name"`, ""},
		{`"last_name"`, `"phone":"22951345020","last_name"`, "customer.phone"},
		{`"last_name"`, `"phone":"+229 51345020","last_name"`, "customer.phone"},
		{`"last_name"`, `"country":"BJ","last_name"`, ""},
		{`"last_name"`, `"country":"Benin","last_name"`, "customer.country"},
		{`"last_name"`, `"city":"Cotonou","last_name"`, ""},
		{`"last_name"`, `"city":5,"last_name"`, "customer.city"},
		{`{"payout_request":"123","ok":true,"n":5}`, `{}`, ""},
		{`{"payout_request":"123","ok":true,"n":5}`, `[]`, ""},
		{`{"payout_request":"123","ok":true,"n":5}`, `null`, ""},
		{`{"payout_request":"123","ok":true,"n":5}`, `["a"]`, "metadata"},
		{`{"payout_request":"123","ok":true,"n":5}`, `"a"`, "metadata"},
		{`"payout_request":"123"`, `"payout_request":""`, "metadata.payout_request"},
		{`"payout_request":"123"`, `"payout_request":null`, "metadata.payout_request"},
		{`"payout_request":"123"`, `"payout_request":["a"]`, "metadata.payout_request"},
		{`"payout_request":"123"`, `"payout_request":{}`, "metadata.payout_request"},
		{`"payout_request":"123"`, `"payout_request":1.5`, "metadata.payout_request"},
		{`,"recipient":{"msisdn":"22951345020"}`, `,"msisdn":"22951345020"`, "recipient"},
		{`{"msisdn":"22951345020"}`, `[]`, "recipient"},
		{`{"msisdn":"22951345020"}`, `{}`, "recipient.msisdn"},
		{`{"msisdn":"22951345020"}`, `{"account_number":"22951345020"}`, "recipient.msisdn"},
		{`"22951345020"`, `22951345020`, ""},
		{`"22951345020"`, `22951345020.5`, "recipient.msisdn"},
		{`"22951345020"`, `"51345020"`, "recipient.msisdn"},
		{`"22951345020"`, `"+22951345020"`, "recipient.msisdn"},
		{`"22951345020"`, `""`, "recipient.msisdn"},
	} {
		t.Run(c.new, func(t *testing.T) {
			b := newBench(t, quirks{})
			body := strings.Replace(goodBody, c.old, c.new, 1)
			if body == goodBody {
				t.Fatal("nothing changed")
			}
			status, o := b.call("POST", initializePath, body)
			if c.field == "" {
				if status != 201 || len(b.executed) != 1 {
					t.Errorf("got %d %v, want 201", status, o)
				}
				return
			}
			errs := o.object("errors")
			if status != 422 || len(errs) != 1 || errs[c.field] == nil || len(b.executed) != 0 || o["data"] != nil {
				t.Errorf("got %d %v, want 422 about %s", status, o, c.field)
			}
			if first := textsIn(o["errors"]); len(first) != 1 || o.text("message") != first[0] {
				t.Errorf("got message %q with errors %q", o.text("message"), first)
			}
		})
	}
}

// TestSimulatorCollects: everything wrong is told at once, the first as the message.
func TestSimulatorCollects(t *testing.T) {
	b := newBench(t, quirks{})
	status, o := b.call("POST", initializePath, "{}")
	want := map[string]bool{
		"amount": true, "currency": true, "description": true, "method": true, "recipient": true,
		"customer.email": true, "customer.first_name": true, "customer.last_name": true,
	}
	got := map[string]bool{}
	for name := range o.object("errors") {
		got[name] = true
	}
	if diff := cmp.Diff(want, got); diff != "" || status != 422 || o.text("message") != "The amount field is required." {
		t.Errorf("%d %q (-want +got):\n%s", status, o.text("message"), diff)
	}
}

// TestSimulatorQuirks turns each open question the other way: the adapter understands both.
func TestSimulatorQuirks(t *testing.T) {
	for name, q := range map[string]quirks{
		"as assumed": {}, "200": {created: 200}, "202": {created: 202}, "bare": {bare: true}, "retrieve shape": {retrieves: true},
		"errors as a list": {errors: problems.asList}, "no errors": {errors: func(problems) any { return nil }},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t, newSimulator(providers.SimulatorConfig{Settings: testSettings()}, q))
			r, err := a.pay(t, testOrder())
			if err != nil {
				t.Fatal(err)
			}
			got, err := a.Lookup(t.Context(), r.Attempt)
			if err != nil || got.Attempt.Reference != testRef || got.Amount != testOrder().Amount || got.Method != "mtn_bj" || *got.Live {
				t.Errorf("got %+v, %v", got, err)
			}
			bad := testOrder()
			bad.Details[fieldPhone] = "51345020"
			_, err = a.pay(t, bad)
			if e := asError(t, err); e.Kind != providers.Refused || !strings.Contains(e.Message, "msisdn must start with 229") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestSimulatorDuplicates: the same request again is a second payout, whatever its headers say.
func TestSimulatorDuplicates(t *testing.T) {
	b := newBench(t, quirks{})
	first := b.book(goodBody)
	status, o := b.call("POST", initializePath, goodBody, "Idempotency-Key", "the-same")
	status2, o2 := b.call("POST", initializePath, goodBody, "Idempotency-Key", "the-same")
	second, third := o.text("data.id"), o2.text("data.id")
	if status != 201 || status2 != 201 || first == second || second == third || len(b.executed) != 3 {
		t.Errorf("got %q, %q, %q and %d payouts", first, second, third, len(b.executed))
	}
}

// TestSimulatorShapes: the two calls answer in their own shapes, which give the same result.
func TestSimulatorShapes(t *testing.T) {
	b := newBench(t, quirks{})
	id := b.book(strings.Replace(goodBody, `"John"`, `"Élodie"`, 1))
	b.settle()
	raw := b.raw("GET", "/v1/payouts/"+id+"/verify", "").Body.String()
	for _, part := range []string{`"amount":1000`, `"code":"XOF"`, `"first_name":"\u00c9lodie"`, `https:\/\/`, `"success_at":"2026-05-04T02:10:00.000000Z"`, `"n":5`} {
		if !strings.Contains(raw, part) {
			t.Errorf("verify: got no %s in %s", part, raw)
		}
	}
	flat := b.raw("GET", "/v1/payouts/"+id, "").Body.String()
	for _, part := range []string{`"amount":1000.0`, `"currency":"XOF"`, `"code":"mtn_bj"`, `"payout_phone_number":"22951345020"`, `"is_processed":true`} {
		if !strings.Contains(flat, part) {
			t.Errorf("retrieve: got no %s in %s", part, flat)
		}
	}
	one, err := mustDecode(t, raw).object("data").result()
	two, err2 := mustDecode(t, flat).object("data").result()
	one.Details = map[string]string{fieldPhone: "22951345020"} // only the flat shape has it
	if diff := cmp.Diff(one, two); diff != "" || errors.Join(err, err2) != nil {
		t.Errorf("%v %v (-verify +retrieve):\n%s", err, err2, diff)
	}
	if one.Status != providers.Paid || one.Word != "success" {
		t.Errorf("got %+v", one)
	}
}

func TestSimulatorEmptyMetadata(t *testing.T) {
	b := newBench(t, quirks{})
	id := b.book(strings.Replace(goodBody, `{"payout_request":"123","ok":true,"n":5}`, `{}`, 1))
	if raw := b.raw("GET", "/v1/payouts/"+id+"/verify", "").Body.String(); !strings.Contains(raw, `"metadata":[]`) {
		t.Errorf("got %s", raw)
	}
}

// TestDemoNumbers: the test numbers decide, with or without the 1 in front, as text and as number.
func TestDemoNumbers(t *testing.T) {
	for number, want := range map[string]string{
		`"4149518161"`: wordSuccess, `"4149518162"`: wordFailed, `"4149518163"`: wordPending, `"4149518164"`: wordFailed,
		`"14149518161"`: wordSuccess, `14149518162`: wordFailed, `4149518163`: wordPending, `"1"`: wordFailed,
	} {
		b := newBench(t, quirks{})
		id := b.book(strings.NewReplacer(`"mtn_bj"`, `"`+demoMethod+`"`, `"XOF"`, `"USD"`, `"msisdn":"22951345020"`, `"account_number":`+number).Replace(goodBody))
		b.settle()
		_, o := b.call("GET", "/v1/payouts/"+id+"/verify", "")
		if got := o.text("data.status"); got != want {
			t.Errorf("%s: got %s, want %s", number, got, want)
		}
		r, err := o.object("data").result()
		if err != nil || (r.Message == sayFailed) != (want == wordFailed) || o.text("data.disburse.gateway.transaction_status") != "test_"+want {
			t.Errorf("%s: got %+v, %v", number, r, err)
		}
	}
}

// TestSimulatorLive: the mode is the key's, and the demo method is the sandbox's.
func TestSimulatorLive(t *testing.T) {
	settings := testSettings()
	settings[settingKey] = testLive
	a := newAccount(t, Simulator(providers.SimulatorConfig{Settings: settings}), func(c *providers.Config) {
		c.Settings, c.Live = providers.NewSettings(settings), true
	})
	r, err := a.pay(t, testOrder())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := a.Lookup(t.Context(), r.Attempt); err != nil || got.Live == nil || !*got.Live {
		t.Errorf("got %+v, %v", got, err)
	}
	o := testOrder()
	o.Method, o.Details, o.Amount = demoMethod, people(fieldAccount, numberSuccess), money.Amount{Minor: 10_000, Currency: "USD"}
	if _, err := a.pay(t, o); providers.KindOf(err) != providers.Refused {
		t.Errorf("the demo method with a live key: got %v, want refused", err)
	}
}

// TestHooks: initiated, then the end; the bytes as PHP writes them; the signature over exactly these.
func TestHooks(t *testing.T) {
	b := newBench(t, quirks{})
	id := b.book(strings.Replace(goodBody, `"Doe"`, `"N’Diaye \/ 😀"`, 1))
	b.settle()
	if len(b.bodies) != 2 {
		t.Fatalf("got %q, want two webhooks", b.bodies)
	}
	want := `{"event":"payout.success","data":{"id":"` + id + `","amount":1000,"currency":"XOF","status":"success",` +
		`"customer":{"id":"` + mustDecode(t, b.bodies[1]).text("data.customer.id") + `","email":"john@example.com",` +
		`"firstName":"John","lastName":"N\u2019Diaye \/ \ud83d\ude00","phone":null}}}`
	if diff := cmp.Diff(want, b.bodies[1]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if event := mustDecode(t, b.bodies[0]).text("event"); event != "payout.initiated" {
		t.Errorf("got %s first", event)
	}
	for i, r := range b.hooks {
		if got := r.Header.Get(signatureName); got != signed(b.bodies[i]) || r.Method != http.MethodPost || r.URL.String() != "https://pay.example.com/hooks/a" {
			t.Errorf("got %s %s signed %s", r.Method, r.URL, got)
		}
	}
}

// TestHookPolicy: three seconds, exactly 200, three more tries ten minutes apart.
func TestHookPolicy(t *testing.T) {
	for answer, tries := range map[int]int{200: 1, 201: 4, 202: 4, 204: 4, 301: 4, 403: 4, 500: 4, 0: 4} {
		b := newBench(t, quirks{})
		b.answer = answer
		b.book(strings.Replace(goodBody, "1000", "1008", 1)) // at once: one webhook
		b.settle()
		if len(b.hooks) != tries {
			t.Errorf("%d: got %d deliveries, want %d", answer, len(b.hooks), tries)
		}
		gaps := 0
		for _, d := range b.gaps {
			if d == 10*time.Minute {
				gaps++
			}
		}
		if gaps != tries-1 {
			t.Errorf("%d: got gaps %v", answer, b.gaps)
		}
		deadline, limited := b.hooks[0].Context().Deadline()
		if left := time.Until(deadline); !limited || left > 3*time.Second {
			t.Errorf("got %v for a delivery, want 3 s", left)
		}
	}
}

// TestNoPendingEvent: there is no event about a payout that became pending, not even when webhooks come out of order.
func TestNoPendingEvent(t *testing.T) {
	b := newBench(t, quirks{})
	b.book(strings.Replace(goodBody, "1000", "1018", 1))
	b.settle()
	var events []string
	for _, body := range b.bodies {
		events = append(events, mustDecode(t, body).text("event"))
	}
	if diff := cmp.Diff([]string{"payout.initiated", "payout.success", "payout.initiated"}, events); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPHPJSON(t *testing.T) {
	got, err := phpJSON(map[string]any{"a/b": "É’😀<&>\"\\\n\u2028\x7f", "n": json.Number("100.0")})
	want := `{"a\/b":"\u00c9\u2019\ud83d\ude00<&>\"\\\n\u2028` + "\x7f" + `","n":100.0}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// TestSimulatorConcurrent pays from many sides at once.
func TestSimulatorConcurrent(t *testing.T) {
	a := newAccount(t, Simulator(providers.SimulatorConfig{Settings: testSettings(), Pace: time.Millisecond}))
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			o := testOrder()
			o.Description = "Invoice " + strconv.Itoa(i)
			r, err := a.pay(t, o)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := a.Lookup(t.Context(), r.Attempt); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Go(func() {
		if _, err := a.Methods(t.Context()); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
}
