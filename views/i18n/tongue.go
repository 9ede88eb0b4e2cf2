package i18n

import (
	"fmt"
	"io/fs"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// tongue is one language. It has a bundle of the library's to itself, because no language can be added to one that is in use.
type tongue struct {
	tag   language.Tag
	words []*i18n.Message // those that providers bring along

	once     sync.Once
	err      error
	bundle   *i18n.Bundle
	messages *i18n.Localizer
	plain    sync.Map // the texts without placeholders that were looked up, by key
}

func newTongue(tag language.Tag) *tongue {
	b := i18n.NewBundle(tag)
	return &tongue{tag: tag, bundle: b, messages: i18n.NewLocalizer(b, tag.String())}
}

// read reads the catalogs of the language, once.
func (t *tongue) read(from fs.FS) error {
	t.once.Do(func() { t.err = t.fill(from) })
	return t.err
}

func (t *tongue) fill(from fs.FS) error {
	messages, err := readLanguage(from, t.tag.String())
	if err != nil {
		return err
	}
	if err := t.bundle.AddMessages(t.tag, append(messages, t.words...)...); err != nil {
		return fmt.Errorf("catalog %s: %w", t.tag, err)
	}
	t.words = nil
	return nil
}

// add takes words that a provider brings along.
func (t *tongue) add(words []*i18n.Message) error {
	if t.tag == language.English { // it has been read
		return t.bundle.AddMessages(t.tag, words...)
	}
	t.words = append(t.words, words...)
	return nil
}
