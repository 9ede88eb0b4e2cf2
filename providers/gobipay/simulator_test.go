package gobipay

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/sim"
)

// ask sends a request straight to a handler, with good headers unless changed.
func ask(t *testing.T, h http.Handler, method, path, body string, change ...func(http.Header)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Header.Set(headerPublic, testSettings()[settingPublic])
	r.Header.Set(headerSecret, testSettings()[settingSecret])
	r.Header.Set(headerMode, modeTest)
	r.Header.Set("Content-Type", "application/json")
	for _, f := range change {
		f(r.Header)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func newSim() http.Handler {
	return newSimulator(providers.SimulatorConfig{Settings: testSettings(), After: func(_ time.Duration, f func()) { f() }})
}

// TestTrailingSlash: every path we call ends in one, and the simulator knows none that does not.
func TestTrailingSlash(t *testing.T) {
	for _, path := range []string{pathPlatforms, pathArguments, pathInit, pathCashOut, pathStatus} {
		if !strings.HasSuffix(path, "/") {
			t.Errorf("%s ends in no slash", path)
		}
		for _, method := range []string{"GET", "POST"} {
			w := ask(t, newSim(), method, strings.TrimSuffix(fill(path, "MTN_BEN_XOF"), "/"), emptyBody)
			if w.Code != http.StatusNotFound || w.Header().Get("Location") != "" {
				t.Errorf("%s %s without its slash: got %d, want 404", method, path, w.Code)
			}
		}
	}
}

func TestSimulatorAsksForKeysVerbAndJSON(t *testing.T) {
	set := func(name, value string) func(http.Header) { return func(h http.Header) { h.Set(name, value) } }
	tests := []struct {
		name, method, path string
		change             func(http.Header)
		want               int
	}{
		{"good", "GET", pathPlatforms, set("X-Other", "1"), 200},
		{"no public key", "GET", pathPlatforms, set(headerPublic, ""), 403},
		{"no keys at all, as the documents show it", "GET", pathPlatforms, func(h http.Header) { clear(h) }, 200},
		{"no keys at all", "POST", pathInit, func(h http.Header) {
			clear(h)
			h.Set("Content-Type", "application/json")
		}, 403},
		{"other secret key", "POST", pathInit, set(headerSecret, "tsk_other"), 403},
		{"live mode with test keys", "GET", pathPlatforms, set(headerMode, modeLive), 403},
		{"no mode", "GET", pathPlatforms, set(headerMode, ""), 403},
		{"other verb", "POST", pathPlatforms, set("X-Other", "1"), 405},
		{"other verb", "GET", pathInit, set("X-Other", "1"), 405},
		{"other type", "POST", pathInit, set("Content-Type", "text/plain"), 415},
		{"no such platform", "GET", platformID("NONE").argumentsPath(), set("X-Other", "1"), 404},
		{"no such withdrawal", "POST", withdrawID("none").cashOutPath(), set("X-Other", "1"), 404},
		{"no such route", "POST", "/api/gobipay/withdraw/init/", set("X-Other", "1"), 404},
	}
	for _, tt := range tests {
		w := ask(t, newSim(), tt.method, tt.path, emptyBody, tt.change)
		if w.Code != tt.want || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: got %d %s, want %d in JSON", tt.name, w.Code, w.Body, tt.want)
		}
	}
}

// TestSimulatorRefuses takes the documented body and changes one thing.
func TestSimulatorRefuses(t *testing.T) {
	good := string(compact(t, example(t, "init_request")))
	tests := []struct{ name, old, new, want string }{
		{"good", "", "", ""},
		{"amount as text", `"amount":5000`, `"amount":"5000"`, "amount: " + saysType},
		{"a fraction", `"amount":5000`, `"amount":5000.5`, "amount: " + saysType},
		{"nothing", `"amount":5000`, `"amount":0`, "amount: Un nombre positif est requis."},
		{"too much", `"amount":5000`, `"amount":1000000000111`, "amount: Solde insuffisant."},
		{"value as number", `"2290190000000"`, `2290190000000`, "args: " + saysType},
		{"another type", `"type":"phone"`, `"type":"Phone"`, "args[1].type: " + saysType},
		{"pattern", `"2290190000000"`, `"+2290190000000"`, "args[1].value: " + saysFormat},
		{"blank", `"Awa Dossou"`, `""`, "args[2].value: " + saysBlank},
		{"missing", `,{"name":"fullname","value":"Awa Dossou","type":"string"}`, ``, "args: Argument manquant : fullname."},
		{"unknown argument", `"args":[`, `"args":[{"name":"x","value":"1","type":"y"},`, "args[1].name: " + saysUnknown},
		{"unknown platform", `MTN_BEN_XOF`, `MTN_BEN`, "to_plateform_money: Plateforme inconnue ou inactive."},
		{"inactive platform", `MTN_BEN_XOF`, `CELTIIS_BEN_XOF`, "to_plateform_money: Plateforme inconnue ou inactive."},
		{"other store", `3fa85f64`, `00000000`, "extra_infos.store_slug: Boutique inconnue."},
		{"other merchant type", `"withdraw"`, `"payment"`, "extra_infos.merchant_type: " + saysChoice},
		{"flat, as the table has it", `"extra_infos":{`, `"x":{`, "extra_infos.email: Saisissez une adresse e-mail valide.; " +
			"extra_infos.merchant_type: " + saysChoice + "; extra_infos.store_slug: Boutique inconnue."},
		{"not direct", `,"is_direct_convert":true`, ``, "is_direct_convert: " + saysMissing},
		{"no JSON", `{`, ``, "JSON parse error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := ask(t, newSim(), "POST", pathInit, strings.Replace(good, tt.old, tt.new, 1))
			if tt.want == "" {
				if w.Code != http.StatusCreated {
					t.Errorf("got %d %s, want 201", w.Code, w.Body)
				}
				return
			}
			got := refusalText(answerOf(w))
			if w.Code != http.StatusBadRequest || got != tt.want {
				t.Errorf("got %d %q, want 400 %q", w.Code, got, tt.want)
			}
		})
	}
}

