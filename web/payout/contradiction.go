package payout

import (
	"errors"
	"slices"
	"strconv"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
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
	case r.Method != "" && r.Method != c.Method:
		return "method", c.Method, r.Method
	case r.Live != nil && *r.Live != c.Live:
		return "mode", mode(c.Live), mode(*r.Live)
	}
	if field, expected, got := amountContradiction(c.Amount, r.Amount); field != "" {
		return field, expected, got
	}
	return p.detailContradiction(r)
}

// amountContradiction compares amounts. News without a currency are compared by their figure alone.
func amountContradiction(sent, got money.Amount) (string, string, string) {
	switch {
	case got.Currency != "" && got.Currency != sent.Currency:
		return "currency", sent.Currency, got.Currency
	case got.Currency != "" && got.Minor != sent.Minor:
		return "amount", sent.Decimal(), got.Decimal()
	case got.Currency == "" && got.Minor != 0 && got.Minor != sent.Minor:
		return "amount", strconv.FormatInt(sent.Minor, 10), strconv.FormatInt(got.Minor, 10)
	}
	return "", "", ""
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
