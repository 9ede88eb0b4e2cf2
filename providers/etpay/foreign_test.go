package etpay_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/etpay"
)

// foreign is a merchant's own program, written from the company's pages and nothing of ours: it signs in with the body that
// they print, and verifies a notification as the company's library for payments does.
type foreign struct {
	t     *testing.T
	base  string
	hook  string
	token string
	keys  map[string]string // signature_token by payout_token
	busy  int               // how many notifications to answer 500
	later []func()

	posted int
	told   []string // "reference status" of what was genuine
}

type object = map[string]any

func newForeign(t *testing.T, merchant string) *foreign {
	t.Helper()
	f := &foreign{t: t, keys: map[string]string{}}
	hooks := httptest.NewServer(http.HandlerFunc(f.notified))
	t.Cleanup(hooks.Close)
	company := httptest.NewServer(etpay.Definition().Simulator(providers.SimulatorConfig{
		Settings: map[string]string{"merchant_code": merchant, "merchant_api_token": strings.Repeat("0123456789abcdef", 4), "username": "user@example.com", "password": "example-password"},
		Now:      func() time.Time { return time.Date(2026, 1, 5, 15, 30, 0, 0, time.UTC) },
		Deliver: func(r *http.Request) (providers.Reply, error) {
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				return providers.Reply{}, err
			}
			return providers.Reply{Status: res.StatusCode}, res.Body.Close()
		},
		After: func(_ time.Duration, g func()) { f.later = append(f.later, g) },
	}))
	t.Cleanup(company.Close)
	f.base, f.hook = company.URL, hooks.URL+"/etpay"
	return f
}

// call makes a call as the pages describe it and returns status and JSON.
func (f *foreign) call(method, path, body string) (int, any) {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), method, f.base+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	if f.token != "" {
		req.Header.Set("Authorization", "Bearer "+f.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var said any
	if err := json.NewDecoder(res.Body).Decode(&said); err != nil || !strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		f.t.Fatalf("%s %s: %d, %v, %s", method, path, res.StatusCode, err, res.Header.Get("Content-Type"))
	}
	return res.StatusCode, said
}

// want makes a call that is to be answered with a status and an object.
func (f *foreign) want(status int, method, path, body string) object {
	f.t.Helper()
	got, said := f.call(method, path, body)
	all, ok := said.(object)
	if got != status || !ok {
		f.t.Fatalf("%s %s: got %d, %v, want %d", method, path, got, said, status)
	}
	return all
}

func (f *foreign) signIn(merchant string) {
	f.t.Helper()
	f.token = ""
	said := f.want(http.StatusOK, http.MethodPost, "/v1/auth/login", `{ "username": "user@example.com", "password": "example-password",
		"merchant": { "code": "`+merchant+`", "api_token": "`+strings.Repeat("0123456789abcdef", 4)+`" } }`)
	f.token, _ = said["authorization_token"].(string)
	if f.token == "" || said["expires_in"] != 3600.0 {
		f.t.Fatalf("got %v", said)
	}
}

// pay asks for a payout and keeps what came with the answer.
func (f *foreign) pay(body string) object {
	f.t.Helper()
	said := f.want(http.StatusCreated, http.MethodPost, "/v1/payouts", body)
	id, _ := said["payout_token"].(string)
	key, _ := said["signature_token"].(string)
	if id == "" || key == "" || said["status"] != "pending" {
		f.t.Fatalf("got %v", said)
	}
	f.keys[id] = key
	return said
}

// notified verifies as the Python library does: HS256, with the text of the signature_token as key.
func (f *foreign) notified(w http.ResponseWriter, r *http.Request) {
	f.posted++
	if f.busy > 0 {
		f.busy--
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	var body struct{ JWT string }
	raw, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(raw, &body) != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
		f.t.Errorf("got %s %s: %s", r.Method, r.Header.Get("Content-Type"), raw)
	}
	parts := strings.Split(body.JWT, ".")
	if len(parts) != 3 {
		f.t.Fatalf("got %s", raw)
	}
	var head struct{ Alg, Typ string }
	var claims struct {
		Payout    string  `json:"payout_token"`
		Reference string  `json:"merchant_order_id"`
		Merchant  string  `json:"merchant_code"`
		Amount    float64 `json:"amount"`
		Currency  string  `json:"currency"`
		Status    string  `json:"status"`
		IssuedAt  int64   `json:"iat"`
	}
	for i, v := range []any{&head, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(text, v) != nil {
			f.t.Errorf("got %s", text)
		}
	}
	mac := hmac.New(sha256.New, []byte(f.keys[claims.Payout]))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	if head.Alg != "HS256" || base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) != parts[2] {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if claims.Merchant == "" || claims.Amount <= 0 || claims.Currency == "" || claims.IssuedAt != 1767627000 {
		f.t.Errorf("got %+v", claims)
	}
	f.told = append(f.told, claims.Reference+" "+claims.Status)
	_, _ = io.WriteString(w, `{"received":true}`)
}

func (f *foreign) settle() {
	for len(f.later) > 0 {
		g := f.later[0]
		f.later = f.later[1:]
		g()
	}
}

