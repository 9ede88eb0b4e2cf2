package policy_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/policy"
)

func oneOf[T any](values ...T) *rapid.Generator[T] { return rapid.SampledFrom(values) }

func anyCondition() *rapid.Generator[policy.Condition] {
	return rapid.Custom(func(t *rapid.T) policy.Condition {
		c := policy.Condition{Store: oneOf[access.StoreID]("", "", "s1", "s2").Draw(t, "store"), Provider: oneOf("", "", "acme").Draw(t, "provider"),
			Method: oneOf("", "", "m1").Draw(t, "method"), Country: oneOf("", "", "BJ").Draw(t, "country"),
			Currency: oneOf("", "XOF", "EUR").Draw(t, "currency"), New: rapid.Bool().Draw(t, "new")}
		if c.Currency != "" {
			c.From = oneOf[int64](0, 50, 100).Draw(t, "from")
		}
		return c
	})
}

func anyRule() *rapid.Generator[policy.Rule] {
	return rapid.Custom(func(t *rapid.T) policy.Rule {
		r := policy.Rule{When: anyCondition().Draw(t, "when")}
		if rapid.Bool().Draw(t, "limit") {
			r.Per = oneOf(policy.Pers()...).Draw(t, "per")
			r.Limit = money.Amount{Minor: oneOf[int64](60, 100, 150).Draw(t, "at most"), Currency: oneOf("XOF", "EUR").Draw(t, "of")}
			return r
		}
		r.Approvals = rapid.IntRange(1, 3).Draw(t, "approvals")
		r.Among = oneOf(nil, []access.PersonID{"a"}, []access.PersonID{"a", "b"}, []access.PersonID{"a", "b", "c"}).Draw(t, "among")
		return r
	})
}

func anyFacts() *rapid.Generator[policy.Facts] {
	return rapid.Custom(func(t *rapid.T) policy.Facts {
		return policy.Facts{Store: oneOf[access.StoreID]("s1", "s2").Draw(t, "store"), Author: "mia", Provider: oneOf("acme", "other").Draw(t, "provider"),
			Method: oneOf("m1", "m2").Draw(t, "method"), Country: oneOf("BJ", "SN").Draw(t, "country"), New: rapid.Bool().Draw(t, "new"),
			Amount: money.Amount{Minor: oneOf[int64](10, 50, 75, 100, 200).Draw(t, "minor"), Currency: oneOf("XOF", "EUR", "USD").Draw(t, "currency")}}
	})
}

// subsets of those who may approve.
func given() [][]access.PersonID {
	people := []access.PersonID{"a", "b", "c", "d"}
	var all [][]access.PersonID
	for bits := range 1 << len(people) {
		var some []access.PersonID
		for i, id := range people {
			if bits&(1<<i) != 0 {
				some = append(some, id)
			}
		}
		all = append(all, some)
	}
	return all
}

// The strictest rule that applies wins: in whatever order the rules stand, the same people suffice and the same limits hold.
func TestOrderMeansNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := rapid.SliceOfN(anyRule(), 0, 6).Draw(t, "rules")
		other := rapid.Permutation(rules).Draw(t, "order")
		f := anyFacts().Draw(t, "facts")
		a, b := policy.Set{Rules: rules}, policy.Set{Rules: other}
		for _, some := range given() {
			if x, y := a.Require(f).Missing(some), b.Require(f).Missing(some); x != y {
				t.Fatalf("%v: %d are missing in one order, %d in another", some, x, y)
			}
		}
		low := func(s policy.Set) map[policy.Per]int64 {
			all := map[policy.Per]int64{}
			for _, r := range s.Limits(f) {
				all[r.Per] = r.Limit.Minor
			}
			return all
		}
		if diff := cmp.Diff(low(a), low(b), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// No rule weakens what is always asked for, and one more rule never asks for less.
func TestRulesOnlyAdd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := rapid.SliceOfN(anyRule(), 0, 5).Draw(t, "rules")
		f := anyFacts().Draw(t, "facts")
		before := policy.Set{Rules: rules}.Require(f)
		after := policy.Set{Rules: append(slices.Clone(rules), anyRule().Draw(t, "more"))}.Require(f)
		if before.Approvals < 1 {
			t.Fatalf("got %d approvals, want at least one", before.Approvals)
		}
		for _, some := range given() {
			if after.Missing(some) < before.Missing(some) {
				t.Fatalf("%v: one more rule asks for less", some)
			}
		}
	})
}

// A change that is said to loosen nothing lets nothing through that was not let through before.
func TestLoosens(t *testing.T) {
	loosens, tightens := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		a := policy.Set{Rules: rapid.SliceOfN(anyRule(), 0, 3).Draw(t, "rules")}
		b := policy.Set{Rules: append(slices.Clone(a.Rules), rapid.SliceOfN(anyRule(), 0, 2).Draw(t, "more")...)}
		if len(b.Rules) > 0 && rapid.Bool().Draw(t, "replace") {
			b.Rules[0] = anyRule().Draw(t, "another")
		}
		if policy.Loosens(a, b) {
			loosens++
			return
		}
		tightens++
		f := anyFacts().Draw(t, "facts")
		for _, some := range given() {
			if a.Require(f).Missing(some) > 0 && b.Require(f).Missing(some) == 0 {
				t.Fatalf("%v suffice under the new rules and did not under the old ones", some)
			}
		}
		for _, old := range a.Limits(f) {
			if !slices.ContainsFunc(b.Limits(f), func(r policy.Rule) bool { return r.Per == old.Per && r.Limit.Minor <= old.Limit.Minor }) {
				t.Fatalf("the limit %+v is gone", old)
			}
		}
	})
	if loosens == 0 || tightens == 0 {
		t.Errorf("got %d that loosen and %d that do not, want some of each", loosens, tightens)
	}
}

