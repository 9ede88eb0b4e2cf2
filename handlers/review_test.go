package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
)

func TestReviewList(t *testing.T) {
	d := newDesk(t)
	marit := d.signIn(maritMail)
	p := marit.get("/review")
	checkPage(t, p)
	if !p.says("Nothing needs review") {
		t.Errorf("empty: got %s", p.text("main"))
	}
	w := d.unknown()
	d.clock.Add(54 * time.Minute)
	marit = d.signIn(maritMail)
	p = marit.get("/review")
	checkPage(t, p)
	for _, want := range []string{"10 .03 EUR", "1 payout, live", "Unknown, needs review", "Kiosk answered with status 500, which says neither yes nor no.", "54 minutes"} {
		if !p.says(want) {
			t.Errorf("no %q in %s", want, p.text("main"))
		}
	}
	if p.find("a[href=/payouts/"+string(w.ID)+"/review]") == nil {
		t.Error("no link to the page of it")
	}
	d.person("Ignacio Barros", "ignacio@kora.example", merchant(d.store(d.ifeoma, "Andes Outlet")))
	if p = d.signIn("ignacio@kora.example").get("/review"); p.says("10 .03") {
		t.Error("another store's is shown")
	}
}

// A contradiction shows up too, although the outcome is known.
func TestReviewListsConflicts(t *testing.T) {
	d := newDesk(t)
	w := d.waiting(d.lan, "12.50")
	d.approve(d.signIn(ifeomaMail), w.ID)
	d.send(w.ID)
	_, _, err := d.app.Payouts().Record(t.Context(), payout.InStore(d.st.ID), w.ID, payout.Evidence{Source: payout.FromWebhook, Attempt: 1,
		Result: providers.Result{Status: providers.Paid, Attempt: providers.Attempt{RemoteID: "K-1"}, Amount: money.Amount{Minor: 125000, Currency: "EUR"}}})
	if err != nil {
		t.Fatal(err)
	}
	b := d.signIn(maritMail)
	if p := b.get("/review"); !p.says("Amount differs : expected 12.50 , got 1250.00") {
		t.Errorf("got %s", p.text("main"))
	}
	p := b.get("/payouts/" + string(w.ID) + "/review")
	checkPage(t, p)
	if !p.says("What came in contradicts what was sent") || p.says("Close it by hand") {
		t.Errorf("got %s", p.text("main"))
	}
}

func evidenceForm(verdict, text, number string) url.Values {
	return url.Values{"verdict": {verdict}, "text": {text}, "remote_id": {number}}
}

func TestEvidence(t *testing.T) {
	d := newDesk(t)
	w := d.unknown()
	path := "/payouts/" + string(w.ID)
	marit := d.signIn(maritMail)
	p := marit.get(path + "/review")
	checkPage(t, p)
	for _, want := range []string{"We do not know whether Kiosk paid this", "Kiosk answered with status 500", "“the kiosk is on fire”", w.Reference(),
		"What to check at Kiosk", "It takes two people"} {
		if !p.says(want) {
			t.Errorf("no %q in %s", want, p.text("main"))
		}
	}
	for _, c := range []struct {
		name string
		form url.Values
		want string
	}{
		{"nothing", evidenceForm("", "", ""), "Fill this in."},
		{"too short", evidenceForm("not_executed", "no", ""), "at least ten characters"},
		{"no number", evidenceForm("executed", "It is in their list as paid.", ""), "Give the number"},
		{"another verdict", evidenceForm("lost", "It is in their list as lost.", ""), "Choose one"},
	} {
		p = marit.submit("main form[aria-label]", c.form)
		checkPage(t, p)
		if p.status != http.StatusUnprocessableEntity || !p.says(c.want) || p.text("textarea") != c.form.Get("text") {
			t.Errorf("%s: got %d %s", c.name, p.status, p.text(".form__errors"))
		}
	}
	marit.submit("main form[aria-label]", evidenceForm("not_executed", "Not in their list of today, support says so.", ""))
	p = marit.page
	checkPage(t, p)
	if !p.says("Recorded. A second person has to confirm it.") || !p.says("Not in their list of today") || !p.says("A super admin has to confirm it.") {
		t.Errorf("got %d at %s: %s", p.status, p.path, p.text("main"))
	}
	d.wantState(w.ID, payout.Unknown)
	stale := url.Values{"version": {"1"}, "verdict": {"not_executed"}, "text": {"I had this page open for an hour."}}
	if p = marit.post(path+"/review", stale); p.status != http.StatusConflict || !p.says("This changed while you were reading it") {
		t.Errorf("old page: got %d %s", p.status, p.text("main"))
	}
	if p = marit.post(path+"/settle", url.Values{"digest": {d.now(w.ID).ReviewDigest()}}); p.status != http.StatusForbidden {
		t.Errorf("accountant confirms: got %d", p.status)
	}
}

