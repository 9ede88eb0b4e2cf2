package approvals

import (
	"context"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/payout"
)

// BatchRow is one payout among several that are decided in one go.
type BatchRow struct {
	Payout  *payout.Payout
	Know    payout.Familiar
	Facts   []payout.Fact
	Open    bool // the person may approve it as it stands
	Ticked  bool
	Changed bool // it is not the one that was asked about any more
	Done    bool // the confirmation has approved it
}

// Odd reports whether a payout differs from normal in a way that wants a look of its own.
func (r BatchRow) Odd() bool {
	if r.Know.Code != "same" {
		return true
	}
	for _, f := range r.Facts {
		if f.Tone != "" {
			return true
		}
	}
	return false
}

func (r BatchRow) id() string { return string(r.Payout.ID) }

func (r BatchRow) pick() string { return "pick[" + r.id() + "]" }

func (r BatchRow) label(ctx context.Context) string {
	return ui.T(ctx, "approvals.batch.pick", "Amount", ui.MoneyText(ctx, r.Payout.Content.Amount), "Recipient", who(ctx, r.Payout.Content))
}

func (r BatchRow) number() string { return providers.Mask(r.Payout.Content.AccountNumber()) }

// Batch is several payouts and, where they are signed, the one confirmation.
type Batch struct {
	Rows         []BatchRow
	Cut          bool // there are more
	Besides      int  // that wait in test mode: amounts that are no money are not added to those that are
	Totals       []money.Amount
	Problem      string
	Confirmation Confirmation
}

func (b Batch) done() int {
	n := 0
	for _, r := range b.Rows {
		if r.Done {
			n++
		}
	}
	return n
}

func (b Batch) problems() []ui.FieldError {
	if b.Problem == "" {
		return nil
	}
	return []ui.FieldError{{Text: b.Problem}}
}

// totals lists the sums, a currency each.
func (b Batch) totals() []ui.TotalOf {
	var all []ui.TotalOf
	for _, t := range b.Totals {
		all = append(all, ui.TotalOf{Sum: t, Test: len(b.Rows) > 0 && !b.Rows[0].Payout.Content.Live})
	}
	return all
}

// left is how many of them the confirmation would not approve.
func (b Batch) left() int {
	n := 0
	for _, r := range b.Rows {
		if r.Changed || !r.Open {
			n++
		}
	}
	return n
}
