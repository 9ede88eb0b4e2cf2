package payouts

import (
	"context"
	"time"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/i18n"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/export"
	"github.com/paywicket/paywicket/web/payout"
)

// HasReceipt reports whether there is something to give a receipt of: money that was paid, also if it came back.
func (o One) HasReceipt() bool { return o.is(payout.Paid) || o.is(payout.Returned) }

// Receipt is the payout on one sheet of paper. Account numbers are masked as on the page.
func (o One) Receipt(ctx context.Context) export.Receipt {
	v, p := views.From(ctx), o.Payout
	r := export.Receipt{Language: v.Language, Title: ui.T(ctx, "receipt.title"), Number: p.ID.Number(), Amount: ui.MoneyText(ctx, p.Content.Amount),
		To: ui.T(ctx, "receipt.to", "Recipient", o.recipient(ctx)), At: v.Now, Missing: ui.T(ctx, "receipt.missing"),
		State: ui.T(ctx, "receipt.state", "State", ui.T(ctx, "state."+string(p.State)), "At", moment(ctx, p.EndedAt))}
	if !p.Content.Live {
		r.Mark = ui.T(ctx, "receipt.test")
	}
	r.Parts = []export.ReceiptPart{o.receiptParties(ctx), o.receiptMoney(ctx), o.receiptReferences(ctx), o.receiptDates(ctx)}
	r.Stamp = []string{
		ui.T(ctx, "receipt.made", "Name", v.Person.Name, "At", moment(ctx, v.Now), "Site", v.Public),
		ui.T(ctx, "receipt.digest", "Digest", p.Digest),
	}
	return r
}

// ReceiptOrEnglish is Receipt with the same in English beside it, and a line in that which says why. english writes it.
func (o One) ReceiptOrEnglish(ctx context.Context, english *i18n.Localizer) export.Receipt {
	r, v := o.Receipt(ctx), views.From(ctx)
	if v.Language == english.Tag() {
		return r
	}
	v.Language, v.Localizer = english.Tag(), english
	plain := o.Receipt(views.With(ctx, v))
	plain.Stamp = append(plain.Stamp, english.T("receipt.in_english"))
	r.English = &plain
	return r
}

func (o One) receiptParties(ctx context.Context) export.ReceiptPart {
	c := o.Payout.Content
	part := export.ReceiptPart{Title: ui.T(ctx, "payouts.payout"), Lines: [][2]string{
		{ui.T(ctx, "payouts.fact.from"), views.From(ctx).StoreName(o.Payout.Store)},
		{ui.T(ctx, "payouts.fact.recipient"), o.recipient(ctx)},
		{ui.T(ctx, "payouts.fact.account"), number(ctx, c)},
	}}
	for _, line := range where(ctx, c) {
		part.Lines = append(part.Lines, [2]string{"", line})
	}
	if c.Description != "" {
		part.Lines = append(part.Lines, [2]string{ui.T(ctx, "payouts.fact.reason"), c.Description})
	}
	return part
}

func (o One) receiptMoney(ctx context.Context) export.ReceiptPart {
	fee := ui.T(ctx, "payouts.money.no_fee")
	if !o.Payout.Fee.IsZero() {
		fee = ui.MoneyText(ctx, o.Payout.Fee)
	}
	key, left := o.left()
	if left.Minor == 0 && o.is(payout.Returned) {
		left = money.Amount{Currency: left.Currency}
	}
	return export.ReceiptPart{Title: ui.T(ctx, "payouts.money"), Lines: [][2]string{
		{ui.T(ctx, "payouts.money.asked"), ui.MoneyText(ctx, o.asked())},
		{ui.T(ctx, "payouts.money.fee"), fee},
		{ui.T(ctx, key), ui.MoneyText(ctx, left)},
	}}
}

func (o One) receiptReferences(ctx context.Context) export.ReceiptPart {
	part := export.ReceiptPart{Title: ui.T(ctx, "payouts.references"), Lines: [][2]string{
		{ui.T(ctx, "payouts.fact.ours"), orDash(o.Payout.Reference())},
		{o.company(), orDash(o.Payout.RemoteID())},
	}}
	if text := inBooks(ctx, o.Booked); text != "" {
		part.Lines = append(part.Lines, [2]string{ui.T(ctx, "payouts.fact.booked"), text})
	}
	return part
}

func (o One) receiptDates(ctx context.Context) export.ReceiptPart {
	p := o.Payout
	part := export.ReceiptPart{Title: ui.T(ctx, "receipt.dates"), Lines: [][2]string{{ui.T(ctx, "payouts.fact.author"), ui.Comma(ctx, o.AuthorName, moment(ctx, p.CreatedAt))}}}
	for _, a := range p.Approvals {
		part.Lines = append(part.Lines, [2]string{ui.T(ctx, "payouts.fact.approved"), ui.Comma(ctx, a.Name, moment(ctx, a.At))})
	}
	if a := p.Current(); a != nil {
		part.Lines = append(part.Lines, [2]string{ui.T(ctx, "receipt.sent"), moment(ctx, a.StartedAt)})
	}
	part.Lines = append(part.Lines, [2]string{ui.T(ctx, "state."+string(p.State)), moment(ctx, p.EndedAt)})
	if p.OnePerson {
		part.Lines = append(part.Lines, [2]string{ui.T(ctx, "payouts.fact.mark"), ui.T(ctx, "payouts.one_person")})
	}
	return part
}

// moment is a time in the page's zone, which it names: paper has no hover.
func moment(ctx context.Context, t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	here := t.In(views.From(ctx).Zone)
	return ui.Comma(ctx, ui.L(ctx).DateTime(here), ui.L(ctx).Zone(here))
}
