package inbox_test

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
)

// dump is every row of some tables, as text.
func (w *world) dump(tables ...string) []string {
	w.t.Helper()
	d, err := sql.Open("sqlite", w.path)
	w.must(err)
	defer func() { _ = d.Close() }() // what counts is checked
	var all []string
	for _, table := range tables {
		all = append(all, w.dumpOf(d, table)...)
	}
	return all
}

func (w *world) dumpOf(d *sql.DB, table string) []string {
	w.t.Helper()
	rows, err := d.QueryContext(w.ctx, "select * from "+table+" order by rowid")
	w.must(err)
	defer func() { _ = rows.Close() }() // rows.Err tells what matters
	names, err := rows.Columns()
	w.must(err)
	var all []string
	for rows.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		w.must(rows.Scan(into...))
		all = append(all, fmt.Sprintf("%s %v", table, values))
	}
	w.must(rows.Err())
	return all
}

// money is every table that says how payouts and webhooks stand.
func (w *world) money() []string {
	return w.dump("payouts", "approvals", "attempts", "conflicts", "exchanges", "hooks", "accounts")
}

// chosen are all webhooks of the inbox, oldest first.
func (w *world) chosen() []string {
	w.t.Helper()
	ids, more, err := w.Choose(w.ctx, w.boss, inbox.Filter{})
	w.must(err)
	if more {
		w.t.Fatal("more than are replayed in one go")
	}
	return ids
}

func changing(all []inbox.Outcome) int {
	n := 0
	for _, o := range all {
		if o.Changes() {
			n++
		}
	}
	return n
}

// TestReplayMonth: a month of webhooks of every kind is replayed twice. What the preview says comes true, and the second time
// nothing at all changes. Invariants 5 and 12.
func TestReplayMonth(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t).connect()
			w.month(rand.New(rand.NewPCG(seed, 1)))
			ids := w.chosen()
			before := w.money()
			said, err := w.Preview(w.ctx, w.maker, w.seen(w.maker, ids))
			w.must(err)
			if diff := cmp.Diff(before, w.money()); diff != "" || len(said) == 0 {
				t.Errorf("the preview changed something:\n%s", diff)
			}
			said, err = w.Preview(w.ctx, w.boss, ids)
			w.must(err)
			done, err := w.Replay(w.ctx, w.boss, ids)
			w.must(err)
			if changing(said) == 0 || changing(done) != changing(said) {
				t.Errorf("%d changed, the preview said %d of %d", changing(done), changing(said), len(ids))
			}
			after := w.money()
			lines := w.number(`select count(*) from hook_acts`)
			said, err = w.Preview(w.ctx, w.boss, ids)
			w.must(err)
			done, err = w.Replay(w.ctx, w.boss, ids)
			w.must(err)
			if diff := cmp.Diff(after, w.money()); diff != "" || changing(said) != 0 || changing(done) != 0 {
				t.Errorf("the second time %d of %d were to change, %d did:\n%s", changing(said), len(ids), changing(done), diff)
			}
			if again := w.number(`select count(*) from hook_acts`); lines != len(ids) || again != 2*len(ids) {
				t.Errorf("got %d lines and then %d of %d webhooks", lines, again, len(ids))
			}
			if n := w.number(`select count(*) from audit where action = 'webhook.replayed'`); n != 2 {
				t.Errorf("got %d audit rows, want one for each time", n)
			}
		})
	}
}

// seen leaves those that a person may see.
func (w *world) seen(by access.Person, ids []string) []string {
	var all []string
	for _, id := range ids {
		if _, err := w.db.Hooks().Hook(w.ctx, payout.ScopeOf(by, access.ViewWebhooks), id); err == nil {
			all = append(all, id)
		}
	}
	return all
}

// month makes payouts and webhooks about them: in order and out of it, twice, forged, signed with a key that was replaced too long
// ago, with another amount, about nobody, and some that came before we knew whose they were.
func (w *world) month(r *rand.Rand) {
	w.t.Helper()
	nonce := 0
	say := func(key string, m message) {
		nonce++
		m.Nonce = nonce
		w.clock.add(time.Duration(r.IntN(120)) * time.Minute)
		body := m.bytes()
		w.post(w.one, key, body)
		if r.IntN(4) == 0 {
			w.post(w.one, key, body)
		}
	}
	for i := range 12 {
		p := w.accepted(w.one, fmt.Sprint("r", i))
		for range 1 + r.IntN(4) {
			m := about(p, []string{"accepted", "paid", "failed", "paid", "returned", "gone fishing"}[r.IntN(6)])
			if r.IntN(6) == 0 {
				m.Amount = "99.99"
			}
			say([]string{keyOne, keyOne, keyOne, "CANARY-later"}[r.IntN(4)], m)
		}
	}
	// The answer that names it came later than the news.
	p := w.sending(w.one)
	say(keyOne, message{ID: "lost", Status: "paid", Amount: "12.34", Currency: "EUR"})
	_, _, err := w.Payouts.Record(w.ctx, payout.InStore(p.Store), p.ID, payout.Evidence{Source: payout.FromAnswer, Attempt: 1, Result: resultOf(w.t, message{Reference: p.Reference(), ID: "lost", Status: "accepted"})})
	w.must(err)
	say(keyOne, message{Event: "login"})
	say(keyOne, message{Reference: "X", Status: "paid"})
	lost := w.one
	lost.Token = "no-such"
	w.post(lost, keyOne, about(p, "paid").bytes())
	w.post(w.one, keyTwo, []byte(strings.Repeat("x", 100<<10)))
	// What was signed with "later" becomes genuine by entering that key.
	_, err = w.Stores.ReplaceSettings(w.ctx, w.maker, w.one.ID, map[string]string{"key": "CANARY-later"})
	w.must(err)
	w.clock.add(time.Hour)
}

