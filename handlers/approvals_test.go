package handlers_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
)

// decide is what the form on the decision page sends.
func decide(p *payout.Payout) url.Values {
	return url.Values{"version": {strconv.Itoa(p.Version)}, "digest": {p.Digest}}
}

func TestApprovals(t *testing.T) {
	d := newDesk(t)
	b := d.signIn(ifeomaMail)
	p := b.get("/approvals")
	checkPage(t, p)
	if !p.says("Nothing waits for you") || !p.says("See all payouts") {
		t.Errorf("empty: got %s", p.text("main"))
	}
	mine := d.waiting(d.lan, "12.50")
	d.waiting(d.lan, "12.50") // the same again
	d.waiting(d.ifeoma, "7")
	p = b.get("/approvals")
	checkPage(t, p)
	if got := len(p.all("#mine")); got != 1 {
		t.Fatalf("got %s", p.text("main"))
	}
	if !p.says("With somebody else") || !p.says("Never paid before") || p.find("[data-state=duplicate]") == nil {
		t.Errorf("got %s", p.text("main"))
	}
	if p.find(`a[href=/approvals/`+string(mine.ID)+`]`) == nil {
		t.Error("no link to the decision")
	}
	for _, mail := range []string{lanMail, maritMail} {
		if got := d.signIn(mail).get("/approvals").status; got != http.StatusForbidden {
			t.Errorf("%s: got %d, want 403", mail, got)
		}
	}
}

func TestDecisionPage(t *testing.T) {
	d := newDesk(t)
	d.waiting(d.lan, "12.50")
	d.clock.Add(time.Minute)
	w := d.waiting(d.lan, "12.50")
	b := d.signIn(ifeomaMail)
	p := b.get("/approvals/" + string(w.ID))
	checkPage(t, p)
	order := []string{"#d-amount", "#d-recipient", "#d-asked", "#d-facts", "#d-approvals", "#d-effect", "#d-cost", ".decision__act"}
	at := -1
	for _, part := range order {
		mark := strings.TrimLeft(part, "#.")
		i := strings.Index(p.body, mark)
		if i <= at {
			t.Errorf("%s stands too early, or not at all", part)
		}
		at = i
	}
	for _, want := range []string{"12 .50 EUR", "Leaves 987.50 EUR free in Lantern House", "account ··6630, Vietnam, Bank transfer", "Never paid before",
		"Lan Phương Đỗ , merchant admin", "“Deposit for the lamps”", "Likely duplicate.", "One super admin has to approve", "Ifeoma Lindqvist (you)",
		"Sends now through Kiosk. It cannot be recalled.", "Kiosk does not say beforehand", "Approve and send", "Reject", "Decision 2 of 2", "19036812346630"} {
		if !p.says(want) {
			t.Errorf("no %q in %s", want, p.text("main"))
		}
	}
	if n := len(p.all(".decision__part .line--bad")); n != 1 {
		t.Errorf("got %d red facts, want 1", n)
	}
	if p.find("[aria-current=true]") == nil {
		t.Error("the queue does not say which is shown")
	}
	if got := d.signIn(maritMail).get("/approvals/" + string(w.ID)).status; got != http.StatusForbidden {
		t.Errorf("accountant: got %d, want 403", got)
	}
	if got := b.get("/approvals/000000000000").status; got != http.StatusNotFound {
		t.Errorf("missing: got %d, want 404", got)
	}
}

