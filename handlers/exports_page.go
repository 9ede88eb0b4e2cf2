package handlers

import (
	"context"
	"net/http"
	"time"

	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/payouts"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
)

// watchExport is the page of a long export: it starts the download and says how far it has come.
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
	if r.URL.Query().Get("job") == "" {
		return h.planExport(w, r, a)
	}
	p := a.job.progress()
	p.Query, p.Format = a.query, format
	switch {
	case p.Job == "": // forgotten: it was cut off by a restart, or nobody fetched it for long
		p.Stage = payouts.Broken
	case p.Stage == payouts.Waiting && !wantsPart(r):
		w.Header().Set("Refresh", "0; url="+p.File(ctx)) // starts the download and leaves the page where it is
	}
	return h.render(w, r, http.StatusOK, payouts.ProgressPage(p), payouts.ProgressPart(p))
}

// countPatience is for how long a page waits for the number of rows. It is good to know, and no more.
const countPatience = 2 * time.Second

// planExport counts what an export will hold and leads to its page, or to the file itself if that is short. What takes too long to count
// is not short.
func (h *Handlers) planExport(w http.ResponseWriter, r *http.Request, a wanted) error {
	ctx, cancel := context.WithTimeout(r.Context(), countPatience)
	defer cancel()
	n, err := h.countExport(ctx, payout.ScopeOf(person(r), access.ViewPayouts), a.filter)
	switch {
	case err != nil && ctx.Err() != nil && r.Context().Err() == nil:
		n = payouts.Uncounted
	case err != nil:
		return err
	case n <= payouts.ManyRows:
		return h.redirect(w, r, link.PayoutsFile(r.Context(), string(a.format), a.query.Values()))
	}
	job := h.exports.plan(person(r).ID, n, h.Now())
	return h.redirect(w, r, a.query.Watch(r.Context(), a.format, job.id))
}

func (h *Handlers) countExport(ctx context.Context, s payout.Scope, f payout.Filter) (int, error) {
	totals, err := h.History.Totals(ctx, s, f)
	n := 0
	for _, t := range totals {
		n += t.Count
	}
	return n, err
}
