package policy_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/paywicket/paywicket/providers/money"
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

// Loosening, case by case: what a rule is replaced by asks for at least as much, or it loosens.
func TestLoosensEach(t *testing.T) {
	when := func(c policy.Condition) policy.Rule { return policy.Rule{Approvals: 2, When: c} }
	limit := func(minor int64, currency string) policy.Rule {
		return policy.Rule{Per: policy.PerPayout, Limit: money.Amount{Minor: minor, Currency: currency}}
	}
	among := func(n int, ids ...access.PersonID) policy.Rule { return policy.Rule{Approvals: n, Among: ids} }
	tests := []struct {
		name       string
		old, fresh policy.Rule
		want       bool
	}{
		{"the same people", among(1, "a", "b"), among(1, "a", "b"), false},
		{"fewer to choose from", among(1, "a", "b"), among(1, "a"), false},
		{"more to choose from", among(1, "a"), among(1, "a", "b"), true},
		{"anybody", among(1, "a"), among(2), true},
		{"some of anybody", among(2), among(2, "a", "b"), false},
		{"fewer approvals", among(3), among(2), true},
		{"more approvals", among(2), among(3), false},
		{"the same limit", limit(10, "XOF"), limit(10, "XOF"), false},
		{"a lower limit", limit(10, "XOF"), limit(9, "XOF"), false},
		{"a higher limit", limit(10, "XOF"), limit(11, "XOF"), true},
		{"a limit in another currency", limit(10, "XOF"), limit(10, "EUR"), true},
		{"a limit over something else", limit(10, "XOF"), policy.Rule{Per: policy.PerStoreDay, Limit: xof(10)}, true},
		{"people rather than a limit", limit(10, "XOF"), among(2), true},
		{"everywhere", when(policy.Condition{Store: "s1", Provider: "p", Method: "m", Country: "BJ", Currency: "XOF", From: 1, New: true}), among(2), false},
		{"one store only", among(2), when(policy.Condition{Store: "s1"}), true},
		{"another store", when(policy.Condition{Store: "s1"}), when(policy.Condition{Store: "s2"}), true},
		{"one provider only", among(2), when(policy.Condition{Provider: "p"}), true},
		{"another provider", when(policy.Condition{Provider: "p"}), when(policy.Condition{Provider: "q"}), true},
		{"one method only", among(2), when(policy.Condition{Method: "m"}), true},
		{"another method", when(policy.Condition{Method: "m"}), when(policy.Condition{Method: "n"}), true},
		{"one country only", among(2), when(policy.Condition{Country: "BJ"}), true},
		{"another country", when(policy.Condition{Country: "BJ"}), when(policy.Condition{Country: "SN"}), true},
		{"one currency only", among(2), when(policy.Condition{Currency: "XOF"}), true},
		{"another currency", when(policy.Condition{Currency: "XOF"}), when(policy.Condition{Currency: "EUR"}), true},
		{"the same currency", when(policy.Condition{Currency: "XOF", From: 5}), when(policy.Condition{Currency: "XOF", From: 5}), false},
		{"from a higher amount", when(policy.Condition{Currency: "XOF", From: 5}), when(policy.Condition{Currency: "XOF", From: 6}), true},
		{"from a lower amount", when(policy.Condition{Currency: "XOF", From: 5}), when(policy.Condition{Currency: "XOF", From: 4}), false},
		{"new recipients only", among(2), when(policy.Condition{New: true}), true},
		{"all recipients", when(policy.Condition{New: true}), among(2), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := policy.Loosens(policy.Set{Rules: []policy.Rule{tt.old}}, policy.Set{Rules: []policy.Rule{tt.fresh}}); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestMissing(t *testing.T) {
	ids := func(all ...access.PersonID) []access.PersonID { return all }
	two := policy.Requirement{Approvals: 2}
	one := policy.Requirement{Approvals: 1, Groups: []policy.Group{{Approvals: 1, Among: ids("a", "b")}}}
	both := policy.Requirement{Approvals: 2, Groups: []policy.Group{{Approvals: 2, Among: ids("a", "b")}, {Approvals: 1, Among: ids("c")}}}
	tests := []struct {
		name  string
		need  policy.Requirement
		given []access.PersonID
		want  int
	}{
		{"none of two", two, nil, 2},
		{"one of two", two, ids("x"), 1},
		{"two of two", two, ids("x", "y"), 0},
		{"three of two", two, ids("x", "y", "z"), 0},
		{"a stranger of a group", one, ids("x"), 1},
		{"one of a group", one, ids("b"), 0},
		{"both of a group", one, ids("a", "b"), 0},
		{"the larger group counts", both, ids("c", "x"), 2},
		{"half of the larger group", both, ids("c", "a"), 1},
		{"the smaller group", both, ids("a", "b"), 1},
		{"all", both, ids("a", "b", "c"), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.need.Missing(tt.given); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

// A rule applies where all of its condition fits; one part that differs and it asks for nothing.
func TestConditionApplies(t *testing.T) {
	c := policy.Condition{Store: "s1", Provider: "p", Method: "m", Country: "BJ", Currency: "XOF", From: 100, New: true}
	set := policy.Set{Rules: []policy.Rule{{Approvals: 2, When: c}}}
	tests := []struct {
		name   string
		differ func(*policy.Facts)
		want   int
	}{
		{"all fits", func(*policy.Facts) {}, 2},
		{"a higher amount", func(f *policy.Facts) { f.Amount.Minor++ }, 2},
		{"a lower amount", func(f *policy.Facts) { f.Amount.Minor-- }, 1},
		{"another currency", func(f *policy.Facts) { f.Amount.Currency = "EUR" }, 1},
		{"another store", func(f *policy.Facts) { f.Store = "s2" }, 1},
		{"another provider", func(f *policy.Facts) { f.Provider = "q" }, 1},
		{"another method", func(f *policy.Facts) { f.Method = "n" }, 1},
		{"another country", func(f *policy.Facts) { f.Country = "SN" }, 1},
		{"paid before", func(f *policy.Facts) { f.New = false }, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := policy.Facts{Store: "s1", Provider: "p", Method: "m", Country: "BJ", Amount: xof(100), New: true}
			tt.differ(&f)
			got := set.Require(f)
			if got.Approvals != tt.want || len(got.Why) != tt.want-1 {
				t.Errorf("got %d approvals because of %v, want %d", got.Approvals, got.Why, tt.want)
			}
		})
	}
}

// Whoever is of no group helps only as long as approvals are left that no group has to give.
func TestHelpsEach(t *testing.T) {
	need := policy.Requirement{Approvals: 2, Groups: []policy.Group{{Approvals: 1, Among: []access.PersonID{"a"}}}}
	tests := []struct {
		by    access.PersonID
		given []access.PersonID
		want  bool
	}{
		{"x", nil, true},
		{"a", nil, true},
		{"y", []access.PersonID{"x"}, false},
		{"a", []access.PersonID{"x"}, true},
		{"x", []access.PersonID{"a"}, true},
		{"y", []access.PersonID{"a", "x"}, false},
	}
	for _, tt := range tests {
		if got := need.Helps(tt.by, tt.given); got != tt.want {
			t.Errorf("%s after %v: got %v, want %v", tt.by, tt.given, got, tt.want)
		}
	}
}
