package payout_test

import (
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/policy"
)

// Invariants 6 and 8: who may approve, judged by what the database says at that moment and not by what was true when the
// person signed in.
func TestWhoMayApprove(t *testing.T) {
	none := func(*rig, payout.ID) {}
	tests := []struct {
		name string
		by   access.Person
		prep func(*rig, payout.ID)
		want string
	}{
		{"another super admin", sam(), none, ""},
		{"author, super admin since", super("mia"), func(r *rig, _ payout.ID) { r.grant("mia", super("mia").Grants[0]) }, payout.CodeOwnWork},
		{"author, as merchant admin", mia(), none, payout.CodeNotAllowed},
		{"accountant", ann(), none, payout.CodeNotAllowed},
		{"another store's merchant admin", fay(), none, payout.ErrNotFound.Error()},
		{"nobody", access.Person{}, none, payout.ErrNotFound.Error()},
		{"somebody who is not in the database", super("eve"), none, payout.CodeNotAllowed},
		{"disabled since", sam(), func(r *rig, _ payout.ID) { r.exec(`update people set disabled_at = 1 where id = 'sam'`) }, payout.CodeNotAllowed},
		{"role taken since", sam(), func(r *rig, _ payout.ID) { r.exec(`delete from grants where person = 'sam'`) }, payout.CodeNotAllowed},
		{"a row that this program did not write is no approval", sam(), func(r *rig, id payout.ID) {
			r.exec(`insert into approvals (payout, person, name, digest, challenge, means, at) values (?, 'sam', 'sam', ?, 'c0', 'totp', 1)`, id, r.find(id).Digest)
		}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			id := r.submit(r.draft())
			tt.prep(r, id)
			_, err := r.approveBy(tt.by, id)
			p := r.find(id)
			if code(err) != tt.want || (p.State == payout.Approved) != (tt.want == "") {
				t.Errorf("got %q in %s, want %q", code(err), p.State, tt.want)
			}
		})
	}
}

// Whoever changed the content, and whoever confirmed what became of the attempt before, may not approve (invariant 6).
func TestEditorsAndResolversMayNotApprove(t *testing.T) {
	r := newRig(t)
	id := r.draft()
	for _, by := range []access.Person{sol(), sue()} {
		if _, err := r.svc.Edit(r.ctx, by, id, r.find(id).Version, input()); err != nil {
			t.Fatal(err)
		}
	}
	r.submit(id)
	for _, by := range []access.Person{sol(), sue()} {
		if _, err := r.approveBy(by, id); code(err) != payout.CodeOwnWork {
			t.Errorf("%s edited: got %v, want own_work", by.ID, err)
		}
		if ruling, err := r.svc.Ruling(r.ctx, r.find(id), by); err != nil || ruling.Bar != policy.OwnWork {
			t.Errorf("%s edited: page got %q, %v, want own_work", by.ID, ruling.Bar, err)
		}
	}
	r.claim(r.approve(id))
	r.fails(id, 0)
	r.testify(id, payout.Missing)
	if _, err := r.settleBy(sue(), id); code(err) != payout.CodeOwnWork {
		t.Errorf("editor settles: got %v, want own_work", err)
	}
	if _, err := r.settleBy(sam(), id); err != nil { // approved it before: that was another decision
		t.Fatal(err)
	}
	r.again(id)
	if _, err := r.approveBy(sam(), id); code(err) != payout.CodeOwnWork {
		t.Errorf("resolver approves: got %v, want own_work", err)
	}
}

// history is what a random history of people and roles did to one payout.
type history struct {
	*rig
	t        *rapid.T
	id       payout.ID
	touched  map[access.PersonID]bool // author and editors
	resolver access.PersonID
}

var crowd = []access.PersonID{"mia", "sam", "sue", "sol"}

func (h *history) anyone() access.PersonID { return rapid.SampledFrom(crowd).Draw(h.t, "person") }

// person is somebody as the database has them now.
func (h *history) person(id access.PersonID) access.Person {
	p, err := h.db.People().Person(h.ctx, id)
	h.must(err)
	return p
}

