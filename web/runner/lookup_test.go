package runner_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// TestLookUpsToTheEnd: what is accepted or unknown is asked about, less and less often, until the bank says how it ended.
func TestLookUpsToTheEnd(t *testing.T) {
	for _, lost := range []bool{false, true} {
		for _, end := range []payout.State{payout.Paid, payout.Failed, payout.Cancelled} {
			t.Run(fmt.Sprintf("%s, answer lost %v", end, lost), func(t *testing.T) {
				w := newWorld(t)
				if lost {
					w.bank.pay = func(rw http.ResponseWriter, o order) {
						w.bank.execute(o, "accepted")
						cut(rw)
					}
				}
				w.take(w.runner)
				p := w.approved()
				w.step(w.runner)
				for i := range 144 { // ten minutes each
					if i == 138 {
						w.bank.set(w.find(p).Reference(), string(end))
					}
					w.clock.add(10 * time.Minute)
					w.step(w.runner)
				}
				w.want(p, end, 1, 1)
				if n := w.bank.count("/orders"); n < 22 || n > 32 {
					t.Errorf("got %d look-ups in a day, want about one an hour", n)
				}
				asked := w.bank.count("/orders")
				w.clock.add(100 * time.Hour)
				w.step(w.runner)
				if w.bank.count("/orders") != asked {
					t.Error("asked about what has ended")
				}
			})
		}
	}
}

// TestFailedLookUpsProveNothing is invariants 2 and 3: whatever a look-up comes back with short of a record, the payout
// stays unknown and is asked about again.
func TestFailedLookUpsProveNothing(t *testing.T) {
	tests := map[string]func(http.ResponseWriter, order){
		"not found":      func(w http.ResponseWriter, _ order) { reply(w, 404, order{}) },
		"500":            func(w http.ResponseWriter, _ order) { reply(w, 500, order{Status: "failed"}) },
		"refused":        func(w http.ResponseWriter, _ order) { reply(w, 400, order{Status: "failed"}) },
		"cut":            func(w http.ResponseWriter, _ order) { cut(w) },
		"HTML":           func(w http.ResponseWriter, _ order) { _, _ = w.Write([]byte("<html>")) },
		"names nothing":  func(w http.ResponseWriter, _ order) { reply(w, 200, order{Status: "failed"}) },
		"no amount":      func(w http.ResponseWriter, o order) { o.Amount, o.ID, o.Status = "", "", "failed"; reply(w, 200, o) },
		"a word unknown": func(w http.ResponseWriter, o order) { o.Status = "gone fishing"; reply(w, 200, o) },
	}
	for name, look := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.bank.pay = func(rw http.ResponseWriter, o order) {
				w.bank.execute(o, "accepted")
				cut(rw)
			}
			w.bank.look = look
			w.take(w.runner)
			p := w.approved()
			w.step(w.runner)
			for range 30 {
				w.clock.add(time.Hour)
				w.step(w.runner)
			}
			p = w.want(p, payout.Unknown, 1, 1)
			if p.DueAt.IsZero() || w.bank.count("/orders") < 20 {
				t.Errorf("got due %s after %d look-ups, want it asked about for ever", p.DueAt, w.bank.count("/orders"))
			}
			w.bank.change(func(b *bank) { b.look = nil })
			w.bank.set(p.Reference(), "paid")
			w.clock.add(time.Hour)
			w.step(w.runner)
			w.want(p, payout.Paid, 1, 1)
		})
	}
}

// TestLookUpContradicts: a record of something else is a conflict and moves nothing.
func TestLookUpContradicts(t *testing.T) {
	w := newWorld(t)
	w.take(w.runner)
	p := w.approved()
	w.step(w.runner)
	w.bank.look = func(rw http.ResponseWriter, o order) {
		o.Status, o.Amount = "paid", "99.99"
		reply(rw, 200, o)
	}
	w.clock.add(time.Minute)
	w.step(w.runner)
	p = w.want(p, payout.Accepted, 1, 1)
	if c := p.OpenConflict(); c == nil || c.Code != "amount" {
		t.Errorf("got conflict %+v, want one about the amount", c)
	}
}

