package goldenpay

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
)

// TestSwitches: what each switch changes, seen from an account.
func TestSwitches(t *testing.T) {
	tests := map[string]func(*testing.T, *line){
		switchOlder: func(t *testing.T, l *line) {
			r := mustSend(t, l)
			if r.Attempt.RemoteID[:2] != "WT" || r.Amount != vnd(250_000) {
				t.Errorf("got %+v, want a number and an amount as in the older documents", r)
			}
		},
		switchMirror: func(t *testing.T, l *line) {
			l.cfg.Settings = providers.NewSettings(testSettings("10001", "another"))
			wantError(t, l, providers.Error{Kind: providers.Refused, Code: "400", Message: "signature verification failed"})
		},
		switchTime: func(t *testing.T, l *line) {
			wantError(t, l, providers.Error{Kind: providers.Refused, Code: "400", Message: "signature verification failed"})
			settings := testSettings("10001", testKey)
			settings[settingTime] = timeUnsigned
			l.cfg.Settings = providers.NewSettings(settings)
			mustSend(t, l)
		},
		switchClock: func(t *testing.T, l *line) {
			l.cfg.Now = func() time.Time { return clockOfTest().Add(-simSkew - time.Second) }
			wantError(t, l, providers.Error{Kind: providers.Refused, Code: "400", Message: "timestamp expired"})
			l.cfg.Now = func() time.Time { return clockOfTest().Add(simSkew) }
			mustSend(t, l)
		},
		switchNonces: func(t *testing.T, l *line) {
			l.cfg.Nonce = func(int) string { return "a1B2c3D4e5" }
			mustSend(t, l)
			wantError(t, l, providers.Error{Kind: providers.Refused, Code: "400", Message: "nonce already used"})
		},
		switchAddress: func(t *testing.T, l *line) {
			wantError(t, l, providers.Error{Code: "403", Message: "IP address not allowed", Credentials: true})
		},
		switchRepeats: func(t *testing.T, l *line) {
			first, again := mustSend(t, l), mustSend(t, l)
			if first.Attempt.RemoteID != again.Attempt.RemoteID || len(l.later) != 1 {
				t.Errorf("got %+v and %+v, want one order", first.Attempt, again.Attempt)
			}
		},
		switchChinese: func(t *testing.T, l *line) {
			o := orderOf(vnd(simLimit + 50))
			_, err := l.send(o)
			if e, _ := errors.AsType[*providers.Error](err); e == nil || e.Message != "提现金额超出限制" || e.Kind != providers.Refused {
				t.Errorf("got %v, want it refused in Chinese", err)
			}
		},
		switchProofs: func(t *testing.T, l *line) {
			r := lookedUp(t, l)
			if diff := cmp.Diff([]string{"https://files.goldenpay.example/proof/" + r.Attempt.RemoteID + ".png"}, r.Proofs); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		},
		switchNoFigure: func(t *testing.T, l *line) {
			if r := lookedUp(t, l); r.Amount != (money.Amount{}) || r.Method != "" || r.Status != providers.Paid {
				t.Errorf("got %+v, want neither amount nor currency", r)
			}
		},
	}
	names := slices.Sorted(maps.Keys(tests))
	if diff := cmp.Diff(names, slices.Sorted(maps.Keys(Definition().Switches))); diff != "" {
		t.Errorf("switches that are tested, and that there are (-want +got):\n%s", diff)
	}
	for name, check := range tests {
		t.Run(name, func(t *testing.T) { check(t, simulate(t, name)) })
	}
}

func mustSend(t *testing.T, l *line) providers.Result {
	t.Helper()
	r, err := l.send(orderOf(vnd(250_000)))
	if err != nil || r.Status != providers.Accepted {
		t.Fatalf("got %+v, %v; want it accepted", r, err)
	}
	return r
}

// lookedUp is a payout that was paid.
func lookedUp(t *testing.T, l *line) providers.Result {
	t.Helper()
	sent := mustSend(t, l)
	l.settle()
	r, err := l.Lookup(t.Context(), sent.Attempt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wantError(t *testing.T, l *line, want providers.Error) {
	t.Helper()
	_, err := l.send(orderOf(vnd(250_000)))
	got, _ := errors.AsType[*providers.Error](err)
	if got == nil {
		t.Fatalf("got %v, want an error", err)
	}
	bare := providers.Error{Kind: got.Kind, Code: got.Code, Message: got.Message, Credentials: got.Credentials}
	if diff := cmp.Diff(want, bare); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAnswerIsTwenty: an answer to an order never says more than that it was accepted, even if it is paid already.
func TestAnswerIsTwenty(t *testing.T) {
	l := simulate(t)
	sent, err := l.send(orderOf(vnd(250_008)))
	if err != nil || sent.Word != wordAccepted {
		t.Fatalf("got %+v, %v; want status 20", sent, err)
	}
	if r, err := l.Lookup(t.Context(), sent.Attempt); err != nil || r.Word != wordPaid {
		t.Errorf("got %+v, %v; want status 60", r, err)
	}
}

// TestMockTakesAnyAccount: the channel for tests pays nobody.
func TestMockTakesAnyAccount(t *testing.T) {
	for method, ok := range map[string]bool{"mock_vnd": true, "vn_bank": false} {
		l := simulate(t)
		o := orderOf(vnd(250_000))
		o.Method, o.Details["account_no"] = method, "ABCDEF"
		if _, err := l.send(o); (err == nil) != ok {
			t.Errorf("%s: got %v", method, err)
		}
	}
}
