package inbox

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// Way is what payouts are compared by: the same company, method and mode take about the same time.
type Way struct {
	Provider, Method string
	Live             bool
}

// Flight is a payout that was sent and has not ended.
type Flight struct {
	ID      payout.ID
	Account store.AccountID
	Way
	SentAt time.Time
	Looks  int // how often the provider was asked about it
}

// Ending is a payout that ended, and whether a genuine webhook was about it.
type Ending struct {
	ID      payout.ID
	SentAt  time.Time
	EndedAt time.Time
	Told    bool
}

// Usual is how long a way of paying takes from the send to the end, as far as that is known.
type Usual struct {
	Count       int // of payouts it was learned from
	Median, P95 time.Duration
}

// What is learned from, and when a payout is late: never before leastLate, and after a day where too little is known.
const (
	learnFrom  = 200
	learnLeast = 5
	leastLate  = 10 * time.Minute
)

// usualOf learns from how long payouts took.
func usualOf(took []time.Duration) Usual {
	if len(took) == 0 {
		return Usual{}
	}
	slices.Sort(took)
	return Usual{Count: len(took), Median: took[(len(took)-1)/2], P95: took[(len(took)*95+99)/100-1]}
}

// LateAfter is how long after its send a payout is late: half as long again as nineteen of twenty take.
func (u Usual) LateAfter() time.Duration {
	if u.Count < learnLeast {
		return payout.OverdueAccepted
	}
	return max(u.P95+u.P95/2, leastLate)
}

// Quiet is why news of payouts are missing.
type Quiet string

// The reasons. What each is called is in the catalogs under "radar.<reason>".
const (
	QuietRefused     Quiet = "refused"     // webhooks come and are not taken in
	QuietUnreachable Quiet = "unreachable" // payouts end by being asked about; no webhook ever told it
	QuietProvider    Quiet = "provider"    // nothing comes, and the provider says that it is still under way
	QuietSlow        Quiet = "slow"        // webhooks come, but not about these
)

// Silence is an account whose provider tells less than is usual.
type Silence struct {
	Account store.Account
	Why     Quiet
	Late    int       // payouts that take longer than is usual
	Oldest  Flight    // of them
	Usual   Usual     // of the way the oldest goes
	Untold  int       // payouts that ended without a webhook
	Refused int       // webhooks that were not taken in since then
	Since   time.Time // from when on webhooks are missing
}

// Bounds of what the radar reads.
const (
	radarFlights  = 1000
	radarAccounts = 200
	radarEndings  = 20
	radarUntold   = 3 // so many ended without a word
	radarBack     = 7 * 24 * time.Hour
	radarHooks    = 1000
)

// Radar finds accounts whose provider is quiet: payouts that are late by what is usual for them, or that end without a webhook. It
// tells a quiet provider from an address that cannot be reached and from webhooks that are not taken in.
func (s *Service) Radar(ctx context.Context, by access.Person) ([]Silence, error) {
	accounts, err := s.Stores.Accounts(ctx, by, access.ViewWebhooks)
	if err != nil {
		return nil, err
	}
	late, err := s.late(ctx, payout.ScopeOf(by, access.ViewWebhooks))
	if err != nil {
		return nil, err
	}
	var all []Silence
	for i, a := range accounts {
		found, isLate := late[a.ID]
		if !isLate && i >= radarAccounts {
			continue
		}
		found.Account = a
		if err := s.diagnose(ctx, &found); err != nil {
			return nil, err
		}
		if found.Why != "" {
			all = append(all, found)
		}
	}
	slices.SortFunc(all, func(a, b Silence) int { return cmp.Compare(b.Late, a.Late) })
	return all, nil
}

// Usual is how long a way of paying usually takes. What was learned is kept for a while.
func (s *Service) Usual(ctx context.Context, w Way) (Usual, error) {
	return s.usual.of(ctx, s.Repo, w, s.Now())
}

// late finds the payouts that take longer than is usual, by account.
func (s *Service) late(ctx context.Context, sc payout.Scope) (map[store.AccountID]Silence, error) {
	now := s.Now()
	flights, err := s.Repo.Flying(ctx, sc, now.Add(-leastLate), radarFlights)
	if err != nil {
		return nil, err
	}
	all := map[store.AccountID]Silence{}
	for _, f := range flights {
		usual, err := s.usual.of(ctx, s.Repo, f.Way, now)
		if err != nil {
			return nil, err
		}
		if now.Sub(f.SentAt) <= usual.LateAfter() {
			continue
		}
		one := all[f.Account]
		if one.Late++; one.Late == 1 || f.SentAt.Before(one.Oldest.SentAt) {
			one.Oldest, one.Usual, one.Since = f, usual, f.SentAt
		}
		all[f.Account] = one
	}
	return all, nil
}

// diagnose says why news are missing, nothing if none are.
func (s *Service) diagnose(ctx context.Context, q *Silence) error {
	def, _ := s.Stores.Catalog.Definition(q.Account.Provider)
	if def.Webhooks == providers.WebhooksNone {
		if q.Late > 0 {
			q.Why = QuietSlow
		}
		return nil
	}
	endings, err := s.Repo.Ended(ctx, q.Account.ID, s.Now().Add(-radarBack), radarEndings)
	if err != nil {
		return err
	}
	for _, e := range endings { // the latest first: since the last one that was told
		if e.Told {
			break
		}
		if q.Untold++; q.Since.IsZero() || e.SentAt.Before(q.Since) {
			q.Since = e.SentAt
		}
	}
	if q.Late == 0 && q.Untold < radarUntold {
		return nil
	}
	heard, err := s.Repo.Heard(ctx, q.Account.ID, q.Since, radarHooks)
	if err != nil {
		return err
	}
	q.conclude(heard)
	return nil
}

// conclude tells the reasons apart by what came since then.
func (q *Silence) conclude(heard map[Verdict]int) {
	q.Refused = heard[Forged] + heard[Unmatched] + heard[Failed] + heard[Conflicting] + heard[Unconfirmed]
	taken := heard[Applied] + heard[Duplicate] + heard[Confirming]
	switch {
	case taken > 0 && q.Late > 0:
		q.Why = QuietSlow
	case taken > 0:
	case q.Refused > 0:
		q.Why = QuietRefused
	case q.Untold >= radarUntold:
		q.Why = QuietUnreachable
	default:
		q.Why = QuietProvider
	}
}

// usualTimes keeps what was learned for a while: it changes slowly.
type usualTimes struct {
	mu    sync.Mutex
	known map[Way]learned
}

type learned struct {
	Usual
	at time.Time
}

// learnEvery is how long something learned stands; maxWays is how much is kept of it.
const (
	learnEvery = 5 * time.Minute
	maxWays    = 1000
)

func (u *usualTimes) of(ctx context.Context, repo Repository, w Way, now time.Time) (Usual, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if l, ok := u.known[w]; ok && now.Sub(l.at).Abs() < learnEvery {
		return l.Usual, nil
	}
	took, err := repo.Took(ctx, w, learnFrom)
	if err != nil {
		return Usual{}, err
	}
	if u.known == nil || len(u.known) >= maxWays {
		u.known = map[Way]learned{}
	}
	l := learned{usualOf(took), now}
	u.known[w] = l
	return l.Usual, nil
}
