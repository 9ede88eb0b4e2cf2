package ui

import (
	"context"
	"slices"
	"time"

	"github.com/a-h/templ"

	"github.com/paywicket/paywicket/views"
)

// Chip is a part of a filter that is set; Href is the list without it.
type Chip struct{ Text, Href string }

// FilterFields makes the fields of a list's filter. Their words are in the catalogs under "<area>.filter.<name>", and "<area>.any.<name>" for
// what narrows nothing.
type FilterFields struct {
	Area string
	Get  func(name string) string // what is set, as the address says it
}

// Field is any field.
func (f FilterFields) Field(ctx context.Context, name string) Field {
	return Field{Name: name, ID: "by-" + name, Label: T(ctx, f.Area+".filter."+name), Value: f.Get(name)}
}

// Any reports whether any of some fields is set.
func (f FilterFields) Any(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return f.Get(name) != "" })
}

// Find is the field for words.
func (f FilterFields) Find(ctx context.Context) Field {
	q := f.Field(ctx, "q")
	q.ID, q.Type, q.Autocomplete, q.Free, q.Placeholder = "q", "search", "off", true, T(ctx, f.Area+".filter.q_example")
	return q
}

// Choice is a field with some values to choose from. What is set and is none of them stays as it was set, in the words of say.
func (f FilterFields) Choice(ctx context.Context, name string, options []Option, say func(value string) string) Field {
	c := f.Field(ctx, name)
	c.Options, c.Blank = options, T(ctx, f.Area+".any."+name)
	if !slices.ContainsFunc(options, func(o Option) bool { return o.Value == c.Value }) && c.Value != "" {
		c.Options = append(c.Options, Option{Value: c.Value, Label: Shorten(say(c.Value))})
	}
	return c
}

// Stores is the choice among the stores of whoever reads.
func (f FilterFields) Stores(ctx context.Context) Field {
	var all []Option
	for _, s := range views.From(ctx).Stores {
		all = append(all, Option{Value: string(s.ID), Label: s.Name})
	}
	return f.Choice(ctx, "store", all, func(id string) string { return id })
}

// day is a day of the filter, as a browser's control for days takes it.
func (f FilterFields) day(name string) string {
	value := f.Get(name)
	if _, err := time.Parse(time.DateOnly, value); err != nil {
		return ""
	}
	return value
}

// narrows lets a filter draw only a part of its page anew, where scripts run.
func narrows(action, part string) templ.Attributes {
	if part == "" {
		return nil
	}
	return templ.Attributes{"hx-get": action, "hx-target": "#" + part, "hx-swap": "outerHTML", "hx-push-url": "true"}
}

// Shorten keeps what somebody typed from filling the page.
func Shorten(text string) string {
	const most = 60
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most]) + "…"
}