// TestForeignClient: a client of others signs in, reads its balance, pays, is told, and reads what became of it.
func TestForeignClient(t *testing.T) {
	f := newForeign(t, "cl_sandbox_demo")
	if said := f.want(http.StatusUnauthorized, http.MethodGet, "/v1/balance", ""); said["message"] == "" {
		t.Errorf("without a token: got %v", said)
	}
	f.signIn("cl_sandbox_demo")
	if said := f.want(http.StatusOK, http.MethodGet, "/v1/balance", ""); said["merchant_code"] != "cl_sandbox_demo" || said["currency"] != "CLP" || said["available"] != 1e9 {
		t.Errorf("balance: got %v", said)
	}
	pay := func(reference, amount string) string {
		return `{"merchant_order_id":"` + reference + `","amount":` + amount + `,"currency":"CLP","description":"Pago proveedor","webhook_url":"` + f.hook + `",
			"beneficiary":{"name":"Juana Perez","email":"juana@example.com","document_type":"rut","document_number":"12345678-5","bank_code":"CL_BCI",
			"account_type":"cuenta_corriente","account_number":"00012345678"}}`
	}
	f.busy = 2
	paid := f.pay(pay("PO202601050001", "15000"))
	failed := f.pay(pay("PO202601050002", "15001.00"))
	if said := f.want(http.StatusConflict, http.MethodPost, "/v1/payouts", pay("PO202601050001", "15000")); said["message"] == "" {
		t.Errorf("again: got %v", said)
	}
	// Its program signs in anew when it is refused, and asks once more.
	f.want(http.StatusUnauthorized, http.MethodPost, "/v1/payouts", pay("PO202601050003", "15009"))
	f.signIn("cl_sandbox_demo")
	f.pay(pay("PO202601050003", "15009"))
	f.pay(pay("PO202601050004", "15006")) // a wrong signature first
	f.settle()
	want := map[string]bool{"PO202601050001 completed": true, "PO202601050002 rejected": true, "PO202601050003 completed": true, "PO202601050004 completed": true}
	got := map[string]bool{}
	for _, told := range f.told {
		got[told] = true
	}
	if diff := cmp.Diff(want, got); diff != "" || len(f.told) != 4 || f.posted != 7 {
		t.Errorf("told %q in %d posts (-want +got):\n%s", f.told, f.posted, diff)
	}
	if said := f.want(http.StatusOK, http.MethodGet, "/v1/payouts/"+failed["payout_token"].(string), ""); said["status"] != "rejected" ||
		said["error_code"] != "SIM_ACCOUNT_INVALID" || said["error_message"] != "Cuenta inexistente" || said["processed_at"] != "2026-01-05T15:30:00.000Z" {
		t.Errorf("got %v", said)
	}
	said := f.want(http.StatusOK, http.MethodGet, "/v1/payouts?from=2026-01-05&to=2026-01-05&page=1&per_page=3", "")
	list, _ := said["data"].([]any)
	if first, _ := list[0].(object); len(list) != 3 || said["total"] != 4.0 || first["payout_token"] != paid["payout_token"] || first["status"] != "completed" {
		t.Errorf("got %v", said)
	}
	if said := f.want(http.StatusOK, http.MethodGet, "/v1/payouts?from=2026-01-06&to=2026-01-06&page=1&per_page=3", ""); said["total"] != 0.0 {
		t.Errorf("the next day: got %v", said)
	}
	if said := f.want(http.StatusOK, http.MethodGet, "/v1/balance", ""); said["available"] != 1e9-15000-15009-15006 {
		t.Errorf("balance: got %v", said)
	}
}

// TestForeignClientInMexico pays by CLABE, in the country that the merchant code begins with.
func TestForeignClientInMexico(t *testing.T) {
	f := newForeign(t, "mx_merchant")
	f.signIn("mx_merchant")
	pay := func(reference, amount, clabe string) string {
		return `{"merchant_order_id":"` + reference + `","amount":` + amount + `,"currency":"MXN","description":"Pago servicios","webhook_url":"` + f.hook + `",
			"beneficiary":{"name":"Juan Perez Garcia","account_type":"clabe","account_number":"` + clabe + `"}}`
	}
	if said := f.pay(pay("PO202601050002", "1550.5", "032180000118359719")); said["amount"] != 1550.5 {
		t.Errorf("got %v", said)
	}
	status, list := f.call(http.MethodGet, "/v1/payouts/"+f.pay(pay("PO202601050012", "1512.99", "646180157000000004"))["payout_token"].(string), "")
	if all, ok := list.([]any); status != http.StatusOK || !ok || len(all) != 1 {
		t.Errorf("got %d, %v", status, list)
	}
	said := f.want(http.StatusUnprocessableEntity, http.MethodPost, "/v1/payouts", pay("PO3", "1550.5", "019122219004301156"))
	if errs, _ := said["errors"].([]any); len(errs) != 1 || errs[0].(object)["field"] != "beneficiary.account_number" {
		t.Errorf("got %v", said)
	}
	f.settle()
	if diff := cmp.Diff([]string{"PO202601050002 completed", "PO202601050012 completed"}, f.told); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestForeignSignIn: what is no sign-in of this merchant is refused.
func TestForeignSignIn(t *testing.T) {
	f := newForeign(t, "cl_sandbox_demo")
	good := `{"username":"user@example.com","password":"example-password","merchant":{"code":"cl_sandbox_demo","api_token":"` + strings.Repeat("0123456789abcdef", 4) + `"}}`
	f.want(http.StatusOK, http.MethodPost, "/v1/auth/login", good)
	for _, old := range []string{"user@", "example-password", "cl_sandbox", "0123", `"code"`, `"api_token"`, `"merchant"`} {
		f.want(http.StatusUnauthorized, http.MethodPost, "/v1/auth/login", strings.Replace(good, old, strings.Replace(old, old[1:2], "_", 1), 1))
	}
	// The sample on the page lacks a comma: it is no JSON.
	f.want(http.StatusBadRequest, http.MethodPost, "/v1/auth/login", strings.Replace(good, `,"merchant"`, ` "merchant"`, 1))
	f.want(http.StatusNotFound, http.MethodPost, "/v1/login", good)
}
