package i18n

import (
	"sync"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"

	"github.com/paywicket/paywicket/providers/money"
)

// Localizer writes in one language. The zero value writes message keys and English figures.
type Localizer struct {
	tag      string
	locale   locale
	messages *i18n.Localizer
	source   *i18n.Localizer // where a translation lacks
	plain    *sync.Map       // texts without placeholders, by key
}

// Tag is the language written in, "fr".
func (l *Localizer) Tag() string {
	if l == nil || l.tag == "" {
		return source
	}
	return l.tag
}

// T returns the text of a key. args are pairs of a placeholder's name and its value: T("me.you", "Name", name).
// Whole numbers and money are written as the language does; give a year or a code as a string. A key that is in no
// catalog comes back as it is.
func (l *Localizer) T(key string, args ...any) string { return l.write(key, nil, args) }

// Say is T with the values in a map, as errors carry them.
func (l *Localizer) Say(key string, args map[string]any) string {
	pairs := make([]any, 0, 2*len(args))
	for name, value := range args {
		pairs = append(pairs, name, value)
	}
	return l.T(key, pairs...)
}

// N returns the text of a key in the plural form that fits count, which is its placeholder "Count".
func (l *Localizer) N(key string, count int, args ...any) string {
	return l.write(key, count, append([]any{"Count", count}, args...))
}

// Has reports whether there is a text for key.
func (l *Localizer) Has(key string) bool {
	_, ok := l.find(key, nil, nil)
	return ok
}

// TextOr returns the text of a key that may be in no catalog, such as one of a provider's own; then it is the English
// wording that came with it.
func (l *Localizer) TextOr(key, english string) string {
	if text, ok := l.find(key, nil, nil); ok && key != "" {
		return text
	}
	return english
}

func (l *Localizer) write(key string, count any, args []any) string {
	if count == nil && len(args) == 0 {
		return l.fixed(key)
	}
	if text, ok := l.find(key, count, l.data(args)); ok {
		return text
	}
	return key
}

// fixed is a text without placeholders. Pages are made of them, so each is looked up once.
func (l *Localizer) fixed(key string) string {
	if l == nil || l.plain == nil {
		return key
	}
	if kept, ok := l.plain.Load(key); ok {
		return kept.(string) //nolint:forcetypeassert // there is nothing else in it
	}
	text, ok := l.find(key, nil, map[string]any{})
	if !ok {
		return key // not kept: there is no end to keys that are in no catalog
	}
	l.plain.Store(key, text)
	return text
}

// find looks a message up, in English where the language lacks it.
func (l *Localizer) find(key string, count any, data map[string]any) (string, bool) {
	if l == nil || l.messages == nil {
		return "", false
	}
	if text, ok := say(l.messages, key, count, data); ok {
		return text, true
	}
	return say(l.source, key, count, data)
}

// say is a message, in its general form if it has none for the count. The library may report an error and still give the best
// text it has.
func say(from *i18n.Localizer, key string, count any, data map[string]any) (string, bool) {
	text, err := from.Localize(&i18n.LocalizeConfig{MessageID: key, PluralCount: count, TemplateData: data})
	if err != nil && text == "" && count != nil {
		return say(from, key, nil, data)
	}
	return text, err == nil || text != ""
}

// data makes placeholders of pairs.
func (l *Localizer) data(args []any) map[string]any {
	data := map[string]any{}
	for i := 0; i+1 < len(args); i += 2 {
		if name, ok := args[i].(string); ok {
			data[name] = l.value(args[i+1])
		}
	}
	return data
}

// value is what stands in a sentence for a value.
func (l *Localizer) value(v any) any {
	switch v := v.(type) {
	case int:
		return l.Number(v)
	case int64:
		return l.Number(int(v))
	case money.Amount:
		return l.MoneyText(v)
	case time.Duration:
		return l.Age(v)
	default:
		return v
	}
}