// TestSimulatorAnswersTheExamples compares the keys of its answers with the examples.
func TestSimulatorAnswersTheExamples(t *testing.T) {
	h := newSim()
	opened := ask(t, h, "POST", pathInit, string(example(t, "init_request")))
	var first map[string]string
	if err := json.Unmarshal(opened.Body.Bytes(), &first); err != nil {
		t.Fatal(err)
	}
	id := withdrawID(first[keyIdentifier])
	for name, w := range map[string]*httptest.ResponseRecorder{
		"init_response":     opened,
		"cash_out_response": ask(t, h, "POST", id.cashOutPath(), emptyBody),
		"status_response":   ask(t, h, "POST", id.statusPath(), emptyBody),
	} {
		if diff := cmp.Diff(shape(t, example(t, name)), shape(t, w.Body.Bytes())); diff != "" {
			t.Errorf("%s (-example +got):\n%s", name, diff)
		}
	}
	if again := ask(t, h, "POST", id.cashOutPath(), emptyBody); again.Code != 400 || !strings.Contains(again.Body.String(), "Transaction déjà finalisée.") {
		t.Errorf("second cash-out: got %d %s, want 400", again.Code, again.Body)
	}
	if empty := ask(t, h, "POST", id.cashOutPath(), ""); empty.Code != 400 {
		t.Errorf("cash-out with no body: got %d, want 400", empty.Code)
	}
}

// shape is a JSON object with every text left out.
func shape(t *testing.T, body []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	var blank func(any) any
	blank = func(v any) any {
		o, ok := v.(map[string]any)
		if !ok {
			return fmt.Sprintf("%T", v)
		}
		for key := range o {
			o[key] = blank(o[key])
		}
		return o
	}
	return blank(v)
}

