package payout_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/vault"
)

// Invariants 1, 7, 8, 16 and 18: everything that was true at the approval is looked at again.
func TestClaimChecks(t *testing.T) {
	sql := func(query string) func(*rig, payout.ID) { return func(r *rig, _ payout.ID) { r.exec(query) } }
	tests := []struct {
		name  string
		prep  func(*rig, payout.ID)
		want  string
		state payout.State
	}{
		{"all is well", func(*rig, payout.ID) {}, "", payout.Sending},
		{"at the last moment", func(r *rig, _ payout.ID) { r.pass(payout.DefaultApprovalLife) }, "", payout.Sending},

		{"expired", func(r *rig, _ payout.ID) { r.pass(payout.DefaultApprovalLife + time.Millisecond) }, payout.CodeExpired, payout.Submitted},
		{"no expiry", sql(`update payouts set expires_at = 0`), payout.CodeExpired, payout.Submitted},
		{"approver lost the role", sql(`delete from grants where person = 'sam'`), payout.CodeApprover, payout.Submitted},
		{"approver has a lesser role", sql(`update grants set role = 'merchant-admin', store = 's1' where person = 'sam'`), payout.CodeApprover, payout.Submitted},
		{"approver disabled", sql(`update people set disabled_at = 1 where id = 'sam'`), payout.CodeApprover, payout.Submitted},
		{"approver gone", func(r *rig, _ payout.ID) {
			r.exec(`delete from grants where person = 'sam'`)
			r.exec(`delete from challenges where person = 'sam'`)
			r.exec(`delete from people where id = 'sam'`)
		}, payout.CodeApprover, payout.Submitted},
		{"approver became an editor", sql(`update payouts set editors = '["mia","sam"]'`), payout.CodeApprover, payout.Submitted},
		{"approver became the author", sql(`update payouts set author = 'sam'`), payout.CodeApprover, payout.Submitted},
		{"author unknown", sql(`update payouts set author = ''`), payout.CodeApprover, payout.Submitted},
		{"approval void", sql(`update approvals set void_at = 1`), payout.CodeApprover, payout.Submitted},
		{"approval of something else", sql(`update approvals set digest = 'x'`), payout.CodeApprover, payout.Submitted},
		{"approval by nobody", sql(`update approvals set person = ''`), payout.CodeApprover, payout.Submitted},
		{"approval by another person's name", sql(`update approvals set name = 'Sol'`), payout.CodeApprover, payout.Submitted},
		{"approval by another means", sql(`update approvals set means = 'totp'`), payout.CodeApprover, payout.Submitted},
		{"approval of another time", sql(`update approvals set at = at + 1`), payout.CodeApprover, payout.Submitted},
		{"approval that lapses later", sql(`update approvals set lapses_at = lapses_at + 1`), payout.CodeApprover, payout.Submitted},
		{"approval of another intent", sql(`update approvals set intent = cast(replace(cast(intent as text), 'sam', 'sol') as blob)`), payout.CodeApprover, payout.Submitted},
		{"approval without an intent", sql(`update approvals set intent = null`), payout.CodeApprover, payout.Submitted},
		{"approval without a hash", sql(`update approvals set mac = null`), payout.CodeApprover, payout.Submitted},
		{"approval nobody gave", func(r *rig, id payout.ID) {
			r.exec(`update approvals set person = 'sol', challenge = 'other'`)
		}, payout.CodeApprover, payout.Submitted},
		{"a copy of an approval adds nothing", func(r *rig, id payout.ID) {
			r.exec(`insert into approvals select payout, person, name, digest, 'other', means, at, void_at, intent, proof, lapses_at, mac from approvals`)
		}, "", payout.Sending},
		{"credentials replaced", sql(`update accounts set version = 2 where id = 'a1'`), payout.CodeCredentials, payout.Submitted},
		{"account in test mode", sql(`update accounts set live = 0 where id = 'a1'`), payout.CodeAccount, payout.Submitted},
		{"account at another address", sql(`update accounts set address = 'sim' where id = 'a1'`), payout.CodeAccount, payout.Submitted},
		{"account of another company", sql(`update accounts set provider = 'other' where id = 'a1'`), payout.CodeAccount, payout.Submitted},
		{"account of another store", sql(`update accounts set store = 's2' where id = 'a1'`), payout.CodeAccount, payout.Submitted},

		{"account frozen", sql(`update accounts set frozen_at = 1, frozen_why = 'keys' where id = 'a1'`), payout.CodeFrozen, payout.Approved},
		{"everything stopped", func(r *rig, _ payout.ID) { r.set("halted", "restored") }, payout.CodeFrozen, payout.Approved},
		{"open conflict", func(r *rig, id payout.ID) {
			r.exec(`insert into conflicts (payout, no, source, code, expected, got, at) values (?, 1, 'webhook', 'amount', '1', '2', 1)`, id)
		}, payout.CodeConflict, payout.Approved},
		{"closed conflict", func(r *rig, id payout.ID) {
			r.exec(`insert into conflicts (payout, no, source, code, expected, got, at, closed_at) values (?, 1, 'webhook', 'amount', '1', '2', 1, 2)`, id)
		}, "", payout.Sending},
		{"another sender", func(r *rig, _ payout.ID) { old := r.epoch; r.takeSender(); r.epoch = old }, payout.CodeSender, payout.Approved},
		{"a sender to come", func(r *rig, _ payout.ID) { r.epoch++ }, payout.CodeSender, payout.Approved},
		{"nobody ever took the role", func(r *rig, _ payout.ID) { r.exec(`update sender set epoch = 0`); r.epoch = 0 }, payout.CodeSender, payout.Approved},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			id := r.approve(r.submit(r.draft()))
			tt.prep(r, id)
			before := r.find(id)
			p, err := r.tryClaim(id)
			if code(err) != tt.want || p.State != tt.state {
				t.Fatalf("got %q and %s, want %q and %s", code(err), p.State, tt.want, tt.state)
			}
			after := r.find(id)
			if sent := len(after.Attempts) == 1; sent != (tt.want == "") || after.State != tt.state {
				t.Errorf("got %s with %d attempts", after.State, len(after.Attempts))
			}
			if tt.state == payout.Approved {
				if diff := cmp.Diff(before, after, exported()); diff != "" {
					t.Errorf("refused, but changed (-before +after):\n%s", diff)
				}
			}
			if tt.state == payout.Submitted {
				checkSentBack(t, r, after, tt.want)
			}
		})
	}
}

