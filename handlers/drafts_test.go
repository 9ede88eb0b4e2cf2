package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/payout"
)

// Where there is one store, account, country or method, it is chosen.
func TestDraftChoosesTheOnlyOne(t *testing.T) {
	d := newDraftDesk(t)
	p := d.lan.get("/payouts/new")
	checkPage(t, p)
	if p.status != http.StatusOK || value(p, "store") != string(d.store.ID) || value(p, "account") != string(d.account.ID) {
		t.Errorf("got %d, store %q, account %q", p.status, value(p, "store"), value(p, "account"))
	}
	if p.find("select[name=store]") != nil || p.find("select[name=account]") != nil {
		t.Error("a store and an account to choose from where there is one of each")
	}
	mustSay(t, p, "Lantern House", "Tillpay: Germany, live", "Benin", "Saves itself as a draft", "Choose how it is paid")
	p = d.lan.get("/payouts/new?country=DE")
	checkPage(t, p)
	if value(p, "method") != "sepa" || p.find("[name=fields[full_name]]") == nil {
		t.Errorf("got method %q, want the only one of Germany with its fields", value(p, "method"))
	}
	mustSay(t, p, "As the bank knows it.", "Needs 1 approval", "Ifeoma Lindqvist", "It cannot be recalled", "Ask for approval")
	if len(d.payouts()) != 0 {
		t.Error("a form that was only opened made a draft")
	}
}

func TestDraftWithoutStoreOrAccount(t *testing.T) {
	d := newDraftDesk(t)
	empty := d.site.store(d.super, "Empty House")
	d.person("Sena", "sena@lantern.example", merchant(empty))
	p := d.signIn("sena@lantern.example").get("/payouts/new")
	checkPage(t, p)
	mustSay(t, p, "No account connected yet", "Connect an account")
}

// Every step works without scripts: a choice, a button, the next part of the form.
func TestDraftStepByStep(t *testing.T) {
	d := newDraftDesk(t)
	d.lan.get("/payouts/new")
	p := d.lan.submit("main form#payout", url.Values{"country": {"DE"}, "amount": {"12.5"}, "do": {"next"}})
	draft := d.only()
	if p.path != "/payouts/"+string(draft.ID)+"/edit" || draft.Input.Amount != "12.5" || draft.Input.Method != "sepa" {
		t.Fatalf("got %s with %+v", p.path, draft.Input)
	}
	checkPage(t, p)
	if p.find("[name=fields[key]][disabled]") == nil || p.find("div.form__branch[hidden]") == nil {
		t.Error("a field whose condition does not hold is not shut")
	}
	p = d.lan.submit("main form#payout", url.Values{"fields[kind]": {"iban"}, "do": {"next"}})
	checkPage(t, p)
	open := p.all("div.form__branch")
	if len(open) != 2 || !has(open[0], "hidden") || has(open[1], "hidden") {
		t.Fatalf("got %d branches, want the second of two open", len(open))
	}
	if input := find(open[1], "[name=fields[key]]"); has(input, "disabled") || attr(input, "type") != "text" {
		t.Error("the key of an IBAN is not asked for as text")
	}
	p = d.lan.submit("main form#payout", url.Values{"fields[key]": {"DE12345678"}, "fields[full_name]": {"Maria"}, "description": {"Invoice 7"}, "do": {"submit"}})
	if got := d.only(); got.State != payout.Submitted || got.Content.Value("account") != "DE12345678" {
		t.Errorf("got %s: %s", got.State, p.text(".form__errors"))
	}
}

func TestDraftAsksForApproval(t *testing.T) {
	d := newDraftDesk(t)
	p := d.ask(d.sepa("submit"))
	got := d.only()
	if got.State != payout.Submitted || got.Content.Amount.Minor != 120450 || got.Content.Amount.Currency != "EUR" || !got.Content.Live {
		t.Fatalf("got %s %+v: %s", got.State, got.Content, p.text(".form__errors"))
	}
	if p.path != "/payouts/"+string(got.ID) || !strings.Contains(p.body, "Asked for approval. Ifeoma Lindqvist can approve it.") {
		t.Errorf("%s does not say who can approve it", p.path)
	}
}

func TestDraftKept(t *testing.T) {
	d := newDraftDesk(t)
	v := d.sepa("draft")
	v.Set("amount", "about twelve")
	v.Del("fields[key]")
	d.ask(v)
	if got := d.only(); got.State != payout.Draft || got.Input.Amount != "about twelve" {
		t.Errorf("got %s %+v", got.State, got.Input)
	}
}

