package payout_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/policy"
)

const found = "their console lists it"

// contradicted is a payout at an end that a later record contradicts.
func (r *rig) contradicted(end, later providers.Status) payout.ID {
	r.Helper()
	id := r.sending()
	r.answer(id, end)
	e := r.record(id, payout.Evidence{Source: payout.FromLookup, Result: full(r.find(id), later)})
	if e.Conflict == nil {
		r.Fatalf("got %+v, want a conflict", e)
	}
	return id
}

func (r *rig) findOut(id payout.ID, o payout.Outcome) payout.ID {
	r.Helper()
	_, err := r.svc.FindOut(r.ctx, ann(), id, r.find(id).Version, 1, payout.Finding{Outcome: o, Text: found})
	r.must(err)
	return id
}

func (r *rig) closeBy(by access.Person, id payout.ID) (*payout.Payout, error) {
	return r.svc.CloseConflict(r.ctx, by, id, 1, r.stepUp(by.ID, string(id), r.find(id).FindingDigest(1)))
}

// Invariant 5: an end changes only by two people, and only from paid to returned; every other end stays what it is.
func TestInvariant5CloseConflict(t *testing.T) {
	tests := []struct {
		name       string
		end, later providers.Status
		outcome    payout.Outcome
		refused    string
		want       payout.State
	}{
		{"paid stands", providers.Paid, providers.Failed, payout.Stands, "", payout.Paid},
		{"paid came back", providers.Paid, providers.Failed, payout.CameBack, "", payout.Returned},
		{"paid cannot have moved otherwise", providers.Paid, providers.Failed, payout.Moved, "outcome", payout.Paid},
		{"failed stands", providers.Failed, providers.Paid, payout.Stands, "", payout.Failed},
		{"failed but money moved", providers.Failed, providers.Paid, payout.Moved, "", payout.Failed},
		{"failed cannot come back", providers.Failed, providers.Paid, payout.CameBack, "outcome", payout.Failed},
		{"cancelled but money moved", providers.Cancelled, providers.Paid, payout.Moved, "", payout.Cancelled},
		{"no outcome", providers.Paid, providers.Failed, "", "outcome", payout.Paid},
		{"an outcome there is not", providers.Paid, providers.Failed, "failed", "outcome", payout.Paid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			id := r.contradicted(tt.end, tt.later)
			_, err := r.svc.FindOut(r.ctx, ann(), id, r.find(id).Version, 1, payout.Finding{Outcome: tt.outcome, Text: found})
			if code(err) != tt.refused {
				t.Fatalf("got %v, want %q", err, tt.refused)
			}
			if p := r.find(id); p.OpenConflict() == nil || p.State.InFlight() {
				t.Errorf("one person: got %s with %+v, want the conflict open", p.State, p.Conflicts)
			}
			if tt.refused == "" {
				_, err = r.closeBy(sue(), id)
				r.must(err)
			}
			p := r.find(id)
			if p.State != tt.want || (p.OpenConflict() == nil) != (tt.refused == "") || p.HasMoved() != (tt.refused == "" && tt.outcome == payout.Moved) {
				t.Errorf("got %s, open %v, moved %v", p.State, p.OpenConflict(), p.HasMoved())
			}
		})
	}
}

// Invariant 6: whoever recorded the finding, drafted or changed the payout does not confirm it.
func TestInvariant6WhoMayClose(t *testing.T) {
	sql := func(query string) func(*rig) { return func(r *rig) { r.exec(query) } }
	tests := []struct {
		name string
		by   access.Person
		prep func(*rig)
		want string
	}{
		{"another super admin", sue(), func(*rig) {}, ""},
		{"the one who approved it", sam(), func(*rig) {}, ""},
		{"the one who recorded the finding", super("ann"), func(r *rig) { r.grant("ann", super("ann").Grants[0]) }, payout.CodeTwice},
		{"the author", super("mia"), func(r *rig) { r.grant("mia", super("mia").Grants[0]) }, payout.CodeOwnWork},
		{"an editor", sue(), sql(`update payouts set editors = '["mia","sue"]'`), payout.CodeOwnWork},
		{"a merchant admin", mia(), func(*rig) {}, payout.ErrNotFound.Error()},
		{"disabled since", sue(), sql(`update people set disabled_at = 1 where id = 'sue'`), payout.CodeNotAllowed},
		{"not in the database", super("eve"), func(*rig) {}, payout.CodeNotAllowed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			id := r.findOut(r.contradicted(providers.Paid, providers.Failed), payout.CameBack)
			tt.prep(r)
			_, err := r.closeBy(tt.by, id)
			if p := r.find(id); code(err) != tt.want || (p.State == payout.Returned) != (tt.want == "") {
				t.Errorf("got %v in %s, want %q", err, p.State, tt.want)
			}
		})
	}
}

