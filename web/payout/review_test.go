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

// Invariant 4: anyone who may see the payout records evidence, whole and in words.
func TestTestify(t *testing.T) {
	good := payout.Review{Verdict: payout.Missing, Text: " looked at the portal "}
	tests := []struct {
		name     string
		by       access.Person
		remoteID string // known before
		alter    func(*payout.Review)
		want     string
	}{
		{"not executed", ann(), "", func(*payout.Review) {}, ""},
		{"by the author", mia(), "", func(*payout.Review) {}, ""},
		{"by the approver", sam(), "", func(*payout.Review) {}, ""},
		{"executed, with identifier", ann(), "", func(r *payout.Review) { r.Verdict, r.RemoteID = payout.Executed, " R9 " }, ""},
		{"executed, identifier known", ann(), "R1", func(r *payout.Review) { r.Verdict = payout.Executed }, ""},
		{"executed, no identifier", ann(), "", func(r *payout.Review) { r.Verdict, r.RemoteID = payout.Executed, "  " }, "remote_id"},
		{"no verdict", ann(), "", func(r *payout.Review) { r.Verdict = "" }, "verdict"},
		{"a verdict there is not", ann(), "", func(r *payout.Review) { r.Verdict = "paid" }, "verdict"},
		{"no words", ann(), "", func(r *payout.Review) { r.Text = "   ok      " }, "evidence"},
		{"too many words", ann(), "", func(r *payout.Review) { r.Text = strings.Repeat("a", 2001) }, "evidence"},
		{"as many words as may be", ann(), "", func(r *payout.Review) { r.Text = strings.Repeat("a", 2000) }, ""},
		{"from another store", fay(), "", func(*payout.Review) {}, payout.ErrNotFound.Error()},
		{"nobody", access.Person{}, "", func(*payout.Review) {}, payout.ErrNotFound.Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			id := r.sending()
			r.must(r.svc.Checkpoint(r.ctx, payout.InStore("s1"), id, 1, tt.remoteID, nil))
			r.fails(id, providers.Unknown)
			review := good
			tt.alter(&review)
			// What only a confirmation may set is not taken from outside.
			review.By, review.ByName, review.SettledBy, review.SettledAt = "eve", "Eve", "eve", begin
			_, err := r.svc.Testify(r.ctx, tt.by, id, r.find(id).Version, review)
			if code(err) != tt.want {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			p := r.find(id)
			if tt.want != "" {
				if p.Review != nil {
					t.Errorf("got %+v, want nothing kept", p.Review)
				}
				return
			}
			want := &payout.Review{Verdict: review.Verdict, Text: strings.TrimSpace(review.Text), RemoteID: strings.TrimSpace(review.RemoteID),
				By: tt.by.ID, ByName: tt.by.Name, At: r.now()}
			if diff := cmp.Diff(want, p.Review); diff != "" || !p.Review.Waiting() || p.State != payout.Unknown {
				t.Errorf("in %s (-want +got):\n%s", p.State, diff)
			}
		})
	}
}

