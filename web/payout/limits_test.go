package payout_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/policy"
)

// rules come to hold, under the next version.
func (r *rig) rules(rules ...policy.Rule) {
	r.Helper()
	b, err := json.Marshal(rules)
	r.must(err)
	id := r.next("rules")
	r.exec(`insert into policies (id, version, rules, base, loosens, drafted_by, drafted_at, saved_at, held_at)
		values (?, (select coalesce(max(version), 0) + 1 from policies), ?, 0, 0, 'sam', 1, 1, 1)`, id, string(b))
}

// Two have to approve, so the first approval does not send, and the first person cannot be the second.
func TestTwoApprove(t *testing.T) {
	r := newRig(t)
	r.rules(policy.Rule{Approvals: 2})
	id := r.submit(r.draft())
	p, err := r.approveBy(sam(), id)
	if err != nil || p.State != payout.Submitted || len(p.Approvals) != 1 {
		t.Fatalf("first: got %s, %v", p.State, err)
	}
	if _, err := r.approveBy(sam(), id); code(err) != payout.CodeTwice {
		t.Errorf("the same person again: got %v, want twice", err)
	}
	if p, err = r.approveBy(sue(), id); err != nil || p.State != payout.Approved {
		t.Errorf("second: got %s, %v, want approved", p.State, err)
	}
}

// One of two named people has to be among those who approve.
func TestNamedApprover(t *testing.T) {
	r := newRig(t)
	r.rules(policy.Rule{Approvals: 1, Among: []access.PersonID{"sue"}})
	id := r.submit(r.draft())
	if _, err := r.approveBy(sam(), id); code(err) != string(policy.NotAmong) {
		t.Errorf("another: got %v, want not_among", err)
	}
	if p, err := r.approveBy(sue(), id); err != nil || p.State != payout.Approved {
		t.Errorf("the one who is named: got %s, %v", p.State, err)
	}
}

// Invariant 8: rules that were tightened after an approval send the payout back.
func TestClaimUnderNewRules(t *testing.T) {
	tests := []struct {
		name string
		rule policy.Rule
		want string
	}{
		{"two have to", policy.Rule{Approvals: 2}, payout.CodeApprover},
		{"somebody else has to", policy.Rule{Approvals: 1, Among: []access.PersonID{"sue"}}, payout.CodePolicy},
		{"a lower limit each", policy.Rule{Per: policy.PerPayout, Limit: xof(249999)}, payout.CodeLimit},
		{"a lower limit a day", policy.Rule{Per: policy.PerStoreDay, Limit: xof(249999)}, payout.CodeLimit},
		{"rules for others", policy.Rule{Approvals: 2, When: policy.Condition{Store: "s2"}}, ""},
		{"a limit that holds", policy.Rule{Per: policy.PerPayout, Limit: xof(250000)}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			id := r.approve(r.submit(r.draft()))
			r.rules(tt.rule)
			p, err := r.tryClaim(id)
			if code(err) != tt.want || (p.State == payout.Submitted) != (tt.want != "") {
				t.Errorf("got %q in %s, want %q", code(err), p.State, tt.want)
			}
		})
	}
}

// Rules that were changed while a person read are not what that person said yes to (invariant 7).
func TestApproveUnderNewRules(t *testing.T) {
	r := newRig(t)
	id := r.submit(r.draft())
	proof := r.stepUp("sam", string(id), r.find(id).Digest)
	r.rules(policy.Rule{Approvals: 2, When: policy.Condition{New: true}})
	if _, err := r.svc.Approve(r.ctx, sam(), id, proof); code(err) != payout.CodeStepUp {
		t.Errorf("got %v, want step_up", err)
	}
}

func TestNewRecipient(t *testing.T) {
	r := newRig(t)
	r.rules(policy.Rule{Approvals: 2, When: policy.Condition{New: true}})
	first, second := r.submit(r.draft()), r.submit(r.draft())
	if p, err := r.approveBy(sam(), first); err != nil || p.State != payout.Submitted {
		t.Fatalf("never paid before: got %s, %v, want it to wait for a second", p.State, err)
	}
	r.exec(`update payouts set state = 'paid' where id = ?`, first)
	if p, err := r.approveBy(sam(), second); err != nil || p.State != payout.Approved {
		t.Errorf("paid before: got %s, %v, want approved", p.State, err)
	}
}

