package payout_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
)

func TestDraft(t *testing.T) {
	r := newRig(t)
	p, err := r.svc.Draft(r.ctx, mia(), "s1", input(), "EARLIER")
	r.must(err)
	want := &payout.Payout{ID: p.ID, Store: "s1", State: payout.Draft, Version: 1, Input: input(), Author: "mia", Editors: []access.PersonID{"mia"},
		Follows: "EARLIER", CreatedAt: begin, UpdatedAt: begin}
	if diff := cmp.Diff(want, r.find(p.ID), exported()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, by := range map[string]access.Person{"accountant": ann(), "another store": fay(), "nobody": {}} {
		if _, err := r.svc.Draft(r.ctx, by, "s1", input(), ""); code(err) != payout.CodeNotAllowed {
			t.Errorf("%s: got %v, want not_allowed", name, err)
		}
	}
}

// Invariant 13: what lies in another store looks like what does not exist, whatever is asked.
func TestForeignLooksMissing(t *testing.T) {
	r := newRig(t)
	for _, s := range setups() {
		id := s.make(r)
		for _, op := range operations() {
			p := *r.find(id)
			p.ID = "MISSING"
			missing := op.do(r, &p)
			if !errors.Is(missing, payout.ErrNotFound) {
				t.Errorf("%s of a missing one: got %v, want not found", op.name, missing)
			}
		}
		r.exec(`update payouts set store = 's2' where id = ?`, id)
		for _, op := range operations() {
			if op.name == "approve" || op.name == "settle" || op.name == "reject" {
				continue // done by super admins, who see every store
			}
			if err := op.do(r, r.find(id)); !errors.Is(err, payout.ErrNotFound) {
				t.Errorf("%s of %s in another store: got %v, want not found", op.name, s.name, err)
			}
		}
		for _, by := range []access.Person{mia(), ann(), {}} {
			if _, err := r.svc.Find(r.ctx, by, id); !errors.Is(err, payout.ErrNotFound) {
				t.Errorf("%s finds %s: got %v, want not found", by.ID, s.name, err)
			}
		}
		if p, err := r.svc.Find(r.ctx, fay(), id); err != nil || p.ID != id {
			t.Errorf("got %v, want it found in its own store", err)
		}
	}
}

func TestSubmit(t *testing.T) {
	tests := []struct {
		name string
		prep func(*rig, payout.ID, *payout.Form)
		want string
	}{
		{"fits", func(*rig, payout.ID, *payout.Form) {}, ""},
		{"credentials replaced since the form was made", func(r *rig, _ payout.ID, _ *payout.Form) { r.exec(`update accounts set version = 2`) }, payout.CodeAccount},
		{"account of another store", func(_ *rig, _ payout.ID, f *payout.Form) { f.Account.ID = "a3" }, payout.CodeAccount},
		{"account that does not exist", func(_ *rig, _ payout.ID, f *payout.Form) { f.Account.ID = "a9" }, "store or account not found"},
		{"form of another account", func(_ *rig, _ payout.ID, f *payout.Form) { f.Account.ID = "a2" }, payout.CodeChanged},
		{"form of another method", func(_ *rig, _ payout.ID, f *payout.Form) { f.Method.ID = "moov_bj" }, payout.CodeChanged},
		{"edited since the form was made", func(r *rig, id payout.ID, _ *payout.Form) {
			in := input()
			in.Method = "moov_bj"
			_, err := r.svc.Edit(r.ctx, mia(), id, 0, in)
			r.must(err)
		}, payout.CodeChanged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			id, form := r.draft(), r.form()
			tt.prep(r, id, &form)
			_, err := r.svc.Submit(r.ctx, mia(), id, form)
			if p := r.find(id); code(err) != tt.want || (p.State == payout.Submitted) != (tt.want == "") {
				t.Errorf("got %v in %s, want %q", err, p.State, tt.want)
			}
		})
	}
}