// Invariants 5 and 6: a confirmation is about what was on screen, is used once, and in one-person mode leaves its mark.
func TestInvariant6CloseIsBound(t *testing.T) {
	r := newRig(t)
	id := r.findOut(r.contradicted(providers.Paid, providers.Failed), payout.CameBack)
	old := r.stepUp("sue", string(id), r.find(id).FindingDigest(1))
	r.pass(time.Second)
	r.findOut(id, payout.Stands) // somebody found something else meanwhile
	if _, err := r.svc.CloseConflict(r.ctx, sue(), id, 1, old); code(err) != payout.CodeStepUp {
		t.Errorf("another finding: got %v, want it refused", err)
	}
	proof := r.stepUp("sue", string(id), r.find(id).FindingDigest(1))
	if _, err := r.svc.CloseConflict(r.ctx, sam(), id, 1, proof); code(err) != payout.CodeStepUp {
		t.Errorf("another person's confirmation: got %v, want it refused", err)
	}
	r.must2(r.svc.CloseConflict(r.ctx, sue(), id, 1, proof))
	if _, err := r.svc.CloseConflict(r.ctx, sue(), id, 1, proof); code(err) != payout.CodeState {
		t.Errorf("twice: got %v, want it refused", err)
	}
	if p := r.find(id); p.State != payout.Paid || p.OnePerson || p.Conflicts[0].Finding.ClosedName != "sue" {
		t.Errorf("got %s, %+v", p.State, p.Conflicts[0].Finding)
	}
	r.set("one_person", "1")
	alone := r.contradicted(providers.Paid, providers.Failed)
	r.must2(r.svc.FindOut(r.ctx, sue(), alone, r.find(alone).Version, 1, payout.Finding{Outcome: payout.Stands, Text: found}))
	r.must2(r.closeBy(sue(), alone))
	if p := r.find(alone); !p.OnePerson || !p.Conflicts[0].Finding.OnePerson {
		t.Error("alone: got no mark, want one")
	}
}

func (r *rig) must2(_ *payout.Payout, err error) {
	r.Helper()
	r.must(err)
}

// late has the company say that an earlier attempt was paid although two people had found it was not executed.
func (r *rig) late() payout.ID {
	r.Helper()
	id := r.notExecuted()
	if e := r.record(id, payout.Evidence{Source: payout.FromLookup, Result: full(r.find(id), providers.Paid)}); e.Conflict == nil {
		r.Fatalf("got %+v, want a conflict", e)
	}
	return id
}

// Invariants 4 and 5: what was found to have moved is never sent again, nor is anything while it is open.
func TestInvariant4MovedIsNeverSentAgain(t *testing.T) {
	r := newRig(t)
	id := r.findOut(r.late(), payout.Moved)
	r.must2(r.closeBy(sue(), id))
	if _, err := r.svc.Again(r.ctx, mia(), id); code(err) != payout.CodeConflict {
		t.Errorf("asking again: got %v, want it refused", err)
	}
	third := r.again(r.notExecuted())
	r.record(third, payout.Evidence{Source: payout.FromLookup, Attempt: 1, Result: full(r.find(third), providers.Paid)})
	r.findOut(third, payout.Moved)
	r.must2(r.closeBy(sue(), third))
	if _, err := r.approveBy(sol(), third); code(err) != payout.CodeConflict {
		t.Errorf("approving: got %v, want it refused", err)
	}
	second := r.again(r.notExecuted())
	r.must2(r.svc.Approve(r.ctx, sam(), second, r.stepUp("sam", string(second), r.find(second).Digest)))
	first := r.find(second).Attempts[0]
	e := payout.Evidence{Source: payout.FromLookup, Attempt: 1, Result: full(r.find(second), providers.Paid)}
	e.Result.Attempt.Reference = first.Reference
	r.record(second, e)
	if _, err := r.tryClaim(second); code(err) != payout.CodeConflict {
		t.Errorf("open: got %v, want no claim", err)
	}
	r.findOut(second, payout.Moved)
	r.must2(r.closeBy(sue(), second))
	if _, err := r.tryClaim(second); code(err) != payout.CodeConflict {
		t.Errorf("moved: got %v, want no claim", err)
	}
}

