package handlers_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/store"
)

// sinks is everything that leaves the console, gathered while it is used.
type sinks struct {
	mu  sync.Mutex
	all map[string]*bytes.Buffer
}

func (s *sinks) add(name string, b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all[name] == nil {
		s.all[name] = &bytes.Buffer{}
	}
	s.all[name].Write(b)
}

// Write takes the log.
func (s *sinks) Write(b []byte) (int, error) {
	s.add("log", b)
	return len(b), nil
}

// RoundTrip keeps every answer: where it leads, its headers, its body. Cookies are the one place for a session's secret.
func (s *sinks) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	header := res.Header.Clone()
	header.Del("Set-Cookie")
	var text bytes.Buffer
	_ = header.Write(&text) // to memory
	s.add("answer of "+r.Method+" "+r.URL.Path, append(text.Bytes(), body...))
	return res, nil
}

// canaries are secrets by name. What is shown once, on purpose, names the answer that shows it.
type canary struct{ name, secret, shownBy string }

// looks is how a secret may look elsewhere.
func (c canary) looks() []string {
	raw := []byte(c.secret)
	return []string{c.secret, url.QueryEscape(c.secret), url.PathEscape(c.secret), hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw),
		base64.RawURLEncoding.EncodeToString(raw), strings.ToLower(c.secret), strings.ReplaceAll(c.secret, "-", "")}
}

