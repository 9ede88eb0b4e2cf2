package payout

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/store"
)

// Service is everything that may be done to payouts. Each method checks the person's right again, whatever the edge in
// front of it has checked.
type Service struct {
	repo Repository
	opts Options
}

// Options is what a Service needs from outside.
type Options struct {
	Now func() time.Time
	// NewID makes a new id out of random bits.
	NewID func() ID
	// Reference derives our reference for a decision about a payout: 20 characters A-Z2-7, always the same.
	Reference func(id string, decision int) string
	// RepeatsRefused reports whether a company refuses a reference it has seen.
	RepeatsRefused func(provider string) bool
	// ApprovalLife is how long a full set of approvals stands; 0: DefaultApprovalLife.
	ApprovalLife time.Duration
	// Changed is called after a commit that leaves work to do; nil: nothing is called. It must not block.
	Changed func()
}

// New makes a service on a repository.
func New(repo Repository, o Options) *Service {
	if o.ApprovalLife == 0 {
		o.ApprovalLife = DefaultApprovalLife
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	return &Service{repo, o}
}

// Find returns a payout the person may see, else ErrNotFound.
func (s *Service) Find(ctx context.Context, by access.Person, id ID) (*Payout, error) {
	return s.repo.Find(ctx, ScopeOf(by, access.ViewPayouts), id)
}

// Draft keeps a new payout as it was typed, whole or not. follows names the payout it corrects, "" for none.
func (s *Service) Draft(ctx context.Context, by access.Person, st store.ID, in Input, follows ID) (*Payout, error) {
	if !access.Can(by, access.DraftPayouts, st) {
		return nil, refuse(CodeNotAllowed)
	}
	now := s.opts.Now()
	p := &Payout{ID: s.opts.NewID(), Store: st, State: Draft, Version: 1, Input: in, Author: by.ID,
		Editors: []access.PersonID{by.ID}, Follows: follows, CreatedAt: now, UpdatedAt: now}
	p.note(now, actorOf(by), audit.PayoutDrafted, facts{"follows": string(follows)})
	return p, s.repo.Insert(ctx, p)
}

// Edit replaces what was typed. Editing a submitted or approved payout voids its approvals. version is the one that was
// on screen; 0 skips the check, which only a draft's autosave may do.
func (s *Service) Edit(ctx context.Context, by access.Person, id ID, version int, in Input) (*Payout, error) {
	return s.repo.Update(ctx, ScopeOf(by, access.DraftPayouts), id, func(p *Payout, _ World) error {
		if version != 0 || p.State != Draft {
			if err := p.expect(version); err != nil {
				return err
			}
		}
		now, was, editors := s.opts.Now(), p.State, len(p.Editors)
		if err := p.edit(by, in, now); err != nil {
			return err
		}
		if was != Draft || version != 0 || len(p.Editors) != editors {
			p.note(now, actorOf(by), audit.PayoutEdited, facts{"was": string(was)})
		}
		return nil
	})
}

// Submit checks a draft against its company's fields and asks for approval. What is wrong comes back as FieldErrors.
func (s *Service) Submit(ctx context.Context, by access.Person, id ID, form Form) (*Payout, error) {
	return s.repo.Update(ctx, ScopeOf(by, access.DraftPayouts), id, func(p *Payout, w World) error {
		form, err := form.current(p, w)
		if err != nil {
			return err
		}
		return p.submit(by, form, s.opts.Now())
	})
}

// Approve adds a super admin's yes to what is on screen; the full set sends. proof is used up in the same commit.
func (s *Service) Approve(ctx context.Context, by access.Person, id ID, proof access.StepUp) (*Payout, error) {
	p, err := s.repo.Update(ctx, ScopeOf(by, access.ViewPayouts), id, func(p *Payout, w World) error {
		return p.approve(by, proof, w, s.opts.ApprovalLife, s.opts.Now())
	})
	if err == nil {
		s.opts.Changed()
	}
	return p, err
}

// Intent is what a person says yes to who approves payouts as they stand: their digests, the totals per currency, the version of
// the rules, and how long the approval counts.
func (s *Service) Intent(ctx context.Context, all ...*Payout) (access.Intent, error) {
	i := access.Intent{Purpose: PurposeApprove, LapsesAt: s.opts.Now().Add(s.opts.ApprovalLife).UTC().Truncate(time.Millisecond)}
	for _, p := range all {
		i.Things = append(i.Things, access.Thing{ID: string(p.ID), Digest: p.Digest, Amount: p.Content.Amount})
	}
	err := s.repo.Look(ctx, func(w World) error {
		set, err := w.Policy()
		i.Policy = set.Version
		return err
	})
	if err != nil {
		return i, err
	}
	i.Totals, err = Totals(all)
	return i, err
}

// Totals adds payouts up, a currency each, in the order of their codes.
func Totals(all []*Payout) ([]money.Amount, error) {
	var sums []money.Amount
	for _, p := range all {
		a := p.Content.Amount
		at := slices.IndexFunc(sums, func(s money.Amount) bool { return s.Currency == a.Currency })
		if at < 0 {
			sums = append(sums, a)
			continue
		}
		sum, err := sums[at].Add(a)
		if err != nil {
			return nil, err
		}
		sums[at] = sum
	}
	slices.SortFunc(sums, func(a, b money.Amount) int { return strings.Compare(a.Currency, b.Currency) })
	return sums, nil
}

// Reject ends a submitted payout, with the reason its author reads.
func (s *Service) Reject(ctx context.Context, by access.Person, id ID, version int, reason string) (*Payout, error) {
	return s.repo.Update(ctx, ScopeOf(by, access.ApprovePayouts), id, func(p *Payout, _ World) error {
		if err := p.expect(version); err != nil {
			return err
		}
		return p.reject(by, reason, s.opts.Now())
	})
}

// Withdraw takes a payout back before it is sent.
func (s *Service) Withdraw(ctx context.Context, by access.Person, id ID) (*Payout, error) {
	return s.repo.Update(ctx, ScopeOf(by, access.DraftPayouts), id, func(p *Payout, _ World) error {
		return p.withdraw(by, s.opts.Now())
	})
}

// Discard throws a draft away. It stays in the history as discarded.
func (s *Service) Discard(ctx context.Context, by access.Person, id ID) (*Payout, error) {
	return s.repo.Update(ctx, ScopeOf(by, access.DraftPayouts), id, func(p *Payout, _ World) error {
		return p.discard(by, s.opts.Now())
	})
}

// Again asks for a new decision about a payout whose attempt is known not to have moved money, or which waits for approval
// with credentials that were replaced; its content stays.
func (s *Service) Again(ctx context.Context, by access.Person, id ID) (*Payout, error) {
	return s.repo.Update(ctx, ScopeOf(by, access.DraftPayouts), id, func(p *Payout, w World) error {
		return p.again(by, w, s.opts.Now())
	})
}

// Testify records what a person found out about an unknown outcome.
func (s *Service) Testify(ctx context.Context, by access.Person, id ID, version int, r Review) (*Payout, error) {
	return s.repo.Update(ctx, ScopeOf(by, access.ReviewPayouts), id, func(p *Payout, _ World) error {
		if err := p.expect(version); err != nil {
			return err
		}
		return p.testify(by, r, s.opts.Now())
	})
}

// Settle confirms the evidence of another person. typed is the amount, typed again.
func (s *Service) Settle(ctx context.Context, by access.Person, id ID, typed string, proof access.StepUp) (*Payout, error) {
	return s.repo.Update(ctx, ScopeOf(by, access.ApprovePayouts), id, func(p *Payout, w World) error {
		return p.settle(by, typed, proof, w, s.opts.Now())
	})
}

// MaySettle says what bars a person from confirming the evidence that is recorded: nil if nothing does.
func (s *Service) MaySettle(p *Payout, by access.Person, onePerson bool) error {
	if p.State != Unknown || !p.Review.Waiting() {
		return refuse(CodeState, "State", string(p.State))
	}
	_, err := p.admitSettle(by, onePerson)
	return err
}

// Claim takes an approved payout for one send, in one durable commit. Only the runner calls it, as holder of epoch.
// A check that fails sends the payout back to be approved again; the error is then an *Error.
func (s *Service) Claim(ctx context.Context, sc Scope, id ID, epoch int64) (*Payout, error) {
	return s.repo.Update(ctx, sc, id, func(p *Payout, w World) error {
		return p.claim(w, epoch, s.NextReference(p), s.opts.Now())
	})
}

// NextReference is the reference the claim of an approved payout will give it. It is the same as for an earlier decision
// if the company would refuse it as a repeat, which protects against a second payment; else a new one, so that the two
// can be told apart.
func (s *Service) NextReference(p *Payout) string {
	if len(p.Attempts) > 0 && s.opts.RepeatsRefused(p.Content.Provider) {
		return p.Attempts[0].Reference
	}
	return s.opts.Reference(string(p.ID), p.Decisions)
}

// SendBack returns an approved payout to be approved again because a check before the claim failed for good.
func (s *Service) SendBack(ctx context.Context, sc Scope, id ID, cause error, exchanges []Exchange) error {
	_, err := s.repo.Update(ctx, sc, id, func(p *Payout, _ World) error {
		if p.State != Approved {
			return refuse(CodeState, "State", string(p.State))
		}
		p.exchanges = append(p.exchanges, exchanges...)
		p.Reason = reasonOf(cause)
		return p.sendBack(&Error{Code: "prepare", Err: cause}, s.opts.Now())
	})
	if e, ok := errors.AsType[*Error](err); ok && e.Code == "prepare" {
		return nil
	}
	return err
}

// Postpone says when an approved payout is tried again because getting ready for it did not work.
func (s *Service) Postpone(ctx context.Context, sc Scope, id ID, until time.Time, exchanges []Exchange) error {
	_, err := s.repo.Update(ctx, sc, id, func(p *Payout, _ World) error {
		if p.State != Approved {
			return refuse(CodeState, "State", string(p.State))
		}
		p.exchanges = append(p.exchanges, exchanges...)
		p.DueAt = until
		return nil
	})
	return err
}

// Checkpoint stores the identifier of an attempt under way, before the request that moves money.
func (s *Service) Checkpoint(ctx context.Context, sc Scope, id ID, attempt int, remoteID string, kept map[string]string) error {
	_, err := s.repo.Update(ctx, sc, id, func(p *Payout, _ World) error {
		a := p.Current()
		if p.State != Sending || a == nil || a.No != attempt {
			return refuse(CodeState, "State", string(p.State))
		}
		a.RemoteID, a.Kept = remoteID, kept
		p.note(s.opts.Now(), system(), audit.PayoutPrepared, facts{"remote_id": remoteID, "attempt": attempt})
		return nil
	})
	return err
}

// Record takes in news about an attempt. Only the runner and the inbox call it.
func (s *Service) Record(ctx context.Context, sc Scope, id ID, e Evidence) (*Payout, Effect, error) {
	var effect Effect
	p, err := s.repo.Update(ctx, sc, id, func(p *Payout, _ World) error {
		var err error
		effect, err = p.apply(e, s.opts.Now())
		return err
	})
	if err == nil {
		s.opts.Changed()
	}
	return p, effect, err
}

// LookNow asks the runner to look an unfinished payout up at once.
func (s *Service) LookNow(ctx context.Context, by access.Person, id ID) (*Payout, error) {
	p, err := s.repo.Update(ctx, ScopeOf(by, access.ViewPayouts), id, func(p *Payout, _ World) error {
		if p.State != Accepted && p.State != Unknown {
			return refuse(CodeState, "State", string(p.State))
		}
		p.DueAt = s.opts.Now()
		return nil
	})
	if err == nil {
		s.opts.Changed()
	}
	return p, err
}

// Would says what a piece of news would do to a payout as it stands, and whether it would open a contradiction. Nothing is written.
func (s *Service) Would(ctx context.Context, sc Scope, id ID, e Evidence) (Effect, bool, error) {
	p, err := s.repo.Find(ctx, sc, id)
	if err != nil {
		return Effect{}, false, err
	}
	known := len(p.Conflicts)
	effect, err := p.apply(e, s.opts.Now())
	return effect, len(p.Conflicts) > known, err
}
