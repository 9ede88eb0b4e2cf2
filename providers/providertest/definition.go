package providertest

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views/i18n"
)

// checkDefinition: the definition is complete, every text is there in every language, secrets are typed so, opening an
// account asks nobody, ids are stable.
func checkDefinition(t *testing.T, c Case) {
	d := c.Definition
	if !regexp.MustCompile(`^[a-z][a-z0-9]*$`).MatchString(d.ID) {
		t.Errorf("got id %q, want small letters and digits", d.ID)
	}
	if d.Name == "" || !strings.HasPrefix(d.DocsURL, "https://") {
		t.Errorf("got name %q and documents at %q, want both", d.Name, d.DocsURL)
	}
	checkSettings(t, c)
	checkOpening(t, c)
	b := newBench(t, c, setup{})
	checkAbilities(t, b)
	checkMethods(t, b)
	checkTexts(t, b)
}

// credential is what a setting is called whose value must not be shown.
var credential = regexp.MustCompile(`(?i)secret|token|passw|private|api_?key|^key$`)

func checkSettings(t *testing.T, c Case) {
	t.Helper()
	for _, f := range c.Definition.Settings {
		if credential.MatchString(f.Name) && f.Type != providers.Secret {
			t.Errorf("setting %s: got type %q, want secret", f.Name, f.Type)
		}
		mine, other := c.Settings[f.Name], c.OtherSettings[f.Name]
		if f.Type == providers.Secret && (mine != "" || !f.Optional) && (len(mine) < 8 || mine == other) {
			t.Errorf("setting %s: the case needs two values of eight characters or more", f.Name)
		}
		checkField(t, "setting", f)
	}
	for _, values := range []map[string]string{c.Settings, c.OtherSettings} {
		if _, wrong := providers.CheckAll(c.Definition.Settings, values); len(wrong) > 0 {
			t.Errorf("the settings of the case do not pass: %v", wrong)
		}
		if unknown := providers.UnknownNames(c.Definition.Settings, values); len(unknown) > 0 {
			t.Errorf("the case has settings that the definition has not: %q", unknown)
		}
	}
}

// refuse is a network that fails the test.
type refuse struct{ t *testing.T }

func (r refuse) RoundTrip(*http.Request) (*http.Response, error) {
	r.t.Error("Open made a request")
	return nil, errors.New("no network while opening")
}

func checkOpening(t *testing.T, c Case) {
	t.Helper()
	b := &bench{t: t, c: c}
	cfg := b.config(c.Settings, "https://pay.example.com", &http.Client{Transport: refuse{t}})
	if p, err := c.Definition.Open(cfg); err != nil || p == nil {
		t.Errorf("open: got %v, %v, want a provider", p, err)
	}
	if _, err := c.Definition.Open(b.config(map[string]string{}, "https://pay.example.com", cfg.HTTP)); err != nil {
		b.say(err) // refusing is as good as failing later
	}
}

// checkAbilities: what the definition says about webhooks is what the adapter can do.
func checkAbilities(t *testing.T, b *bench) {
	t.Helper()
	_, reads := b.provider.(providers.WebhookReader)
	if has := b.c.Definition.Webhooks != providers.WebhooksNone; has != reads {
		t.Errorf("the definition has webhooks: %v; the adapter reads them: %v", has, reads)
	}
	if reads && (b.c.Sign == nil || (b.c.SignatureHeader == "") == (b.c.SignatureMember == "")) {
		t.Error("the case needs Sign, and either SignatureHeader or SignatureMember")
	}
	_, err := b.provider.Lookup(t.Context(), providers.Attempt{Reference: reference("ability"), RemoteID: "none"})
	if b.c.Definition.CannotAsk && providers.KindOf(err) != providers.Unsupported {
		t.Errorf("the definition says that the company cannot be asked; a look-up: %v", err)
	}
	if p, ok := b.provider.(providers.Checker); ok {
		if err := p.Check(t.Context()); err != nil {
			t.Errorf("check of good settings: got %v", err)
		}
	}
	if p, ok := b.provider.(providers.Balancer); ok {
		checkBalance(t, p)
	}
}

func checkBalance(t *testing.T, p providers.Balancer) {
	t.Helper()
	all, err := p.Balance(t.Context())
	if err != nil || len(all) == 0 {
		t.Errorf("balance: got %v, %v, want at least one amount", all, err)
	}
	seen := map[string]bool{}
	for _, a := range all {
		if _, known := money.Digits(a.Currency); !known || seen[a.Currency] {
			t.Errorf("balance: got currency %q twice, or it is not known", a.Currency)
		}
		seen[a.Currency] = true
	}
}

func checkMethods(t *testing.T, b *bench) {
	t.Helper()
	all, err := b.provider.Methods(t.Context())
	if err != nil || len(all) == 0 {
		t.Fatalf("methods: got %d, %v, want some", len(all), err)
	}
	again, err := b.provider.Methods(t.Context())
	if err != nil {
		t.Fatalf("methods again: %v", err)
	}
	if diff := gocmp.Diff(ids(all), ids(again)); diff != "" {
		t.Errorf("methods differ when asked again (-first +again):\n%s", diff)
	}
	seen := map[string]bool{}
	for _, m := range all {
		if seen[m.ID] {
			t.Errorf("two methods are called %s", m.ID)
		}
		seen[m.ID] = true
		checkMethod(t, b, m)
	}
	for _, o := range b.c.Orders {
		if !seen[o.Method] {
			t.Errorf("the case orders by %s, which the account does not offer", o.Method)
		}
	}
	if _, err := b.provider.Fields(t.Context(), "no_such_method"); codeOf(err) != providers.CodeUnknownMethod {
		t.Errorf("fields of no method: got %v, want code %s", err, providers.CodeUnknownMethod)
	}
}

