package demo_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/payout"
)

// TestDesk sees a payout through whose provider took the order and dropped the line: nobody knows, one keeps waiting, one
// records what the provider's portal shows, another confirms it; the provider then
// contradicts, and two people close that. Then everything is stopped and let go on.
func TestDesk(t *testing.T) {
	d, ctx := newDemo(t)
	marit, tomas := tab(ctx, t, d), tab(ctx, t, d)
	marit.signIn("marit@paywicket.example")
	tomas.signIn("tomas@paywicket.example")
	marit.open("/review")
	path := eval[string](marit, `(document.querySelector('td a.table__link[href*="/review"]') || {getAttribute() { return "" }}).getAttribute("href")`)
	if path == "" {
		t.Fatalf("nothing needs review:\n%s", marit.words("main"))
	}
	marit.each("desk", func() { marit.open("/review") })
	marit.each("desk-case", func() { marit.open(path) })
	for _, say := range []string{"We do not know whether", "What to check at", "back office", "Keep waiting"} {
		if !strings.Contains(marit.words("main"), say) {
			t.Errorf("%q is not on the page:\n%s", say, marit.words("main"))
		}
	}
	marit.open("/payouts?q=150%2C003") // booked, and the line dropped before the answer: asking settled it
	line := eval[string](marit, `document.querySelector('td a.table__link').getAttribute("href")`)
	marit.each("desk-line-dropped", func() { marit.open(line) })
	if story := marit.words("main"); !strings.Contains(story, "Unknown") || !strings.Contains(story, "Paid") {
		t.Errorf("its story does not tell it:\n%s", story)
	}
	marit.keepWaiting(path)
	marit.testify(path)
	tomas.settle(path)
	id := payout.ID(strings.Split(path, "/")[2])
	_, effect, err := d.App.Payouts().Record(ctx, payout.Everywhere(), id, payout.Evidence{Source: payout.FromLookup, Attempt: 1,
		Result: providers.Result{Status: providers.Failed, Word: "failed", Attempt: providers.Attempt{RemoteID: "GP-20261121-77"}}})
	if err != nil || effect.Conflict == nil {
		t.Fatalf("got %+v, %v, want a conflict", effect, err)
	}
	marit.findOut(path)
	tomas.closeConflict(path)
	tomas.stop()
}

func (b *browser) keepWaiting(path string) {
	b.t.Helper()
	b.open(path)
	eval[string](b, `document.querySelector('form[action$="/wait"] textarea').value = "Their support looks into it."`)
	b.press("Keep waiting")
	b.wait("the note", `document.querySelector("main").innerText.includes("quiet until")`)
	b.shot("desk-waits")
}

func (b *browser) testify(path string) {
	b.t.Helper()
	b.open(path)
	b.fill("verdict", "executed", "text", "Their back office lists it as paid since this morning.", "remote_id", "GP-20261121-77")
	b.press("Record what I found")
	b.wait("the evidence", `document.querySelector("main").innerText.includes("GP-20261121-77")`)
	b.checkPage("desk recorded")
	b.shot("desk-recorded")
}

func (b *browser) settle(path string) {
	b.t.Helper()
	b.open(path)
	b.press("Confirm: it was carried out")
	b.wait("the confirmation", `document.querySelector('input[name="code"]')`)
	b.checkPage("desk confirm")
	b.shot("desk-confirm")
	b.fill("amount", eval[string](b, `document.querySelector(".decision .money").innerText.replace(/[^0-9.,]/g, "")`), "code", everybody)
	b.sign()
	b.wait("the payout to be paid", `document.querySelector('main [data-state="paid"]')`)
	b.checkPage("desk resolved")
	b.shot("desk-resolved")
}

// findOut sees the contradiction in red and records what is true.
func (b *browser) findOut(path string) {
	b.t.Helper()
	b.each("conflict-home", func() { b.open("/") })
	b.each("conflict-case", func() { b.open(path) })
	b.fill("outcome", "stands", "text", "Their statement of today lists it as paid.")
	b.press("Record what I found")
	b.wait("the finding", `document.querySelector("main").innerText.includes("Their statement of today")`)
	b.checkPage("conflict recorded")
	b.shot("conflict-recorded")
}

func (b *browser) closeConflict(path string) {
	b.t.Helper()
	b.open(path)
	b.press("Confirm: our record is right")
	b.wait("the confirmation", `document.querySelector('input[name="code"]')`)
	b.checkPage("conflict confirm")
	b.shot("conflict-confirm")
	b.fill("code", everybody)
	b.sign()
	b.wait("the contradiction to be closed", `document.querySelector("main").innerText.includes("closed the contradiction")`)
	b.each("conflict-closed", func() { b.open(path) })
}

func (b *browser) stop() {
	b.t.Helper()
	b.each("freeze", func() { b.open("/freeze") })
	b.fill("reason", "The bank called about two odd payouts")
	b.press("Stop sending")
	b.wait("the confirmation", `document.querySelector('input[name="code"]')`)
	b.checkPage("freeze confirm")
	b.shot("freeze-confirm")
	b.fill("code", everybody)
	b.sign()
	b.wait("the freeze", `document.querySelector("main").innerText.includes("Stopped: Everything")`)
	b.each("frozen", func() { b.open("/freeze") })
	b.each("frozen-home", func() { b.open("/") })
	b.open("/freeze")
	b.press("Let it send again")
	b.wait("the confirmation", `document.querySelector('input[name="code"]')`)
	b.shot("unfreeze-confirm")
	b.fill("code", everybody)
	b.sign()
	b.wait("it to go on", `!document.querySelector("main").innerText.includes("Stopped: Everything")`)
}

// sign presses the one button that a confirmation has.
func (b *browser) sign() {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(".decision__act button")))
}
