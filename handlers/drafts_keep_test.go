package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

func TestDraftSavesItself(t *testing.T) {
	d := newDraftDesk(t)
	d.lan.get("/payouts/new?country=DE")
	form := shown(d.lan.page.find("form#payout"))
	if p := d.htmx("/payouts/new/draft", form); len(d.payouts()) != 0 || p.status != http.StatusOK {
		t.Fatalf("nothing typed: got %d payouts, %d", len(d.payouts()), p.status)
	}
	d.lan.get("/payouts/new?country=DE")
	form = shown(d.lan.page.find("form#payout"))
	form.Set("amount", "12")
	p := d.htmx("/payouts/new/draft", form)
	draft := d.only()
	if value(p, "id") != string(draft.ID) || p.header.Get("HX-Replace-Url") != "/payouts/"+string(draft.ID)+"/edit" || draft.Input.Amount != "12" {
		t.Fatalf("got id %q, address %q, %+v", value(p, "id"), p.header.Get("HX-Replace-Url"), draft.Input)
	}
	if p.find("h1") != nil || p.find("#draft-status") == nil || p.find("aside[hx-swap-oob]") == nil {
		t.Errorf("not the part that was asked for:\n%s", p.body)
	}
	mustSay(t, p, "Draft saved", "It stays when you leave.", "12 .00 EUR")
	form.Set("amount", "13")
	form.Set("id", string(draft.ID))
	d.lan.get("/payouts/new")
	if d.htmx("/payouts/new/draft", form); d.only().Input.Amount != "13" {
		t.Errorf("got %q, want the same draft changed", d.only().Input.Amount)
	}
	// the button comes with the version from before: nobody else has changed it, so it counts
	d.lan.get("/payouts/new")
	form.Set("version", "1")
	d.lan.post("/payouts", with(form, "amount", "14", "do", "draft"))
	if d.only().Input.Amount != "14" {
		t.Errorf("got %q, want the draft kept", d.only().Input.Amount)
	}
}

func TestDraftAskedForIsNotSavedByItself(t *testing.T) {
	d := newDraftDesk(t)
	id := string(d.submitted().ID)
	p := d.lan.get("/payouts/" + id + "/edit")
	if strings.Contains(p.body, "/draft\"") {
		t.Error("a payout that was asked for would save itself")
	}
	p = d.htmx("/payouts/"+id+"/draft", with(d.sepa(""), "amount", "99"))
	mustSay(t, p, "Not saved: this payout is no draft any more.")
	if got := d.only(); got.State != payout.Submitted || got.Input.Amount != "1,204.50" {
		t.Errorf("got %s %+v", got.State, got.Input)
	}
}

func TestDraftChoicesAloneKeepNothing(t *testing.T) {
	d := newDraftDesk(t)
	d.lan.get("/payouts/new")
	p := d.lan.submit("main form#payout", url.Values{"country": {"BJ"}, "do": {"next"}})
	if p.path != "/payouts/new" || value(p, "method") != "mm_bj" || len(d.payouts()) != 0 {
		t.Errorf("got %s, method %q, %d payouts", p.path, value(p, "method"), len(d.payouts()))
	}
}

// A form that is sent twice makes one payout.
func TestDraftDoubleClick(t *testing.T) {
	d := newDraftDesk(t)
	d.lan.get("/payouts/new?country=DE")
	form := shown(d.lan.page.find("form#payout"))
	for name, v := range d.sepa("submit") {
		form[name] = v
	}
	for range 2 {
		d.lan.get("/payouts/new")
		if p := d.lan.post("/payouts", form); p.path != "/payouts/"+string(d.only().ID) {
			t.Errorf("got %d at %s", p.status, p.path)
		}
	}
	if got := d.only(); got.State != payout.Submitted {
		t.Errorf("got %s", got.State)
	}
}

func (d *draftDesk) approve(p *payout.Payout) {
	d.t.Helper()
	ctx := d.t.Context()
	c, err := d.admin.Access.Ask(ctx, d.super, "approve", string(p.ID), p.Digest)
	if err != nil {
		d.t.Fatal(err)
	}
	proof, err := d.admin.Access.Verify(ctx, d.super, c.ID, password)
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.app.Payouts().Approve(ctx, d.super, p.ID, proof); err != nil {
		d.t.Fatal(err)
	}
}

