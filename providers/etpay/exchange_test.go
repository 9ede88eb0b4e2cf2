package etpay

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
)

// TestAnswers: what an answer to a send means for the money.
func TestAnswers(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		kind   providers.Kind
		code   string
		ok     bool
	}{
		{201, `{"payout_token":"po_1","status":"pending","amount":15050,"currency":"CLP"}`, 0, "", true},
		{200, `{"data":{"payout_id":"po_1","payout_status":"pending","amount":15050.00,"currency":"CLP"}}`, 0, "", true},
		{200, `[{"id":"po_1","status":"?"}]`, 0, "", true},
		{202, `{"token":"po_1","id":"7","fee":"a bit"}`, 0, "", true},
		{201, `{"status":"pending"}`, providers.Unknown, httpx.CodeUnreadable, false},
		{201, `{"payout_token":"","payout_id":null}`, providers.Unknown, httpx.CodeUnreadable, false},
		{201, `[{"id":"a"},{"id":"b"}]`, providers.Unknown, httpx.CodeUnreadable, false},
		{201, `[]`, providers.Unknown, httpx.CodeUnreadable, false},
		{201, `{"data":{"data":{"id":"a"}}}`, providers.Unknown, httpx.CodeUnreadable, false},
		{201, ``, providers.Unknown, httpx.CodeUnreadable, false},
		{201, `{"payout_token":"po_1","payout_token":"po_2"}`, providers.Unknown, httpx.CodeUnreadable, false},
		{201, `{"payout_token":"po_1","amount":"a lot","currency":"CLP"}`, providers.Unknown, httpx.CodeUnreadable, false},
		{201, `{"payout_token":"po_1","amount":{"value":15050},"currency":"CLP"}`, providers.Unknown, httpx.CodeUnreadable, false},
		{201, `{"payout_token":"po_1","merchant_code":"cl_other"}`, providers.Unknown, httpx.CodeUnreadable, false},
		{201, `{"message":"no","error_code":"E1"}`, providers.Unknown, httpx.CodeUnreadable, false},
		{422, `{"message":"Saldo insuficiente","error_code":"E7"}`, providers.Refused, "E7", false},
		{422, `{"message":"Saldo insuficiente","data":[]}`, providers.Refused, "http_422", false},
		{400, `{"message":"no"}`, providers.Refused, "http_400", false},
		{422, `{"error":"no"}`, providers.Unknown, "http_422", false},
		{422, `{"error_code":"E7"}`, providers.Unknown, "E7", false},
		{422, `{"message":" "}`, providers.Unknown, "http_422", false},
		{422, `{"message":true}`, providers.Unknown, "http_422", false},
		{422, `{"message":"no","payout_token":"po_1"}`, providers.Unknown, "http_422", false},
		{422, `{"message":"no","payout_token":"po_1","data":{}}`, providers.Unknown, "http_422", false},
		{422, `{"message":"no","data":{"payout_token":"po_1"}}`, providers.Unknown, "http_422", false},
		{422, `{"message":"no","data":[{"id":1}]}`, providers.Unknown, "http_422", false},
		{422, `[{"message":"no"}]`, providers.Unknown, "http_422", false},
		{422, `{"message":"no"} `, providers.Refused, "http_422", false},
		{422, `{"message":"no"}{}`, providers.Unknown, "http_422", false},
		{422, `<html>`, providers.Unknown, "http_422", false},
		{401, `{"message":"no"}`, providers.Unknown, "http_401", false},
		{402, `{"message":"no"}`, providers.Unknown, "http_402", false},
		{403, `{"message":"no"}`, providers.Unknown, "http_403", false},
		{404, `{"message":"no"}`, providers.Unknown, "http_404", false},
		{409, `{"message":"used","error_code":"DUP"}`, providers.Unknown, codeDuplicate, false},
		{429, `{"message":"no"}`, providers.Unknown, "http_429", false},
		{500, `{"message":"no"}`, providers.Unknown, "http_500", false},
	} {
		l := answered(t, test.status, test.body)
		r, err := l.sendOnly(order("DAA", 15_050))
		e := problemOf(err)
		switch {
		case test.ok && (err != nil || r.Attempt.RemoteID != "po_1"):
			t.Errorf("%d %s: got %+v, %v", test.status, test.body, r, err)
		case !test.ok && (err == nil || e.Kind != test.kind || e.Code != test.code || e.Credentials != (test.status == 401)):
			t.Errorf("%d %s: got %+v, want %v, %s", test.status, test.body, err, test.kind, test.code)
		}
	}
}

