package policy

import (
	"slices"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
)

// Bounds of rules.
const (
	MaxRules     = 50
	MaxApprovals = 5
)

// Problem is what is wrong with a rule. The sentence is in the catalogs under "policies.error.<code>".
type Problem struct {
	Field string
	Code  string
}

// Known is what rules may speak of.
type Known struct {
	Stores    []access.StoreID
	Providers []string
	Supers    []access.PersonID
}

// Check says what is wrong with a rule that is added to others.
func (r Rule) Check(others []Rule, k Known) []Problem {
	var wrong []Problem
	bad := func(yes bool, field, code string) {
		if yes {
			wrong = append(wrong, Problem{field, code})
		}
	}
	bad(r.When.Store != "" && !slices.Contains(k.Stores, r.When.Store), "store", "store")
	bad(r.When.Provider != "" && !slices.Contains(k.Providers, r.When.Provider), "provider", "provider")
	bad(r.When.Currency != "" && !isCurrency(r.When.Currency), "currency", "currency")
	bad(r.When.Country != "" && !isCode(r.When.Country, 2), "country", "country")
	bad(len(r.When.Method) > 100, "method", "method")
	bad(r.When.From < 0 || r.When.From > 0 && r.When.Currency == "", "from", "from")
	if r.Limits() {
		bad(!slices.Contains(Pers(), r.Per), "per", "per")
		bad(r.Limit.Minor <= 0 || !isCurrency(r.Limit.Currency), "limit", "limit")
		bad(r.When.Currency != "" && r.When.Currency != r.Limit.Currency, "currency", "two_currencies")
		bad(r.Approvals != 0 || len(r.Among) > 0, "approvals", "mixed")
	} else {
		wrong = append(wrong, r.checkApprovals(k)...)
	}
	bad(slices.ContainsFunc(others, r.Equal), "", "twice")
	bad(len(others) >= MaxRules, "", "many")
	return wrong
}

func (r Rule) checkApprovals(k Known) []Problem {
	unknown := slices.ContainsFunc(r.Among, func(id access.PersonID) bool { return !slices.Contains(k.Supers, id) })
	switch {
	case unknown:
		return []Problem{{"among", "among"}}
	case r.Approvals < 1 || r.Approvals > MaxApprovals:
		return []Problem{{"approvals", "approvals"}}
	case r.Approvals == 1 && len(r.Among) == 0:
		return []Problem{{"approvals", "nothing"}}
	case len(r.Eligible(k.Supers)) < r.Approvals:
		return []Problem{{"approvals", "too_many"}}
	}
	return nil
}

func isCurrency(code string) bool {
	_, known := money.Digits(code)
	return known
}

func isCode(text string, n int) bool {
	return len(text) == n && !slices.ContainsFunc([]byte(text), func(b byte) bool { return b < 'A' || b > 'Z' })
}
