package i18n

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"golang.org/x/text/language"
)

//go:embed catalogs
var catalogs embed.FS

// source is the language every catalog is translated from, and the one used where a translation lacks.
const source = "en"

// Bundle is every catalog. All but English are read when somebody first asks for them: each takes megabytes. It may be used by many
// requests at the same time.
type Bundle struct {
	languages []string // the source first
	matcher   language.Matcher
	tongues   map[string]*tongue
	from      fs.FS
	names     func() []Language
}

// Language is one that the console speaks.
type Language struct {
	Tag  string // "fr"
	Name string // in that language: "Français"
}

// New opens the embedded catalogs of the languages named, of all if none is. English is always among them. It fails if English
// cannot be read or a key stands twice in it; tests see to the others.
func New(only ...string) (*Bundle, error) { return read(catalogs, only) }

func read(from fs.FS, only []string) (*Bundle, error) {
	names, err := languages(from, only)
	if err != nil {
		return nil, err
	}
	b := &Bundle{languages: names, tongues: map[string]*tongue{}, from: from}
	var tags []language.Tag
	for _, name := range names {
		tag := language.Make(name)
		tags = append(tags, tag)
		b.tongues[name] = newTongue(tag)
	}
	b.matcher = language.NewMatcher(tags)
	b.names = sync.OnceValue(b.ownNames)
	return b, b.tongues[source].read(from)
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
func (b *Bundle) Languages() []Language { return slices.Clone(b.names()) }

// ownNames takes what the languages call themselves from the one file where it stands, so that naming them reads no more of them.
func (b *Bundle) ownNames() []Language {
	var all []Language
	for _, tag := range b.languages {
		l := Language{Tag: tag, Name: tag}
		if area, err := readArea(b.from, "catalogs/"+tag+"/common.json"); err == nil && area["language.name"] != nil {
			l.Name = area["language.name"].form("other")
		}
		all = append(all, l)
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
	t, ok := b.tongues[tag]
	if !ok {
		tag, t = source, b.tongues[source]
	}
	// A language that cannot be read is written in English: every key of it lacks.
	_ = t.read(b.from)
	return &Localizer{tag: tag, locale: localeOf(tag), messages: t.messages, source: b.tongues[source].messages, plain: &t.plain}
}
