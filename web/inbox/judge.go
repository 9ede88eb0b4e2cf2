package inbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// judge makes a verdict of a webhook that is kept, and says what to answer.
func (s *Service) judge(ctx context.Context, a store.Account, h *Hook) providers.Reply {
	h.DueAt, h.Code = time.Time{}, ""
	if a.ID == "" {
		h.Verdict, h.DoneAt = Misaddressed, s.Now()
		h.shorten()
		return text(http.StatusNotFound, "not found")
	}
	event, version, err := s.read(ctx, a, *h)
	if err != nil {
		return s.refuse(ctx, h, err)
	}
	h.Event, h.Result, h.Steps, h.Version = event.Name, event.Result, event.Steps, version
	if event.Reply.Status == 0 {
		event.Reply.Status = http.StatusOK
	}
	if err := s.heard(ctx, a); err != nil {
		s.Log.WarnContext(ctx, "note webhook", "account", a.ID, "err", err)
	}
	if event.Ignore {
		h.Verdict, h.DoneAt = Ignored, s.Now()
		return event.Reply
	}
	if err := s.settle(ctx, a, h, event); err != nil {
		return s.fail(ctx, h, err)
	}
	if h.Verdict == Unmatched && event.Unmatched.Status != 0 {
		return event.Unmatched
	}
	return event.Reply
}

// heardEvery is how exactly it is known when an account was heard of last: a commit for each message would be one too many.
const heardEvery = 10 * time.Second

func (s *Service) heard(ctx context.Context, a store.Account) error {
	if now := s.Now(); now.Sub(a.HookAt).Abs() >= heardEvery {
		return s.Stores.Heard(ctx, a.ID, time.Time{}, now)
	}
	return nil
}

// isForgery reports whether an adapter looked at a message and found it not genuine. Any other error is our own fault.
func isForgery(err error) bool {
	_, ok := errors.AsType[*providers.Error](err)
	return ok
}

// refuse keeps what is not genuine, without effect.
func (s *Service) refuse(ctx context.Context, h *Hook, err error) providers.Reply {
	e, ok := errors.AsType[*providers.Error](err)
	if !ok {
		return s.fail(ctx, h, err)
	}
	h.Verdict, h.Code, h.Steps, h.DoneAt = Forged, e.Code, e.Steps, s.Now()
	h.shorten()
	s.Log.WarnContext(ctx, "webhook refused", "hook", h.ID, "account", h.Account, "code", e.Code)
	if e.Reply != nil {
		return *e.Reply
	}
	return text(http.StatusBadRequest, "refused")
}

// fail is for what is our own fault: nothing is said against the message, and it is looked at again.
func (s *Service) fail(ctx context.Context, h *Hook, err error) providers.Reply {
	s.Log.ErrorContext(ctx, "take in webhook", "hook", h.ID, "err", err)
	h.Verdict, h.Code = Failed, "internal"
	h.postpone(s.Now(), s.Now().Sub(h.ReceivedAt) < oldKeys)
	return text(http.StatusServiceUnavailable, "try again later")
}

// postpone sets when a webhook is looked at again, later each time; never unless there is hope.
func (h *Hook) postpone(now time.Time, hope bool) {
	h.Tries++
	h.DueAt, h.DoneAt = now.Add(min(5*time.Second<<min(h.Tries, 8), 10*time.Minute)), time.Time{}
	if !hope {
		h.DueAt, h.DoneAt = time.Time{}, now
	}
}

// shorten cuts the kept body of a message that is not genuine; its size and digest tell of the rest.
func (h *Hook) shorten() {
	if len(h.Body) > MaxForged {
		h.Body = h.Body[:MaxForged]
	}
}

// oldKeys is how long webhooks signed with the settings before the last change are still taken as genuine.
const oldKeys = 7 * 24 * time.Hour

// maxOld is how many of those before are tried: a change may have to be mended a few times.
const maxOld = 5

// read has the adapter verify and decode a message, with today's settings and then with those before. What only fits old
// settings, which may have been changed because others got hold of them, is asked about before it moves anything. It says of
// which version the settings are that fit.
func (s *Service) read(ctx context.Context, a store.Account, h Hook) (providers.Event, int, error) {
	if !h.Whole() {
		reply := text(http.StatusRequestEntityTooLarge, "too large")
		return providers.Event{}, 0, &providers.Error{Code: "too_large", Reply: &reply}
	}
	event, err := s.readWith(ctx, a, a.Version, h)
	for version := a.Version; isForgery(err) && version > max(1, a.Version-maxOld); version-- {
		changed, lookErr := s.Stores.SettingsSince(ctx, atVersion(a, version))
		if lookErr != nil || s.Now().Sub(changed) > oldKeys {
			break
		}
		if older, olderErr := s.readWith(ctx, a, version-1, h); olderErr == nil {
			older.Confirm = true
			return older, version - 1, nil
		}
	}
	return event, a.Version, err
}

