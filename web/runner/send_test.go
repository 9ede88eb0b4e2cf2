package runner_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/paywicket/paywicket/web/payout"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestSend is what each answer of the bank makes of a payout (invariants 1 to 3): one request, and nothing is said to have
// failed without proof.
func TestSend(t *testing.T) {
	tests := []struct {
		name   string
		bank   func(*bank)
		state  payout.State
		sent   int
		moved  int
		frozen bool
	}{
		{"accepted", func(*bank) {}, payout.Accepted, 1, 1, false},
		{"paid at once", func(b *bank) {
			b.pay = func(w http.ResponseWriter, o order) { reply(w, 200, b.execute(o, "paid")) }
		}, payout.Paid, 1, 1, false},
		{"failed at once", func(b *bank) {
			b.pay = func(w http.ResponseWriter, o order) {
				o.ID, o.Status = "r1", "failed"
				reply(w, 200, o)
			}
		}, payout.Failed, 1, 0, false},
		{"on the reject list", func(b *bank) {
			b.pay = func(w http.ResponseWriter, _ order) { reply(w, 400, order{Message: "no such bank"}) }
		}, payout.Refused, 1, 0, false},
		{"another 4xx", func(b *bank) {
			b.pay = func(w http.ResponseWriter, _ order) { reply(w, 422, order{Message: "no"}) }
		}, payout.Unknown, 1, 0, false},
		{"too many requests", func(b *bank) {
			b.pay = func(w http.ResponseWriter, _ order) { reply(w, 429, order{}) }
		}, payout.Unknown, 1, 0, false},
		{"keys refused", func(b *bank) {
			b.pay = func(w http.ResponseWriter, _ order) { reply(w, 401, order{}) }
		}, payout.Unknown, 1, 0, true},
		{"executed, then 500", func(b *bank) {
			b.pay = func(w http.ResponseWriter, o order) {
				b.execute(o, "accepted")
				reply(w, 500, order{})
			}
		}, payout.Unknown, 1, 1, false},
		{"executed, then cut", func(b *bank) {
			b.pay = func(w http.ResponseWriter, o order) {
				b.execute(o, "accepted")
				cut(w)
			}
		}, payout.Unknown, 1, 1, false},
		{"cut before anything", func(b *bank) {
			b.pay = func(w http.ResponseWriter, _ order) { cut(w) }
		}, payout.Unknown, 1, 0, false},
		{"a redirect", func(b *bank) {
			b.pay = func(w http.ResponseWriter, _ order) {
				w.Header().Set("Location", "/pay")
				w.WriteHeader(http.StatusTemporaryRedirect)
			}
		}, payout.Unknown, 1, 0, false},
		{"HTML", func(b *bank) {
			b.pay = func(w http.ResponseWriter, o order) {
				b.execute(o, "accepted")
				_, _ = w.Write([]byte("<html>Thank you</html>"))
			}
		}, payout.Unknown, 1, 1, false},
		{"an empty answer", func(b *bank) {
			b.pay = func(w http.ResponseWriter, o order) { b.execute(o, "accepted") }
		}, payout.Unknown, 1, 1, false},
		{"2 MiB", func(b *bank) {
			b.pay = func(w http.ResponseWriter, o order) {
				b.execute(o, "accepted")
				_, _ = w.Write([]byte(strings.Repeat(" ", 2<<20)))
			}
		}, payout.Unknown, 1, 1, false},
		{"a word nobody knows", func(b *bank) {
			b.pay = func(w http.ResponseWriter, o order) { reply(w, 200, b.execute(o, "gone fishing")) }
		}, payout.Accepted, 1, 1, false},
		{"another amount", func(b *bank) {
			b.pay = func(w http.ResponseWriter, o order) {
				o = b.execute(o, "paid")
				o.Amount = "99.99"
				reply(w, 200, o)
			}
		}, payout.Unknown, 1, 1, false},
		{"another order", func(b *bank) {
			b.pay = func(w http.ResponseWriter, o order) {
				o = b.execute(o, "paid")
				o.Reference = "SOMEBODYELSES2345ABC"
				reply(w, 200, o)
			}
		}, payout.Unknown, 1, 1, false},
		{"names nothing", func(b *bank) {
			b.pay = func(w http.ResponseWriter, o order) {
				b.execute(o, "paid")
				reply(w, 200, order{Status: "paid"})
			}
		}, payout.Unknown, 1, 1, false},
		{"nobody at home", func(*bank) {}, payout.NotSent, 0, 0, false},
		{"adapter breaks down before the request", func(b *bank) { b.panicIn = "send" }, payout.NotSent, 0, 0, false},
		{"adapter breaks down after the answer", func(b *bank) { b.panicIn = "sent" }, payout.Unknown, 1, 1, false},
		{"adapter says that nothing was sent", func(b *bank) { b.claims = "not sent" }, payout.Unknown, 1, 1, false},
		{"adapter says that it cannot send", func(b *bank) { b.claims = "unsupported" }, payout.Unknown, 1, 1, false},
		{"adapter says that it is done, without a request", func(b *bank) { b.claims = "done" }, payout.NotSent, 0, 0, false},
		{"two steps", func(b *bank) { b.twoSteps = true }, payout.Accepted, 1, 1, false},
		{"two steps, the second is cut", func(b *bank) {
			b.twoSteps = true
			b.pay = func(w http.ResponseWriter, o order) {
				b.execute(o, "accepted")
				cut(w)
			}
		}, payout.Unknown, 1, 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.take(w.runner)
			p := w.approved()
			w.bank.change(tt.bank)
			if tt.name == "nobody at home" {
				w.bank.Close()
			}
			w.step(w.runner)
			p = w.want(p, tt.state, tt.sent, tt.moved)
			if len(p.Attempts) != 1 || p.Attempts[0].EndedAt.IsZero() {
				t.Errorf("got attempts %+v, want one that ended", p.Attempts)
			}
			a, err := w.stores.AccountOf(w.ctx, w.account.Store, w.account.ID)
			w.must(err)
			if a.Frozen.On() != tt.frozen {
				t.Errorf("got frozen %v, want %v", a.Frozen, tt.frozen)
			}
			// Whatever it was: it is never asked for again by itself (invariant 2), and what is known does not go back.
			w.bank.change(func(b *bank) { b.look = func(w http.ResponseWriter, _ order) { reply(w, 500, order{}) } })
			for range 8 {
				w.clock.add(90 * time.Hour)
				w.step(w.runner)
			}
			w.want(p, tt.state, tt.sent, tt.moved)
		})
	}
}

