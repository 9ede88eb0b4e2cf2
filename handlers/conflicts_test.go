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

// contradicted is a paid payout that a later record says has failed.
func (d *desk) contradicted() *payout.Payout {
	d.t.Helper()
	w := d.waiting(d.lan, "12.50")
	d.approve(d.signIn(ifeomaMail), w.ID)
	d.send(w.ID)
	for _, status := range []providers.Status{providers.Paid, providers.Failed} {
		p := d.now(w.ID)
		_, _, err := d.app.Payouts().Record(d.t.Context(), payout.InStore(d.st.ID), w.ID, payout.Evidence{Source: payout.FromLookup, Attempt: 1,
			Result: providers.Result{Status: status, Attempt: providers.Attempt{RemoteID: p.RemoteID(), Reference: p.Reference()}, Amount: p.Content.Amount}})
		if err != nil {
			d.t.Fatal(err)
		}
	}
	d.wantState(w.ID, payout.Paid)
	return d.now(w.ID)
}

func finding(p *payout.Payout, outcome, text string) url.Values {
	return url.Values{"version": {strconv.Itoa(p.Version)}, "outcome": {outcome}, "text": {text}}
}

// Invariants 5 and 6: a contradiction is red wherever it matters, and closed by two people through the pages.
func TestCloseConflict(t *testing.T) {
	d := newDesk(t)
	w := d.contradicted()
	path := "/payouts/" + string(w.ID)
	marit, tomas := d.signIn(maritMail), d.signIn(tomasMail)
	for _, page := range []string{"/", "/review", path} {
		if p := marit.get(page); !p.says("contradict") && !p.says("Contradiction") {
			t.Errorf("%s says nothing of it: %s", page, p.text("main"))
		}
	}
	p := marit.get(path + "/review")
	checkPage(t, p)
	if !p.says("Our record is right") || !p.says("The money came back") || p.says("The money did move") {
		t.Errorf("got %s", p.text("main"))
	}
	for _, c := range []struct{ outcome, text, want string }{
		{"", "", "Fill this in."}, {"returned", "no", "at least ten characters"}, {"moved", "It is in their list.", "Choose one"}, {"paid", "It is in their list.", "Choose one"},
	} {
		p = marit.post(path+"/conflicts/1/finding", finding(w, c.outcome, c.text))
		checkPage(t, p)
		if p.status != http.StatusUnprocessableEntity || !p.says(c.want) {
			t.Errorf("%q, %q: got %d %s", c.outcome, c.text, p.status, p.text(".form__errors"))
		}
	}
	if p = marit.post(path+"/conflicts/1/finding", finding(w, "returned", "Their list shows it sent back on Monday.")); !p.says("Recorded. A second person has to confirm it.") {
		t.Fatalf("got %d at %s: %s", p.status, p.path, p.text("main"))
	}
	d.wantState(w.ID, payout.Paid)
	if p = marit.post(path+"/conflicts/1/close", url.Values{"digest": {d.now(w.ID).FindingDigest(1)}}); p.status != http.StatusForbidden {
		t.Errorf("accountant confirms: got %d", p.status)
	}
	if p = tomas.post(path+"/conflicts/1/close", url.Values{"digest": {"old"}}); p.status != http.StatusConflict {
		t.Errorf("another finding on screen: got %d", p.status)
	}
	if p = tomas.get(path + "/conflicts/2/confirm"); p.status != http.StatusNotFound {
		t.Errorf("a conflict there is not: got %d", p.status)
	}
	tomas.get(path + "/review")
	p = tomas.submit("form[action="+path+"/conflicts/1/close]", nil)
	checkPage(t, p)
	if p.path != path+"/conflicts/1/confirm" || !p.says("The money came back") || !p.says("Marit de Graaf") {
		t.Fatalf("got %d at %s: %s", p.status, p.path, p.text("main"))
	}
	for _, code := range []string{"", "wrong"} {
		if p = tomas.submit(".decision__act", url.Values{"code": {code}}); p.status != http.StatusUnprocessableEntity {
			t.Errorf("%q: got %d", code, p.status)
		}
	}
	form := url.Values{"c": {attr(p.find("input[name=c]"), "value")}, "code": {password}}
	if p = tomas.post(path+"/conflicts/1/confirm", form); p.path != path || !p.says("Confirmed: the payout is Returned.") || !p.says("closed the contradiction") {
		t.Errorf("got %d at %s: %s", p.status, p.path, p.text("body"))
	}
	d.wantState(w.ID, payout.Returned)
	if p = tomas.post(path+"/conflicts/1/confirm", form); p.path != path {
		t.Errorf("second click: got %d at %s", p.status, p.path)
	}
	if p = marit.get(path + "/review"); !p.says("Contradictions that people cleared up") || !p.says("Confirmed by") {
		t.Errorf("afterwards: got %s", p.text("main"))
	}
	if p = marit.get("/review"); p.says("12 .50") {
		t.Error("it is still listed")
	}
}

