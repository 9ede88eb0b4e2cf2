package views_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/i18n"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/store"
)

func TestFromNothing(t *testing.T) {
	r := views.From(context.Background())
	if r.Zone != time.UTC || r.Language != "en" || r.Localizer == nil {
		t.Errorf("got %v %q %v, want UTC, English and something that writes", r.Zone, r.Language, r.Localizer)
	}
	if r.Can(access.SignedIn) {
		t.Error("nobody may do what needs a sign-in")
	}
}

func TestRequest(t *testing.T) {
	ctx := views.With(context.Background(), views.Request{
		Base: "/desk", Stores: []store.Store{{ID: "a", Name: "Kora Market"}},
		Person: access.Person{ID: "p", Grants: []access.Grant{{Role: access.Accountant, Store: "a"}}},
	})
	r := views.From(ctx)
	if r.Base != "/desk" || !r.Can(access.ViewPayouts) || r.Can(access.ApprovePayouts) {
		t.Errorf("got %+v", r)
	}
	if got := r.StoreName("a") + r.StoreName("b"); got != "Kora Marketb" {
		t.Errorf("names of stores: got %q", got)
	}
}

// sources calls visit for every template and, with ext ".go", every Go file of the module that is not generated.
func sources(t *testing.T, ext string, visit func(path, text string)) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ext {
			return err
		}
		if strings.HasSuffix(path, "_templ.go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		visit(path, string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What the content policy blocks, what htmx does wrongly under it, and what the style guide forbids.
func TestTemplatesKeepTheRules(t *testing.T) {
	rules := map[string]*regexp.Regexp{
		"inline handler":        regexp.MustCompile(`\son[a-z]+=|hx-on`),
		"inline style":          regexp.MustCompile(`\sstyle=|<style|css\s+\w+\(`),
		"inline script":         regexp.MustCompile(`<script(>|[^>]*[^/]>[^<])|^\s*script\s+\w+\(`),
		"unescaped data":        regexp.MustCompile(`templ\.Raw|templ\.JSUnsafe|templ\.JSFuncCall`),
		"trigger filter":        regexp.MustCompile(`hx-trigger="[^"]*\[`),
		"evaluated values":      regexp.MustCompile(`hx-vals=|"js:|"javascript:|hx-vars`),
		"htmx beyond the list":  regexp.MustCompile(`hx-(boost|ext|include|params|confirm|prompt|sync|disable|headers|inherit|preserve|put|patch|delete|replace-url|select-oob|request|history)`),
		"a URL of its own":      regexp.MustCompile(`(href|action|src|hx-get|hx-post)="[^#"]`),
		"something from abroad": regexp.MustCompile(`(src|href)="(https?:)?//`),
	}
	sources(t, ".templ", func(path, text string) {
		for name, rule := range rules {
			if found := rule.FindString(text); found != "" {
				t.Errorf("%s: %s: %q", path, name, found)
			}
		}
	})
}

// Keys that stand in the code as they are must be in the catalogs.
func TestKeysExist(t *testing.T) {
	b, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	l := b.Localizer("en")
	call := regexp.MustCompile(`\b(?:T|N|Rich|RichN|Has)\((?:ctx, |r\.Context\(\), )?"([a-z][a-z0-9_]*(?:\.[a-z0-9_-]+)+)"([^+]?)`)
	check := func(path, text string) {
		for _, m := range call.FindAllStringSubmatch(text, -1) {
			if strings.HasPrefix(strings.TrimSpace(m[2]), "+") || l.Has(m[1]) {
				continue
			}
			t.Errorf("%s: key %q is in no catalog", path, m[1])
		}
	}
	sources(t, ".templ", check)
	sources(t, ".go", check)
}

// Generated files belong to templates that exist.
func TestGeneratedFilesHaveTemplates(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		source, generated := strings.CutSuffix(path, "_templ.go")
		if err != nil || !generated {
			return err
		}
		if _, err := os.Stat(source + ".templ"); err != nil {
			t.Errorf("%s: its template is gone", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