func atVersion(a store.Account, version int) store.Account {
	a.Version = version
	return a
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
	var broken error // of ours, whatever the adapter makes of it
	damaged := false // a key kept with the payout may be missing
	find := func(ctx context.Context, at providers.Attempt) (providers.Found, error) {
		found, lost, err := s.find(ctx, a, at)
		damaged = damaged || lost
		if errors.Is(err, payout.ErrNotFound) {
			return found, &providers.Error{Code: "no_payout", NotFound: true, Err: err}
		}
		broken = errors.Join(broken, err)
		return found, err
	}
	var event providers.Event
	err = safely(func() error {
		var err error
		event, err = reader.ReadWebhook(ctx, providers.Webhook{Header: h.Header, Body: h.Body, Address: h.Address, Find: find})
		return err
	})
	if broken != nil {
		return providers.Event{}, fmt.Errorf("find payout of webhook: %w", broken)
	}
	if damaged && isForgery(err) {
		return providers.Event{}, errDamaged
	}
	return event, err
}

// errDamaged says that a message cannot be called a forgery: what it may be verified with is damaged here.
var errDamaged = errors.New("what was kept with the payout of a webhook is damaged")

// safely turns a panic of an adapter into its error: it says no to a message, and nothing about a payout.
func safely(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &providers.Error{Code: "panic", Err: errors.New("the adapter broke down")}
		}
	}()
	return f()
}

// match finds the payout of an account that an attempt is about. Another store's is not found.
func (s *Service) match(ctx context.Context, a store.Account, at providers.Attempt) (*payout.Payout, int, error) {
	p, no, err := s.Finder.FindByAttempt(ctx, a.ID, at.Reference, at.RemoteID)
	if err == nil && p.Store != a.Store {
		return nil, 0, payout.ErrNotFound
	}
	return p, no, err
}

// find is the payout of a message as an adapter gets it, and whether what was kept with it is damaged.
func (s *Service) find(ctx context.Context, a store.Account, at providers.Attempt) (providers.Found, bool, error) {
	p, no, err := s.match(ctx, a, at)
	if err != nil {
		return providers.Found{}, false, err
	}
	order, err := p.Order("")
	if err != nil {
		return providers.Found{}, false, err
	}
	for _, t := range p.Attempts {
		if t.No == no {
			order.Reference = t.Reference
			return providers.Found{Attempt: t.Named(), Order: order}, t.Damaged, nil
		}
	}
	return providers.Found{}, false, payout.ErrNotFound
}

// settle finds the payout of a genuine message and takes it in, or has the provider asked first.
func (s *Service) settle(ctx context.Context, a store.Account, h *Hook, event providers.Event) error {
	if same, err := s.Repo.Same(ctx, a.ID, h.Digest, h.ID); err == nil {
		h.Verdict, h.DuplicateOf, h.Payout, h.DoneAt = Duplicate, same.ID, same.Payout, s.Now()
		return nil
	} else if !errors.Is(err, ErrNotFound) {
		return err
	}
	p, no, err := s.match(ctx, a, event.Result.Attempt)
	if errors.Is(err, payout.ErrNotFound) {
		s.strange(h, event)
		return nil
	}
	if err != nil {
		return err
	}
	h.Payout, h.From, h.To = p.ID, p.State, p.State
	h.Late = isLate(p, no, h.ReceivedAt)
	if field, _, _ := p.Contradicts(no, event.Result); event.Confirm && field == "" {
		h.Verdict, h.DueAt = Confirming, s.Now()
		return nil
	}
	return s.record(ctx, h, p, payout.Evidence{Source: payout.FromWebhook, Attempt: no, Result: event.Result, HookID: h.ID})
}

// lateAfter is how long after a payout was sent news of it are late.
const lateAfter = payout.OverdueAccepted

// isLate reports whether news come after the payout has ended by others, or long after the attempt they are about.
func isLate(p *payout.Payout, attempt int, at time.Time) bool {
	for _, t := range p.Attempts {
		if t.No == attempt && at.Sub(t.StartedAt) > lateAfter {
			return true
		}
	}
	return p.State.Final()
}

// strange is a genuine message about no payout we know. If it only carries the provider's identifier, the provider is
// asked: our answer may have been lost, and its record may name our reference.
func (s *Service) strange(h *Hook, event providers.Event) {
	at := event.Result.Attempt
	if event.Confirm && at.Reference == "" && at.RemoteID != "" {
		h.Verdict, h.DueAt = Confirming, s.Now()
		return
	}
	h.Verdict, h.Code, h.DoneAt = Unmatched, "no_payout", s.Now()
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
