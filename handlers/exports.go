package handlers

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/payouts"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/export"
	"github.com/paywicket/paywicket/web/payout"
)

func (h *Handlers) exportRoutes() []route {
	return []route{
		{"GET /payouts.csv", h.exportAs(payouts.CSV), access.ViewPayouts},
		{"GET /payouts.xlsx", h.exportAs(payouts.XLSX), access.ViewPayouts},
		{"GET /payouts/export", h.watchExport, access.ViewPayouts},
		{"GET /payouts/{id}/receipt.pdf", h.showReceipt, access.ViewPayouts},
	}
}

// wanted is an export as it is asked for.
type wanted struct {
	format payouts.Format
	query  payouts.Query
	filter payout.Filter
	job    *exportJob // who watches it; never nil
}

// exportAs streams everything the history's filter finds, in its order. A filter that is not understood is refused: a file has no
// room for the warning that the page gives, and must not hold more than was asked for.
func (h *Handlers) exportAs(format payouts.Format) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if format == payouts.XLSX && h.Options.Workbook == nil {
			return errNotFound
		}
		a, r, err := h.readExport(r, format)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", format.Type())
		w.Header().Set("Content-Disposition", `attachment; filename="paywicket-payouts-`+h.Now().UTC().Format("20060102-150405")+"."+string(format)+`"`)
		if r.Method == http.MethodHead {
			return nil
		}
		end, ok := h.exports.begin(person(r).ID)
		if !ok {
			w.Header().Del("Content-Disposition")
			w.Header().Set("Retry-After", "30")
			return errTooManyExports
		}
		defer end()
		if err := h.noteExport(r.Context(), person(r), audit.ExportBegun, a, nil); err != nil {
			w.Header().Del("Content-Disposition")
			return err
		}
		h.sendExport(w, r, a)
		return nil
	}
}

func (h *Handlers) readExport(r *http.Request, format payouts.Format) (wanted, *http.Request, error) {
	a := wanted{format: format, query: payouts.ReadQuery(r.URL.Query()).Whole()}
	r = inHistory(r, a.query)
	var wrong []payouts.Wrong
	if a.filter, wrong = h.readFilter(r, a.query); len(wrong) > 0 {
		return a, r, &formError{status: http.StatusBadRequest, key: "error.export", name: wrong[0].Name + "=" + wrong[0].Value}
	}
	if a.job = h.exports.find(person(r).ID, r.URL.Query().Get("job")); a.job == nil {
		a.job = &exportJob{}
	}
	return a, r, nil
}

// noteExport keeps who took what away.
func (h *Handlers) noteExport(ctx context.Context, by access.Person, action audit.Action, a wanted, s *export.Stamp) error {
	details := map[string]any{"filter": a.query.Encode(), "format": string(a.format)}
	if s != nil {
		details["rows"], details["sha256"], details["whole"] = s.Walk.Rows, s.SHA256, action == audit.ExportDone
	}
	return h.Access.Note(ctx, by, action, details)
}

// sendExport writes the file. Once its first byte has left there is no error page any more: what goes wrong then is said in the file,
// and the connection is cut, so that whoever fetches it knows as well.
func (h *Handlers) sendExport(w http.ResponseWriter, r *http.Request, a wanted) {
	w.Header().Set("Trailer", "Paywicket-Rows, Paywicket-Sha256")
	out := newFlow(w)
	if !a.job.start() {
		a.job = &exportJob{} // its page watches the first download of it
	}
	stamp, err := h.writeExport(r, out, a)
	action, stage := audit.ExportDone, payouts.Done
	if err != nil {
		action, stage = audit.ExportCut, payouts.Broken
	}
	a.job.set(stage, stamp.SHA256)
	by := person(r)
	ctx := context.WithoutCancel(r.Context())
	if noteErr := h.noteExport(ctx, by, action, a, &stamp); noteErr != nil {
		h.Log.ErrorContext(ctx, "note end of export", "err", noteErr)
	}
	log := h.Log.InfoContext
	if err != nil {
		log = h.Log.WarnContext
	}
	log(ctx, "payouts exported", "by", by.ID, "format", a.format, "rows", stamp.Walk.Rows, "whole", err == nil, "err", err)
	out.flush()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Paywicket-Rows", strconv.Itoa(stamp.Walk.Rows))
	w.Header().Set("Paywicket-Sha256", stamp.SHA256)
}

func (h *Handlers) writeExport(r *http.Request, out *flow, a wanted) (export.Stamp, error) {
	ctx, v := r.Context(), views.From(r.Context())
	stamp := export.Stamp{Query: a.query.Encode(), Zone: v.Zone.String(), By: v.Person.Name}
	file, err := h.newExport(out, a.format, export.NewBook(v.Stores, v.Zone), v)
	if err != nil {
		return stamp, err
	}
	defer func() { _ = file.Close() }() // only what is left behind
	out.flush()
	stamp.Walk, err = h.History.Each(ctx, payout.ScopeOf(v.Person, access.ViewPayouts), a.filter, func(row *payout.Line) error {
		a.job.rows.Add(1)
		return file.Row(row)
	})
	stamp.SHA256 = file.Sum()
	if err != nil {
		_ = file.Cut(stamp) // the first error counts
		return stamp, err
	}
	return stamp, file.End(stamp)
}

func (h *Handlers) newExport(out io.Writer, format payouts.Format, book *export.Book, v views.Request) (export.File, error) {
	if format == payouts.XLSX {
		return h.Options.Workbook(out, book, payouts.SheetWords(v))
	}
	return export.NewCSV(out, book)
}

// writeWait is for how long a browser may take to accept a piece of a file.
const writeWait = time.Minute

// flow is an answer that takes as long as it takes: the limit of the server for writing holds for each piece of it.
type flow struct {
	w   http.ResponseWriter
	ctl *http.ResponseController
}

func newFlow(w http.ResponseWriter) *flow { return &flow{w, http.NewResponseController(w)} }

func (f *flow) Write(p []byte) (int, error) {
	_ = f.ctl.SetWriteDeadline(time.Now().Add(writeWait)) // the server of a host program may have none to set
	return f.w.Write(p)
}

func (f *flow) flush() {
	_ = f.ctl.SetWriteDeadline(time.Now().Add(writeWait))
	_ = f.ctl.Flush() // who cannot be sent anything any more is told by the next write
}