// TestSentIsWhatWasApproved: the bank gets what stands in the snapshot, under the reference of the decision (invariant 7).
func TestSentIsWhatWasApproved(t *testing.T) {
	w := newWorld(t)
	w.take(w.runner)
	p := w.approved()
	w.step(w.runner)
	p = w.find(p)
	want := order{ID: "r-" + p.Reference(), Reference: w.vault.Reference(string(p.ID), 1), Amount: "12.34", Currency: "EUR", Name: "Ama Owusu",
		Account: "DE0012345678", Status: "accepted"}
	if len(w.bank.executed) != 1 || w.bank.executed[0] != want {
		t.Errorf("got %+v, want %+v", w.bank.executed, want)
	}
	if p.RemoteID() != want.ID {
		t.Errorf("got identifier %q, want %q", p.RemoteID(), want.ID)
	}
}

// TestExchangesAreKept, masked (invariant 15).
func TestExchangesAreKept(t *testing.T) {
	w := newWorld(t)
	w.bank.prepares, w.bank.twoSteps = true, true
	w.take(w.runner)
	w.approved()
	w.step(w.runner)
	for purpose, want := range map[string]int{"prepare": 1, "send": 2} {
		if n := w.number(`select count(*) from exchanges where purpose = $1 and written = 1`, purpose); n != want && purpose == "send" {
			t.Errorf("%s: got %d exchanges kept, want %d", purpose, n, want)
		}
	}
	if n := w.number(`select count(*) from exchanges where request like '%CANARY%' or answer like '%CANARY%' or err like '%CANARY%' or url like '%CANARY%'`); n != 0 {
		t.Errorf("got %d exchanges with a secret in them", n)
	}
	if n := w.number(`select count(*) from attempts where cast(kept as text) like '%CANARY%'`); n != 0 {
		t.Error("what an attempt keeps is readable in the file")
	}
}

