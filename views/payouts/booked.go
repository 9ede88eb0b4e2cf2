package payouts

import (
	"context"
	"time"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/books"
	"github.com/paywicket/paywicket/web/payout"
)

// TellsBooks reports whether the columns of the set that is asked for tell how each payout stands in the books.
func (l List) TellsBooks() bool { return l.Query.Get("cols") == "books" }

// matchWord is what the provider's own record says of a payout, in a word; "" for what stands in no books and in no record.
func matchWord(ctx context.Context, b payout.Booked) string {
	switch {
	case b.Match != "":
		return ui.T(ctx, "payouts.booked."+b.Match)
	case b.Month != "":
		return ui.T(ctx, "payouts.booked.none")
	}
	return ""
}

// monthWord is the month in which a payout is booked: "June 2026".
func monthWord(ctx context.Context, b payout.Booked) string {
	return ui.L(ctx).Month(books.Month(b.Month).Begin(time.UTC))
}

func closedWord(ctx context.Context, b payout.Booked) string {
	if b.Closed {
		return ui.T(ctx, "payouts.booked.closed")
	}
	return ui.T(ctx, "payouts.booked.open")
}

// monthLink leads to the month for whoever may look at the books, "" for others.
func monthLink(ctx context.Context, r payout.Row, b payout.Booked) string {
	if b.Month == "" || !access.Can(views.From(ctx).Person, access.Reconcile, r.Store) {
		return ""
	}
	return link.BookMonth(ctx, link.Book{Store: string(r.Store), Provider: r.Provider, Currency: r.Amount.Currency, Month: b.Month, Test: !r.Live})
}

// bookedTone is that of a difference: what nobody has explained needs somebody.
func bookedTone(b payout.Booked) views.Tone {
	if b.Explained {
		return views.Warn
	}
	return views.Bad
}

// inBooks is how a payout stands in the books, a sentence for its page and its receipt; "" if it does not.
func inBooks(ctx context.Context, b payout.Booked) string {
	if b.Month == "" {
		return matchWord(ctx, b)
	}
	text := ui.T(ctx, "payouts.booked.in", "Month", monthWord(ctx, b), "State", closedWord(ctx, b), "Match", matchWord(ctx, b))
	if b.Explained {
		text += ", " + ui.T(ctx, "payouts.booked.explained")
	}
	return text
}
