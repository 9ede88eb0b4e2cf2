package inbox

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// judge makes a verdict of a webhook that is kept, and says what to answer.
func (s *Service) judge(ctx context.Context, a store.Account, h *Hook) providers.Reply {
	if a.ID == "" {
		h.Verdict, h.DoneAt = Misaddressed, s.Now()
		h.shorten()
		return text(http.StatusNotFound, "not found")
	}
	event, err := s.read(ctx, a, *h)
	if err != nil {
		return s.refuse(ctx, h, err)
	}
	h.Event, h.Result, h.Steps = event.Name, event.Result, event.Steps
	if err := s.Stores.Heard(ctx, a.ID, time.Time{}, s.Now()); err != nil {
		s.Log.WarnContext(ctx, "note webhook", "account", a.ID, "err", err)
	}
	if event.Ignore {
		h.Verdict, h.DoneAt = Ignored, s.Now()
		return event.Reply
	}
	if err := s.settle(ctx, a, h, event); err != nil {
		s.Log.ErrorContext(ctx, "take in webhook", "hook", h.ID, "err", err)
		h.Verdict, h.Code = Failed, "internal"
		return text(http.StatusInternalServerError, "try again later")
	}
	if h.Verdict == Unmatched && event.Unmatched.Status != 0 {
		return event.Unmatched
	}
	return event.Reply
}

// refuse keeps what is not genuine, without effect. An error that is not the adapter's own is our fault, not the sender's.
func (s *Service) refuse(ctx context.Context, h *Hook, err error) providers.Reply {
	e, ok := errors.AsType[*providers.Error](err)
	if !ok {
		s.Log.ErrorContext(ctx, "read webhook", "hook", h.ID, "err", err)
		h.Verdict, h.Code = Failed, "internal"
		return text(http.StatusInternalServerError, "try again later")
	}
	h.Verdict, h.Code, h.Steps, h.DoneAt = Forged, e.Code, e.Steps, s.Now()
	h.shorten()
	s.Log.WarnContext(ctx, "webhook refused", "hook", h.ID, "account", h.Account, "code", e.Code)
	if e.Reply != nil {
		return *e.Reply
	}
	return text(http.StatusBadRequest, "refused")
}

// shorten cuts the kept body of a message that is not genuine; its size and digest tell of the rest.
func (h *Hook) shorten() {
	if len(h.Body) > MaxForged {
		h.Body = h.Body[:MaxForged]
	}
}

// oldKeys is how long webhooks signed with the settings before the last change are still taken as genuine.
const oldKeys = 7 * 24 * time.Hour

// read has the adapter verify and decode a message, with today's settings and then with those before.
func (s *Service) read(ctx context.Context, a store.Account, h Hook) (providers.Event, error) {
	event, err := s.readWith(ctx, a, a.Version, h)
	if err == nil || a.Version < 2 {
		return event, err
	}
	changed, lookErr := s.Stores.SettingsSince(ctx, a)
	if lookErr != nil || s.Now().Sub(changed) > oldKeys {
		return event, err
	}
	if older, olderErr := s.readWith(ctx, a, a.Version-1, h); olderErr == nil {
		return older, nil
	}
	return event, err
}

func (s *Service) readWith(ctx context.Context, a store.Account, version int, h Hook) (providers.Event, error) {
	p, err := s.Open.Open(ctx, a, version)
	if err != nil {
		return providers.Event{}, err
	}
	reader, ok := p.(providers.WebhookReader)
	if !ok {
		return providers.Event{}, &providers.Error{Kind: providers.Unsupported, Code: "no_webhooks"}
	}
	return reader.ReadWebhook(ctx, providers.Webhook{Header: h.Header, Body: h.Body, Find: func(ctx context.Context, at providers.Attempt) (providers.Found, error) {
		return s.find(ctx, a, at)
	}})
}

func (s *Service) find(ctx context.Context, a store.Account, at providers.Attempt) (providers.Found, error) {
	p, no, err := s.Finder.FindByAttempt(ctx, a.ID, at.Reference, at.RemoteID)
	if err != nil {
		return providers.Found{}, err
	}
	order, err := p.Order("")
	if err != nil {
		return providers.Found{}, err
	}
	for _, t := range p.Attempts {
		if t.No == no {
			return providers.Found{Attempt: providers.Attempt{Reference: t.Reference, RemoteID: t.RemoteID, Kept: t.Kept}, Order: order}, nil
		}
	}
	return providers.Found{}, payout.ErrNotFound
}

