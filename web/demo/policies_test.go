package demo_test

import (
	"strings"
	"testing"
)

// A rule is replayed over what happened before it is saved, and one that would lock everybody out is refused.
func TestPolicies(t *testing.T) {
	d, ctx := newDemo(t)
	b := tab(ctx, t, d)
	b.signIn("ifeoma@paywicket.example")
	b.open("/policies/edit")
	b.fill("kind", "approvals", "approvals", "2", "currency", "XOF", "from", "50,000")
	b.press("Add the rule")
	b.wait("the rule", `document.querySelector("main").innerText.includes("Payouts of 50,000")`)
	b.press("See what it means")
	b.wait("what they mean", `document.querySelector("#replay, main h1").innerText.includes("mean") && !location.pathname.endsWith("/edit")`)
	b.each("policies-preview", func() {})
	if said := b.words("main"); !strings.Contains(said, "would have needed more people") || !strings.Contains(said, "These need everybody there is") {
		t.Errorf("the preview says neither what it means for the past nor who is left:\n%s", said)
	}
	b.press("Confirm these rules")
	b.wait("the confirmation", `document.querySelector('input[name="code"]')`)
	b.fill("code", everybody)
	b.press("Confirm these rules")
	b.wait("the rules", `location.pathname.endsWith("/policies")`)
	b.each("policies-held", func() {})

	b.open("/policies/edit")
	b.fill("kind", "approvals", "approvals", "1")
	eval[bool](b, `(() => { const e = [...document.querySelectorAll('input[name^="among["]')].pop(); e.checked = true; return true })()`)
	b.press("Add the rule")
	b.wait("the rule", `document.querySelector("main").innerText.includes("1 of Tomás")`)
	b.press("See what it means")
	b.wait("what they mean", `!location.pathname.endsWith("/edit")`)
	if err := d.App.Admin().Access.Disable(t.Context(), someone(t, d, "ifeoma@paywicket.example"), someone(t, d, "tomas@paywicket.example").ID); err != nil {
		t.Fatal(err)
	}
	b.open(eval[string](b, "location.pathname"))
	if said := b.words("main"); !strings.Contains(said, "Nobody could approve these") || strings.Contains(said, "Confirm these rules") {
		t.Errorf("rules under which nobody could approve can be confirmed:\n%s", said)
	}
	b.each("policies-locked", func() {})
}
