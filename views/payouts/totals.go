package payouts

import (
	"context"
	"slices"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/payout"
)

// purse is what may be added up: one currency, real money or test money.
type purse struct {
	currency string
	live     bool
}

// sum is the totals of one purse.
type sum struct {
	purse
	paid, fees    money.Amount
	nPaid, nOther int
	all           money.Amount
	states        []payout.Total // in the order a payout meets them
}

// sums adds up totals by purse, real money first. Drafts without an amount stand at the end.
func sums(all []payout.Total) []sum {
	var list []sum
	for _, t := range all {
		p := purse{t.Currency, t.Live}
		i := slices.IndexFunc(list, func(s sum) bool { return s.purse == p })
		if i < 0 {
			none := money.Amount{Currency: t.Currency}
			list, i = append(list, sum{purse: p, paid: none, fees: none, all: none}), len(list)
		}
		list[i].take(t)
	}
	order := payout.States()
	for _, s := range list {
		slices.SortFunc(s.states, func(a, b payout.Total) int { return slices.Index(order, a.State) - slices.Index(order, b.State) })
	}
	slices.SortStableFunc(list, func(a, b sum) int { return a.place() - b.place() })
	return list
}

func (s sum) place() int {
	switch {
	case s.currency == "":
		return 2
	case !s.live:
		return 1
	}
	return 0
}

func (s *sum) take(t payout.Total) {
	s.states = append(s.states, t)
	s.all = plus(s.all, t.Amount)
	if t.State != payout.Paid {
		s.nOther += t.Count
		return
	}
	s.nPaid += t.Count
	s.paid, s.fees = plus(s.paid, t.Amount), plus(s.fees, t.Fee)
}

// plus adds where it can be added: a sum that is too large for the database is refused there already.
func plus(a, b money.Amount) money.Amount {
	if c, err := a.Add(b); err == nil {
		return c
	}
	return a
}

func (s sum) count() int { return s.nPaid + s.nOther }

// note says what the paid sum is made of, and how many more there are.
func (s sum) note(ctx context.Context) string {
	text := ui.N(ctx, "payouts.n_paid", s.nPaid)
	if s.fees.Minor != 0 {
		text = ui.N(ctx, "payouts.n_paid_fees", s.nPaid, "Fees", ui.L(ctx).Money(s.fees).Figure())
	}
	if s.nOther == 0 {
		return text
	}
	return ui.T(ctx, "payouts.and_others", "Paid", text, "Others", ui.N(ctx, "payouts.n_others", s.nOther))
}

// strip is what is paid, one column a purse.
func (l List) strip(ctx context.Context) []ui.TotalOf {
	var all []ui.TotalOf
	for _, s := range sums(l.Totals) {
		if s.currency != "" {
			all = append(all, ui.TotalOf{Sum: s.paid, Note: s.note(ctx), Test: !s.live})
		}
	}
	return all
}