// What is submitted is what the database says of the account, not what the caller believes.
func TestSubmitTakesTheStoredAccount(t *testing.T) {
	r := newRig(t)
	id, form := r.draft(), r.form()
	form.Account.Live, form.Account.Provider, form.Account.Address = false, "other", "sim"
	_, err := r.svc.Submit(r.ctx, mia(), id, form)
	r.must(err)
	if c := r.find(id).Content; !c.Live || c.Provider != "acme" || c.Address != "default" {
		t.Errorf("got %+v, want the account as it is stored", c)
	}
}

func TestSubmitTellsWhatIsWrong(t *testing.T) {
	r := newRig(t)
	p, err := r.svc.Draft(r.ctx, mia(), "s1", payout.Input{Account: "a1", Method: "mtn_bj"}, "")
	r.must(err)
	_, err = r.svc.Submit(r.ctx, mia(), p.ID, r.form())
	problems, ok := errors.AsType[payout.FieldErrors](err)
	if !ok || len(problems) != 4 || !strings.Contains(err.Error(), "4 fields") {
		t.Fatalf("got %v, want everything wrong told at once", err)
	}
	if got := problems.For("amount"); got == nil || got.Key != "amount.empty" {
		t.Errorf("amount: got %+v, want amount.empty", got)
	}
	if got := problems.For("fields[bank]"); got != nil {
		t.Errorf("optional field: got %+v, want nothing wrong", got)
	}
	if got := r.find(p.ID); got.State != payout.Draft || got.Digest != "" {
		t.Errorf("got %s, want the draft as it was", got.State)
	}
}

// Who changed a draft is told in the audit log even if only an autosave did it (invariants 6 and 14).
func TestAutosave(t *testing.T) {
	r := newRig(t)
	id := r.draft()
	rows := func() int {
		all, err := r.db.Audit().Of(r.ctx, payout.InStore("s1"), string(id))
		r.must(err)
		return len(all)
	}
	save := func(by access.Person, what string) {
		in := input()
		in.Description = what
		_, err := r.svc.Edit(r.ctx, by, id, 0, in)
		r.must(err)
	}
	r.pass(time.Minute)
	save(mia(), "one")
	if got := rows(); got != 1 {
		t.Errorf("by the author: got %d audit rows, want the one of the draft", got)
	}
	save(sol(), "two")
	save(sol(), "three")
	if got := rows(); got != 2 {
		t.Errorf("by another: got %d audit rows, want one more", got)
	}
	p := r.find(id)
	if p.Input.Description != "three" || !p.UpdatedAt.Equal(r.now()) || !p.Edited("sol") || !p.Edited("mia") || p.Edited("sam") {
		t.Errorf("got %+v", p)
	}
}

func TestReject(t *testing.T) {
	tests := []struct {
		name   string
		by     access.Person
		reason string
		want   string
	}{
		{"with a reason", sam(), "  paid already ", ""},
		{"its own author, as super admin", super("mia"), "a mistake", ""},
		{"no reason", sam(), "  ", payout.CodeReason},
		{"too long a reason", sam(), strings.Repeat("a", 1001), payout.CodeReason},
		{"without the right", mia(), "no", payout.ErrNotFound.Error()},
		{"nobody", access.Person{}, "no", payout.ErrNotFound.Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			id := r.submit(r.draft())
			_, err := r.svc.Reject(r.ctx, tt.by, id, r.find(id).Version, tt.reason)
			p := r.find(id)
			if code(err) != tt.want || (p.State == payout.Rejected) != (tt.want == "") || (p.Reason == "paid already") != (tt.reason == "  paid already ") {
				t.Errorf("got %v in %s for %q, want %q", err, p.State, p.Reason, tt.want)
			}
		})
	}
}

