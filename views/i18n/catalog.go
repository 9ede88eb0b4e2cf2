package i18n

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
)

// message is a message as a catalog writes it: a string, or an object of plural forms.
type message map[string]string

// UnmarshalJSON reads both spellings.
func (m *message) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		*m = message{"other": text}
		return nil
	}
	var forms map[string]string
	if err := json.Unmarshal(data, &forms); err != nil {
		return fmt.Errorf("neither a text nor plural forms: %w", err)
	}
	*m = forms
	return nil
}

// plural reports whether the message has more than one form.
func (m message) plural() bool { return len(m) > 1 }

// form returns a plural form, the general one if the catalog leaves it out.
func (m message) form(name string) string {
	if text, ok := m[name]; ok {
		return text
	}
	return m["other"]
}

// build makes the library's message of it. Forms that a catalog leaves out are the general one: French asks for "many"
// above a million, Vietnamese for "one", where nothing changes. Most messages have only one, and each form takes memory.
func (m message) build(key string) *i18n.Message {
	if !m.plural() {
		return &i18n.Message{ID: key, Other: m["other"]}
	}
	return &i18n.Message{
		ID: key, Zero: m.form("zero"), One: m.form("one"), Two: m.form("two"),
		Few: m.form("few"), Many: m.form("many"), Other: m.form("other"),
	}
}

// readLanguage reads every area of a language.
func readLanguage(from fs.FS, lang string) ([]*i18n.Message, error) {
	all, err := merge(from, lang)
	if err != nil {
		return nil, err
	}
	var messages []*i18n.Message
	for key, m := range all {
		messages = append(messages, m.build(key))
	}
	return messages, nil
}

// merge reads every area of a language into one table. A key that stands in two areas is an error.
func merge(from fs.FS, lang string) (map[string]message, error) {
	files, err := fs.Glob(from, "catalogs/"+lang+"/*.json")
	if err != nil {
		return nil, fmt.Errorf("list catalog %s: %w", lang, err)
	}
	all := map[string]message{}
	for _, file := range files {
		area, err := readArea(from, file)
		if err != nil {
			return nil, err
		}
		for key, m := range area {
			if _, twice := all[key]; twice {
				return nil, fmt.Errorf("catalog %s: key %q stands in another file too", file, key)
			}
			all[key] = m
		}
	}
	return all, nil
}

func readArea(from fs.FS, file string) (map[string]message, error) {
	data, err := fs.ReadFile(from, file)
	if err != nil {
		return nil, fmt.Errorf("read catalog: %w", err)
	}
	var area map[string]message
	if err := json.Unmarshal(data, &area); err != nil {
		return nil, fmt.Errorf("catalog %s: %w", file, err)
	}
	for key, m := range area {
		if strings.TrimSpace(m["other"]) == "" {
			return nil, fmt.Errorf("catalog %s: key %q has no text", file, key)
		}
	}
	return area, nil
}