func TestApprove(t *testing.T) {
	d := newDesk(t)
	w, next := d.waiting(d.lan, "12.50"), d.waiting(d.lan, "13")
	b := d.signIn(ifeomaMail)
	p := d.ask(b, w.ID)
	checkPage(t, p)
	if !p.says("12 .50 EUR") || !p.says("Phạm Thị Thanh Huyền") || !p.says("··6630") || !p.says("Good for two minutes") || p.says("19036812346630") {
		t.Errorf("confirmation: got %s", p.text("main"))
	}
	if code := p.find("#f-code"); attr(code, "type") != "password" || attr(code, "autocomplete") != "current-password" {
		t.Errorf("got input %v", code)
	}
	p = b.submit(".decision__act", url.Values{"code": {""}})
	if p.status != http.StatusUnprocessableEntity || !p.says("Fill this in.") {
		t.Errorf("nothing typed: got %d %s", p.status, p.text("main"))
	}
	p = b.submit(".decision__act", url.Values{"code": {"wrong"}})
	if p.status != http.StatusUnprocessableEntity || !p.says("4 tries left") || attr(p.find("#f-code"), "value") != "" {
		t.Errorf("wrong password: got %d %s", p.status, p.text("main"))
	}
	form := url.Values{"c": {attr(p.find("input[name=c]"), "value")}, "code": {password}}
	path := "/payouts/" + string(w.ID)
	p = b.post(path+"/confirm", form)
	if p.path != path || !p.says("Approved. It is being sent now.") || p.find("a[href=/approvals/"+string(next.ID)+"]") == nil {
		t.Errorf("after it: got %d at %s: %s", p.status, p.path, p.text("body"))
	}
	d.wantState(w.ID, payout.Approved)
	if a := d.now(w.ID).Approvals; len(a) != 1 || a[0].Person != d.ifeoma.ID || a[0].Means != "password" || a[0].Digest != w.Digest {
		t.Errorf("approvals: got %+v", a)
	}
	b.get("/approvals")
	if p = b.post(path+"/confirm", form); p.path != path || len(d.now(w.ID).Approvals) != 1 {
		t.Errorf("second click: got %d at %s, %d approvals", p.status, p.path, len(d.now(w.ID).Approvals))
	}
	d.send(w.ID)
	if d.sends.Load() != 1 {
		t.Errorf("got %d sends, want 1", d.sends.Load())
	}
	d.wantState(w.ID, payout.Accepted)
}

func TestApproveWithCode(t *testing.T) {
	d := newDesk(t)
	w, other := d.waiting(d.lan, "12.50"), d.waiting(d.lan, "13")
	b := d.signIn(ifeomaMail)
	code := d.authenticator(d.ifeoma)
	p := d.ask(b, w.ID)
	if in := p.find("#f-code"); attr(in, "inputmode") != "numeric" || attr(in, "autocomplete") != "one-time-code" {
		t.Errorf("got input %v", in)
	}
	if p = b.submit(".decision__act", url.Values{"code": {password}}); p.status != http.StatusUnprocessableEntity || !p.says("This code does not fit") {
		t.Errorf("password instead of a code: got %d %s", p.status, p.text("main"))
	}
	used := code()
	b.submit(".decision__act", url.Values{"code": {used}})
	d.wantState(w.ID, payout.Approved)
	d.ask(b, other.ID)
	if p = b.submit(".decision__act", url.Values{"code": {used}}); p.status != http.StatusUnprocessableEntity {
		t.Errorf("the same code again: got %d", p.status)
	}
	d.wantState(other.ID, payout.Submitted)
	for range 4 {
		p = b.submit(".decision__act", url.Values{"code": {"000000"}})
		if p.path == "/approvals/"+string(other.ID) {
			break
		}
	}
	if p.path != "/approvals/"+string(other.ID) || !p.says("start again") {
		t.Errorf("five wrong codes: got %d at %s: %s", p.status, p.path, p.text("main"))
	}
}

func TestNobodyApprovesOwnWork(t *testing.T) {
	d := newDesk(t)
	drafted := d.waiting(d.ifeoma, "12.50")
	edited := d.waiting(d.lan, "13")
	if _, err := d.app.Payouts().Edit(t.Context(), d.ifeoma, edited.ID, edited.Version, d.input("14")); err != nil {
		t.Fatal(err)
	}
	edited = d.submitted(d.lan, edited.ID)
	b, tomas := d.signIn(ifeomaMail), d.signIn(tomasMail)
	for _, c := range []struct {
		p    *payout.Payout
		want string
	}{{drafted, "You drafted this payout. Somebody else has to decide."}, {edited, "You changed this payout. Somebody else has to decide."}} {
		path := "/payouts/" + string(c.p.ID)
		p := b.get("/approvals/" + string(c.p.ID))
		checkPage(t, p)
		if !p.says(c.want) || p.find(".decision__approve") != nil || p.says("Approve and send") {
			t.Errorf("page: got %s", p.text(".decision__act"))
		}
		if p = b.post(path+"/approve", decide(c.p)); p.status != http.StatusForbidden || !p.says(c.want) {
			t.Errorf("post: got %d %s", p.status, p.text("main"))
		}
		// a confirmation that was got in another way helps nobody
		asked, err := d.admin.Access.Ask(t.Context(), d.ifeoma, "approve", string(c.p.ID), c.p.Digest)
		if err != nil {
			t.Fatal(err)
		}
		if p = b.post(path+"/confirm", url.Values{"c": {asked.ID}, "code": {password}}); p.status != http.StatusForbidden {
			t.Errorf("confirm: got %d %s", p.status, p.text("main"))
		}
		d.wantState(c.p.ID, payout.Submitted)
		d.approve(tomas, c.p.ID)
	}
}

