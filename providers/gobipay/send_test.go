package gobipay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/sim"
)

// example reads a body of testdata/examples.json.
func example(t *testing.T, name string) json.RawMessage {
	t.Helper()
	data, err := os.ReadFile("testdata/examples.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	var one struct{ Body json.RawMessage }
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(all[name], &one); err != nil {
		t.Fatal(err)
	}
	return one.Body
}

func TestBodyIsTheDocumentedOne(t *testing.T) {
	s := newShop(t, nil)
	o := mtn(5000)
	o.Checkpoint = func(context.Context, providers.Attempt) error { return nil }
	body, err := s.order(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := errors.Join(json.Unmarshal(body, &got), json.Unmarshal(example(t, "init_request"), &want)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-documented +sent:\n%s", diff)
	}
}

func TestSend(t *testing.T) {
	s := newShop(t, nil)
	if err := s.Prepare(t.Context(), mtn(5000)); err != nil {
		t.Fatal(err)
	}
	result, kept, err := s.pay(mtn(5000), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := providers.Result{
		Attempt: providers.Attempt{Reference: mtn(0).Reference, RemoteID: kept[0].RemoteID, Kept: map[string]string{keptCashOut: keptTaken}},
		Status:  providers.Accepted, Word: wordProcessing,
	}
	if diff := cmp.Diff(want, result); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(mtn(5000).Details, s.executed[0].Order.Details); diff != "" || s.executed[0].RemoteID != kept[0].RemoteID {
		t.Errorf("executed (-want +got):\n%s", diff)
	}
	for i, want := range []providers.Status{providers.Accepted, providers.Paid} {
		got, err := s.Lookup(t.Context(), result.Attempt)
		if err != nil || got.Status != want || got.Attempt.RemoteID != kept[0].RemoteID {
			t.Errorf("look-up %d: got %+v, %v, want %s", i+1, got, err, want)
		}
	}
	if n := s.seen.count("arguments"); n != 1 {
		t.Errorf("arguments were read %d times, want once: Send remembers what Prepare read", n)
	}
}

func TestSendFromAnXAFStore(t *testing.T) {
	s := newShopWith(t, nil, with(testSettings(), settingCurrency, currencyXAF))
	o := providers.Order{
		Method: "MTN_CMR_XAF", Amount: money.Amount{Minor: 7500, Currency: currencyXAF},
		Details: map[string]string{"phone_number": "237670000000"},
	}
	if _, _, err := s.pay(o, nil); err != nil || s.executed[0].Order.Amount != o.Amount {
		t.Errorf("got %v and %+v, want it paid in XAF", err, s.executed)
	}
}

func TestNoCashOutUnlessTheIdentifierIsStored(t *testing.T) {
	s := newShop(t, nil)
	_, kept, err := s.pay(mtn(5000), errors.New("disk full"))
	wantError(t, err, providers.NotSent, codeCheckpoint)
	if len(kept) != 1 || s.seen.count("cash-out") != 0 || s.executions() != 0 {
		t.Errorf("got %d checkpoints, %d cash-outs, want one and none", len(kept), s.seen.count("cash-out"))
	}
	_, err = s.Send(t.Context(), mtn(5000)) // nowhere to store it
	wantError(t, err, providers.NotSent, codeCheckpoint)
	if n := s.seen.count("init"); n != 1 {
		t.Errorf("got %d withdrawals opened, want none without a checkpoint", n-1)
	}
}

// TestCrashBetween is a process that dies after the identifier was stored and before the second step left.
func TestCrashBetween(t *testing.T) {
	s := newShop(t, nil)
	_, kept, _ := s.pay(mtn(5000), errors.New("killed"))
	s.open(s.base.String(), testSettings())
	for range 3 {
		got, err := s.Lookup(t.Context(), kept[0])
		wantError(t, err, providers.Unknown, codeUnfinished)
		if got.Status != "" {
			t.Errorf("got status %q, want none: nothing says that it was finished, nor that it was not", got.Status)
		}
	}
	if s.seen.count("cash-out") != 0 || s.executions() != 0 {
		t.Error("a look-up finished the withdrawal")
	}
}

// TestCashOutIsNeverRefused is the reject list of the second step: it is empty.
func TestCashOutIsNeverRefused(t *testing.T) {
	faults := map[string]sim.Fault{"400 detail": jsonFault(400, `{"non_field_errors":["Transaction déjà finalisée."]}`)}
	for _, code := range []int{400, 401, 402, 403, 404, 405, 409, 415, 422, 429, 451, 500, 501, 502, 503, 504} {
		faults[fmt.Sprint(code)] = sim.Status(code)
	}
	for i, body := range []string{``, `null`, `"ok"`, `[]`, `[{"status":"SUCCESS"}]`, `{"status":"SUCC`, `<html></html>`, `{}{}`} {
		faults[fmt.Sprint("200 ", i)] = jsonFault(200, body)
	}
	for name, fault := range faults {
		for _, booked := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " booked ", booked), func(t *testing.T) {
				s := newShop(t, nil)
				if booked {
					s.faults.After(sim.Path("POST", "/cash-out/"), fault)
				} else {
					s.faults.Next(sim.Path("POST", "/cash-out/"), fault)
				}
				_, kept, err := s.pay(mtn(5000), nil)
				wantError(t, err, providers.Unknown, "")
				if len(kept) != 1 || s.seen.count("cash-out") != 1 {
					t.Errorf("got %d checkpoints and %d cash-outs, want one each", len(kept), s.seen.count("cash-out"))
				}
			})
		}
	}
}

