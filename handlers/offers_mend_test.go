package handlers_test

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/payout"
)

// opens has the company ask whether there is a guardian, and who it is if there is one.
func (d *draftDesk) opens() {
	d.t.Helper()
	d.clock.Add(time.Minute)
	yes := []providers.Option{{Value: "yes", Label: english("Yes")}, {Value: "no", Label: english("No")}}
	d.till.change(func(c *till) {
		c.methods[0].Fields = append(append([]providers.Field{}, c.methods[0].Fields...),
			providers.Field{Name: "minor", Label: english("Is a minor"), Type: providers.Choice, Options: yes},
			providers.Field{Name: "guardian", Label: english("Guardian"), When: map[string][]string{"minor": {"yes"}}})
	})
	d.lan.get("/accounts/" + string(d.account.ID))
	d.lan.post(d.at("methods"), url.Values{})
}

// TestMendIsAllOrNothing: what still lacks something is not taken back from approval on the way.
func TestMendIsAllOrNothing(t *testing.T) {
	d := newDraftDesk(t)
	d.lan.get("/accounts/" + string(d.account.ID))
	p := d.submitted()
	d.approve(p)
	d.opens()
	p = d.find(p.ID)
	d.offer()
	page := d.lan.post(d.at("mend"), url.Values{"payout": {string(p.ID)}, "kind": {"waiting"}, "version": {strconv.Itoa(p.Version)}, "fields[minor]": {"yes"}})
	now := d.find(p.ID)
	if page.status != http.StatusUnprocessableEntity || now.State != payout.Approved || len(now.Approvals) != 1 {
		t.Errorf("got %d and %s with %d approvals, want 422 and nothing changed: %s", page.status, now.State, len(now.Approvals), page.text("main"))
	}
}

// filled posts the form of one row as a browser does: with what stands in it already.
func (d *draftDesk) filled(p *payout.Payout, kind string, pairs ...string) *page {
	d.t.Helper()
	for _, f := range d.lan.page.all("form[action=" + d.at("mend") + "]") {
		v := shown(f)
		if v.Get("payout") == string(p.ID) && v.Get("kind") == kind {
			return d.lan.post(d.at("mend"), with(v, pairs...))
		}
	}
	d.t.Fatalf("no form for %s %s: %s", kind, p.ID, d.lan.page.text("main"))
	return nil
}

// TestMendOpensAField: a choice that opens another field leads to that field, and what was typed stays.
func TestMendOpensAField(t *testing.T) {
	d := newDraftDesk(t)
	d.lan.get("/accounts/" + string(d.account.ID))
	p := d.submitted()
	d.approve(p)
	d.opens()
	p = d.find(p.ID)
	d.offer()
	page := d.filled(p, "waiting", "fields[minor]", "yes")
	checkPage(t, page)
	if value(page, "fields[minor]") != "yes" || page.find("[name=fields[guardian]][aria-invalid]") == nil {
		t.Fatalf("minor %q: %s", value(page, "fields[minor]"), page.text("main"))
	}
	page = d.filled(p, "waiting", "fields[guardian]", "Ama Owusu")
	checkPage(t, page)
	if now := d.find(p.ID); now.State != payout.Submitted || detail(now, "guardian") != "Ama Owusu" || detail(now, "minor") != "yes" {
		t.Errorf("got %s %+v: %s", now.State, now.Content.Details, page.text("main"))
	}
}

// TestMendMeanwhile: who was slower reads it, with what was typed still there, and goes on from there.
func TestMendMeanwhile(t *testing.T) {
	d := newDraftDesk(t)
	d.lan.get("/accounts/" + string(d.account.ID))
	d.ask(d.sepa("draft"))
	p := d.only()
	d.drift()
	d.lan.post(d.at("methods"), url.Values{})
	d.offer()
	in := p.Input
	in.Description = "Invoice 8"
	if _, err := d.app.Payouts().Edit(t.Context(), d.super, p.ID, p.Version, in); err != nil {
		t.Fatal(err)
	}
	page := d.filled(p, "draft", "fields[purpose]", "Rent")
	checkPage(t, page)
	mustSay(t, page, "Somebody changed it meanwhile")
	if page.status != http.StatusConflict || value(page, "fields[purpose]") != "Rent" || d.find(p.ID).Input.Details["purpose"] != "" {
		t.Errorf("got %d with %q", page.status, value(page, "fields[purpose]"))
	}
	d.filled(p, "draft")
	if now := d.find(p.ID); now.Input.Details["purpose"] != "Rent" || now.Input.Description != "Invoice 8" {
		t.Errorf("got %+v", now.Input)
	}
}

