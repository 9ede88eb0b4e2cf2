package handlers

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/audits"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// AuditLog reads the audit log. db.Audit is the only implementation.
type AuditLog interface {
	Of(ctx context.Context, s payout.Scope, subject string) ([]audit.Entry, error)
	List(ctx context.Context, r access.Reach, f audit.Filter) ([]audit.Entry, error)
	Each(ctx context.Context, r access.Reach, f audit.Filter) iter.Seq2[audit.Entry, error]
	Approvals(ctx context.Context, s payout.Scope, id payout.ID) ([]payout.Approval, error)
}

func (h *Handlers) auditRoutes() []route {
	return []route{
		{"GET /audit", h.listAudit, access.ViewAudit},
		{"GET /audit.jsonl", h.exportAudit, access.ViewAudit},
	}
}

// auditPage is how many rows of the log a page shows.
const auditPage = 50

// auditFilter reads what is asked for out of the address. What says nothing to us is left out and named.
func (h *Handlers) auditFilter(r *http.Request) (audit.Filter, []string) {
	var f audit.Filter
	var wrong []string
	q := r.URL.Query()
	take := func(name string, read func(string) bool) {
		if value := strings.TrimSpace(q.Get(name)); value != "" && !read(value) {
			wrong = append(wrong, value)
		}
	}
	v := views.From(r.Context())
	day := func(into *time.Time, more int) func(string) bool {
		return func(value string) bool {
			t, err := time.ParseInLocation(time.DateOnly, value, v.Zone)
			if err == nil {
				*into = t.AddDate(0, 0, more)
			}
			return err == nil
		}
	}
	take("before", func(value string) bool {
		n, err := strconv.ParseInt(value, 10, 64)
		f.Before = max(n, 0)
		return err == nil && n >= 0
	})
	take("who", func(value string) bool { f.Actor = value; return len(value) <= 64 })
	take("what", func(value string) bool { f.Area = value; return slices.Contains(audit.Areas(), value) })
	take("about", func(value string) bool { f.Subject = aboutID(value); return len(value) <= 64 })
	take("store", func(value string) bool {
		f.Store = value
		return slices.ContainsFunc(v.Stores, func(s store.Store) bool { return string(s.ID) == value })
	})
	take("from", day(&f.From, 0))
	take("to", day(&f.To, 1))
	return f, wrong
}

// aboutID takes a payout's number as people write it, or the id of anything else as it is.
func aboutID(text string) string {
	if id := payout.ParseID(text); len(id) == 12 {
		return string(id)
	}
	return text
}

func (h *Handlers) listAudit(w http.ResponseWriter, r *http.Request) error {
	f, wrong := h.auditFilter(r)
	f.Limit = auditPage + 1
	rows, err := h.Audit.List(r.Context(), access.ReachOf(person(r), access.ViewAudit), f)
	if err != nil {
		return err
	}
	names, err := h.names(r)
	if err != nil {
		return err
	}
	list := audits.List{Rows: rows[:min(len(rows), auditPage)], Filter: f, Query: r.URL.Query(), Wrong: wrong, Names: names}
	if len(rows) > auditPage {
		list.Next = list.Rows[auditPage-1].Seq
	}
	return h.page(w, r, audits.ListPage(list))
}

const exportFormat = "paywicket-audit-1"

// exportAudit streams what the filter lets through, a JSON object a line: a head, the rows with their links, the approvals of the
// payouts they are about with their signatures, and an end with the SHA-256 of every line before it. A file without an end is not
// whole. "paywicket verify -export" checks it.
func (h *Handlers) exportAudit(w http.ResponseWriter, r *http.Request) error {
	f, wrong := h.auditFilter(r)
	if len(wrong) > 0 {
		return &formError{status: http.StatusBadRequest, key: "error.form"}
	}
	by := person(r)
	if err := h.Access.Note(r.Context(), by, audit.AuditExported, map[string]any{"filter": r.URL.RawQuery}); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Content-Disposition", `attachment; filename="paywicket-audit-`+h.Now().UTC().Format("20060102-150405")+`.jsonl"`)
	buffered := bufio.NewWriterSize(w, 64<<10)
	err := h.writeAudit(r.Context(), buffered, by, f, r.URL.RawQuery)
	if flushErr := buffered.Flush(); err == nil {
		err = flushErr
	}
	if err != nil { // the answer has begun: the missing end says that it is not whole
		h.Log.WarnContext(r.Context(), "export audit log", "err", err)
	}
	return nil
}

// exporter writes lines and sums them up.
type exporter struct {
	out io.Writer
	sum interface{ Write([]byte) (int, error) }
}

func (e exporter) line(kind string, v any) error {
	b, err := json.Marshal(map[string]any{"type": kind, kind: v})
	if err != nil {
		return err
	}
	b = append(b, '\n')
	_, _ = e.sum.Write(b) // a hash takes everything
	_, err = e.out.Write(b)
	return err
}

func (h *Handlers) writeAudit(ctx context.Context, out io.Writer, by access.Person, f audit.Filter, query string) error {
	sum := sha256.New()
	e := exporter{out, sum}
	if err := e.line("head", map[string]any{"format": exportFormat, "at": h.Now().UTC(), "by": by.ID, "query": query, "site": h.Options.Public.Host}); err != nil {
		return err
	}
	rows, about := 0, []payout.ID{}
	seen := map[string]bool{}
	for row, err := range h.Audit.Each(ctx, access.ReachOf(by, access.ViewAudit), f) {
		if err != nil {
			return err
		}
		if row.Action == audit.PayoutApproved && !seen[row.Subject] {
			seen[row.Subject] = true
			about = append(about, payout.ID(row.Subject))
		}
		if err := e.line("row", audit.ExportOf(row)); err != nil {
			return err
		}
		rows++
	}
	for _, id := range about {
		all, err := h.Audit.Approvals(ctx, payout.ScopeOf(by, access.ViewPayouts), id)
		if err != nil {
			return err
		}
		for _, a := range all {
			if err := e.line("approval", payout.ExportOf(id, a)); err != nil {
				return err
			}
		}
	}
	return e.line("end", map[string]any{"rows": rows, "sha256": hex.EncodeToString(sum.Sum(nil))})
}