// Invariants 4 and 6: a super admin confirms who is neither author nor editor, nor the one who recorded the evidence.
func TestWhoMaySettle(t *testing.T) {
	sql := func(query string) func(*rig) { return func(r *rig) { r.exec(query) } }
	tests := []struct {
		name string
		by   access.Person
		prep func(*rig)
		want string
	}{
		{"another super admin", sue(), func(*rig) {}, ""},
		{"the one who approved it", sam(), func(*rig) {}, ""},
		{"the one who recorded the evidence", super("ann"), func(r *rig) { r.grant("ann", super("ann").Grants[0]) }, payout.CodeTwice},
		{"the author", super("mia"), func(r *rig) { r.grant("mia", super("mia").Grants[0]) }, payout.CodeOwnWork},
		{"an editor", sue(), sql(`update payouts set editors = '["mia","sue"]'`), payout.CodeOwnWork},
		{"a merchant admin", mia(), func(*rig) {}, payout.ErrNotFound.Error()},
		{"an accountant", ann(), func(*rig) {}, payout.ErrNotFound.Error()},
		{"disabled since", sue(), sql(`update people set disabled_at = 1 where id = 'sue'`), payout.CodeNotAllowed},
		{"not in the database", super("eve"), func(*rig) {}, payout.CodeNotAllowed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			id := r.testify(r.unknown(), payout.Missing)
			tt.prep(r)
			if page := r.svc.MaySettle(r.find(id), tt.by, false); tt.name != "disabled since" && tt.name != "not in the database" && (page == nil) != (tt.want == "") {
				t.Errorf("page: got %v, want %q", page, tt.want)
			}
			_, err := r.settleBy(tt.by, id)
			if p := r.find(id); code(err) != tt.want || (p.State == payout.NotExecuted) != (tt.want == "") || p.Review.Waiting() != (tt.want != "") {
				t.Errorf("got %v in %s, want %q", err, p.State, tt.want)
			}
		})
	}
}

// In one-person mode one super admin does both, and the payout is marked for ever (invariant 6).
func TestSettleAlone(t *testing.T) {
	r := newRig(t)
	r.set("one_person", "1")
	id := r.unknown()
	_, err := r.svc.Testify(r.ctx, sue(), id, r.find(id).Version, payout.Review{Verdict: payout.Missing, Text: "not in the portal"})
	r.must(err)
	r.must(r.svc.MaySettle(r.find(id), sue(), true))
	r.settle(id)
	if !r.find(id).OnePerson {
		t.Error("alone: got no mark, want one")
	}
	other := r.notExecuted()
	if r.find(other).OnePerson {
		t.Error("two people: got a mark, want none")
	}
	r.again(other)
	if _, err := r.approveBy(sue(), other); err != nil || !r.find(other).OnePerson {
		t.Errorf("resolver approves: got %v, mark %v, want it possible and marked", err, r.find(other).OnePerson)
	}
}

// The amount is typed again, and the confirmation is about this evidence and no other.
func TestSettleNeedsAmountAndStepUp(t *testing.T) {
	tests := []struct {
		name  string
		typed string
		proof func(*rig, *payout.Payout) access.StepUp
		want  string
	}{
		{"both fit", "250000", func(r *rig, p *payout.Payout) access.StepUp { return r.stepUp("sue", string(p.ID), p.ReviewDigest()) }, ""},
		{"another amount", "25000", func(r *rig, p *payout.Payout) access.StepUp { return r.stepUp("sue", string(p.ID), p.ReviewDigest()) }, payout.CodeAmount},
		{"no amount", "", func(r *rig, p *payout.Payout) access.StepUp { return r.stepUp("sue", string(p.ID), p.ReviewDigest()) }, payout.CodeAmount},
		{"confirmed the payout, not the evidence", "250000", func(r *rig, p *payout.Payout) access.StepUp { return r.stepUp("sue", string(p.ID), p.Digest) }, payout.CodeStepUp},
		{"somebody else's confirmation", "250000", func(r *rig, p *payout.Payout) access.StepUp { return r.stepUp("sam", string(p.ID), p.ReviewDigest()) }, payout.CodeStepUp},
		{"stale", "250000", func(r *rig, p *payout.Payout) access.StepUp {
			s := r.stepUp("sue", string(p.ID), p.ReviewDigest())
			r.pass(access.StepUpLife)
			return s
		}, payout.CodeStepUp},
		{"about evidence that was replaced", "250000", func(r *rig, p *payout.Payout) access.StepUp {
			s := r.stepUp("sue", string(p.ID), p.ReviewDigest())
			_, err := r.svc.Testify(r.ctx, ann(), p.ID, p.Version, payout.Review{Verdict: payout.Executed, Text: "found it after all", RemoteID: "R9"})
			r.must(err)
			return s
		}, payout.CodeStepUp},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			id := r.testify(r.unknown(), payout.Missing)
			_, err := r.svc.Settle(r.ctx, sue(), id, tt.typed, tt.proof(r, r.find(id)))
			if p := r.find(id); code(err) != tt.want || (p.State == payout.NotExecuted) != (tt.want == "") {
				t.Errorf("got %v in %s, want %q", err, p.State, tt.want)
			}
		})
	}
}

