package payout

import (
	"context"
	"time"

	"github.com/paywicket/paywicket/web/access"
)

// FindOut records what a person found out about a contradiction. version is the one that was on screen.
func (s *Service) FindOut(ctx context.Context, by access.Person, id ID, version, conflict int, f Finding) (*Payout, error) {
	return s.repo.Update(ctx, ScopeOf(by, access.ReviewPayouts), id, func(p *Payout, _ World) error {
		if err := p.expect(version); err != nil {
			return err
		}
		return p.find(by, conflict, f, s.opts.Now())
	})
}

// CloseConflict confirms the finding of another person and closes the contradiction.
func (s *Service) CloseConflict(ctx context.Context, by access.Person, id ID, conflict int, proof access.StepUp) (*Payout, error) {
	p, err := s.repo.Update(ctx, ScopeOf(by, access.ApprovePayouts), id, func(p *Payout, w World) error {
		return p.closeConflict(by, conflict, proof, w, s.opts.Now())
	})
	if err == nil {
		s.opts.Changed() // an approved one may be sent now
	}
	return p, err
}

// MayClose says what bars a person from confirming the finding about a contradiction: nil if nothing does.
func (s *Service) MayClose(p *Payout, conflict int, by access.Person, onePerson bool) error {
	c := p.ConflictNo(conflict)
	if !c.Waiting() {
		return refuse(CodeState, "State", string(p.State))
	}
	_, err := p.admitClose(c, by, onePerson)
	return err
}

// KeepWaiting notes that an open outcome is left open for now. Nobody is reminded of it until quiet has passed.
func (s *Service) KeepWaiting(ctx context.Context, by access.Person, id ID, version int, text string, quiet time.Duration) (*Payout, error) {
	return s.repo.Update(ctx, ScopeOf(by, access.ReviewPayouts), id, func(p *Payout, _ World) error {
		if err := p.expect(version); err != nil {
			return err
		}
		return p.wait(by, text, quiet, s.opts.Now())
	})
}

// Reveal returns a payout whose whole account number the person is about to see, once the reason is in the audit log.
func (s *Service) Reveal(ctx context.Context, by access.Person, id ID, reason string) (*Payout, error) {
	return s.repo.Update(ctx, ScopeOf(by, access.ReviewPayouts), id, func(p *Payout, _ World) error {
		return p.reveal(by, reason, s.opts.Now())
	})
}
