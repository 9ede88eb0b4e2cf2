package layout_test

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/i18n"
	"github.com/paywicket/paywicket/views/layout"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/store"
)

func request(t *testing.T, role access.Role) views.Request {
	t.Helper()
	b, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	grant := access.Grant{Role: role, Store: "a"}
	if role == access.SuperAdmin {
		grant.Store = ""
	}
	return views.Request{
		Base: "/desk", Path: "/desk/payouts/p1", Language: "en", Localizer: b.Localizer("en"), SignedIn: role != "", CSRF: "tok3n",
		Now: time.Date(2026, 11, 20, 21, 0, 0, 0, time.UTC), Version: "1.2.3", Waiting: 4,
		Person: access.Person{ID: "p", Name: "Ifeoma Lindqvist", Grants: []access.Grant{grant}},
		Stores: []store.Store{{ID: "a", Name: "Kora Market"}, {ID: "b", Name: "Andes Outlet"}},
	}
}

func draw(t *testing.T, r views.Request, c templ.Component) string {
	t.Helper()
	child := templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, "<h1>Here</h1>")
		return err
	})
	var b bytes.Buffer
	if err := c.Render(templ.WithChildren(views.With(t.Context(), r), child), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func menu(html string) []string {
	nav := html[strings.Index(html, `<nav class="nav"`):]
	nav = nav[:strings.Index(nav, "</nav>")]
	var words []string
	for _, m := range regexp.MustCompile(`<a class="nav__item"[^>]*>([^<]*)`).FindAllStringSubmatch(nav, -1) {
		words = append(words, strings.TrimSpace(m[1]))
	}
	return words
}

func TestMenuShowsWhatIsAllowed(t *testing.T) {
	for role, want := range map[access.Role][]string{
		access.SuperAdmin:    {"Home", "Approvals", "Payouts", "Webhooks", "Books", "Accounts", "Stores", "People", "Rules", "Audit", "Settings"},
		access.MerchantAdmin: {"Home", "Payouts", "Webhooks", "Accounts", "Stores"},
		access.Accountant:    {"Home", "Payouts", "Webhooks", "Books", "Accounts", "Audit"},
	} {
		if diff := cmp.Diff(want, menu(draw(t, request(t, role), layout.Page("Payouts", layout.Opts{})))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", role, diff)
		}
	}
}

func TestReviewIsInTheMenuWhenThereIsSome(t *testing.T) {
	r := request(t, access.Accountant)
	r.Review = 2
	if got := menu(draw(t, r, layout.Page("Payouts", layout.Opts{}))); !slices.Contains(got, "Needs review") {
		t.Errorf("got %q", got)
	}
}

func TestCurrentPlace(t *testing.T) {
	for path, want := range map[string]string{
		"/desk/payouts/p1": "/desk/payouts", "/desk/payouts": "/desk/payouts", "/desk/": "/desk/", "/desk": "/desk/", "/desk/approvals": "/desk/approvals", "/desk/me": "",
	} {
		r := request(t, access.SuperAdmin)
		r.Path = path
		html := draw(t, r, layout.Page("Payouts", layout.Opts{}))
		found := regexp.MustCompile(`href="([^"]*)" aria-current="page"`).FindAllStringSubmatch(html, -1)
		got := ""
		if len(found) == 1 {
			got = found[0][1]
		}
		if got != want || len(found) > 1 {
			t.Errorf("%s: got %v, want %q", path, found, want)
		}
	}
}

func TestPage(t *testing.T) {
	r := request(t, access.SuperAdmin)
	r.Theme, r.Mode, r.Frozen = "dark", views.Test, "Sending is frozen since 21:40."
	r.Flash = []views.Flash{{Text: "Saved."}}
	html := draw(t, r, layout.Page("Payouts", layout.Opts{Scripts: []string{"js/app.js"}, Foot: []string{"Audit chain verified"}}))
	for _, want := range []string{
		`<html lang="en" data-theme="dark">`, "<title>Payouts · Paywicket</title>", `href="#main"`, `<main class="page page--test" id="main"`,
		"Test mode: no real money moves", "Sending is frozen since 21:40.", `name="htmx-config"`, "Paywicket 1.2.3", "Times in UTC",
		`id="flash" role="status" aria-live="polite"`, "Saved.", `<form method="post" action="/desk/logout"`, `name="csrf" value="tok3n"`,
		"super admin", `href="/desk/payouts?store=b"`, "Audit chain verified", `>4 <span class="hidden"> waiting</span>`, "<h1>Here</h1>",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestSignedOutPageHasNoMenu(t *testing.T) {
	html := draw(t, request(t, ""), layout.Narrow("Sign in", layout.Opts{}))
	for _, unwanted := range []string{"<nav", "Kora Market", "Ifeoma", "find"} {
		if strings.Contains(html, unwanted) {
			t.Errorf("the page shows %q", unwanted)
		}
	}
	if !strings.Contains(html, "page--narrow") || strings.Contains(html, "data-theme") {
		t.Error("want a narrow page in the system's theme")
	}
}

func TestErrorPage(t *testing.T) {
	r := request(t, access.Accountant)
	r.RequestID = "7F3K"
	for _, c := range []struct {
		failure layout.Failure
		want    []string
	}{
		{layout.Failure{Status: 404}, []string{"There is nothing here", "Error 404", "7F3K", `href="/desk/"`}},
		{layout.Failure{Status: 401}, []string{"Your session has ended", `href="/desk/login"`}},
		{layout.Failure{Status: 429, Args: []any{"Wait", time.Minute}}, []string{"Wait 1 minute, then try again."}},
		{layout.Failure{Status: 403, Key: "error.csrf"}, []string{"This form is too old", "Error 403"}},
		{layout.Failure{Status: 418}, []string{"Something is broken on our side", "Error 418"}},
	} {
		html := draw(t, r, layout.ErrorPage(c.failure))
		for _, want := range c.want {
			if !strings.Contains(html, want) {
				t.Errorf("%d: no %s", c.failure.Status, want)
			}
		}
	}
}

func TestErrorPageOfNobody(t *testing.T) {
	html := draw(t, views.Request{}, layout.ErrorPage(layout.Failure{Status: 500}))
	if strings.Contains(html, "<nav") || !strings.Contains(html, "<h1>") {
		t.Errorf("got %s", html)
	}
}
