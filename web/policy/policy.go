// Package policy says who must approve a payout, and why. It does no I/O and knows nothing of payouts but the facts it
// is given. It is not promised to stay compatible.
package policy

import (
	"slices"

	"github.com/paywicket/paywicket/providers/money"
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

	Provider string
	Method   string
	Country  string
	Amount   money.Amount
	New      bool // the store has never paid the recipient's account
}

// Requirement is what it takes to send.
type Requirement struct {
	Approvals int
	Rule      string  // message key of what is always asked for
	Groups    []Group // of some people so many, besides
	Why       []Rule  // that ask for more than is always asked for
	Version   int     // of the rules
}

// Group asks for so many of some people.
type Group struct {
	Approvals int
	Among     []access.PersonID
}

// Missing is how many approvals are still needed, if those who give them are chosen well.
func (r Requirement) Missing(given []access.PersonID) int {
	most := r.Approvals - len(given)
	for _, g := range r.Groups {
		most = max(most, g.missing(given))
	}
	return max(most, 0)
}

func (g Group) missing(given []access.PersonID) int {
	n := g.Approvals
	for _, id := range given {
		if slices.Contains(g.Among, id) {
			n--
		}
	}
	return max(n, 0)
}

// Helps reports whether an approval by somebody counts: as one of a group that is not complete yet, or as one that no group
// has to give.
func (r Requirement) Helps(by access.PersonID, given []access.PersonID) bool {
	free := r.Approvals - len(given)
	for _, g := range r.Groups {
		missing := g.missing(given)
		if missing > 0 && slices.Contains(g.Among, by) {
			return true
		}
		free -= missing
	}
	return free > 0
}

// Require says which approvals a payout needs. The order of the rules means nothing.
func (s Set) Require(f Facts) Requirement {
	need := Requirement{Approvals: 1, Rule: "policy.one_other_super_admin", Version: s.Version}
	if f.OnePerson {
		need.Rule = "policy.one_person"
	}
	for _, r := range s.Rules {
		if r.Limits() || !r.When.applies(f) {
			continue
		}
		need.Approvals = max(need.Approvals, r.Approvals)
		if len(r.Among) > 0 {
			need.Groups = append(need.Groups, Group{r.Approvals, r.Among})
		}
		if r.Approvals > 1 || len(r.Among) > 0 {
			need.Why = append(need.Why, r)
		}
	}
	return need
}

// Bar is the reason why somebody may not approve.
type Bar string

// The bars, the strongest first. None means that the person may approve.
const (
	None     Bar = ""
	NoPerson Bar = "not_allowed" // nobody, disabled, or without the right in this store
	OwnWork  Bar = "own_work"    // drafted, edited or resolved it
	Already  Bar = "twice"       // has approved it already
	NotAmong Bar = "not_among"   // the rules want the missing approvals from others
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