func jsonFault(status int, body string) sim.Fault {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// TestInit is the first step: any 4xx refuses, anything else that goes wrong leaves it not sent.
func TestInit(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		kind   providers.Kind
		code   string
	}{
		{"balance", 400, `{"amount":["Solde insuffisant."]}`, providers.Refused, "http_400"},
		{"keys", 403, `{"detail":"Clés de boutique invalides."}`, providers.Refused, "http_403"},
		{"firewall", 403, `<h1>Blocked</h1>`, providers.Refused, "http_403"},
		{"keys, other code", 401, `{}`, providers.Refused, "http_401"},
		{"too many", 429, `{"detail":"Requête ralentie."}`, providers.Refused, "http_429"},
		{"page", 404, `<h1>Not found</h1>`, providers.Refused, "http_404"},
		{"crash", 500, `<h1>Server Error</h1>`, providers.NotSent, "http_500"},
		{"bad gateway", 502, ``, providers.NotSent, "http_502"},
		{"empty", 201, ``, providers.NotSent, httpx.CodeUnreadable},
		{"list", 201, `[]`, providers.NotSent, httpx.CodeUnreadable},
		{"null", 201, `null`, providers.NotSent, httpx.CodeUnreadable},
		{"no identifier", 201, `{"status":"PENDING"}`, providers.NotSent, codeNoID},
		{"empty identifier", 201, `{"identifier":"","id":null}`, providers.NotSent, codeNoID},
		{"identifier of a path", 201, `{"identifier":".."}`, providers.NotSent, codeNoID},
		{"identifier of two lines", 201, `{"identifier":"a\nb"}`, providers.NotSent, codeNoID},
		{"object as identifier", 201, `{"identifier":{"id":"a"}}`, providers.NotSent, codeNoID},
		{"long identifier", 201, `{"identifier":"` + strings.Repeat("a", maxWithdraw+1) + `"}`, providers.NotSent, codeNoID},
		{"another amount", 201, `{"identifier":"a","amount":"50.00"}`, providers.NotSent, codeDiffers},
		{"a fraction", 201, `{"identifier":"a","amount":"5000.50"}`, providers.NotSent, codeDiffers},
		{"no figure", 201, `{"identifier":"a","amount":"cinq mille"}`, providers.NotSent, codeDiffers},
		{"object as amount", 201, `{"identifier":"a","amount":{"value":50}}`, providers.NotSent, codeDiffers},
		{"another currency", 201, `{"identifier":"a","amount":5000,"currency":"EUR"}`, providers.NotSent, codeDiffers},
		{"another platform", 201, `{"identifier":"a","to_plateform_money":"MOOV_BEN_XOF"}`, providers.NotSent, codeDiffers},
		{"failed", 201, `{"identifier":"a","status":"FAILED","message":"Numéro inconnu"}`, providers.NotSent, codeOpened},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t, nil)
			s.faults.Next(sim.Path("POST", pathInit), jsonFault(tt.status, tt.body))
			_, kept, err := s.pay(mtn(5000), nil)
			wantError(t, err, tt.kind, tt.code)
			if len(kept) != 0 || s.seen.count("cash-out") != 0 {
				t.Errorf("got %d checkpoints and %d cash-outs, want none", len(kept), s.seen.count("cash-out"))
			}
			if wantKeys := strings.HasPrefix(tt.name, "keys"); errorOf(t, err).Credentials != wantKeys {
				t.Errorf("got %v for a %d, want it to say keys were refused: %v", err, tt.status, wantKeys)
			}
		})
	}
}

