package handlers_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/moneroo"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/demo"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// journey is a console whose Moneroo answers and reports, as its simulator does.
func journey(t *testing.T) *desk {
	t.Helper()
	t.Parallel()
	d, def := &desk{}, moneroo.Definition()
	var hooks []string
	sim := httptest.NewUnstartedServer(nil)
	d.site = newSite(t, func(c *web.Config) {
		sim.Config.Handler = def.Simulator(providers.SimulatorConfig{Settings: demo.Settings(def), Now: c.Now, Deliver: demo.Deliver,
			After: func(_ time.Duration, f func()) { time.AfterFunc(5*time.Millisecond, f) }, WebhookURLs: func() []string { return hooks }})
		sim.Start()
		t.Cleanup(sim.Close)
		c.Providers, c.ProviderURLs, c.Simulate = []providers.Definition{def}, []string{"moneroo=" + sim.URL}, true
	})
	d.ifeoma = d.setup()
	d.st = d.store(d.ifeoma, "Kora Market")
	d.lan = d.person("Lan Phương Đỗ", lanMail, merchant(d.st))
	d.person("Marit de Graaf", maritMail, accountantOf(d.st))
	var err error
	if d.account, err = d.admin.Stores.Connect(t.Context(), d.lan, store.Connection{Store: d.st.ID, Provider: "moneroo", Live: true,
		Label: "Moneroo Benin", Settings: demo.Settings(def)}); err != nil {
		t.Fatal(err)
	}
	hooks = []string{d.app.HookLink(d.account)}
	return d
}

func (d *desk) pay(amount string) *payout.Payout {
	d.t.Helper()
	p, err := d.app.Payouts().Draft(d.t.Context(), d.lan, d.st.ID, payout.Input{Account: d.account.ID, Method: "mtn_bj", Amount: amount, Language: "en",
		Description: "Rent of the stall", Details: map[string]string{"msisdn": "22997000926", "first_name": "Koffi", "last_name": "Agbodjan", "email": "k@kora.example"}}, "")
	if err != nil {
		d.t.Fatal(err)
	}
	form, err := d.admin.Companies.Form(d.t.Context(), d.account, "mtn_bj")
	if err != nil {
		d.t.Fatal(err)
	}
	if p, err = d.app.Payouts().Submit(d.t.Context(), d.lan, p.ID, form); err != nil {
		d.t.Fatal(err)
	}
	d.approve(d.signIn(ifeomaMail), p.ID)
	return p
}

// settle lets the sender run until a payout has come to its end.
func (d *desk) settle(id payout.ID) {
	d.t.Helper()
	ctx, stop := contextFor(d.t, 20*time.Second)
	done := make(chan error, 1)
	go func() { done <- d.app.Run(ctx) }()
	for !d.now(id).State.Final() && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	if err := <-done; err != nil {
		d.t.Fatal(err)
	}
}

