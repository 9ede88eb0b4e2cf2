package access

import (
	"context"
	"strings"
	"time"
)

// Limits of failed sign-ins. A stranger can slow down only themselves: the count of an account alone holds only for
// addresses its owner never signed in from.
const (
	freePair    = 5  // of one account from one address
	freeAddress = 40 // of any account from one address
	freeAccount = 40 // of one account from addresses its owner never used
	maxWait     = 15 * time.Minute
	forgetAfter = time.Hour
)

type limit struct {
	name string
	free int
}

func limitsOf(in SignIn) []limit {
	email := strings.ToLower(in.Email)
	return []limit{
		{"pair:" + email + "|" + in.Address, freePair},
		{"address:" + in.Address, freeAddress},
		{"account:" + email, freeAccount},
	}
}

// mayTry refuses a try that comes too soon.
func (s *Service) mayTry(ctx context.Context, p Person, in SignIn) error {
	for _, l := range limitsOf(in) {
		if known, err := s.isKnown(ctx, l, p, in); err != nil {
			return err
		} else if known {
			continue
		}
		t, err := s.repo.Throttle(ctx, l.name)
		if err != nil {
			return err
		}
		if wait := t.Until.Sub(s.opts.Now()); wait > 0 {
			return &ThrottledError{Wait: wait}
		}
	}
	return nil
}

func (s *Service) isKnown(ctx context.Context, l limit, p Person, in SignIn) (bool, error) {
	if p.ID == "" || !strings.HasPrefix(l.name, "account:") {
		return false, nil
	}
	return s.repo.KnownAddress(ctx, p.ID, in.Address)
}

// countFailure makes the next try wait, longer each time, once the free tries are used up.
func (s *Service) countFailure(ctx context.Context, in SignIn) error {
	now := s.opts.Now()
	for _, l := range limitsOf(in) {
		t, err := s.repo.Throttle(ctx, l.name)
		if err != nil {
			return err
		}
		if now.Sub(t.LastAt) > forgetAfter {
			t.Failures = 0
		}
		t.Failures++
		t.LastAt = now
		if over := t.Failures - l.free; over >= 0 {
			t.Until = now.Add(min(time.Second<<min(over, 12), maxWait))
		}
		if err := s.repo.SaveThrottle(ctx, l.name, t); err != nil {
			return err
		}
	}
	return nil
}

// forget clears the count of this account from this address after a sign-in that worked.
func (s *Service) forget(ctx context.Context, in SignIn) error {
	return s.repo.SaveThrottle(ctx, limitsOf(in)[0].name, Throttle{})
}