// checkSentBack: what was sent back has no approvals any more, says why, and is not claimed before it is approved again.
func checkSentBack(t *testing.T, r *rig, p *payout.Payout, why string) {
	t.Helper()
	if len(p.Approvals) != 0 || !p.ExpiresAt.IsZero() || !p.DueAt.IsZero() {
		t.Errorf("got %d approvals, expiry %v, due %v, want none", len(p.Approvals), p.ExpiresAt, p.DueAt)
	}
	rows, err := r.db.Audit().Of(r.ctx, payout.Everywhere(), string(p.ID))
	r.must(err)
	if last := rows[len(rows)-1]; last.Action != audit.PayoutSentBack || last.Details != fmt.Sprintf(`{"code":%q}`, why) {
		t.Errorf("got last audit row %s %s, want sent_back for %s", last.Action, last.Details, why)
	}
	if _, err := r.tryClaim(p.ID); code(err) != payout.CodeState {
		t.Errorf("claim again: got %v, want state", err)
	}
}

// Invariant 7: what was approved is what is sent. Whatever is changed past the rules, one field at a time, it is not sent.
func TestClaimRefusesChangedRows(t *testing.T) {
	r := newRig(t)
	set := func(column, value string) func(payout.ID) {
		return func(id payout.ID) { r.exec(`update payouts set `+column+` = `+value+` where id = ?`, id) }
	}
	changes := map[string]func(payout.ID){
		"column account": set("account", "'a2'"), "column provider": set("provider", "'other'"), "column live": set("live", "0"),
		"column method": set("method", "'moov_bj'"), "column currency": set("currency", "'XAF'"), "column minor": set("minor", "minor + 1"),
		"column store": set("store", "'s2'"), "digest": set("digest", "'x'"), "no digest": set("digest", "''"),
		"snapshot": set("snapshot", "cast(replace(snapshot, '250000', '250001') as blob)"), "snapshot with a blank": set("snapshot", "cast(snapshot || ' ' as blob)"),
		"no snapshot": set("snapshot", "null"), "no content": set("content", "'{}'"),
		"another payout's snapshot": func(id payout.ID) {
			other := r.approve(r.submit(r.draft()))
			r.exec(`update payouts set snapshot = (select snapshot from payouts where id = ?), digest = (select digest from payouts where id = ?) where id = ?`, other, other, id)
		},
	}
	var content map[string]any
	r.must(json.Unmarshal([]byte(r.column(r.approve(r.submit(r.draft())), "content")), &content))
	for _, path := range leaves("$", content) {
		changes["content "+path] = func(id payout.ID) {
			r.exec(`update payouts set content = json_set(content, ?, case json_type(content, ?)
				when 'true' then json('false') when 'integer' then json_extract(content, ?) + 1 else json_extract(content, ?) || 'x' end) where id = ?`, path, path, path, path, id)
		}
	}
	if len(changes) < 30 {
		t.Fatalf("got %d changes, want every field of the content among them: %v", len(changes), content)
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			r.during(t)
			id := r.approve(r.submit(r.draft()))
			change(id)
			changed := r.find(id)
			if _, err := changed.Signed(); code(err) != payout.CodeSnapshot {
				t.Errorf("read back: got %v, want snapshot", err)
			}
			if _, err := changed.Order("https://pay.example.com/hooks/x"); code(err) != payout.CodeSnapshot {
				t.Errorf("order: got %v, want snapshot", err)
			}
			_, err := r.svc.Claim(r.ctx, payout.Everywhere(), id, r.epoch)
			if p := r.find(id); err == nil || p.State == payout.Sending || len(p.Attempts) > 0 {
				t.Errorf("got %s and %v, want it refused", p.State, err)
			}
		})
	}
}