// A day is that of the store, and what came to nothing does not count.
func TestDayLimit(t *testing.T) {
	r := newRig(t)
	r.rules(policy.Rule{Per: policy.PerStoreDay, Limit: xof(500000)})
	var ids []payout.ID
	for range 5 {
		ids = append(ids, r.submit(r.draft()))
	}
	for _, id := range ids[:2] {
		if _, err := r.approveBy(sam(), id); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.approveBy(sam(), ids[2]); code(err) != payout.CodeLimit {
		t.Fatalf("beyond the limit: got %v, want limit", err)
	}
	r.exec(`update payouts set state = 'refused' where id = ?`, ids[0])
	if _, err := r.approveBy(sam(), ids[2]); err != nil {
		t.Errorf("after one was refused: got %v", err)
	}
	if _, err := r.approveBy(sam(), ids[3]); code(err) != payout.CodeLimit {
		t.Errorf("beyond it again: got %v, want limit", err)
	}
	r.pass(24 * time.Hour)
	if _, err := r.approveBy(sam(), ids[3]); err != nil {
		t.Errorf("the day after: got %v", err)
	}
}

// Of 64 approvals at once as many go through as a limit allows, and no more, whether it is a store's or a person's
// (SECURITY: limits under concurrency).
func TestLimitRace(t *testing.T) {
	for _, per := range []policy.Per{policy.PerStoreDay, policy.PerApprover} {
		t.Run(string(per), func(t *testing.T) {
			r := newRig(t)
			r.rules(policy.Rule{Per: per, Limit: xof(5 * 250000)})
			const n = 64
			ids, proofs := make([]payout.ID, n), make([]access.StepUp, n)
			for i := range n {
				ids[i] = r.submit(r.draft())
				proofs[i] = r.stepUp("sam", string(ids[i]), r.find(ids[i]).Digest)
			}
			through := race(n, func(i int) error {
				_, err := r.svc.Approve(r.ctx, sam(), ids[i], proofs[i])
				if err != nil && code(err) != payout.CodeLimit {
					t.Errorf("%d: %v", i, err)
				}
				return err
			})
			if through != 5 {
				t.Errorf("got %d through, want 5 of %d", through, n)
			}
		})
	}
}

// What the page says of limits is what the approval finds: at the limit it goes, one unit beyond it does not.
func TestRulingOfLimits(t *testing.T) {
	for _, per := range policy.Pers() {
		t.Run(string(per), func(t *testing.T) {
			r := newRig(t)
			id := r.submit(r.draft())
			r.rules(policy.Rule{Per: per, Limit: xof(250000)})
			if v, err := r.svc.Ruling(r.ctx, r.find(id), sam()); err != nil || v.Over != nil || !v.Open() || len(v.Limits) != 1 {
				t.Errorf("at the limit: got %+v, %v, want it open", v, err)
			}
			r.rules(policy.Rule{Per: per, Limit: xof(249999)})
			v, err := r.svc.Ruling(r.ctx, r.find(id), sam())
			if err != nil || v.Open() || v.Over == nil || v.Over.Rule.Limit != xof(249999) || v.Over.Spent != xof(0) {
				t.Errorf("beyond it: got %+v, %v, want the limit named", v, err)
			}
		})
	}
}

// Invariant 16: what cannot be added up is not taken for nothing. No limit is passed by a sum that failed.
func TestInvariant16SumThatFails(t *testing.T) {
	r := newRig(t)
	r.rules(policy.Rule{Per: policy.PerStoreDay, Limit: xof(1 << 62)})
	var ids []payout.ID
	for range 3 {
		ids = append(ids, r.submit(r.draft()))
	}
	for _, id := range ids[:2] {
		r.approve(id)
	}
	r.exec(`update payouts set minor = 9223372036854775807 where state = 'approved'`)
	if p, err := r.approveBy(sam(), ids[2]); err == nil || p.State != payout.Submitted {
		t.Errorf("got %s, %v, want an error", p.State, err)
	}
	if _, err := r.svc.Ruling(r.ctx, r.find(ids[2]), sam()); err == nil {
		t.Error("the page: got no error, want one")
	}
}

// Invariant 9: totals that do not fit are an error, not a smaller number.
func TestInvariant9TotalsThatDoNotFit(t *testing.T) {
	of := func(minor int64, currency string) *payout.Payout {
		return &payout.Payout{Content: payout.Content{Amount: money.Amount{Minor: minor, Currency: currency}}}
	}
	got, err := payout.Totals([]*payout.Payout{of(2, "XOF"), of(5, "EUR"), of(3, "XOF")})
	if diff := cmp.Diff([]money.Amount{{Minor: 5, Currency: "EUR"}, {Minor: 5, Currency: "XOF"}}, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if got, err := payout.Totals([]*payout.Payout{of(1<<63-1, "XOF"), of(1, "XOF")}); !errors.Is(err, money.ErrOverflow) || got != nil {
		t.Errorf("got %v, %v, want %v", got, err, money.ErrOverflow)
	}
}
