package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
)

// Offer is what an account's company offered at a time: its ways to pay with what it asks for in each.
type Offer struct {
	Account    AccountID
	Version    int // 1 is the first; 0: none was read yet
	Credential int // version of the settings it was last read with
	Methods    []providers.Method
	Digest     string
	FetchedAt  time.Time // when it was first seen so
	CheckedAt  time.Time // when it was last seen so
}

// How long a form may be made from an offer before the company is asked again, and for how long if it cannot be asked.
const (
	offerLife = 10 * time.Minute
	offerHold = time.Hour
)

// Fresh reports whether it was read with an account's keys of today, not long ago.
func (o Offer) Fresh(a Account, now time.Time) bool {
	return o.young(a, now, offerLife)
}

// Usable reports whether it is good enough for a form while the company cannot be asked. Before anything is sent it is asked.
func (o Offer) Usable(a Account, now time.Time) bool { return o.young(a, now, offerHold) }

func (o Offer) young(a Account, now time.Time, life time.Duration) bool {
	return o.Version > 0 && o.Credential == a.Version && now.Sub(o.CheckedAt) < life
}

// Method finds one of its methods.
func (o Offer) Method(id string) (providers.Method, bool) {
	i := slices.IndexFunc(o.Methods, func(m providers.Method) bool { return m.ID == id })
	if i < 0 {
		return providers.Method{}, false
	}
	return o.Methods[i], true
}

// At is which of the versions of an offer, the latest first, held at a time; the oldest for what was before. It is the zero
// Offer if there are none.
func At(versions []Offer, at time.Time) Offer {
	for _, o := range versions {
		if !o.FetchedAt.After(at) {
			return o
		}
	}
	if len(versions) == 0 {
		return Offer{}
	}
	return versions[len(versions)-1]
}

// KeepOffer stores what a company offers now. It makes a new version only if something in it changed.
func (s *Service) KeepOffer(ctx context.Context, a Account, methods []providers.Method) (Offer, error) {
	methods = slices.Clone(methods)
	slices.SortStableFunc(methods, func(x, y providers.Method) int { return cmp.Compare(x.ID, y.ID) })
	text, err := json.Marshal(methods)
	if err != nil {
		return Offer{}, fmt.Errorf("encode what account %s offers: %w", a.ID, err)
	}
	sum := sha256.Sum256(text)
	return s.repo.SaveOffer(ctx, Offer{Account: a.ID, Credential: a.Version, Methods: methods, Digest: hex.EncodeToString(sum[:]),
		FetchedAt: s.now(), CheckedAt: s.now()})
}

// Offer is the latest offer of an account, of version 0 if none was read yet.
func (s *Service) Offer(ctx context.Context, id AccountID) (Offer, error) {
	all, err := s.repo.Offers(ctx, id, 1)
	if err != nil || len(all) == 0 {
		return Offer{}, err
	}
	return all[0], nil
}

// Changed lists the accounts whose offer changed since a time, and when it did last.
func (s *Service) Changed(ctx context.Context, since time.Time) (map[AccountID]time.Time, error) {
	return s.repo.Changed(ctx, since)
}

// maxOffers is how many versions of an offer are looked back at.
const maxOffers = 20

// Offers lists the versions of an account's offer, the latest first.
func (s *Service) Offers(ctx context.Context, id AccountID) ([]Offer, error) {
	return s.repo.Offers(ctx, id, maxOffers)
}

// Change is one difference between two versions of an offer. Code is "method_new", "method_gone", "field_new",
// "field_gone", "field_required", "field_optional" or "field_changed"; What says of a changed field what changed, by the
// names of the contract: "type", "pattern", "options" and so on.
type Change struct {
	Code   string
	Method providers.Method // as it is, or was if it is gone
	Field  providers.Field  // the same
	What   []string
}

// Compare lists what changed from one offer to another, by method and field.
func Compare(was, is []providers.Method) []Change {
	var all []Change
	old, now := byID(was), byID(is)
	for _, m := range is {
		before, ok := old[m.ID]
		if !ok {
			all = append(all, Change{Code: "method_new", Method: m})
			continue
		}
		all = append(all, compareFields(before, m)...)
	}
	for _, m := range was {
		if _, ok := now[m.ID]; !ok {
			all = append(all, Change{Code: "method_gone", Method: m})
		}
	}
	slices.SortStableFunc(all, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Method.Name, b.Method.Name), cmp.Compare(a.Method.ID, b.Method.ID))
	})
	return all
}

func byID(methods []providers.Method) map[string]providers.Method {
	all := map[string]providers.Method{}
	for _, m := range methods {
		all[m.ID] = m
	}
	return all
}

// name tells fields of a method apart: several may share a name, each for another condition.
func nameOf(f providers.Field) string { return f.Name + fmt.Sprint(f.When) }

func compareFields(was, is providers.Method) []Change {
	var all []Change
	for _, f := range is.Fields {
		i := slices.IndexFunc(was.Fields, func(o providers.Field) bool { return nameOf(o) == nameOf(f) })
		if i < 0 {
			all = append(all, Change{Code: "field_new", Method: is, Field: f})
			continue
		}
		old := was.Fields[i]
		switch what := differing(old, f); {
		case old.Optional && !f.Optional:
			all = append(all, Change{Code: "field_required", Method: is, Field: f, What: what})
		case len(what) > 0:
			all = append(all, Change{Code: "field_changed", Method: is, Field: f, What: what})
		case f.Optional && !old.Optional:
			all = append(all, Change{Code: "field_optional", Method: is, Field: f})
		}
	}
	for _, f := range was.Fields {
		if !slices.ContainsFunc(is.Fields, func(o providers.Field) bool { return nameOf(o) == nameOf(f) }) {
			all = append(all, Change{Code: "field_gone", Method: is, Field: f})
		}
	}
	return all
}

// differing names what decides about a value and differs between two fields. Words that people read do not count.
func differing(a, b providers.Field) []string {
	var all []string
	for name, pair := range map[string][2]any{
		"type": {a.Type, b.Type}, "format": {a.Format, b.Format}, "length": {a.Max, b.Max}, "pattern": {a.Pattern, b.Pattern},
		"prefix": {a.Prefix, b.Prefix}, "options": {values(a), values(b)},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// values are what may be chosen, in one text.
func values(f providers.Field) string {
	var all []string
	for _, o := range f.Options {
		all = append(all, o.Value)
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// MendRecipient keeps what is filled in for a recipient from now on.
func (s *Service) MendRecipient(ctx context.Context, by access.Person, m Mended, a Account) error {
	if len(m.Details) == 0 || m.Key == "" || m.Account != a.ID || !access.Can(by, access.DraftPayouts, a.Store) {
		return ErrNotFound
	}
	m.At, m.By = s.now(), string(by.ID)
	return s.repo.SaveMended(ctx, m, s.entry(by, a.Store, audit.RecipientMended, string(a.ID), map[string]any{"method": m.Method}))
}

// Mended is a recipient's details as they were completed after a company began to ask for more.
type Mended struct {
	Account AccountID
	Method  string
	Key     string // tells recipients apart
	Details map[string]string
	By      string
	At      time.Time
}

// Mended finds what was completed for a recipient after a time; nothing of a recipient that was paid since.
func (s *Service) Mended(ctx context.Context, id AccountID, method, key string, after time.Time) (map[string]string, error) {
	m, err := s.repo.Mended(ctx, id, method, key)
	if err != nil || !m.At.After(after) {
		return nil, err
	}
	return m.Details, nil
}
