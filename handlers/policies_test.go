package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/paywicket/paywicket/web/payout"
)

// addRule fills in the form of a rule on the page that is shown.
func (b *browser) addRule(values ...string) *page {
	b.t.Helper()
	form := url.Values{"do": {"add"}, "rules": {attr(b.page.find("input[name=rules]"), "value")}}
	for i := 0; i+1 < len(values); i += 2 {
		form.Set(values[i], values[i+1])
	}
	return b.post("/policies/edit", form)
}

// preview goes on to what the rules would mean.
func (b *browser) preview() *page {
	b.t.Helper()
	return b.post("/policies/edit", url.Values{"do": {"preview"}, "rules": {attr(b.page.find("input[name=rules]"), "value")}})
}

// confirmRules confirms the proposal that is shown.
func (b *browser) confirmRules() *page {
	b.t.Helper()
	b.post(b.page.path, nil)
	return b.submit(".decision__act", url.Values{"code": {password}})
}

// TestPolicies tightens the rules alone, is refused what would lock everybody out, and loosens them only with a second super
// admin.
func TestPolicies(t *testing.T) {
	d := newDesk(t)
	first, later := d.waiting(d.lan, "12.50"), d.waiting(d.lan, "600")
	ifeoma, tomas := d.signIn(ifeomaMail), d.signIn(tomasMail)

	p := ifeoma.get("/policies")
	checkPage(t, p)
	if !p.says("one super admin approves who had no hand in it") {
		t.Fatalf("rules: got %s", p.text("main"))
	}
	checkPage(t, ifeoma.get("/policies/edit"))
	for _, wrong := range []struct {
		name, say string
		values    []string
	}{
		{"nothing more", "One approval is always asked for", []string{"kind", "approvals", "approvals", "1"}},
		{"no number", "Write a number from 1 to 5", []string{"kind", "approvals", "approvals", "two"}},
		{"limit of zero", "zero", []string{"kind", "limit", "per", "payout", "limit", "0", "limit_currency", "EUR"}},
		{"too exact", "decimal", []string{"kind", "limit", "per", "payout", "limit", "1.005", "limit_currency", "EUR"}},
		{"amount without currency", "currency", []string{"kind", "approvals", "approvals", "2", "from", "500"}},
		{"unknown store", "There is no such store", []string{"kind", "approvals", "approvals", "2", "store", "nowhere"}},
		{"more than there are", "There are not so many super admins", []string{"kind", "approvals", "approvals", "3"}},
	} {
		p = ifeoma.addRule(wrong.values...)
		if p.status != http.StatusUnprocessableEntity || !strings.Contains(strings.ToLower(p.text("main")), strings.ToLower(wrong.say)) {
			t.Errorf("%s: got %d %s", wrong.name, p.status, p.text(".error-summary, .field__error"))
		}
	}
	ifeoma.addRule("kind", "approvals", "approvals", "2", "currency", "eur", "from", "500")
	p = ifeoma.preview()
	checkPage(t, p)
	if !p.says("Payouts of 500.00 EUR and more: 2 people approve.") || !p.says("1 of 2 payouts would have needed more people.") {
		t.Fatalf("preview: got %s", p.text("main"))
	}
	if p = ifeoma.confirmRules(); p.path != "/policies" || !p.says("These rules hold now.") || !p.says("500.00 EUR and more") {
		t.Fatalf("tightened: got %s: %s", p.path, p.text("main"))
	}

	if p = ifeoma.get("/approvals/" + string(later.ID)); !p.says("2 people approve") || !p.says("Approve (1 of 2, does not send)") {
		t.Errorf("decision: got %s", p.text("main"))
	}
	d.approve(ifeoma, first.ID)
	d.ask(ifeoma, later.ID)
	ifeoma.submit(".decision__act", url.Values{"code": {password}})
	d.wantState(later.ID, payout.Submitted)
	d.approve(tomas, later.ID)

	ifeoma.get("/policies/edit")
	ifeoma.post("/policies/edit", url.Values{"do": {"remove-0"}, "rules": {attr(ifeoma.page.find("input[name=rules]"), "value")}})
	p = ifeoma.preview()
	if !p.says("This loosens the rules") || !p.says("would have needed fewer people") {
		t.Errorf("loosening: got %s", p.text("main"))
	}
	proposal := p.path
	if p = ifeoma.confirmRules(); !p.says("Another super admin has to confirm it") || !p.says("500.00 EUR and more") {
		t.Errorf("proposed: got %s", p.text("main"))
	}
	if p = ifeoma.get(proposal); strings.Contains(p.text("main"), "Confirm as the second") {
		t.Error("the author may confirm their own proposal")
	}
	tomas.get(proposal)
	if p = tomas.confirmRules(); !p.says("These rules hold now.") || p.says("500.00 EUR and more") {
		t.Errorf("loosened by two: got %s", p.text("main"))
	}
}

// A rule for which there are not enough people any more is told, and cannot be saved.
func TestPoliciesLockOut(t *testing.T) {
	d := newDesk(t)
	ifeoma := d.signIn(ifeomaMail)
	ifeoma.get("/policies/edit")
	ifeoma.addRule("kind", "approvals", "approvals", "2", "store", string(d.st.ID))
	p := ifeoma.preview()
	if !p.says("These need everybody there is") {
		t.Errorf("two of two: got %s", p.text("main"))
	}
	if err := d.admin.Access.Disable(t.Context(), d.ifeoma, d.tomas.ID); err != nil {
		t.Fatal(err)
	}
	p = ifeoma.get(p.path)
	if !p.says("Nobody could approve these") || !p.says("Payouts of Lantern House: 2 people approve.") || p.says("Confirm these rules") {
		t.Errorf("two of one: got %s", p.text("main"))
	}
	if p = ifeoma.post(p.path, nil); p.status != http.StatusConflict {
		t.Errorf("confirming it all the same: got %d at %s", p.status, p.path)
	}
}
