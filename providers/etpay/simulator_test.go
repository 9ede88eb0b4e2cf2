package etpay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
)

// TestScenarios of the company's own, and its switches.
func TestScenarios(t *testing.T) {
	for _, test := range []struct {
		whole    int64
		switches []string
		answers  []int
		hooks    int
		status   providers.Status
		message  string
	}{
		{15_001, nil, nil, 1, providers.Failed, "Cuenta inexistente (SIM_ACCOUNT_INVALID)"},
		{15_005, nil, nil, 3, providers.Paid, ""},
		{15_006, nil, nil, 2, providers.Paid, ""},
		{15_007, nil, nil, 0, providers.Paid, ""},
		{15_008, nil, nil, 2, providers.Failed, "Fondos devueltos por el banco (SIM_RETURNED)"},
		{15_010, nil, nil, 1, providers.Paid, ""},
		{15_011, nil, nil, 1, providers.Failed, "Cuenta inexistente"},
		{15_012, nil, nil, 1, providers.Paid, ""},
		{15_050, nil, []int{500, 404, 503, 200}, 4, providers.Paid, ""},
		{15_050, nil, []int{500, 404, 503, 500, 200}, 4, providers.Paid, ""},
		{15_050, []string{wrapped, opaqueSessions}, nil, 1, providers.Paid, ""},
		{15_050, []string{briefSessions}, nil, 1, providers.Paid, ""},
		{15_050, []string{otherNames, wrapped, smallPages}, nil, 1, providers.Paid, ""},
		{15_001, []string{noCodes}, nil, 1, providers.Failed, "Cuenta inexistente"},
		{15_050, []string{approvalByWebhook}, nil, 2, providers.Paid, ""},
		{15_050, []string{approvalByWebhook}, []int{404}, 2, providers.Failed, "Rechazado (SIM_BANK_REJECTED)"},
	} {
		t.Run(fmt.Sprint(test.whole, test.switches, test.answers), func(t *testing.T) {
			l := connect(t, chile, test.switches...)
			l.answers = test.answers
			sent := l.must(order("SCEN", test.whole))
			l.settle()
			var r providers.Result
			for range 5 {
				var err error
				if r, err = l.Lookup(t.Context(), sent.Attempt); err != nil {
					t.Fatal(err)
				}
				l.settle()
			}
			if r.Status != test.status || r.Message != test.message || len(l.hooks) != test.hooks {
				t.Errorf("got %q, %q and %d webhooks", r.Status, r.Message, len(l.hooks))
			}
			wantHeard(t, l, sent, test.whole == 15_006)
		})
	}
}

// wantHeard: the last webhook says what the look-up says, and each is verified with the key of the payout, but for a forged
// first one.
func wantHeard(t *testing.T, l *line, sent providers.Result, forged bool) {
	t.Helper()
	for i, body := range l.hooks {
		event, err := l.ReadWebhook(t.Context(), providers.Webhook{Body: []byte(body), Find: l.finds(sent.Attempt)})
		if forged && i == 0 {
			if err == nil {
				t.Error("the forged webhook: accepted")
			}
			continue
		}
		if err != nil {
			t.Errorf("webhook %d: %v", i, err)
		}
		if event.Result.Attempt.RemoteID != sent.Attempt.RemoteID {
			t.Errorf("webhook %d: got %+v", i, event.Result)
		}
	}
}