func TestDraftEditVoidsApproval(t *testing.T) {
	d := newDraftDesk(t)
	p := d.submitted()
	id := string(p.ID)
	mustSay(t, d.lan.get("/payouts/"+id+"/edit"), "Saving takes it back from approval")
	d.approve(p)
	mustSay(t, d.lan.get("/payouts/"+id+"/edit"), "Saving voids the approval", "Ifeoma Lindqvist approved what it says now")
	checkPage(t, d.lan.page)
	page := d.lan.submit("main form#payout", url.Values{"amount": {"1e3"}, "do": {"submit"}})
	if got := d.only(); page.status != http.StatusUnprocessableEntity || got.State != payout.Approved {
		t.Errorf("a mistake: got %d and %s, want nothing changed", page.status, got.State)
	}
	d.lan.submit("main form#payout", url.Values{"amount": {"1,300"}, "do": {"submit"}})
	if got := d.only(); got.State != payout.Submitted || len(got.Approvals) != 0 || got.Content.Amount.Minor != 130000 || got.Digest == p.Digest {
		t.Errorf("got %s with %d approvals, %+v", got.State, len(got.Approvals), got.Content.Amount)
	}
	d.lan.get("/payouts/" + id + "/edit")
	d.lan.submit("main form#payout", url.Values{"do": {"draft"}})
	if got := d.only(); got.State != payout.Draft {
		t.Errorf("kept as a draft: got %s", got.State)
	}
}

func TestDraftChangedMeanwhile(t *testing.T) {
	d := newDraftDesk(t)
	d.ask(d.sepa("draft"))
	id := string(d.only().ID)
	d.lan.get("/payouts/" + id + "/edit")
	boss := d.signIn("ifeoma@kora.example")
	boss.get("/payouts/" + id + "/edit")
	boss.submit("main form#payout", url.Values{"amount": {"2,000"}, "do": {"draft"}})
	p := d.lan.submit("main form#payout", url.Values{"amount": {"3,000"}, "do": {"submit"}})
	if p.status != http.StatusConflict || value(p, "amount") != "2,000" {
		t.Fatalf("got %d with %q, want 409 with what is kept now", p.status, value(p, "amount"))
	}
	checkPage(t, p)
	mustSay(t, p, "Somebody changed this meanwhile", "You had typed in Amount: 3,000")
	d.lan.submit("main form#payout", url.Values{"amount": {"3,000"}, "do": {"submit"}})
	if got := d.only(); got.State != payout.Submitted || got.Content.Amount.Minor != 300000 {
		t.Errorf("then: got %s %+v", got.State, got.Content.Amount)
	}
}

func TestDraftCorrects(t *testing.T) {
	d := newDraftDesk(t)
	old := d.submitted()
	p := d.lan.get("/payouts/new?follows=" + string(old.ID))
	if p.path != "/payouts/"+string(old.ID) || !strings.Contains(p.body, "Only what did not move money can be corrected") {
		t.Errorf("what waits for approval can be corrected: %s", p.path)
	}
	d.lan.get("/payouts/new")
	d.lan.post("/payouts/"+string(old.ID)+"/withdraw", url.Values{})
	p = d.lan.get("/payouts/new?follows=" + string(old.ID))
	checkPage(t, p)
	mustSay(t, p, "Correct "+old.ID.Number(), "It is “Withdrawn”")
	if value(p, "amount") != "1,204.50" || value(p, "fields[key]") != "" && value(p, "fields[full_name]") != "Maria Oliveira" {
		t.Error("the form does not hold what was asked for before")
	}
	d.clock.Add(time.Second)
	d.lan.submit("main form#payout", url.Values{"amount": {"1,100"}, "do": {"submit"}})
	fresh := d.payouts()[0]
	if fresh.Follows != old.ID || fresh.State != payout.Submitted || fresh.Content.Amount.Minor != 110000 {
		t.Errorf("got %s following %q: %s", fresh.State, fresh.Follows, d.lan.page.text(".form__errors"))
	}
	// a forged link to one that cannot be corrected is dropped
	d.clock.Add(time.Second)
	d.lan.get("/payouts/new")
	d.lan.post("/payouts", with(d.sepa("draft"), "follows", string(fresh.ID)))
	if got := d.payouts()[0]; got.ID == fresh.ID || got.Follows != "" {
		t.Errorf("got %s that follows %q", got.ID, got.Follows)
	}
}