// Invariant 6: who closed a contradiction has resolved what stood before it, and does not approve the next attempt.
func TestInvariant6CloserDoesNotApprove(t *testing.T) {
	r := newRig(t)
	id := r.findOut(r.late(), payout.Stands)
	r.must2(r.closeBy(sam(), id))
	r.again(id)
	for by, want := range map[access.PersonID]policy.Bar{"sam": policy.OwnWork, "sue": policy.OwnWork, "sol": policy.None} {
		if ruling, err := r.svc.Ruling(r.ctx, r.find(id), super(by)); err != nil || ruling.Bar != want {
			t.Errorf("%s: got %q, %v, want %q", by, ruling.Bar, err, want)
		}
	}
}

// Invariant 5: the same news that two people judged opens nothing again; other news do.
func TestInvariant5JudgedNews(t *testing.T) {
	r := newRig(t)
	id := r.findOut(r.contradicted(providers.Paid, providers.Failed), payout.Stands)
	r.must2(r.closeBy(sue(), id))
	r.record(id, payout.Evidence{Source: payout.FromWebhook, Result: full(r.find(id), providers.Failed)})
	if p := r.find(id); p.OpenConflict() != nil {
		t.Errorf("the same: got %+v, want nothing open", p.OpenConflict())
	}
	r.record(id, payout.Evidence{Source: payout.FromWebhook, Result: full(r.find(id), providers.Cancelled)})
	if r.find(id).OpenConflict() == nil {
		t.Error("other news: got nothing open, want a conflict")
	}
}

// Invariants 2 and 17: waiting moves nothing, sends nothing, and says who, why and until when; contradictions are never quiet.
func TestInvariant17KeepWaiting(t *testing.T) {
	r := newRig(t)
	id := r.unknown()
	due := r.find(id).DueAt
	for _, tt := range []struct {
		text  string
		quiet time.Duration
		want  string
	}{{"short", time.Hour, "evidence"}, {"support looks into it", 0, "quiet"}, {"support looks into it", payout.MaxWait + 1, "quiet"}, {"support looks into it", time.Hour, ""}} {
		if _, err := r.svc.KeepWaiting(r.ctx, ann(), id, r.find(id).Version, tt.text, tt.quiet); code(err) != tt.want {
			t.Errorf("%q for %s: got %v, want %q", tt.text, tt.quiet, err, tt.want)
		}
	}
	p := r.find(id)
	if p.State != payout.Unknown || p.DueAt != due || len(p.Attempts) != 1 || !p.Wait.Quiet(r.now()) || p.Wait.ByName != "Ann" {
		t.Errorf("got %s due %s, %+v", p.State, p.DueAt, p.Wait)
	}
	loud := func() int {
		t.Helper()
		c, err := r.db.Payouts().Counts(r.ctx, payout.Everywhere())
		r.must(err)
		page, err := r.db.Payouts().List(r.ctx, payout.Everywhere(), payout.Filter{Review: true})
		r.must(err)
		if len(page.Rows) != 1 {
			t.Errorf("got %d in the list, want it to stay there", len(page.Rows))
		}
		return c.Review
	}
	if n := loud(); n != 0 {
		t.Errorf("quiet: got %d, want nobody reminded", n)
	}
	r.pass(time.Hour)
	if n := loud(); n != 1 {
		t.Errorf("later: got %d, want a reminder", n)
	}
	if _, err := r.svc.KeepWaiting(r.ctx, ann(), id, 1, "support looks into it", time.Hour); code(err) != payout.CodeChanged {
		t.Errorf("an old page: got %v, want it refused", err)
	}
	r.record(id, payout.Evidence{Source: payout.FromLookup, Result: full(r.find(id), providers.Paid)})
	if r.find(id).Wait != nil {
		t.Error("known: got a note to wait, want none")
	}
	if _, err := r.svc.KeepWaiting(r.ctx, ann(), id, r.find(id).Version, "support looks into it", time.Hour); code(err) != payout.CodeState {
		t.Errorf("paid: got %v, want it refused", err)
	}
}

