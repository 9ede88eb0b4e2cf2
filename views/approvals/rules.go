package approvals

import (
	"context"
	"slices"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/policy"
)

// Sentence says a rule in words: "Payouts of 500,000 XOF and more: two people approve." names is what people are called.
func Sentence(ctx context.Context, r policy.Rule, names map[access.PersonID]string) string {
	when := When(ctx, r.When)
	switch {
	case r.Limits():
		return ui.T(ctx, "policies.limit."+string(r.Per), "When", when, "Amount", ui.MoneyText(ctx, r.Limit))
	case len(r.Among) > 0:
		return ui.N(ctx, "policies.among", r.Approvals, "When", when, "Names", namesOf(ctx, r.Among, names))
	}
	return ui.N(ctx, "policies.approvals", r.Approvals, "When", when)
}

// When says in words where a rule applies.
func When(ctx context.Context, c policy.Condition) string {
	var parts []string
	add := func(yes bool, key string, args ...any) {
		if yes {
			parts = append(parts, ui.T(ctx, "policies.when."+key, args...))
		}
	}
	add(c.Store != "", "store", "Store", views.From(ctx).StoreName(c.Store))
	add(c.Provider != "", "provider", "Provider", c.Provider)
	add(c.Method != "", "method", "Method", c.Method)
	add(c.Country != "", "country", "Country", ui.L(ctx).Country(c.Country))
	add(c.From > 0, "from", "Amount", ui.MoneyText(ctx, money.Amount{Minor: c.From, Currency: c.Currency}))
	add(c.Currency != "" && c.From == 0, "currency", "Currency", c.Currency)
	add(c.New, "new")
	if len(parts) == 0 {
		return ui.T(ctx, "policies.when.all")
	}
	return ui.T(ctx, "policies.when.some", "Parts", ui.Comma(ctx, parts...))
}

func namesOf(ctx context.Context, ids []access.PersonID, names map[access.PersonID]string) string {
	var all []string
	for _, id := range ids {
		name := names[id]
		if name == "" {
			name = string(id)
		}
		all = append(all, name)
	}
	slices.Sort(all)
	return ui.L(ctx).List(all...)
}

// wanted names those whose approvals are still missing.
func (d Decision) wanted(ctx context.Context) string {
	var all []access.PersonID
	for _, g := range d.Need.Groups {
		for _, id := range g.Among {
			if !slices.Contains(d.given(), id) && !slices.Contains(all, id) {
				all = append(all, id)
			}
		}
	}
	return namesOf(ctx, all, d.Names)
}
