// Package policy says who must approve a payout, and why. It does no I/O and knows nothing of payouts but the facts it
// is given. It is not promised to stay compatible.
package policy

import (
	"slices"

	"github.com/paywicket/paywicket/web/access"
)

// Facts is what the rules look at.
type Facts struct {
	Store     access.StoreID
	Author    access.PersonID
	Editors   []access.PersonID
	Resolver  access.PersonID // who confirmed that an earlier attempt was not executed, "" if nobody had to
	Given     []access.PersonID
	OnePerson bool // the installation is set to one-person mode
}

// Requirement is what it takes to send.
type Requirement struct {
	Approvals int
	Rule      string // message key of the rule in words
}

// Require says how many approvals a payout needs.
func Require(f Facts) Requirement {
	if f.OnePerson {
		return Requirement{Approvals: 1, Rule: "policy.one_person"}
	}
	return Requirement{Approvals: 1, Rule: "policy.one_other_super_admin"}
}

// Bar is the reason why somebody may not approve.
type Bar string

// The bars, the strongest first. None means that the person may approve.
const (
	None     Bar = ""
	NoPerson Bar = "not_allowed" // nobody, disabled, or without the right in this store
	OwnWork  Bar = "own_work"    // drafted, edited or resolved it
	Already  Bar = "twice"       // has approved it already
)

// MayApprove says what bars a person from approving. Marked reports that the approval is only possible because of
// one-person mode and must be marked so for ever.
func MayApprove(f Facts, by access.Person) (Bar, bool) {
	if by.ID == "" || !access.Can(by, access.ApprovePayouts, f.Store) {
		return NoPerson, false
	}
	if slices.Contains(f.Given, by.ID) {
		return Already, false
	}
	own := f.Author == "" || by.ID == f.Author || by.ID == f.Resolver || slices.Contains(f.Editors, by.ID)
	if own && !f.OnePerson {
		return OwnWork, false
	}
	return None, own
}