// TestNobodyToAsk: where the company has no look-up the payout waits for a webhook or for people, without being asked
// about over and over.
func TestNobodyToAsk(t *testing.T) {
	w := newWorld(t)
	w.bank.noLookup = true
	w.take(w.runner)
	p := w.approved()
	w.step(w.runner)
	w.clock.add(time.Minute)
	w.step(w.runner)
	if p = w.want(p, payout.Accepted, 1, 1); !p.DueAt.IsZero() {
		t.Errorf("got due %s, want never", p.DueAt)
	}
}

// TestBrokenLookUp: an adapter that breaks down takes nothing with it, and is not tried without a pause.
func TestBrokenLookUp(t *testing.T) {
	w := newWorld(t)
	w.take(w.runner)
	p := w.approved()
	w.step(w.runner)
	w.bank.change(func(b *bank) { b.panicIn = "lookup" })
	w.clock.add(time.Minute)
	w.step(w.runner)
	if p = w.want(p, payout.Accepted, 1, 1); !p.DueAt.After(w.clock.now()) {
		t.Errorf("got due %s, want it later", p.DueAt)
	}
}

// TestLookUpThatCannotBeWrittenDown does not ask the company without a pause.
func TestLookUpThatCannotBeWrittenDown(t *testing.T) {
	w := newWorld(t)
	w.take(w.runner)
	p := w.approved()
	w.step(w.runner)
	w.raw(`create trigger full before update on payouts begin select raise(abort, 'disk full'); end`)
	w.clock.add(time.Minute)
	for range 20 {
		w.step(w.runner)
	}
	if n := w.bank.count("/orders"); n != 1 {
		t.Errorf("got %d look-ups within a moment, want 1", n)
	}
	w.raw(`drop trigger full`)
	w.bank.set(w.find(p).Reference(), "paid")
	w.clock.add(30 * time.Second)
	w.step(w.runner)
	w.want(p, payout.Paid, 1, 1)
}

// TestLookUpWithRefusedKeys freezes the account; the payout goes on being asked about.
func TestLookUpWithRefusedKeys(t *testing.T) {
	w := newWorld(t)
	w.take(w.runner)
	p := w.approved()
	w.step(w.runner)
	w.bank.change(func(b *bank) { b.look = func(rw http.ResponseWriter, _ order) { reply(rw, 401, order{}) } })
	w.clock.add(time.Minute)
	w.step(w.runner)
	a, err := w.stores.AccountOf(w.ctx, w.account.Store, w.account.ID)
	w.must(err)
	if a.Frozen.Reason != "credentials" || a.Frozen.By != "" {
		t.Errorf("got %+v, want it frozen by Paywicket", a.Frozen)
	}
	w.bank.change(func(b *bank) { b.look = nil })
	w.bank.set(w.find(p).Reference(), "paid")
	w.clock.add(time.Hour)
	w.step(w.runner)
	w.want(p, payout.Paid, 1, 1)
}

// TestLookUpWithReplacedKeys uses today's.
func TestLookUpWithReplacedKeys(t *testing.T) {
	w := newWorld(t)
	w.take(w.runner)
	p := w.approved()
	w.step(w.runner)
	_, err := w.stores.ReplaceSettings(w.ctx, w.maker, w.account.ID, map[string]string{"merchant": "m1", "key": otherKey})
	w.must(err)
	w.bank.set(w.find(p).Reference(), "paid")
	w.clock.add(time.Minute)
	w.step(w.runner)
	w.want(p, payout.Paid, 1, 1)
}

// TestDamagedKeysDoNotSpin: what cannot be asked about is left alone longer and longer.
func TestDamagedKeysDoNotSpin(t *testing.T) {
	w := newWorld(t)
	w.take(w.runner)
	p := w.approved()
	w.step(w.runner)
	again := w.newRunner(w.runner.Lock) // has not opened the account yet
	w.must(w.runner.Leave())
	w.take(again)
	w.raw(`update credentials set sealed = cast(x'00' || substr(sealed, 2) as blob)`)
	for range 120 {
		w.clock.add(time.Minute)
		w.step(again)
	}
	if p = w.want(p, payout.Accepted, 1, 1); p.Looks < 5 || p.Looks > 20 {
		t.Errorf("got %d looks in two hours, want a few", p.Looks)
	}
}