// TestThirdRead: no webhook, and completed after three looks.
func TestThirdRead(t *testing.T) {
	l := connect(t, chile)
	sent := l.must(order("QUIET", 15_007))
	var got []providers.Status
	for range 5 {
		r, err := l.Lookup(t.Context(), sent.Attempt)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.Status)
	}
	if diff := cmp.Diff([]providers.Status{"accepted", "accepted", "accepted", "paid", "paid"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestReversal: the money comes back five seconds after the payout was completed, in whole steps.
func TestReversal(t *testing.T) {
	l := connect(t, chile)
	before := l.balance()
	l.must(order("BACK", 15_008))
	if got := l.balance(); got != before-15_008 {
		t.Errorf("sent: got %d, want %d", got, before-15_008)
	}
	l.settle()
	if got := l.balance(); got != before {
		t.Errorf("returned: got %d, want %d", got, before)
	}
	if last := l.waits[len(l.waits)-1]; last != 6*time.Second {
		t.Errorf("got %s, want three steps of two seconds", last)
	}
}

func (l *line) balance() int64 {
	l.t.Helper()
	all, err := l.Balance(l.t.Context())
	if err != nil || len(all) != 1 || all[0].Currency != l.country.method.Currency {
		l.t.Fatalf("got %v, %v", all, err)
	}
	return all[0].Minor
}

// TestExpiredOnce: a token that is treated as expired is so once for a payout; asked for again by somebody, it is booked.
func TestExpiredOnce(t *testing.T) {
	l := connect(t, chile)
	if _, err := l.send(order("ONCE", 15_009)); err == nil || providers.KindOf(err) != providers.Unknown {
		t.Errorf("got %v, want it unknown", err)
	}
	l.must(order("ONCE", 15_009))
	if got := l.balance(); got != funds-15_009 {
		t.Errorf("got balance %d, want it booked once", got)
	}
}

// funds is the balance at first, in pesos of Chile.
const funds = 1_000_000_000

// TestApproval: the payout waits for the answer to its first webhook, whatever the time; refused, its money comes back.
func TestApproval(t *testing.T) {
	for _, test := range []struct {
		answer int
		words  []string
		left   int64
	}{{200, []string{"pending", "pending", "completed"}, funds - 15_050}, {302, []string{"pending", "pending", "rejected"}, funds}} {
		l := connect(t, chile, approvalByWebhook)
		l.answers = []int{test.answer}
		sent := l.must(order("APPROVE", 15_050))
		var words []string
		look := func() {
			r, err := l.Lookup(t.Context(), sent.Attempt)
			if err != nil {
				t.Error(err)
			}
			words = append(words, r.Word)
		}
		look()
		l.heard = func() {
			if len(l.hooks) == 1 {
				look()
			}
		}
		if len(l.later) != 1 {
			t.Fatalf("got %d steps planned, want the webhook alone", len(l.later))
		}
		l.settle()
		look()
		if diff := cmp.Diff(test.words, words); diff != "" || l.balance() != test.left || len(l.hooks) != 2 {
			t.Errorf("%d: got balance %d and %d webhooks (-want +got):\n%s", test.answer, l.balance(), len(l.hooks), diff)
		}
	}
}

// TestHookRepeats: 1 s, 5 s, 30 s, and no more.
func TestHookRepeats(t *testing.T) {
	l := connect(t, chile)
	l.answers = []int{500, 500, 500, 500, 500, 500}
	l.must(order("REPEAT", 15_050))
	l.settle()
	var gaps []time.Duration
	for _, d := range l.waits {
		if d != 2*time.Second { // the pace of states
			gaps = append(gaps, d)
		}
	}
	if diff := cmp.Diff([]time.Duration{time.Second, 5 * time.Second, 30 * time.Second}, gaps); diff != "" || len(l.hooks) != 4 {
		t.Errorf("got %d webhooks (-want +got):\n%s", len(l.hooks), diff)
	}
}

// TestNoWebhookKeys: without the key of a payout its webhooks only have the company asked.
func TestNoWebhookKeys(t *testing.T) {
	l := connect(t, chile, noWebhookKeys)
	sent := l.must(order("NOKEY", 15_050))
	l.settle()
	if len(sent.Attempt.Kept) > 0 || len(l.hooks) != 1 {
		t.Fatalf("got %+v and %d webhooks", sent.Attempt.Kept, len(l.hooks))
	}
	event, err := l.ReadWebhook(t.Context(), providers.Webhook{Body: []byte(l.hooks[0]), Find: l.finds(sent.Attempt)})
	want := providers.Result{Attempt: providers.Attempt{Reference: "NOKEY"}}
	if err != nil || !event.Confirm || event.Reply.Status != http.StatusNotFound || !cmp.Equal(want, event.Result) {
		t.Errorf("got %+v, %v", event, err)
	}
}

// TestSimulatorRefuses: what is wrong is refused with the code of the list, and nothing is booked.
func TestSimulatorRefuses(t *testing.T) {
	codes := simulatorCodes(t)
	for name, test := range map[string]struct {
		country, old, new, code string
		status                  int
	}{
		"a reference with a dash":    {chile, `"REF"`, `"REF-1"`, simValidation, 422},
		"no reference":               {chile, `"REF"`, `""`, simValidation, 422},
		"a reference of 65":          {chile, `"REF"`, `"` + strings.Repeat("A", 65) + `"`, simValidation, 422},
		"an amount as text":          {chile, `15050`, `"15050"`, simValidation, 422},
		"no amount":                  {chile, `15050`, `0`, simValidation, 422},
		"a negative amount":          {chile, `15050`, `-15050`, simValidation, 422},
		"an exponent":                {chile, `15050`, `1e4`, simValidation, 422},
		"half a peso":                {chile, `15050`, `15050.5`, simValidation, 422},
		"a tenth of a centavo":       {mexico, `1500.50`, `1500.505`, simValidation, 422},
		"another currency":           {chile, `"CLP"`, `"MXN"`, simValidation, 422},
		"a comma":                    {chile, `"Factura 118"`, `"Factura 118, enero"`, simValidation, 422},
		"a long text":                {chile, `"Factura 118"`, `"` + strings.Repeat("ñ", 31) + `"`, simValidation, 422},
		"a text of 30":               {chile, `"Factura 118"`, `"` + strings.Repeat("ñ", 30) + `"`, "", 201},
		"no address for webhooks":    {chile, `"https://pay`, `"pay`, simValidation, 422},
		"no name":                    {chile, `"Juana Pérez"`, `""`, simValidation, 422},
		"a wrong RUT":                {chile, `"12345678-5"`, `"12345678-9"`, simValidation, 422},
		"a RUT without its dash":     {chile, `"12345678-5"`, `"123456785"`, "", 201},
		"another document":           {chile, `"rut"`, `"passport"`, simValidation, 422},
		"another kind of account":    {chile, `"cuenta_corriente"`, `"clabe"`, simValidation, 422},
		"letters in the account":     {chile, `"12345678"`, `"1234567A"`, simValidation, 422},
		"an account of 21":           {chile, `"12345678"`, `"123456789012345678901"`, simValidation, 422},
		"a bank nobody knows":        {chile, `"cl_bci"`, `"cl_nobody"`, simBank, 422},
		"a bank of another country":  {chile, `"cl_bci"`, `"mx_bbva"`, simBank, 422},
		"a bank in large letters":    {chile, `"cl_bci"`, `"CL_BCI"`, "", 201},
		"a wrong CLABE":              {mexico, `032180000118359719`, `019122219004301156`, simValidation, 422},
		"a CLABE that is no account": {mexico, `"clabe"`, `"cuenta_vista"`, simValidation, 422},
		"a Mexican bank":             {mexico, `"account_type"`, `"bank_code":"MX_BBVA","account_type"`, "", 201},
		"no such Mexican bank":       {mexico, `"account_type"`, `"bank_code":"mx_nobody","account_type"`, simBank, 422},
		"a member twice":             {chile, `{"merchant`, `{"amount":1,"merchant`, simValidation, 422},
		"a member nobody knows":      {chile, `{"merchant`, `{"purpose":"rent","merchant`, "", 201},
		"no JSON":                    {chile, `{"merchant`, `<"merchant`, simValidation, 422},
		"too much":                   {chile, `15050`, `1000000050`, simBalance, 422},
		"balance too low":            {chile, `15050`, `15002`, simBalance, 422},
		"too often":                  {chile, `15050`, `15023`, simLimit, 429},
		"token expired":              {chile, `15050`, `15009`, simToken, 401},
	} {
		t.Run(name, func(t *testing.T) {
			l := connect(t, test.country)
			o := order("REF", 15_050)
			if test.country == mexico {
				o.Method, o.Amount, o.Details = "mx_clabe", mxn(150_050), mexicanDetails()
			}
			body, err := l.encode(o)
			if err != nil || !strings.Contains(string(body), test.old) {
				t.Fatalf("%s, %v", body, err)
			}
			status, said := l.raw(t, http.MethodPost, pathPayouts, strings.Replace(string(body), test.old, test.new, 1))
			if status != test.status || said.text(memberCode) != test.code || (test.code != "") != (said.quoted(memberMessage) != "") {
				t.Errorf("got %d %s", status, said)
			}
			if want, known := codes[test.code]; test.code != "" && (!known || want != status) {
				t.Errorf("%s: got status %d, want %d as in the list", test.code, status, want)
			}
			if booked := l.balance() != funds && test.country == chile; booked != (test.status == 201 && test.country == chile) {
				t.Errorf("booked: %v", booked)
			}
		})
	}
}

// raw calls the simulator as anybody could, with a good token.
func (l *line) raw(t *testing.T, method, path, body string) (int, record) {
	t.Helper()
	token, err := l.token(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(header, scheme+token)
	w := httptest.NewRecorder()
	l.faults.ServeHTTP(w, req)
	var said record
	if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil {
		t.Fatal(err)
	}
	return w.Code, said
}

// simulatorCodes are the codes of the list with their HTTP status; 0: told by webhook and look-up.
func simulatorCodes(t *testing.T) map[string]int {
	t.Helper()
	var file struct {
		Codes []struct {
			Code string
			HTTP int
		}
	}
	body, err := os.ReadFile("testdata/errors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &file); err != nil || len(file.Codes) < 12 {
		t.Fatalf("%v, %d codes", err, len(file.Codes))
	}
	all := map[string]int{}
	for _, c := range file.Codes {
		all[c.Code] = c.HTTP
	}
	return all
}

// TestSimulatorReads: what can be asked for, and how it is refused.
func TestSimulatorReads(t *testing.T) {
	l := connect(t, chile)
	for path, want := range map[string]string{
		"/v1/payouts/po_nobody": "404 " + simNotFound,
		"/v1/payouts/":          "404 " + simNotFound,
		"/v1/balance/":          "404 " + simNotFound,
		"/v2/balance":           "404 " + simNotFound,
		"/v1/payouts":           "422 " + simValidation,
		"/v1/payouts?from=2026-01-01&to=2026-01-31&page=1&per_page=100":      "200 ",
		"/v1/payouts?from=2026-01-01&to=2026-02-01&page=1&per_page=100":      "422 " + simValidation,
		"/v1/payouts?from=2026-01-02&to=2026-01-01&page=1&per_page=100":      "422 " + simValidation,
		"/v1/payouts?from=2026-01-01&to=2026-01-31&page=0&per_page=100":      "422 " + simValidation,
		"/v1/payouts?from=2026-01-01&to=2026-01-31&page=1&per_page=101":      "422 " + simValidation,
		"/v1/payouts?from=01-01-2026&to=2026-01-31&page=1&per_page=100":      "422 " + simValidation,
		"/v1/payouts?from=2026-01-01&to=2026-01-31&page=9999999&per_page=10": "200 ",
		"/v1/balance": "200 ",
	} {
		if status, said := l.raw(t, http.MethodGet, path, ""); fmt.Sprint(status, " ", said.text(memberCode)) != want {
			t.Errorf("%s: got %d %s, want %s", path, status, said, want)
		}
	}
	for name, token := range map[string]string{"none": "", "another scheme": "Basic YTpi", "made up": scheme + "a.b.c", "opaque": scheme + "opaque1.1-2",
		"of another": scheme + forge(`{"alg":"HS256","typ":"JWT"}`, `{"exp":9999999999}`, "another key"), "unsigned": scheme + forge(`{"alg":"none"}`, `{"exp":9999999999}`, "")} {
		req := httptest.NewRequest(http.MethodGet, pathBalance, nil)
		req.Header.Set(header, token)
		w := httptest.NewRecorder()
		l.faults.ServeHTTP(w, req)
		if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), simToken) {
			t.Errorf("%s: got %d %s", name, w.Code, w.Body)
		}
	}
	token, err := l.token(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for after, want := range map[time.Duration]int{59*time.Minute + 59*time.Second: http.StatusOK, time.Hour: http.StatusUnauthorized} {
		l.clock.Store(testStart)
		l.pass(after)
		req := httptest.NewRequest(http.MethodGet, pathBalance, nil)
		req.Header.Set(header, scheme+token)
		w := httptest.NewRecorder()
		l.faults.ServeHTTP(w, req)
		if w.Code != want {
			t.Errorf("after %s: got %d, want %d", after, w.Code, want)
		}
	}
}

// TestSimulatorWithoutCountry says what is wrong instead of playing.
func TestSimulatorWithoutCountry(t *testing.T) {
	settings := testSettings(chile)
	settings[settingMerchant] = "demo"
	w := httptest.NewRecorder()
	newSimulator(providers.SimulatorConfig{Settings: settings}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, pathBalance, nil))
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "country") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

// TestTable: the rows of the page for operators are those of the simulator, and each switch is named there.
func TestTable(t *testing.T) {
	page, err := os.ReadFile("../../docs/providers/etpay.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for line := range strings.Lines(string(page)) {
		if cells := strings.Split(line, "|"); len(cells) == 4 && len(strings.TrimSpace(cells[1])) == 2 {
			listed = append(listed, strings.TrimSpace(cells[1]))
		}
	}
	var want []string
	for _, row := range table() {
		want = append(want, fmt.Sprintf("%02d", row.Last))
		if row.Does == "" {
			t.Errorf("%d: says nothing", row.Last)
		}
	}
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name := range switches() {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("the page does not name the switch %s", name)
		}
	}
}