// TestWords: the company's words and code are shown as they are, and no more than 500 characters of them.
func TestWords(t *testing.T) {
	long := strings.Repeat("ñ", 600)
	for body, want := range map[string]string{
		`{"message":"Saldo insuficiente"}`:                                       "Saldo insuficiente",
		`{"message":"Saldo insuficiente","error_code":"RC01"}`:                   "Saldo insuficiente (RC01)",
		`{"message":"no","error_message":"Cuenta inexistente","error_code":7}`:   "Cuenta inexistente (7)",
		`{"error_code":"RC02"}`:                                                  "RC02",
		`{"message":"x","errors":[{"field":"amount","message":"mayor"}]}`:        "x; amount: mayor",
		`{"message":"x","errors":[{"message":"x"},{"message":"y"}]}`:             "x; y",
		`{"errors":[{"field":"amount","message":"mayor"}],"error_code":"E"}`:     "amount: mayor (E)",
		`{"message":"x","errors":{"amount":["mayor"]}}`:                          "x",
		`{"message":"x","errors":["mayor"]}`:                                     "x",
		`{"message":"` + long + `","error_code":"RC03"}`:                         long[:2*493] + " (RC03)",
		`{"message":"x","error_code":"` + long + `"}`:                            "x (" + long[:2*100] + ")",
		`{"message":"x","errors":[{"field":"a","message":"` + long + `"}]}`:      "x; a: " + long[:2*494],
		`{"message":null,"error_message":null,"error_code":null,"errors":null}`:  "",
		`{"message":{"es":"no"},"error_code":["E"],"errors":"no"}`:               "",
		`{"message":"  dos  palabras \n"}`:                                       "dos  palabras",
		`{"message":"comilla \" y <b>","error_code":"SIM_VALIDATION","more":[]}`: `comilla " y <b> (SIM_VALIDATION)`,
	} {
		members, err := httpx.Members([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if got := message(members); got != want || utf8.RuneCountInString(got) > maxMessage {
			t.Errorf("%.80s: got %q, want %q", body, got, want)
		}
	}
}

// TestDuplicate: the company refuses a reference it knows, which says that the first one exists; which that is, a look-up
// tells.
func TestDuplicate(t *testing.T) {
	l := connect(t, chile)
	first := l.must(order("TWICE", 15_050))
	_, err := l.send(order("TWICE", 15_050))
	if e := problemOf(err); e.Kind != providers.Unknown || e.Code != codeDuplicate || e.Message != "Orden duplicada; merchant_order_id: ya utilizado (SIM_DUPLICATE_ORDER)" {
		t.Errorf("got %v", err)
	}
	r, err := l.Lookup(t.Context(), providers.Attempt{Reference: "TWICE", SentAt: l.now()})
	if err != nil || r.Attempt.RemoteID != first.Attempt.RemoteID {
		t.Errorf("got %+v, %v", r, err)
	}
}

// TestOne: a look-up by number takes the payout of that number, and nothing else for it.
func TestOne(t *testing.T) {
	for body, want := range map[string]providers.Status{
		`{"payout_token":"po_1","status":"completed"}`:                                               providers.Paid,
		`[{"payout_token":"po_1","status":"completed"}]`:                                             providers.Paid,
		`[{"payout_token":"po_0","status":"rejected"},{"payout_token":"po_1","status":"pending"}]`:   providers.Accepted,
		`{"data":[{"payout_token":"po_1","payout_status":"rejected"}]}`:                              providers.Failed,
		`{"data":{"payout_token":"po_1","payout_status":"exitoso"}}`:                                 providers.Paid,
		`{"payout_token":"po_2","status":"completed"}`:                                               "error",
		`[{"payout_token":"po_1","status":"completed"},{"payout_token":"po_1","status":"rejected"}]`: "error",
		`[]`: "error",
		`{"payout_token":"PO_1","status":"completed"}`:                            "error",
		`{"payout_token":"po_1","status":"completed","merchant_code":"cl_other"}`: "error",
		`{"payout_token":"po_1","status":"quantum_hold"}`:                         "",
		`{"payout_token":"po_1"}`:                                                 "",
	} {
		r, err := answered(t, http.StatusOK, body).Lookup(t.Context(), providers.Attempt{RemoteID: "po_1"})
		if want == "error" && (err == nil || providers.KindOf(err) != providers.Unknown) || want != "error" && (err != nil || r.Status != want) {
			t.Errorf("%s: got %q, %v, want %q", body, r.Status, err, want)
		}
	}
	for status, want := range map[int]bool{404: true, 400: false, 403: false, 410: false, 429: false, 500: false} {
		_, err := answered(t, status, `{"message":"no"}`).Lookup(t.Context(), providers.Attempt{RemoteID: "po_1"})
		if e := problemOf(err); e.NotFound != want || e.Kind != providers.Unknown || e.Message != "no" {
			t.Errorf("%d: got %v", status, err)
		}
	}
	_, err := connect(t, chile).Lookup(t.Context(), providers.Attempt{RemoteID: "po/../x?y", Reference: "ANY"})
	if e := problemOf(err); !e.NotFound || e.Kind != providers.Unknown {
		t.Errorf("a number nobody knows: got %v, want nothing found", err)
	}
	if _, err := connect(t, chile).Lookup(t.Context(), providers.Attempt{}); err == nil || problemOf(err).NotFound {
		t.Errorf("nothing to ask for: got %v", err)
	}
}

// TestExplained: why a payout failed is told, and what else may come with one that did not is not taken for that.
func TestExplained(t *testing.T) {
	for word, want := range map[string]string{"rejected": "Cuenta inexistente (RC01)", "fallido": "Cuenta inexistente (RC01)", "quantum_hold": "Cuenta inexistente (RC01)",
		"completed": "", "pending": "", "processing": ""} {
		body := `{"payout_token":"po_1","status":"` + word + `","error_code":"RC01","error_message":"Cuenta inexistente"}`
		if r, err := answered(t, http.StatusOK, body).Lookup(t.Context(), providers.Attempt{RemoteID: "po_1"}); err != nil || r.Message != want {
			t.Errorf("%s: got %q, %v, want %q", word, r.Message, err, want)
		}
	}
}

// TestPrepare: what the account cannot ask for is refused before anything is claimed.
func TestPrepare(t *testing.T) {
	l := connect(t, chile)
	for code, change := range map[string]func(*providers.Order){
		providers.CodeUnknownMethod: func(o *providers.Order) { o.Method = "mx_clabe" },
		codeOrder:                   func(o *providers.Order) { o.Amount = mxn(100) },
	} {
		o := order("PREP", 15_050)
		change(&o)
		if e := problemOf(l.Prepare(t.Context(), o)); e.Kind != providers.Refused || e.Code != code {
			t.Errorf("got %+v, want it refused as %s", e, code)
		}
		if _, err := l.sendOnly(o); providers.KindOf(err) != providers.NotSent && providers.KindOf(err) != providers.Refused {
			t.Errorf("%s sent: got %v", code, err)
		}
	}
	if seen := l.faults.Seen(); len(seen) > 0 {
		t.Errorf("got calls %q, want none", seen)
	}
}

// TestReadBack: what differs in any byte is refused or is another order.
func TestReadBack(t *testing.T) {
	for _, form := range []string{"", rutPlain, rutPadded} {
		a := bare(t)
		settings := testSettings(chile)
		settings[settingRUTForm] = form
		a.cfg.Settings = providers.NewSettings(settings)
		o := order("READ", 15_050)
		body, err := a.encode(o)
		if err != nil {
			t.Fatal(err)
		}
		r := post(pathPayouts)
		rb, err := a.ReadBack(r, body)
		if err != nil || !rb.Moves || !same(o, rb) {
			t.Fatalf("%s: got %+v, %v", form, rb.Order, err)
		}
		for i := range body {
			changed := append([]byte(nil), body...)
			changed[i] ^= 1
			if rb, err := a.ReadBack(r, changed); err == nil && same(o, rb) {
				t.Errorf("byte %d: read as the same: %s", i, changed)
			}
		}
		for _, wrong := range []string{strings.TrimSuffix(string(body), "}") + `,"more":1}`, string(body) + " ", "{}", "",
			strings.Replace(string(body), "merchant_order_id", "MERCHANT_ORDER_ID", 1), strings.Replace(string(body), "15050", "15050.0", 1),
			strings.Replace(string(body), "15050", `"15050"`, 1), strings.Replace(string(body), `"CLP"`, `"MXN"`, 1)} {
			if _, err := a.ReadBack(r, []byte(wrong)); err == nil {
				t.Errorf("accepted: %s", wrong)
			}
		}
		for _, path := range []string{"/v1/refunds", "/v2" + pathPayouts, pathPayouts + "/po_1", pathPayouts + "?dry_run=1"} {
			if _, err := a.ReadBack(post(path), body); err == nil {
				t.Errorf("%s: accepted", path)
			}
		}
	}
}

// TestReadBackSignIn: a sign-in moves nothing, and is made with the credentials of the account alone.
func TestReadBackSignIn(t *testing.T) {
	a := bare(t)
	body, err := a.login()
	if err != nil {
		t.Fatal(err)
	}
	rb, err := a.ReadBack(post(pathLogin), body)
	if diff := cmp.Diff(providers.Readback{}, rb); err != nil || diff != "" {
		t.Errorf("got %v (-want +got):\n%s", err, diff)
	}
	for i := range body {
		changed := append([]byte(nil), body...)
		changed[i] ^= 1
		if _, err := a.ReadBack(post(pathLogin), changed); err == nil {
			t.Errorf("byte %d: accepted: %s", i, changed)
		}
	}
	a.cfg.BaseURL = "https://gateway.paywicket.example/etpay"
	if _, err := a.ReadBack(post("/etpay"+pathLogin), body); err != nil {
		t.Errorf("below the path of the address: %v", err)
	}
	if _, err := a.ReadBack(post(pathLogin), body); err == nil {
		t.Error("outside the path of the address: accepted")
	}
}

// same reports whether a request was read back as an order.
func same(o providers.Order, rb providers.Readback) bool {
	return rb.Order != nil && cmp.Equal(o.Details, rb.Order.Details) && rb.Order.Amount == o.Amount && rb.Order.Reference == o.Reference && rb.Order.CallbackURL == o.CallbackURL
}