// Invariants 2 and 17: keeping waiting is the third choice; it stays listed, and reminds again later.
func TestKeepWaiting(t *testing.T) {
	d := newDesk(t)
	w := d.unknown()
	path := "/payouts/" + string(w.ID)
	marit := d.signIn(maritMail)
	marit.get(path + "/review")
	for _, c := range []struct{ text, hours, want string }{
		{"", "4", "Fill this in."}, {"no", "4", "at least ten characters"}, {"Their support looks into it.", "9", "Choose"},
	} {
		if p := marit.submit("form[action="+path+"/wait]", url.Values{"text": {c.text}, "hours": {c.hours}}); p.status != http.StatusUnprocessableEntity || !p.says(c.want) {
			t.Errorf("%q: got %d %s", c.text, p.status, p.text(".form__errors"))
		}
		marit.get(path + "/review")
	}
	p := marit.submit("form[action="+path+"/wait]", url.Values{"text": {"Their support looks into it."}, "hours": {"4"}})
	checkPage(t, p)
	if !p.says("Nobody is reminded until then.") || !p.says("Marit de Graaf keeps waiting, quiet until") {
		t.Errorf("got %d %s", p.status, p.text("main"))
	}
	d.wantState(w.ID, payout.Unknown)
	if p = marit.get("/"); p.says("left open whether it paid") {
		t.Error("the first page reminds of it")
	}
	if p = marit.get("/review"); !p.says("10 .03") || !p.says("keeps waiting") {
		t.Errorf("the list: got %s", p.text("main"))
	}
	if p = marit.get(path); !p.says("left it open for now") || !p.says("Their support looks into it.") {
		t.Errorf("the story: got %s", p.text("main"))
	}
	d.clock.Add(4*time.Hour + time.Minute)
	if p = d.signIn(maritMail).get("/"); !p.says("left open whether it paid") {
		t.Error("the first page does not remind of it later")
	}
}

// A case tells how far the send got, what was said, and hides the account number until somebody says why.
func TestCaseTells(t *testing.T) {
	d := newDesk(t)
	w := d.unknown()
	path, number := "/payouts/"+string(w.ID), w.Content.AccountNumber()
	marit := d.signIn(maritMail)
	p := marit.get(path + "/review")
	checkPage(t, p)
	for _, want := range []string{"What was sent, as written", "The answer, as it came", "Look-ups", "Webhooks that may be about it", "Keep waiting"} {
		if !p.says(want) {
			t.Errorf("no %q in %s", want, p.text("main"))
		}
	}
	for _, page := range []string{path, path + "/review"} {
		if p = marit.get(page); p.says(number) {
			t.Errorf("%s shows the whole number", page)
		}
	}
	if p = marit.post(path+"/reveal", url.Values{"reason": {"why"}}); p.status != http.StatusUnprocessableEntity || p.says(number) {
		t.Errorf("no reason: got %d", p.status)
	}
	p = marit.post(path+"/reveal", url.Values{"reason": {"Their support asks for it."}})
	checkPage(t, p)
	if p.status != http.StatusOK || !p.says(number) || p.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %d %q: %s", p.status, p.header.Get("Cache-Control"), p.text("main"))
	}
	if p = marit.get(path); p.says(number) || !p.says("Marit de Graaf looked at the whole account number") || !p.says("Their support asks for it.") {
		t.Errorf("afterwards: got %s", p.text("main"))
	}
	d.person("Ignacio Barros", "ignacio@kora.example", merchant(d.store(d.ifeoma, "Andes Outlet")))
	if p = d.signIn("ignacio@kora.example").post(path+"/reveal", url.Values{"reason": {"Their support asks for it."}}); p.status != http.StatusNotFound {
		t.Errorf("another store: got %d", p.status)
	}
}