// What cannot be meant is refused beside its field, with what was typed left as it was, and the draft kept.
func TestDraftRefuses(t *testing.T) {
	d := newDraftDesk(t)
	for _, c := range []struct{ name, field, value, says string }{
		{"no amount", "amount", "", "Type an amount."},
		{"exponent", "amount", "1e3", "without an exponent"},
		{"full-width digits", "amount", "１００", "digits 0 to 9"},
		{"three decimals after a group", "amount", "1,000.005", "at most 2 decimals"},
		{"negative", "amount", "-1", "below zero"},
		{"zero", "amount", "0", "nothing to pay"},
		{"far too large", "amount", "1" + strings.Repeat("0", 30), "too large"},
		{"words", "amount", "twelve", "no amount"},
		{"no name", "fields[full_name]", "", "Fill this in."},
		{"name with marks that turn the direction", "fields[full_name]", "Maria \u202egnp.exe", "cannot be seen"},
		{"name with a null", "fields[full_name]", "Ma\x00ria", "cannot be seen"},
		{"name that is too long", "fields[full_name]", strings.Repeat("é", 201), "too long"},
		{"choice that is not offered", "fields[kind]", "cheque", "one of the values"},
		{"key of another form", "fields[key]", "<script>alert(1)</script>", "not have the form"},
		{"no reason", "description", " ", "Fill this in."},
		{"reason with a line end", "description", "a\nb", "cannot be seen"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.clock.Add(time.Second)
			p := d.ask(with(d.sepa("submit"), c.field, c.value))
			if p.status != http.StatusUnprocessableEntity {
				t.Fatalf("got %d, want 422", p.status)
			}
			checkPage(t, p)
			mustSay(t, p, c.says)
			if !strings.Contains(p.text(".form__errors"), c.says) || !has(p.find(".form__errors"), "data-focus") {
				t.Errorf("the summary is %q", p.text(".form__errors"))
			}
			if strings.Contains(p.body, "<script>alert") {
				t.Error("what was typed runs as a script")
			}
			if typed := typed(p, c.field); c.field != "fields[kind]" && !strings.ContainsAny(c.value, "\x00\n") && typed != c.value {
				t.Errorf("the form holds %q, want %q as it was typed", typed, c.value)
			}
			if got := d.payouts()[0]; got.State != payout.Draft || got.Input.Details["full_name"] != d.valueOf(c.field, c.value, "fields[full_name]", "Maria Oliveira") {
				t.Errorf("the draft is %s %+v", got.State, got.Input)
			}
		})
	}
}

// typed is what the input of a name holds that is not shut.
func typed(p *page, name string) string {
	for _, n := range p.all("[name=" + name + "]") {
		if !has(n, "disabled") {
			return attr(n, "value")
		}
	}
	return ""
}

// valueOf is value if field is the one that was changed, else the usual one.
func (d *draftDesk) valueOf(field, value, name, usual string) string {
	if field == name {
		return value
	}
	return usual
}

// Names in any script are names.
func TestDraftTakesNames(t *testing.T) {
	d := newDraftDesk(t)
	for _, name := range []string{"Nguyễn Văn A", "محمد بن علي", "สมชาย ใจดี", "王小明", "Zoë 🌷 Tulip", "O’Brien-Ñuñez", `<script>alert("x")</script>`} {
		t.Run(name, func(t *testing.T) {
			d.clock.Add(time.Second)
			d.ask(with(d.sepa("submit"), "fields[full_name]", name))
			got := d.payouts()[0]
			if got.State != payout.Submitted || got.Content.Recipient() != name {
				t.Errorf("got %s %q: %s", got.State, got.Content.Recipient(), d.lan.page.text(".form__errors"))
			}
			if p := d.lan.get("/payouts/" + string(got.ID) + "/edit"); attr(p.find("[name=fields[full_name]]"), "value") != name {
				t.Errorf("the form holds %q", attr(p.find("[name=fields[full_name]]"), "value"))
			}
		})
	}
}

