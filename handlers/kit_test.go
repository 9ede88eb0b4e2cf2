package handlers_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/store"
	"github.com/paywicket/paywicket/web/vault"
)

// password is everybody's. It is long enough for a super admin.
const password = "violet harbour seventeen kites"

// clock is a time that moves when a test says so. It begins now: the session library looks at the real time.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Add moves the time on.
func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// site is a whole console on a temporary database, reached by HTTP, and one browser that looks at it.
type site struct {
	*browser
	app   *web.App
	admin web.Admin
	clock *clock
	url   string // public address without a slash at its end
	cfg   web.Config
	serve http.Handler
}

// newSite starts a console that is not set up yet.
func newSite(t *testing.T, change ...func(*web.Config)) *site {
	t.Helper()
	s := &site{clock: &clock{at: time.Now().Truncate(time.Second)}}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve.ServeHTTP(w, r) }))
	cfg := web.Config{
		Database: filepath.Join(t.TempDir(), "paywicket.db"), MasterKey: vault.FromBytes([]byte(strings.Repeat("k", 32))),
		Providers: []providers.Definition{{ID: "tiny", Name: "Tiny"}}, PublicURL: "http://" + server.Listener.Addr().String(),
		Log: slog.New(slog.DiscardHandler), Now: s.clock.Now, Version: "1.2.3",
	}
	for _, c := range change {
		c(&cfg)
	}
	app, err := web.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.serve, s.app, s.admin, s.url, s.cfg = app, app, app.Admin(), cfg.PublicURL, cfg
	server.Start()
	t.Cleanup(func() {
		server.Close()
		if err := s.app.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	s.browser = s.another(t)
	return s
}

// restart closes the console, lets between do something to its files, and starts it again.
func (s *site) restart(between func(database string)) {
	s.t.Helper()
	if err := s.app.Close(); err != nil {
		s.t.Fatal(err)
	}
	between(s.cfg.Database)
	app, err := web.New(s.t.Context(), s.cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	s.serve, s.app, s.admin = app, app, app.Admin()
}

// another is a further browser, with cookies of its own.
func (s *site) another(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, url: s.url, client: &http.Client{Jar: jar}, header: http.Header{}}
}

// setup does the first set-up and leaves the browser signed in as "Ifeoma Lindqvist", ifeoma@kora.example.
func (s *site) setup() access.Person {
	s.t.Helper()
	link, err := s.app.SetupLink(s.t.Context())
	if err != nil || link == "" {
		s.t.Fatalf("set-up link: %q, %v", link, err)
	}
	s.get(strings.TrimPrefix(link, s.url))
	s.submit("main form", url.Values{"name": {"Ifeoma Lindqvist"}, "email": {"ifeoma@kora.example"}, "password": {password}, "mode": {"two"}})
	if s.page.path != s.base()+"/" {
		s.t.Fatalf("set-up: got %d at %s: %s", s.page.status, s.page.path, s.page.text(".form__errors"))
	}
	return s.byEmail("ifeoma@kora.example")
}

func (s *site) byEmail(email string) access.Person {
	s.t.Helper()
	people, err := s.admin.Access.People(s.t.Context())
	i := slices.IndexFunc(people, func(p access.Person) bool { return p.Email == email })
	if err != nil || i < 0 {
		s.t.Fatalf("nobody is %s: %v", email, err)
	}
	return people[i]
}

// super, merchant and accountant make roles for person.
func super() access.Grant { return access.Grant{Role: access.SuperAdmin} }
func merchant(st store.Store) access.Grant {
	return access.Grant{Role: access.MerchantAdmin, Store: st.ID}
}
func accountantOf(st store.Store) access.Grant {
	return access.Grant{Role: access.Accountant, Store: st.ID}
}

// person makes somebody whose password is password.
func (s *site) person(name, email string, grants ...access.Grant) access.Person {
	s.t.Helper()
	p, err := s.admin.Access.AddDirect(s.t.Context(), access.Person{Name: name, Email: email, Grants: grants}, password)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// store opens a store as the person, who must be allowed to.
func (s *site) store(by access.Person, name string) store.Store {
	s.t.Helper()
	st, err := s.admin.Stores.OpenStore(s.t.Context(), by, name, "Africa/Porto-Novo")
	if err != nil {
		s.t.Fatal(err)
	}
	return st
}

// signIn signs somebody in, in a browser of their own.
func (s *site) signIn(email string) *browser {
	s.t.Helper()
	b := s.another(s.t)
	b.get("/login")
	b.submit("main form", url.Values{"email": {email}, "password": {password}})
	if b.page.path != b.base()+"/" {
		s.t.Fatalf("sign in %s: got %d at %s: %s", email, b.page.status, b.page.path, b.page.text(".form__errors"))
	}
	return b
}

// browser asks for pages, keeps cookies, follows redirects. Paths are below the mount path.
type browser struct {
	t      *testing.T
	url    string
	client *http.Client
	header http.Header // sent with every request
	page   *page
}

// base is the mount path.
func (b *browser) base() string {
	u, err := url.Parse(b.url)
	if err != nil {
		b.t.Fatal(err)
	}
	return u.Path
}

// get asks for a page.
func (b *browser) get(path string) *page {
	b.t.Helper()
	return b.do(http.MethodGet, b.url+path, nil)
}

// post sends a form with the token of the page that is shown. What values hold comes first.
func (b *browser) post(path string, values url.Values) *page {
	b.t.Helper()
	form := url.Values{}
	if b.page != nil && b.page.find("input[name=csrf]") != nil {
		form.Set("csrf", attr(b.page.find("input[name=csrf]"), "value"))
	}
	for name, v := range values {
		form[name] = v
	}
	return b.do(http.MethodPost, b.url+path, form)
}

// submit fills in the first form that the selector finds on the page that is shown, and sends it as a browser does.
func (b *browser) submit(selector string, values url.Values) *page {
	b.t.Helper()
	f := b.page.find(selector)
	if f == nil {
		b.t.Fatalf("%s: no %s on the page, which says: %s", b.page.path, selector, b.page.text("main"))
	}
	form := shown(f)
	for name, v := range values {
		if _, there := form[name]; !there && find(f, "[name="+name+"]") == nil {
			b.t.Fatalf("%s: the form has no %s", b.page.path, name)
		}
		form[name] = v
	}
	return b.do(http.MethodPost, b.url+strings.TrimPrefix(attr(f, "action"), b.base()), form)
}

func (b *browser) do(method, address string, form url.Values) *page {
	b.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, address, body)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header = b.header.Clone()
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	root, err := html.Parse(strings.NewReader(string(text)))
	if err != nil {
		b.t.Fatal(err)
	}
	b.page = &page{status: res.StatusCode, path: res.Request.URL.Path, header: res.Header, body: string(text), root: root}
	return b.page
}

// page is an answer.
type page struct {
	status int
	path   string // where redirects led, with the mount path
	header http.Header
	body   string
	root   *html.Node
}

func (p *page) find(selector string) *html.Node  { return find(p.root, selector) }
func (p *page) all(selector string) []*html.Node { return findAll(p.root, selector) }

// text is the words of the first element that the selector finds, with single spaces; "" if there is none.
func (p *page) text(selector string) string { return words(p.find(selector)) }

// says reports whether the page's words hold some text.
func (p *page) says(text string) bool { return strings.Contains(words(find(p.root, "body")), text) }