// TestIdentifierInEachPlace opens with answers of other shapes, and finishes the withdrawal they name.
func TestIdentifierInEachPlace(t *testing.T) {
	tests := []struct{ body, path string }{
		{`{"identifier":"w-1","id":7}`, "/gobipay/withdraw/w-1/cash-out/"},
		{`{"status":"success","data":{"identifier":"w-1"}}`, "/gobipay/withdraw/w-1/cash-out/"},
		{`{"slug":"outer","data":{"exchange_transaction":{"identifier":"w-1"}}}`, "/gobipay/withdraw/w-1/cash-out/"},
		{`{"exchange_transaction":{"slug":"w-1","id":3}}`, "/gobipay/withdraw/w-1/cash-out/"},
		{`{"data":{"uuid":"w-1","id":3}}`, "/gobipay/withdraw/w-1/cash-out/"},
		{`{"id":12345678901234567890}`, "/gobipay/withdraw/12345678901234567890/cash-out/"},
		{`{"identifier":"a/b?c#d%e"}`, "/gobipay/withdraw/a%2Fb%3Fc%23d%25e/cash-out/"},
		{`{"identifier":"init"}`, "/gobipay/withdraw/init/cash-out/"},
	}
	for _, tt := range tests {
		s := newShop(t, nil)
		s.faults.Next(sim.Path("POST", pathInit), jsonFault(201, tt.body))
		s.faults.Next(sim.Path("POST", "/cash-out/"), jsonFault(200, `{}`))
		result, kept, err := s.pay(mtn(5000), nil)
		if err != nil || len(kept) != 1 || result.Status != providers.Accepted {
			t.Errorf("%s: got %+v, %v, want it accepted", tt.body, result, err)
		}
		if s.seen.count("POST "+tt.path) != 1 {
			t.Errorf("%s: got %q, want a POST to %s", tt.body, s.seen.all, tt.path)
		}
	}
}

// changed answers lists that changed after the draft was written.
func changed(t *testing.T, arguments string) *shop {
	t.Helper()
	return newShop(t, answering(map[string]string{
		pathPlatforms: `[{"identifier":"MTN_BEN_XOF"}]`, platformID("MTN_BEN_XOF").argumentsPath(): arguments,
	}))
}

func TestArgumentsThatChangedSinceTheDraft(t *testing.T) {
	const phone = `{"name":"phone_number","type":"phone","regex":"^229[0-9]{10}$"}`
	tests := []struct{ name, arguments, names string }{
		{"one more", `[` + phone + `,{"name":"fullname","type":"string"},{"name":"city","type":"string"}]`, "city"},
		{"one gone", `[` + phone + `]`, "fullname"},
		{"renamed", `[` + phone + `,{"name":"full_name","type":"string"}]`, "full_name, fullname"},
		{"another pattern", `[{"name":"phone_number","type":"phone","regex":"^229[0-9]{8}$"},{"name":"fullname","type":"string"}]`, "phone_number"},
		{"other options", `[` + phone + `,{"name":"fullname","type":"select","options":["A"]}]`, "fullname"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := changed(t, tt.arguments)
			err := s.Prepare(t.Context(), mtn(5000))
			wantError(t, err, providers.Refused, codeFields)
			if said := errorOf(t, err).Message; !strings.HasSuffix(said, ": "+tt.names) || strings.Contains(said, "229") {
				t.Errorf("got %q, want it to name %s and no value", said, tt.names)
			}
			_, _, err = s.pay(mtn(5000), nil) // nobody may get around it
			wantError(t, err, providers.NotSent, codeFields)
			if s.seen.count("POST") != 0 {
				t.Error("something was sent")
			}
		})
	}
	optional := changed(t, `[`+phone+`,{"name":"fullname","type":"name"},{"name":"city","type":"string","required":false}]`)
	if err := optional.Prepare(t.Context(), mtn(5000)); err != nil {
		t.Errorf("one more that is optional: got %v", err)
	}
}

func TestPrepareRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(*providers.Order)
		code   string
	}{
		{"other currency", func(o *providers.Order) { o.Amount.Currency = "XAF" }, codeCurrency},
		{"nothing", func(o *providers.Order) { o.Amount.Minor = 0 }, codeAmount},
		{"less than nothing", func(o *providers.Order) { o.Amount.Minor = -5 }, codeAmount},
		{"inactive platform", func(o *providers.Order) { o.Method = "CELTIIS_BEN_XOF" }, providers.CodeUnknownMethod},
		{"platform of another currency", func(o *providers.Order) { o.Method = "MTN_CMR_XAF" }, providers.CodeUnknownMethod},
		{"no platform", func(o *providers.Order) { o.Method = "../x" }, providers.CodeUnknownMethod},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t, nil)
			o := mtn(5000)
			tt.change(&o)
			wantError(t, s.Prepare(t.Context(), o), providers.Refused, tt.code)
			if tt.code != providers.CodeUnknownMethod || !platformID(o.Method).valid() {
				_, _, err := s.pay(o, nil)
				wantError(t, err, providers.NotSent, tt.code)
			}
			if s.seen.count("POST") != 0 {
				t.Error("something was sent")
			}
		})
	}
}

// TestTypesAreReadAgainAfterARestart sends with an adapter that remembers nothing.
func TestTypesAreReadAgainAfterARestart(t *testing.T) {
	s := newShop(t, nil)
	if _, _, err := s.pay(mtn(5000), nil); err != nil {
		t.Fatal(err)
	}
	if n := s.seen.count("arguments"); n != 1 {
		t.Errorf("arguments were read %d times, want once", n)
	}
	s.open(s.base.String(), testSettings())
	s.faults.Next(sim.Path("GET", "/arguments/"), sim.BadGateway)
	_, _, err := s.pay(mtn(5000), nil)
	wantError(t, err, providers.NotSent, "http_502")
	if s.seen.count("init") != 1 {
		t.Error("a withdrawal was opened without knowing the types")
	}
}

// TestTypeGoesBackUntouched uses a type in odd letters: the simulator of the others would not take another one.
func TestTypeGoesBackUntouched(t *testing.T) {
	var sent initBody
	mux := http.NewServeMux()
	mux.Handle("GET /", answering(map[string]string{
		platformID("MTN_BEN_XOF").argumentsPath(): `[{"name":"fullname","type":" Näme<1> "},{"name":"phone_number","type":"PHONE"}]`,
	}))
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			t.Error(err)
		}
		deny(w, http.StatusBadRequest, "non")
	})
	_, _, err := newShop(t, mux).pay(mtn(5000), nil)
	wantError(t, err, providers.Refused, "http_400")
	want := []initArg{{"fullname", "Awa Dossou", " Näme<1> "}, {"phone_number", "2290190000000", "PHONE"}}
	if diff := cmp.Diff(want, sent.Args); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestLookup(t *testing.T) {
	taken := map[string]string{keptCashOut: keptTaken}
	tests := []struct {
		name   string
		status int
		body   string
		kept   map[string]string
		want   providers.Status
		remote string
		kind   providers.Kind
		code   string // empty: no error
	}{
		{name: "paid", status: 200, body: string(example(t, "status_response")), want: providers.Paid, remote: exampleID},
		{name: "named by another key", status: 200, body: `{"uuid":"` + exampleID + `","status":"SUCCESS"}`, want: providers.Paid, remote: exampleID},
		{name: "paid, nobody named", status: 200, body: `{"status":"SUCCESS"}`},
		{name: "failed, nobody named", status: 200, body: `{"data":{"status":"FAILED","id":5}}`},
		{name: "under way, nobody named", status: 200, body: `{"status":"PROCESSING"}`, want: providers.Accepted},
		{name: "somebody else", status: 200, body: `{"identifier":"other","status":"SUCCESS"}`, remote: "other"},
		{name: "an envelope that succeeded", status: 200, body: `{"status":"success","data":{"identifier":"` + exampleID + `","status":"PROCESSING"}}`, remote: exampleID},
		{name: "an envelope of numbers", status: 200, body: `{"status":200,"identifier":"` + exampleID + `","transaction_status":"PAID"}`, remote: exampleID},
		{name: "no word", status: 200, body: `{"identifier":"` + exampleID + `"}`, remote: exampleID},
		{name: "an amount nobody can read", status: 200, body: `{"identifier":"` + exampleID + `","status":"PAID","amount":[]}`, remote: exampleID},
		{name: "only opened", status: 200, body: `{"identifier":"` + exampleID + `","status":"pending"}`, kind: providers.Unknown, code: codeUnfinished},
		{name: "opened, and finished as we know", status: 200, body: `{"identifier":"` + exampleID + `","status":"pending"}`, kept: taken, want: providers.Accepted, remote: exampleID},
		{name: "no route", status: 404, body: `{"detail":"Pas trouvé."}`, kind: providers.Unsupported, code: codeNoStatus},
		{name: "no route, a page", status: 404, body: `<h1>404</h1>`, kind: providers.Unsupported, code: codeNoStatus},
		{name: "not that verb", status: 405, body: `{}`, kind: providers.Unsupported, code: codeNoStatus},
		{name: "too many", status: 429, body: `{}`, kind: providers.Unknown, code: "http_429"},
		{name: "bad request", status: 400, body: `{"status":"FAILED"}`, kind: providers.Unknown, code: "http_400"},
		{name: "crash", status: 500, body: `{"status":"FAILED"}`, kind: providers.Unknown, code: "http_500"},
		{name: "page", status: 200, body: `<h1>SUCCESS</h1>`, kind: providers.Unknown, code: httpx.CodeUnreadable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t, http.HandlerFunc(jsonFault(tt.status, tt.body)))
			got, err := s.Lookup(t.Context(), providers.Attempt{Reference: "R", RemoteID: exampleID, Kept: tt.kept})
			if tt.code != "" {
				wantError(t, err, tt.kind, tt.code)
				return
			}
			if err != nil || got.Status != tt.want || got.Attempt.RemoteID != tt.remote {
				t.Errorf("got %+v, %v, want status %q about %q", got, err, tt.want, tt.remote)
			}
		})
	}
	_, err := newShop(t, nil).Lookup(t.Context(), providers.Attempt{Reference: "R"})
	wantError(t, err, providers.Unsupported, codeNoID)
}

