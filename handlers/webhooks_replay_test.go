package handlers_test

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/store"
)

// horn is a company whose webhooks are genuine if they carry the account's key, and never about a payout of ours.
type horn struct {
	tillAccount
	key string
}

func (h horn) ReadWebhook(_ context.Context, w providers.Webhook) (providers.Event, error) {
	step := providers.Step{Name: "signature", OK: w.Header.Get("Key") == h.key, Note: "Key"}.Compared([]byte("abcdefgh"), hex.EncodeToString([]byte("zyx"))).
		Over("&", []string{"amount", "name"}, map[string]string{"amount": "1234.56", "name": "Ama Owusu"})
	if !step.OK {
		return providers.Event{}, &providers.Error{Code: "signature", Steps: []providers.Step{step}, Reply: &providers.Reply{Status: 403}}
	}
	return providers.Event{Name: "login", Ignore: true, Steps: []providers.Step{step}, Reply: providers.Reply{Status: 200}}, nil
}

// hornDesk is a console with an account at the horn, whose key is "first".
func hornDesk(t *testing.T) (*site, store.Account) {
	t.Helper()
	def := newTill().definition()
	def.ID, def.Name, def.Webhooks = "horn", "Horn", providers.WebhooksByHand
	def.Open = func(c providers.Config) (providers.Provider, error) {
		return horn{tillAccount{newTill()}, c.Settings.Get("key")}, nil
	}
	s := newSite(t, func(c *web.Config) { c.Providers = []providers.Definition{def} })
	boss := s.setup()
	st := s.store(boss, "Kora Market")
	s.person("Marit de Graaf", maritMail, accountantOf(st))
	a, err := s.admin.Stores.Connect(t.Context(), boss, store.Connection{Store: st.ID, Provider: "horn", Live: true, Label: "Horn Lomé", Settings: map[string]string{"key": "first"}})
	if err != nil {
		t.Fatal(err)
	}
	return s, a
}

// blow posts a message of the horn.
func (s *site) blow(a store.Account, key, body string) {
	s.t.Helper()
	s.clock.Add(time.Second)
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/hooks/"+a.Token, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Key", key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = res.Body.Close()
}

// TestWebhookPanel: why a message was refused is answered on its page, and which secret would have fitted.
func TestWebhookPanel(t *testing.T) {
	s, a := hornDesk(t)
	s.blow(a, "second", `{"a":1}`)
	page := s.newest()
	for _, text := range []string{"Signature", "Expected 61626364…", "7a7978…", "··4.56", "··wusu", "None of those that may fit", "Not reached", "Horn Lomé", "7 bytes"} {
		if !page.says(text) {
			t.Errorf("the page lacks %q", text)
		}
	}
	if page.says("1234.56") || page.says("Ama") {
		t.Error("what is signed is not masked")
	}
	checkPage(t, page)
	marit := s.signIn(maritMail)
	marit.get(strings.TrimPrefix(page.path, s.base()))
	page = marit.submit("form[id=older]", nil)
	if !page.says("No version of the settings fits") || !page.says("Held against older secrets by Marit de Graaf") || !page.says("None fits") {
		t.Errorf("got %q", page.text("main"))
	}
	if _, err := s.admin.Stores.ReplaceSettings(t.Context(), s.byEmail("ifeoma@kora.example"), a.ID, map[string]string{"key": "second"}); err != nil {
		t.Fatal(err)
	}
	if page = marit.submit("form[id=older]", nil); !page.says("These versions of the settings fit: 2") {
		t.Errorf("got %q", page.text("main"))
	}
	checkPage(t, page)
}

// TestReplayPages: the preview says how many would change, whoever asks; only a super admin may go on, and then it is done once.
func TestReplayPages(t *testing.T) {
	s, a := hornDesk(t)
	for _, body := range []string{"1", "2", "3"} {
		s.blow(a, "second", body)
	}
	s.blow(a, "third", "4")
	if _, err := s.admin.Stores.ReplaceSettings(t.Context(), s.byEmail("ifeoma@kora.example"), a.ID, map[string]string{"key": "second"}); err != nil {
		t.Fatal(err)
	}
	marit := s.signIn(maritMail)
	page := marit.get("/webhooks/replay?all=1&verdict=forged")
	if !page.says("3 of 4 would change something") || page.find("input[name=ids]") != nil || !page.says("A super admin may replay them") {
		t.Errorf("an accountant: got %q", page.text("main"))
	}
	checkPage(t, page)
	ids := attr(s.get("/webhooks/replay?all=1&verdict=forged").find("input[name=ids]"), "value")
	if page = marit.post("/webhooks/replay", url.Values{"ids": {ids}}); page.status != http.StatusForbidden {
		t.Errorf("an accountant: got %d", page.status)
	}
	page = s.get("/webhooks")
	boxes := page.all("#webhooks input[name=hook]")
	if len(boxes) != 4 {
		t.Fatalf("got %d boxes", len(boxes))
	}
	page = s.get("/webhooks/replay?hook=" + attr(boxes[0], "value") + "&hook=" + attr(boxes[1], "value"))
	if !page.says("1 of 2 would change something") || !page.says("The signature does not fit") {
		t.Errorf("two: got %q", page.text("main"))
	}
	checkPage(t, page)
	s.get("/webhooks/replay?all=1")
	if page = s.submit("main form", nil); !page.says("3 of 4 changed something") {
		t.Errorf("done: got %q", page.text("body"))
	}
	if page = s.get("/webhooks/replay?all=1"); !page.says("0 of 4 would change something") || page.find("input[name=ids]") != nil {
		t.Errorf("again: got %q", page.text("main"))
	}
	if page = s.post("/webhooks/replay", url.Values{"ids": {ids}}); !page.says("0 of 4 changed something") {
		t.Errorf("again: got %q", page.text("body"))
	}
	if page = s.get("/webhooks?verdict=ignored"); rowsOf(page) != 3 {
		t.Errorf("got %d taken in, want 3", rowsOf(page))
	}
	page = s.get(strings.TrimPrefix(attr(page.find("#webhooks tbody a"), "href"), s.base()))
	if !page.says("Replayed by Ifeoma Lindqvist") || !page.says("Version 2 of the account’s settings") {
		t.Errorf("its page: got %q", page.text("main"))
	}
	for path, want := range map[string]int{"/webhooks/replay": 200, "/webhooks/replay?hook=no-such": 404, "/webhooks/replay?hook=%00": 404} {
		if page := s.get(path); page.status != want {
			t.Errorf("%s: got %d, want %d", path, page.status, want)
		}
	}
	for _, bad := range []url.Values{{}, {"ids": {""}}, {"ids": {strings.Repeat("x", 50_000)}}, {"ids": {"a", "b"}}, {"ids": {"no-such"}}} {
		if page := s.post("/webhooks/replay", bad); page.status < 400 || page.status >= 500 {
			t.Errorf("%.40v: got %d", bad, page.status)
		}
	}
}

