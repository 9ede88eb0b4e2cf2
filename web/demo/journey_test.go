package demo_test

import (
	"strings"
	"testing"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/all"
	"github.com/paywicket/paywicket/web/demo"
)

// journey is one provider from connecting it to the end of a payout, as two people do it.
type journey struct {
	id, name, store, country, method string
	fields                           []string // name and value, after the method is chosen
	amount, amountFails              string
	tells                            []string // what the timeline has to say of a payout that was paid
}

func journeys() []journey {
	return []journey{
		{id: "moneroo", name: "Moneroo", store: "Kora Market", country: "BJ", method: "mtn_bj", amount: "12,500", amountFails: "12,501", tells: []string{"webhook"},
			fields: []string{"fields[msisdn]", "22997000926", "fields[first_name]", "Koffi", "fields[last_name]", "Agbodjan", "fields[email]", "koffi@paywicket.example"}},
		{id: "gobipay", name: "GobiPay", store: "Kora Market", country: "BJ", method: "MTN_BEN_XOF", amount: "31,000", amountFails: "31,001",
			fields: []string{"fields[phone_number]", "2290196112290", "fields[fullname]", "Abdoulaye Ndiaye-Sarr"}},
		{id: "goldenpay", name: "GoldenPay", store: "Lantern House", country: "TH", method: "th_bank", amount: "1,250.50", amountFails: "1,201.50", tells: []string{"webhook"},
			fields: []string{"fields[account_no]", "1234563308", "fields[account_name]", "SOMYING WATTANAKUL", "fields[bank]", "KBANK"}},
		{id: "etpay", name: "ETpay", store: "Lantern House", country: "CL", method: "cl_bank", amount: "15,050", amountFails: "15,001", tells: []string{"webhook"},
			fields: []string{"fields[name]", "Juana Pérez", "fields[rut]", "12.345.678-5", "fields[bank]", "cl_bci", "fields[account_type]", "cuenta_vista", "fields[account_number]", "12345678"}},
		{id: "yabandpay", name: "YabandPay", store: "Lantern House", method: "wallet_eur", amount: "250.50", amountFails: "201.50",
			tells: []string{"webhook", "has yet to approve it itself", "apart from the approvals given here"}},
	}
}

// TestJourney connects an account, asks for a payout, has a second person approve it, and follows it to its end in a real
// browser: once paid, once failed, for each provider.
func TestJourney(t *testing.T) {
	d, ctx := newDemo(t)
	adjoa, ifeoma := tab(ctx, t, d), tab(ctx, t, d)
	adjoa.signIn("adjoa@paywicket.example")
	ifeoma.signIn("ifeoma@paywicket.example")
	for _, j := range journeys() {
		t.Run(j.id, func(t *testing.T) {
			adjoa.t, ifeoma.t = t, t
			adjoa.connect(j)
			follow(adjoa, ifeoma, j, j.amount, "paid")
			if testing.Short() {
				return
			}
			follow(adjoa, ifeoma, j, j.amountFails, "failed")
		})
	}
	adjoa.t, ifeoma.t = t, t
}

// label is what the account of a journey is called.
func (j journey) label() string { return "My " + j.name }

// connect connects an account with the keys the demo shows, and sees its test call, its balance and the webhook address.
func (b *browser) connect(j journey) {
	b.t.Helper()
	b.open("/accounts/new")
	b.press("Connect " + j.name)
	b.wait("the form", `document.querySelector('[name^="settings["]')`)
	b.choose("store", b.option("store", j.store))
	b.fill("mode", "live", "label", j.label())
	secrets := []string{}
	for _, def := range all.Definitions() {
		if def.ID != j.id {
			continue
		}
		for _, f := range def.Settings {
			value := demo.Settings(def)[f.Name]
			if value == "" {
				continue
			}
			b.fill("settings["+f.Name+"]", value)
			if f.Type == providers.Secret {
				secrets = append(secrets, value)
			}
		}
	}
	b.checkPage(j.id + " connect")
	b.shot("connect-" + j.id)
	b.press("Save and test")
	b.wait("the account's page", `location.pathname.match(/accounts\/[a-z2-7]{26}$/)`)
	says := []string{"The test call worked", "Free balance"}
	if j.id != "gobipay" {
		says = append(says, "/hooks/")
	}
	text := b.words("main")
	for tries := 0; tries < 20 && !strings.Contains(text, says[1]); tries++ { // balances are asked for after the page is shown
		b.open(eval[string](b, `location.pathname`))
		text = b.words("main")
	}
	for _, say := range says {
		if !strings.Contains(text, say) {
			b.t.Errorf("%s: %q is not on the account's page:\n%s", j.id, say, text)
		}
	}
	page := eval[string](b, "document.documentElement.outerHTML")
	for _, secret := range secrets {
		if strings.Contains(page, secret) {
			b.t.Errorf("%s: a key is on the account's page", j.id)
		}
	}
	b.checkPage(j.id + " connected")
	b.shot("connected-" + j.id)
	b.open(eval[string](b, `location.pathname`) + "/offer")
	b.wait("what it asks for", `document.querySelector("#changes")`)
	b.checkPage(j.id + " offer")
	b.shot("offer-" + j.id)
}

func follow(maker, checker *browser, j journey, amount, end string) {
	maker.t.Helper()
	path := maker.ask(j, amount)
	id := path[strings.LastIndex(path, "/")+1:]
	if state := maker.state(); state != "submitted" {
		maker.t.Fatalf("%s: got state %s after asking for approval:\n%s", j.id, state, maker.words("main"))
	}
	checker.approve(id)
	checker.wait("the payout to be "+end, `document.querySelector('main [data-state="`+end+`"]')`)
	checker.open("/payouts/" + id)
	story := checker.words("main")
	for _, say := range j.tells {
		if end == "paid" && !strings.Contains(story, say) {
			checker.t.Errorf("%s: %q is not in the timeline:\n%s", j.id, say, story)
		}
	}
	checker.checkPage(j.id + " " + end)
	checker.shot("journey-" + j.id + "-" + end)
}

// ask fills in the form as it grows and asks for approval. It returns the payout's address.
func (b *browser) ask(j journey, amount string) string {
	b.t.Helper()
	b.open("/payouts/new")
	b.choose("store", b.option("store", j.store))
	b.choose("account", b.option("account", j.label()+", live"))
	b.choose("country", j.country)
	b.choose("method", j.method)
	if len(j.fields) > 0 {
		b.wait("the fields", `document.querySelector('[name="`+j.fields[0]+`"]')`)
		b.fill(j.fields...)
	}
	b.fill("amount", amount, "description", "Journey of "+j.name)
	b.checkPage(j.id + " form")
	b.shot("form-" + j.id)
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