// TestMendWhileCompanyIsDown: nothing is lost when the company cannot be asked.
func TestMendWhileCompanyIsDown(t *testing.T) {
	d := newDraftDesk(t)
	d.lan.get("/accounts/" + string(d.account.ID))
	d.ask(d.sepa("draft"))
	p := d.only()
	d.drift()
	d.lan.post(d.at("methods"), url.Values{})
	d.offer()
	d.till.change(func(c *till) { c.down = errors.New("connection refused") })
	d.clock.Add(11 * time.Minute)
	mustSay(t, d.lan.get("/accounts/"+string(d.account.ID)), "Tillpay could not be asked just now. This is what it offered 11 minutes ago.")
	mustSay(t, d.lan.get("/payouts/"+string(p.ID)+"/edit"), "Made from what Tillpay asked for 11 minutes ago", "You can go on.")
	for range 4 { // an hour, with somebody there
		d.clock.Add(15 * time.Minute)
		d.offer()
	}
	page := d.filled(p, "draft", "fields[purpose]", "Rent")
	checkPage(t, page)
	mustSay(t, page, "Tillpay does not answer right now, so nothing was saved.")
	if page.status != http.StatusUnprocessableEntity || value(page, "fields[purpose]") != "Rent" {
		t.Errorf("got %d with %q", page.status, value(page, "fields[purpose]"))
	}
}

// TestOfferTellsWhatLacksItStill: a draft that was changed since, or a payout that was asked for again, still lacks what it
// lacks; what a draft lacked all along is nobody's news.
func TestOfferTellsWhatLacksItStill(t *testing.T) {
	d := newDraftDesk(t)
	d.lan.get("/accounts/" + string(d.account.ID))
	d.ask(d.sepa("draft"))
	p := d.only()
	d.clock.Add(time.Second)
	d.ask(with(d.sepa("draft"), "fields[full_name]", "", "fields[key]", "", "description", "Half typed"))
	half := d.payouts()[0]
	d.drift()
	d.lan.post(d.at("methods"), url.Values{})
	d.clock.Add(time.Minute)
	d.lan.get("/payouts/" + string(p.ID) + "/edit")
	d.htmx("/payouts/"+string(p.ID)+"/draft", with(shown(d.lan.page.find("form#payout")), "description", "Invoice 9"))
	if d.find(p.ID).Input.Description != "Invoice 9" {
		t.Fatal("the draft was not changed")
	}
	page := d.offer()
	mustSay(t, page, "2 drafts", "Maria Oliveira", "Half typed")
	for _, f := range page.all("form[action=" + d.at("mend") + "]") {
		if v := shown(f); v.Get("payout") == string(half.ID) && (v.Has("fields[full_name]") || v.Has("fields[key]")) {
			t.Errorf("it asks for what was lacking before: %v", v)
		}
	}
}

// TestDriftIsToldWhereItMatters: on the account, on the payout and to who decides about it.
func TestDriftIsToldWhereItMatters(t *testing.T) {
	d := newDraftDesk(t)
	d.lan.get("/accounts/" + string(d.account.ID))
	p := d.submitted()
	boss := d.signIn("ifeoma@kora.example")
	pages := map[string]*browser{"/accounts/" + string(d.account.ID): d.lan, "/payouts/" + string(p.ID): d.lan, "/approvals/" + string(p.ID): boss}
	for path, b := range pages {
		if b.get(path).says("asks for something else now") {
			t.Errorf("%s tells of a change there was not", path)
		}
	}
	d.drift()
	d.lan.get("/accounts/" + string(d.account.ID))
	d.lan.post(d.at("methods"), url.Values{})
	for path, b := range pages {
		page := b.get(path)
		checkPage(t, page)
		mustSay(t, page, "Tillpay asks for something else now", "See what no longer fits")
		if page.find("a[href="+d.at("offer")+"]") == nil {
			t.Errorf("%s leads nowhere", path)
		}
	}
	d.offer()
	d.filled(p, "waiting", "fields[purpose]", "Rent")
	for path, b := range pages {
		if b.get(path).says("asks for something else now") {
			t.Errorf("%s still tells of it", path)
		}
	}
}

