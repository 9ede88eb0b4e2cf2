package i18n

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed catalogs
var catalogs embed.FS

// source is the language every catalog is translated from, and the one used where a translation lacks.
const source = "en"

// Bundle is every catalog, read. It may be used by many requests at the same time.
type Bundle struct {
	messages  *i18n.Bundle
	languages []string // the source first
	matcher   language.Matcher
	plain     sync.Map // by language: the texts without placeholders that were looked up, a *sync.Map
}

// Language is one that the console speaks.
type Language struct {
	Tag  string // "fr"
	Name string // in that language: "Français"
}

// New reads the embedded catalogs of the languages named, of all if none is. English is always among them. It fails if
// a catalog cannot be read or a key stands twice.
func New(only ...string) (*Bundle, error) { return read(catalogs, only) }

func read(from fs.FS, only []string) (*Bundle, error) {
	names, err := languages(from, only)
	if err != nil {
		return nil, err
	}
	b := &Bundle{messages: i18n.NewBundle(language.English), languages: names}
	var tags []language.Tag
	for _, name := range names {
		messages, err := readLanguage(from, name)
		if err != nil {
			return nil, err
		}
		tag := language.Make(name)
		if err := b.messages.AddMessages(tag, messages...); err != nil {
			return nil, fmt.Errorf("catalog %s: %w", name, err)
		}
		tags = append(tags, tag)
	}
	b.matcher = language.NewMatcher(tags)
	return b, nil
}

// languages lists the folders of catalogs to read, the source language first.
func languages(from fs.FS, only []string) ([]string, error) {
	dirs, err := fs.ReadDir(from, "catalogs")
	if err != nil {
		return nil, fmt.Errorf("list catalogs: %w", err)
	}
	names := []string{source}
	for _, d := range dirs {
		name := d.Name()
		if name != source && (len(only) == 0 || slices.Contains(only, name)) {
			names = append(names, name)
		}
	}
	return names, nil
}

// Languages lists the languages there are, the source language first.
func (b *Bundle) Languages() []Language {
	var all []Language
	for _, tag := range b.languages {
		all = append(all, Language{Tag: tag, Name: b.Localizer(tag).T("language.name")})
	}
	return all
}

// Match picks a language: the one the person chose (preferred), else the one kept in the browser (cookie), else the best
// of an Accept-Language header, else English. What is not known counts as not said.
func (b *Bundle) Match(accept, cookie, preferred string) string {
	for _, wish := range []string{preferred, cookie} {
		if slices.Contains(b.languages, wish) {
			return wish
		}
	}
	for _, wish := range []string{preferred, cookie, accept} {
		tags, _, err := language.ParseAcceptLanguage(wish)
		if err != nil || len(tags) == 0 {
			continue
		}
		if _, i, sure := b.matcher.Match(tags...); sure > language.No {
			return b.languages[i]
		}
	}
	return source
}

// Localizer returns what writes in a language. A tag that is not known gives English.
func (b *Bundle) Localizer(tag string) *Localizer {
	if !slices.Contains(b.languages, tag) {
		tag = source
	}
	plain, _ := b.plain.LoadOrStore(tag, &sync.Map{})
	return &Localizer{tag: tag, locale: localeOf(tag), messages: i18n.NewLocalizer(b.messages, tag), plain: plain.(*sync.Map)} //nolint:forcetypeassert // see plain
}
