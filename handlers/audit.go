package handlers

import (
	"net/http"
	"strconv"

	"github.com/paywicket/paywicket/views/audits"
	"github.com/paywicket/paywicket/web/access"
)

func (h *Handlers) auditRoutes() []route {
	return []route{{"GET /audit", h.listAudit, access.ViewAudit}}
}

// auditPage is how many rows of the log a page shows.
const auditPage = 50

func (h *Handlers) listAudit(w http.ResponseWriter, r *http.Request) error {
	before, err := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
	if err != nil || before < 0 {
		before = 0
	}
	rows, err := h.Audit.List(r.Context(), access.ReachOf(person(r), access.ViewAudit), before, auditPage+1)
	if err != nil {
		return err
	}
	list := audits.List{Rows: rows[:min(len(rows), auditPage)], Before: before}
	if len(rows) > auditPage {
		list.Next = list.Rows[auditPage-1].Seq
	}
	return h.page(w, r, audits.ListPage(list))
}
