// Package audits is the page of the audit log. It makes no promise of compatibility.
package audits

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// List is one page of the log, newest first.
type List struct {
	Rows   []audit.Entry
	Before int64 // the page begins before this row; 0: with the newest
	Next   int64 // the older page begins before this row; 0: there is none
}

func (l List) pager(ctx context.Context) ui.PagerOpts {
	p := ui.PagerOpts{Shown: ui.N(ctx, "audit.shown", len(l.Rows))}
	if l.Before > 0 {
		p.Newer = link.Audit(ctx)
	}
	if l.Next > 0 {
		p.Older = link.AuditQuery(ctx, url.Values{"before": {strconv.FormatInt(l.Next, 10)}})
	}
	return p
}

func what(ctx context.Context, e audit.Entry) string { return ui.T(ctx, "audit."+string(e.Action)) }

// about is what a row is about: where it leads and what it is called.
func about(ctx context.Context, e audit.Entry) (string, string) {
	area, _, _ := strings.Cut(string(e.Action), ".")
	switch {
	case e.Subject == "":
		return "", ""
	case area == "payout" || area == "conflict":
		return link.Payout(ctx, e.Subject), payout.ID(e.Subject).Number()
	case area == "account":
		return link.Account(ctx, e.Subject), ui.T(ctx, "accounts.col.account")
	case area == "recipient":
		return link.AccountOffer(ctx, e.Subject), ui.T(ctx, "accounts.col.account")
	case area == "store":
		return link.Store(ctx, e.Subject), views.From(ctx).StoreName(store.ID(e.Subject))
	case area == "person":
		return link.Person(ctx, e.Subject), ui.T(ctx, "audit.col.who")
	}
	return "", ""
}

// details is a row's JSON laid out for reading, "" if it holds nothing.
func details(e audit.Entry) string {
	var b bytes.Buffer
	if e.Details == "{}" || json.Indent(&b, []byte(e.Details), "", "  ") != nil {
		return ""
	}
	return b.String()
}