func (h *history) step() {
	by := h.person(h.anyone())
	p := h.find(h.id)
	switch rapid.SampledFrom([]string{"edit", "submit", "promote", "demote", "disable", "enable", "rename", "send", "again"}).Draw(h.t, "step") {
	case "edit":
		in := input()
		in.Description = h.next("reason")
		if _, err := h.svc.Edit(h.ctx, by, h.id, p.Version, in); err == nil {
			h.touched[by.ID] = true
		}
	case "submit":
		_, _ = h.svc.Submit(h.ctx, by, h.id, h.form()) // refused in most states
	case "promote":
		h.exec(`insert into grants (person, role, store, granted_by, granted_at) values (?, 'super-admin', '', '', 1) on conflict do nothing`, by.ID)
	case "demote":
		h.exec(`delete from grants where person = ? and role = 'super-admin'`, by.ID)
		h.exec(`insert into grants (person, role, store, granted_by, granted_at) values (?, 'merchant-admin', 's1', '', 1) on conflict do nothing`, by.ID)
	case "disable":
		h.exec(`update people set disabled_at = 1 where id = ?`, by.ID)
	case "enable":
		h.exec(`update people set disabled_at = 0 where id = ?`, by.ID)
	case "rename":
		h.exec(`update people set name = ?, email = ? where id = ?`, h.next("name"), h.next("mail"), by.ID)
	case "send":
		h.send(p)
	case "again":
		_, _ = h.svc.Again(h.ctx, by, h.id) // refused in most states
	}
}

// send lets an approved payout go out, get lost, and be closed as not executed.
func (h *history) send(p *payout.Payout) {
	if p.State != payout.Approved {
		return
	}
	if _, err := h.tryClaim(h.id); err != nil {
		return
	}
	h.fails(h.id, 0)
	h.testify(h.id, payout.Missing)
	by := h.person(h.anyone())
	if _, err := h.settleBy(by, h.id); err == nil {
		if h.touched[by.ID] {
			h.Fatalf("%s settled what they drafted or edited", by.ID)
		}
		h.resolver = by.ID
	}
}

// everybodyTries has everybody approve; it checks whoever gets through.
func (h *history) everybodyTries() {
	for _, id := range append([]access.PersonID{"nobody", ""}, crowd...) {
		p := h.find(h.id)
		if p.State != payout.Submitted {
			return
		}
		by := access.Person{ID: id, Grants: super(id).Grants} // a session that still believes in the role
		_, err := h.approveBy(by, h.id)
		if err == nil {
			now := h.person(id)
			if h.touched[id] || id == h.resolver || !now.IsSuper() {
				h.Fatalf("%s approved (touched: %v, resolver: %s, now %+v)", id, h.touched, h.resolver, now)
			}
			return
		}
		entitled := slices.Contains(crowd, id) && h.person(id).IsSuper() && !h.touched[id] && id != h.resolver
		if entitled && code(err) != payout.CodeCredentials {
			h.Fatalf("%s was refused as %v, want them to be able to approve", id, err)
		}
	}
}

// Invariant 6 over random histories of edits, roles and earlier attempts.
func TestNobodyApprovesTheirOwnWork(t *testing.T) {
	r := newRig(t)
	rapid.Check(t, func(t *rapid.T) {
		r.during(t)
		r.exec(`update people set disabled_at = 0`)
		r.exec(`delete from grants where role = 'super-admin' or person in ('sam', 'sue', 'sol')`)
		for _, p := range []access.Person{sam(), sue(), sol()} {
			r.grant(p.ID, p.Grants[0])
		}
		h := &history{rig: r, t: t, id: r.submit(r.draft()), touched: map[access.PersonID]bool{"mia": true}}
		for range rapid.IntRange(0, 12).Draw(t, "steps") {
			h.step()
			if rapid.Bool().Draw(t, "try") {
				h.everybodyTries()
			}
		}
		h.everybodyTries()
	})
}