// A form that our page cannot have sent is refused whole.
func TestDraftRefusesForgedForms(t *testing.T) {
	d := newDraftDesk(t)
	for _, c := range []struct {
		name   string
		values url.Values
	}{
		{"unknown name", url.Values{"approve": {"1"}}},
		{"name twice", url.Values{"amount": {"1", "2"}}},
		{"field twice", url.Values{"fields[full_name]": {"A", "B"}}},
		{"field without a name", url.Values{"fields[]": {"1"}}},
		{"field that is not closed", url.Values{"fields[full_name": {"1"}}},
		{"field within a field", url.Values{"fields[a][b]": {"1"}}},
		{"unknown button", url.Values{"do": {"approve"}}},
		{"another draft than the address", url.Values{"id": {"000000000000"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := d.sepa("submit")
			for name, values := range c.values {
				v[name] = values
			}
			path := "/payouts"
			if c.values.Has("id") {
				path = "/payouts/111111111111/edit"
			}
			d.lan.get("/payouts/new")
			if p := d.lan.post(path, v); p.status != http.StatusBadRequest {
				t.Errorf("got %d, want 400", p.status)
			}
		})
	}
	if n := len(d.payouts()); n != 0 {
		t.Errorf("got %d payouts, want none", n)
	}
}

func TestDraftUnknownField(t *testing.T) {
	d := newDraftDesk(t)
	p := d.ask(with(d.sepa("submit"), "fields[swift]", "X"))
	if p.status != http.StatusUnprocessableEntity || !strings.Contains(p.text(".form__errors"), "swift") {
		t.Errorf("got %d: %s", p.status, p.text(".form__errors"))
	}
}

func TestDraftTooLarge(t *testing.T) {
	d := newDraftDesk(t)
	d.ask(d.sepa("draft"))
	id := string(d.only().ID)
	d.lan.get("/payouts/" + id + "/edit")
	p := d.lan.post("/payouts/"+id+"/edit", with(d.sepa("submit"), "fields[full_name]", strings.Repeat("x", 1<<20), "description", "Changed"))
	if p.status != http.StatusRequestEntityTooLarge {
		t.Fatalf("got %d, want 413", p.status)
	}
	checkPage(t, p)
	mustSay(t, p, "One value was far too large", "This is too long")
	if len(p.body) > 200_000 || value(p, "amount") != "1,204.50" || value(p, "description") != "Changed" {
		t.Errorf("got %d bytes, amount %q, reason %q: want everything else kept", len(p.body), value(p, "amount"), value(p, "description"))
	}
	if got := d.only(); got.Input.Description != "Changed" {
		t.Errorf("the draft is %+v", got.Input)
	}
	d.lan.get("/payouts/" + id + "/edit")
	if p = d.lan.post("/payouts/"+id+"/edit", with(d.sepa("submit"), "amount", strings.Repeat("1", 5<<20))); p.status != http.StatusRequestEntityTooLarge {
		t.Errorf("five megabytes: got %d, want 413", p.status)
	}
}

func TestDraftStoresAreWalls(t *testing.T) {
	d := newDraftDesk(t)
	foreign := d.site.store(d.super, "Kora Market")
	account := d.connect(foreign, true)
	d.person("Théo", "theo@kora.example", merchant(foreign))
	theo := d.signIn("theo@kora.example")
	id := string(d.submitted().ID)
	d.lan.get("/payouts/new")
	for name, p := range map[string]*page{
		"store in the address":   d.lan.get("/payouts/new?store=" + string(foreign.ID)),
		"account in the address": d.lan.get("/payouts/new?account=" + string(account.ID)),
		"another's payout":       theo.get("/payouts/" + id + "/edit"),
		"from another's payout":  theo.get("/payouts/new?from=" + id),
		"correct another's":      theo.get("/payouts/new?follows=" + id),
		"missing":                theo.get("/payouts/000000000000/edit"),
		"search in another's":    d.htmxGet("/payouts/recipients?q=ma&store=" + string(foreign.ID)),
	} {
		if p.status != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", name, p.status)
		}
	}
	for name, v := range map[string]url.Values{
		"store":   with(d.sepa("submit"), "store", string(foreign.ID)),
		"account": with(d.sepa("submit"), "account", string(account.ID)),
	} {
		d.lan.get("/payouts/new")
		if p := d.lan.post("/payouts", v); p.status != http.StatusNotFound {
			t.Errorf("%s posted: got %d, want 404", name, p.status)
		}
	}
	theo.get("/payouts/new")
	for _, act := range []string{"edit", "draft", "submit", "withdraw", "discard", "again"} {
		if p := theo.post("/payouts/"+id+"/"+act, url.Values{}); p.status != http.StatusNotFound {
			t.Errorf("%s of another's: got %d, want 404", act, p.status)
		}
		theo.get("/payouts/new")
	}
}

func TestDraftNotForAccountants(t *testing.T) {
	d := newDraftDesk(t)
	id := string(d.submitted().ID)
	d.person("Rokia", "rokia@lantern.example", accountantOf(d.store))
	rokia := d.signIn("rokia@lantern.example")
	for _, path := range []string{"/payouts/new", "/payouts/fields", "/payouts/recipients?q=ma", "/payouts/" + id + "/edit"} {
		if p := rokia.get(path); p.status != http.StatusForbidden {
			t.Errorf("GET %s: got %d, want 403", path, p.status)
		}
	}
	for _, path := range []string{"/payouts", "/payouts/fields", "/payouts/" + id + "/edit", "/payouts/new/draft", "/payouts/" + id + "/submit", "/payouts/" + id + "/withdraw"} {
		rokia.get("/")
		if p := rokia.post(path, url.Values{}); p.status != http.StatusForbidden {
			t.Errorf("POST %s: got %d, want 403", path, p.status)
		}
	}
}

// Somebody who reads in one store and drafts in another may not draft in the first.
func TestDraftReadersMayNotEdit(t *testing.T) {
	d := newDraftDesk(t)
	id := string(d.submitted().ID)
	other := d.site.store(d.super, "Kora Market")
	d.person("Awa", "awa@kora.example", merchant(other), accountantOf(d.store))
	awa := d.signIn("awa@kora.example")
	if p := awa.get("/payouts/" + id + "/edit"); p.status != http.StatusForbidden {
		t.Errorf("got %d, want 403", p.status)
	}
}