func TestSettle(t *testing.T) {
	d := newDesk(t)
	w := d.unknown()
	path := "/payouts/" + string(w.ID)
	marit, tomas := d.signIn(maritMail), d.signIn(tomasMail)
	marit.get(path + "/review")
	marit.submit("main form[aria-label]", evidenceForm("not_executed", "Not in their list of today.", ""))
	tomas.get(path + "/review")
	p := tomas.submit(".form[action="+path+"/settle]", nil)
	checkPage(t, p)
	if p.path != path+"/settle/confirm" || !p.says("Type the amount again") || !p.says("Marit de Graaf") {
		t.Fatalf("got %d at %s: %s", p.status, p.path, p.text("main"))
	}
	for _, c := range []struct{ amount, code, want string }{
		{"", password, "Fill this in."},
		{"ten", password, "This is no amount."},
		{"10.30", password, "This is not the amount of the payout."},
		{"10.03", "wrong", "This is not your password. 4 tries left."},
	} {
		p = tomas.submit(".decision__act", url.Values{"amount": {c.amount}, "code": {c.code}})
		checkPage(t, p)
		if p.status != http.StatusUnprocessableEntity || !p.says(c.want) || attr(p.find("#f-amount"), "value") != c.amount || attr(p.find("#f-code"), "value") != "" {
			t.Errorf("%q, %q: got %d %s", c.amount, c.code, p.status, p.text("main"))
		}
	}
	form := url.Values{"c": {attr(p.find("input[name=c]"), "value")}, "amount": {"10.03"}, "code": {password}}
	p = tomas.post(path+"/settle/confirm", form)
	if p.path != path || !p.says("Confirmed: it was not carried out.") {
		t.Errorf("got %d at %s: %s", p.status, p.path, p.text("body"))
	}
	d.wantState(w.ID, payout.NotExecuted)
	if r := d.now(w.ID); r.Review.SettledBy != d.tomas.ID || r.OnePerson {
		t.Errorf("got %+v, marked %v", r.Review, r.OnePerson)
	}
	tomas.get("/approvals")
	if p = tomas.post(path+"/settle/confirm", form); p.path != path {
		t.Errorf("second click: got %d at %s", p.status, p.path)
	}
	d.resolverMayNotApprove(w.ID, tomas)
}

// resolverMayNotApprove asks for a new attempt: who confirmed what became of the old one must not decide about it.
func (d *desk) resolverMayNotApprove(id payout.ID, resolver *browser) {
	d.t.Helper()
	if _, err := d.app.Payouts().Again(d.t.Context(), d.lan, id); err != nil {
		d.t.Fatal(err)
	}
	p := resolver.get("/approvals/" + string(id))
	checkPage(d.t, p)
	if !p.says("You confirmed what became of the earlier attempt") || !p.says("Sent before.") || !p.says(d.now(id).Reference()) {
		d.t.Errorf("got %s", p.text("main"))
	}
	if n := len(p.all(".decision__part .line--bad")); n != 1 {
		d.t.Errorf("got %d red facts, want 1", n)
	}
	if p = resolver.post("/payouts/"+string(id)+"/approve", decide(d.now(id))); p.status != http.StatusForbidden {
		d.t.Errorf("resolver approves: got %d", p.status)
	}
	d.approve(d.signIn(ifeomaMail), id)
}

