package ui

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/i18n"
)

// L is what writes in the language of the request.
func L(ctx context.Context) *i18n.Localizer { return views.From(ctx).Localizer }

// T is the text of a catalog key; args are pairs of a placeholder's name and its value.
func T(ctx context.Context, key string, args ...any) string { return L(ctx).T(key, args...) }

// N is the text of a catalog key in the plural form that fits count, which is its placeholder "Count".
func N(ctx context.Context, key string, count int, args ...any) string {
	return L(ctx).N(key, count, args...)
}

// Comma puts facts beside each other; empty ones are left out.
func Comma(ctx context.Context, facts ...string) string { return L(ctx).Comma(facts...) }

// Then puts a sentence behind another.
func Then(ctx context.Context, first, next string) string { return L(ctx).Then(first, next) }

// Words is a provider's text in the language of the request, or its English wording.
func Words(ctx context.Context, t providers.Text) string { return L(ctx).TextOr(t.Key, t.English) }

// Rich writes a catalog sentence in which some values are parts of a page: a name in <bdi>, an amount, a link. Values
// that are a templ.Component are drawn in their place; the others are as in T.
func Rich(key string, args ...any) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		plain, parts := slots(args)
		return fill(ctx, w, T(ctx, key, plain...), parts)
	})
}

// RichN is Rich in the plural form that fits count.
func RichN(key string, count int, args ...any) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		plain, parts := slots(args)
		return fill(ctx, w, N(ctx, key, count, plain...), parts)
	})
}

// Marks around the number of a part inside a sentence. They are private-use characters and taken out of what people typed.
const open, shut = "\ue000", "\ue001"

// slots puts numbered marks in the place of components.
func slots(args []any) ([]any, []templ.Component) {
	clean := strings.NewReplacer(open, "", shut, "")
	plain := make([]any, len(args))
	var parts []templ.Component
	for i, arg := range args {
		switch v := arg.(type) {
		case templ.Component:
			plain[i] = open + strconv.Itoa(len(parts)) + shut
			parts = append(parts, v)
		case string:
			plain[i] = clean.Replace(v)
		default:
			plain[i] = v
		}
	}
	return plain, parts
}

// fill writes a text and draws the parts where their marks stand.
func fill(ctx context.Context, w io.Writer, text string, parts []templ.Component) error {
	for {
		before, rest, found := strings.Cut(text, open)
		if _, err := io.WriteString(w, templ.EscapeString(before)); err != nil || !found {
			return err
		}
		number, after, _ := strings.Cut(rest, shut)
		if n, err := strconv.Atoi(number); err == nil && n < len(parts) {
			if err := parts[n].Render(ctx, w); err != nil {
				return err
			}
		}
		text = after
	}
}

// tone is the modifier class of a tone, "banner--bad"; empty for none.
func tone(block string, t views.Tone) string {
	if t == "" {
		return ""
	}
	return block + "--" + string(t)
}

// toneIcon is the icon that goes with a tone.
func toneIcon(t views.Tone) string {
	switch t {
	case views.Good:
		return "check"
	case views.Warn:
		return "warn"
	case views.Bad:
		return "failed"
	case views.Odd:
		return "unknown"
	default:
		return "dot"
	}
}

// join makes one class attribute of the parts that are not empty.
func join(classes ...string) string {
	return strings.Join(strings.Fields(strings.Join(classes, " ")), " ")
}

// on returns class if the condition holds.
func on(yes bool, class string) string {
	if yes {
		return class
	}
	return ""
}
