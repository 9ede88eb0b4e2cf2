package inbox

import (
	"context"
	"errors"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// See sees to a webhook that has fallen due. The runner calls it. One that waits to be confirmed is asked about; one that a
// crash or a fault of ours left behind is judged.
func (s *Service) See(ctx context.Context, h Hook) error {
	switch h.Verdict {
	case Confirming:
		return s.Confirm(ctx, h)
	case Received, Failed:
		return s.again(ctx, h)
	}
	h.DueAt = time.Time{}
	return s.Repo.Save(ctx, h)
}

// again judges a webhook that is kept, and was not judged when it came. What was answered then stays.
func (s *Service) again(ctx context.Context, h Hook) error {
	ctx, cancel := context.WithTimeout(ctx, judgeLife)
	defer cancel()
	var a store.Account
	if h.Account != "" {
		var err error
		if a, err = s.Stores.AccountOf(ctx, h.Store, h.Account); err != nil {
			return err
		}
	}
	s.judge(ctx, a, &h)
	if err := s.Repo.Save(ctx, h); err != nil {
		return err
	}
	if h.Verdict == Confirming {
		s.Changed()
	}
	return nil
}

// maxTries is how often the provider is asked about one webhook before that is given up.
const maxTries = 10

// askLife is the total deadline of asking once.
const askLife = 45 * time.Second

// Confirm asks the provider about a webhook that waits for it, and takes in what it says.
func (s *Service) Confirm(ctx context.Context, h Hook) error {
	a, err := s.Stores.AccountOf(ctx, h.Store, h.Account)
	if err != nil {
		return err
	}
	asked := h.Result.Attempt
	found, _, err := s.find(ctx, a, asked)
	known := err == nil
	if known {
		asked = found.Attempt
	} else if !errors.Is(err, payout.ErrNotFound) {
		return err
	}
	result, exchanges, err := s.ask(ctx, a, h, asked)
	e := payout.Evidence{Source: payout.FromLookup, Result: result, HookID: h.ID, Exchanges: exchanges}
	switch {
	case err == nil && known:
		return s.confirmed(ctx, a, h, asked, e)
	case err == nil:
		return s.confirmed(ctx, a, h, result.Attempt, e)
	case providers.KindOf(err) == providers.Unsupported:
		e.Source, e.Result = payout.FromWebhook, h.Result // it cannot be asked: the signature is all there is
		return s.confirmed(ctx, a, h, asked, e)
	case isNotFound(err) && !known:
		return s.unmatched(ctx, h)
	}
	return s.later(ctx, h, err)
}

func (s *Service) ask(ctx context.Context, a store.Account, h Hook, asked providers.Attempt) (providers.Result, []payout.Exchange, error) {
	p, err := s.Open.Open(ctx, a, a.Version)
	if err != nil {
		return providers.Result{}, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, askLife)
	defer cancel()
	recorded, exchanges := s.Open.Recorded(ctx, a, h.Payout, 0, "lookup")
	var result providers.Result
	err = safely(func() error {
		var err error
		result, err = p.Lookup(recorded, asked)
		return err
	})
	if e, ok := errors.AsType[*providers.Error](err); ok && e.Credentials {
		if err := s.Stores.Freeze(ctx, access.Person{}, a, store.FrozenCredentials); err != nil {
			s.Log.ErrorContext(ctx, "freeze account", "account", a.ID, "err", err)
		}
	}
	return result, exchanges(), err
}

func isNotFound(err error) bool {
	e, ok := errors.AsType[*providers.Error](err)
	return ok && e.NotFound
}

// later puts a webhook off that nobody could be asked about.
func (s *Service) later(ctx context.Context, h Hook, why error) error {
	s.Log.WarnContext(ctx, "ask about webhook", "hook", h.ID, "err", why)
	if h.postpone(s.Now(), h.Tries+1 < maxTries); h.DueAt.IsZero() {
		h.Verdict, h.Code = Unconfirmed, "not_asked"
	}
	return s.Repo.Save(ctx, h)
}

func (s *Service) unmatched(ctx context.Context, h Hook) error {
	h.Verdict, h.Code, h.DoneAt, h.DueAt = Unmatched, "no_payout", s.Now(), time.Time{}
	return s.Repo.Save(ctx, h)
}

// confirmed takes in what the provider says. It is about the payout the message is about, whatever it says: a record of
// something else is then a contradiction. Only where the message named nothing we know the record says what it is about.
func (s *Service) confirmed(ctx context.Context, a store.Account, h Hook, about providers.Attempt, e payout.Evidence) error {
	p, no, err := s.match(ctx, a, about)
	if errors.Is(err, payout.ErrNotFound) {
		return s.unmatched(ctx, h)
	}
	if err != nil {
		return err
	}
	e.Attempt = no
	for i := range e.Exchanges {
		e.Exchanges[i].Payout, e.Exchanges[i].Attempt = p.ID, no
	}
	if e.Source == payout.FromLookup {
		h.Steps = append(h.Steps, providers.Step{Name: "confirmed", OK: true, Note: e.Result.Word})
	}
	if err := s.record(ctx, &h, p, e); err != nil {
		return s.later(ctx, h, err)
	}
	return s.Repo.Save(ctx, h)
}
