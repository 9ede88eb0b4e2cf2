package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// What people may have done with a webhook that is kept.
const (
	ActReplay = "replay" // judged anew
	ActOlder  = "older"  // held against older secrets
)

// Act is a line in the history of a webhook: what somebody had done with it after it came.
type Act struct {
	Hook     string
	At       time.Time
	Person   access.PersonID
	Name     string
	Kind     string
	Verdict  Verdict // of a replay, by the rules and secrets of that day
	Was      Verdict // what it was before
	Code     string
	From, To payout.State
	Versions []int // of older secrets: those that fit
}

// Moved reports whether it changed the state of the payout.
func (a Act) Moved() bool { return a.From != a.To }

// ErrNotWhole is returned for a webhook that cannot be judged any more: it was cut when it came, or its body was emptied since.
var ErrNotWhole = errors.New("the webhook is not kept as it came")

// Fit says whether a version of an account's settings fits a webhook.
type Fit struct {
	Version int
	Fits    bool
	Damaged bool // its settings cannot be opened
}

// maxVersions is how many versions are tried, the latest first.
const maxVersions = 100

// Compare holds a webhook against every version of its account's settings and says which fit. It changes nothing but writes down
// that it was done, and what came of it.
func (s *Service) Compare(ctx context.Context, by access.Person, id string) ([]Fit, error) {
	h, err := s.Repo.Hook(ctx, payout.ScopeOf(by, access.ViewWebhooks), id)
	if err != nil {
		return nil, err
	}
	if h.Account == "" {
		return nil, store.ErrNotFound
	}
	if !h.Whole() {
		return nil, ErrNotWhole
	}
	a, err := s.Stores.AccountOf(ctx, h.Store, h.Account)
	if err != nil {
		return nil, err
	}
	act := Act{Hook: h.ID, At: s.Now(), Person: by.ID, Name: by.Name, Kind: ActOlder}
	var all []Fit
	for version := a.Version; version > max(0, a.Version-maxVersions); version-- {
		_, err := s.readWith(ctx, a, version, h)
		fit := Fit{Version: version, Fits: err == nil, Damaged: err != nil && !isForgery(err)}
		if fit.Fits {
			act.Versions = append(act.Versions, version)
		}
		all = append(all, fit)
	}
	entry := s.entry(by, h.Store, audit.HookCompared, h.ID, map[string]any{"fit": act.Versions, "tried": len(all)})
	return all, s.Repo.Did(ctx, []Act{act}, entry)
}

func (s *Service) entry(by access.Person, st store.ID, action audit.Action, subject string, details map[string]any) audit.Entry {
	e := audit.Entry{At: s.Now(), Actor: string(by.ID), ActorName: by.Name, Store: string(st), Action: action, Subject: subject, Details: "{}"}
	if b, err := json.Marshal(details); err == nil {
		e.Details = string(b)
	}
	return e
}