// Invariant 17: what takes too long is listed, and by store.
func TestReviewByStore(t *testing.T) {
	d := newDesk(t)
	d.unknown()
	other := d.store(d.ifeoma, "Andes Outlet")
	ifeoma := d.signIn(ifeomaMail)
	if p := ifeoma.get("/review?store=" + string(d.st.ID)); !p.says("10 .03") {
		t.Errorf("its store: got %s", p.text("main"))
	}
	if p := ifeoma.get("/review?store=" + string(other.ID)); p.says("10 .03") {
		t.Errorf("another store: got %s", p.text("main"))
	}
}

// Invariant 16: two clicks and a confirmation stop everything, a store or an account; it holds at the claim and is told.
func TestFreeze(t *testing.T) {
	d := newDesk(t)
	lan, ifeoma := d.signIn(lanMail), d.signIn(ifeomaMail)
	if p := lan.get("/freeze"); p.status != http.StatusForbidden && p.status != http.StatusNotFound {
		t.Errorf("a merchant admin: got %d", p.status)
	}
	w := d.waiting(d.lan, "10.03")
	d.approve(ifeoma, w.ID)
	p := ifeoma.get("/freeze")
	checkPage(t, p)
	if p = ifeoma.submit("form[action=/freeze]", url.Values{"what": {"all"}, "reason": {" "}}); p.status != http.StatusUnprocessableEntity || !p.says("Say why.") {
		t.Errorf("no reason: got %d %s", p.status, p.text("main"))
	}
	for _, what := range []string{"all", "store:" + string(d.st.ID), "account:" + string(d.account.ID)} {
		if p = ifeoma.post("/freeze", url.Values{"do": {"freeze"}, "what": {what}, "reason": {"The bank called"}}); p.path != "/freeze/confirm" || !p.says("10 .03") {
			t.Fatalf("%s: got %d at %s: %s", what, p.status, p.path, p.text("main"))
		}
		checkPage(t, p)
		if p = ifeoma.submit(".decision__act", url.Values{"code": {"wrong"}}); p.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: wrong password: got %d", what, p.status)
		}
		confirm := url.Values{"c": {attr(p.find("input[name=c]"), "value")}, "code": {password}}
		if p = ifeoma.post("/freeze/confirm", confirm); !p.says("Stopped. Nothing more is sent from there.") || !p.says("The bank called") {
			t.Fatalf("%s: got %d at %s: %s", what, p.status, p.path, p.text("main"))
		}
		checkPage(t, p)
		if p = ifeoma.post("/freeze/confirm", confirm); !p.says("Ask") && p.path != "/freeze" {
			t.Errorf("%s: the same confirmation again: got %d at %s", what, p.status, p.path)
		}
		if p = lan.get("/payouts"); !strings.HasPrefix(what, "account") && !p.says("The bank called") {
			t.Errorf("%s: no notice on other pages: %s", what, p.text("body"))
		}
		d.mayNotClaim(w.ID)
		if p = ifeoma.post("/freeze", url.Values{"do": {"unfreeze"}, "what": {what}}); !p.says("It was stopped because:") || !p.says("The bank called") {
			t.Fatalf("%s: got %d at %s: %s", what, p.status, p.path, p.text("main"))
		}
		if p = ifeoma.submit(".decision__act", url.Values{"code": {password}}); !p.says("It sends again.") {
			t.Fatalf("%s: got %d at %s: %s", what, p.status, p.path, p.text("main"))
		}
	}
	if p = ifeoma.post("/freeze", url.Values{"do": {"freeze"}, "what": {"store:nowhere"}, "reason": {"The bank called"}}); p.status != http.StatusNotFound {
		t.Errorf("a store there is not: got %d", p.status)
	}
	d.send(w.ID)
	d.wantState(w.ID, payout.Unknown)
}

// mayNotClaim has the core refuse to take a payout for a send.
func (d *desk) mayNotClaim(id payout.ID) {
	d.t.Helper()
	if _, err := d.app.Payouts().Claim(d.t.Context(), payout.InStore(d.st.ID), id, 1); err == nil {
		d.t.Error("it was taken to be sent")
	}
	d.wantState(id, payout.Approved)
}
