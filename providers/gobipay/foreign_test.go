package gobipay

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
)

// foreigner is a client of others, written from the company's page alone: the four steps, its paths and its headers as printed.
type foreigner struct {
	t    *testing.T
	base string
}

func (s foreigner) call(method, path, body string, keys bool) (int, any) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if keys {
		req.Header.Set("X-STORE-PUBLIC-KEY", "tpk_shop")
		req.Header.Set("X-STORE-SECRET-KEY", "tsk_shop")
		req.Header.Set("X-STORE-USE-MODE", "test")
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		s.t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, text)
	}
	return res.StatusCode, v
}

// TestForeignClient: it lists without keys, as the page shows it, opens a withdrawal and cashes it out, once.
func TestForeignClient(t *testing.T) {
	moved := 0
	server := httptest.NewServer(newSimulator(providers.SimulatorConfig{
		Settings: map[string]string{"public_key": "tpk_shop", "secret_key": "tsk_shop", "store_slug": "3fa85f64-5717-4562-b3fc-2c963f66afa6", "currency": "XOF"},
		Executed: func(providers.Execution) { moved++ },
	}))
	defer server.Close()
	s := foreigner{t, server.URL}
	status, platforms := s.call("GET", "/gobipay/addons/plateform_money/get-list/", "", false)
	if list, ok := platforms.([]any); status != 200 || !ok || len(list) == 0 {
		t.Fatalf("platforms: %d %v", status, platforms)
	}
	status, arguments := s.call("GET", "/plateforms-money/MTN_BEN_XOF/arguments/", "", false)
	if status != 200 {
		t.Fatalf("arguments: %d %v", status, arguments)
	}
	var args []string
	for _, one := range arguments.([]any) {
		a := one.(map[string]any)
		value := map[any]string{"phone_number": "2290190000000"}[a["name"]]
		if value == "" {
			value = "Awa Dossou"
		}
		args = append(args, fmt.Sprintf(`{"name":%q,"value":%q,"type":%q}`, a["name"], value, a["type"]))
	}
	body := `{"to_plateform_money":"MTN_BEN_XOF","amount":5050,"is_direct_convert":true,"args":[` + strings.Join(args, ",") + `],
		"extra_infos":{"store_slug":"3fa85f64-5717-4562-b3fc-2c963f66afa6","merchant_type":"withdraw","email":"ops@paywicket.example"}}`
	if status, v := s.call("POST", "/gobipay/withdraw/init/", body, false); status != 403 {
		t.Errorf("without keys: %d %v", status, v)
	}
	status, opened := s.call("POST", "/gobipay/withdraw/init/", body, true)
	id, _ := opened.(map[string]any)["identifier"].(string)
	if status != 201 || id == "" || moved != 0 {
		t.Fatalf("init: %d %v, %d moved", status, opened, moved)
	}
	if status, v := s.call("POST", "/gobipay/withdraw/"+id+"/cash-out", "{}", true); status != 404 || moved != 0 {
		t.Errorf("without the slash: %d %v, %d moved", status, v, moved)
	}
	if status, v := s.call("POST", "/gobipay/withdraw/"+id+"/cash-out/", "{}", true); status != 200 || moved != 1 {
		t.Errorf("cash-out: %d %v, %d moved", status, v, moved)
	}
	if status, v := s.call("POST", "/gobipay/withdraw/"+id+"/cash-out/", "{}", true); status < 400 || moved != 1 {
		t.Errorf("cash-out again: %d %v, %d moved", status, v, moved)
	}
}

// TestSwitches: the adapter understands each envelope.
func TestSwitches(t *testing.T) {
	for name := range switches() {
		settings := map[string]string{"public_key": "tpk_shop", "secret_key": "tsk_shop", "store_slug": "3fa85f64-5717-4562-b3fc-2c963f66afa6", "email": "ops@paywicket.example", "currency": "XOF"}
		server := httptest.NewServer(newSimulator(providers.SimulatorConfig{Settings: settings, Switches: []string{name}}))
		client, err := httpx.New(httpx.Options{BaseURL: server.URL, Named: true})
		if err != nil {
			t.Fatal(err)
		}
		p, err := open(providers.Config{Settings: providers.NewSettings(settings), BaseURL: server.URL, HTTP: client.HTTP()})
		if err != nil {
			t.Fatal(err)
		}
		client.Bind(p)
		methods, err := p.Methods(t.Context())
		if err != nil || len(methods) == 0 {
			t.Errorf("%s: got %d methods, %v", name, len(methods), err)
			continue
		}
		o := providers.Order{Reference: "AAAAAAAAAAAAAAAAAAAA", Method: "MTN_BEN_XOF", Details: map[string]string{"phone_number": "2290190000000", "fullname": "Awa Dossou"}}
		o.Amount.Minor, o.Amount.Currency = 5050, "XOF"
		if err := p.(providers.Preparer).Prepare(t.Context(), o); err != nil {
			t.Errorf("%s: prepare: %v", name, err)
		}
		permit := httpx.NewPermit(o)
		o.Checkpoint = func(_ context.Context, a providers.Attempt) error { permit.Checkpoint(a); return nil }
		if r, err := p.Send(httpx.WithPermit(t.Context(), permit), o); err != nil || r.Attempt.RemoteID == "" {
			t.Errorf("%s: send: %+v, %v", name, r, err)
		}
		server.Close()
	}
}
