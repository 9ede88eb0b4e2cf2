package sim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/all"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/sim"
)

// TestShipped: every provider that is shipped has a control page that fits it, and takes each of its switches while it runs.
func TestShipped(t *testing.T) {
	for _, def := range all.Definitions() {
		t.Run(def.ID, func(t *testing.T) {
			settings := map[string]string{}
			for _, f := range def.Settings {
				settings[f.Name] = f.Example
				if len(f.Options) > 0 {
					settings[f.Name] = f.Options[0].Value
				}
			}
			desk := def.Simulator(providers.SimulatorConfig{Settings: settings})
			if _, ok := desk.(*sim.Desk); !ok {
				t.Fatalf("got a %T, want what sim.NewDesk makes", desk)
			}
			var s struct {
				Provider  string
				Accepts   []struct{ Name, Value string }
				Switches  []struct{ Name, Does string }
				Scenarios []sim.Row
				Ends      []sim.End
				Webhooks  bool
			}
			read(t, desk, "/_simulator/state", &s)
			if s.Provider != def.ID || len(s.Accepts) != len(def.Settings) || len(s.Switches) != len(def.Switches) || s.Webhooks != (def.Webhooks != providers.WebhooksNone) {
				t.Errorf("got %+v, want what the definition says", s)
			}
			wantEnds(t, s.Ends)
			wantRows(t, s.Scenarios)
			for name := range def.Switches {
				for _, on := range []string{"true", "false"} {
					w := httptest.NewRecorder()
					desk.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/_simulator/switches/"+name+"?on="+on, nil))
					if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"name":"`+name+`","does":`) {
						t.Errorf("switch %s to %s: got %d %s", name, on, w.Code, w.Body.String())
					}
				}
			}
			w := httptest.NewRecorder()
			desk.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/_simulator", nil))
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "<h1>"+def.Name+", simulated</h1>") {
				t.Errorf("got %d for its page", w.Code)
			}
		})
	}
}

func read(t *testing.T, h http.Handler, path string, into any) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%s: got %d, %v", path, w.Code, err)
	}
}

func wantEnds(t *testing.T, ends []sim.End) {
	t.Helper()
	means := map[providers.Status]int{}
	for _, e := range ends {
		means[e.Status]++
	}
	if means[providers.Paid] == 0 || means[providers.Failed] == 0 || means[providers.Accepted]+means[""] > 0 {
		t.Errorf("got the ends %+v, want one that is paid, one that failed, and only ends", ends)
	}
}

func wantRows(t *testing.T, rows []sim.Row) {
	t.Helper()
	last := 0
	for _, row := range rows {
		if row.Last <= last || row.Does == "" || row.Scenario == "" {
			t.Errorf("got the row %+v after %d, want them in order and described", row, last)
		}
		last = row.Last
	}
	if len(rows) < 10 {
		t.Errorf("got %d rows, want the table of scenarios", len(rows))
	}
}

// ExampleNewDesk is a company that pays everything, with its control page.
func ExampleNewDesk() {
	var def providers.Definition
	def = providers.Definition{ID: "acme", Name: "Acme", Simulator: func(cfg providers.SimulatorConfig) http.Handler {
		courier := &sim.Courier{Config: cfg, Build: func(m sim.Message) (*http.Request, error) {
			return http.NewRequest(http.MethodPost, m.URL, strings.NewReader(m.Order.Status))
		}}
		ledger := sim.NewLedger(sim.Options{Config: cfg, Notify: courier.Notify})
		mux := http.NewServeMux()
		mux.HandleFunc("POST /payouts", func(w http.ResponseWriter, _ *http.Request) {
			words := sim.Words{Start: "open", Paid: "done", Failed: "dead"}
			amount := money.Amount{Minor: 5000, Currency: "XOF"}
			o, err := ledger.Book(sim.Order{Order: providers.Order{Amount: amount}, Plan: words.Plan(sim.ForAmount(amount))})
			if err != nil {
				sim.JSON(w, http.StatusConflict, err.Error())
				return
			}
			sim.JSON(w, http.StatusCreated, o.Status)
		})
		return sim.NewDesk(mux, sim.Controls{Definition: def, Config: cfg, Ledger: ledger, Courier: courier,
			Ends: []sim.End{{Word: "done", Status: providers.Paid}, {Word: "dead", Status: providers.Failed}}})
	}}
	server := httptest.NewServer(def.Simulator(providers.SimulatorConfig{Pace: time.Hour}))
	defer server.Close()
	res, err := http.Post(server.URL+"/payouts", "", nil)
	if err != nil {
		panic(err)
	}
	_ = res.Body.Close() // it was booked
	if res, err = http.Get(server.URL + "/_simulator/orders"); err != nil {
		panic(err)
	}
	var list struct {
		Orders []struct {
			Word string
			Next []string
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
		panic(err)
	}
	fmt.Println(list.Orders)
	// Output: [{open [done]}]
}
