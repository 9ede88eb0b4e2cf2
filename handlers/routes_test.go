package handlers_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/handlers"
	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// visitorRole stands for nobody in the matrix.
const visitorRole access.Role = "visitor"

// cell is one place of the matrix: who asks, and whether what is asked for lies in a store where they have their role.
type cell struct {
	role access.Role
	own  bool
}

// TestRoutes asks for every route as every role, about what is theirs and what is another store's. The table decides
// what must come out (invariant 13: foreign and missing look alike).
func TestRoutes(t *testing.T) {
	m := newMatrix(t)
	cells := 0
	for _, rt := range handlers.RouteTable() {
		if strings.Contains(rt.Pattern, "/hooks/") || strings.Contains(rt.Pattern, "/logout") {
			continue // no session; ends the session
		}
		for _, c := range []cell{{visitorRole, true}, {access.MerchantAdmin, true}, {access.MerchantAdmin, false}, {access.Accountant, true},
			{access.Accountant, false}, {access.SuperAdmin, true}} {
			m.check(t, rt, c)
			cells++
		}
	}
	t.Logf("%d cells", cells)
}

type matrix struct {
	site     *site
	browsers map[access.Role]*browser
	own      objects
	foreign  objects
}

// objects is one of everything in a store.
type objects struct {
	store   store.ID
	account store.AccountID
	payout  payout.ID
	person  access.PersonID
}

func newMatrix(t *testing.T) *matrix {
	s := newSite(t, func(c *web.Config) {
		c.Providers, c.ProviderURLs = []providers.Definition{kioskDefinition()}, []string{"kiosk=http://127.0.0.1:9"}
	})
	first := s.setup()
	mine, other := s.store(first, "Mine"), s.store(first, "Other")
	m := &matrix{site: s, browsers: map[access.Role]*browser{access.SuperAdmin: s.browser, visitorRole: s.another(t)}}
	s.person("Mona", "mona@kora.example", merchant(mine))
	s.person("Alex", "alex@kora.example", accountantOf(mine))
	m.browsers[access.MerchantAdmin] = s.signIn("mona@kora.example")
	m.browsers[access.Accountant] = s.signIn("alex@kora.example")
	m.own, m.foreign = m.fill(t, first, mine), m.fill(t, first, other)
	return m
}

