package etpay

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
)

// example is one example of a request or an answer.
func example(t *testing.T, name string) record {
	t.Helper()
	var file map[string]record
	var raw map[string]json.RawMessage
	body, err := os.ReadFile("testdata/examples.json")
	if err == nil {
		err = json.Unmarshal(body, &raw)
	}
	if err == nil {
		delete(raw, "_about")
		body, err = json.Marshal(raw)
	}
	if err == nil {
		err = json.Unmarshal(body, &file)
	}
	if err != nil || len(file[name]) == 0 {
		t.Fatalf("%s: %v", name, err)
	}
	return file[name]
}

// TestExampleRequests: what the adapter posts is the example, member by member, to the digits of its amounts.
func TestExampleRequests(t *testing.T) {
	chilean := providers.Order{Reference: "PO202601050001", Method: "cl_bank", Amount: clp(15_000), CallbackURL: "https://pay.example.com/hooks/etpay/1",
		Description: "the reason, which is for the approvers alone",
		Details: map[string]string{fieldName: "Juana Perez", fieldEmail: "juana@example.com", fieldRUT: "12345678-5", fieldBank: "cl_bci", fieldKind: "cuenta_corriente",
			fieldAccount: "12345678", fieldText: "Pago proveedor"}}
	mexican := providers.Order{Reference: "PO202601050002", Method: "mx_clabe", Amount: mxn(150_050), CallbackURL: "https://pay.example.com/hooks/etpay/1",
		Details: map[string]string{fieldName: "Juan Perez Garcia", fieldClabe: "032180000118359719", fieldText: "Pago servicios"}}
	for name, test := range map[string]struct {
		country string
		order   providers.Order
		more    map[string]any // what we send besides the example
		amount  string
	}{
		"create_request_cl": {chile, chilean, nil, "15000"},
		"create_request_mx": {mexico, mexican, map[string]any{"webhook_url": "https://pay.example.com/hooks/etpay/1"}, "1500.50"},
	} {
		e := example(t, name)
		a := bare(t)
		var err error
		if a.country, err = countryOf(providers.NewSettings(testSettings(test.country)), false); err != nil {
			t.Fatal(err)
		}
		body, err := a.encode(test.order)
		if err != nil {
			t.Fatal(err)
		}
		var got, want map[string]any
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(e["body"], &want); err != nil {
			t.Fatal(err)
		}
		for k, v := range test.more {
			want[k] = v
		}
		if diff := cmp.Diff(want, got); diff != "" || e.text("path") != pathPayouts {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if !bytes.Contains(body, []byte(`"amount":`+test.amount+`,`)) {
			t.Errorf("%s: got %s, want the amount as %s", name, body, test.amount)
		}
	}
}

// TestExampleSignIn: the sign-in is the documented one, which is the only thing in the file that is.
func TestExampleSignIn(t *testing.T) {
	e := example(t, "login_request")
	var asked record
	l := handled(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method+" "+r.URL.Path != e.text("method")+" "+e.text("path") || r.Header.Get("Content-Type") != "application/json" || r.Header.Get(header) != "" {
			t.Errorf("got %s %s, %v", r.Method, r.URL, err)
		}
		asked = record{"body": body}
		_, _ = w.Write(example(t, "login_response")["body"])
	})
	l.session.drop("token-in-memory")
	l.cfg.Settings = providers.NewSettings(map[string]string{settingUser: "user@example.com", settingPassword: "example-password",
		settingMerchant: "cl_sandbox_demo", settingToken: "example-token-64-characters"})
	if token, err := l.token(t.Context(), 0); err != nil || token != "eyJhbGciOi..." {
		t.Errorf("got %q, %v", token, err)
	}
	var want bytes.Buffer
	if err := json.Compact(&want, e["body"]); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(asked["body"])); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestExampleAnswers: every example of an answer is read whole.