// Invariant 17: what is on its way for too long counts as needing people.
func TestInvariant17Overdue(t *testing.T) {
	for _, tt := range []struct {
		state payout.State
		make  func(*rig) payout.ID
		after time.Duration
	}{
		{payout.Sending, (*rig).sending, payout.OverdueSending},
		{payout.Accepted, func(r *rig) payout.ID {
			id := r.sending()
			r.answer(id, providers.Accepted)
			return id
		}, payout.OverdueAccepted},
	} {
		r := newRig(t)
		id := tt.make(r)
		for _, step := range []struct {
			pass time.Duration
			want int
		}{{tt.after, 0}, {time.Millisecond, 1}} {
			r.pass(step.pass)
			c, err := r.db.Payouts().Counts(r.ctx, payout.Everywhere())
			r.must(err)
			if p := r.find(id); c.Review != step.want || p.Overdue(r.now()) != (step.want == 1) || p.State != tt.state {
				t.Errorf("%s: got %d, overdue %v in %s, want %d", tt.state, c.Review, p.Overdue(r.now()), p.State, step.want)
			}
		}
	}
}

// Invariant 16: a frozen store sends nothing from any of its accounts; another one goes on.
func TestInvariant16FrozenStore(t *testing.T) {
	r := newRig(t)
	id := r.approve(r.submit(r.draft()))
	r.exec(`update stores set frozen_at = 1, frozen_why = 'doubt' where id = 's1'`)
	if _, err := r.tryClaim(id); code(err) != payout.CodeFrozen || r.find(id).State != payout.Approved {
		t.Errorf("got %v in %s, want it to wait", err, r.find(id).State)
	}
	due := func() int {
		all, err := r.db.Queue().Due(r.ctx, r.now(), 10)
		r.must(err)
		return len(all)
	}
	if n := due(); n != 0 {
		t.Errorf("got %d due, want none", n)
	}
	r.exec(`update stores set frozen_at = 0 where id = 's1'`)
	r.exec(`update stores set frozen_at = 1 where id = 's2'`)
	if n := due(); n != 1 {
		t.Errorf("another store is frozen: got %d due, want 1", n)
	}
	r.claim(id)
}

// Looking at an account number is audited and changes nothing.
func TestReveal(t *testing.T) {
	r := newRig(t)
	id := r.submit(r.draft())
	before := r.find(id)
	if _, err := r.svc.Reveal(r.ctx, ann(), id, " because "); code(err) != payout.CodeReason {
		t.Errorf("no reason: got %v, want it refused", err)
	}
	if _, err := r.svc.Reveal(r.ctx, fay(), id, "support asks for it"); code(err) != payout.ErrNotFound.Error() {
		t.Errorf("another store: got %v, want not found", err)
	}
	r.must2(r.svc.Reveal(r.ctx, ann(), id, "support asks for it"))
	var n int
	r.must(r.raw.QueryRowContext(r.ctx, `select count(*) from audit where action = 'payout.revealed' and subject = ? and actor = 'ann'`, string(id)).Scan(&n))
	if p := r.find(id); n != 1 || p.Version != before.Version || p.UpdatedAt != before.UpdatedAt {
		t.Errorf("got %d entries, version %d at %s", n, p.Version, p.UpdatedAt)
	}
}

