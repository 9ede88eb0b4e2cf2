package handlers_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/payout"
)

func (d *draftDesk) htmxGet(path string) *page {
	d.t.Helper()
	d.lan.header.Set("HX-Request", "true")
	defer d.lan.header.Del("HX-Request")
	return d.lan.get(path)
}

// later is when what the company said before is not believed any more.
func (d *draftDesk) later() { d.clock.Add(11 * time.Minute) }

func TestDraftMethodVanishes(t *testing.T) {
	d := newDraftDesk(t)
	d.ask(d.sepa("draft"))
	id := string(d.only().ID)
	d.till.change(func(c *till) { c.methods = c.methods[1:] })
	d.later()
	p := d.lan.get("/payouts/" + id + "/edit")
	checkPage(t, p)
	mustSay(t, p, "Tillpay does not offer sepa any more", "Choose another method")
	p = d.lan.post("/payouts/"+id+"/edit", d.sepa("submit"))
	if p.status != http.StatusUnprocessableEntity {
		t.Errorf("got %d, want 422", p.status)
	}
	if got := d.only(); got.State != payout.Draft || got.Input.Amount != "1,204.50" || got.Input.Details["full_name"] != "Maria Oliveira" {
		t.Errorf("the draft is %s %+v", got.State, got.Input)
	}
}

func TestDraftFieldsChange(t *testing.T) {
	d := newDraftDesk(t)
	d.ask(d.sepa("draft"))
	id := string(d.only().ID)
	d.till.change(func(c *till) {
		c.methods[0].Fields = []providers.Field{{Name: "full_name", Label: english("Full name")}, {Name: "iban", Label: english("IBAN")}}
	})
	d.later()
	p := d.lan.get("/payouts/" + id + "/edit")
	checkPage(t, p)
	mustSay(t, p, "Tillpay asks for other details now", "Not asked for any more: kind", "Asked for now: IBAN")
	d.till.change(func(c *till) { c.methods[0].Fields = c.methods[0].Fields[:1] })
	d.later()
	p = d.lan.submit("main form#payout", url.Values{"fields[iban]": {"DE1"}, "do": {"submit"}})
	if p.status != http.StatusUnprocessableEntity || !strings.Contains(p.text(".form__errors"), "iban") {
		t.Errorf("got %d: %s", p.status, p.text(".form__errors"))
	}
}

// What another choice took off the page is no mistake of the person.
func TestDraftMethodChanged(t *testing.T) {
	d := newDraftDesk(t)
	d.ask(d.sepa("draft"))
	id := string(d.only().ID)
	d.lan.get("/payouts/" + id + "/edit")
	p := d.lan.submit("main form#payout", url.Values{"country": {"BJ"}, "do": {"next"}})
	if p.path != "/payouts/"+id+"/edit" || value(p, "method") != "mm_bj" || value(p, "fields[full_name]") != "Maria Oliveira" {
		t.Fatalf("got %s, method %q, name %q", p.path, value(p, "method"), value(p, "fields[full_name]"))
	}
	if p.says("asks for other details") {
		t.Error("a choice is taken for a change of the company")
	}
	p = d.lan.submit("main form#payout", url.Values{"fields[phone]": {"+229 01 97 00 09 26"}, "amount": {"1,204"}, "do": {"submit"}})
	if got := d.only(); got.State != payout.Submitted || got.Content.AccountNumber() != "2290197000926" {
		t.Errorf("got %s: %s", got.State, p.text(".form__errors"))
	}
}

func TestDraftCompanyIsDown(t *testing.T) {
	d := newDraftDesk(t)
	d.ask(d.sepa("draft"))
	id := string(d.only().ID)
	d.till.change(func(c *till) { c.down = errors.New("connection refused") })
	d.later()
	p := d.lan.get("/payouts/" + id + "/edit")
	if p.says("does not answer") || value(p, "fields[full_name]") != "Maria Oliveira" {
		t.Error("a form is not made from what the company offered a little earlier")
	}
	for range 4 { // an hour, with somebody there
		d.clock.Add(15 * time.Minute)
		d.lan.get("/")
	}
	p = d.lan.get("/payouts/" + id + "/edit")
	checkPage(t, p)
	mustSay(t, p, "Tillpay does not answer right now", "Try again")
	if value(p, "fields[full_name]") != "Maria Oliveira" || value(p, "method") != "sepa" || value(p, "amount") != "1,204.50" {
		t.Error("the form lost what was typed")
	}
	p = d.lan.submit("main form#payout", url.Values{"description": {"Changed"}, "do": {"submit"}})
	if p.status != http.StatusUnprocessableEntity {
		t.Errorf("got %d, want 422", p.status)
	}
	if got := d.only(); got.State != payout.Draft || got.Input.Description != "Changed" || got.Input.Details["key"] != "DE12345678" {
		t.Errorf("the draft is %s %+v", got.State, got.Input)
	}
	d.till.change(func(c *till) { c.down = nil })
	d.lan.get("/payouts/" + id + "/edit")
	d.lan.submit("main form#payout", url.Values{"do": {"submit"}})
	if got := d.only(); got.State != payout.Submitted {
		t.Errorf("afterwards it is %s, want submitted", got.State)
	}
}