// TestReplayAsks: what has to be confirmed is asked about before it moves, once; the second time there is nothing to ask.
func TestReplayAsks(t *testing.T) {
	w := newWorld(t).connect()
	w.company.confirm = true
	p := w.accepted(w.one, "r1")
	_, h := w.post(w.one, "CANARY-2", about(p, "paid").bytes())
	w.want(h, inbox.Forged, p, payout.Accepted)
	_, err := w.Stores.ReplaceSettings(w.ctx, w.maker, w.one.ID, map[string]string{"key": "CANARY-2"})
	w.must(err)
	w.company.says(about(p, "paid"))
	said, err := w.Preview(w.ctx, w.boss, []string{h.ID})
	w.must(err)
	if o := said[0]; !o.Changes() || !o.Asks || o.To != payout.Paid || len(w.company.asked()) != 0 {
		t.Errorf("got %+v, asked %d times", o, len(w.company.asked()))
	}
	_, err = w.Replay(w.ctx, w.boss, []string{h.ID})
	w.must(err)
	w.want(h, inbox.Confirming, p, payout.Accepted)
	if said, err = w.Preview(w.ctx, w.boss, []string{h.ID}); err != nil || said[0].Bar != inbox.BarWaiting {
		t.Errorf("while it waits: got %+v, %v", said, err)
	}
	w.see()
	w.want(h, inbox.Applied, p, payout.Paid)
	after := w.money()
	done, err := w.Replay(w.ctx, w.boss, []string{h.ID})
	w.must(err)
	if diff := cmp.Diff(after, w.money()); diff != "" || done[0].Changes() || len(w.company.asked()) != 1 {
		t.Errorf("again: got %+v, asked %d times\n%s", done[0], len(w.company.asked()), diff)
	}
	acts, err := w.db.Hooks().Acts(w.ctx, payout.Everywhere(), h.ID)
	w.must(err)
	if len(acts) != 2 || acts[0].Was != inbox.Forged || acts[0].Verdict != inbox.Confirming || acts[0].Moved() || acts[1].Was != inbox.Applied {
		t.Errorf("got the lines %+v", acts)
	}
}

// TestReplayRights: everybody who sees a webhook may preview; only a super admin may apply, and nobody what they cannot see.
// Invariant 13.
func TestReplayRights(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	_, h := w.post(w.one, "CANARY-2", about(p, "paid").bytes())
	_, err := w.Stores.ReplaceSettings(w.ctx, w.maker, w.one.ID, map[string]string{"key": "CANARY-2"})
	w.must(err)
	accountant := access.Person{ID: "acc", Name: "Acc", Grants: []access.Grant{{Role: access.Accountant, Store: w.one.Store}}}
	stranger := access.Person{ID: "str", Grants: []access.Grant{{Role: access.Accountant, Store: w.two.Store}}}
	gone := w.boss
	gone.Disabled = true
	before := w.money()
	for name, tt := range map[string]struct {
		by   access.Person
		sees bool
	}{"accountant": {accountant, true}, "merchant": {w.maker, true}, "stranger": {stranger, false}, "disabled": {gone, false}, "nobody": {access.Person{}, false}} {
		said, err := w.Preview(w.ctx, tt.by, []string{h.ID})
		if tt.sees && (err != nil || !said[0].Moves()) || !tt.sees && !errors.Is(err, inbox.ErrNotFound) {
			t.Errorf("%s: previewed %+v, %v", name, said, err)
		}
		if _, err := w.Replay(w.ctx, tt.by, []string{h.ID}); err == nil {
			t.Errorf("%s replayed it", name)
		}
	}
	if diff := cmp.Diff(before, w.money()); diff != "" {
		t.Errorf("something changed:\n%s", diff)
	}
	_, err = w.Replay(w.ctx, w.boss, []string{h.ID})
	w.must(err)
	w.want(h, inbox.Applied, p, payout.Paid)
}

// TestReplayAtOnce: two people replay the same webhooks at the same time, while the provider repeats them. Each payout moves once.
// Invariant 12.
func TestReplayAtOnce(t *testing.T) {
	w := newWorld(t).connect()
	var ids []string
	var all []*payout.Payout
	for i := range 8 {
		p := w.accepted(w.one, fmt.Sprint("r", i))
		_, h := w.post(w.one, "CANARY-2", about(p, "paid").bytes())
		ids, all = append(ids, h.ID), append(all, p)
	}
	_, err := w.Stores.ReplaceSettings(w.ctx, w.maker, w.one.ID, map[string]string{"key": "CANARY-2"})
	w.must(err)
	var both sync.WaitGroup
	for range 3 {
		both.Go(func() {
			if _, err := w.Replay(w.ctx, w.boss, ids); err != nil {
				t.Error(err)
			}
		})
	}
	both.Go(func() {
		for _, p := range all {
			body := about(p, "paid").bytes()
			if _, err := w.Receive(w.ctx, inbox.Incoming{Token: w.one.Token, Address: sender, Body: body, Size: len(body), Header: http.Header{"Sig": {signature("CANARY-2", body)}}}); err != nil {
				t.Error(err)
			}
		}
	})
	both.Wait()
	for _, p := range all {
		if got := w.find(p); got.State != payout.Paid || len(got.Conflicts) != 0 {
			t.Errorf("%s: got %s with %d conflicts", p.ID, got.State, len(got.Conflicts))
		}
		if n := w.number(`select count(*) from audit where action = 'payout.reported' and subject = $1`, string(p.ID)); n != 1 {
			t.Errorf("%s: moved %d times", p.ID, n)
		}
	}
}