// TestPrepare is what happens before the claim: nothing moves, and nothing is claimed unless it worked.
func TestPrepare(t *testing.T) {
	tests := []struct {
		name   string
		bank   func(*bank)
		state  payout.State
		frozen bool
		later  payout.State // a minute later, the bank being well again
	}{
		{"works", func(*bank) {}, payout.Accepted, false, payout.Accepted},
		{"refused", func(b *bank) { b.login = func(w http.ResponseWriter) { reply(w, 422, order{}) } }, payout.Submitted, false, payout.Submitted},
		{"500", func(b *bank) { b.login = func(w http.ResponseWriter) { reply(w, 500, order{}) } }, payout.Approved, false, payout.Accepted},
		{"cut", func(b *bank) { b.login = cut }, payout.Approved, false, payout.Accepted},
		{"keys refused", func(b *bank) { b.login = func(w http.ResponseWriter) { reply(w, 401, order{}) } }, payout.Approved, true, payout.Approved},
		{"breaks down", func(b *bank) { b.panicIn = "prepare" }, payout.Approved, false, payout.Accepted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBank(t)
			b.prepares = true
			w := worldOf(t, b)
			w.take(w.runner)
			p := w.approved()
			w.bank.change(tt.bank)
			w.step(w.runner)
			n := 0
			if tt.state == payout.Accepted {
				n = 1
			}
			p = w.want(p, tt.state, n, n)
			if tt.state != payout.Accepted && len(p.Attempts) != 0 {
				t.Errorf("got attempts %+v, want none", p.Attempts)
			}
			a, err := w.stores.AccountOf(w.ctx, w.account.Store, w.account.ID)
			w.must(err)
			if a.Frozen.On() != tt.frozen {
				t.Errorf("got frozen %v, want %v", a.Frozen, tt.frozen)
			}
			w.step(w.runner)
			if got := w.bank.count("/login"); got > 1 {
				t.Errorf("got %d sign-ins within the same minute, want 1", got)
			}
			w.bank.change(func(b *bank) { b.login, b.panicIn = nil, "" })
			w.clock.add(time.Minute)
			w.step(w.runner)
			if got := w.find(p).State; got != tt.later {
				t.Errorf("a minute later: got %s, want %s", got, tt.later)
			}
		})
	}
}

// TestApprovedAnewWhilePreparing: the adapter got ready for the content as it was. What is sent is what was approved last,
// and the adapter gets ready for it first (invariant 7).
func TestApprovedAnewWhilePreparing(t *testing.T) {
	b := newBank(t)
	b.prepares = true
	w := worldOf(t, b)
	w.take(w.runner)
	p := w.approved()
	b.login = func(rw http.ResponseWriter) {
		b.change(func(b *bank) { b.login = nil })
		now := w.find(p)
		in := now.Input
		in.Amount = "99.00"
		_, err := w.payouts.Edit(w.ctx, w.maker, p.ID, now.Version, in)
		w.must(err)
		now, err = w.payouts.Submit(w.ctx, w.maker, p.ID, w.form())
		w.must(err)
		w.approve(now)
		reply(rw, 200, order{})
	}
	w.step(w.runner)
	w.want(p, payout.Approved, 0, 0)
	w.step(w.runner)
	w.want(p, payout.Accepted, 1, 1)
	if got := b.executed[0].Amount; got != "99.00" || b.count("/login") != 2 {
		t.Errorf("got %s sent after %d sign-ins, want 99.00 after 2", got, b.count("/login"))
	}
}

// TestSentBackSaysWhy: the author reads the bank's words.
func TestSentBackSaysWhy(t *testing.T) {
	b := newBank(t)
	b.prepares = true
	b.login = func(w http.ResponseWriter) { reply(w, 422, order{}) }
	w := worldOf(t, b)
	w.take(w.runner)
	p := w.approved()
	w.step(w.runner)
	if p = w.find(p); p.Reason != "this account is closed" || len(p.Approvals) != 0 {
		t.Errorf("got reason %q and approvals %v", p.Reason, p.Approvals)
	}
}

