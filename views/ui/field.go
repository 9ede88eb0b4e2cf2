package ui

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/paywicket/paywicket/providers"
)

// Field is one value of a form, for every kind of control. Name and Label are needed.
type Field struct {
	Name  string
	ID    string // empty: made of the name
	Label string
	Help  string
	Error string
	Hint  string // something unusual that stops nobody
	Value string

	Example      string // shown below the help
	Placeholder  string // only where a label is not enough, never instead of one
	Type         string // of Input: "email", "tel", "password", "date" …; empty: text
	Autocomplete string
	InputMode    string
	Max          int // characters; a browser cuts longer text without a word, so never for account numbers
	Rows         int // of TextArea; 0: 3
	Prefix       string
	Suffix       string // beside the control: "+55", "EUR"

	Options []Option
	Blank   string // first line of Select for "nothing chosen"; empty: there is none

	Optional bool // the label says so
	Code     bool // fixed width: keys, numbers to compare
	Free     bool // dir="auto": names and words in any script
	Stored   bool // of Secret: there is a value already
	Disabled bool
	ReadOnly bool
	Focus    bool
	Hide     bool // the label is only for screen readers
	Told     bool // the hint says something good to know and warns of nothing
	Hints    bool // there is a place for a hint also while there is none

	Attrs templ.Attributes // htmx, data-*
}

// Option is one choice.
type Option struct {
	Value    string
	Label    string
	Note     string // second line of a radio card
	Disabled bool
}

// Anchor is the id of the control, for an error summary.
func (f Field) Anchor() string {
	if f.ID != "" {
		return f.ID
	}
	return "f-" + strings.NewReplacer("[", "-", "]", "", ".", "-").Replace(f.Name)
}

func (f Field) helpID() string  { return f.Anchor() + "-help" }
func (f Field) errorID() string { return f.Anchor() + "-error" }
func (f Field) hintID() string  { return f.Anchor() + "-hint" }
func (f Field) listID() string  { return f.Anchor() + "-list" }

// optionID is the id of the n-th radio or checkbox; the first carries the anchor, so that an error leads to it.
func (f Field) optionID(n int) string {
	if n == 0 {
		return f.Anchor()
	}
	return f.Anchor() + "-" + strconv.Itoa(n)
}

// describedBy names what explains the control.
func (f Field) describedBy() string {
	return join(on(f.Help != "" || f.Example != "", f.helpID()), on(f.hints(), f.hintID()), on(f.Error != "", f.errorID()))
}

// hints reports whether there is a place for a hint.
func (f Field) hints() bool { return f.Hints || f.Hint != "" }

// common are the attributes every control has.
func (f Field) common() templ.Attributes {
	all := templ.Attributes{"id": f.Anchor(), "name": f.Name}
	set(all, map[string]string{"aria-describedby": f.describedBy(), "autocomplete": f.Autocomplete})
	if f.Error != "" {
		all["aria-invalid"] = "true"
	}
	for name, yes := range map[string]bool{"disabled": f.Disabled, "readonly": f.ReadOnly, "autofocus": f.Focus} {
		if yes {
			all[name] = true
		}
	}
	if f.Free {
		all["dir"] = "auto"
	}
	return merge(all, f.Attrs)
}

// typed are the attributes of controls that are typed into.
func (f Field) typed() templ.Attributes {
	all := f.common()
	set(all, map[string]string{"inputmode": f.InputMode, "placeholder": f.Placeholder})
	if f.Max > 0 {
		all["maxlength"] = strconv.Itoa(f.Max)
	}
	return all
}

// shut is the field as nothing of it is sent. Scripts open it again by the mark data-off.
func (f Field) shut(yes bool) Field {
	if !yes {
		return f
	}
	f.Disabled = true
	f.Attrs = merge(templ.Attributes{"data-off": "1"}, f.Attrs)
	return f
}

// inputType is the type of the input element.
func (f Field) inputType() string {
	if f.Type == "" {
		return "text"
	}
	return f.Type
}

func (f Field) rows() string { return strconv.Itoa(max(f.Rows, 3)) }

// row reports whether something stands beside the control.
func (f Field) row() bool { return f.Prefix != "" || f.Suffix != "" }

// when is a condition as app.js reads it: {"name": ["value", …]}.
func when(condition map[string][]string) string {
	text, err := json.Marshal(condition)
	if err != nil {
		return "{}" // cannot be: strings only
	}
	return string(text)
}

// ProviderField makes a Field of what a provider asks for. prefix is the name of the form's map: "fields" makes the name
// "fields[account_number]". problem is the message of a check that failed, already in the person's language.
func ProviderField(ctx context.Context, prefix string, p providers.Field, value, problem string) Field {
	f := Field{
		Name: MapName(prefix, p.Name), Label: Words(ctx, p.Label), Help: Words(ctx, p.Help), Example: p.Example,
		Value: value, Error: problem, Optional: p.Optional, Autocomplete: "off",
	} // p.Max is not set: a browser cuts what is pasted without a word
	switch p.Type {
	case providers.Digits:
		f.InputMode = "numeric"
	case providers.Phone:
		f.Type, f.InputMode, f.Value, f.Help = "tel", "tel", dialled(value), phoneHelp(ctx, p, f.Help)
	case providers.Email:
		f.Type, f.InputMode = "email", "email"
	case providers.Choice, providers.Bank:
		f.Options, f.Blank = options(ctx, p.Options), T(ctx, "form.choose")
	case providers.String:
		f.Free = true
	}
	return f
}

// dialled writes a kept phone number, which is digits with the country code, as people do.
func dialled(value string) string {
	if value == "" || strings.Trim(value, "0123456789") != "" {
		return value // as it was typed
	}
	return "+" + value
}

// phoneHelp adds the country code a number must begin with.
func phoneHelp(ctx context.Context, p providers.Field, help string) string {
	if p.Prefix == "" {
		return help
	}
	return Then(ctx, help, T(ctx, "field.phone_begins", "Prefix", "+"+p.Prefix))
}

// MapName is the form name of one value of a map: "fields[bank]".
func MapName(prefix, name string) string { return prefix + "[" + name + "]" }

func options(ctx context.Context, all []providers.Option) []Option {
	list := make([]Option, 0, len(all))
	for _, o := range all {
		list = append(list, Option{Value: o.Value, Label: Words(ctx, o.Label)})
	}
	return list
}

// condition is when a provider's field is asked for, by the names its form uses.
func condition(prefix string, p providers.Field) map[string][]string {
	named := make(map[string][]string, len(p.When))
	for name, values := range p.When {
		named[MapName(prefix, name)] = values
	}
	return named
}
