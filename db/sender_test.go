package db_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
)

func (b *bench) in(id payout.ID, state payout.State, change func(*payout.Payout)) {
	b.Helper()
	p := &payout.Payout{ID: id, Store: "s1", State: state, Author: "mia", Editors: []access.PersonID{"mia"}, CreatedAt: begin, Input: payout.Input{Account: "a1"}}
	if change != nil {
		change(p)
	}
	b.must(b.Payouts().Insert(b.Context(), p))
}

func attempt(p *payout.Payout) {
	p.Attempts = []payout.Attempt{{No: 1, Decision: 1, Reference: "R" + string(p.ID), Epoch: 1, StartedAt: begin}}
}

// Invariant 18: whoever takes the sender role gets a higher number, and in the same commit what an earlier one left in the
// middle of a send becomes unknown (invariant 2). Nothing else is touched.
func TestTakeSender(t *testing.T) {
	b := newBench(t)
	for i, state := range payout.States() {
		b.in(payout.ID("P"+string(rune('A'+i))), state, attempt)
	}
	before := map[payout.ID]*payout.Payout{}
	for i := range payout.States() {
		id := payout.ID("P" + string(rune('A'+i)))
		before[id] = b.find(id)
	}
	orphan := func(p *payout.Payout) error { return p.Orphan(b.now()) }
	for n := int64(1); n <= 3; n++ {
		epoch, orphans, err := b.Queue().TakeSender(t.Context(), "me", orphan)
		want := 0
		if n == 1 {
			want = 1
		}
		if err != nil || epoch != n || orphans != want {
			t.Errorf("got epoch %d, %d orphans, %v, want %d and %d", epoch, orphans, err, n, want)
		}
	}
	for id, was := range before {
		now := b.find(id)
		want := was.State
		if want == payout.Sending {
			want = payout.Unknown
		}
		if now.State != want || (now.Version != was.Version) != (was.State == payout.Sending) {
			t.Errorf("%s: got %s version %d, want %s", was.State, now.State, now.Version, want)
		}
	}
	rows, err := b.Audit().List(t.Context(), access.Reach{All: true}, audit.Filter{Limit: 10})
	b.must(err)
	slices.Reverse(rows)
	if len(rows) != 4 || rows[0].Action != audit.PayoutAnswered || rows[1].Action != audit.SenderTaken || rows[1].Details != `{"epoch":1,"left_in_sending":1}` {
		t.Errorf("got %+v, want a row for the payout and one for each sender", rows)
	}
}

// If one payout cannot be made unknown, the role is not taken: nobody sends.
func TestTakeSenderAllOrNothing(t *testing.T) {
	b := newBench(t)
	b.in("P1", payout.Sending, attempt)
	b.in("P2", payout.Sending, attempt)
	no := errors.New("no")
	_, _, err := b.Queue().TakeSender(t.Context(), "me", func(p *payout.Payout) error {
		if p.ID == "P2" {
			return no
		}
		return p.Orphan(begin)
	})
	if !errors.Is(err, no) || b.find("P1").State != payout.Sending {
		t.Errorf("got %v and %s, want nothing changed", err, b.find("P1").State)
	}
	var holder string
	var epoch int64
	b.must(b.raw.QueryRow(`select holder, epoch from sender`).Scan(&holder, &epoch))
	if holder != "" || epoch != 0 {
		t.Errorf("got %q with epoch %d, want nobody", holder, epoch)
	}
}

