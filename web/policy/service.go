package policy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
)

var (
	// ErrNotFound is returned for a proposal that is not there, or is over.
	ErrNotFound = errors.New("proposal not found")
	// ErrChanged is returned when other rules came to hold since a proposal was drafted.
	ErrChanged = errors.New("the rules have changed since")
	// ErrOwn is returned when somebody confirms their own proposal.
	ErrOwn = errors.New("own proposal")
	// ErrLockedOut is returned for rules under which nobody could approve some payouts.
	ErrLockedOut = errors.New("nobody could approve")
)

// Proposal is rules that may come to hold, that hold, or that held.
type Proposal struct {
	ID          string
	Rules       []Rule
	Base        int  // version that held when it was drafted
	Loosens     bool // against those
	Version     int  // once it came to hold
	By          access.PersonID
	At          time.Time
	SavedAt     time.Time // when its author confirmed it; zero: only looked at so far
	ConfirmedBy access.PersonID
	HeldAt      time.Time
	DroppedAt   time.Time
}

// Waiting reports whether a second super admin has to confirm it.
func (p Proposal) Waiting() bool {
	return !p.SavedAt.IsZero() && p.HeldAt.IsZero() && p.DroppedAt.IsZero()
}

// Open reports whether its author has yet to confirm it.
func (p Proposal) Open() bool { return p.SavedAt.IsZero() && p.DroppedAt.IsZero() }

