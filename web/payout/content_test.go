package payout_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/payout"
)

func TestCheck(t *testing.T) {
	r := &rig{version: 3}
	got, err := payout.Check(input(), r.form())
	if err != nil {
		t.Fatal(err)
	}
	want := payout.Content{Account: "a1", Provider: "acme", Company: "Acme", Live: true, Address: "default", Credential: 3, Method: "mtn_bj",
		MethodName: "MTN", Country: "BJ", Amount: xof(250000), Description: "Invoice 7", Details: []payout.Detail{
			{Name: "name", Label: providers.Text{Key: "field.name", English: "Name"}, Value: "Émile Zola", Role: providers.RoleName},
			{Name: "account", Label: providers.Text{Key: "field.account", English: "Account"}, Value: "22997126630", Role: providers.RoleAccount},
		}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCheckShowsOptions(t *testing.T) {
	r := &rig{}
	in := input()
	in.Details["bank"] = "01"
	got, err := payout.Check(in, r.form())
	if err != nil || len(got.Details) != 3 || got.Details[2].Value != "01" || got.Details[2].Shown != "First Bank" {
		t.Errorf("got %+v and %v, want the option in words", got.Details, err)
	}
	form := r.form()
	form.Fields[2].Type = providers.Bank // a code that is not listed may be typed in
	in.Details["bank"] = "77"
	got, err = payout.Check(in, form)
	if err != nil || got.Details[2].Shown != "" {
		t.Errorf("got %+v and %v, want no words for a code nobody knows", got.Details, err)
	}
}

// Everything wrong is told, each under its own input.
func TestCheckProblems(t *testing.T) {
	tests := []struct {
		name  string
		alter func(*payout.Input)
		field string
		key   string
	}{
		{"no amount", func(in *payout.Input) { in.Amount = "" }, "amount", "amount.empty"},
		{"no number", func(in *payout.Input) { in.Amount = "many" }, "amount", "amount.not_a_number"},
		{"too precise", func(in *payout.Input) { in.Amount = "10.5" }, "amount", "amount.too_precise"},
		{"zero", func(in *payout.Input) { in.Amount = "0" }, "amount", "amount.zero"},
		{"negative", func(in *payout.Input) { in.Amount = "-5" }, "amount", "amount.negative"},
		{"grouping of another language", func(in *payout.Input) { in.Amount, in.Language = "250,000", "fr" }, "amount", "amount.too_precise"},
		{"no reason", func(in *payout.Input) { in.Description = "  " }, "description", "check.required"},
		{"long reason", func(in *payout.Input) { in.Description = strings.Repeat("é", 201) }, "description", "check.too_long"},
		{"broken reason", func(in *payout.Input) { in.Description = "a\x00b" }, "description", "check.control"},
		{"missing field", func(in *payout.Input) { delete(in.Details, "name") }, "fields[name]", "check.required"},
		{"option there is not", func(in *payout.Input) { in.Details["bank"] = "99" }, "fields[bank]", "check.unknown_option"},
		{"field there is not", func(in *payout.Input) { in.Details["iban"] = "x" }, "fields[iban]", "check.unknown_field"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input()
			tt.alter(&in)
			got, err := payout.Check(in, (&rig{}).form())
			problems, ok := errors.AsType[payout.FieldErrors](err)
			if !ok || len(problems) != 1 {
				t.Fatalf("got %v, want one problem", err)
			}
			if p := problems.For(tt.field); p == nil || p.Key != tt.key {
				t.Errorf("got %+v, want %s under %s", problems, tt.key, tt.field)
			}
			if diff := cmp.Diff(payout.Content{}, got); diff != "" {
				t.Errorf("got content, want none:\n%s", diff)
			}
		})
	}
	if _, err := payout.Check(payout.Input{Description: strings.Repeat("é", 200), Amount: "1", Details: input().Details}, (&rig{}).form()); err != nil {
		t.Errorf("200 characters: got %v, want them to pass", err)
	}
}

func detail(role providers.Role, value string) payout.Detail {
	return payout.Detail{Name: string(role), Role: role, Value: value}
}

func TestRecipient(t *testing.T) {
	tests := []struct {
		name              string
		details           []payout.Detail
		who, account, key string
	}{
		{"name and account", []payout.Detail{detail(providers.RoleName, "Ana"), detail(providers.RoleAccount, "ab12"), detail(providers.RoleBank, "x")}, "Ana", "ab12", "AB12|X|XOF"},
		{"two names", []payout.Detail{detail(providers.RoleFamily, "Silva"), detail(providers.RoleGiven, "Ana"), detail(providers.RolePhone, "1")}, "Ana Silva", "1", "1||XOF"},
		{"one of two names", []payout.Detail{detail(providers.RoleGiven, "Ana")}, "Ana", "", ""},
		{"account before phone", []payout.Detail{detail(providers.RolePhone, "1"), detail(providers.RoleAccount, "2")}, "2", "2", "2||XOF"},
		{"nothing: the merchant's own wallet", nil, "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := payout.Content{Details: tt.details, Amount: xof(1)}
			if c.Recipient() != tt.who || c.AccountNumber() != tt.account || c.RecipientKey() != tt.key {
				t.Errorf("got %q, %q, %q, want %q, %q, %q", c.Recipient(), c.AccountNumber(), c.RecipientKey(), tt.who, tt.account, tt.key)
			}
		})
	}
}