// Every word of the evidence is part of what is confirmed.
func TestReviewDigest(t *testing.T) {
	base := payout.Payout{Digest: "d", Review: &payout.Review{Verdict: payout.Missing, Text: "text", RemoteID: "R", By: "ann", At: begin}}
	want := base.ReviewDigest()
	same := *base.Review
	same.At = same.At.In(time.FixedZone("", 3600))
	if got := (&payout.Payout{Digest: "d", Review: &same}).ReviewDigest(); got != want {
		t.Error("another time zone: got another digest, want the same")
	}
	for name, alter := range map[string]func(*payout.Payout, *payout.Review){
		"digest": func(p *payout.Payout, _ *payout.Review) { p.Digest = "e" }, "verdict": func(_ *payout.Payout, r *payout.Review) { r.Verdict = payout.Executed },
		"text": func(_ *payout.Payout, r *payout.Review) { r.Text = "other" }, "identifier": func(_ *payout.Payout, r *payout.Review) { r.RemoteID = "" },
		"person": func(_ *payout.Payout, r *payout.Review) { r.By = "sam" }, "time": func(_ *payout.Payout, r *payout.Review) { r.At = r.At.Add(1) },
		"words moved": func(_ *payout.Payout, r *payout.Review) { r.Text, r.RemoteID = "textR", "" },
	} {
		p, review := base, *base.Review
		p.Review = &review
		alter(&p, &review)
		if p.ReviewDigest() == want {
			t.Errorf("%s changed: got the same digest, want another", name)
		}
	}
	if got := (&payout.Payout{}).ReviewDigest(); got != "" {
		t.Errorf("no evidence: got %q, want nothing to confirm", got)
	}
}

// What people found out is what the payout becomes.
func TestSettledOutcomes(t *testing.T) {
	r := newRig(t)
	id := r.settle(r.testify(r.unknown(), payout.Executed))
	if p := r.find(id); p.State != payout.Paid || p.RemoteID() != "R9" || !p.EndedAt.Equal(r.now()) || p.Review.SettledBy != "sue" || !p.DueAt.IsZero() {
		t.Errorf("executed: got %s, %q, review %+v", p.State, p.RemoteID(), p.Review)
	}
	missing := r.notExecuted()
	if p := r.find(missing); p.State != payout.NotExecuted || p.RemoteID() != "" || !p.EndedAt.IsZero() || !p.DueAt.IsZero() {
		t.Errorf("not executed: got %s, %q", p.State, p.RemoteID())
	}
	if err := r.svc.MaySettle(r.find(missing), sue(), false); code(err) != payout.CodeState {
		t.Errorf("page, settled: got %v, want state", err)
	}
	known := r.sending()
	r.must(r.svc.Checkpoint(r.ctx, payout.InStore("s1"), known, 1, "R1", nil))
	r.fails(known, providers.Unknown)
	r.settle(r.testify(known, payout.Executed))
	if p := r.find(known); p.RemoteID() != "R1" {
		t.Errorf("identifier known before: got %q, want R1", p.RemoteID())
	}
	// Money that moved after all is a conflict, and no claim is made any more.
	r.approve(r.again(missing))
	effect := r.record(missing, payout.Evidence{Source: payout.FromWebhook, Attempt: 1, Result: full(r.find(missing), providers.Paid)})
	if effect.Conflict == nil || effect.Moved() {
		t.Fatalf("got %+v, want a conflict", effect)
	}
	if _, err := r.tryClaim(missing); code(err) != payout.CodeConflict {
		t.Errorf("claim: got %v, want conflict", err)
	}
}