// Digest is what a confirmation of the proposal is bound to.
func (p Proposal) Digest() (string, error) {
	b, err := json.Marshal(struct {
		ID    string `json:"id"`
		Base  int    `json:"base"`
		Rules []Rule `json:"rules"`
	}{p.ID, p.Base, p.Rules})
	if err != nil {
		return "", fmt.Errorf("encode rules: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// Situation is what decides whether a proposal may come to hold, read in the same transaction.
type Situation struct {
	Proposal  Proposal
	Current   Set
	Supers    []access.PersonID // who may approve, if they had no hand in the payout
	OnePerson bool
}

// Repository keeps rules. db.Policies is the only implementation.
type Repository interface {
	Current(ctx context.Context) (Set, error)
	Supers(ctx context.Context) ([]access.PersonID, error)
	Proposal(ctx context.Context, id string) (Proposal, error)
	Waiting(ctx context.Context) ([]Proposal, error)        // for a second person, oldest first
	Held(ctx context.Context, most int) ([]Proposal, error) // that hold or held, newest first
	AddProposal(ctx context.Context, p Proposal) error
	// ChangeProposal lets change alter a proposal in one transaction that also uses up proof. A proposal whose HeldAt it sets
	// comes to hold under the next version.
	ChangeProposal(ctx context.Context, id string, proof access.StepUp, change func(Situation) (Proposal, []audit.Entry, error)) error
	// Past lists payouts that were asked for since, oldest first, at most so many of the latest.
	Past(ctx context.Context, since time.Time, most int) ([]Case, error)
}

// Service is the rules and how they change: tightening takes one super admin, loosening two.
type Service struct {
	Repo  Repository
	Now   func() time.Time
	NewID func() string
}

// PurposePolicy is the purpose of a confirmation of rules.
const PurposePolicy = "policy"

// Draft keeps rules to be looked at: nothing holds yet. They must have passed Check.
func (s *Service) Draft(ctx context.Context, by access.Person, rules []Rule) (Proposal, error) {
	if !access.Can(by, access.ManageSettings, "") {
		return Proposal{}, ErrNotFound
	}
	current, err := s.Repo.Current(ctx)
	if err != nil {
		return Proposal{}, err
	}
	p := Proposal{ID: s.NewID(), Rules: rules, Base: current.Version, Loosens: Loosens(current, Set{Rules: rules}), By: by.ID, At: s.Now()}
	return p, s.Repo.AddProposal(ctx, p)
}

// Save confirms one's own draft. It holds at once if it only tightens, or if nobody else could confirm it.
func (s *Service) Save(ctx context.Context, by access.Person, id string, proof access.StepUp) (Proposal, error) {
	var saved Proposal
	err := s.Repo.ChangeProposal(ctx, id, proof, func(now Situation) (Proposal, []audit.Entry, error) {
		p := now.Proposal
		if !p.Open() || p.By != by.ID {
			return p, nil, ErrNotFound
		}
		if err := now.refuses(by, proof); err != nil {
			return p, nil, err
		}
		p.SavedAt = s.Now()
		action := audit.PolicyProposed
		if !now.needsSecond() {
			p.HeldAt, action = p.SavedAt, audit.PolicyChanged
		}
		saved = p
		return p, []audit.Entry{s.entry(by, action, p)}, nil
	})
	return saved, err
}

// Confirm is the second super admin's yes to rules that loosen.
func (s *Service) Confirm(ctx context.Context, by access.Person, id string, proof access.StepUp) error {
	return s.Repo.ChangeProposal(ctx, id, proof, func(now Situation) (Proposal, []audit.Entry, error) {
		p := now.Proposal
		switch {
		case !p.Waiting():
			return p, nil, ErrNotFound
		case p.By == by.ID:
			return p, nil, ErrOwn
		}
		if err := now.refuses(by, proof); err != nil {
			return p, nil, err
		}
		p.ConfirmedBy, p.HeldAt = by.ID, s.Now()
		return p, []audit.Entry{s.entry(by, audit.PolicyChanged, p)}, nil
	})
}

// Drop ends a proposal. Whoever may propose may drop: things stay as they are.
func (s *Service) Drop(ctx context.Context, by access.Person, id string) error {
	if !access.Can(by, access.ManageSettings, "") {
		return ErrNotFound
	}
	return s.Repo.ChangeProposal(ctx, id, access.StepUp{}, func(now Situation) (Proposal, []audit.Entry, error) {
		p := now.Proposal
		if !p.Open() && !p.Waiting() {
			return p, nil, ErrNotFound
		}
		p.DroppedAt = s.Now()
		return p, []audit.Entry{s.entry(by, audit.PolicyDropped, p)}, nil
	})
}

// refuses says why a proposal must not come to hold now.
func (n Situation) refuses(by access.Person, proof access.StepUp) error {
	digest, err := n.Proposal.Digest()
	switch {
	case err != nil:
		return err
	case !slices.Contains(n.Supers, by.ID):
		return ErrNotFound
	case proof.Person != by.ID || proof.Digest != digest || proof.Subject != n.Proposal.ID:
		return access.ErrStepUp
	case n.Current.Version != n.Proposal.Base:
		return ErrChanged
	case len(LockedOut(n.Proposal.Rules, n.Supers)) > 0:
		return ErrLockedOut
	}
	return nil
}

// needsSecond reports whether a second super admin has to confirm: as soon as there is one, and two-person mode is on.
func (n Situation) needsSecond() bool {
	return Loosens(n.Current, Set{Rules: n.Proposal.Rules}) && len(n.Supers) > 1 && !n.OnePerson
}

func (s *Service) entry(by access.Person, action audit.Action, p Proposal) audit.Entry {
	details, err := json.Marshal(map[string]any{"rules": p.Rules, "base": p.Base, "loosens": p.Loosens, "drafted_by": p.By})
	if err != nil { // rules are texts and numbers
		details = []byte("{}")
	}
	return audit.Entry{At: s.Now(), Actor: string(by.ID), ActorName: by.Name, Action: action, Subject: p.ID, Details: string(details)}
}

// LockedOut lists the rules that ask for more people than there are.
func LockedOut(rules []Rule, supers []access.PersonID) []Rule {
	return slices.DeleteFunc(slices.Clone(rules), func(r Rule) bool { return r.Limits() || len(r.Eligible(supers)) >= r.Approvals })
}

// Tight lists the rules that need everybody who could approve: a payout that one of them drafts can be approved by nobody.
func Tight(rules []Rule, supers []access.PersonID) []Rule {
	return slices.DeleteFunc(slices.Clone(rules), func(r Rule) bool { return r.Limits() || len(r.Eligible(supers)) != r.Approvals })
}

// Eligible are those of the super admins whose approvals count towards the rule.
func (r Rule) Eligible(supers []access.PersonID) []access.PersonID {
	if len(r.Among) == 0 {
		return supers
	}
	return slices.DeleteFunc(slices.Clone(supers), func(id access.PersonID) bool { return !slices.Contains(r.Among, id) })
}

// Case is a payout of the past, as the rules look at it.
type Case struct {
	ID    string
	Facts Facts
	At    time.Time // when it was asked for
	Day   string    // of its store
}

// Replay is what rules would have meant for payouts of the past.
type Replay struct {
	Looked  int
	More    int // would have needed more people
	Fewer   int
	Refused int // would have exceeded a limit that it did not exceed
	Let     int // would have been let through by a limit that it exceeded
	Cases   []Case
}

// How far Compare looks back, and how many examples it names.
const (
	ReplayDays  = 90
	replayMost  = 5000
	replayNamed = 5
)

// Compare holds rules against those that hold, over the payouts of the last 90 days. Limits of an approver's day are left
// out: who would have approved is not known.
func (s *Service) Compare(ctx context.Context, rules []Rule) (Replay, error) {
	current, err := s.Repo.Current(ctx)
	if err != nil {
		return Replay{}, err
	}
	cases, err := s.Repo.Past(ctx, s.Now().AddDate(0, 0, -ReplayDays), replayMost)
	if err != nil {
		return Replay{}, err
	}
	return replay(current, Set{Rules: rules}, cases), nil
}

func replay(old, fresh Set, cases []Case) Replay {
	r := Replay{Looked: len(cases)}
	was, would := days{}, days{}
	for _, c := range cases {
		before, after := old.Require(c.Facts).size(), fresh.Require(c.Facts).size()
		overBefore, overAfter := was.exceeds(old, c), would.exceeds(fresh, c)
		switch {
		case overAfter && !overBefore:
			r.Refused++
		case overBefore && !overAfter:
			r.Let++
		case after > before:
			r.More++
		case after < before:
			r.Fewer++
		default:
			continue
		}
		if len(r.Cases) < replayNamed {
			r.Cases = append(r.Cases, c)
		}
	}
	return r
}

// size orders requirements: more people first, then more groups.
func (r Requirement) size() int { return r.Approvals*100 + len(r.Groups) }

// days adds up what left a store on a day.
type days map[string]money.Amount

// exceeds reports whether a payout exceeds a limit, and counts it if it does not.
func (d days) exceeds(s Set, c Case) bool {
	key := string(c.Facts.Store) + " " + c.Facts.Amount.Currency + " " + c.Day
	sum, err := money.Amount{Minor: d[key].Minor, Currency: c.Facts.Amount.Currency}.Add(c.Facts.Amount)
	if err != nil {
		return true
	}
	for _, limit := range s.Limits(c.Facts) {
		switch limit.Per {
		case PerPayout:
			if c.Facts.Amount.Minor > limit.Limit.Minor {
				return true
			}
		case PerStoreDay:
			if sum.Minor > limit.Limit.Minor {
				return true
			}
		}
	}
	d[key] = sum
	return false
}
