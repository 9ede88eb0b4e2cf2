package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/gorilla/sessions"

	"github.com/paywicket/paywicket/views/i18n"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/books"
	"github.com/paywicket/paywicket/web/export"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/policy"
	"github.com/paywicket/paywicket/web/runner"
	"github.com/paywicket/paywicket/web/store"
)

// Handlers serves the console.
type Handlers struct {
	Access    *access.Service
	Stores    *store.Service
	Policies  *policy.Service
	Payouts   *payout.Service
	History   payout.History
	Views     *payout.Views
	Inbox     *inbox.Service
	Hooks     inbox.Repository
	Audit     AuditLog
	Books     *books.Service
	Companies *runner.Companies

	Sessions *scs.SessionManager
	Cookies  sessions.Store // what exists before or beside a sign-in: language, messages
	Bundle   *i18n.Bundle
	Log      *slog.Logger
	Now      func() time.Time

	Options Options

	exports exports   // those that run
	drafts  draftKeys // which payout a form that was sent twice has made
}

// Options is how the console is set up.
type Options struct {
	Public    *url.URL // what people and providers call, with the mount path
	Base      string   // mount path without a slash at its end, "" at the root
	Demo      bool     // the providers are simulators
	Version   string
	Ancestors string // who may show the console in a frame, "'none'" by default
	Proxies   []netip.Prefix

	// Identify says who a request comes from; nil: the console has its own sign-in.
	Identify func(*http.Request) (access.Identity, error)
	// Token makes a token bound to its parts; CheckToken compares.
	Token      func(parts ...string) string
	CheckToken func(token string, parts ...string) bool
	// Fault says what an error of the database means: 503 and a message key, 0 for any other error.
	Fault func(error) (int, string)
	// Ready lists why the console cannot serve and send, nothing if it can.
	Ready func(context.Context) []string
	// Workbook begins a workbook of payouts; nil: there are none.
	Workbook export.Sheets
	// Receipt prints a payout; nil: there are no receipts.
	Receipt export.Print
	// Sample is what a demo's simulator accepts, shown where an account is connected; nil outside a demo.
	Sample func(provider string) map[string]string
}

// route is one line of the table: "GET /payouts/{id}", what serves it, and what it takes.
type route struct {
	pattern    string
	serve      func(http.ResponseWriter, *http.Request) error
	permission access.Permission
}

// routes is every route of the console. The mux, the permission check, the log and the tests are made from it.
func (h *Handlers) routes() []route {
	var all []route
	for _, area := range [][]route{
		h.healthRoutes(), h.hookRoutes(), h.sessionRoutes(), h.meRoutes(), h.passkeyRoutes(), h.homeRoutes(), h.storeRoutes(), h.accountRoutes(), h.offerRoutes(),
		h.payoutRoutes(), h.exportRoutes(), h.draftRoutes(), h.approvalRoutes(), h.batchRoutes(), h.policyRoutes(), h.reviewRoutes(), h.conflictRoutes(), h.freezeRoutes(), h.webhookRoutes(), h.peopleRoutes(),
		h.auditRoutes(), h.settingsRoutes(), h.bookRoutes(),
	} {
		all = append(all, area...)
	}
	return all
}