// TestMendNeedsTheRight: an accountant reads what changed, and is offered no form.
func TestMendNeedsTheRight(t *testing.T) {
	d := newDraftDesk(t)
	d.lan.get("/accounts/" + string(d.account.ID))
	d.ask(d.sepa("draft"))
	d.drift()
	d.lan.post(d.at("methods"), url.Values{})
	d.person("Marit", "marit@lantern.example", accountantOf(d.store))
	page := d.signIn("marit@lantern.example").get(d.at("offer"))
	mustSay(t, page, "Maria Oliveira", "Purpose is asked for now and is missing.")
	if page.find("form[action="+d.at("mend")+"]") != nil {
		t.Error("there is a form for who may not draft")
	}
}

// TestMendRecipientTwice: what was completed once is not asked for again when the company asks for still more.
func TestMendRecipientTwice(t *testing.T) {
	d := newDraftDesk(t)
	d.lan.get("/accounts/" + string(d.account.ID))
	p := d.submitted()
	d.lan.post("/payouts/"+string(p.ID)+"/withdraw", url.Values{})
	d.drift()
	d.lan.post(d.at("methods"), url.Values{})
	d.offer()
	d.filled(p, "recipient", "fields[purpose]", "Rent")
	d.clock.Add(time.Minute)
	d.till.change(func(c *till) {
		c.methods[0].Fields = append(append([]providers.Field{}, c.methods[0].Fields...), providers.Field{Name: "tax", Label: english("Tax number"), Role: providers.RoleTaxID})
	})
	d.lan.post(d.at("methods"), url.Values{})
	page := d.offer()
	if page.find("[name=fields[purpose]]") != nil || page.find("[name=fields[tax]]") == nil {
		t.Errorf("want the tax number alone: %s", page.text("#affected"))
	}
	d.filled(p, "recipient", "fields[tax]", "77")
	page = d.lan.get("/payouts/new?from=" + string(p.ID))
	if value(page, "fields[purpose]") != "Rent" || value(page, "fields[tax]") != "77" {
		t.Errorf("got purpose %q, tax number %q", value(page, "fields[purpose]"), value(page, "fields[tax]"))
	}
}

// TestSentBeforeStaysAsItIs: what was sent once keeps its content for ever, so no form is offered; it is told, although it was
// asked for again after the change.
func TestSentBeforeStaysAsItIs(t *testing.T) {
	d := newDraftDesk(t)
	d.lan.get("/accounts/" + string(d.account.ID))
	p := d.submitted()
	d.approve(p)
	if err := d.admin.Runner.Take(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.admin.Runner.Leave() }()
	if err := d.admin.Runner.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.admin.Runner.Wait()
	if now := d.find(p.ID); now.State != payout.NotSent {
		t.Fatalf("got %s, want not_sent", now.State)
	}
	d.drift()
	d.lan.post(d.at("methods"), url.Values{})
	d.clock.Add(time.Minute)
	d.lan.post("/payouts/"+string(p.ID)+"/again", url.Values{})
	page := d.offer()
	mustSay(t, page, "1 payout that waits", "It was sent before, so its content stays as it is.")
	p = d.find(p.ID)
	for _, f := range page.all("form[action=" + d.at("mend") + "]") {
		if shown(f).Get("kind") == "waiting" {
			t.Error("there is a form that cannot change anything")
		}
	}
	page = d.mend(p, "waiting", "Rent")
	mustSay(t, page, "It cannot be changed any more. Nothing was saved.")
	if now := d.find(p.ID); page.status != http.StatusConflict || now.Version != p.Version {
		t.Errorf("got %d, version %d", page.status, now.Version)
	}
}

// TestWrittenInAnotherWay: a value that passes, but would be kept in another way, is not what was approved any more.
func TestWrittenInAnotherWay(t *testing.T) {
	d := newDraftDesk(t)
	code := func(kind providers.Type) {
		d.clock.Add(time.Minute)
		d.till.change(func(c *till) {
			c.methods[0].Fields = []providers.Field{{Name: "code", Label: english("Code"), Type: kind, Role: providers.RoleAccount}}
		})
	}
	code(providers.String)
	v := url.Values{"store": {string(d.store.ID)}, "account": {string(d.account.ID)}, "country": {"DE"}, "method": {"sepa"},
		"fields[code]": {"12-34-56"}, "amount": {"5"}, "description": {"x"}, "language": {"en"}, "do": {"submit"}}
	d.ask(v)
	p := d.only()
	code(providers.Digits)
	d.lan.post(d.at("methods"), url.Values{})
	page := d.offer()
	checkPage(t, page)
	mustSay(t, page, "Code is written in another way now.", "Save it as asked for now and ask again")
	d.filled(p, "waiting")
	if now := d.find(p.ID); now.State != payout.Submitted || detail(now, "code") != "123456" {
		t.Errorf("got %s %+v", now.State, now.Content.Details)
	}
}
