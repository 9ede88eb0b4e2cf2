package payout

import (
	"errors"
	"slices"
	"strconv"

	"github.com/paywicket/paywicket/providers"
)

func asProviderError(err error) (*providers.Error, bool) { return errors.AsType[*providers.Error](err) }

// Contradicts names the first thing in news about an attempt that differs from what was sent, with what was expected and
// what came; "" if nothing does.
func (p *Payout) Contradicts(attempt int, r providers.Result) (string, string, string) {
	if a := p.attempt(attempt); a != nil {
		return p.contradiction(a, r)
	}
	return "", "", ""
}

// contradiction compares what news carry with what was sent. What they do not carry is not compared. It names the
// first thing that differs, "" if nothing does.
func (p *Payout) contradiction(a *Attempt, r providers.Result) (string, string, string) {
	c := p.Content
	switch {
	case r.Attempt.Reference != "" && r.Attempt.Reference != a.Reference:
		return "reference", a.Reference, r.Attempt.Reference
	case r.Attempt.RemoteID != "" && a.RemoteID != "" && r.Attempt.RemoteID != a.RemoteID:
		return "remote_id", a.RemoteID, r.Attempt.RemoteID
	case r.Amount.Currency != "" && r.Amount.Currency != c.Amount.Currency:
		return "currency", c.Amount.Currency, r.Amount.Currency
	case r.Amount.Currency != "" && r.Amount.Minor != c.Amount.Minor:
		return "amount", c.Amount.Decimal(), r.Amount.Decimal()
	case r.Amount.Currency == "" && r.Amount.Minor != 0 && r.Amount.Minor != c.Amount.Minor:
		return "amount", strconv.FormatInt(c.Amount.Minor, 10), strconv.FormatInt(r.Amount.Minor, 10)
	case r.Method != "" && r.Method != c.Method:
		return "method", c.Method, r.Method
	case r.Live != nil && *r.Live != c.Live:
		return "mode", mode(c.Live), mode(*r.Live)
	}
	return p.detailContradiction(r)
}

func (p *Payout) detailContradiction(r providers.Result) (string, string, string) {
	sent := p.Content.details()
	var names []string
	for name := range r.Details {
		names = append(names, name)
	}
	slices.Sort(names) // the same news always name the same difference
	for _, name := range names {
		if want, ok := sent[name]; ok && r.Details[name] != "" && r.Details[name] != want {
			return "details", name + "=" + providers.Mask(want), name + "=" + providers.Mask(r.Details[name])
		}
	}
	return "", "", ""
}

func mode(live bool) string {
	if live {
		return "live"
	}
	return "test"
}
