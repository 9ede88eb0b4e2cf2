package handlers

import (
	"bytes"
	"errors"
	"net/http"

	"github.com/paywicket/paywicket/views/payouts"
	"github.com/paywicket/paywicket/web/payout"
)

// showReceipt is a paid payout as a PDF of one page.
func (h *Handlers) showReceipt(w http.ResponseWriter, r *http.Request) error {
	if h.Options.Receipt == nil {
		return errNotFound
	}
	p, err := h.payoutOf(r)
	if err != nil {
		return err
	}
	o := payouts.One{Payout: p}
	if !o.HasReceipt() {
		return &payout.Error{Code: "no_receipt"}
	}
	if err := errors.Join(h.addParties(r, &o), h.addBooked(r, &o)); err != nil {
		return err
	}
	r = about(r, o)
	var b bytes.Buffer
	if err := h.Options.Receipt(&b, o.ReceiptOrEnglish(r.Context(), h.Bundle.Localizer("en"))); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Disposition", `inline; filename="`+p.ID.Number()+`.pdf"`)
	_, _ = w.Write(b.Bytes()) // the browser may have left
	return nil
}