// Invariant 7: a confirmation is fresh, this person's, about this digest, and good for one use.
func TestApproveNeedsFreshStepUp(t *testing.T) {
	tests := []struct {
		name  string
		alter func(*rig, *access.StepUp)
		want  string
	}{
		{"fresh", func(*rig, *access.StepUp) {}, ""},
		{"used a moment before it lapses", func(r *rig, _ *access.StepUp) { r.pass(access.StepUpLife - time.Millisecond) }, ""},
		{"stale", func(r *rig, _ *access.StepUp) { r.pass(access.StepUpLife) }, payout.CodeStepUp},
		{"asked for in the future", func(r *rig, _ *access.StepUp) { r.pass(-time.Millisecond) }, payout.CodeStepUp},
		{"none", func(_ *rig, s *access.StepUp) { *s = access.StepUp{} }, payout.CodeStepUp},
		{"unknown", func(_ *rig, s *access.StepUp) { s.ID = "made up" }, payout.CodeStepUp},
		{"no id", func(_ *rig, s *access.StepUp) { s.ID = "" }, payout.CodeStepUp},
		{"another's", func(r *rig, s *access.StepUp) { *s = r.stepUp("sue", s.Subject, s.Digest) }, payout.CodeStepUp},
		{"another's, passed off as one's own", func(r *rig, s *access.StepUp) { s.ID = r.stepUp("sue", s.Subject, s.Digest).ID }, payout.CodeStepUp},
		{"about something else", func(r *rig, s *access.StepUp) { *s = r.stepUp("sam", s.Subject, "other") }, payout.CodeStepUp},
		{"about something else, passed off as this", func(r *rig, s *access.StepUp) { s.ID = r.stepUp("sam", s.Subject, "other").ID }, payout.CodeStepUp},
		{"about nothing", func(r *rig, s *access.StepUp) { *s = r.stepUp("sam", s.Subject, "") }, payout.CodeStepUp},
		{"not verified", func(r *rig, s *access.StepUp) { r.exec(`update challenges set verified_at = 0 where id = ?`, s.ID) }, payout.CodeStepUp},
		{"used before", func(r *rig, s *access.StepUp) { r.exec(`insert into challenge_uses values (?, ?, 1)`, s.ID, s.Subject) }, payout.CodeStepUp},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			id := r.submit(r.draft())
			proof := r.stepUp("sam", string(id), r.find(id).Digest)
			tt.alter(r, &proof)
			_, err := r.svc.Approve(r.ctx, sam(), id, proof)
			p := r.find(id)
			if code(err) != tt.want || (p.State == payout.Approved) != (tt.want == "") {
				t.Fatalf("got %q in %s, want %q", code(err), p.State, tt.want)
			}
			if tt.want == "" {
				r.exec(`update payouts set state = 'submitted' where id = ?`, id)
				r.exec(`update approvals set void_at = 1`)
				if _, err := r.svc.Approve(r.ctx, sam(), id, proof); code(err) != payout.CodeStepUp {
					t.Errorf("used twice: got %v, want step_up", err)
				}
			}
		})
	}
}

// What does not fit its snapshot is not approved (invariant 7).
func TestApproveRefusesChangedRows(t *testing.T) {
	for _, change := range []string{`snapshot = cast(replace(snapshot, '22997126630', '22990000000') as blob)`, `digest = 'x'`, `minor = minor + 1`,
		`content = json_set(content, '$.description', 'Rent')`} {
		r := newRig(t)
		id := r.submit(r.draft())
		r.exec(`update payouts set `+change+` where id = ?`, id)
		if _, err := r.approveBy(sam(), id); code(err) != payout.CodeSnapshot || r.find(id).State != payout.Submitted {
			t.Errorf("%s: got %v, want snapshot", change, err)
		}
	}
}

// A refusal does not use up the confirmation, and a broken database is not told as a wrong confirmation.
func TestStepUpSurvivesRefusal(t *testing.T) {
	r := newRig(t)
	id := r.submit(r.draft())
	proof := r.stepUp("sam", string(id), r.find(id).Digest)
	r.exec(`update accounts set version = 2 where id = 'a1'`)
	if _, err := r.svc.Approve(r.ctx, sam(), id, proof); code(err) != payout.CodeCredentials {
		t.Fatalf("got %v, want credentials", err)
	}
	r.exec(`update accounts set version = 1 where id = 'a1'`)
	if _, err := r.svc.Approve(r.ctx, sam(), id, proof); err != nil {
		t.Errorf("got %v, want the confirmation to be good still", err)
	}
	other := r.submit(r.draft())
	proof = r.stepUp("sam", string(other), r.find(other).Digest)
	r.exec(`alter table challenges rename to gone`)
	_, err := r.svc.Approve(r.ctx, sam(), other, proof)
	if _, refused := errors.AsType[*payout.Error](err); err == nil || refused {
		t.Errorf("got %v, want an error of the database", err)
	}
}

// An edit voids every approval; the rows stay (invariants 7 and 14).
func TestEditVoidsApprovals(t *testing.T) {
	r := newRig(t)
	id := r.approve(r.submit(r.draft()))
	in := input()
	in.Amount = "1"
	_, err := r.svc.Edit(r.ctx, mia(), id, r.find(id).Version, in)
	r.must(err)
	p := r.find(id)
	if p.State != payout.Draft || len(p.Approvals) != 0 || p.Digest != "" || p.Snapshot != nil || !p.ExpiresAt.IsZero() || !p.DueAt.IsZero() {
		t.Errorf("got %+v, want a draft without approvals and snapshot", p)
	}
	if p.Amount().Minor != 0 {
		t.Errorf("got content %+v, want none until it is submitted", p.Content)
	}
	var kept, void int
	r.must(r.raw.QueryRowContext(r.ctx, `select count(*), sum(void_at > 0) from approvals where payout = ?`, id).Scan(&kept, &void))
	if kept != 1 || void != 1 {
		t.Errorf("got %d approvals, %d of them void, want one, void", kept, void)
	}
	if _, err := r.tryClaim(id); code(err) != payout.CodeState {
		t.Errorf("claim: got %v, want state", err)
	}
	if p := r.find(r.submit(id)); p.Amount() != xof(1) {
		t.Errorf("got %v, want 1 XOF", p.Amount())
	}
}

