package runner_test

import (
	"bytes"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/paywicket/paywicket/db"

	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// Invariant 16: of two payouts that a sender left behind, what was kept with one is damaged. Both become unknown and are looked
// up, the one without what was kept; nothing is sent twice, and others are sent.
func TestInvariant16DamagedKept(t *testing.T) {
	w := newWorld(t)
	gone := w.newRunner(freely{})
	w.must(gone.Take(w.ctx))
	var left []*payout.Payout
	for range 2 {
		p, err := w.payouts.Claim(w.ctx, w.scope(), w.approved().ID, 1)
		w.must(err)
		w.must(w.payouts.Checkpoint(w.ctx, w.scope(), p.ID, 1, "", map[string]string{"key": "secret"}))
		w.bank.execute(order{Reference: p.Reference(), Amount: "12.34", Currency: "EUR"}, "paid")
		left = append(left, p)
	}
	w.raw(`update attempts set kept = x'00' where payout = $1`, string(left[0].ID))
	moved := w.bank.moved()
	w.take(w.runner)
	for i, p := range left {
		if got := w.want(p, payout.Unknown, 0, moved); got.Attempts[0].Damaged != (i == 0) {
			t.Errorf("%d: got %+v, want only the first damaged", i, got.Attempts[0])
		}
	}
	w.clock.add(time.Minute)
	w.step(w.runner)
	for _, p := range left {
		w.want(p, payout.Paid, 0, moved)
	}
	if w.log.has("is damaged") == 0 {
		t.Error("the log does not say so")
	}
	if n := w.number(`select count(*) from attempts where kept = x'00'`); n != 1 {
		t.Errorf("got %d, want the damaged value left as it is", n)
	}
	other := w.approved()
	w.step(w.runner)
	w.want(other, payout.Accepted, 1, moved+1)
}

// Invariant 16: the keys of one account are damaged. It alone is frozen, by whatever needs its keys first, and says why; another
// account of the same store sends.
func TestInvariant16DamagedCredential(t *testing.T) {
	for name, meet := range map[string]func(*world, store.Account){
		"a send":    func(w *world, _ store.Account) { w.step(w.runner) },
		"a balance": func(w *world, a store.Account) { _ = w.asks.Refresh(w.ctx, a) },
		"a test":    func(w *world, a store.Account) { _, _ = w.asks.Check(w.ctx, w.boss, a) },
		"an offer":  func(w *world, a store.Account) { _, _ = w.asks.Renew(w.ctx, a) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.take(w.runner)
			damaged := w.account
			stuck := w.approved()
			w.raw(`update credentials set sealed = x'00' where account = $1`, string(damaged.ID))
			meet(w, damaged)
			w.want(stuck, payout.Approved, 0, 0)
			w.connect()
			sent := w.approved()
			w.clock.add(time.Hour)
			w.step(w.runner)
			w.want(sent, payout.Accepted, 1, 1)
			if w.find(stuck).State != payout.Approved {
				t.Errorf("got %s, want what needs the damaged keys to wait", w.find(stuck).State)
			}
			for id, want := range map[store.AccountID]string{damaged.ID: store.FrozenSealed, w.account.ID: ""} {
				if a, err := w.stores.AccountOf(w.ctx, w.account.Store, id); err != nil || a.Frozen.Reason != want {
					t.Errorf("%s: got %+v and %v, want %q", id, a.Frozen, err, want)
				}
			}
		})
	}
}

// Invariant 16: after a sender that was killed, or whose disk failed, the file is read whole before anything is sent; after one that
// left in good order it is not. Damage where no payout ever looks stops the sending all the same.
func TestInvariant16CheckedBeforeSending(t *testing.T) {
	const said = "did not leave in good order"
	for name, damaged := range map[string]bool{"sound": false, "damaged": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := w.approved()
			w.must(w.runner.Take(w.ctx))
			w.must(w.runner.Leave())
			w.must(w.runner.Take(w.ctx))
			if w.log.has(said) > 0 {
				t.Error("checked after a sender that left in good order")
			}
			root := w.number(`select rootpage from sqlite_master where name = 'recovery_codes'`)
			w.must(w.db.Close()) // the process is gone without leaving
			if damaged {
				file, err := os.ReadFile(w.path)
				w.must(err)
				copy(file[(root-1)*4096:], bytes.Repeat([]byte{0xa5}, 4096))
				w.must(os.WriteFile(w.path, file, 0o600))
			}
			w.openDB()
			next := w.newRunner(freely{})
			if err := next.Take(w.ctx); errors.Is(err, db.ErrHalted) != damaged || (err == nil) == damaged {
				t.Errorf("got %v, want it refused: %v", err, damaged)
			}
			w.step(next)
			if damaged {
				w.want(p, payout.Approved, 0, 0)
				again := w.newRunner(freely{}) // a mark is not taken away by being looked at
				if err := again.Take(w.ctx); !errors.Is(err, db.ErrHalted) || w.log.has(said) != 2 {
					t.Errorf("again: got %v, want it refused again", err)
				}
				return
			}
			w.want(p, payout.Accepted, 1, 1)
			w.must(next.Leave())
			w.take(w.newRunner(freely{}))
			if w.log.has(said) != 1 || w.log.has("nothing is wrong") != 1 {
				t.Errorf("got %d checks, want one", w.log.has(said))
			}
		})
	}
}
