package handlers

import (
	"net/http"

	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/payouts"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
)

// watchExport is the page of a long export: it starts the download and says how far it has come. The first look at it counts the rows
// and gives the export a name; short ones are fetched at once.
func (h *Handlers) watchExport(w http.ResponseWriter, r *http.Request) error {
	format := payouts.FormatOf(r.URL.Query().Get("as"))
	if format == "" || format == payouts.XLSX && h.Options.Workbook == nil {
		return errNotFound
	}
	a, r, err := h.readExport(r, format)
	if err != nil {
		return err
	}
	ctx := r.Context()
	if a.job.id == "" {
		n, err := h.countExport(r, a.filter)
		if err != nil {
			return err
		}
		if n <= payouts.ManyRows {
			return h.redirect(w, r, link.PayoutsFile(ctx, string(format), a.query.Values()))
		}
		a.job = h.exports.plan(person(r).ID, n, h.Now())
		return h.redirect(w, r, a.query.Watch(ctx, format, a.job.id))
	}
	p := a.job.progress()
	p.Query, p.Format = a.query, format
	if p.Stage == payouts.Waiting && !wantsPart(r) {
		w.Header().Set("Refresh", "0; url="+p.File(ctx)) // starts the download and leaves the page where it is
	}
	return h.render(w, r, http.StatusOK, payouts.ProgressPage(p), payouts.ProgressPart(p))
}

func (h *Handlers) countExport(r *http.Request, f payout.Filter) (int, error) {
	totals, err := h.History.Totals(r.Context(), payout.ScopeOf(person(r), access.ViewPayouts), f)
	n := 0
	for _, t := range totals {
		n += t.Count
	}
	return n, err
}