// TestHookDays: how long webhooks are kept whole is set on the page of settings.
func TestHookDays(t *testing.T) {
	s, _ := hornDesk(t)
	page := s.get("/settings")
	checkPage(t, page)
	if got := shown(page.find("form[id=hook-days]")).Get("days"); got != "400" {
		t.Errorf("got %s days at first", got)
	}
	s.submit("form[id=hook-days]", url.Values{"days": {"90"}})
	if got := shown(s.page.find("form[id=hook-days]")).Get("days"); got != "90" || !s.page.says("Older webhooks are emptied within a day") {
		t.Errorf("got %s days", got)
	}
	for _, bad := range []string{"", "1", "-1", "99999999999999999999", "x"} {
		if page := s.post("/settings/webhooks", url.Values{"days": {bad}}); page.status != http.StatusUnprocessableEntity {
			t.Errorf("%q: got %d", bad, page.status)
		}
		s.get("/settings")
	}
	marit := s.signIn(maritMail)
	if page := marit.post("/settings/webhooks", url.Values{"days": {"30"}}); page.status != http.StatusForbidden {
		t.Errorf("an accountant: got %d", page.status)
	}
}

// raw runs a statement past the console.
func (s *site) raw(query string, args ...any) {
	s.t.Helper()
	d, err := sql.Open("sqlite", "file:"+s.cfg.Database+"?_pragma=busy_timeout(5000)")
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = d.Close() }() // what counts is checked
	if _, err := d.ExecContext(s.t.Context(), query, args...); err != nil {
		s.t.Fatal(err)
	}
}

// TestRadarPage: payouts that end without a webhook, or do not end, stand on top of the inbox.
func TestRadarPage(t *testing.T) {
	s, a := hornDesk(t)
	add := func(id, state string, age time.Duration, ended int64) {
		t.Helper()
		at := s.clock.Now().Add(-age).UnixMilli()
		s.raw(`insert into payouts (id, store, account, provider, live, state, version, input, content, method, author, editors, created_at, updated_at, ended_at)
			values ($1, $2, $3, 'horn', 1, $4, 1, '{}', '{}', 'mm_bj', '', '[]', $5, $5, $6)`, id, string(a.Store), string(a.ID), state, at, ended*(at+60_000))
		s.raw(`insert into attempts (payout, no, account, decision, reference, epoch, started_at) values ($1, 1, $2, 1, $1, 1, $3)`, id, string(a.ID), at)
	}
	if page := s.get("/webhooks"); page.says("News that are missing") {
		t.Error("something is missing before anything was sent")
	}
	add("LATE00000000", "accepted", 25*time.Hour, 0)
	page := s.get("/webhooks")
	if !page.says("Horn Lomé: the provider is quiet") || !page.says("1 payout takes longer than 24 hours") {
		t.Errorf("got %q", page.text("#inbox"))
	}
	for i := range 5 {
		add(fmt.Sprintf("DONE0000000%d", i), "paid", time.Duration(i+1)*time.Hour, 1)
	}
	s.clock.Add(6 * time.Minute) // what was learned is looked up again
	page = s.get("/webhooks")
	if !page.says("Horn Lomé: our address is not reached") || !page.says("The last 5 payouts ended without a webhook") || !page.says("Half of the last 5 took up to 1 minute") {
		t.Errorf("got %q", page.text("#inbox"))
	}
	checkPage(t, page)
	if page := s.signIn(maritMail).get("/webhooks"); !page.says("our address is not reached") {
		t.Error("an accountant of the store is not told")
	}
	if page := s.get("/webhooks?q=x"); page.says("our address is not reached") {
		t.Error("it stands above what is searched")
	}
}