// TestNothingSecretRecorded: tokens and keys are in no record of what was said, under whatever name they come.
func TestNothingSecretRecorded(t *testing.T) {
	for _, switches := range [][]string{nil, {opaqueSessions}, {wrapped}, {otherNames}} {
		l := connect(t, chile, switches...)
		sent := l.must(order("SECR", 15_050))
		if _, err := l.Lookup(t.Context(), sent.Attempt); err != nil {
			t.Fatal(err)
		}
		wantUnrecorded(t, l, sent.Attempt.Kept[keptKey], testToken, "password-of-the-test", l.session.value)
	}
	for _, name := range namesToken {
		for _, shape := range []string{`{"%s":"opaque-token-of-the-test"}`, `{"data":{"%s" : "opaque-token-of-the-test"}}`, `[{"%s":"opaque-token-of-the-test"}]`} {
			l := answered(t, http.StatusOK, fmt.Sprintf(shape, name))
			l.session.drop("token-in-memory")
			if token, err := l.token(t.Context(), 0); err != nil || token != "opaque-token-of-the-test" {
				t.Fatalf("%s: got %q, %v", name, token, err)
			}
			wantUnrecorded(t, l, "opaque-token-of-the-test")
		}
	}
	l := answered(t, http.StatusOK, `{"payout_token":"po_1","signature_token":"sig-key-of-the-test","jwt":"opaque-jwt-of-the-test","merchant":{"api_token":"echoed-token"}}`)
	if _, err := l.sendOnly(order("SECR", 15_050)); err != nil {
		t.Fatal(err)
	}
	wantUnrecorded(t, l, "sig-key-of-the-test", "opaque-jwt-of-the-test", "echoed-token", "token-in-memory")
}

func wantUnrecorded(t *testing.T, l *line, secrets ...string) {
	t.Helper()
	if len(l.recorded) == 0 {
		t.Error("nothing was recorded")
	}
	for _, secret := range secrets {
		if secret == "" || slices.ContainsFunc(l.recorded, func(text string) bool { return strings.Contains(text, secret) }) {
			t.Errorf("%q is in what was recorded: %q", secret, l.recorded)
		}
	}
}

// finds finds one attempt.
func (l *line) finds(at providers.Attempt) func(context.Context, providers.Attempt) (providers.Found, error) {
	return func(_ context.Context, asked providers.Attempt) (providers.Found, error) {
		if asked.RemoteID != at.RemoteID && asked.Reference != at.Reference {
			return providers.Found{}, errors.New("no such attempt")
		}
		return providers.Found{Attempt: at}, nil
	}
}