// Whoever may still help can: from any start, people who help one after the other complete the set.
func TestHelps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		need := policy.Set{Rules: rapid.SliceOfN(anyRule(), 0, 4).Draw(t, "rules")}.Require(anyFacts().Draw(t, "facts"))
		var some []access.PersonID
		for _, id := range rapid.Permutation([]access.PersonID{"a", "b", "c", "d", "e", "f"}).Draw(t, "order") {
			if need.Missing(some) == 0 {
				return
			}
			if need.Helps(id, some) {
				some = append(some, id)
			}
		}
		possible := true
		for _, g := range need.Groups {
			possible = possible && len(g.Among) >= g.Approvals
		}
		if possible && need.Missing(some) > 0 {
			t.Fatalf("%v helped, and %d are missing still of %+v", some, need.Missing(some), need)
		}
	})
}

func TestLockedOut(t *testing.T) {
	two := []access.PersonID{"a", "b"}
	tests := []struct {
		name          string
		rule          policy.Rule
		locked, tight bool
	}{
		{"one of two", policy.Rule{Approvals: 1, Among: []access.PersonID{"a", "b"}}, false, false},
		{"two of two", policy.Rule{Approvals: 2}, false, true},
		{"three of two", policy.Rule{Approvals: 3}, true, false},
		{"one of somebody gone", policy.Rule{Approvals: 1, Among: []access.PersonID{"z"}}, true, false},
		{"one named", policy.Rule{Approvals: 1, Among: []access.PersonID{"a", "z"}}, false, true},
		{"limit", policy.Rule{Per: policy.PerPayout, Limit: money.Amount{Minor: 1, Currency: "XOF"}}, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rules := []policy.Rule{tt.rule}
			if got := len(policy.LockedOut(rules, two)) > 0; got != tt.locked {
				t.Errorf("locked out: got %v, want %v", got, tt.locked)
			}
			if got := len(policy.Tight(rules, two)) > 0; got != tt.tight {
				t.Errorf("tight: got %v, want %v", got, tt.tight)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	k := policy.Known{Stores: []access.StoreID{"s1"}, Providers: []string{"acme"}, Supers: []access.PersonID{"a", "b"}}
	xof := func(n int64) money.Amount { return money.Amount{Minor: n, Currency: "XOF"} }
	tests := []struct {
		name string
		rule policy.Rule
		want string
	}{
		{"two approve", policy.Rule{Approvals: 2}, ""},
		{"one named approves", policy.Rule{Approvals: 1, Among: []access.PersonID{"a"}}, ""},
		{"a limit", policy.Rule{Per: policy.PerStoreDay, Limit: xof(1)}, ""},
		{"everywhere at once", policy.Rule{Approvals: 2, When: policy.Condition{Store: "s1", Provider: "acme", Method: "m", Country: "BJ", Currency: "XOF", From: 1, New: true}}, ""},
		{"unknown store", policy.Rule{Approvals: 2, When: policy.Condition{Store: "s9"}}, "store"},
		{"unknown provider", policy.Rule{Approvals: 2, When: policy.Condition{Provider: "x"}}, "provider"},
		{"no country", policy.Rule{Approvals: 2, When: policy.Condition{Country: "Benin"}}, "country"},
		{"no currency", policy.Rule{Approvals: 2, When: policy.Condition{Currency: "XXX1"}}, "currency"},
		{"amount of nothing", policy.Rule{Approvals: 2, When: policy.Condition{From: 5}}, "from"},
		{"amount below zero", policy.Rule{Approvals: 2, When: policy.Condition{Currency: "XOF", From: -5}}, "from"},
		{"no approvals", policy.Rule{}, "approvals"},
		{"too many to count", policy.Rule{Approvals: 6}, "approvals"},
		{"nothing more than always", policy.Rule{Approvals: 1}, "nothing"},
		{"more than there are", policy.Rule{Approvals: 3}, "too_many"},
		{"a stranger", policy.Rule{Approvals: 1, Among: []access.PersonID{"z"}}, "among"},
		{"limit of nothing", policy.Rule{Per: policy.PerPayout}, "limit"},
		{"limit of zero", policy.Rule{Per: policy.PerPayout, Limit: xof(0)}, "limit"},
		{"limit below zero", policy.Rule{Per: policy.PerPayout, Limit: xof(-1)}, "limit"},
		{"limit over the year", policy.Rule{Per: "year", Limit: xof(1)}, "per"},
		{"limit in another currency", policy.Rule{Per: policy.PerPayout, Limit: xof(1), When: policy.Condition{Currency: "EUR"}}, "two_currencies"},
		{"both", policy.Rule{Per: policy.PerPayout, Limit: xof(1), Approvals: 2}, "mixed"},
		{"a limit and one approval", policy.Rule{Per: policy.PerPayout, Limit: xof(1), Approvals: 1}, "mixed"},
		{"a limit and people", policy.Rule{Per: policy.PerPayout, Limit: xof(1), Among: []access.PersonID{"a"}}, "mixed"},
		{"twice", policy.Rule{Approvals: 2, When: policy.Condition{New: true}}, "twice"},
	}
	others := []policy.Rule{{Approvals: 2, When: policy.Condition{New: true}}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if wrong := tt.rule.Check(others, k); len(wrong) > 0 {
				got = wrong[0].Code
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
