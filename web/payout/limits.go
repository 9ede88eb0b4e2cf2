package payout

import (
	"context"
	"time"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/policy"
)

// ruled is the rules that hold and what they look at, both as they are in the transaction of a decision.
func (p *Payout) ruled(w World, onePerson bool) (policy.Set, policy.Facts, error) {
	f := p.Facts(onePerson)
	set, err := w.Policy()
	if err != nil {
		return set, f, err
	}
	known, err := w.Known(p.Store, p.Content.RecipientKey())
	f.New = !known
	return set, f, err
}

// withinLimits refuses what would exceed a limit. What was approved before is counted in the same transaction, so that of many
// approvals at once no one slips through. by is whose approval is counted; "" for nobody's.
func (p *Payout) withinLimits(w World, set policy.Set, f policy.Facts, by access.PersonID, now time.Time) error {
	for _, limit := range set.Limits(f) {
		if limit.Per == policy.PerApprover && by == "" {
			continue // it was counted when they approved
		}
		spent, err := p.spent(w, limit.Per, by, now)
		if err != nil {
			return err
		}
		sum, err := spent.Add(p.Content.Amount)
		if err != nil || sum.Minor > limit.Limit.Minor {
			return refuse(CodeLimit, "Per", string(limit.Per), "Limit", limit.Limit, "Spent", spent)
		}
	}
	return nil
}

func (p *Payout) spent(w World, per policy.Per, by access.PersonID, now time.Time) (money.Amount, error) {
	a := money.Amount{Currency: p.Content.Amount.Currency}
	what := Spending{Currency: a.Currency, Live: p.Content.Live, Except: p.ID}
	switch per {
	case policy.PerStoreDay:
		zone, err := w.Zone(p.Store)
		if err != nil {
			return a, err
		}
		what.Store, what.Since = p.Store, midnight(now.In(zone))
	case policy.PerApprover:
		what.Approver, what.Since = by, midnight(now.UTC())
	default:
		return a, nil
	}
	var err error
	a.Minor, err = w.Spent(what)
	return a, err
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// Ruling is what the rules say of a payout as it stands.
type Ruling struct {
	Need   policy.Requirement
	Limits []Limited
	Bar    policy.Bar // why the person who asks may not approve
	Marked bool       // only one-person mode makes it possible
	Over   *Limited   // the limit that it would exceed
}

// Open reports whether the person who asked may approve now.
func (r Ruling) Open() bool { return r.Bar == policy.None && r.Over == nil }

// Limited is a limit and what was spent of it.
type Limited struct {
	Rule  policy.Rule
	Spent money.Amount
}

// Ruling says what the rules ask for and whether a person may approve.
func (s *Service) Ruling(ctx context.Context, p *Payout, by access.Person) (Ruling, error) {
	var v Ruling
	err := s.repo.Look(ctx, func(w World) error {
		var err error
		v, err = p.ruling(w, by, s.opts.Now())
		return err
	})
	return v, err
}

func (p *Payout) ruling(w World, by access.Person, now time.Time) (Ruling, error) {
	var v Ruling
	onePerson, err := w.OnePerson()
	if err != nil {
		return v, err
	}
	set, f, err := p.ruled(w, onePerson)
	if err != nil {
		return v, err
	}
	v.Need = set.Require(f)
	if v.Bar, v.Marked = policy.MayApprove(f, by); v.Bar == policy.None && !v.Need.Helps(by.ID, f.Given) {
		v.Bar = policy.NotAmong
	}
	for _, limit := range set.Limits(f) {
		spent, err := p.spent(w, limit.Per, by.ID, now)
		if err != nil {
			return v, err
		}
		one := Limited{limit, spent}
		v.Limits = append(v.Limits, one)
		if sum, err := spent.Add(p.Content.Amount); err != nil || sum.Minor > limit.Limit.Minor {
			v.Over = &one
		}
	}
	return v, nil
}