// Everything changed consistently still is not what the approver approved.
func TestClaimRefusesConsistentForgery(t *testing.T) {
	r := newRig(t)
	id := r.approve(r.submit(r.draft()))
	snapshot := strings.ReplaceAll(string(r.find(id).Snapshot), "22997126630", "22990000000")
	r.exec(`update payouts set content = replace(content, '22997126630', '22990000000'), snapshot = ?, digest = ? where id = ?`,
		[]byte(snapshot), digest([]byte(snapshot)), id)
	if _, err := r.find(id).Signed(); err != nil {
		t.Fatalf("got %v, want a forgery that fits in itself", err)
	}
	if p, err := r.tryClaim(id); code(err) != payout.CodeApprover || p.State != payout.Submitted {
		t.Errorf("got %v and %s, want it sent back", err, p.State)
	}
}

func (r *rig) column(id payout.ID, column string) string {
	var value string
	r.must(r.raw.QueryRowContext(r.ctx, `select `+column+` from payouts where id = ?`, id).Scan(&value))
	return value
}

// leaves lists the JSON paths of all simple values.
func leaves(at string, value any) []string {
	var all []string
	switch v := value.(type) {
	case map[string]any:
		for k, inner := range v {
			all = append(all, leaves(at+"."+k, inner)...)
		}
	case []any:
		for i, inner := range v {
			all = append(all, leaves(fmt.Sprintf("%s[%d]", at, i), inner)...)
		}
	default:
		all = append(all, at)
	}
	return all
}