func TestDraftFindsRecipients(t *testing.T) {
	d := newDraftDesk(t)
	d.submitted()
	if p := d.htmxGet("/payouts/recipients?q=m"); p.find(".line") != nil {
		t.Error("one letter finds somebody")
	}
	p := d.htmxGet("/payouts/recipients?q=ma")
	if p.find("h1") != nil || p.find(".line") == nil {
		t.Fatalf("got %s", p.body)
	}
	mustSay(t, p, "Maria Oliveira", "··5678", "SEPA", "1,204 .50 EUR")
	mustSay(t, d.htmxGet("/payouts/recipients?q=xyz"), "Nobody paid before fits “xyz”.")
	checkPage(t, d.lan.get("/payouts/new?q=ma"))
	use := attr(d.lan.page.find("button[name=use]"), "value")
	p = d.lan.post("/payouts", with(shown(d.lan.page.find("form#payout")), "amount", "88", "use", use))
	checkPage(t, p)
	if value(p, "amount") != "88" || value(p, "fields[full_name]") != "Maria Oliveira" || value(p, "description") != "Invoice 7" || value(p, "method") != "sepa" {
		t.Errorf("got amount %q, name %q, reason %q", value(p, "amount"), value(p, "fields[full_name]"), value(p, "description"))
	}
	p = d.lan.get("/payouts/new?from=" + use)
	checkPage(t, p)
	mustSay(t, p, "Recipient and reason are those of PW-", "Type the amount")
	if value(p, "amount") != "" {
		t.Errorf("got amount %q, want none", value(p, "amount"))
	}
	d.clock.Add(time.Second)
	d.lan.submit("main form#payout", url.Values{"amount": {"99"}, "do": {"submit"}})
	if got := d.payouts()[0]; got.State != payout.Submitted || got.Content.AccountNumber() != "DE12345678" {
		t.Errorf("got %s: %s", got.State, d.lan.page.text(".form__errors"))
	}
}

// A choice draws the form anew with what was typed, and keeps the draft.
func TestDraftRedrawn(t *testing.T) {
	d := newDraftDesk(t)
	d.lan.get("/payouts/new")
	form := shown(d.lan.page.find("form#payout"))
	p := d.htmx("/payouts/fields", with(form, "country", "BJ", "amount", "77"))
	if value(p, "amount") != "77" || p.find("[name=fields[phone]]") == nil || d.only().Input.Method != "mm_bj" {
		t.Errorf("got amount %q and %+v", value(p, "amount"), d.only().Input)
	}
	if p = d.lan.get("/payouts/fields?country=DE"); p.status != http.StatusOK || p.find("[name=fields[full_name]]") == nil {
		t.Errorf("GET: got %d", p.status)
	}
}

// A draft that is moved to another store is made anew there.
func TestDraftMovesStore(t *testing.T) {
	d := newDraftDesk(t)
	boss := d.signIn("ifeoma@kora.example")
	other := d.site.store(d.super, "Kora Market")
	account := d.connect(other, true)
	boss.get("/payouts/new?store=" + string(d.store.ID) + "&country=DE")
	boss.submit("main form#payout", url.Values{"amount": {"5"}, "do": {"next"}})
	p := boss.submit("main form#payout", url.Values{"store": {string(other.ID)}, "do": {"next"}})
	all := d.payouts()
	if len(all) != 2 || value(p, "account") != string(account.ID) || value(p, "amount") != "5" {
		t.Fatalf("got %d payouts, account %q, amount %q", len(all), value(p, "account"), value(p, "amount"))
	}
	states := map[store.ID]payout.State{all[0].Store: all[0].State, all[1].Store: all[1].State}
	if states[other.ID] != payout.Draft || states[d.store.ID] != payout.Discarded {
		t.Errorf("got %v", states)
	}
}

