package demo_test

import (
	"strings"
	"testing"
)

// journey is one payout from the form to its end, as two people make it.
type journey struct {
	name, account, country, method string
	fields                         []string // name and value, after the method is chosen
	amount, amountFails            string
	webhook                        bool // the provider reports by webhook
	failed                         string
}

func journeys() []journey {
	return []journey{
		{name: "moneroo", account: "Moneroo Benin, live", country: "BJ", method: "mtn_bj", amount: "12,500", amountFails: "12,501", webhook: true, failed: "failed",
			fields: []string{"fields[msisdn]", "22997000926", "fields[first_name]", "Koffi", "fields[last_name]", "Agbodjan", "fields[email]", "koffi@paywicket.example"}},
		{name: "gobipay", account: "GobiPay Cotonou, live", country: "BJ", method: "MTN_BEN_XOF", amount: "31,000", amountFails: "31,001", failed: "failed",
			fields: []string{"fields[phone_number]", "2290196112290", "fields[fullname]", "Abdoulaye Ndiaye-Sarr"}},
		{name: "goldenpay", account: "GoldenPay Asia, live", country: "TH", method: "th_bank", amount: "1,250.50", amountFails: "1,201.50", webhook: true, failed: "failed",
			fields: []string{"fields[account_no]", "1234563308", "fields[account_name]", "SOMYING WATTANAKUL", "fields[bank]", "KBANK"}},
	}
}

// TestJourney asks for a payout, has a second person approve it, and follows it to its end in a real browser: once paid,
// once failed, for each provider.
func TestJourney(t *testing.T) {
	d, ctx := newDemo(t)
	adjoa, ifeoma := tab(ctx, t, d), tab(ctx, t, d)
	adjoa.signIn("adjoa@paywicket.example")
	ifeoma.signIn("ifeoma@paywicket.example")
	for _, j := range journeys() {
		t.Run(j.name, func(t *testing.T) {
			adjoa.t, ifeoma.t = t, t
			follow(adjoa, ifeoma, j, j.amount, "paid")
			if testing.Short() {
				return
			}
			follow(adjoa, ifeoma, j, j.amountFails, j.failed)
		})
	}
	adjoa.t, ifeoma.t = t, t
}

func follow(maker, checker *browser, j journey, amount, end string) {
	maker.t.Helper()
	path := maker.ask(j, amount)
	id := path[strings.LastIndex(path, "/")+1:]
	if state := maker.state(); state != "submitted" {
		maker.t.Fatalf("%s: got state %s after asking for approval", j.name, state)
	}
	checker.approve(id)
	checker.wait("the payout to be "+end, `document.querySelector('main [data-state="`+end+`"]')`)
	checker.open("/payouts/" + id)
	if story := checker.words("main"); j.webhook && !strings.Contains(story, "webhook") {
		checker.t.Errorf("%s: no webhook in the timeline:\n%s", j.name, story)
	}
	checker.checkPage(j.name + " " + end)
	checker.shot("journey-" + j.name + "-" + end)
}

// ask fills in the form as it grows and asks for approval. It returns the payout's address.
func (b *browser) ask(j journey, amount string) string {
	b.t.Helper()
	b.open("/payouts/new")
	b.choose("store", b.option("store", map[bool]string{true: "Lantern House", false: "Kora Market"}[j.name == "goldenpay"]))
	b.choose("account", b.option("account", j.account))
	b.choose("country", j.country)
	b.choose("method", j.method)
	b.wait("the fields", `document.querySelector('[name="`+j.fields[0]+`"]')`)
	b.fill(j.fields...)
	b.fill("amount", amount, "description", "Journey of "+j.name)
	b.checkPage(j.name + " form")
	b.shot("form-" + j.name)
	b.press("Ask for approval")
	b.wait("the payout's page", `location.pathname.match(/payouts\/[0-9A-Z]{12}$/)`)
	return eval[string](b, "location.pathname")
}

// option is the value of the line of a list that says text; a list with one line may be drawn as text alone.
func (b *browser) option(name, text string) string {
	b.t.Helper()
	b.wait("a choice of "+name, `document.querySelector('[name="`+name+`"]')`)
	return eval[string](b, `([...document.querySelectorAll('select[name="`+name+`"] option')].find(o => o.text.trim() === "`+text+`") || {}).value || ""`)
}

// choose picks a value and waits until the form is drawn again; what cannot be chosen is chosen already.
func (b *browser) choose(name, value string) {
	b.t.Helper()
	b.wait("a choice of "+name, `document.querySelector('[name="`+name+`"]')`)
	is := `(document.querySelector('[name="` + name + `"]') || {}).value === "` + value + `"`
	if eval[bool](b, is) || value == "" {
		return
	}
	b.fill(name, value)
	b.wait(name+" to be "+value, is)
	b.wait("the form to be still", `!document.querySelector('.htmx-request')`)
}

func (b *browser) state() string {
	return eval[string](b, `(document.querySelector('main [data-state]') || {dataset: {}}).dataset.state || ""`)
}

// approve decides as a person does: read, press, confirm with the password.
func (b *browser) approve(id string) {
	b.t.Helper()
	b.open("/approvals/" + id)
	b.press("Approve and send")
	b.wait("the confirmation", `document.querySelector('input[name="code"]')`)
	b.checkPage("confirm")
	b.shot("confirm")
	b.fill("code", everybody)
	b.press("Approve and send")
	b.wait("the payout's page", `location.pathname.endsWith("/payouts/`+id+`")`)
}

// TestConnect connects an account with the keys the demo shows, and sees its test call, balance and webhook address.
func TestConnect(t *testing.T) {
	d, ctx := newDemo(t)
	b := tab(ctx, t, d)
	b.signIn("adjoa@paywicket.example")
	b.open("/accounts/new")
	b.press("Connect GoldenPay")
	b.wait("the form", `document.querySelector('[name="settings[api_key]"]')`)
	b.fill("label", "Second GoldenPay", "settings[mch_id]", "10001", "settings[api_key]", "demo-api-key-of-goldenpay")
	b.press("Save and test")
	b.wait("the account's page", `location.pathname.match(/accounts\/[a-z2-7]{26}$/)`)
	for _, say := range []string{"The test call worked", "/hooks/", "Free balance", "fingerprint"} {
		if text := b.words("main"); !strings.Contains(text, say) {
			t.Errorf("%q is not on the page:\n%s", say, text)
		}
	}
	if strings.Contains(eval[string](b, "document.documentElement.outerHTML"), "demo-api-key") {
		t.Error("the key is on the page")
	}
	b.checkPage("connected")
}
