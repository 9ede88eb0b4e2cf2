package moneroo

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
)

// TestForeignClient: a client of others, written from the company's pages alone, pays, verifies, and believes the webhooks.
func TestForeignClient(t *testing.T) {
	var later []func()
	var hooks []string
	settings := testSettings()
	server := httptest.NewServer(Simulator(providers.SimulatorConfig{
		Settings: settings, WebhookURLs: func() []string { return []string{"https://shop.example/moneroo"} },
		After: func(_ time.Duration, f func()) { later = append(later, f) },
		Deliver: func(r *http.Request) (providers.Reply, error) {
			body, err := io.ReadAll(r.Body)
			mac := hmac.New(sha256.New, []byte(settings["webhook_secret"]))
			mac.Write(body)
			if hex.EncodeToString(mac.Sum(nil)) != r.Header.Get("X-Moneroo-Signature") {
				t.Errorf("a webhook the shop does not believe: %s", body)
			}
			var v struct{ Event string }
			_ = json.Unmarshal(body, &v)
			hooks = append(hooks, v.Event)
			return providers.Reply{Status: http.StatusOK}, err
		},
	}))
	defer server.Close()
	call := func(method, path, key, body string) (int, map[string]any) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "application/json")
		req.Header.Set("Content-Type", "application/json")
		if key != "" {
			req.Header.Set("Authorization", "Bearer "+key)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		var v map[string]any
		if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
			t.Fatalf("%s %s: %d, %v", method, path, res.StatusCode, err)
		}
		return res.StatusCode, v
	}
	// The body of the company's own page, with an amount that plays no scenario.
	body := `{"amount":1050,"currency":"XOF","description":"Order refund",
		"customer":{"email":"john@example.com","first_name":"John","last_name":"Doe"},
		"metadata":{"payout_request":"123","customer_id":"123"},"method":"mtn_bj","recipient":{"msisdn":"22951345020"}}`
	key := settings["secret_key"]
	if status, v := call("POST", "/v1/payouts/initialize", "", body); status != 401 || v["message"] == nil {
		t.Errorf("without a key: %d %v", status, v)
	}
	status, v := call("POST", "/v1/payouts/initialize", key, body)
	data, _ := v["data"].(map[string]any)
	id, _ := data["id"].(string)
	if status != 201 || v["success"] != true || id == "" || len(data) != 1 {
		t.Fatalf("initialize: %d %v, want the identifier alone", status, v)
	}
	for len(later) > 0 {
		f := later[0]
		later = later[1:]
		f()
	}
	if status, v = call("GET", "/v1/payouts/"+id+"/verify", key, ""); status != 200 || v["data"].(map[string]any)["status"] != "success" {
		t.Errorf("verify: %d %v", status, v)
	}
	if got := strings.Join(hooks, " "); got != "payout.initiated payout.success" {
		t.Errorf("got webhooks %q", got)
	}
	for name, change := range map[string][2]string{
		"a fraction": {`1050`, `1050.5`}, "wrong country code": {`22951345020`, `51345020`}, "recipient at top level": {`"recipient":{"msisdn":"22951345020"}`, `"msisdn":"22951345020"`},
		"no e-mail": {`"email":"john@example.com",`, ``}, "another currency": {`XOF`, `GHS`}, "metadata of a list": {`{"payout_request":"123","customer_id":"123"}`, `{"x":[1]}`},
	} {
		if status, v := call("POST", "/v1/payouts/initialize", key, strings.Replace(body, change[0], change[1], 1)); status != 422 || v["message"] == nil {
			t.Errorf("%s: %d %v, want 422", name, status, v)
		}
	}
	if status, _ := call("GET", "/v1/payouts/unknown", key, ""); status != 404 {
		t.Errorf("unknown payout: %d", status)
	}
}