const exampleID = "0b0f6c1e-8c0e-4c55-9a53-6f3f0d6a1a11"

func TestLookupCarriesWhatIsThere(t *testing.T) {
	s := newShop(t, http.HandlerFunc(jsonFault(200, `{"data":{"identifier":"`+exampleID+`","status":"Success","amount":"5000.00",
		"currency":{"code":"XOF"},"fees":50,"to_plateform_money":"MTN_BEN_XOF","message":"Paiement effectué"}}`)))
	got, err := s.Lookup(t.Context(), providers.Attempt{RemoteID: exampleID})
	want := providers.Result{
		Attempt: providers.Attempt{RemoteID: exampleID}, Status: providers.Paid, Word: "Success",
		Amount: xof(5000), Fee: xof(50), Method: "MTN_BEN_XOF", Message: "Paiement effectué",
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestCashOutAnswers(t *testing.T) {
	tests := []struct {
		body   string
		want   providers.Status
		remote string
	}{
		{string(example(t, "cash_out_response")), providers.Accepted, exampleID},
		{`{}`, providers.Accepted, exampleID},
		{`{"message":"ok"}`, providers.Accepted, exampleID},
		{`{"status":"pending"}`, providers.Accepted, exampleID},
		{`{"identifier":"` + exampleID + `","status":"success"}`, providers.Paid, exampleID},
		{`{"identifier":"` + exampleID + `","status":"canceled"}`, providers.Failed, exampleID},
		{`{"status":"success"}`, "", exampleID},
		{`{"status":"on_hold"}`, "", exampleID},
		{`{"status":false}`, "", exampleID},
		{`{"identifier":"other","status":"SUCCESS"}`, "", "other"},
	}
	for _, tt := range tests {
		s := newShop(t, nil)
		s.faults.Next(sim.Path("POST", pathInit), jsonFault(201, `{"identifier":"`+exampleID+`"}`))
		s.faults.Next(sim.Path("POST", "/cash-out/"), jsonFault(200, tt.body))
		got, _, err := s.pay(mtn(5000), nil)
		if err != nil || got.Status != tt.want || got.Attempt.RemoteID != tt.remote || got.Attempt.Reference != mtn(0).Reference {
			t.Errorf("%s: got %+v, %v, want status %q about %q", tt.body, got, err, tt.want, tt.remote)
		}
	}
}
