package payout_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
)

// tell is news that a company is at a step of its own.
func (r *rig) tell(id payout.ID, source payout.Source, status providers.Status, stage providers.Stage, word string) payout.Effect {
	r.Helper()
	result := full(r.find(id), status)
	result.Stage, result.Word = stage, word
	return r.record(id, payout.Evidence{Source: source, Result: result})
}

// The company's own approval is told once, apart from ours, moves nothing, and comes to nothing once the payout has ended.
func TestStages(t *testing.T) {
	r := newRig(t)
	id := r.sending()
	r.tell(id, payout.FromAnswer, providers.Accepted, providers.StageApproval, "awaiting approval")
	for range 2 {
		if e := r.tell(id, payout.FromWebhook, providers.Accepted, providers.StageApproval, "awaiting approval"); e.Moved() {
			t.Errorf("the same again: got %+v", e)
		}
	}
	if got := r.find(id); got.State != payout.Accepted || got.Current().Stage != providers.StageApproval || got.Current().Word != "awaiting approval" {
		t.Fatalf("got %s, %+v", got.State, got.Current())
	}
	r.tell(id, payout.FromWebhook, providers.Accepted, providers.StageProcessing, "pending")
	r.tell(id, payout.FromWebhook, providers.Accepted, "", "something else")
	r.tell(id, payout.FromWebhook, providers.Paid, "", "completed")
	if e := r.tell(id, payout.FromWebhook, providers.Accepted, providers.StageApproval, "awaiting approval"); e.Moved() || e.Conflict != nil {
		t.Errorf("late: got %+v", e)
	}
	if got := r.find(id); got.State != payout.Paid || got.Current().Stage != providers.StageProcessing {
		t.Errorf("got %s, %+v", got.State, got.Current())
	}
	var told []string
	entries, err := r.db.Audit().Of(r.ctx, payout.InStore("s1"), string(id))
	r.must(err)
	for _, e := range entries {
		if e.Action == audit.PayoutStage || e.Action == audit.PayoutAnswered || e.Action == audit.PayoutReported {
			told = append(told, string(e.Action))
		}
	}
	want := []string{string(audit.PayoutAnswered), string(audit.PayoutStage), string(audit.PayoutStage), string(audit.PayoutReported)}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

// Documents are kept if they can be opened safely: over https, each once, no more than a page can show.
func TestProofs(t *testing.T) {
	r := newRig(t)
	id := r.sending()
	result := full(r.find(id), providers.Accepted)
	result.Proofs = []string{"https://a.example/1", "http://a.example/2", "javascript:alert(1)", "https://a.example/1", "https://", "//a.example/3", "\x00"}
	r.record(id, payout.Evidence{Source: payout.FromAnswer, Result: result})
	if diff := cmp.Diff([]string{"https://a.example/1"}, r.find(id).Current().Proofs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	result.Proofs = nil
	for i := range 50 {
		result.Proofs = append(result.Proofs, fmt.Sprintf("https://b.example/%d", i))
	}
	r.record(id, payout.Evidence{Source: payout.FromLookup, Result: result})
	if n := len(r.find(id).Current().Proofs); n != 20 {
		t.Errorf("got %d documents, want 20", n)
	}
}

// A payout to the merchant's own account names nobody, and is told from one that simply lacks a number.
func TestOwnAccount(t *testing.T) {
	r := newRig(t)
	form := r.form()
	form.Fields, form.Method.Own = nil, true
	in := input()
	in.Details = nil
	c, err := payout.Check(in, form)
	r.must(err)
	if !c.Own || c.Recipient() != "" || c.AccountNumber() != "" || c.RecipientKey() == "" {
		t.Errorf("got %+v, key %q", c, c.RecipientKey())
	}
	other := c
	if other.Account = "another"; other.RecipientKey() == c.RecipientKey() {
		t.Error("two accounts of the merchant are taken for one")
	}
	c.Own = false
	if c.RecipientKey() != "" {
		t.Errorf("got key %q of nobody", c.RecipientKey())
	}
}

// A company that cannot be asked is not asked again, and nothing is written about the attempt.
func TestCannotAsk(t *testing.T) {
	r := newRig(t)
	id := r.sending()
	r.fails(id, providers.Unknown)
	before := r.find(id)
	if before.DueAt.IsZero() {
		t.Fatal("nothing is due")
	}
	r.record(id, payout.Evidence{Source: payout.FromLookup, Err: &providers.Error{Kind: providers.Unsupported, Code: "no_query"}})
	after := r.find(id)
	if !after.DueAt.IsZero() || after.Looks != 0 || after.State != payout.Unknown {
		t.Errorf("got due %v, %d looks, %s", after.DueAt, after.Looks, after.State)
	}
}