func TestOthersMayNotApprove(t *testing.T) {
	d := newDesk(t)
	w := d.waiting(d.lan, "12.50")
	stranger := d.person("Ignacio Barros", "ignacio@kora.example", merchant(d.store(d.ifeoma, "Andes Outlet")))
	_ = stranger
	path := "/payouts/" + string(w.ID)
	for _, mail := range []string{lanMail, maritMail, "ignacio@kora.example"} {
		b := d.signIn(mail)
		for _, to := range []string{"/approve", "/confirm", "/reject", "/settle", "/settle/confirm"} {
			b.get("/me")
			if p := b.post(path+to, decide(w)); p.status != http.StatusForbidden {
				t.Errorf("%s %s: got %d, want 403", mail, to, p.status)
			}
		}
	}
	b := d.signIn("ignacio@kora.example")
	if p := b.get(path + "/review"); p.status != http.StatusNotFound {
		t.Errorf("another store's: got %d, want 404", p.status)
	}
	b.get("/me")
	if p := b.post(path+"/lookup", nil); p.status != http.StatusNotFound {
		t.Errorf("look-up of another store's: got %d, want 404", p.status)
	}
	d.wantState(w.ID, payout.Submitted)
}

func TestConfirmationIsFresh(t *testing.T) {
	d := newDesk(t)
	w := d.waiting(d.lan, "12.50")
	b := d.signIn(ifeomaMail)
	d.ask(b, w.ID)
	d.clock.Add(access.StepUpLife + time.Second)
	p := b.submit(".decision__act", url.Values{"code": {password}})
	if p.path != "/approvals/"+string(w.ID) || !p.says("The confirmation ran out") {
		t.Errorf("stale: got %d at %s: %s", p.status, p.path, p.text("main"))
	}
	d.wantState(w.ID, payout.Submitted)

	// one about another payout, one of another person, one for another purpose
	other := d.waiting(d.lan, "13")
	for _, c := range []struct {
		name, purpose string
		by            access.Person
		about         *payout.Payout
	}{{"other payout", "approve", d.ifeoma, other}, {"other person", "approve", d.tomas, w}, {"other purpose", "settle", d.ifeoma, w}} {
		asked, err := d.admin.Access.Ask(t.Context(), c.by, c.purpose, string(c.about.ID), c.about.Digest)
		if err != nil {
			t.Fatal(err)
		}
		p = b.post("/payouts/"+string(w.ID)+"/confirm", url.Values{"c": {asked.ID}, "code": {password}})
		if p.path != "/approvals/"+string(w.ID) || !p.says("about something else") {
			t.Errorf("%s: got %d at %s", c.name, p.status, p.path)
		}
		d.wantState(w.ID, payout.Submitted)
	}
	if p = b.get("/payouts/" + string(w.ID) + "/confirm?c=nothing"); p.path != "/approvals/"+string(w.ID) {
		t.Errorf("no such confirmation: got %s", p.path)
	}
}

// A confirmation that approved once does not approve the payout again after it was sent back.
func TestConfirmationIsUsedOnce(t *testing.T) {
	d := newDesk(t)
	w := d.waiting(d.lan, "12.50")
	b := d.signIn(ifeomaMail)
	p := d.ask(b, w.ID)
	form := url.Values{"c": {attr(p.find("input[name=c]"), "value")}, "code": {password}}
	b.post("/payouts/"+string(w.ID)+"/confirm", form)
	d.wantState(w.ID, payout.Approved)
	now := d.now(w.ID)
	if _, err := d.app.Payouts().Edit(t.Context(), d.lan, w.ID, now.Version, d.input("12.50")); err != nil {
		t.Fatal(err)
	}
	d.submitted(d.lan, w.ID)
	b.get("/approvals")
	if p = b.post("/payouts/"+string(w.ID)+"/confirm", form); p.path != "/approvals/"+string(w.ID) || !p.says("was used already") {
		t.Errorf("got %d at %s: %s", p.status, p.path, p.text("main"))
	}
	d.wantState(w.ID, payout.Submitted)
}

