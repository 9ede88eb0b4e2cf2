package components_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/components"
	"github.com/paywicket/paywicket/views/i18n"
	"github.com/paywicket/paywicket/web/access"
)

func page(t *testing.T, lang string) string {
	t.Helper()
	b, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	ctx := views.With(t.Context(), views.Request{
		Language: lang, Localizer: b.Localizer(lang), SignedIn: true, Now: time.Date(2026, 11, 20, 21, 22, 0, 0, time.UTC),
		Person: access.Person{ID: "p", Name: "Ifeoma Lindqvist", Grants: []access.Grant{{Role: access.SuperAdmin}}},
	})
	var out bytes.Buffer
	if err := components.Page().Render(ctx, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// all lists the first group of every match.
func all(html, pattern string) []string {
	var found []string
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(html, -1) {
		found = append(found, m[1])
	}
	return found
}

func TestEveryLanguageHasItsWords(t *testing.T) {
	key := regexp.MustCompile(`>\s*(?:app|format|nav|find|stores|mode|strip|me|role|form|do|pager|word|state|error|field|check|amount)\.[a-z_.]+\s*<`)
	for _, lang := range []string{"en", "fr"} {
		if found := key.FindString(page(t, lang)); found != "" {
			t.Errorf("%s: a key without its words: %s", lang, found)
		}
	}
}

func TestIDsAreUnique(t *testing.T) {
	ids := all(page(t, "en"), `\sid="([^"]*)"`)
	slices.Sort(ids)
	for i := 1; i < len(ids); i++ {
		if ids[i] == ids[i-1] {
			t.Errorf("id %q stands twice", ids[i])
		}
	}
}

func TestReferencesLead(t *testing.T) {
	html := page(t, "en")
	ids := all(html, `\sid="([^"]*)"`)
	for _, list := range all(html, `\s(?:for|aria-describedby|aria-labelledby|list|data-reveal|data-dialog)="([^"]*)"`) {
		for id := range strings.FieldsSeq(list) {
			if !slices.Contains(ids, id) {
				t.Errorf("nothing has the id %q", id)
			}
		}
	}
}

func TestControlsHaveLabels(t *testing.T) {
	html := page(t, "en")
	labels := all(html, `<label[^>]*\sfor="([^"]*)"`)
	for _, tag := range regexp.MustCompile(`<(?:input|select|textarea)[^>]*>`).FindAllString(html, -1) {
		id := all(tag, `\sid="([^"]*)"`)
		switch {
		case strings.Contains(tag, `type="hidden"`):
		case len(id) == 0:
			t.Errorf("no id: %s", tag)
		case !slices.Contains(labels, id[0]):
			t.Errorf("no label: %s", tag)
		}
	}
}

func TestTablesHaveCaptions(t *testing.T) {
	html := page(t, "en")
	tables := len(regexp.MustCompile(`<table[^>]*>`).FindAllString(html, -1))
	captions := regexp.MustCompile(`<table[^>]*>\s*<caption[^>]*>[^<]+</caption>`).FindAllString(html, -1)
	if tables == 0 || len(captions) != tables {
		t.Errorf("%d tables, %d captions", tables, len(captions))
	}
}

func TestButtonsHaveNames(t *testing.T) {
	html := page(t, "en")
	for _, b := range regexp.MustCompile(`(?s)<button[^>]*>.*?</button>`).FindAllString(html, -1) {
		words := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(b, "")
		if strings.TrimSpace(words) == "" && !strings.Contains(b, `role="img" aria-label="`) {
			t.Errorf("no name: %s", b)
		}
	}
}

func TestOneHeading(t *testing.T) {
	if n := strings.Count(page(t, "en"), "<h1"); n != 1 {
		t.Errorf("got %d h1, want 1", n)
	}
}

func TestContentPolicy(t *testing.T) {
	html := page(t, "en")
	for name, pattern := range map[string]string{
		"style": `(\sstyle=|<style)`, "handler": `(\son[a-z]+=)`, "script": `(<script[^>]*>[^<])`, "address": `((?:src|href)="(?:https?:)?//)`, "javascript": `(javascript:)`,
	} {
		if found := all(html, pattern); len(found) > 0 {
			t.Errorf("%s: %q", name, found)
		}
	}
}

// Every part of package ui stands on this page, but for those that only a shell or another part draws.
func TestEveryPartIsThere(t *testing.T) {
	elsewhere := []string{"Branch", "CSRF", "Hidden", "IconLabel", "Logo", "Toasts", "ToastsSwap"}
	page := sources(t, "*.templ")
	for _, name := range all(sources(t, "../ui/*.templ"), `(?m)^templ ([A-Z]\w*)\(`) {
		if !strings.Contains(page, "ui."+name+"(") && !slices.Contains(elsewhere, name) {
			t.Errorf("ui.%s is not on the component page", name)
		}
	}
}

// sources is the text of every file that fits a pattern.
func sources(t *testing.T, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(data)
	}
	return text.String()
}

func TestEveryIconIsThere(t *testing.T) {
	if n := strings.Count(page(t, "en"), `class="icon"`); n < 60 {
		t.Errorf("got %d icons", n)
	}
}