// TestScenarios is GobiPay's own table, as the adapter lives through it.
func TestScenarios(t *testing.T) {
	const accepted, paid, failed = providers.Accepted, providers.Paid, providers.Failed
	tests := []struct {
		last   int64
		kind   providers.Kind // of the send; with code "" there is no error
		code   string
		first  providers.Status   // in the answer
		looks  []providers.Status // "" is an error
		booked int
	}{
		{last: 0, first: accepted, looks: []providers.Status{accepted, paid}, booked: 1},
		{last: 1, first: accepted, looks: []providers.Status{accepted, failed, failed}, booked: 1},
		{last: 2, kind: providers.Refused, code: "http_400"},
		{last: 3, kind: providers.Unknown, code: "reset", looks: []providers.Status{accepted, paid}, booked: 1},
		{last: 4, kind: providers.Unknown, code: "http_500", looks: []providers.Status{"", "", ""}},
		{last: 5, first: accepted, looks: []providers.Status{accepted, accepted, accepted, accepted, accepted, paid}, booked: 1},
		{last: 6, first: accepted, looks: []providers.Status{"", ""}, booked: 1},
		{last: 7, kind: providers.NotSent, code: codeNoID},
		{last: 8, first: paid, looks: []providers.Status{paid}, booked: 1},
		{last: 9, kind: providers.Refused, code: "http_429"},
		{last: 10, kind: providers.Unknown, code: "unreadable", looks: []providers.Status{accepted, paid}, booked: 1},
		{last: 16, first: accepted, looks: []providers.Status{accepted, "", "", paid}, booked: 1},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.last), func(t *testing.T) {
			s := newShop(t, nil)
			result, kept, err := s.pay(mtn(5000+tt.last), nil)
			if tt.code != "" {
				wantError(t, err, tt.kind, tt.code)
			} else if err != nil || result.Status != tt.first {
				t.Errorf("got %+v, %v, want %q", result, err, tt.first)
			}
			if s.executions() != tt.booked {
				t.Errorf("got %d executed, want %d", s.executions(), tt.booked)
			}
			for i, want := range tt.looks {
				got, err := s.Lookup(t.Context(), kept[0])
				if got.Status != want || want != "" && err != nil {
					t.Errorf("look-up %d: got %q, %v, want %q", i+1, got.Status, err, want)
				}
			}
		})
	}
}

// TestLimitedOnce is the scenario in which every call has to be made twice. The second step is not.
func TestLimitedOnce(t *testing.T) {
	s := newShop(t, nil)
	_, _, err := s.pay(mtn(5009), nil)
	wantError(t, err, providers.Refused, "http_429")
	if e := errorOf(t, err); e.RetryAfter != time.Second || e.Message != "Requête ralentie." {
		t.Errorf("got %+v, want it to say how long to wait", e)
	}
	_, kept, err := s.pay(mtn(5009), nil) // a new decision
	wantError(t, err, providers.Unknown, "http_429")
	_, err = s.Lookup(t.Context(), kept[0])
	wantError(t, err, providers.Unknown, "http_429")
	_, err = s.Lookup(t.Context(), kept[0])
	wantError(t, err, providers.Unknown, codeUnfinished)
	if s.executions() != 0 || s.seen.count("cash-out") != 1 {
		t.Errorf("got %d cash-outs, want one and none carried out", s.seen.count("cash-out"))
	}
}

// TestHang is an answer that never ends, from a caller who gives up.
func TestHang(t *testing.T) {
	s := newShop(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, _, err := s.payIn(ctx, mtn(5017), nil)
	wantError(t, err, providers.Unknown, "timeout")
	if s.executions() != 1 {
		t.Errorf("got %d executed, want one", s.executions())
	}
}

func answerOf(w *httptest.ResponseRecorder) httpx.Answer {
	return httpx.Answer{Status: w.Code, Body: w.Body.Bytes()}
}

func TestSimulatorWithoutSettingsTakesAnyKeys(t *testing.T) {
	h := newSimulator(providers.SimulatorConfig{})
	if w := ask(t, h, "GET", pathPlatforms, ""); w.Code != http.StatusOK {
		t.Errorf("got %d, want 200", w.Code)
	}
	if w := ask(t, h, "GET", pathPlatforms, "", func(h http.Header) { h.Del(headerSecret) }); w.Code != http.StatusForbidden {
		t.Errorf("got %d without a key, want 403", w.Code)
	}
}

// TestScenarioTable: what the simulator plays by amount agrees with the shared table where both have it.
func TestScenarioTable(t *testing.T) {
	for last := range int64(100) {
		s := scenarioOf(xof(4200 + last))
		if s != sim.Normal && s != scenarioNoStatus && s != scenarioLimitedOnce && s != sim.ForAmount(xof(4200+last)) {
			t.Errorf("%d: got %s, want %s", last, s, sim.ForAmount(xof(4200+last)))
		}
	}
}
