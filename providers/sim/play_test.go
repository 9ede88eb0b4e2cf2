package sim

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
)

// company is a simulator as small as can be: the scenario is the path.
func company(executed *atomic.Int64) http.Handler {
	l := NewLedger(Options{Config: providers.SimulatorConfig{
		Executed: func(providers.Execution) { executed.Add(1) }, After: func(time.Duration, func()) {},
	}})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := Scenario(strings.TrimPrefix(r.URL.Path, "/"))
		Play(w, r, Call{
			Scenario: s,
			Book:     func() (Order, error) { return l.Book(Order{Plan: words().Plan(s)}) },
			Answer: func(w http.ResponseWriter, o Order) {
				JSON(w, http.StatusCreated, map[string]string{"status": o.Status})
			},
			Refuse: func(w http.ResponseWriter, err error) {
				JSON(w, http.StatusBadRequest, map[string]string{"message": err.Error()})
			},
		})
	})
}

// adapter reads every request back as one that moves the money of an empty order.
type adapter struct{ providers.Provider }

func (adapter) ReadBack(*http.Request, []byte) (providers.Readback, error) {
	return providers.Readback{Moves: true, Order: &providers.Order{}}, nil
}

// send sends a money-moving request to a server.
func send(t *testing.T, url string) (httpx.Answer, error) {
	t.Helper()
	c, err := httpx.New(httpx.Options{BaseURL: url, Named: true, Timeout: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	c.Bind(adapter{})
	ctx := httpx.WithPermit(t.Context(), httpx.NewPermit(providers.Order{}))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	return httpx.Call(c.HTTP(), req)
}

func TestPlay(t *testing.T) {
	tests := []struct {
		scenario Scenario
		booked   int64
		status   int
		body     string
		code     string
	}{
		{Normal, 1, 201, `{"status":"initiated"}`, ""},
		{AtOnce, 1, 201, `{"status":"success"}`, ""},
		{Refused, 0, 400, `{"message":"balance too low"}`, ""},
		{Cut, 1, 0, "", httpx.CodeReset},
		{ServerError, 0, 500, `{"message":"Internal Server Error"}`, ""},
		{BookedError, 1, 500, `{"message":"Internal Server Error"}`, ""},
		{NoID, 1, 200, `{}`, ""},
		{Limited, 0, 429, `{"message":"Too Many Requests"}`, ""},
		{HTMLAnswer, 1, 200, "<!doctype html>", ""},
		{Hang, 1, 0, "", httpx.CodeTimeout},
		{"a word of the company's own", 1, 201, `{"status":"initiated"}`, ""},
	}
	for _, tt := range tests {
		t.Run(string(tt.scenario), func(t *testing.T) {
			var executed atomic.Int64
			s := httptest.NewServer(company(&executed))
			defer s.Close()
			answer, err := send(t, s.URL+"/"+strings.ReplaceAll(string(tt.scenario), " ", "%20"))
			if executed.Load() != tt.booked {
				t.Errorf("got %d booked, want %d", executed.Load(), tt.booked)
			}
			if tt.code != "" {
				e, ok := err.(*providers.Error)
				if !ok || e.Kind != providers.Unknown || e.Code != tt.code {
					t.Errorf("got %v, want unknown, %s", err, tt.code)
				}
				return
			}
			if err != nil || answer.Status != tt.status || !strings.HasPrefix(string(answer.Body), tt.body) {
				t.Errorf("got %d %s, %v, want %d %s", answer.Status, answer.Body, err, tt.status, tt.body)
			}
		})
	}
}

func TestBrokenAnswers(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("got a redirect followed") }))
	defer elsewhere.Close()
	for _, b := range Broken(elsewhere.URL) {
		for name, booked := range map[string]int64{"before": 0, "after": 1} {
			t.Run(b.Name+"/"+name, func(t *testing.T) {
				var executed atomic.Int64
				f := NewFaults(company(&executed))
				s := httptest.NewServer(f)
				defer s.Close()
				add := map[string]func(func(*http.Request) bool, Fault){"before": f.Next, "after": f.After}[name]
				add(Path("POST", "/normal"), b.Fault)
				answer, err := send(t, s.URL+"/normal")
				if err == nil && answer.OK() && answer.JSON(&struct{}{}) == nil {
					t.Errorf("got %d %s, want something no adapter takes for an answer", answer.Status, answer.Body)
				}
				if err != nil && providers.KindOf(err) != providers.Unknown {
					t.Errorf("got %v, want unknown", err)
				}
				if executed.Load() != booked || len(f.Seen()) != 1 || f.Pending() != 0 {
					t.Errorf("got %d booked, %v seen, %d pending, want %d, one, none", executed.Load(), f.Seen(), f.Pending(), booked)
				}
			})
		}
	}
}

func TestFaultsChoose(t *testing.T) {
	f := NewFaults(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		JSON(w, http.StatusOK, string(body))
	}))
	f.Next(Path("POST", "/pay/"), Status(503))
	f.Next(Path("POST", "/pay/"), Empty)
	f.After(nil, Status(500))
	var got []string
	for _, call := range []string{"GET /pay/", "POST /pay/", "POST /pay/", "POST /pay/", "POST /other/"} {
		method, path, _ := strings.Cut(call, " ")
		w := httptest.NewRecorder()
		f.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader("x")))
		got = append(got, http.StatusText(w.Code)+w.Body.String())
	}
	failed := `{"message":"Internal Server Error"}`
	want := []string{"Internal Server Error" + failed, `Service Unavailable{"message":"Service Unavailable"}`, "OK", `OK"x"`, `OK"x"`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"GET /pay/", "POST /pay/", "POST /pay/", "POST /pay/", "POST /other/"}, f.Seen()); diff != "" {
		t.Errorf("requests seen differ (-want +got):\n%s", diff)
	}
	f.Next(nil, Empty)
	f.Reset()
	if f.Pending() != 0 || len(f.Seen()) != 0 {
		t.Errorf("got %d pending, %v seen after Reset, want none", f.Pending(), f.Seen())
	}
}

func TestCutOffWithoutAConnection(t *testing.T) {
	w := httptest.NewRecorder()
	CutOff(w, httptest.NewRequest(http.MethodPost, "/", nil))
	if w.Code != http.StatusBadGateway {
		t.Errorf("got %d, want %d", w.Code, http.StatusBadGateway)
	}
}

func TestSeenIsBounded(t *testing.T) {
	f := NewFaults(http.NotFoundHandler())
	for range keptRequests + 5 {
		f.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	}
	if got := len(f.Seen()); got != keptRequests {
		t.Errorf("got %d requests remembered, want %d", got, keptRequests)
	}
}