// The page tells everything that happened, in its order, from the draft to the provider's last word.
func TestPayoutStory(t *testing.T) {
	d := journey(t)
	p := d.pay("85,000")
	d.settle(p.ID)
	d.wantState(p.ID, payout.Paid)
	page := d.signIn(maritMail).get("/payouts/" + string(p.ID))
	checkPage(t, page)
	var told []string
	for _, li := range page.all(".timeline__what") {
		told = append(told, words(li))
	}
	story := strings.Join(told, "\n")
	last := -1
	for _, text := range []string{"Lan Phương Đỗ drafted it", "Lan Phương Đỗ asked for approval", "Ifeoma Lindqvist approved with a password",
		"Sent as", "Accepted by provider as po_", "Moneroo says", "Asked Moneroo where it stands", "Paid as po_"} {
		at := strings.LastIndex(story, text)
		if at < 0 || at < last && text != "Asked Moneroo where it stands" {
			t.Errorf("%q is missing or out of order:\n%s", text, story)
		}
		last = at
	}
	for _, want := range []string{"POST ", "/v1/payouts/initialize", "HTTP 201", "“Rent of the stall”"} {
		if !page.says(want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if page.find(".timeline__body a[href]") == nil || !strings.HasPrefix(attr(page.find(".timeline__body a[href]"), "href"), "/webhooks/") {
		t.Error("no way to a webhook")
	}
	if secret := demo.Settings(moneroo.Definition())["secret_key"]; strings.Contains(page.body, secret) {
		t.Error("the page holds a key")
	}
	if got := page.text(".pairs--sum .pairs__row--total"); !strings.Contains(got, "Left the store") || !strings.Contains(got, "85,000") {
		t.Errorf("got %q", got)
	}
	if len(page.all(".form__actions")) != 1 || page.find(".form[action=/payouts/"+string(p.ID)+"/reveal]") == nil || page.find("#payout[hx-get]") != nil {
		t.Errorf("an accountant is offered something: %s", page.text(".form__actions"))
	}
}

func TestPayoutStoryInFrench(t *testing.T) {
	d := journey(t)
	p := d.pay("64,001") // fails later
	d.settle(p.ID)
	d.wantState(p.ID, payout.Failed)
	b := d.signIn(lanMail)
	b.header.Set("Accept-Language", "fr")
	page := b.get("/payouts/" + string(p.ID))
	checkPage(t, page)
	for _, want := range []string{"Moneroo n’a pas pu le payer", "Le bénéficiaire n’a rien reçu.", "Ifeoma Lindqvist a approuvé", "Corriger et redemander", "Échoué"} {
		if !page.says(want) {
			t.Errorf("the page does not say %q:\n%s", want, page.text("main"))
		}
	}
}

// ofEachState puts one payout of each state into a store.
func (s *past) ofEachState() map[payout.State]*payout.Payout {
	s.t.Helper()
	all := map[payout.State]*payout.Payout{}
	for i, state := range payout.States() {
		at := s.clock.Now().Add(-time.Hour)
		p := &payout.Payout{ID: payout.ID(fmt.Sprintf("E%011d", i)), Store: s.kora.ID, State: state, Version: 1, Author: s.byEmail(lanMail).ID,
			Reason: "words of the company", CreatedAt: at, UpdatedAt: at, SubmittedAt: at,
			Content: payout.Content{Account: "a1", Provider: "moneroo", Company: "Moneroo", Live: true, Method: "m", MethodName: "MTN",
				Amount: money.Amount{Minor: 85000, Currency: "XOF"}, Details: []payout.Detail{{Name: "msisdn", Value: "22997000926", Role: providers.RolePhone}}}}
		p.Editors = append(p.Editors, p.Author)
		if state == payout.Draft || state == payout.Discarded {
			p.Content = payout.Content{}
		}
		if state.InFlight() || state.Final() && len(p.Content.Details) > 0 && state != payout.Rejected && state != payout.Withdrawn {
			p.Attempts = []payout.Attempt{{No: 1, Decision: 1, Reference: "REF" + string(p.ID), StartedAt: at}}
		}
		all[state] = p
		s.insert(p)
	}
	return all
}

// Everybody is offered what they may do, and nothing else.
func TestPayoutActs(t *testing.T) {
	s := newPast(t, 0)
	all := s.ofEachState()
	correct, draft := []string{"new?follows="}, []string{"edit", "withdraw"}
	type want struct{ merchant, accountant, super []string }
	both := func(acts ...string) want { return want{merchant: acts, super: acts} }
	everybody := func(acts ...string) want { return want{acts, acts, acts} }
	table := map[payout.State]want{
		payout.Draft:     both("discard", "edit"),
		payout.Submitted: {merchant: draft, super: []string{"approvals", "edit", "withdraw"}},
		payout.Approved:  both(draft...),
		payout.Sending:   {},
		payout.Accepted:  everybody("lookup"),
		payout.Unknown:   everybody("lookup", "review"),
		payout.NotSent:   both("again", "new?follows="), payout.Refused: both("again", "new?follows="), payout.NotExecuted: both("again", "new?follows="),
		payout.Paid: both("new?from="), payout.Failed: both(correct...), payout.Cancelled: both(correct...), payout.Returned: both(correct...),
		payout.Rejected: both(correct...), payout.Withdrawn: both(correct...), payout.Discarded: both(correct...),
	}
	merchant, accountant := s.signIn(lanMail), s.signIn(maritMail)
	for state, want := range table {
		for _, c := range []struct {
			b    *browser
			want []string
		}{{merchant, want.merchant}, {accountant, want.accountant}, {s.browser, want.super}} {
			page := c.b.get("/payouts/" + string(all[state].ID))
			checkPage(t, page)
			if diff := cmp.Diff(append([]string{}, c.want...), offered(page, all[state].ID)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", state, diff)
			}
			if badge := page.find(".badge--boxed"); attr(badge, "data-state") != string(state) {
				t.Errorf("%s: badge says %s", state, attr(badge, "data-state"))
			}
		}
	}
}

// offered are the things to do on the page of a payout, by the ends of their addresses.
func offered(p *page, id payout.ID) []string {
	all := []string{}
	add := func(address string) {
		for _, prefix := range []string{"/payouts/" + string(id) + "/", "/payouts/"} {
			if rest, ok := strings.CutPrefix(address, prefix); ok {
				all = append(all, strings.TrimSuffix(rest, string(id)))
				return
			}
		}
		all = append(all, strings.Split(address, "/")[1])
	}
	for _, a := range p.all(".form__actions a") {
		add(attr(a, "href"))
	}
	for _, f := range p.all(".form__actions form") {
		add(attr(f, "action"))
	}
	slices.Sort(all)
	return all
}

// What is on the page's buttons works: a payout is taken back by its own page.
func TestPayoutIsTakenBack(t *testing.T) {
	s := newPast(t, 0)
	p := s.ofEachState()[payout.Approved]
	b := s.signIn(lanMail)
	b.get("/payouts/" + string(p.ID))
	page := b.submit("#ask-stop form", url.Values{})
	if !page.says("Lan Phương Đỗ took it back") || page.status != http.StatusOK {
		t.Errorf("got %d at %s: %s", page.status, page.path, page.text("main"))
	}
}

// While a payout is on its way its page asks for news, and is told nothing as long as there are none.
func TestPayoutState(t *testing.T) {
	s := newPast(t, 0)
	p := s.ofEachState()[payout.Approved]
	b := s.signIn(lanMail)
	page := b.get("/payouts/" + string(p.ID))
	ask := attr(page.find("#payout"), "hx-get")
	if !strings.HasPrefix(ask, "/payouts/"+string(p.ID)+"/state?") || attr(page.find("#payout"), "hx-trigger") != "every 2s" {
		t.Fatalf("got %q %q", ask, attr(page.find("#payout"), "hx-trigger"))
	}
	b.header.Set("HX-Request", "true")
	if got := b.get(ask); got.status != http.StatusNoContent {
		t.Errorf("nothing new: got %d", got.status)
	}
	s.clock.Add(2 * time.Minute)
	if got := b.get("/payouts/" + string(p.ID) + "/state"); attr(got.find("#payout"), "hx-trigger") == "" || got.find("header") != nil {
		t.Errorf("a part: got %s", got.body[:200])
	}
	if _, err := s.app.Payouts().Withdraw(t.Context(), s.byEmail(lanMail), p.ID); err != nil {
		t.Fatal(err)
	}
	got := b.get(ask)
	if got.status != http.StatusOK || got.find("#payout[hx-get]") != nil || !got.says("It stands now at: Withdrawn") {
		t.Errorf("withdrawn: got %d: %s", got.status, got.body)
	}
	b.header.Del("HX-Request")
	if got := b.get(ask); got.find("header") == nil {
		t.Error("who does not ask as htmx does gets no page")
	}
}

// A page that stays open stops asking: it must not keep somebody signed in.
func TestPayoutStateTires(t *testing.T) {
	s := newPast(t, 0)
	p := s.ofEachState()[payout.Accepted]
	b := s.signIn(lanMail)
	ask := attr(b.get("/payouts/"+string(p.ID)).find("#payout"), "hx-get")
	b.header.Set("HX-Request", "true")
	s.clock.Add(11 * time.Minute)
	if got := b.get(ask); got.status != http.StatusOK || got.find("#payout") == nil || got.find("#payout[hx-get]") != nil {
		t.Errorf("got %d", got.status)
	}
}

// A payout of another store looks like one that does not exist.
func TestPayoutOfAnotherStore(t *testing.T) {
	s := newPast(t, 60)
	b := s.signIn(maritMail)
	foreign := s.all[slices.IndexFunc(s.all, func(p *payout.Payout) bool { return p.Store == s.foreign.ID })]
	missing := b.get("/payouts/NOSUCHPAYOUT")
	for _, path := range []string{"/payouts/" + string(foreign.ID), "/payouts/" + string(foreign.ID) + "/state", "/payouts/" + foreign.ID.Number()} {
		if p := b.get(path); p.status != http.StatusNotFound || p.text("main h1") != missing.text("main h1") {
			t.Errorf("%s: got %d", path, p.status)
		}
	}
	if p := s.get("/payouts/" + foreign.ID.Number()); p.status != http.StatusOK {
		t.Errorf("the super admin: got %d", p.status)
	}
}

// A correction and what it corrects lead to each other, and the correction is not offered twice. Marks are not missed.
func TestPayoutCorrected(t *testing.T) {
	s := newPast(t, 0)
	all := s.ofEachState()
	failed, paid := all[payout.Failed], *all[payout.Paid]
	paid.ID, paid.Follows, paid.OnePerson, paid.Attempts = "CORRECTION01", failed.ID, true, nil
	paid.Content.Live = false
	s.insert(&paid)
	b := s.signIn(lanMail)
	page := b.get("/payouts/" + string(failed.ID))
	if page.find(".pairs a[href=/payouts/CORRECTION01]") == nil || len(offered(page, failed.ID)) != 0 {
		t.Errorf("corrected: got %v", offered(page, failed.ID))
	}
	page = b.get("/payouts/CORRECTION01")
	if page.find(".pairs a[href=/payouts/"+string(failed.ID)+"]") == nil || !page.says("one-person approval") || page.find(".page--test") == nil {
		t.Errorf("correction: %s", page.text(".page__side"))
	}
	if page = b.get("/payouts?mode=test"); !page.says("one-person approval") || !strings.Contains(page.text(".table__b"), "test") {
		t.Errorf("its row: %s", page.text("tbody"))
	}
}

// The account number is whole only where it was asked for.
func TestPayoutMasksTheAccount(t *testing.T) {
	s := newPast(t, 0)
	p := s.ofEachState()[payout.Paid]
	b := s.signIn(maritMail)
	if page := b.get("/payouts"); strings.Contains(page.body, "22997000926") || !page.says("··0926") {
		t.Error("the history shows a whole number")
	}
	page := b.get("/payouts/" + string(p.ID))
	if strings.Contains(page.body, "22997000926") || page.find(".fold--kept form") == nil {
		t.Errorf("the page shows the number %d times, or has no way to see it", strings.Count(page.body, "22997000926"))
	}
}
