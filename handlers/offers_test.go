package handlers_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/payout"
)

// drift has the company ask for a purpose and no bank any more.
func (d *draftDesk) drift() {
	d.clock.Add(time.Minute)
	d.till.change(func(c *till) {
		fields := append([]providers.Field{}, c.methods[0].Fields[:4]...)
		c.methods[0].Fields = append(fields, providers.Field{Name: "purpose", Label: english("Purpose"), Max: 12})
	})
}

func (d *draftDesk) at(what string) string { return "/accounts/" + string(d.account.ID) + "/" + what }

func (d *draftDesk) offer() *page {
	d.t.Helper()
	return d.lan.get(d.at("offer"))
}

// TestOfferDrifts: what a company begins to ask for is told, with everything that lacks it, and filled in there; nothing else
// changes.
func TestOfferDrifts(t *testing.T) {
	d := newDraftDesk(t)
	d.lan.get("/accounts/" + string(d.account.ID))
	mustSay(t, d.offer(), "Every draft, every payout that waits and every recipient fits", "Nothing has changed")
	d.ask(with(d.sepa("draft"), "fields[bank]", "B1", "fields[full_name]", "Dörte Draft"))
	d.clock.Add(time.Second)
	d.ask(with(d.sepa("submit"), "fields[full_name]", "Wim Waiting"))
	d.drift()
	d.lan.get("/accounts/" + string(d.account.ID))
	p := d.lan.post(d.at("methods"), url.Values{})
	checkPage(t, p)
	mustSay(t, p, "It asks for something else now", "SEPA asks for Purpose now.", "SEPA does not ask for Bank any more.", "Version 2",
		"Dörte Draft", "Bank is not asked for any more", "Wim Waiting", "Purpose is asked for now and is missing.")
	if n := len(p.all("form[action=" + d.at("mend") + "]")); n != 3 { // the one that waits is a recipient, too
		t.Fatalf("got %d forms, want 3", n)
	}
	mustSay(t, d.lan.get("/"), "Tillpay asks for something else now: Germany")
	draft, waiting := d.payouts()[1], d.payouts()[0]
	d.offer()

	p = d.mend(draft, "draft", "much too long a purpose")
	if p.status != http.StatusUnprocessableEntity || !strings.Contains(p.text("main"), "at most 12 characters") {
		t.Errorf("too long: got %d: %s", p.status, p.text("main"))
	}
	checkPage(t, p)
	mustSay(t, d.mend(draft, "draft", "Rent"), "The draft is filled in.")
	now := d.find(draft.ID)
	if now.State != payout.Draft || now.Input.Details["purpose"] != "Rent" || now.Input.Details["bank"] != "" ||
		now.Input.Details["full_name"] != "Dörte Draft" || now.Input.Amount != draft.Input.Amount || now.Input.Description != draft.Input.Description {
		t.Errorf("draft: got %+v", now.Input)
	}

	mustSay(t, d.mend(waiting, "waiting", "Wages"), "It is filled in, and waits for approval.")
	now = d.find(waiting.ID)
	if now.State != payout.Submitted || now.Digest == waiting.Digest || detail(now, "purpose") != "Wages" || detail(now, "full_name") != "Wim Waiting" {
		t.Errorf("waiting: got %s %+v", now.State, now.Content.Details)
	}
	mustSay(t, d.mend(waiting, "waiting", "Again"), "Somebody changed it meanwhile")
	mustSay(t, d.offer(), "Every draft, every payout that waits and every recipient fits")
}

func (d *draftDesk) find(id payout.ID) *payout.Payout {
	d.t.Helper()
	p, err := d.app.Payouts().Find(d.t.Context(), d.super, id)
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}

func detail(p *payout.Payout, name string) string {
	for _, one := range p.Content.Details {
		if one.Name == name {
			return one.Value
		}
	}
	return ""
}

// mend fills in a purpose.
func (d *draftDesk) mend(p *payout.Payout, kind, purpose string) *page {
	d.t.Helper()
	return d.lan.post(d.at("mend"), url.Values{"payout": {string(p.ID)}, "kind": {kind},
		"version": {strconv.Itoa(p.Version)}, "fields[purpose]": {purpose}})
}

// TestOfferRecipients: a recipient is completed for the next time, and only there.
func TestOfferRecipients(t *testing.T) {
	d := newDraftDesk(t)
	d.lan.get("/accounts/" + string(d.account.ID))
	paid := d.submitted()
	d.lan.post("/payouts/"+string(paid.ID)+"/withdraw", url.Values{})
	paid = d.find(paid.ID)
	if paid.State != payout.Withdrawn {
		t.Fatalf("got %s", paid.State)
	}
	d.drift()
	d.lan.get("/accounts/" + string(d.account.ID))
	d.lan.post(d.at("methods"), url.Values{})
	mustSay(t, d.offer(), "Maria Oliveira", "Fill in for next time")
	mustSay(t, d.mend(paid, "recipient", "Rent"), "It is kept for the next payout to this recipient.")
	if now := d.find(paid.ID); now.Version != paid.Version || detail(now, "purpose") != "" {
		t.Errorf("the payout of the past was changed: %+v", now.Content.Details)
	}
	mustSay(t, d.offer(), "Every draft, every payout that waits and every recipient fits")
	p := d.lan.get("/payouts/new?from=" + string(paid.ID))
	if value(p, "fields[purpose]") != "Rent" || value(p, "fields[full_name]") != "Maria Oliveira" {
		t.Errorf("got purpose %q, name %q: %s", value(p, "fields[purpose]"), value(p, "fields[full_name]"), p.text("main"))
	}
}

// TestOfferMethodGone: without its method nothing can be filled in; the form is where another one is chosen.
func TestOfferMethodGone(t *testing.T) {
	d := newDraftDesk(t)
	d.lan.get("/accounts/" + string(d.account.ID))
	d.ask(d.sepa("draft"))
	d.clock.Add(time.Minute)
	d.till.change(func(c *till) { c.methods = c.methods[1:] })
	d.lan.get("/accounts/" + string(d.account.ID))
	p := d.lan.post(d.at("methods"), url.Values{})
	mustSay(t, p, "SEPA is not offered any more.", "Tillpay does not offer this method any more")
	if p.find("form[action="+d.at("mend")+"]") != nil {
		t.Error("there is a form that cannot mend anything")
	}
	if p := d.mend(d.only(), "draft", "Rent"); p.status != http.StatusNotFound {
		t.Errorf("got %d, want 404", p.status)
	}
}