// Whoever waits for work hears of it after the commit, and only then.
func TestChangedIsCalled(t *testing.T) {
	r := newRig(t)
	calls := func(f func()) int64 { was := r.changed.Load(); f(); return r.changed.Load() - was }
	id := r.submit(r.draft())
	if got := calls(func() { _, _ = r.approveBy(mia(), id) }); got != 0 {
		t.Errorf("refused approval: got %d calls, want none", got)
	}
	if got := calls(func() { r.approve(id) }); got != 1 {
		t.Errorf("approval: got %d calls, want 1", got)
	}
	r.claim(id)
	if got := calls(func() { r.fails(id, providers.Unknown) }); got != 1 {
		t.Errorf("answer: got %d calls, want 1", got)
	}
	r.pass(time.Second)
	if got := calls(func() { _, err := r.svc.LookNow(r.ctx, ann(), id); r.must(err) }); got != 1 {
		t.Errorf("look now: got %d calls, want 1", got)
	}
	if p := r.find(id); !p.DueAt.Equal(r.now()) {
		t.Errorf("look now: got due %v, want now", p.DueAt)
	}
	quiet := payout.New(r.db.Payouts(), payout.Options{Now: r.now, NewID: func() payout.ID { return "P" }})
	if _, _, err := quiet.Record(r.ctx, payout.InStore("s1"), id, payout.Evidence{Source: payout.FromLookup, Attempt: 1, Err: errors.New("x")}); err != nil {
		t.Errorf("nobody to call: got %v, want no error", err)
	}
}

// Invariant 14: each change of state comes with exactly one audit row, in the order it happened.
func TestAuditOfOneLife(t *testing.T) {
	r := newRig(t)
	id := r.draft()
	_, err := r.svc.Edit(r.ctx, mia(), id, 1, input())
	r.must(err)
	r.approve(r.submit(id))
	r.claim(id)
	r.must(r.svc.Checkpoint(r.ctx, payout.InStore("s1"), id, 1, "R1", nil))
	r.fails(id, providers.Unknown)
	r.record(id, payout.Evidence{Source: payout.FromLookup, Err: &providers.Error{NotFound: true}})
	r.settle(r.testify(id, payout.Missing))
	r.claim(r.approve(r.again(id)))
	r.answer(id, providers.Accepted)
	r.record(id, payout.Evidence{Source: payout.FromWebhook, Result: full(r.find(id), providers.Paid)})
	r.record(id, payout.Evidence{Source: payout.FromWebhook, Result: full(r.find(id), providers.Failed)})
	rows, err := r.db.Audit().Of(r.ctx, payout.InStore("s1"), string(id))
	r.must(err)
	var got []string
	for _, e := range rows {
		got = append(got, string(e.Action)+" "+e.Actor)
	}
	want := []string{"payout.drafted mia", "payout.edited mia", "payout.submitted mia", "payout.approved sam", "payout.claimed system",
		"payout.prepared system", "payout.answered system", "payout.looked system", "payout.testified ann", "payout.settled sue",
		"payout.resubmitted mia", "payout.approved sam", "payout.claimed system", "payout.answered system", "payout.reported system", "conflict.opened system"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, e := range rows {
		if strings.Contains(e.Details, "22997126630") {
			t.Errorf("%s: got the whole account number in %s", e.Action, e.Details)
		}
	}
}

func TestErrors(t *testing.T) {
	e := &payout.Error{Code: "state", Field: "amount", Err: payout.ErrNotFound}
	if got := e.Error(); got != "payout: state in amount: payout not found" || !errors.Is(e, payout.ErrNotFound) {
		t.Errorf("got %q, want code, field and cause", got)
	}
	if got := (&payout.Error{Code: "state"}).Error(); got != "payout: state" {
		t.Errorf("got %q", got)
	}
	kept := payout.Keep(e)
	if ok, inner := payout.Kept(kept); !ok || !errors.Is(kept, payout.ErrNotFound) || inner != error(e) {
		t.Errorf("got %v %v, want the error to be kept", inner, ok)
	}
	if ok, inner := payout.Kept(e); ok || inner != error(e) {
		t.Errorf("got %v %v, want it not kept", inner, ok)
	}
	if ok, _ := payout.Kept(nil); ok {
		t.Error("no error: got it kept")
	}
}
