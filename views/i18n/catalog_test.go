package i18n

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers/money"
)

func bundle(t *testing.T) *Bundle {
	t.Helper()
	b, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// table is every message of a language.
func table(t *testing.T, lang string) map[string]message {
	t.Helper()
	all, err := merge(catalogs, lang)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// placeholders lists the names in a text, each once.
func placeholders(m message) []string {
	name := regexp.MustCompile(`\.([A-Z]\w*)`)
	found := map[string]bool{}
	for _, text := range m {
		for _, action := range regexp.MustCompile(`{{.*?}}`).FindAllString(text, -1) {
			for _, n := range name.FindAllStringSubmatch(action, -1) {
				found[n[1]] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func TestCatalogsAgree(t *testing.T) {
	want := table(t, source)
	for _, lang := range bundle(t).languages {
		got := table(t, lang)
		if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); diff != "" {
			t.Errorf("keys of %s (-en +%s):\n%s", lang, lang, diff)
		}
		for key, m := range got {
			if diff := cmp.Diff(placeholders(want[key]), placeholders(m)); diff != "" {
				t.Errorf("%s: placeholders of %s (-en +%s):\n%s", lang, key, lang, diff)
			}
		}
	}
}

// A number decides the form in one language only if it does in the source.
func TestPluralsAgree(t *testing.T) {
	want := table(t, source)
	for _, lang := range bundle(t).languages {
		for key, m := range table(t, lang) {
			if m.plural() && !want[key].plural() {
				t.Errorf("%s: %s has plural forms, in English it has none", lang, key)
			}
		}
	}
}

func TestKeysAreOfTheirArea(t *testing.T) {
	key := regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_-]+)+$`)
	for name := range table(t, source) {
		if !key.MatchString(name) {
			t.Errorf("key %q: want lower case parts with dots between", name)
		}
	}
}

// French puts a space at which no line breaks before these marks.
func TestFrenchSpaces(t *testing.T) {
	for key, m := range table(t, "fr") {
		for _, text := range m {
			if regexp.MustCompile(` [;:!?»%]|« `).MatchString(text) {
				t.Errorf("%s: %q has an ordinary space before or after a mark", key, text)
			}
			if strings.Contains(text, "'") {
				t.Errorf("%s: %q has a typewriter's apostrophe", key, text)
			}
		}
	}
}

// Spanish opens what it asks and exclaims, and has no typewriter's apostrophe.
func TestSpanishMarks(t *testing.T) {
	asks, exclaims := regexp.MustCompile(`[\pL}]\?`), regexp.MustCompile(`[\pL}]!`)
	for key, m := range table(t, "es") {
		for _, text := range m {
			if len(asks.FindAllString(text, -1)) != strings.Count(text, "¿") || len(exclaims.FindAllString(text, -1)) != strings.Count(text, "¡") {
				t.Errorf("%s: %q has a mark that is not opened", key, text)
			}
			if strings.Contains(text, "'") {
				t.Errorf("%s: %q has a typewriter's apostrophe", key, text)
			}
		}
	}
}

func TestEveryPluralHasAForm(t *testing.T) {
	b := bundle(t)
	for _, lang := range b.languages {
		l := b.Localizer(lang)
		for key, m := range table(t, lang) {
			for _, n := range []int{0, 1, 2, 5, 1_000_000} {
				if text := l.N(key, n); m.plural() && (text == key || !strings.Contains(text, l.Number(n)) && !leavesOut(m, n)) {
					t.Errorf("%s: %s of %d: got %q", lang, key, n, text)
				}
			}
		}
	}
}

// leavesOut reports whether a message names small numbers in words.
func leavesOut(m message, n int) bool { return n < 2 && !strings.Contains(m["one"], "{{.Count}}") }

func TestPlurals(t *testing.T) {
	b := bundle(t)
	for lang, want := range map[string]map[int]string{
		"en": {0: "0 minutes", 1: "1 minute", 2: "2 minutes", 5: "5 minutes", 1_000_000: "1,000,000 minutes"},
		"fr": {0: "0 minute", 1: "1 minute", 2: "2 minutes", 5: "5 minutes", 1_000_000: "1\u202f000\u202f000 de minutes"},
		"es": {0: "0 minutos", 1: "1 minuto", 2: "2 minutos", 5: "5 minutos", 1_000_000: "1.000.000 de minutos"},
		"pt": {0: "0 minuto", 1: "1 minuto", 2: "2 minutos", 5: "5 minutos", 1_000_000: "1.000.000 de minutos"},
		"th": {0: "0 นาที", 1: "1 นาที", 2: "2 นาที", 5: "5 นาที", 1_000_000: "1,000,000 นาที"},
		"vi": {0: "0 phút", 1: "1 phút", 2: "2 phút", 5: "5 phút", 1_000_000: "1.000.000 phút"},
		"zh": {0: "0分钟", 1: "1分钟", 2: "2分钟", 5: "5分钟", 1_000_000: "1,000,000分钟"},
	} {
		for n, text := range want {
			if got := b.Localizer(lang).N("format.minutes", n); got != text {
				t.Errorf("%s, %d: got %q, want %q", lang, n, got, text)
			}
		}
	}
}

func catalog(files map[string]string) fs.FS {
	all := fstest.MapFS{}
	for name, text := range files {
		all["catalogs/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}

func TestReadRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
	}{
		{"key twice", map[string]string{"en/a.json": `{"x.a":"1"}`, "en/b.json": `{"x.a":"2"}`}},
		{"no text", map[string]string{"en/a.json": `{"x.a":" "}`}},
		{"no general form", map[string]string{"en/a.json": `{"x.a":{"one":"1"}}`}},
		{"not a text", map[string]string{"en/a.json": `{"x.a":1}`}},
		{"not JSON", map[string]string{"en/a.json": `{`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := read(catalog(c.files), nil); err == nil {
				t.Error("got no error")
			}
		})
	}
}

// A language may be added by its folder alone, and Vietnamese may leave "one" out.
func TestAnotherLanguage(t *testing.T) {
	b, err := read(catalog(map[string]string{
		"en/a.json": `{"x.n":{"one":"{{.Count}} row","other":"{{.Count}} rows"},"x.only":"only here"}`,
		"vi/a.json": `{"x.n":"{{.Count}} hàng"}`,
	}), nil)
	if err != nil {
		t.Fatal(err)
	}
	l := b.Localizer("vi")
	for n, want := range map[int]string{0: "0 hàng", 1: "1 hàng", 2: "2 hàng", 5: "5 hàng", 1_000_000: "1.000.000 hàng"} {
		if got := l.N("x.n", n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
	if got := l.T("x.only"); got != "only here" {
		t.Errorf("what is not translated: got %q, want the English", got)
	}
}

func TestT(t *testing.T) {
	l := bundle(t).Localizer("en")
	for _, c := range []struct{ name, got, want string }{
		{"plain", l.T("nav.payouts"), "Payouts"},
		{"unknown key", l.T("no.such"), "no.such"},
		{"value", l.T("me.you", "Name", "Lan <b>"), "You: Lan <b>"},
		{"value that looks like a template", l.T("me.you", "Name", "{{.Name}}"), "You: {{.Name}}"},
		{"number", l.T("error.status", "Status", 1404), "Error 1,404"},
		{"money", l.T("me.you", "Name", money.Amount{Minor: 120450, Currency: "EUR"}), "You: 1,204.50\u00a0EUR"},
		{"no decimals", l.T("amount.too_precise", "Currency", "XOF", "Digits", 0), "XOF has no decimals. Leave them out."},
		{"two decimals", l.T("amount.too_precise", "Currency", "EUR", "Digits", 2), "EUR has at most 2 decimals. Leave the others out."},
		{"map", l.Say("check.too_long", map[string]any{"Max": 1200}), "This is too long. Use at most 1,200 characters."},
		{"provider's key", l.TextOr("no.such", "Beneficiary"), "Beneficiary"},
		{"shared key", l.TextOr("field.bank", "x"), "Bank"},
		{"no key", l.TextOr("", "Beneficiary"), "Beneficiary"},
		{"zero value", (&Localizer{}).T("nav.home"), "nav.home"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestMatch(t *testing.T) {
	b := bundle(t)
	for _, c := range []struct{ name, accept, cookie, preferred, want string }{
		{"nothing", "", "", "", "en"},
		{"browser", "fr-CA,fr;q=0.9,en;q=0.5", "", "", "fr"},
		{"browser asks for another", "ja", "", "", "en"},
		{"cookie wins", "en", "fr", "", "fr"},
		{"person wins", "en", "en", "fr", "fr"},
		{"unknown choice", "fr", "xx", "ja", "fr"},
		{"Chinese as browsers ask for it", "zh-CN,zh;q=0.9,en;q=0.8", "", "", "zh"},
		{"nonsense", ";;;\x00", "../..", "<b>", "en"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := b.Match(c.accept, c.cookie, c.preferred); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// A language is read when somebody first asks for it; one that cannot be read is written in English.
func TestLanguagesAreReadLate(t *testing.T) {
	b, err := read(catalog(map[string]string{
		"en/common.json": `{"language.name":"English","x.a":"a","x.maybe":"{{with .V}}{{.}}{{end}}"}`,
		"fr/common.json": `{"language.name":"Français"}`, "fr/a.json": `{`,
	}), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Language{{"en", "English"}, {"fr", "Français"}}, b.Languages()); diff != "" {
		t.Error(diff)
	}
	fr := b.tongues["fr"]
	if fr.err != nil {
		t.Error("naming the languages reads them")
	}
	if got := b.Localizer("fr").T("x.a"); got != "a" || fr.err == nil {
		t.Errorf("got %q, %v; want the English, and an error kept", got, fr.err)
	}
	if got := b.Localizer("en").T("x.maybe", "V", ""); got != "" {
		t.Errorf("a text that may be empty: got %q", got)
	}
}

func TestOnlySomeLanguages(t *testing.T) {
	b, err := New("en")
	if err != nil {
		t.Fatal(err)
	}
	if got := b.Match("fr", "", ""); got != "en" {
		t.Errorf("got %q, want English only", got)
	}
	want := []Language{
		{"en", "English"},
		{"es", "Español"},
		{"fr", "Français"},
		{"pt", "Português"},
		{"th", "ไทย"},
		{"vi", "Tiếng Việt"},
		{"zh", "简体中文"},
	}
	if diff := cmp.Diff(want, bundle(t).Languages()); diff != "" {
		t.Error(diff)
	}
}