func ids(all []providers.Method) []string {
	var names []string
	for _, m := range all {
		names = append(names, m.ID+" "+m.Currency)
	}
	return names
}

func codeOf(err error) string {
	if e, ok := errors.AsType[*providers.Error](err); ok {
		return e.Code
	}
	return ""
}

func messageOf(err error) string {
	if e, ok := errors.AsType[*providers.Error](err); ok {
		return e.Message
	}
	return ""
}

var (
	methodID    = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)
	countryCode = regexp.MustCompile(`^([A-Z]{2})?$`)
)

func checkMethod(t *testing.T, b *bench, m providers.Method) {
	t.Helper()
	if _, known := money.Digits(m.Currency); !known || m.Name == "" {
		t.Errorf("method %s: got name %q and currency %q, want both, and a currency we know", m.ID, m.Name, m.Currency)
	}
	if !methodID.MatchString(m.ID) || !countryCode.MatchString(m.Country) {
		t.Errorf("method %q: got country %q; want an id and a code of two letters", m.ID, m.Country)
	}
	fields, err := b.provider.Fields(t.Context(), m.ID)
	if err != nil {
		t.Errorf("fields of %s: %v", m.ID, err)
	}
	for _, f := range fields {
		checkField(t, m.ID, f)
		for name := range f.When {
			if !slices.ContainsFunc(fields, func(g providers.Field) bool { return g.Name == name }) {
				t.Errorf("%s: field %s depends on %s, which is none", m.ID, f.Name, name)
			}
		}
	}
}

// checkField: a field can be asked for, and its own example is a value for it.
func checkField(t *testing.T, of string, f providers.Field) {
	t.Helper()
	if f.Name == "" || f.Label.English == "" {
		t.Errorf("%s: got field %q with label %q, want both", of, f.Name, f.Label.English)
	}
	if _, err := regexp.Compile(f.Pattern); err != nil {
		t.Errorf("%s: field %s: pattern: %v", of, f.Name, err)
	}
	if f.Example != "" {
		if err := f.Check(f.Clean(f.Example)); err != nil {
			t.Errorf("%s: field %s: its example %q does not pass: %v", of, f.Name, f.Example, err)
		}
	}
	if f.Type == providers.Choice && len(f.Options) == 0 {
		t.Errorf("%s: field %s: nothing to choose from", of, f.Name)
	}
	seen := map[string]bool{}
	for _, o := range f.Options {
		if err := f.Check(o.Value); err != nil || seen[o.Value] || o.Label.English == "" {
			t.Errorf("%s: field %s: option %q is there twice, has no words, or does not pass (%v)", of, f.Name, o.Value, err)
		}
		seen[o.Value] = true
	}
}

// checkTexts: every message key resolves in every language, from the shared vocabulary or from the definition's own
// messages. A text without a key is a name, the same in all languages.
func checkTexts(t *testing.T, b *bench) {
	t.Helper()
	shared, err := i18n.New()
	if err != nil {
		t.Fatalf("catalogs: %v", err)
	}
	texts := slices.Compact(slices.SortedFunc(slices.Values(texts(t, b)), func(a, b providers.Text) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.English, b.English))
	}))
	for _, language := range shared.Languages() {
		own := messages(t, b.c.Definition.Messages, language.Tag)
		for _, text := range texts {
			if text.Key != "" && own[text.Key] == "" && !shared.Localizer(language.Tag).Has(text.Key) {
				t.Errorf("language %s: no text for %s", language.Tag, text.Key)
			}
			if words := own[text.Key]; language.Tag == english && words != "" && words != text.English {
				t.Errorf("%s: the messages say %q, the code %q", text.Key, words, text.English)
			}
		}
	}
}

// english is the language that a text carries with it.
const english = "en"

// texts lists all words that a person may read.
func texts(t *testing.T, b *bench) []providers.Text {
	t.Helper()
	all := fieldTexts(b.c.Definition.Settings)
	list, err := b.provider.Methods(t.Context())
	if err != nil {
		t.Fatalf("methods: %v", err)
	}
	for _, m := range list {
		fields, err := b.provider.Fields(t.Context(), m.ID)
		if err != nil {
			t.Fatalf("fields of %s: %v", m.ID, err)
		}
		all = append(append(all, m.Note), fieldTexts(fields)...)
	}
	return all
}

func fieldTexts(fields []providers.Field) []providers.Text {
	var all []providers.Text
	for _, f := range fields {
		all = append(all, f.Label, f.Help)
		for _, o := range f.Options {
			all = append(all, o.Label)
		}
	}
	return all
}

// messages reads the definition's own words in a language.
func messages(t *testing.T, from fs.FS, tag string) map[string]string {
	t.Helper()
	if from == nil {
		return nil
	}
	var all map[string]string
	data, err := fs.ReadFile(from, "locales/"+tag+".json")
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil {
		t.Errorf("own messages in %s: %v", tag, err)
	}
	return all
}

// byName sorts fields, for messages that are the same each time.
func byName(fields []providers.Field) []providers.Field {
	return slices.SortedFunc(slices.Values(fields), func(a, b providers.Field) int { return cmp.Compare(a.Name, b.Name) })
}
