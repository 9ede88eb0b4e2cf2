package gobipay

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
)

func TestStatusWords(t *testing.T) {
	for word, want := range statusWords(t) {
		for _, spelled := range []string{word, strings.ToLower(word), word[:1] + strings.ToLower(word[1:])} {
			if got := statusOf(spelled); got != want {
				t.Errorf("%s: got %q, want %q", spelled, got, want)
			}
		}
		if got := statusOf(word + "S"); got != "" {
			t.Errorf("%sS: got %q, want it not understood", word, got)
		}
		if isOpening(word) && want != providers.Accepted {
			t.Errorf("%s cannot be an end and a beginning", word)
		}
	}
}

func TestWordsThatDisagreeEndNothing(t *testing.T) {
	for _, words := range [][]string{{"SUCCESS", "FAILED"}, {"success", "PENDING"}, {"PENDING", "SUCCESS"}, {"SUCCESS", "OK"}, {"SUCCESS", ""}, nil} {
		if got := status(words); got != "" {
			t.Errorf("%q: got %q, want it not understood", words, got)
		}
	}
	if got := status([]string{"success", "PAYOUT_DONE"}); got != providers.Paid {
		t.Errorf("got %q, want paid: both say so", got)
	}
}

func TestRefusalText(t *testing.T) {
	tests := []struct{ body, want string }{
		{`{"message":"Refusé","detail":"x"}`, "Refusé"},
		{`{"detail":"Pas trouvé.","amount":["x"]}`, "Pas trouvé."},
		{`{"amount":["x"],"non_field_errors":["Déjà finalisée.","Voir\n support"]}`, "Déjà finalisée.; Voir support"},
		{`{"amount":["Solde insuffisant."],"args":[{},{"value":["Ce champ ne peut être vide."]}]}`,
			"amount: Solde insuffisant.; args[2].value: Ce champ ne peut être vide."},
		{`{"message":{"phone":["trop court"]}}`, "phone: trop court"},
		{`["non"]`, "non"},
		{`{"message":"<h1>Server Error</h1>","detail":"Panne"}`, "Panne"},
		{`{"detail":"<h1>x</h1>"}`, "HTTP 400 Bad Request"},
		{`{"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":{"i":"deep"}}}}}}}}}`, "HTTP 400 Bad Request"},
		{`<h1>Server Error</h1>`, "HTTP 400 Bad Request"},
		{``, "HTTP 400 Bad Request"},
		{`{}`, "HTTP 400 Bad Request"},
		{`null`, "HTTP 400 Bad Request"},
	}
	for _, tt := range tests {
		if got := refusalText(httpx.Answer{Status: 400, Body: []byte(tt.body)}); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.body, got, tt.want)
		}
	}
	long := refusalText(httpx.Answer{Status: 400, Body: []byte(`{"detail":"` + strings.Repeat("é", 2000) + `"}`)})
	if n := utf8.RuneCountInString(long); n != maxMessage {
		t.Errorf("got %d characters, want %d", n, maxMessage)
	}
}

// TestExampleErrors reads the errors as their examples have them.
func TestExampleErrors(t *testing.T) {
	data, err := os.ReadFile("testdata/examples.json")
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Errors []struct {
			Status int
			Body   json.RawMessage
		}
	}
	if err := json.Unmarshal(data, &all); err != nil || len(all.Errors) == 0 {
		t.Fatalf("got %d examples, %v", len(all.Errors), err)
	}
	for _, e := range all.Errors {
		if got := refusalText(httpx.Answer{Status: e.Status, Body: e.Body}); got == "" || strings.HasPrefix(got, "HTTP") {
			t.Errorf("%s: got %q, want its words", e.Body, got)
		}
	}
}

func TestTheSecretIsTakenOutOfTheirWords(t *testing.T) {
	s := newShop(t, http.HandlerFunc(jsonFault(403, `{"detail":"unknown key tsk_exampleexampleexa01"}`)))
	_, err := s.Lookup(t.Context(), providers.Attempt{RemoteID: exampleID})
	if strings.Contains(err.Error(), testSettings()[settingSecret]) {
		t.Errorf("got %v", err)
	}
}