// TestRightsAreCheckedAtUse is invariant 8: whatever changed between the approval and the claim stops the send.
func TestRightsAreCheckedAtUse(t *testing.T) {
	other := map[string]string{"merchant": "m1", "key": otherKey}
	tests := []struct {
		name   string
		change func(*world)
		state  payout.State
	}{
		{"nothing", func(*world) {}, payout.Accepted},
		{"approver disabled", func(w *world) {
			second := w.super("second")
			w.must(w.access.Disable(w.ctx, second, w.boss.ID))
		}, payout.Submitted},
		{"approver demoted", func(w *world) {
			second := w.super("second")
			w.must(w.access.TakeRole(w.ctx, second, w.boss.ID, w.boss.Grants[0]))
		}, payout.Submitted},
		{"keys replaced", func(w *world) {
			_, err := w.stores.ReplaceSettings(w.ctx, w.maker, w.account.ID, other)
			w.must(err)
		}, payout.Submitted},
		{"expired", func(w *world) { w.clock.add(24*time.Hour + time.Second) }, payout.Submitted},
		{"account frozen", func(w *world) { w.must(w.stores.Freeze(w.ctx, w.boss, w.account, "doubt")) }, payout.Approved},
		{"everything stopped", func(w *world) { w.must(w.access.Halt(w.ctx, w.boss, "doubt")) }, payout.Approved},
		{"amount changed in the file", func(w *world) { w.raw(`update payouts set minor = 999999`) }, payout.Submitted},
		{"snapshot changed in the file", func(w *world) {
			w.raw(`update payouts set snapshot = cast(replace(cast(snapshot as text), 'Ama', 'Eva') as blob)`)
		}, payout.Submitted},
		{"moved to test mode in the file", func(w *world) { w.raw(`update accounts set live = 0`) }, payout.Approved}, // its keys do not open
		{"address dropped", func(w *world) { w.raw(`update accounts set address = 'evil.example'`) }, payout.Approved},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.take(w.runner)
			p := w.approved()
			tt.change(w)
			w.step(w.runner)
			w.step(w.runner)
			n := 0
			if tt.state == payout.Accepted {
				n = 1
			}
			w.want(p, tt.state, n, n)
		})
	}
}

// TestReplacedKeysAreNotTried: what was approved with keys that were replaced goes back without asking the bank, so that
// the old keys being refused does not freeze the account.
func TestReplacedKeysAreNotTried(t *testing.T) {
	b := newBank(t)
	b.prepares = true
	w := worldOf(t, b)
	w.take(w.runner)
	p := w.approved()
	_, err := w.stores.ReplaceSettings(w.ctx, w.maker, w.account.ID, map[string]string{"merchant": "m1", "key": otherKey})
	w.must(err)
	w.step(w.runner)
	w.want(p, payout.Submitted, 0, 0)
	if n := b.count("/login"); n != 0 {
		t.Errorf("got %d sign-ins, want none", n)
	}
}

// TestExpiredGoesBackThoughTheBankIsDown: an approval does not outlive its time because nobody can get ready.
func TestExpiredGoesBackThoughTheBankIsDown(t *testing.T) {
	b := newBank(t)
	b.prepares = true
	b.login = func(w http.ResponseWriter) { reply(w, 500, order{}) }
	w := worldOf(t, b)
	w.take(w.runner)
	p := w.approved()
	for range 26 {
		w.step(w.runner)
		w.clock.add(time.Hour)
	}
	w.want(p, payout.Submitted, 0, 0)
}

// TestDamagedKeysFreeze: stored keys that do not open stop the account (invariant 16), and are not tried without pause.
func TestDamagedKeysFreeze(t *testing.T) {
	w := newWorld(t)
	w.take(w.runner)
	p := w.approved()
	w.raw(`update credentials set sealed = cast(x'00' || substr(sealed, 2) as blob)`)
	w.step(w.runner)
	w.want(p, payout.Approved, 0, 0)
	a, err := w.stores.AccountOf(w.ctx, w.account.Store, w.account.ID)
	w.must(err)
	if a.Frozen.Reason != "sealed" {
		t.Errorf("got %+v, want it frozen", a.Frozen)
	}
}