// A new decision is about the same content with today's credentials (invariant 4).
func TestAgain(t *testing.T) {
	for _, kind := range []providers.Kind{providers.NotSent, providers.Refused} {
		r := newRig(t)
		id := r.sending()
		r.fails(id, kind)
		before := r.find(id)
		r.pass(time.Hour)
		r.exec(`update accounts set version = 2 where id = 'a1'`)
		after := r.find(r.again(id))
		want := before.Content
		want.Credential = 2
		if diff := cmp.Diff(want, after.Content); diff != "" {
			t.Errorf("content (-want +got):\n%s", diff)
		}
		if after.State != payout.Submitted || len(after.Approvals) != 0 || after.Digest == before.Digest || after.Reason != "" || !after.SubmittedAt.Equal(r.now()) {
			t.Errorf("got %+v, want it to wait for a new approval", after)
		}
		if _, err := after.Signed(); err != nil {
			t.Errorf("snapshot: got %v, want one that fits", err)
		}
		r.claim(r.approve(id))
		if a := r.find(id).Attempts; len(a) != 2 || a[1].Decision != 2 {
			t.Errorf("got %+v, want a second attempt for the second decision", a)
		}
	}
}

// A payout that waits with replaced credentials takes today's and waits on; else there is nothing to take.
func TestAgainWithReplacedCredentials(t *testing.T) {
	r := newRig(t)
	id := r.approve(r.submit(r.draft()))
	r.exec(`update accounts set version = 2 where id = 'a1'`)
	if _, err := r.tryClaim(id); code(err) != payout.CodeCredentials {
		t.Fatalf("got %v, want credentials", err)
	}
	if _, err := r.approveBy(sam(), id); code(err) != payout.CodeCredentials {
		t.Errorf("approve: got %v, want credentials", err)
	}
	r.again(id)
	if _, err := r.svc.Again(r.ctx, mia(), id); code(err) != payout.CodeState {
		t.Errorf("twice: got %v, want state", err)
	}
	r.claim(r.approve(id))
}

// Whatever part of the database cannot be read, nothing is decided and nothing moves (invariant 16).
func TestBrokenDatabaseDecidesNothing(t *testing.T) {
	reads := map[string][]string{
		"approve": {"settings", "people", "grants", "accounts", "challenges", "approvals"},
		"settle":  {"settings", "people", "grants", "challenges", "attempts"},
		"claim":   {"settings", "people", "grants", "accounts", "sender", "approvals", "attempts", "conflicts", "audit"},
		"again":   {"accounts", "audit"},
		"submit":  {"accounts", "audit", "payout_words"},
	}
	from := map[string]string{"approve": "submitted", "settle": "unknown, evidence waits", "claim": "approved", "again": "refused", "submit": "draft"}
	for _, op := range operations() {
		for _, missing := range reads[op.name] {
			t.Run(op.name+"/"+missing, func(t *testing.T) {
				r := newRig(t)
				var id payout.ID
				for _, s := range setups() {
					if s.name == from[op.name] {
						id = s.make(r)
					}
				}
				p := r.find(id)
				was := r.column(id, "state || version")
				broken, mended := `alter table `+missing+` rename to gone`, `alter table gone rename to `+missing
				if missing == "challenges" { // the test itself writes there
					broken, mended = `alter table challenges rename column used_at to gone`, `alter table challenges rename column gone to used_at`
				}
				r.exec(broken)
				err := op.do(r, p)
				if _, told := errors.AsType[*payout.Error](err); err == nil || told {
					t.Errorf("got %v, want an error of the database", err)
				}
				r.exec(mended)
				if got := r.column(id, "state || version"); got != was {
					t.Errorf("got %s, want %s untouched", got, was)
				}
			})
		}
	}
}
