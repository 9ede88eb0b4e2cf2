package access

import (
	"context"
	"net/netip"
	"strings"
	"time"
)

// Limits of failed tries. A stranger can slow down only themselves: the count of an account alone holds only for
// addresses its owner never signed in from.
const (
	freePair    = 5  // of one account from one address
	freeAddress = 40 // of any account from one address
	freeAccount = 40 // of one account from addresses its owner never used
	freeConfirm = 10 // of confirming, by somebody who is signed in: six digits are soon guessed otherwise
	maxWait     = 15 * time.Minute
	forgetAfter = time.Hour
)

type limit struct {
	name string
	free int
}

func (s *Service) limitsOf(ctx context.Context, p Person, in SignIn) ([]limit, error) {
	email, from := hashToken(strings.ToLower(in.Email)), neighborhood(in.Address) // what is typed there by mistake may be a password
	limits := []limit{{"pair:" + email + "|" + from, freePair}, {"address:" + from, freeAddress}}
	if p.ID != "" {
		if known, err := s.repo.KnownAddress(ctx, p.ID, in.Address); err != nil || known {
			return limits, err
		}
	}
	return append(limits, limit{"account:" + email, freeAccount}), nil
}

// neighborhood is what one subscriber has of addresses: one of IPv4, 2^64 of IPv6.
func neighborhood(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Unmap().Is4() {
		return cut(address, 100)
	}
	prefix, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return cut(address, 100)
	}
	return prefix.String()
}

// try is a try that was counted before anybody looked whether it fits: tries at the same time cannot slip past the limits
// together.
type try struct {
	limits []limit
	after  []Throttle
}

// take counts a try under every limit, or refuses it as coming too soon.
func (s *Service) take(ctx context.Context, limits []limit) (try, error) {
	t, now := try{limits: limits}, s.opts.Now()
	err := s.repo.ChangeThrottles(ctx, names(limits), func(counts []Throttle) error {
		for _, c := range counts {
			if wait := c.Until.Sub(now); wait > 0 {
				return &ThrottledError{Wait: wait}
			}
		}
		for i := range counts {
			counts[i] = counts[i].more(limits[i].free, now)
		}
		t.after = append([]Throttle{}, counts...)
		return nil
	})
	return t, err
}

// more is the count after one more failure: the wait grows with each, once the free tries are used up.
func (t Throttle) more(free int, now time.Time) Throttle {
	if now.Sub(t.LastAt) > forgetAfter {
		t.Failures = 0
	}
	t.Failures++
	t.LastAt = now
	if over := t.Failures - free; over >= 0 {
		t.Until = now.Add(min(time.Second<<min(over, 12), maxWait))
	}
	return t
}

// giveBack takes back a try that fitted. The count under the first limit, which is the closest one, begins anew.
func (s *Service) giveBack(ctx context.Context, t try) error {
	return s.repo.ChangeThrottles(ctx, names(t.limits), func(counts []Throttle) error {
		for i := range counts {
			counts[i].Failures = max(counts[i].Failures-1, 0)
			if counts[i].Until.Equal(t.after[i].Until) { // nobody else failed meanwhile
				counts[i].Until = time.Time{} // the wait before this try was over
			}
		}
		counts[0] = Throttle{}
		return nil
	})
}

func names(limits []limit) []string {
	all := make([]string, len(limits))
	for i, l := range limits {
		all[i] = l.name
	}
	return all
}