// TestFrozenAndHaltedWait, and go on when they may.
func TestFrozenAndHaltedWait(t *testing.T) {
	w := newWorld(t)
	w.take(w.runner)
	p := w.approved()
	w.must(w.stores.Freeze(w.ctx, w.boss, w.account, "doubt"))
	w.must(w.access.Halt(w.ctx, w.boss, "doubt"))
	step := func(want payout.State, sent int) {
		t.Helper()
		for range 3 {
			w.clock.add(time.Hour)
			w.step(w.runner)
		}
		w.want(p, want, sent, sent)
	}
	step(payout.Approved, 0)
	w.must(w.access.Halt(w.ctx, w.boss, ""))
	step(payout.Approved, 0)
	a, err := w.stores.AccountOf(w.ctx, w.account.Store, w.account.ID)
	w.must(err)
	w.must(w.stores.Unfreeze(w.ctx, w.boss, a))
	step(payout.Accepted, 1)
}

// TestCheckpointFails: what cannot be stored is not paid (two steps: the identifier first).
func TestCheckpointFails(t *testing.T) {
	for name, stubborn := range map[string]bool{"the adapter stops": false, "the adapter goes on all the same": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.bank.twoSteps, w.bank.stubborn = true, stubborn
			w.take(w.runner)
			p := w.approved()
			w.raw(`create trigger full before update on attempts when new.remote_id <> '' begin select raise(abort, 'disk full'); end`)
			w.step(w.runner)
			w.want(p, payout.NotSent, 0, 0)
			if n := w.bank.count("/open"); n != 1 {
				t.Errorf("got %d orders opened, want 1", n)
			}
		})
	}
}

// TestCheckpointIsStoredFirst: when the money moves, the identifier is in the file.
func TestCheckpointIsStoredFirst(t *testing.T) {
	w := newWorld(t)
	w.bank.twoSteps = true
	kept := 0
	w.bank.pay = func(rw http.ResponseWriter, o order) {
		kept = w.number(`select count(*) from attempts where remote_id = $1 and kept is not null`, o.ID)
		reply(rw, 200, w.bank.execute(o, "accepted"))
	}
	w.take(w.runner)
	p := w.approved()
	w.step(w.runner)
	w.want(p, payout.Accepted, 1, 1)
	if kept != 1 {
		t.Error("the identifier was not stored when the money moved")
	}
}

// TestClaimIsDurableFirst is invariant 1: when the request arrives the claim, its attempt and its audit row are committed.
func TestClaimIsDurableFirst(t *testing.T) {
	w := newWorld(t)
	got := 0
	w.bank.pay = func(rw http.ResponseWriter, o order) {
		got = w.number(`select count(*) from payouts p join attempts a on a.payout = p.id join audit e on e.subject = p.id
			where p.state = 'sending' and a.reference = $1 and e.action = 'payout.claimed'`, o.Reference)
		reply(rw, 200, w.bank.execute(o, "accepted"))
	}
	w.take(w.runner)
	p := w.approved()
	w.step(w.runner)
	w.want(p, payout.Accepted, 1, 1)
	if got != 1 {
		t.Errorf("got %d committed claims when the request arrived, want 1", got)
	}
}

// TestCommitFailsBeforeTheClaim: nothing is sent that is not claimed.
func TestCommitFailsBeforeTheClaim(t *testing.T) {
	for _, table := range []string{"attempts", "audit"} {
		t.Run(table, func(t *testing.T) {
			w := newWorld(t)
			w.take(w.runner)
			p := w.approved()
			w.raw(`create trigger full before insert on ` + table + ` begin select raise(abort, 'disk full'); end`)
			w.step(w.runner)
			w.step(w.runner) // at once again: it rests
			w.want(p, payout.Approved, 0, 0)
			if n := w.log.has("work on payout or webhook"); n != 1 {
				t.Errorf("got %d tries without a pause, want 1", n)
			}
			w.raw(`drop trigger full`)
			w.clock.add(30 * time.Second)
			w.step(w.runner)
			w.want(p, payout.Accepted, 1, 1)
		})
	}
}
