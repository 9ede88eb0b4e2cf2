package policy_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/policy"
)

func super(id access.PersonID) access.Person {
	return access.Person{ID: id, Grants: []access.Grant{{Role: access.SuperAdmin}}}
}

func granted(id access.PersonID, grants ...access.Grant) access.Person {
	return access.Person{ID: id, Grants: grants}
}

// Invariant 6: nobody approves their own work.
func TestMayApprove(t *testing.T) {
	own := policy.Facts{Store: "s1", Author: "mia", Editors: []access.PersonID{"mia", "ed"}, Resolver: "rea"}
	one := own
	one.OnePerson = true
	given := own
	given.Given = []access.PersonID{"sam"}
	givenAlone := one
	givenAlone.Given = []access.PersonID{"mia"}
	disabled := super("sam")
	disabled.Disabled = true

	tests := []struct {
		name   string
		facts  policy.Facts
		by     access.Person
		bar    policy.Bar
		marked bool
	}{
		{"another super admin", own, super("sam"), policy.None, false},
		{"author", own, super("mia"), policy.OwnWork, false},
		{"editor", own, super("ed"), policy.OwnWork, false},
		{"resolver", own, super("rea"), policy.OwnWork, false},
		{"nobody", own, access.Person{}, policy.NoPerson, false},
		{"no id but a role", own, super(""), policy.NoPerson, false},
		{"disabled", own, disabled, policy.NoPerson, false},
		{"no role", own, granted("sam"), policy.NoPerson, false},
		{"merchant admin of the store", own, granted("sam", access.Grant{Role: access.MerchantAdmin, Store: "s1"}), policy.NoPerson, false},
		{"accountant of the store", own, granted("sam", access.Grant{Role: access.Accountant, Store: "s1"}), policy.NoPerson, false},
		{"unknown role", own, granted("sam", access.Grant{Role: "root"}), policy.NoPerson, false},
		{"twice", given, super("sam"), policy.Already, false},
		{"second approver", given, super("sue"), policy.None, false},
		{"unknown author", policy.Facts{Store: "s1"}, super("sam"), policy.OwnWork, false},
		{"no resolver is nobody's resolver", policy.Facts{Store: "s1", Author: "mia"}, super("sam"), policy.None, false},

		{"one person: author", one, super("mia"), policy.None, true},
		{"one person: editor", one, super("ed"), policy.None, true},
		{"one person: resolver", one, super("rea"), policy.None, true},
		{"one person: another", one, super("sam"), policy.None, false},
		{"one person: twice", givenAlone, super("mia"), policy.Already, false},
		{"one person: nobody", one, access.Person{}, policy.NoPerson, false},
		{"one person: author without the role", one, granted("mia", access.Grant{Role: access.MerchantAdmin, Store: "s1"}), policy.NoPerson, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bar, marked := policy.MayApprove(tt.facts, tt.by)
			if bar != tt.bar || marked != tt.marked {
				t.Errorf("got %q marked %v, want %q marked %v", bar, marked, tt.bar, tt.marked)
			}
		})
	}
}

func TestRequire(t *testing.T) {
	tests := []struct {
		name string
		one  bool
		rule string
	}{
		{"two people", false, "policy.one_other_super_admin"},
		{"one person", true, "policy.one_person"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := policy.Set{}.Require(policy.Facts{OnePerson: tt.one})
			if want := (policy.Requirement{Approvals: 1, Rule: tt.rule}); !cmp.Equal(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// people are few, so that random facts meet random people often.
func anyID() *rapid.Generator[access.PersonID] {
	return rapid.SampledFrom([]access.PersonID{"", "a", "b", "c", "d"})
}

func anyPerson() *rapid.Generator[access.Person] {
	return rapid.Custom(func(t *rapid.T) access.Person {
		return access.Person{
			ID: anyID().Draw(t, "id"), Disabled: rapid.Bool().Draw(t, "disabled"),
			Grants: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) access.Grant {
				return access.Grant{Role: rapid.SampledFrom(append(access.Roles(), "root", "")).Draw(t, "role"),
					Store: rapid.SampledFrom([]access.StoreID{"", "s1", "s2"}).Draw(t, "store")}
			}), 0, 3).Draw(t, "grants"),
		}
	})
}

// Invariant 6, over random facts and people.
func TestNobodyApprovesTheirOwnWork(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := policy.Facts{
			Store: "s1", Author: anyID().Draw(t, "author"), Editors: rapid.SliceOfN(anyID(), 0, 3).Draw(t, "editors"),
			Resolver: anyID().Draw(t, "resolver"), Given: rapid.SliceOfN(anyID(), 0, 2).Draw(t, "given"),
			OnePerson: rapid.Bool().Draw(t, "one person"),
		}
		by := anyPerson().Draw(t, "by")
		bar, marked := policy.MayApprove(f, by)

		super := slices.ContainsFunc(by.Grants, func(g access.Grant) bool { return g.Role == access.SuperAdmin })
		entitled := by.ID != "" && !by.Disabled && super
		involved := by.ID == f.Author || by.ID == f.Resolver || slices.Contains(f.Editors, by.ID)
		if bar == policy.None && !entitled {
			t.Fatalf("%+v may approve, want only super admins who are not disabled", by)
		}
		if bar == policy.None && !f.OnePerson && (involved || f.Author == "") {
			t.Fatalf("%s may approve %+v, want nobody who drafted, edited or resolved it", by.ID, f)
		}
		if bar == policy.None && marked != (involved || f.Author == "") {
			t.Fatalf("%s approves %+v marked %v, want it marked exactly for own work", by.ID, f, marked)
		}
		if bar == policy.None && slices.Contains(f.Given, by.ID) {
			t.Fatalf("%s may approve twice", by.ID)
		}
		if bar != policy.None && marked {
			t.Fatal("a refusal is marked, want only approvals marked")
		}
		strangers := entitled && !involved && f.Author != "" && !slices.Contains(f.Given, by.ID)
		if strangers && bar != policy.None {
			t.Fatalf("%s is refused as %q, want them to be able to approve", by.ID, bar)
		}
	})
}