// fill makes one of everything in a store.
func (m *matrix) fill(t *testing.T, by access.Person, st store.Store) objects {
	t.Helper()
	def := kioskDefinition()
	a, err := m.site.admin.Stores.Connect(t.Context(), by, store.Connection{Store: st.ID, Provider: def.ID, Label: "Account", Settings: map[string]string{"key": "k"}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.site.app.Payouts().Draft(t.Context(), by, st.ID, payout.Input{Account: a.ID, Amount: "12"}, "")
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(m.site.url+"/hooks/"+a.Token, "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	m.book(t, a, "M"+payout.ID(strings.ToUpper(st.Name)))
	somebody := m.site.person("Somebody", "somebody."+st.Name+"@kora.example", accountantOf(st))
	return objects{store: st.ID, account: a.ID, payout: p.ID, person: somebody.ID}
}

// book puts a month into the books of an account.
func (m *matrix) book(t *testing.T, a store.Account, id payout.ID) {
	t.Helper()
	data, err := db.Open(t.Context(), m.site.cfg.Database, db.Options{Now: m.site.clock.Now, NewID: func() string { return "x" }})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)
	err = data.Payouts().Insert(t.Context(), &payout.Payout{ID: id, Store: a.Store, State: payout.Paid, Version: 1, CreatedAt: at, UpdatedAt: at, EndedAt: at,
		Content: payout.Content{Account: a.ID, Provider: a.Provider, Live: true, Amount: money.Amount{Minor: 12, Currency: "XOF"}}})
	if err := errors.Join(err, data.Close()); err != nil {
		t.Fatal(err)
	}
}

// path fills in a pattern's wildcards with what is there.
func (o objects) path(pattern string) string {
	_, path, _ := strings.Cut(pattern, " ")
	id := map[string]string{"stores": string(o.store), "accounts": string(o.account), "payouts": string(o.payout), "approvals": string(o.payout),
		"people": string(o.person)}[strings.Split(path, "/")[1]]
	if id == "" {
		id = "missing"
	}
	path = strings.NewReplacer("{id}", id, "{token}", "missing", "{hash}", "missing",
		"{store}", string(o.store), "{provider}", "kiosk", "{currency}", "XOF", "{month}", "2026-05").Replace(path)
	return strings.TrimSuffix(path, "{$}")
}

func (m *matrix) check(t *testing.T, rt handlers.RouteLine, c cell) {
	t.Helper()
	o := m.own
	if !c.own {
		o = m.foreign
	}
	method, _, _ := strings.Cut(rt.Pattern, " ")
	got := m.ask(t, method, o.path(rt.Pattern), m.browsers[c.role])
	if why := wrong(rt, c, method, got, strings.Contains(rt.Pattern, "{id}") || strings.Contains(rt.Pattern, "{store}")); why != "" {
		t.Errorf("%s as %s (own store: %v): got %d, want %s", rt.Pattern, c.role, c.own, got, why)
	}
}

// ask sends a request and does not follow where it leads.
func (m *matrix) ask(t *testing.T, method, path string, b *browser) int {
	t.Helper()
	client := *b.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	var body io.Reader = http.NoBody
	if method == http.MethodPost {
		body = strings.NewReader(url.Values{"csrf": {m.token(t, b)}}.Encode())
	}
	req, err := http.NewRequestWithContext(t.Context(), method, m.site.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode
}

func (m *matrix) token(t *testing.T, b *browser) string {
	t.Helper()
	if b == m.browsers[visitorRole] {
		return ""
	}
	page := b.get("/me")
	if input := page.find(`input[name="csrf"]`); input != nil {
		return attr(input, "value")
	}
	t.Fatalf("no form with a token on /me: %d", page.status)
	return ""
}

// wrong says what an answer should have been, "" if it is right.
func wrong(rt handlers.RouteLine, c cell, method string, got int, about bool) string {
	person := access.Person{ID: "x", Grants: []access.Grant{{Role: c.role, Store: "s"}}}
	if c.role == access.SuperAdmin {
		person.Grants[0].Store = ""
	}
	switch {
	case got >= 500 && got != http.StatusServiceUnavailable:
		return "no failure of the server"
	case rt.Permission == access.Anyone:
		return ""
	case c.role == visitorRole && method == http.MethodGet:
		return unless(got == http.StatusSeeOther, "303 to the sign-in")
	case c.role == visitorRole:
		return unless(got == http.StatusUnauthorized, "401 with the sign-in")
	case !access.CanSomewhere(person, rt.Permission):
		return unless(got == http.StatusForbidden, "403")
	case !c.own && about && !strings.Contains(rt.Pattern, "/me/"):
		return unless(got == http.StatusNotFound, "404: another store's must look like a missing one")
	case c.own && about && (strings.Contains(rt.Pattern, "/webhooks/") || strings.Contains(rt.Pattern, "/me/sessions/")):
		return unless(got != http.StatusForbidden, "anything but 403")
	}
	return unless(got != http.StatusUnauthorized && got != http.StatusForbidden, "anything but 401 and 403")
}

func unless(ok bool, want string) string {
	if ok {
		return ""
	}
	return want
}

// TestNoOtherRoutes reads the sources: nothing but the table's own code may register a route.
func TestNoOtherRoutes(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || name == "serve.go" {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if f, ok := call.Fun.(*ast.SelectorExpr); ok && (f.Sel.Name == "Handle" || f.Sel.Name == "HandleFunc") {
					t.Errorf("%s registers a route outside the table", name)
				}
			}
			return true
		})
	}
}

// TestUnknownPath: what is in no line of the table is not found, whoever asks.
func TestUnknownPath(t *testing.T) {
	s := newSite(t)
	s.setup()
	for _, path := range []string{"/nothing", "/payouts/x/y/z", "/static/css/none.css", "/%2e%2e/etc/passwd", "/payouts.exe"} {
		if got := s.get(path).status; got != http.StatusNotFound {
			t.Errorf("%s: got %s, want 404", path, strconv.Itoa(got))
		}
	}
}