// Invariant 6: one-person mode lets people approve their own work, and marks the payout for ever.
func TestOnePersonMode(t *testing.T) {
	r := newRig(t)
	r.set("one_person", "1")
	draft := func() payout.ID {
		p, err := r.svc.Draft(r.ctx, sam(), "s1", input(), "")
		r.must(err)
		return r.submit(p.ID)
	}
	own := draft()
	if _, err := r.svc.Ruling(r.ctx, r.find(own), sam()); err != nil {
		t.Errorf("page: got %v, want it allowed", err)
	}
	r.approve(own)
	if p := r.find(own); !p.OnePerson {
		t.Error("own work: got no mark, want one")
	}
	rows, err := r.db.Audit().Of(r.ctx, payout.InStore("s1"), string(own))
	r.must(err)
	var details struct {
		OnePerson bool `json:"one_person"`
	}
	if last := rows[len(rows)-1]; last.Action != audit.PayoutApproved || json.Unmarshal([]byte(last.Details), &details) != nil || !details.OnePerson {
		t.Errorf("got audit row %+v, want it marked", last)
	}
	others := draft()
	if _, err := r.approveBy(sue(), others); err != nil || r.find(others).OnePerson {
		t.Errorf("another's: got %v, mark %v, want no mark", err, r.find(others).OnePerson)
	}
	third := draft()
	r.approve(third)

	r.set("one_person", "0")
	if _, err := r.tryClaim(own); code(err) != payout.CodeApprover {
		t.Errorf("claim after the mode was left: got %v, want approver", err)
	}
	if _, err := r.approveBy(sue(), own); err != nil {
		t.Fatal(err)
	}
	r.claim(own)
	if p := r.find(own); !p.OnePerson {
		t.Error("approved by another afterwards: got no mark, want it to stay")
	}
	r.set("one_person", "1")
	r.claim(third)
}

// What was on screen has to be what is there.
func TestStaleVersions(t *testing.T) {
	r := newRig(t)
	id := r.submit(r.draft())
	old := r.find(id).Version
	p := r.find(r.approve(id))
	for name, try := range map[string]func(version int) error{
		"edit": func(v int) error { _, err := r.svc.Edit(r.ctx, mia(), id, v, input()); return err },
	} {
		if err := try(old); code(err) != payout.CodeChanged {
			t.Errorf("%s: got %v, want changed", name, err)
		}
	}
	if p.Version != old+1 {
		t.Errorf("got version %d, want %d", p.Version, old+1)
	}
	other := r.submit(r.draft())
	if _, err := r.svc.Reject(r.ctx, sam(), other, r.find(other).Version-1, "no"); code(err) != payout.CodeChanged {
		t.Errorf("reject: got %v, want changed", err)
	}
	lost := r.unknown()
	if _, err := r.svc.Testify(r.ctx, ann(), lost, r.find(lost).Version+1, payout.Review{Verdict: payout.Missing, Text: "not in the portal"}); code(err) != payout.CodeChanged {
		t.Errorf("testify: got %v, want changed", err)
	}
}

// Invariants 1 and 7: of 64 who approve at once exactly one does, and only that one's confirmation is used up.
func TestApproveRace(t *testing.T) {
	r := newRig(t)
	for range *rounds {
		id := r.submit(r.draft())
		version, sum := r.find(id).Version, r.find(id).Digest
		proofs := make([]access.StepUp, 64)
		for i := range proofs {
			proofs[i] = r.stepUp([]access.PersonID{"sam", "sue", "sol"}[i%3], string(id), sum)
		}
		done := race(len(proofs), func(i int) error {
			_, err := r.svc.Approve(r.ctx, super(proofs[i].Person), id, proofs[i])
			return err
		})
		p := r.find(id)
		if done != 1 || len(p.Approvals) != 1 || p.State != payout.Approved || p.Version != version+1 || p.Decisions != 1 {
			t.Errorf("got %d approvals of %d, %s, version %d, want exactly one", len(p.Approvals), done, p.State, p.Version)
		}
		var used int
		r.must(r.raw.QueryRowContext(r.ctx, `select count(*) from challenges where digest = ? and used_at > 0`, sum).Scan(&used))
		if used != 1 {
			t.Errorf("got %d confirmations used up, want 1", used)
		}
	}
}

// race runs n at once and counts those without an error.
func race(n int, try func(i int) error) int {
	var wins atomic.Int64
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			if try(i) == nil {
				wins.Add(1)
			}
		})
	}
	close(start)
	all.Wait()
	return int(wins.Load())
}