// TestWebhooksAreSeenTo: the runner asks about a webhook that waits, and judges one that a crash left behind.
func TestWebhooksAreSeenTo(t *testing.T) {
	w := newWorld(t)
	w.bank.confirms = true
	w.take(w.runner)
	p := w.approved()
	w.step(w.runner)
	w.bank.set(w.find(p).Reference(), "paid")
	a, err := w.stores.AccountOf(w.ctx, w.account.Store, w.account.ID)
	w.must(err)
	header := http.Header{"Key": {secretKey}}
	body := `{"reference":"` + w.find(p).Reference() + `","status":"paid","amount":"12.34","currency":"EUR"}`
	t.Run("waits to be confirmed", func(t *testing.T) {
		answer, err := w.inbox.Receive(w.ctx, inbox.Incoming{Token: a.Token, Address: "192.0.2.1", Header: header, Body: []byte(body)})
		w.must(err)
		if answer.Status != 200 {
			t.Errorf("got %d, want 200", answer.Status)
		}
		w.want(p, payout.Accepted, 1, 1)
		w.step(w.runner)
		w.want(p, payout.Paid, 1, 1)
	})
	t.Run("left by a crash", func(t *testing.T) {
		q := w.approved()
		w.step(w.runner)
		w.bank.set(w.find(q).Reference(), "failed")
		body := strings.Replace(body, w.find(p).Reference(), w.find(q).Reference(), 1)
		w.must(w.db.Hooks().Keep(w.ctx, inbox.Hook{ID: "left", Account: a.ID, Store: a.Store, Provider: "toy", Token: a.Token, ReceivedAt: w.clock.now(), Header: header,
			Body: []byte(strings.Replace(body, "paid", "failed", 1)), Size: len(body) + 2, Digest: "d", Verdict: inbox.Received, DueAt: w.clock.now().Add(time.Second)}))
		w.raw(`update hooks set size = length(body)`)
		w.raw(`update payouts set due_at = 0`) // only the webhook knows
		w.clock.add(time.Second)
		w.step(w.runner) // judges
		w.step(w.runner) // asks
		w.want(q, payout.Failed, 2, 2)
	})
}

// TestCheck is the test call: what it finds out, and that no key shows in what it says (invariant 15).
func TestCheck(t *testing.T) {
	w := newWorld(t)
	report, err := w.asks.Check(w.ctx, w.maker, w.account)
	w.must(err)
	if report.Err != nil || len(report.Methods) != 1 || len(report.Balances) != 1 || report.Balances[0].Amount.Minor != 100000 || !report.CanTell {
		t.Errorf("got %+v", report)
	}
	a, err := w.stores.Account(w.ctx, w.maker, access.ViewAccounts, w.account.ID)
	w.must(err)
	if a.CheckErr != "" || !a.CheckedAt.Equal(w.clock.now()) || !a.GoodAt.Equal(w.clock.now()) || len(a.Balances) != 1 {
		t.Errorf("got %+v", a)
	}
	echo := &providers.Error{Message: "no such key: " + secretKey}
	w.must(w.stores.Checked(w.ctx, w.maker, w.account, echo))
	if a, err = w.stores.Account(w.ctx, w.maker, access.ViewAccounts, w.account.ID); err != nil || a.CheckErr != "no such key: [secret]" {
		t.Errorf("got %q, %v", a.CheckErr, err)
	}
}

// TestOpen: an account is opened only at an address that is known, with keys that are its own.
func TestOpen(t *testing.T) {
	w := newWorld(t)
	one, err := w.open.Open(w.ctx, w.account, 1)
	w.must(err)
	two, err := w.open.Open(w.ctx, w.account, 1)
	w.must(err)
	if one != two {
		t.Error("opened twice: a sign-in would be lost")
	}
	bad := w.account
	bad.Address = "evil.example"
	if _, err := w.open.Open(w.ctx, bad, 1); !errors.Is(err, store.ErrAddress) {
		t.Errorf("another address: got %v, want ErrAddress", err)
	}
	bad = w.account
	bad.Provider = "no-such"
	if _, err := w.open.Open(w.ctx, bad, 2); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another company: got %v, want ErrNotFound", err)
	}
	if _, err := w.open.Open(w.ctx, w.account, 7); err == nil {
		t.Error("opened with settings that were never stored")
	}
}