func TestDraftKeysRefused(t *testing.T) {
	d := newDraftDesk(t)
	d.till.change(func(c *till) { c.down = &providers.Error{Credentials: true} })
	mustSay(t, d.lan.get("/payouts/new"), "Tillpay refused the keys of this account", "Go to the account")
}

// An amount is read as the language of the form writes it, and written anew for somebody who reads another.
func TestDraftAmountInFrench(t *testing.T) {
	d := newDraftDesk(t)
	d.lan.header.Set("Accept-Language", "fr")
	p := d.lan.get("/payouts/new?country=DE")
	checkPage(t, p)
	mustSay(t, p, "Nouveau versement", "Allemagne", "Bénin", "Montant", "Demander l’approbation")
	d.ask(with(d.sepa("draft"), "language", "fr", "amount", "1 204,50"))
	id := string(d.only().ID)
	if p = d.lan.get("/payouts/" + id + "/edit"); value(p, "amount") != "1 204,50" {
		t.Errorf("in French: got %q, want it as it was typed", value(p, "amount"))
	}
	d.lan.header.Set("Accept-Language", "en")
	if p = d.lan.get("/payouts/" + id + "/edit"); value(p, "amount") != "1204.50" || value(p, "language") != "en" {
		t.Errorf("in English: got %q in %q", value(p, "amount"), value(p, "language"))
	}
	d.lan.submit("main form#payout", url.Values{"do": {"submit"}})
	if got := d.only(); got.State != payout.Submitted || got.Content.Amount.Minor != 120450 {
		t.Errorf("got %s %+v: %s", got.State, got.Content.Amount, d.lan.page.text(".form__errors"))
	}
	d.lan.header.Del("Accept-Language")
}

func TestDraftAmountWithoutDecimals(t *testing.T) {
	d := newDraftDesk(t)
	v := url.Values{"account": {string(d.account.ID)}, "method": {"mm_bj"}, "fields[full_name]": {"Sena"}, "fields[phone]": {"+229 0197000926"},
		"amount": {"10.50"}, "description": {"x"}, "do": {"submit"}}
	p := d.ask(v)
	mustSay(t, p, "XOF has no decimals")
}

func TestDraftSeesWhatWillHappen(t *testing.T) {
	d := newDraftDesk(t)
	if _, err := d.admin.Companies.Check(t.Context(), d.super, d.account); err != nil {
		t.Fatal(err)
	}
	d.submitted()
	p := d.ask(with(d.sepa("next"), "amount", "174,000"))
	mustSay(t, p, "Free now 174,300 .00 EUR", "This payout −174,000 .00 EUR", "Free after it 300 .00 EUR", "Balance as of", "This account was never paid before")
	d.ask(with(d.sepa("next"), "amount", "174,300.01"))
	mustSay(t, d.lan.page, "This is more than is free")
	p = d.lan.get("/payouts/new?method=mm_bj")
	mustSay(t, p, "Tillpay has told no balance in XOF")
}

func TestDraftTestMode(t *testing.T) {
	d := newDraftDesk(t)
	trial := d.connect(d.store, false)
	p := d.ask(with(d.sepa("next"), "account", string(trial.ID)))
	checkPage(t, p)
	mustSay(t, p, "Test mode: no real money moves", "1,204 .50 EUR test")
	if p.find("main.page--test") == nil || p.find(".mode--test") == nil {
		t.Error("the page does not look like test mode")
	}
	p = d.lan.get("/payouts/new?account=" + string(d.account.ID))
	if p.find("main.page--test") != nil || p.find(".mode--live") == nil {
		t.Error("the page of a live account does not look live")
	}
}

// A phone number that is unusual is said to be, and stops nobody.
func TestDraftWarns(t *testing.T) {
	d := newDraftDesk(t)
	v := url.Values{"account": {string(d.account.ID)}, "method": {"mm_bj"}, "fields[full_name]": {"Sena"}, "fields[phone]": {"+229 97 00 09 26"},
		"amount": {"1000"}, "description": {"x"}, "do": {"next"}}
	p := d.ask(v)
	checkPage(t, p)
	if hint := p.text("#f-fields-phone-hint"); !strings.Contains(hint, "8 digits after the country code, where 10 are usual") {
		t.Errorf("the hint is %q", hint)
	}
	if p.find("[aria-invalid]") != nil {
		t.Error("what is only unusual counts as wrong")
	}
	p = d.lan.submit("main form#payout", url.Values{"do": {"submit"}})
	if got := d.only(); got.State != payout.Submitted || !strings.Contains(p.body, "where 10 are usual") {
		t.Errorf("got %s, want submitted with a word about the number", got.State)
	}
}

func TestDraftBankByName(t *testing.T) {
	d := newDraftDesk(t)
	d.ask(with(d.sepa("submit"), "fields[bank]", "lantern bank"))
	if got := d.only(); got.Content.Value(providers.RoleBank) != "B1" {
		t.Errorf("got bank %q, want the code of its name", got.Content.Value(providers.RoleBank))
	}
	p := d.lan.get("/payouts/" + string(d.only().ID) + "/edit")
	if p.text("#f-fields-bank-hint") != "Lantern Bank" {
		t.Errorf("got %q beside the code", p.text("#f-fields-bank-hint"))
	}
}