func TestChangedMeanwhile(t *testing.T) {
	d := newDesk(t)
	w := d.waiting(d.lan, "12.50")
	b := d.signIn(ifeomaMail)
	b.get("/approvals/" + string(w.ID))
	change := func(amount string) {
		if _, err := d.app.Payouts().Edit(t.Context(), d.lan, w.ID, d.now(w.ID).Version, d.input(amount)); err != nil {
			t.Fatal(err)
		}
	}
	change("99")
	p := b.submit(".decision__approve", nil)
	if p.status != http.StatusConflict || !p.says("Lan Phương Đỗ opened this payout to change it") {
		t.Errorf("while it is changed: got %d %s", p.status, p.text("main"))
	}
	d.submitted(d.lan, w.ID)
	b.get("/approvals")
	p = b.post("/payouts/"+string(w.ID)+"/approve", decide(w))
	checkPage(t, p)
	if p.status != http.StatusConflict || !p.says("This changed while you were reading it") || !p.says("99 .00 EUR") {
		t.Errorf("between page and click: got %d %s", p.status, p.text("main"))
	}
	d.ask(b, w.ID)
	change("12.50")
	d.submitted(d.lan, w.ID)
	p = b.submit(".decision__act", url.Values{"code": {password}})
	if p.path != "/approvals/"+string(w.ID) || !p.says("Nothing was decided; start again") {
		t.Errorf("between asking and confirming: got %d at %s: %s", p.status, p.path, p.text("main"))
	}
	d.wantState(w.ID, payout.Submitted)
}

func TestTwoApproversAtOnce(t *testing.T) {
	d := newDesk(t)
	w := d.waiting(d.lan, "12.50")
	browsers := []*browser{d.signIn(ifeomaMail), d.signIn(tomasMail)}
	for _, b := range browsers {
		d.ask(b, w.ID)
	}
	var all sync.WaitGroup
	for _, b := range browsers {
		all.Go(func() { b.submit(".decision__act", url.Values{"code": {password}}) })
	}
	all.Wait()
	won := 0
	for _, b := range browsers {
		switch {
		case b.page.path == "/payouts/"+string(w.ID):
			won++
		case b.page.status != http.StatusConflict || !b.page.says("Already decided") || !b.page.says("approved this payout on"):
			t.Errorf("the second: got %d at %s: %s", b.page.status, b.page.path, b.page.text("main"))
		}
	}
	d.send(w.ID)
	if p := d.now(w.ID); won != 1 || len(p.Approvals) != 1 || p.Decisions != 1 || d.sends.Load() != 1 {
		t.Errorf("got %d winners, %d approvals, %d decisions, %d sends, want 1 each", won, len(p.Approvals), p.Decisions, d.sends.Load())
	}
}

func TestClickedTwice(t *testing.T) {
	d := newDesk(t)
	w := d.waiting(d.lan, "12.50")
	b := d.signIn(ifeomaMail)
	p := d.ask(b, w.ID)
	form := url.Values{"csrf": {attr(p.find("input[name=csrf]"), "value")}, "c": {attr(p.find("input[name=c]"), "value")}, "code": {password}}
	var all sync.WaitGroup
	for range 4 {
		again := &browser{t: t, url: b.url, client: b.client, header: b.header}
		all.Go(func() { again.do(http.MethodPost, b.url+"/payouts/"+string(w.ID)+"/confirm", form) })
	}
	all.Wait()
	d.send(w.ID)
	if p := d.now(w.ID); len(p.Approvals) != 1 || p.Decisions != 1 || d.sends.Load() != 1 {
		t.Errorf("got %d approvals, %d decisions, %d sends, want 1 each", len(p.Approvals), p.Decisions, d.sends.Load())
	}
}

