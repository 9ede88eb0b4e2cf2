package etpay

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/sim"
)

// TestSignIn: one token serves many calls, is renewed before a send that it would not outlive, and never during one.
func TestSignIn(t *testing.T) {
	l := connect(t, chile)
	if _, err := l.sendOnly(order("AAA", 15_050)); providers.KindOf(err) != providers.NotSent || len(l.faults.Seen()) > 0 {
		t.Fatalf("signed out: got %v and calls %q, want it not sent, and no call", err, l.faults.Seen())
	}
	for i := range 3 {
		if _, err := l.send(order(fmt.Sprint("AAB", i), 15_050)); err != nil {
			t.Fatal(err)
		}
	}
	if n := l.count(loginCall); n != 1 {
		t.Errorf("three sends: got %d sign-ins, want one", n)
	}
	l.pass(56*time.Minute + 30*time.Second) // good for reading, not for a send
	if _, err := l.Balance(t.Context()); err != nil || l.count(loginCall) != 1 {
		t.Errorf("balance: got %v and %d sign-ins", err, l.count(loginCall))
	}
	l.pass(90 * time.Second)
	if _, err := l.send(order("AAC", 15_050)); err != nil || l.count(loginCall) != 2 {
		t.Errorf("send: got %v and %d sign-ins, want a new one", err, l.count(loginCall))
	}
	l.pass(2 * time.Hour)
	if _, err := l.sendOnly(order("AAD", 15_050)); providers.KindOf(err) != providers.NotSent || l.count(loginCall) != 2 {
		t.Errorf("ended: got %v and %d sign-ins, want it not sent and no sign-in", err, l.count(loginCall))
	}
}

