package moneroo

import (
	"maps"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
)

func TestLookup(t *testing.T) {
	live, sandbox := true, false
	for _, c := range []struct {
		file string
		want providers.Result
	}{
		{"verify.json", providers.Result{
			Attempt: providers.Attempt{RemoteID: "go86j8csuq51"}, Status: providers.Paid, Word: "success", Method: demoMethod,
			Amount: money.Amount{Minor: 50_000, Currency: "USD"}, Live: &sandbox,
		}},
		{"retrieve.json", providers.Result{
			Attempt: providers.Attempt{RemoteID: "abc123", Reference: testRef}, Status: providers.Failed, Word: "failed", Method: "mtn_bj",
			Amount: money.Amount{Minor: 1000, Currency: "XOF"}, Live: &live, Details: map[string]string{fieldPhone: "22951345020"},
		}},
	} {
		t.Run(c.file, func(t *testing.T) {
			a := newAccount(t, canned(200, string(readFile(t, c.file))))
			got, err := a.Lookup(t.Context(), providers.Attempt{RemoteID: c.want.Attempt.RemoteID})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLookupErrors(t *testing.T) {
	for _, c := range []struct {
		name     string
		id       string
		status   int
		body     string
		kind     providers.Kind
		code     string
		notFound bool
	}{
		{"by reference", "", 200, `{}`, providers.Unsupported, codeNoID, false},
		{"odd identifier", "..", 200, `{}`, providers.Unknown, codeNoID, false},
		{"not found", "po_1", 404, `{"message":"Payout transaction not found","data":null,"errors":[]}`, providers.Unknown, "http_404", true},
		{"no route", "po_1", 404, `{"message":"The route v1/payouts could not be found.","data":null,"errors":[]}`, providers.Unknown, codeRoute, false},
		{"not found page", "po_1", 404, `<h1>404</h1>`, providers.Unknown, "http_404", false},
		{"empty", "po_1", 200, ``, providers.Unknown, codeAnswer, false},
		{"no identifier", "po_1", 200, `{"data":{"status":"failed"}}`, providers.Unknown, codeAnswer, false},
		{"amount without currency", "po_1", 200, `{"data":{"id":"po_1","status":"success","amount":5}}`, providers.Unknown, codeAnswer, false},
		{"currency without amount", "po_1", 200, `{"data":{"id":"po_1","status":"success","currency":"XOF"}}`, providers.Unknown, codeAnswer, false},
		{"amount an object", "po_1", 200, `{"data":{"id":"po_1","status":"success","amount":{}}}`, providers.Unknown, codeAnswer, false},
		{"exponent", "po_1", 200, `{"data":{"id":"po_1","status":"success","amount":1e3,"currency":"XOF"}}`, providers.Unknown, codeAnswer, false},
		{"fraction of a franc", "po_1", 200, `{"data":{"id":"po_1","status":"success","amount":10.5,"currency":"XOF"}}`, providers.Unknown, codeAnswer, false},
		{"unknown currency", "po_1", 200, `{"data":{"id":"po_1","status":"success","amount":10,"currency":"QQQ"}}`, providers.Unknown, codeAnswer, false},
		{"busy", "po_1", 503, `{"message":"Service Unavailable"}`, providers.Unknown, "http_503", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := newAccount(t, canned(c.status, c.body)).Lookup(t.Context(), providers.Attempt{Reference: testRef, RemoteID: c.id})
			e := asError(t, err)
			if e.Kind != c.kind || e.Code != c.code || e.NotFound != c.notFound || (c.code == codeAnswer && r.Status == providers.Failed) {
				t.Errorf("got %+v, %v (not found: %v), want %v (%s) %v", r, err, e.NotFound, c.kind, c.code, c.notFound)
			}
		})
	}
}

// TestLookupPath: an identifier is opaque, and stays one part of the path.
func TestLookupPath(t *testing.T) {
	var got string
	a := newAccount(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.URL.EscapedPath()
		w.WriteHeader(http.StatusNotFound)
	}))
	_, _ = a.Lookup(t.Context(), providers.Attempt{RemoteID: "a/../b?c#d%2f"})
	if want := "/v1/payouts/a%2F..%2Fb%3Fc%23d%252f/verify"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCheck(t *testing.T) {
	with := func(key string, live bool) func(*providers.Config) {
		return func(c *providers.Config) {
			settings := maps.Clone(testSettings())
			settings[settingKey] = key
			c.Settings, c.Live = providers.NewSettings(settings), live
		}
	}
	for _, c := range []struct {
		name        string
		key         string
		live        bool
		company     http.Handler
		code        string
		credentials bool
	}{
		{"good", testKey, false, nil, "", false},
		{"wrong key", "test_wrong", false, nil, "http_401", true},
		{"sandbox key in a live account", testKey, true, nil, codeMode, false},
		{"documented sandbox key in a live account", "test_abc", true, nil, codeMode, false},
		{"live key in a test account", testLive, false, nil, codeMode, false},
		{"a key of a new shape", "whatever", true, canned(404, `{"message":"Nothing here"}`), "", false},
		{"not Moneroo", testKey, false, canned(404, `<h1>Nothing here</h1>`), "http_404", false},
		{"another Moneroo", testKey, false, canned(404, `{"message":"The route v1/payouts could not be found."}`), codeRoute, false},
		{"down", testKey, false, canned(500, ``), "http_500", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			company := c.company
			if company == nil {
				company = Simulator(providers.SimulatorConfig{Settings: testSettings()})
			}
			err := newAccount(t, company, with(c.key, c.live)).Check(t.Context())
			if c.code == "" {
				if err != nil {
					t.Errorf("got %v, want nil", err)
				}
				return
			}
			if e := asError(t, err); e.Code != c.code || e.Credentials != c.credentials {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
}