func TestReadBack(t *testing.T) {
	a := newShop(t, nil).adapter
	a.base = mustURL(t, "https://api-pay.gobiworld.com/api")
	body := compact(t, example(t, "init_request"))
	request := func(method, path string) *http.Request {
		r, err := http.NewRequestWithContext(t.Context(), method, "https://api-pay.gobiworld.com/api"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(headerPublic, a.public)
		r.Header.Set(headerSecret, a.secret)
		r.Header.Set(headerMode, a.mode)
		return r
	}
	good, err := a.ReadBack(request("POST", pathInit), body)
	if err != nil || good.Moves || good.Order == nil || good.Order.Amount != xof(5000) || good.Order.Details["fullname"] != "Awa Dossou" {
		t.Errorf("first step: got %+v, %v", good, err)
	}
	moving, err := a.ReadBack(request("POST", withdrawID("a/b").cashOutPath()), []byte(emptyBody))
	if err != nil || !moving.Moves || moving.Order != nil || moving.RemoteID != "a/b" {
		t.Errorf("second step: got %+v, %v", moving, err)
	}
	asking, err := a.ReadBack(request("POST", withdrawID("w").statusPath()), []byte(emptyBody))
	if err != nil || asking != (providers.Readback{}) {
		t.Errorf("status: got %+v, %v", asking, err)
	}
	swap := func(old, other string) []byte { return bytes.Replace(body, []byte(old), []byte(other), 1) }
	live := request("POST", pathInit)
	live.Header.Set(headerMode, modeLive)
	for name, tt := range map[string]struct {
		r    *http.Request
		body []byte
	}{
		"no slash":          {request("POST", strings.TrimSuffix(pathInit, "/")), body},
		"other verb":        {request("PUT", pathInit), body},
		"a query":           {request("POST", pathInit+"?amount=1"), body},
		"other mode":        {live, body},
		"other path":        {request("POST", "/gobipay/payment/init/"), body},
		"two identifiers":   {request("POST", "/gobipay/withdraw/a/b/cash-out/"), []byte(emptyBody)},
		"no identifier":     {request("POST", "/gobipay/withdraw//cash-out/"), []byte(emptyBody)},
		"parent":            {request("POST", "/gobipay/withdraw/../cash-out/"), []byte(emptyBody)},
		"a body":            {request("POST", withdrawID("w").cashOutPath()), []byte(`{"amount":1}`)},
		"empty body":        {request("POST", withdrawID("w").cashOutPath()), nil},
		"amount twice":      {request("POST", pathInit), swap(`"amount":5000`, `"amount":1,"amount":5000`)},
		"one name more":     {request("POST", pathInit), swap(`"amount":5000`, `"amount":5000,"fees":1`)},
		"other case":        {request("POST", pathInit), swap(`"amount"`, `"Amount"`)},
		"a fraction":        {request("POST", pathInit), swap(`5000`, `5000.5`)},
		"below zero":        {request("POST", pathInit), swap(`5000`, `-5000`)},
		"argument twice":    {request("POST", pathInit), swap(`"name":"fullname"`, `"name":"phone_number"`)},
		"another store":     {request("POST", pathInit), swap(`3fa85f64`, `00000000`)},
		"another merchant":  {request("POST", pathInit), swap(`"withdraw"`, `"payment"`)},
		"another e-mail":    {request("POST", pathInit), swap(`ops@`, `ops2@`)},
		"not direct":        {request("POST", pathInit), swap(`true`, `false`)},
		"something after":   {request("POST", pathInit), append(bytes.Clone(body), ' ')},
		"something else":    {request("POST", pathInit), []byte(`[]`)},
		"nothing":           {request("POST", pathInit), nil},
		"status with words": {request("POST", withdrawID("w").statusPath()), []byte(`{"x":1}`)},
	} {
		if got, err := a.ReadBack(tt.r, tt.body); err == nil {
			t.Errorf("%s: got %+v, want an error", name, got)
		}
	}
}

func compact(t *testing.T, raw json.RawMessage) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
