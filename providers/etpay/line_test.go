package etpay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/sim"
)

// line is an account that talks to a simulator through faults.
type line struct {
	*account
	t       *testing.T
	faults  *sim.Faults
	clock   atomic.Int64
	later   []func()
	waits   []time.Duration // how long the simulator wanted to wait for each of later
	hooks   []string
	answers []int  // what the next webhooks are answered; then 200
	heard   func() // called when a webhook came

	mu       sync.Mutex
	recorded []string
}

const testStart = 1767630600 // 2026-01-05 16:30 UTC

func connect(t *testing.T, country string, switches ...string) *line {
	t.Helper()
	l := &line{t: t}
	l.clock.Store(testStart)
	l.faults = sim.NewFaults(newSimulator(providers.SimulatorConfig{
		Settings: testSettings(country), Now: l.now, Switches: switches, Deliver: l.deliver,
		After: func(d time.Duration, f func()) { l.later, l.waits = append(l.later, f), append(l.waits, d) },
	}))
	l.serve(country, l.faults)
	return l
}

// answered connects an account to a company that answers everything in the same way.
func answered(t *testing.T, status int, body string) *line {
	t.Helper()
	return handled(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// handled connects an account that is signed in to a company of the test's own.
func handled(t *testing.T, h http.HandlerFunc) *line {
	t.Helper()
	l := &line{t: t}
	l.clock.Store(testStart)
	l.serve(chile, h)
	l.session.keep("token-in-memory", l.now(), time.Hour)
	return l
}

func (l *line) now() time.Time { return time.Unix(l.clock.Load(), 0).UTC() }

func (l *line) pass(d time.Duration) { l.clock.Add(int64(d / time.Second)) }

func (l *line) deliver(r *http.Request) (providers.Reply, error) {
	body, err := io.ReadAll(r.Body)
	l.hooks = append(l.hooks, string(body))
	if l.heard != nil {
		l.heard()
	}
	status := 200
	if len(l.answers) > 0 {
		status, l.answers = l.answers[0], l.answers[1:]
	}
	return providers.Reply{Status: status}, err
}

func (l *line) serve(country string, h http.Handler) {
	l.t.Helper()
	server := httptest.NewServer(h)
	l.t.Cleanup(server.Close)
	settings := testSettings(country)
	client, err := httpx.New(httpx.Options{BaseURL: server.URL, Named: true, Secrets: []string{settings[settingToken], settings[settingPassword]},
		Record: func(_ context.Context, x httpx.Exchange) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.recorded = append(l.recorded, fmt.Sprint(x.URL, x.Header, string(x.Body), x.AnswerHeader, string(x.Answer), x.Err))
		}})
	if err != nil {
		l.t.Fatal(err)
	}
	p, err := open(providers.Config{Settings: providers.NewSettings(settings), Simulator: true, BaseURL: server.URL, HTTP: client.HTTP(), Now: l.now})
	if err != nil {
		l.t.Fatal(err)
	}
	client.Bind(p)
	l.account = p.(*account)
}

func order(reference string, whole int64) providers.Order {
	details := chileanDetails()
	details[fieldRUT] = "12345678-5"
	return providers.Order{Reference: reference, Method: "cl_bank", Amount: clp(whole), Details: details, CallbackURL: "https://pay.example.com/hooks/a?x=1&y=2"}
}

func (l *line) send(o providers.Order) (providers.Result, error) {
	if err := l.Prepare(l.t.Context(), o); err != nil {
		return providers.Result{}, err
	}
	return l.sendOnly(o)
}

func (l *line) sendOnly(o providers.Order) (providers.Result, error) {
	return l.Send(httpx.WithPermit(l.t.Context(), httpx.NewPermit(o)), o)
}

// must sends an order that is accepted.
func (l *line) must(o providers.Order) providers.Result {
	l.t.Helper()
	r, err := l.send(o)
	if err != nil {
		l.t.Fatal(err)
	}
	return r
}

func (l *line) settle() {
	for len(l.later) > 0 {
		f := l.later[0]
		l.later = l.later[1:]
		f()
	}
}

func (l *line) count(what string) int {
	n := 0
	for _, seen := range l.faults.Seen() {
		if seen == what {
			n++
		}
	}
	return n
}

const loginCall = "POST /v1/auth/login"

// problemOf is the error of an adapter, the zero one if there is none.
func problemOf(err error) providers.Error {
	if e, ok := errors.AsType[*providers.Error](err); ok {
		return *e
	}
	return providers.Error{}
}