// Invariant 15: secrets go in and never out. More than thirty of them go through every flow, errors forced; none is in any answer, the
// log, the database and what lies beside it, a backup or an export.
func TestInvariant15NoSecretLeaves(t *testing.T) {
	s := &sinks{all: map[string]*bytes.Buffer{}}
	var canaries []canary
	plant := func(name, secret, shownBy string) string {
		canaries = append(canaries, canary{name, secret, shownBy})
		return secret
	}
	echoed := plant("key the provider echoes", "CANARY-echo-0b7e1c55", "")
	company := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"message":"no account with key `+echoed+`"}`, http.StatusInternalServerError)
	}))
	defer company.Close()
	d := &desk{site: newSite(t, func(c *web.Config) {
		c.Providers, c.ProviderURLs = []providers.Definition{kioskDefinition()}, []string{"kiosk=" + company.URL}
		c.Log = slog.New(slog.NewJSONHandler(s, &slog.HandlerOptions{Level: slog.LevelDebug}))
		c.Anchor = filepath.Join(t.TempDir(), "anchor")
	})}
	plant("master key", strings.Repeat("k", 32), "")
	d.client.Transport = s
	d.ifeoma = d.setup()
	plant("password", password, "")
	d.tomas, d.st = d.person("Tomás Arriagada", tomasMail, super()), d.store(d.ifeoma, "Lantern House")
	d.lan = d.person("Lan Phương Đỗ", lanMail, merchant(d.st))

	tomas, lan := d.watched(s, tomasMail), d.watched(s, lanMail)
	for i := range 6 { // accounts, each with a key that is replaced
		first := plant(fmt.Sprint("key of account ", i), fmt.Sprintf("CANARY-key-%d-5e90b7", i), "")
		if i == 0 {
			first = echoed
		}
		a, err := d.admin.Stores.Connect(t.Context(), d.lan, store.Connection{Store: d.st.ID, Provider: "kiosk", Live: true, Label: fmt.Sprint("Kiosk ", i), Settings: map[string]string{"key": first}})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			d.account = a
			continue
		}
		again := plant(fmt.Sprint("replaced key of account ", i), fmt.Sprintf("CANARY-again-%d-77a1c2", i), "")
		if _, err := d.admin.Stores.ReplaceSettings(t.Context(), d.lan, a.ID, map[string]string{"key": again}); err != nil {
			t.Fatal(err)
		}
		lan.get("/accounts/" + string(a.ID))
		lan.get("/accounts/" + string(a.ID) + "/keys")
	}
	if _, err := d.admin.Companies.Check(t.Context(), d.lan, d.account); err == nil {
		t.Log("the test call passed")
	}

	code := d.authenticator(d.tomas)
	key, _ := d.admin.Access.NewTOTP(d.tomas)
	plant("a seed nobody took", key.Secret(), "")
	tomas.get("/me/totp")
	tomas.get("/me/recovery")
	p := tomas.submit("main form", url.Values{"code": {code()}})
	for i, one := range strings.Fields(p.text("pre")) {
		plant(fmt.Sprint("recovery code ", i), one, "POST /me/recovery")
	}
	token, _, err := d.admin.Access.Invite(t.Context(), d.ifeoma, "nobody@kora.example", "Nobody", []access.Grant{{Role: access.Accountant, Store: d.st.ID}})
	if err != nil {
		t.Fatal(err)
	}
	plant("invitation", token, "")
	link, _, err := d.admin.Access.OfferPassword(t.Context(), d.ifeoma, d.lan.ID)
	if err != nil {
		t.Fatal(err)
	}
	plant("password link", link, "")
	for name, b := range map[string]*browser{"Tomás": tomas, "Lan": lan} {
		at, _ := url.Parse(b.url)
		for _, c := range b.client.Jar.Cookies(at) {
			plant("session of "+name, c.Value, "")
		}
	}

	b := d.another(t) // a visitor who gets everything wrong
	b.client.Transport = s
	b.get("/login")
	b.submit("main form", url.Values{"email": {lanMail}, "password": {plant("password typed wrong", "CANARY wrong horse 41", "")}})
	b.get("/login")
	b.submit("main form", url.Values{"email": {plant("password typed as address", "CANARY-oops-as-mail", "POST /login")}, "password": {"x"}})
	b.header.Set("Authorization", "Bearer "+plant("token of a webhook", "CANARY-bearer-99", ""))
	b.do(http.MethodPost, b.url+"/hooks/"+d.account.Token, url.Values{"a": {"b"}})
	b.do(http.MethodPost, b.url+"/hooks/nobody", url.Values{"a": {"b"}})
	b.get("/setup?token=" + plant("guess at the set-up link", "CANARY-setup-guess", "GET /setup"))
	b.get("/invite/" + "CANARY-not-a-link")

	asked := d.waiting(d.lan, "12.50") // the provider answers 500 with the key in it
	tomas.get("/approvals/" + string(asked.ID))
	tomas.submit(".decision__approve", nil)
	tomas.submit(".decision__act", url.Values{"code": {"000000"}})
	d.clock.Add(31e9)
	tomas.submit(".decision__act", url.Values{"code": {code()}})
	d.send(asked.ID)
	for _, path := range []string{"/", "/payouts", "/payouts/" + string(asked.ID), "/review", "/review/" + string(asked.ID), "/accounts", "/accounts/" + string(d.account.ID), "/webhooks", "/people", "/people/" + string(d.lan.ID),
		"/policies", "/audit", "/audit.jsonl", "/settings", "/me", "/freeze", "/nowhere", "/payouts/new", "/approvals/batch"} {
		tomas.get(path)
	}
	tomas.do(http.MethodPost, tomas.url+"/settings", url.Values{"mode": {"three"}, "unknown": {"x"}})

	backup := filepath.Join(t.TempDir(), "b")
	if _, err := d.app.Backup(t.Context(), backup, func(string) {}); err != nil {
		t.Fatal(err)
	}
	s.folder(t, filepath.Dir(d.cfg.Database))
	s.folder(t, filepath.Dir(backup))
	s.folder(t, filepath.Dir(d.cfg.Anchor))
	if len(canaries) < 30 {
		t.Fatalf("got %d canaries, want at least 30", len(canaries))
	}
	found := 0
	for sink, text := range s.all {
		for _, c := range canaries {
			for _, look := range c.looks() {
				if len(look) >= 8 && sink != "answer of "+c.shownBy && bytes.Contains(text.Bytes(), []byte(look)) {
					found++
					t.Errorf("%s is in %s", c.name, sink)
				}
			}
		}
	}
	t.Logf("%d canaries, %d sinks, %d found", len(canaries), len(s.all), found)
}

// watched is a browser whose answers are kept.
func (d *desk) watched(s *sinks, email string) *browser {
	d.t.Helper()
	b := d.signIn(email)
	b.client.Transport = s
	return b
}

// folder takes in every file of a folder.
func (s *sinks) folder(t *testing.T, path string) {
	t.Helper()
	err := filepath.WalkDir(path, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		s.add("file "+filepath.Base(name), b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