func TestExampleAnswers(t *testing.T) {
	body := func(name string) string { return string(example(t, name)["body"]) }
	created, err := answered(t, http.StatusCreated, body("create_response")).sendOnly(order("PO202601050001", 15_000))
	at := providers.Attempt{Reference: "PO202601050001", RemoteID: "po_7f3c2a90"}
	want := providers.Result{Attempt: at, Status: providers.Accepted, Word: "pending", Amount: clp(15_000)}
	want.Attempt.Kept = map[string]string{keptKey: knownKey}
	if diff := cmp.Diff(want, created); err != nil || diff != "" {
		t.Errorf("create: %v (-want +got):\n%s", err, diff)
	}
	shown, err := answered(t, http.StatusOK, body("status_response")).Lookup(t.Context(), providers.Attempt{RemoteID: at.RemoteID})
	want = providers.Result{Attempt: at, Status: providers.Failed, Word: "rejected", Amount: clp(15_000), Message: "Cuenta inexistente (SIM_ACCOUNT_INVALID)"}
	if diff := cmp.Diff(want, shown); err != nil || diff != "" {
		t.Errorf("status: %v (-want +got):\n%s", err, diff)
	}
	found, err := answered(t, http.StatusOK, body("range_response")).Lookup(t.Context(), providers.Attempt{Reference: at.Reference})
	want = providers.Result{Attempt: at, Status: providers.Paid, Word: "completed", Amount: clp(15_000)}
	if diff := cmp.Diff(want, found); err != nil || diff != "" {
		t.Errorf("range: %v (-want +got):\n%s", err, diff)
	}
	balance, err := answered(t, http.StatusOK, body("balance_response")).Balance(t.Context())
	if diff := cmp.Diff([]money.Amount{clp(1_000_000)}, balance); err != nil || diff != "" {
		t.Errorf("balance: %v (-want +got):\n%s", err, diff)
	}
	_, err = answered(t, http.StatusUnprocessableEntity, body("error_response")).sendOnly(order("PO202601050001", 15_000))
	if e := problemOf(err); e.Kind != providers.Refused || e.Code != "SIM_INSUFFICIENT_BALANCE" || e.Message != "Saldo insuficiente; amount: mayor al saldo disponible (SIM_INSUFFICIENT_BALANCE)" {
		t.Errorf("error: got %v", err)
	}
	claims := string(example(t, "webhook_request")["claims"])
	event, err := bare(t).hear(t.Context(), posted(forge(`{"alg":"HS256","typ":"JWT"}`, claims, knownKey)), knownKey)
	if problemOf(err).Steps == nil || event.Name != "" {
		t.Errorf("webhook: its reference is not that of the vector's payout, and it was accepted: %+v", event)
	}
}

// TestBalanceAnswers: no figure, no balance.
func TestBalanceAnswers(t *testing.T) {
	for body, good := range map[string]bool{
		`{"data":{"currency":"clp","available":"15000.00"}}`:                  true,
		`[{"currency":"CLP","available":0}]`:                                  true,
		`{"currency":"CLP"}`:                                                  false,
		`{"available":5}`:                                                     false,
		`{"currency":"CLP","available":null}`:                                 false,
		`{"currency":"CLP","available":5.5}`:                                  false,
		`{"currency":"CLP","available":5,"merchant_code":"cl_other"}`:         false,
		`[{"currency":"CLP","available":5},{"currency":"MXN","available":5}]`: false,
		`{"currency":"CLP","currency":"MXN","available":5}`:                   false,
		`[]`:     false,
		`<html>`: false,
	} {
		if all, err := answered(t, http.StatusOK, body).Balance(t.Context()); (err == nil) != good {
			t.Errorf("%s: got %v, %v", body, all, err)
		}
	}
	if _, err := answered(t, http.StatusForbidden, `{"message":"no","error_code":"IP"}`).Balance(t.Context()); problemOf(err).Message != "no (IP)" {
		t.Errorf("got %v", err)
	}
}