func TestDue(t *testing.T) {
	b := newBench(t)
	due := func(minutes int) func(*payout.Payout) {
		return func(p *payout.Payout) { p.DueAt = begin.Add(time.Duration(minutes) * time.Minute) }
	}
	b.in("late", payout.Approved, due(-5))
	b.in("lost", payout.Unknown, due(-10))
	b.in("now", payout.Accepted, due(0))
	b.in("soon", payout.Accepted, due(7))
	b.in("never", payout.Accepted, nil)
	b.in("sending", payout.Sending, due(-60))
	b.in("paid", payout.Paid, due(-60))
	b.in("draft", payout.Draft, due(-60))
	b.in("conflict", payout.Approved, func(p *payout.Payout) {
		due(-60)(p)
		p.Conflicts = []payout.Conflict{{At: begin, Source: payout.FromLookup, Code: "amount"}}
	})
	b.in("settled conflict", payout.Approved, func(p *payout.Payout) {
		due(-3)(p)
		p.Conflicts = []payout.Conflict{{At: begin, Source: payout.FromLookup, Code: "amount", ClosedAt: begin}}
	})
	b.in("lost in conflict", payout.Unknown, func(p *payout.Payout) {
		due(-2)(p)
		p.Conflicts = []payout.Conflict{{At: begin, Source: payout.FromLookup, Code: "amount"}}
	})
	b.in("frozen", payout.Approved, func(p *payout.Payout) { due(-60)(p); p.Input.Account = "a2" })
	b.in("lost in a frozen account", payout.Unknown, func(p *payout.Payout) { due(-1)(p); p.Input.Account = "a2" })
	b.exec(`update accounts set frozen_at = 1 where id = 'a2'`)

	check := func(name string, limit int, want ...payout.ID) {
		t.Helper()
		all, err := b.Queue().Due(t.Context(), begin, limit)
		var got []payout.ID
		for _, d := range all {
			got = append(got, d.ID)
			if p := b.find(d.ID); d.Store != p.Store || d.State != p.State {
				t.Errorf("%s: got %+v of %s in %s", name, d, p.State, p.Store)
			}
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v and %v, want %v", name, got, err, want)
		}
	}
	check("all", 100, "lost", "late", "settled conflict", "lost in conflict", "lost in a frozen account", "now")
	check("two", 2, "lost", "late")
	next := func(want time.Time) {
		t.Helper()
		if got, err := b.Queue().NextDue(t.Context()); err != nil || !got.Equal(want) {
			t.Errorf("next: got %v and %v, want %v", got, err, want)
		}
	}
	next(begin.Add(-10 * time.Minute))
	b.exec(`insert into settings (name, value) values ('halted', 'restored')`)
	check("halted: only look-ups", 100, "lost", "lost in conflict", "lost in a frozen account", "now")
	b.exec(`update payouts set due_at = 0 where state <> 'approved'`)
	next(time.Time{})
	b.exec(`update settings set value = ''`)
	next(begin.Add(-5 * time.Minute))
}

func TestNextDueTellsErrors(t *testing.T) {
	b := newBench(t)
	b.exec(`alter table payouts rename to gone`)
	if _, err := b.Queue().NextDue(t.Context()); err == nil {
		t.Error("got no error, want one")
	}
}

func TestHalted(t *testing.T) {
	b := newBench(t)
	if why, err := b.Queue().Halted(t.Context()); err != nil || why != "" {
		t.Errorf("got %q and %v, want sending allowed", why, err)
	}
	b.exec(`insert into settings (name, value) values ('halted', 'restored')`)
	if why, err := b.Queue().Halted(t.Context()); err != nil || why != "restored" {
		t.Errorf("got %q and %v, want restored", why, err)
	}
}

// Invariant 16: what was kept with one payout is damaged. It becomes unknown like the others and says why, and the damaged
// bytes stay as they are, whatever is saved later.
func TestInvariant16DamagedKept(t *testing.T) {
	b := newBench(t)
	for _, id := range []payout.ID{"P1", "P2", "P3"} {
		b.in(id, payout.Sending, func(p *payout.Payout) {
			attempt(p)
			p.Content.Account, p.Attempts[0].Kept = "a1", map[string]string{"key": "secret"}
		})
	}
	b.exec(`update attempts set kept = cast(substr(kept, 1, length(kept) - 1) || x'00' as blob) where payout = 'P2'`)
	sealed := func() []byte {
		var is []byte
		b.must(b.raw.QueryRow(`select kept from attempts where payout = 'P2'`).Scan(&is))
		return is
	}
	before := sealed()
	_, orphans, err := b.Queue().TakeSender(t.Context(), "me", func(p *payout.Payout) error { return p.Orphan(b.now()) })
	if err != nil || orphans != 3 {
		t.Fatalf("got %d orphans and %v, want all three", orphans, err)
	}
	for _, id := range []payout.ID{"P1", "P2", "P3"} {
		p := b.find(id)
		if a := p.Attempts[0]; p.State != payout.Unknown || a.Damaged != (id == "P2") || (a.Kept["key"] == "secret") == a.Damaged {
			t.Errorf("%s: got %s with %+v, want it unknown, and only P2 damaged", id, p.State, a)
		}
	}
	var noted string
	b.must(b.raw.QueryRow(`select group_concat(subject) from audit where details like '%kept_damaged%'`).Scan(&noted))
	if noted != "P2" {
		t.Errorf("got the damage noted of %q, want P2", noted)
	}
	b.update("P2", func(p *payout.Payout) { p.Attempts[0].Kept = map[string]string{"key": "another"} })
	if !bytes.Equal(before, sealed()) || len(before) == 0 {
		t.Error("got other bytes, want the damaged ones kept")
	}
	if p, no, err := b.Payouts().FindByAttempt(t.Context(), "a1", "RP2", ""); err != nil || p.ID != "P2" || no != 1 {
		t.Errorf("got %v, %d, %v, want it found by its reference", p, no, err)
	}
}