func TestSettleTakesTwo(t *testing.T) {
	d := newDesk(t)
	w := d.unknown()
	path := "/payouts/" + string(w.ID)
	tomas, ifeoma := d.signIn(tomasMail), d.signIn(ifeomaMail)
	tomas.get(path + "/review")
	tomas.submit("main form[aria-label]", evidenceForm("executed", "Their list has it as paid.", "K-77"))
	if !tomas.page.says("You recorded this evidence. A second person has to confirm it.") || tomas.page.find(".form[action="+path+"/settle]") != nil {
		t.Errorf("got %s", tomas.page.text("main"))
	}
	digest := url.Values{"digest": {d.now(w.ID).ReviewDigest()}}
	if p := tomas.post(path+"/settle", digest); p.status != http.StatusForbidden {
		t.Errorf("the one who recorded it: got %d", p.status)
	}
	asked, err := d.admin.Access.Ask(t.Context(), d.tomas, "settle", string(w.ID), d.now(w.ID).ReviewDigest())
	if err != nil {
		t.Fatal(err)
	}
	if p := tomas.post(path+"/settle/confirm", url.Values{"c": {asked.ID}, "amount": {"10.03"}, "code": {password}}); p.status != http.StatusForbidden {
		t.Errorf("with a confirmation: got %d", p.status)
	}
	d.wantState(w.ID, payout.Unknown)

	// Ifeoma approved the send; what became of it she may confirm, but not evidence that changed under her eyes.
	ifeoma.get(path + "/review")
	ifeoma.submit(".form[action="+path+"/settle]", nil)
	tomas.get(path + "/review")
	tomas.submit(".form[action="+path+"/review]", evidenceForm("executed", "Their list has it as paid, number corrected.", "K-78"))
	p := ifeoma.submit(".decision__act", url.Values{"amount": {"10.03"}, "code": {password}})
	if p.path != path+"/review" || !p.says("Nothing was decided; start again") {
		t.Errorf("other evidence: got %d at %s: %s", p.status, p.path, p.text("main"))
	}
	if p = ifeoma.post(path+"/settle", digest); p.status != http.StatusConflict {
		t.Errorf("old page: got %d", p.status)
	}
	ifeoma.get(path + "/review")
	ifeoma.submit(".form[action="+path+"/settle]", nil)
	d.clock.Add(access.StepUpLife + time.Second)
	if p = ifeoma.submit(".decision__act", url.Values{"amount": {"10.03"}, "code": {password}}); p.path != path+"/review" {
		t.Errorf("stale: got %d at %s", p.status, p.path)
	}
	d.wantState(w.ID, payout.Unknown)
	ifeoma.submit(".form[action="+path+"/settle]", nil)
	ifeoma.submit(".decision__act", url.Values{"amount": {"10.03"}, "code": {password}})
	d.wantState(w.ID, payout.Paid)
	if got := d.now(w.ID).RemoteID(); got != "K-78" {
		t.Errorf("provider's number: got %q", got)
	}
	if p = tomas.post(path+"/settle", digest); p.status != http.StatusConflict || !p.says("There is nothing to confirm any more") {
		t.Errorf("after it: got %d %s", p.status, p.text("main"))
	}
}

func TestSettleAlone(t *testing.T) {
	d := newDesk(t)
	if err := d.admin.Access.TakeRole(t.Context(), d.ifeoma, d.tomas.ID, super()); err != nil {
		t.Fatal(err)
	}
	if err := d.admin.Access.SetOnePerson(t.Context(), d.ifeoma, true); err != nil {
		t.Fatal(err)
	}
	w := d.unknown()
	path := "/payouts/" + string(w.ID)
	b := d.signIn(ifeomaMail)
	if p := b.get(path + "/review"); !p.says("One-person mode: the same super admin may record and confirm.") {
		t.Errorf("got %s", p.text("main"))
	}
	b.submit("main form[aria-label]", evidenceForm("not_executed", "Not in their list of today.", ""))
	p := b.submit(".form[action="+path+"/settle]", nil)
	if !p.says("You also recorded the evidence.") {
		t.Errorf("got %s", p.text("main"))
	}
	b.submit(".decision__act", url.Values{"amount": {"10.03"}, "code": {password}})
	d.wantState(w.ID, payout.NotExecuted)
	if !d.now(w.ID).OnePerson {
		t.Error("the payout is not marked")
	}
}

// The amount is typed as the person's language writes it.
func TestSettleInFrench(t *testing.T) {
	d := newDesk(t)
	w := d.unknown()
	path := "/payouts/" + string(w.ID)
	if err := d.admin.Access.SavePreferences(t.Context(), d.tomas, d.tomas.Name, "fr", ""); err != nil {
		t.Fatal(err)
	}
	marit, tomas := d.signIn(maritMail), d.signIn(tomasMail)
	marit.get(path + "/review")
	marit.submit("main form[aria-label]", evidenceForm("not_executed", "Not in their list of today.", ""))
	checkPage(t, tomas.get("/review"))
	p := tomas.get(path + "/review")
	checkPage(t, p)
	if !p.says("Nous ne savons pas si Kiosk a payé ceci") || !strings.Contains(p.body, "10<span class=\"money__minor\">,03") {
		t.Errorf("got %s", p.text("main"))
	}
	p = tomas.submit(".form[action="+path+"/settle]", nil)
	checkPage(t, p)
	tomas.submit(".decision__act", url.Values{"amount": {"10,03"}, "code": {password}})
	d.wantState(w.ID, payout.NotExecuted)
}

func TestLookUpNow(t *testing.T) {
	d := newDesk(t)
	w := d.unknown()
	path := "/payouts/" + string(w.ID)
	b := d.signIn(maritMail)
	b.get(path + "/review")
	p := b.submit(".act", nil)
	if p.path != path || !p.says("Kiosk is being asked now.") {
		t.Errorf("got %d at %s: %s", p.status, p.path, p.text("body"))
	}
	if due := d.now(w.ID).DueAt; due.After(d.clock.Now()) || due.IsZero() {
		t.Errorf("due: got %s", due)
	}
	waits := d.waiting(d.lan, "12.50")
	b.get("/review")
	if p = b.post("/payouts/"+string(waits.ID)+"/lookup", nil); !p.says("There is nothing to ask") {
		t.Errorf("not sent yet: got %d %s", p.status, p.text("body"))
	}
}