// What a claim writes down (invariant 1), and the order made of it.
func TestClaimRecordsTheAttempt(t *testing.T) {
	r := newRig(t)
	id := r.approve(r.submit(r.draft()))
	r.pass(time.Minute)
	p, err := r.tryClaim(id)
	r.must(err)
	ref := p.Reference()
	if !vault.CheckReference(ref) {
		t.Errorf("got reference %q, want one of ours", ref)
	}
	want := []payout.Attempt{{No: 1, Decision: 1, Reference: ref, Epoch: r.epoch, StartedAt: r.now()}}
	if diff := cmp.Diff(want, r.find(id).Attempts); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	order, err := p.Order("https://pay.example.com/hooks/x")
	r.must(err)
	wanted := providers.Order{Reference: ref, Method: "mtn_bj", Amount: xof(250000), Description: "Invoice 7",
		Details: map[string]string{"name": "Émile Zola", "account": "22997126630"}, CallbackURL: "https://pay.example.com/hooks/x"}
	if diff := cmp.Diff(wanted, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	order.Details["account"] = "changed"
	if again, _ := p.Order(""); again.Details["account"] != "22997126630" {
		t.Error("an adapter can change what is sent next")
	}
}

// Invariant 1: one decision, one send. Neither the rules nor the database let a decision have a second attempt.
func TestOneDecisionOneAttempt(t *testing.T) {
	r := newRig(t)
	id := r.approve(r.again(r.notExecuted()))
	r.exec(`update payouts set decisions = 1 where id = ?`, id)
	if p, err := r.tryClaim(id); code(err) != payout.CodeState || p.State != payout.Approved {
		t.Errorf("got %v in %s, want it refused", err, p.State)
	}
	_, err := r.raw.ExecContext(r.ctx, `insert into attempts (payout, no, account, decision, reference, epoch, started_at) values (?, 2, 'a1', 1, 'X', 1, 1)`, id)
	if err == nil || !strings.Contains(err.Error(), "UNIQUE") {
		t.Errorf("got %v, want the database to refuse it", err)
	}
	r.exec(`update payouts set decisions = 2 where id = ?`, id)
	r.claim(id)
	if a := r.find(id).Attempts; len(a) != 2 || a[1].Decision != 2 || a[0].Reference == a[1].Reference {
		t.Errorf("got %+v, want two attempts under two references", a)
	}
}

var rounds = flag.Int("rounds", 3, "rounds of 64 who approve or claim at once")

// Invariants 1 and 18: of 64 who claim at once exactly one does.
func TestClaimRace(t *testing.T) {
	r := newRig(t)
	for range *rounds {
		id := r.approve(r.submit(r.draft()))
		done := race(64, func(int) error { _, err := r.tryClaim(id); return err })
		if p := r.find(id); done != 1 || len(p.Attempts) != 1 || p.State != payout.Sending {
			t.Errorf("got %d claims, %d attempts, %s, want exactly one", done, len(p.Attempts), p.State)
		}
	}
}

// Approving, editing, withdrawing and claiming at once: whatever wins, no attempt is made that nobody decided on.
func TestEverythingAtOnce(t *testing.T) {
	r := newRig(t)
	for range 20 {
		id := r.approve(r.submit(r.draft()))
		version := r.find(id).Version
		race(16, func(i int) error {
			var err error
			switch i % 4 {
			case 0:
				_, err = r.tryClaim(id)
			case 1:
				_, err = r.svc.Edit(r.ctx, mia(), id, version, input())
			case 2:
				_, err = r.svc.Withdraw(r.ctx, mia(), id)
			case 3:
				err = r.svc.SendBack(r.ctx, payout.InStore("s1"), id, &providers.Error{}, nil)
			}
			return err
		})
		p := r.find(id)
		if sent := p.State == payout.Sending; sent != (len(p.Attempts) == 1) || sent != (len(p.Approvals) == 1) {
			t.Errorf("got %s with %d attempts and %d approvals", p.State, len(p.Attempts), len(p.Approvals))
		}
	}
}

// A new sender makes unknown what an earlier one left in the middle of a send (invariants 2 and 18), and its late answer is
// not lost.
func TestTakeOver(t *testing.T) {
	r := newRig(t)
	id := r.sending()
	r.pass(time.Hour)
	r.takeSender()
	p := r.find(id)
	if p.State != payout.Unknown || p.Current().Outcome != payout.Unknown || !p.DueAt.Equal(r.now().Add(5*time.Second)) {
		t.Fatalf("got %s, %+v, due %v, want unknown and soon to be looked up", p.State, p.Current(), p.DueAt)
	}
	if effect := r.fails(id, providers.NotSent); effect.Moved() || effect.Code != payout.NoneLate {
		t.Errorf("late error: got %+v, want nothing moved", effect)
	}
	if effect := r.answer(id, providers.Paid); effect.To != payout.Paid {
		t.Errorf("late answer: got %+v, want paid", effect)
	}
}

// What made getting ready fail for good is told to whoever has to decide again.
func TestSendBackAndPostpone(t *testing.T) {
	r := newRig(t)
	id := r.approve(r.submit(r.draft()))
	exchange := []payout.Exchange{{Account: "a1", Payout: id, Purpose: "prepare", Method: "GET", URL: "https://acme/fields"}}
	r.must(r.svc.Postpone(r.ctx, payout.InStore("s1"), id, r.now().Add(time.Minute), exchange))
	if p := r.find(id); !p.DueAt.Equal(r.now().Add(time.Minute)) || len(p.Approvals) != 1 {
		t.Errorf("postponed: got due %v and %d approvals", p.DueAt, len(p.Approvals))
	}
	r.must(r.svc.SendBack(r.ctx, payout.InStore("s1"), id, &providers.Error{Kind: providers.Refused, Message: "bank closed"}, exchange))
	p := r.find(id)
	if p.State != payout.Submitted || p.Reason != "bank closed" {
		t.Errorf("got %s, %q, want submitted with the company's words", p.State, p.Reason)
	}
	checkSentBack(t, r, p, "prepare")
	all, err := r.db.Payouts().Exchanges(r.ctx, payout.InStore("s1"), id)
	if err != nil || len(all) != 2 {
		t.Errorf("got %d exchanges and %v, want both kept", len(all), err)
	}
	r.claim(r.approve(id))
	if p := r.find(id); p.Reason != "" || p.Decisions != 2 {
		t.Errorf("got reason %q and %d decisions, want none left and two", p.Reason, p.Decisions)
	}
}

// The identifier of a two-step send is stored only for the attempt under way.
func TestCheckpoint(t *testing.T) {
	r := newRig(t)
	id := r.second(providers.Refused)
	in := payout.InStore("s1")
	if err := r.svc.Checkpoint(r.ctx, in, id, 1, "R1", nil); code(err) != payout.CodeState {
		t.Errorf("older attempt: got %v, want state", err)
	}
	r.must(r.svc.Checkpoint(r.ctx, in, id, 2, "R2", map[string]string{"k": "v"}))
	if p := r.find(id); p.RemoteID() != "R2" || p.Current().Kept["k"] != "v" || p.Attempts[0].RemoteID != "" || p.State != payout.Sending {
		t.Errorf("got %+v", p.Attempts)
	}
}

// Invariants 1 and 4: of 64 who ask again, approve and claim at once after an attempt that came to nothing, one send comes.
func TestResendRace(t *testing.T) {
	r := newRig(t)
	for range *rounds {
		id := r.settle(r.testify(r.unknown(), payout.Missing))
		asked := race(64, func(int) error { _, err := r.svc.Again(r.ctx, mia(), id); return err })
		proofs := make([]access.StepUp, 64)
		for i := range proofs {
			proofs[i] = r.stepUp("sol", string(id), r.find(id).Digest)
		}
		race(64, func(i int) error { _, err := r.svc.Approve(r.ctx, sol(), id, proofs[i]); return err })
		claimed := race(64, func(int) error { _, err := r.tryClaim(id); return err })
		if p := r.find(id); asked != 1 || claimed != 1 || len(p.Attempts) != 2 || p.Attempts[0].Reference == p.Attempts[1].Reference {
			t.Errorf("asked again %d times, claimed %d times, %d attempts, want one more", asked, claimed, len(p.Attempts))
		}
	}
}