func TestIDs(t *testing.T) {
	const id = payout.ID("7F3K20M9X4QD")
	if got := id.Number(); got != "PW-7F3K-20M9-X4QD" {
		t.Errorf("got %q", got)
	}
	if got := payout.ID("odd").Number(); got != "odd" {
		t.Errorf("got %q, want an id of another length as it is", got)
	}
	for _, typed := range []string{"7F3K20M9X4QD", " pw-7f3k-20m9-x4qd ", "7f3k-20m9-x4qd", "PW-7F3K20M9X4QD"} {
		if got := payout.ParseID(typed); got != id {
			t.Errorf("%q: got %q, want %q", typed, got, id)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		id := payout.ID(rapid.StringMatching(`[0-9A-HJKMNP-TV-Z]{12}`).Draw(t, "id"))
		if got := payout.ParseID(id.Number()); got != id {
			t.Fatalf("got %q, want %q", got, id)
		}
	})
}

// The zero payout answers what is asked of it.
func TestPayoutBeforeAnAttempt(t *testing.T) {
	p := &payout.Payout{}
	if p.Current() != nil || p.Reference() != "" || p.RemoteID() != "" || p.OpenConflict() != nil || p.Amount() != (money.Amount{}) {
		t.Errorf("got %+v", p)
	}
	if _, err := p.Signed(); code(err) != payout.CodeSnapshot {
		t.Errorf("got %v, want snapshot", err)
	}
	if err := p.Orphan(begin); code(err) != payout.CodeState {
		t.Errorf("orphan: got %v, want state", err)
	}
	if err := (&payout.Payout{State: payout.Sending}).Orphan(begin); code(err) != payout.CodeState {
		t.Errorf("orphan without an attempt: got %v, want state", err)
	}
	if !(payout.Cursor{}).IsZero() || (payout.Cursor{ID: "a"}).IsZero() {
		t.Error("only the cursor without an id is no place")
	}
}

// The snapshot is the same for the same content, and another for any other.
func TestSnapshotIsCanonical(t *testing.T) {
	r := newRig(t)
	a, b := r.find(r.submit(r.draft())), r.find(r.submit(r.draft()))
	if a.Digest == b.Digest || a.Digest != digest(a.Snapshot) {
		t.Errorf("got %s and %s, want the digests of two snapshots", a.Digest, b.Digest)
	}
	in := input()
	in.Description = "Invoice 7"
	_, err := r.svc.Edit(r.ctx, mia(), a.ID, a.Version, in)
	r.must(err)
	if again := r.find(r.submit(a.ID)); again.Digest != a.Digest {
		t.Errorf("got %s, want %s for the same content", again.Digest, a.Digest)
	}
}