func TestReject(t *testing.T) {
	d := newDesk(t)
	w := d.waiting(d.lan, "12.50")
	b := d.signIn(ifeomaMail)
	b.get("/approvals/" + string(w.ID))
	for _, reason := range []string{"", "  ", strings.Repeat("x", 1001)} {
		p := b.submit(".decision__reject form", url.Values{"reason": {reason}})
		checkPage(t, p)
		if p.status != http.StatusUnprocessableEntity || p.find(".decision__reject[open]") == nil || p.text(".field__error") == "" {
			t.Errorf("reason of %d: got %d %s", len(reason), p.status, p.text(".decision__reject"))
		}
		if got := p.text("#f-reason"); got != strings.TrimSpace(reason) {
			t.Errorf("kept: got %q", got)
		}
	}
	d.wantState(w.ID, payout.Submitted)
	p := b.submit(".decision__reject form", url.Values{"reason": {"Wrong branch."}})
	if p.path != "/payouts/"+string(w.ID) || !p.says("Rejected. Nothing is sent.") {
		t.Errorf("got %d at %s: %s", p.status, p.path, p.text("body"))
	}
	d.wantState(w.ID, payout.Rejected)
	p = d.signIn(tomasMail).get("/approvals/" + string(w.ID))
	if !p.says("Ifeoma Lindqvist rejected this payout") || !p.says("“Wrong branch.”") {
		t.Errorf("to somebody else: got %s", p.text("main"))
	}
	b.get("/approvals")
	p = b.post("/payouts/"+string(w.ID)+"/approve", decide(w))
	if p.status != http.StatusConflict || !p.says("Already decided") {
		t.Errorf("approve after it: got %d %s", p.status, p.text("main"))
	}
	p = b.post("/payouts/"+string(w.ID)+"/reject", url.Values{"version": {"3"}, "reason": {"again"}})
	if p.status != http.StatusConflict || !p.says("Already decided") {
		t.Errorf("reject again: got %d %s", p.status, p.text("main"))
	}
}

func TestKeysReplaced(t *testing.T) {
	d := newDesk(t)
	w := d.waiting(d.lan, "12.50")
	if _, err := d.admin.Stores.ReplaceSettings(t.Context(), d.lan, d.account.ID, map[string]string{"key": "k-2"}); err != nil {
		t.Fatal(err)
	}
	b := d.signIn(ifeomaMail)
	p := b.get("/approvals/" + string(w.ID))
	checkPage(t, p)
	if !p.says("keys were replaced") || p.find(".decision__approve") != nil || p.find(`a[href=/payouts/`+string(w.ID)+`/edit]`) == nil {
		t.Errorf("got %s", p.text(".decision__act"))
	}
	if p = b.post("/payouts/"+string(w.ID)+"/approve", decide(w)); p.status != http.StatusConflict {
		t.Errorf("post: got %d", p.status)
	}
	d.wantState(w.ID, payout.Submitted)
}

func TestOnePersonMode(t *testing.T) {
	d := newDesk(t)
	if err := d.admin.Access.TakeRole(t.Context(), d.ifeoma, d.tomas.ID, super()); err != nil {
		t.Fatal(err)
	}
	if err := d.admin.Access.SetOnePerson(t.Context(), d.ifeoma, true); err != nil {
		t.Fatal(err)
	}
	w := d.waiting(d.ifeoma, "12.50")
	b := d.signIn(ifeomaMail)
	p := b.get("/approvals/" + string(w.ID))
	if !p.says("You decide about your own work.") || !p.says("One-person mode") {
		t.Errorf("got %s", p.text("main"))
	}
	d.approve(b, w.ID)
	if !d.now(w.ID).OnePerson {
		t.Error("the payout is not marked")
	}
}

func TestApproveInFrench(t *testing.T) {
	d := newDesk(t)
	w := d.waiting(d.lan, "12.50")
	if err := d.admin.Access.SavePreferences(t.Context(), d.ifeoma, d.ifeoma.Name, "fr", ""); err != nil {
		t.Fatal(err)
	}
	b := d.another(t)
	b.get("/login")
	b.submit("main form", url.Values{"email": {ifeomaMail}, "password": {password}})
	p := b.get("/approvals/" + string(w.ID))
	checkPage(t, p)
	for _, want := range []string{"Approuver ce versement ?", "12,50 EUR", "Il est irrévocable.", "Approuver et envoyer", "Vietnam", "Jamais payé auparavant"} {
		if !p.says(want) {
			t.Errorf("no %q in %s", want, p.text("main"))
		}
	}
	p = d.ask(b, w.ID)
	checkPage(t, p)
	if !p.says("Valable deux minutes") {
		t.Errorf("got %s", p.text("main"))
	}
}
