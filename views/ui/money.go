package ui

import (
	"context"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
)

// MoneyOpts says how an amount is written. The zero value is the plain way.
type MoneyOpts struct {
	Large bool // the amount the page is about
	Bare  bool // without the currency
	Out   bool // did not move
	Less  bool // money missing or taken away, in red
	Test  bool // no real money; on a page in test mode every amount says so by itself
}

// code is the currency behind a figure, and the word that says that it is no real money.
func (o MoneyOpts) code(ctx context.Context, currency string) string {
	if o.Test || isTest(ctx) {
		return " " + currency + " " + T(ctx, "mode.word")
	}
	return " " + currency
}

// MoneyText is an amount for a sentence, an attribute or a title, with spaces at which no line breaks. On a page in test
// mode it says so.
func MoneyText(ctx context.Context, a money.Amount) string {
	text := L(ctx).MoneyText(a)
	if isTest(ctx) && !a.IsZero() {
		text += "\u00a0" + T(ctx, "mode.word")
	}
	return text
}

func isTest(ctx context.Context) bool { return views.From(ctx).Mode == views.Test }