func TestDraftActs(t *testing.T) {
	d := newDraftDesk(t)
	act := func(p *payout.Payout, what string) *page {
		d.lan.get("/payouts/new")
		return d.lan.post("/payouts/"+string(p.ID)+"/"+what, url.Values{})
	}
	d.ask(d.sepa("draft"))
	p := d.only()
	if act(p, "submit"); d.only().State != payout.Submitted {
		t.Errorf("submit: got %s", d.only().State)
	}
	if page := act(p, "discard"); page.status != http.StatusConflict {
		t.Errorf("discard what waits: got %d, want 409", page.status)
	}
	if act(p, "withdraw"); d.only().State != payout.Withdrawn {
		t.Errorf("withdraw: got %s", d.only().State)
	}
	if page := act(p, "again"); page.status != http.StatusConflict {
		t.Errorf("again of what was withdrawn: got %d, want 409", page.status)
	}
	if page := d.lan.get("/payouts/" + string(p.ID) + "/edit"); page.path != "/payouts/"+string(p.ID) {
		t.Errorf("edit what was withdrawn: got %s", page.path)
	}
	d.clock.Add(time.Second)
	d.ask(d.sepa("draft"))
	if act(d.payouts()[0], "discard"); d.payouts()[0].State != payout.Discarded {
		t.Error("discard: it is not")
	}
}

func TestDraftSubmitShowsWhatIsWrong(t *testing.T) {
	d := newDraftDesk(t)
	d.ask(with(d.sepa("draft"), "amount", "1e3"))
	id := string(d.only().ID)
	d.lan.get("/payouts/new")
	p := d.lan.post("/payouts/"+id+"/submit", url.Values{})
	if p.status != http.StatusUnprocessableEntity || !p.says("without an exponent") {
		t.Errorf("got %d", p.status)
	}
}

func TestDraftOnePerson(t *testing.T) {
	d := newDraftDesk(t)
	boss := d.signIn("ifeoma@kora.example")
	mustSay(t, boss.get("/payouts/new?country=DE"), "Nobody could approve this yet")
	d.person("Tomás Arriagada", "tomas@kora.example", super())
	mustSay(t, boss.get("/payouts/new?country=DE"), "Tomás Arriagada", "A super admin who did not draft or edit it.")
	if boss.page.says("Ifeoma Lindqvist or") {
		t.Error("the author could approve it")
	}
}

func TestDraftFrozenAccount(t *testing.T) {
	d := newDraftDesk(t)
	if err := d.admin.Stores.Freeze(t.Context(), d.super, d.account, "Keys leaked"); err != nil {
		t.Fatal(err)
	}
	mustSay(t, d.lan.get("/payouts/new?country=DE"), "Then it waits: sending is stopped", "Keys leaked")
}

func TestDraftWithoutToken(t *testing.T) {
	d := newDraftDesk(t)
	d.lan.get("/payouts/new")
	if p := d.lan.post("/payouts", with(d.sepa("submit"), "csrf", "x")); p.status != http.StatusForbidden {
		t.Errorf("got %d, want 403", p.status)
	}
	visitor := d.another(t)
	if p := visitor.get("/payouts/new"); p.path != "/login" {
		t.Errorf("a visitor: got %s", p.path)
	}
}

// A form that was sent after the session had ended is sent on after signing in.
func TestDraftSurvivesTheSession(t *testing.T) {
	d := newDraftDesk(t)
	d.lan.get("/payouts/new?country=DE")
	d.clock.Add(2 * time.Hour)
	p := d.lan.post("/payouts", d.sepa("draft"))
	if p.status != http.StatusUnauthorized {
		t.Fatalf("got %d, want 401", p.status)
	}
	if !strings.Contains(p.body, "Maria Oliveira") {
		t.Error("what was typed is not carried over the sign-in")
	}
}

// What saves itself does not lead away from what is being typed.
func TestDraftStaysWhenTheSessionEnds(t *testing.T) {
	d := newDraftDesk(t)
	d.lan.get("/payouts/new?country=DE")
	d.clock.Add(2 * time.Hour)
	for _, path := range []string{"/payouts/new/draft", "/payouts/fields"} {
		d.lan.page = nil
		if p := d.htmx(path, d.sepa("")); p.status != http.StatusUnauthorized || p.header.Get("HX-Redirect") != "" {
			t.Errorf("%s: got %d to %q, want 401 and no way out", path, p.status, p.header.Get("HX-Redirect"))
		}
	}
}
