package ui_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/i18n"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/payout"
)

var update = flag.Bool("update", false, "rewrite golden files")

func request(t *testing.T, lang string) context.Context {
	t.Helper()
	b, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	return views.With(context.Background(), views.Request{
		Language: lang, Localizer: b.Localizer(lang), CSRF: "token", Now: evening.Add(time.Hour),
	})
}

var evening = time.Date(2026, time.November, 20, 20, 28, 0, 0, time.UTC)

func draw(t *testing.T, ctx context.Context, c templ.Component) string { //nolint:revive // t first, as in every test helper
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func eur(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }

func field() ui.Field {
	return ui.Field{Name: "fields[tax]", Label: "CPF or CNPJ", Value: "529", Help: "As on the document.", Example: "529.982.247-25", Error: "It does not fit."}
}

func choice() ui.Field {
	return ui.Field{Name: "mode", Label: "Which money", Value: "test", Blank: "Choose",
		Options: []ui.Option{{Value: "test", Label: "Test", Note: "No real money"}, {Value: "live", Label: "Live"}}}
}

// parts are the components whose markup is kept in testdata.
func parts() map[string]templ.Component {
	optional := field()
	optional.Optional, optional.Error, optional.Prefix = true, "", "+55"
	return map[string]templ.Component{
		"badge":      ui.Badge(payout.Submitted, true),
		"bank":       ui.Bank(choice()),
		"banner":     ui.Banner(views.Odd, "We do not know.", "It is asked about."),
		"button":     ui.Button(ui.ButtonOpts{Text: "Reject", Name: "do", Value: "reject", Disabled: true, Describe: "why"}),
		"check":      ui.Check(ui.Field{Name: "told", Label: "Tell them"}, true),
		"checks":     ui.Checks(choice(), "live"),
		"copy":       ui.Copy("webhook address", "https://pay.example/hooks/t"),
		"errors":     ui.ErrorSummary(ui.Problems(field(), choice())),
		"final":      ui.Final("Approve and send"),
		"form":       ui.Form(ui.FormOpts{Action: "/x", ID: "f", Files: true}),
		"input":      ui.Input(field()),
		"line":       ui.Line(ui.LineOpts{Tone: views.Bad, Title: "Balance", Text: "Expected a number", End: "340 ms"}),
		"money":      ui.Money(eur(-120450)),
		"moneyinput": ui.MoneyInput(ui.Field{Name: "amount", Label: "Amount", Suffix: "EUR"}),
		"none":       ui.Money(money.Amount{}),
		"optional":   ui.Input(optional),
		"pager":      ui.Pager(ui.PagerOpts{Shown: "25", Older: "/payouts?after=x"}),
		"radios":     ui.Radios(choice()),
		"rich":       ui.Rich("me.you", "Name", ui.Name("<Lan>")),
		"secret":     ui.Secret(ui.Field{Name: "key", Label: "API key", Value: "never-shown", Stored: true}),
		"select":     ui.Select(choice()),
		"tabs":       ui.Tabs("Views", []ui.Tab{{Text: "All", Href: "/a", Count: "2", Current: true}, {Text: "Late", Href: "/b"}}),
		"textarea":   ui.TextArea(ui.Field{Name: "why", Label: "Reason", Value: "a\n<b>", Free: true}),
		"time":       ui.DateTime(evening),
		"toast":      ui.Toast(views.Flash{Text: "Saved.", Href: "/x", Link: "See it"}),
	}
}

func TestGolden(t *testing.T) {
	ctx := request(t, "en")
	for name, part := range parts() {
		t.Run(name, func(t *testing.T) {
			got := strings.ReplaceAll(draw(t, ctx, part), "><", ">\n<") + "\n"
			file := filepath.Join("testdata", name+".html")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// Each state has a word in the catalog, a shape of its own and its name for tests.
func TestBadges(t *testing.T) {
	ctx := request(t, "en")
	shapes := map[string]payout.State{}
	for _, s := range payout.States() {
		html := draw(t, ctx, ui.Badge(s, false))
		if !strings.Contains(html, `data-state="`+string(s)+`"`) {
			t.Errorf("%s: no data-state in %s", s, html)
		}
		if strings.Contains(html, "state."+string(s)) {
			t.Errorf("%s: no word for it", s)
		}
		shape := html[strings.Index(html, "<svg"):strings.Index(html, "</svg>")]
		if !strings.Contains(shape, "<path") && !strings.Contains(shape, "<circle") {
			t.Errorf("%s: no shape", s)
		}
		if other, taken := shapes[shape]; taken {
			t.Errorf("%s and %s share a shape", s, other)
		}
		shapes[shape] = s
	}
}

// The words on screen are agreed; a change of one is a change of the product.
func TestStateWords(t *testing.T) {
	ctx := request(t, "en")
	for state, want := range map[payout.State]string{
		payout.Draft: "Draft", payout.Submitted: "Waiting for approval", payout.Approved: "Approved, not sent yet",
		payout.Sending: "Sending", payout.Accepted: "Accepted by provider", payout.Unknown: "Unknown, needs review",
		payout.NotSent: "Not sent", payout.Refused: "Refused by provider", payout.NotExecuted: "Not executed",
		payout.Paid: "Paid", payout.Failed: "Failed", payout.Cancelled: "Cancelled by provider",
		payout.Returned: "Returned", payout.Rejected: "Rejected", payout.Withdrawn: "Withdrawn", payout.Discarded: "Discarded",
	} {
		if got := ui.T(ctx, "state."+string(state)); got != want {
			t.Errorf("%s: got %q, want %q", state, got, want)
		}
	}
}

func TestSecretNeverShowsItsValue(t *testing.T) {
	ctx := request(t, "en")
	p := providers.Field{Name: "key", Type: providers.Secret}
	for name, c := range map[string]templ.Component{
		"field":    ui.Secret(ui.Field{Name: "key", Label: "Key", Value: "hunter2"}),
		"provider": ui.ProviderControl("settings", p, "hunter2", "wrong"),
	} {
		if html := draw(t, ctx, c); strings.Contains(html, "hunter2") {
			t.Errorf("%s: the value is in %s", name, html)
		}
	}
}

func TestTestMoneySaysSo(t *testing.T) {
	ctx := request(t, "fr")
	r := views.From(ctx)
	r.Mode = views.Test
	if html := draw(t, views.With(ctx, r), ui.Money(eur(100))); !strings.Contains(html, "EUR test") {
		t.Errorf("got %s", html)
	}
	if got := ui.MoneyText(views.With(ctx, r), eur(100)); got != "1,00\u00a0EUR\u00a0test" {
		t.Errorf("got %q", got)
	}
	if html := draw(t, ctx, ui.Money(eur(100))); strings.Contains(html, "test") {
		t.Errorf("got %s", html)
	}
}

func TestProviderControl(t *testing.T) {
	ctx := request(t, "fr")
	p := providers.Field{
		Name: "phone", Label: providers.Text{Key: "field.phone", English: "Phone number"}, Type: providers.Phone, Prefix: "55",
		Help: providers.Text{English: "Theirs alone"}, When: map[string][]string{"key_type": {"phone", "other"}},
	}
	html := draw(t, ctx, ui.ProviderControl("fields", p, "551198765", "Trop court."))
	for _, want := range []string{
		`data-when="{&#34;fields[key_type]&#34;:[&#34;phone&#34;,&#34;other&#34;]}"`, `for="f-fields-phone"`, `id="f-fields-phone"`,
		`name="fields[phone]"`, "Numéro de téléphone", "+551198765", "Theirs alone Commence par +55.", `aria-invalid="true"`, "Trop court.",
		`aria-describedby="f-fields-phone-help f-fields-phone-error"`,
	} {
		if !strings.Contains(html, want) {
			t.Errorf("no %s in\n%s", want, html)
		}
	}
}

func TestRich(t *testing.T) {
	ctx := request(t, "en")
	for _, c := range []struct {
		name string
		part templ.Component
		want string
	}{
		{"text is escaped", ui.Rich("me.you", "Name", "<b>"), "You: &lt;b&gt;"},
		{"part is drawn", ui.Rich("me.you", "Name", ui.Strong("Lan & Co")), "You: <b>Lan &amp; Co</b>"},
		{"two parts in the language's order", ui.Rich("format.or", "Last", ui.Strong("2"), "Items", ui.Strong("1")), "<b>1</b> or <b>2</b>"},
		{"marks typed by people", ui.Rich("me.you", "Name", "\ue0000\ue001"), "You: 0"},
		{"plural", ui.RichN("format.days", 2), "2 days"},
	} {
		if got := draw(t, ctx, c.part); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"Ifeoma Lindqvist": "IL", "Lan Phương Đỗ": "LĐ", "marit de graaf": "MG", "陈美玲": "陈", "": "?", "  ": "?", "o'neil": "ON",
	} {
		if got := ui.Initials(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestTimes(t *testing.T) {
	ctx := request(t, "en")
	for _, c := range []struct{ got, want string }{
		{draw(t, ctx, ui.Age(evening)), `<time datetime="2026-11-20T20:28:00Z" title="20 Nov 2026, 20:28 UTC">1 hour</time>`},
		{draw(t, ctx, ui.Ago(evening)), `<time datetime="2026-11-20T20:28:00Z" title="20 Nov 2026, 20:28 UTC">1 hour ago</time>`},
		{draw(t, ctx, ui.DateTimeIn(evening, time.FixedZone("x", 3600))), `<time datetime="2026-11-20T20:28:00Z" title="20 Nov 2026, 20:28 UTC">20 Nov 2026, 21:28</time>`},
		{draw(t, ctx, ui.Time(time.Time{})), `<span class="quiet">–</span>`},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}

// A part and its style sheet have the same name.
func TestEveryPartHasItsSheet(t *testing.T) {
	unstyled := map[string]bool{"icon": true, "time": true} // drawn with presentation attributes; plain words
	files, err := filepath.Glob("*.templ")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(file, ".templ")
		if _, err := os.Stat("../../static/css/" + name + ".css"); err != nil && !unstyled[name] {
			t.Errorf("%s has no style sheet of its name", file)
		}
	}
}

func TestEveryIconIsDrawn(t *testing.T) {
	ctx := request(t, "en")
	for _, name := range ui.Icons() {
		if html := draw(t, ctx, ui.Icon(name)); !strings.Contains(html, "<path") && !strings.Contains(html, "<circle") {
			t.Errorf("%s: nothing is drawn", name)
		}
	}
}
