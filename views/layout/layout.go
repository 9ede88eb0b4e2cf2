package layout

import (
	"context"
	"net/url"
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/store"
)

// htmxConfig keeps htmx within the content policy: no evaluated code, no styles of its own, no copies of pages; 422
// brings a form back with its messages.
const htmxConfig = `{"includeIndicatorStyles":false,"allowEval":false,"allowScriptTags":false,"selfRequestsOnly":true,` +
	`"historyCacheSize":0,"responseHandling":[{"code":"204","swap":false},{"code":"[23]..","swap":true},` +
	`{"code":"422","swap":true},{"code":"[45]..","swap":false,"error":true}]}`

// Opts says what is special about a page. The zero value is an ordinary one.
type Opts struct {
	Scripts []string // more scripts, by their names in package static: "js/passkey.js"
	Foot    []string // more words for the footer
}

func (o Opts) main(r views.Request) string {
	if r.Mode == views.Test {
		return "page page--test"
	}
	return "page"
}

// theme is the attribute that fixes a theme; without one the system's is used.
func theme(r views.Request) templ.Attributes {
	if r.Theme == "light" || r.Theme == "dark" {
		return templ.Attributes{"data-theme": r.Theme}
	}
	return nil
}

// place is an entry of the main menu.
type place struct {
	key     string
	href    string
	need    access.Permission
	count   int
	counts  string // key of what the count counts
	current bool
	skip    bool
}

func (p place) attrs() templ.Attributes {
	if p.current {
		return templ.Attributes{"aria-current": "page"}
	}
	return nil
}

// places lists where this person may go, in the order of the menu.
func places(ctx context.Context) []place {
	r := views.From(ctx)
	all := []place{
		{key: "nav.home", href: link.Home(ctx), need: access.SignedIn},
		{key: "nav.approvals", href: link.Approvals(ctx), need: access.ApprovePayouts, count: r.Waiting, counts: "nav.waiting"},
		{key: "nav.review", href: link.Review(ctx), need: access.ReviewPayouts, count: r.Review, counts: "nav.to_review",
			skip: r.Review == 0 && r.Path != link.Review(ctx)},
		{key: "nav.payouts", href: link.Payouts(ctx), need: access.ViewPayouts},
		{key: "nav.webhooks", href: link.Webhooks(ctx), need: access.ViewWebhooks},
		{key: "nav.books", href: link.Books(ctx), need: access.Reconcile},
		{key: "nav.accounts", href: link.Accounts(ctx), need: access.ViewAccounts},
		{key: "nav.stores", href: link.Stores(ctx), need: access.ManageStores},
		{key: "nav.people", href: link.People(ctx), need: access.ManagePeople},
		{key: "nav.policies", href: link.Policies(ctx), need: access.ManageSettings},
		{key: "nav.audit", href: link.Audit(ctx), need: access.ViewAudit},
		{key: "nav.settings", href: link.Settings(ctx), need: access.ManageSettings},
	}
	all = slices.DeleteFunc(all, func(p place) bool { return p.skip || !r.Can(p.need) })
	for i, p := range all {
		all[i].current = isAt(ctx, p.href)
	}
	return all
}

// isAt reports whether the request is at a place or below it; home is only itself.
func isAt(ctx context.Context, href string) bool {
	path := views.From(ctx).Path
	if href == link.Home(ctx) {
		return path == href || path+"/" == href
	}
	return link.Within(path, href)
}

func seesPayouts(r views.Request) bool { return r.Can(access.ViewPayouts) }

// storeName is what the store menu says.
func storeName(ctx context.Context) string {
	r := views.From(ctx)
	if r.Store == "" {
		return ui.T(ctx, "stores.all")
	}
	return r.StoreName(r.Store)
}

// storeLink is the history of one store.
func storeLink(ctx context.Context, id store.ID) string {
	return link.PayoutsQuery(ctx, url.Values{"store": {string(id)}})
}

// roles names what the person is, each role once.
func roles(ctx context.Context) string {
	p := views.From(ctx).Person
	if p.IsSuper() {
		return ui.T(ctx, "role."+string(access.SuperAdmin))
	}
	var names []string
	for _, role := range access.Roles() {
		if slices.ContainsFunc(p.Grants, func(g access.Grant) bool { return g.Role == role }) {
			names = append(names, ui.T(ctx, "role."+string(role)))
		}
	}
	return ui.L(ctx).List(names...)
}

// Failure says what did not work. Status alone is enough.
type Failure struct {
	Status int
	Key    string // of the catalog, "error.csrf"; empty: that of the status
	Args   []any  // for the text: {"Wait", time.Minute} with 429
}

func (f Failure) status() string { return strconv.Itoa(f.Status) }

// key is the message about a failure; a status nobody wrote about is our fault.
func (f Failure) key(ctx context.Context) string {
	if f.Key != "" {
		return f.Key
	}
	key := "error." + f.status()
	if !ui.L(ctx).Has(key + ".title") {
		return "error.500"
	}
	return key
}

func (f Failure) title(ctx context.Context) string { return ui.T(ctx, f.key(ctx)+".title") }
func (f Failure) text(ctx context.Context) string  { return ui.T(ctx, f.key(ctx)+".text", f.Args...) }