// settle finds the payout of a genuine message and takes it in, or has the provider asked first.
func (s *Service) settle(ctx context.Context, a store.Account, h *Hook, event providers.Event) error {
	if same, err := s.Repo.Same(ctx, a.ID, h.Digest, h.ID); err == nil {
		h.Verdict, h.DuplicateOf, h.Payout, h.DoneAt = Duplicate, same.ID, same.Payout, s.Now()
		return nil
	} else if !errors.Is(err, ErrNotFound) {
		return err
	}
	at := event.Result.Attempt
	p, no, err := s.Finder.FindByAttempt(ctx, a.ID, at.Reference, at.RemoteID)
	if errors.Is(err, payout.ErrNotFound) {
		return s.strange(h, event)
	}
	if err != nil {
		return err
	}
	h.Payout, h.From, h.To = p.ID, p.State, p.State
	if field, _, _ := p.Contradicts(no, event.Result); event.Confirm && field == "" {
		h.Verdict, h.DueAt = Confirming, s.Now()
		return nil
	}
	return s.record(ctx, h, p, payout.Evidence{Source: payout.FromWebhook, Attempt: no, Result: event.Result, HookID: h.ID})
}

// strange is a genuine message about no payout we know. If it only carries the provider's identifier, the provider is
// asked: our answer may have been lost, and its record may name our reference.
func (s *Service) strange(h *Hook, event providers.Event) error {
	at := event.Result.Attempt
	if event.Confirm && at.Reference == "" && at.RemoteID != "" {
		h.Verdict, h.DueAt = Confirming, s.Now()
		return nil
	}
	h.Verdict, h.Code, h.DoneAt = Unmatched, "no_payout", s.Now()
	return nil
}

func (s *Service) record(ctx context.Context, h *Hook, p *payout.Payout, e payout.Evidence) error {
	_, effect, err := s.Payouts.Record(ctx, payout.InStore(p.Store), p.ID, e)
	if err != nil {
		return err
	}
	h.Payout, h.From, h.To, h.Code, h.DoneAt, h.DueAt = p.ID, effect.From, effect.To, effect.Code, s.Now(), time.Time{}
	h.Verdict = Applied
	if effect.Conflict != nil {
		h.Verdict, h.Code = Conflicting, effect.Conflict.Code
	}
	return nil
}

// maxTries is how often the provider is asked about one webhook before that is given up.
const maxTries = 10

// Confirm asks the provider about a webhook that waits for it, and takes in what it says. The runner calls it.
func (s *Service) Confirm(ctx context.Context, h Hook) error {
	a, err := s.Stores.AccountOf(ctx, h.Store, h.Account)
	if err != nil {
		return err
	}
	attempt := h.Result.Attempt
	if found, err := s.find(ctx, a, attempt); err == nil {
		attempt = found.Attempt
	}
	p, err := s.Open.Open(ctx, a, a.Version)
	if err != nil {
		return s.later(ctx, h)
	}
	recorded, exchanges := s.Open.Recorded(ctx, a, h.Payout, 0, "lookup")
	result, err := p.Lookup(recorded, attempt)
	h.Tries++
	switch {
	case err == nil:
		return s.confirmed(ctx, a, h, result, exchanges())
	case providers.KindOf(err) == providers.Unsupported:
		return s.confirmed(ctx, a, h, h.Result, exchanges()) // it cannot be asked: the signature is all there is
	case isNotFound(err) && h.Payout == "":
		h.Verdict, h.Code, h.DoneAt, h.DueAt = Unmatched, "no_payout", s.Now(), time.Time{}
		return s.Repo.Save(ctx, h)
	}
	return s.later(ctx, h)
}

func isNotFound(err error) bool {
	e, ok := errors.AsType[*providers.Error](err)
	return ok && e.NotFound
}

func (s *Service) later(ctx context.Context, h Hook) error {
	h.DueAt = s.Now().Add(min(5*time.Second<<min(h.Tries, 8), 10*time.Minute))
	if h.Tries >= maxTries {
		h.Verdict, h.Code, h.DoneAt, h.DueAt = Unconfirmed, "not_asked", s.Now(), time.Time{}
	}
	return s.Repo.Save(ctx, h)
}

func (s *Service) confirmed(ctx context.Context, a store.Account, h Hook, result providers.Result, exchanges []payout.Exchange) error {
	p, no, err := s.Finder.FindByAttempt(ctx, a.ID, result.Attempt.Reference, result.Attempt.RemoteID)
	if errors.Is(err, payout.ErrNotFound) {
		h.Verdict, h.Code, h.DoneAt, h.DueAt = Unmatched, "no_payout", s.Now(), time.Time{}
		return s.Repo.Save(ctx, h)
	}
	if err != nil {
		return err
	}
	for i := range exchanges {
		exchanges[i].Payout, exchanges[i].Attempt = p.ID, no
	}
	h.Steps = append(h.Steps, providers.Step{Name: "confirmed", OK: true, Note: result.Word})
	err = s.record(ctx, &h, p, payout.Evidence{Source: payout.FromLookup, Attempt: no, Result: result, HookID: h.ID, Exchanges: exchanges})
	if err != nil {
		return err
	}
	return s.Repo.Save(ctx, h)
}