func TestSignInOneAtATime(t *testing.T) {
	l := connect(t, chile)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := l.Balance(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := l.count(loginCall); n != 1 {
		t.Errorf("got %d sign-ins, want one", n)
	}
}

// TestRefusedToken: a reading signs in once more and is repeated; a send is not, its outcome is unknown and the account
// stops.
func TestRefusedToken(t *testing.T) {
	l := connect(t, chile)
	if err := l.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	unauthorized := sim.Status(http.StatusUnauthorized)
	reads := func(r *http.Request) bool { return r.Method == http.MethodGet }
	l.faults.Next(reads, unauthorized)
	if _, err := l.Balance(t.Context()); err != nil || l.count(loginCall) != 2 || l.count("GET /v1/balance") != 3 {
		t.Errorf("got %v after %q", err, l.faults.Seen())
	}
	l.faults.Next(reads, unauthorized)
	l.faults.Next(reads, unauthorized)
	_, err := l.Balance(t.Context())
	if !problemOf(err).Credentials || l.count("GET /v1/balance") != 5 || l.count(loginCall) != 3 {
		t.Errorf("twice: got %v after %q", err, l.faults.Seen())
	}
	_, err = l.send(order("BAA", 15_009)) // a scenario: refused
	if e := problemOf(err); e.Kind != providers.Unknown || !e.Credentials || l.count("POST /v1/payouts") != 1 {
		t.Errorf("send: got %v after %q, want it unknown, once", err, l.faults.Seen())
	}
	if _, err := l.sendOnly(order("BAB", 15_050)); problemOf(err).Code != codeSignedOut || l.count("POST /v1/payouts") != 1 {
		t.Errorf("after it: got %v, want the token forgotten", err)
	}
}

// TestRefusedTokenSharedByMany: however many readings a token is refused to, one sign-in serves them all.
func TestRefusedTokenSharedByMany(t *testing.T) {
	l := connect(t, chile)
	if err := l.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	old := l.session.held(l.now())
	l.clock.Add(1) // so that the new one is another
	for range 8 {
		l.faults.Next(func(r *http.Request) bool { return r.Header.Get(header) == scheme+old }, sim.Status(http.StatusUnauthorized))
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := l.Balance(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := l.count(loginCall); n != 2 {
		t.Errorf("got %d sign-ins, want one more", n)
	}
}

// TestDrop: a token that was refused late does not take the new one with it.
func TestDrop(t *testing.T) {
	var s session
	s.keep("new", time.Unix(testStart, 0), time.Hour)
	s.drop("old")
	if got := s.held(time.Unix(testStart, 0)); got != "new" {
		t.Errorf("got %q, want the new one", got)
	}
}

// TestCheck signs in anew each time, or old credentials would seem good.
func TestCheck(t *testing.T) {
	l := connect(t, chile)
	for want := 1; want <= 2; want++ {
		if err := l.Check(t.Context()); err != nil || l.count(loginCall) != want {
			t.Errorf("got %v and %d sign-ins, want %d", err, l.count(loginCall), want)
		}
	}
}

// TestWaitingForASignIn ends with its caller.
func TestWaitingForASignIn(t *testing.T) {
	l := answered(t, http.StatusOK, `{}`)
	l.session.turn <- struct{}{} // somebody is signing in
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Prepare(ctx, order("WAIT", 15_050)); problemOf(err).Code != httpx.CodeTimeout {
		t.Errorf("got %v", err)
	}
}

func TestWrongCredentials(t *testing.T) {
	l := connect(t, chile)
	for _, name := range []string{settingMerchant, settingToken, settingUser, settingPassword} {
		settings := testSettings(chile)
		settings[name] = "another"
		l.cfg.Settings = providers.NewSettings(settings)
		for what, err := range map[string]error{"check": l.Check(t.Context()), "prepare": l.Prepare(t.Context(), order("CAA", 15_050))} {
			if e := problemOf(err); !e.Credentials || e.Message != "Credenciales inválidas (SIM_BAD_CREDENTIALS)" {
				t.Errorf("%s, wrong %s: got %v, want credentials", what, name, err)
			}
		}
	}
}

// TestTokenShapes: until when a token is used, in all the shapes in which it may come.
func TestTokenShapes(t *testing.T) {
	jwt := func(claims string) string { return forge(`{"alg":"HS256"}`, claims, "k") }
	for body, want := range map[string]time.Duration{
		`{"authorization_token":"a","expires_in":3600}`:                           59 * time.Minute,
		`{"access_token":"a","expires_in":"120"}`:                                 time.Minute,
		`{"data":{"token":"a"}}`:                                                  9 * time.Minute,
		`{"token":"a","expires_in":-1}`:                                           9 * time.Minute,
		`{"token":"a","expires_in":1e9}`:                                          9 * time.Minute,
		`[{"jwt":"a","expires_in":90}]`:                                           45 * time.Second,
		`{"data":{"jwt":"` + jwt(`{"exp":1767634200}`) + `"}}`:                    59 * time.Minute,
		`{"token":"` + jwt(`{"exp":1767634200}`) + `","expires_in":300}`:          59 * time.Minute,
		`{"token":"` + jwt(`{"exp":"soon"}`) + `","expires_in":300}`:              4 * time.Minute,
		`{"token":"` + jwt(`{"sub":"a"}`) + `","expires_in":300}`:                 4 * time.Minute,
		`{"token":"a.b.c","expires_in":300}`:                                      4 * time.Minute,
		`{"token":"a","authorization_token":"` + jwt(`{"exp":1767631200}`) + `"}`: 9 * time.Minute,
		`{"ok":true}`: 0, `{"token":""}`: 0, ``: 0, `[]`: 0, `{"token":"a","token":"b"}`: 0, `{"token":7}`: 0, `{"token":{"value":"a"}}`: 0,
		`[{"token":"a"},{"token":"b"}]`: 0,
	} {
		l := answered(t, http.StatusOK, body)
		l.session.drop("token-in-memory")
		_, err := l.token(t.Context(), sendLife)
		if got := l.session.until.Sub(l.now()); (err != nil) != (want == 0) || err == nil && got != want {
			t.Errorf("%s: got %v, %v, want %v", body, got, err, want)
		}
	}
}

// TestTokenTooShort: with tokens that end before a send may, or that have ended by our clock, nothing is sent; readings work.
func TestTokenTooShort(t *testing.T) {
	for seconds, want := range map[int]string{90: "", 61: "", 60: codeShort, 20: codeShort} {
		l := handled(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == pathLogin {
				_, _ = fmt.Fprintf(w, `{"token":"new","expires_in":%d}`, seconds)
				return
			}
			_, _ = io.WriteString(w, `{"currency":"CLP","available":1}`)
		})
		l.session.drop("token-in-memory")
		err := l.Prepare(t.Context(), order("SHORT", 15_050))
		if e := problemOf(err); e.Code != want || want != "" && e.Kind != providers.NotSent {
			t.Errorf("%d s: got %v, want %q", seconds, err, want)
		}
		if _, err := l.Balance(t.Context()); err != nil {
			t.Errorf("%d s: balance: %v", seconds, err)
		}
	}
	l := connect(t, chile)
	fast := l.cfg.Now
	l.cfg.Now = func() time.Time { return fast().Add(2 * time.Hour) } // our clock is ahead of the company's
	if err := l.Prepare(t.Context(), order("AHEAD", 15_050)); problemOf(err).Code != codeShort {
		t.Errorf("clock ahead: got %v", err)
	}
	if _, err := l.sendOnly(order("AHEAD", 15_050)); providers.KindOf(err) != providers.NotSent || strings.Contains(strings.Join(l.faults.Seen(), " "), pathPayouts) {
		t.Errorf("clock ahead: got %v after %q", err, l.faults.Seen())
	}
	if _, err := l.Balance(t.Context()); err != nil {
		t.Errorf("clock ahead: balance: %v", err)
	}
}