// Invariants 2, 4, 5, 6: whatever people do to contradictions in whatever order, the state moves from paid to returned or
// not at all, nobody is both of two people, and what was found to have moved is never claimed again.
func TestInvariant5Corrections(t *testing.T) {
	starts := []func(*rig) payout.ID{
		func(r *rig) payout.ID { return r.contradicted(providers.Paid, providers.Failed) },
		func(r *rig) payout.ID { return r.contradicted(providers.Failed, providers.Paid) },
		func(r *rig) payout.ID { return r.contradicted(providers.Cancelled, providers.Paid) },
		(*rig).late,
	}
	r := newRig(t)
	people := []access.Person{mia(), ann(), fay(), sam(), sue(), sol(), {}}
	outcomes := []payout.Outcome{payout.Stands, payout.CameBack, payout.Moved, "paid"}
	news := []providers.Status{providers.Accepted, providers.Paid, providers.Failed, providers.Cancelled}
	rapid.Check(t, func(t *rapid.T) {
		r.during(t)
		defer r.during(nil)
		id := rapid.SampledFrom(starts).Draw(t, "start")(r)
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			r.pass(time.Second)
			before := r.find(id)
			by := rapid.SampledFrom(people).Draw(t, "by")
			no := rapid.IntRange(0, len(before.Conflicts)+1).Draw(t, "conflict")
			switch rapid.SampledFrom([]string{"find", "close", "news", "again", "approve", "claim", "wait"}).Draw(t, "do") {
			case "find":
				f := payout.Finding{Outcome: rapid.SampledFrom(outcomes).Draw(t, "outcome"), Text: found}
				_, _ = r.svc.FindOut(r.ctx, by, id, before.Version, no, f) // refused or not: what holds after it is checked
			case "close":
				_, _ = r.svc.CloseConflict(r.ctx, by, id, no, r.stepUpOf(by, id, before.FindingDigest(no)))
			case "news":
				_, _, err := r.svc.Record(r.ctx, payout.InStore("s1"), id, payout.Evidence{Source: payout.FromLookup, Attempt: 1,
					Result: full(before, rapid.SampledFrom(news).Draw(t, "says"))})
				r.must(err)
			case "again":
				_, _ = r.svc.Again(r.ctx, by, id)
			case "approve":
				_, _ = r.svc.Approve(r.ctx, by, id, r.stepUpOf(by, id, before.Digest))
			case "claim":
				_, err := r.tryClaim(id)
				if err == nil && (before.OpenConflict() != nil || before.HasMoved()) {
					t.Fatalf("claimed with %+v", before.Conflicts)
				}
			case "wait":
				_, _ = r.svc.KeepWaiting(r.ctx, by, id, before.Version, "support looks into it", time.Hour)
			}
			checkCorrected(t, before, r.find(id))
		}
	})
}

// stepUpOf is a confirmation by anybody, also by nobody.
func (r *rig) stepUpOf(by access.Person, id payout.ID, digest string) access.StepUp {
	if by.ID == "" {
		return access.StepUp{Digest: digest}
	}
	return r.stepUp(by.ID, string(id), digest)
}

func checkCorrected(t *rapid.T, before, after *payout.Payout) {
	t.Helper()
	if before.State != after.State && before.State.Final() && (before.State != payout.Paid || after.State != payout.Returned) {
		t.Fatalf("got %s after %s", after.State, before.State)
	}
	if len(after.Attempts) > after.Decisions {
		t.Fatalf("got %d attempts of %d decisions", len(after.Attempts), after.Decisions)
	}
	if before.HasMoved() && !after.HasMoved() {
		t.Fatalf("the mark is gone")
	}
	for _, c := range after.Conflicts {
		if c.ClosedAt.IsZero() {
			continue
		}
		if c.Finding == nil || c.Finding.By == c.ClosedBy || after.Edited(c.ClosedBy) || !slices.Contains([]access.PersonID{"sam", "sue", "sol"}, c.ClosedBy) {
			t.Fatalf("closed by %q: %+v", c.ClosedBy, c.Finding)
		}
	}
	for _, a := range after.Approvals {
		if slices.ContainsFunc(after.Conflicts, func(c payout.Conflict) bool { return c.ClosedBy == a.Person && c.ClosedAt.Before(a.At) }) {
			t.Fatalf("%s closed a conflict and approved", a.Person)
		}
	}
}
