package payout_test

import (
	"errors"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
)

// drifted is a form that asks for a purpose besides, for a guardian of minors, and for no bank any more.
func (r *rig) drifted() payout.Form {
	f := r.form()
	kind := func(v string) providers.Option {
		return providers.Option{Value: v, Label: providers.Text{English: v}}
	}
	f.Fields = append(f.Fields[:2:2],
		providers.Field{Name: "purpose", Label: providers.Text{English: "Purpose"}, Max: 12},
		providers.Field{Name: "minor", Type: providers.Choice, Optional: true, Options: []providers.Option{kind("yes"), kind("no")}},
		providers.Field{Name: "guardian", When: map[string][]string{"minor": {"yes"}}})
	f.Method.Fields = f.Fields
	return f
}

// withBank is a draft that names a bank.
func (r *rig) withBank() payout.ID {
	r.Helper()
	in := input()
	in.Details["bank"] = "01"
	p, err := r.svc.Draft(r.ctx, mia(), "s1", in, "")
	r.must(err)
	return p.ID
}

// What is asked for now is filled in, what is not any more is left out, and nothing else changes. Approvals do not survive it.
func TestMend(t *testing.T) {
	tests := []struct {
		name string
		make func(*rig) payout.ID
		want payout.State
	}{
		{"draft", (*rig).withBank, payout.Draft},
		{"waiting", func(r *rig) payout.ID { return r.submit(r.withBank()) }, payout.Submitted},
		{"approved", func(r *rig) payout.ID { return r.approve(r.submit(r.withBank())) }, payout.Submitted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			before := r.find(tt.make(r))
			p, err := r.svc.Mend(r.ctx, sol(), before.ID, before.Version, map[string]string{"purpose": "rent"}, r.drifted())
			r.must(err)
			after := r.find(p.ID)
			if after.State != tt.want || len(after.Approvals) != 0 || after.Version != before.Version+1 {
				t.Errorf("got %s, version %d, %d approvals, want %s", after.State, after.Version, len(after.Approvals), tt.want)
			}
			want := before.Input
			want.Details = maps.Clone(want.Details)
			delete(want.Details, "bank")
			want.Details["purpose"] = "rent"
			if diff := cmp.Diff(want, after.Input); diff != "" {
				t.Errorf("input (-want +got):\n%s", diff)
			}
			if after.State == payout.Submitted && (after.Digest == before.Digest || after.Content.Amount != before.Content.Amount) {
				t.Errorf("got digest %s and %v", after.Digest, after.Content.Amount)
			}
			if !after.Edited("sol") {
				t.Error("who filled it in is no editor, and could approve it")
			}
			if _, err := r.approveBy(sol(), p.ID); after.State == payout.Submitted && code(err) != payout.CodeOwnWork {
				t.Errorf("approved by who filled it in: %v", err)
			}
			entries, err := r.db.Audit().Of(r.ctx, payout.Everywhere(), string(p.ID))
			r.must(err)
			i := len(entries) - 1
			if after.State == payout.Submitted {
				i--
			}
			if e := entries[i]; e.Action != audit.PayoutMended || e.Details != `{"filled_in":["purpose"],"left_out":["bank"],"was":"`+string(before.State)+`"}` {
				t.Errorf("got row %s %s", e.Action, e.Details)
			}
		})
	}
}

// What does not pass changes nothing: neither what is typed nor what else the company asks for.
func TestMendRefuses(t *testing.T) {
	long := "much too long a purpose"
	tests := []struct {
		name  string
		make  func(*rig) payout.ID
		by    access.Person
		typed map[string]string
		form  func(*payout.Form)
		older bool
		field string // of FieldErrors
		code  string // of any other refusal
	}{
		{name: "draft, too long", make: (*rig).draft, typed: map[string]string{"purpose": long}, field: "fields[purpose]"},
		{name: "draft, left empty", make: (*rig).draft, typed: map[string]string{"purpose": ""}, field: "fields[purpose]"},
		{name: "waiting, too long", make: (*rig).submitted, typed: map[string]string{"purpose": long}, field: "fields[purpose]"},
		{name: "waiting, something else is lacking", make: (*rig).submitted, typed: map[string]string{"minor": "no"}, field: "fields[purpose]"},
		{name: "approved, opens another field", make: (*rig).approved, typed: map[string]string{"purpose": "rent", "minor": "yes"}, field: "fields[guardian]"},
		{name: "another version", make: (*rig).approved, typed: map[string]string{"purpose": "rent"}, older: true, code: payout.CodeChanged},
		{name: "of another store", make: (*rig).submitted, by: fay(), typed: map[string]string{"purpose": "rent"}, code: payout.ErrNotFound.Error()},
		{name: "may only read", make: (*rig).submitted, by: ann(), typed: map[string]string{"purpose": "rent"}, code: payout.ErrNotFound.Error()},
		{name: "in another currency", make: (*rig).approved, typed: map[string]string{"purpose": "rent"},
			form: func(f *payout.Form) { f.Method.Currency = "XAF" }, code: payout.CodeChanged},
		{name: "form of another method", make: (*rig).submitted, typed: map[string]string{"purpose": "rent"},
			form: func(f *payout.Form) { f.Method.ID = "moov_bj" }, code: payout.CodeChanged},
		{name: "form of old credentials", make: (*rig).submitted, typed: map[string]string{"purpose": "rent"},
			form: func(f *payout.Form) { f.Account.Version = 9 }, code: payout.CodeAccount},
		{name: "sent before", make: func(r *rig) payout.ID { return r.again(r.notExecuted()) }, typed: map[string]string{"purpose": "rent"}, code: payout.CodeState},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			before := r.find(tt.make(r))
			if tt.by.ID == "" {
				tt.by = mia()
			}
			form, version := r.drifted(), before.Version
			if tt.form != nil {
				tt.form(&form)
			}
			if tt.older {
				version--
			}
			_, err := r.svc.Mend(r.ctx, tt.by, before.ID, version, tt.typed, form)
			wrong, _ := errors.AsType[payout.FieldErrors](err)
			if (tt.field != "" && wrong.For(tt.field) == nil) || (tt.field == "" && code(err) != tt.code) {
				t.Errorf("got %v %v, want %s%s", err, []payout.FieldProblem(wrong), tt.field, tt.code)
			}
			if diff := cmp.Diff(before, r.find(before.ID), exported()); diff != "" {
				t.Errorf("refused, but changed (-before +after):\n%s", diff)
			}
		})
	}
}

func (r *rig) submitted() payout.ID { return r.submit(r.draft()) }
func (r *rig) approved() payout.ID  { return r.approve(r.submitted()) }
