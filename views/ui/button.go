package ui

import "github.com/a-h/templ"

// Look is how much a button stands out.
type Look string

// The looks. Primary is once a page; Final is ink and cannot be undone; Quiet is a link that acts.
const (
	LookPrimary Look = "primary"
	LookFinal   Look = "final"
	LookDanger  Look = "danger"
	LookQuiet   Look = "plain"
)

// ButtonOpts says what a button is. Only Text is needed.
type ButtonOpts struct {
	Text     string
	Look     Look
	Icon     string
	Small    bool
	Wide     bool
	Disabled bool
	Busy     bool
	ID       string
	Type     string // "button" for one that does not submit
	Name     string // with Value: which of several buttons was pressed
	Value    string
	Form     string // id of a form elsewhere on the page
	Describe string // id of what explains it
	Attrs    templ.Attributes
}

func (b ButtonOpts) class() string {
	return join("button", on(b.Look != "", "button--"+string(b.Look)), on(b.Small, "button--small"), on(b.Wide, "button--wide"))
}

func (b ButtonOpts) kind() string {
	if b.Type == "" {
		return "submit"
	}
	return b.Type
}

// attrs are the attributes that are set.
func (b ButtonOpts) attrs() templ.Attributes {
	all := templ.Attributes{}
	set(all, map[string]string{"id": b.ID, "name": b.Name, "value": b.Value, "form": b.Form, "aria-describedby": b.Describe})
	if b.Disabled {
		all["disabled"] = true
	}
	if b.Busy {
		all["aria-busy"] = "true"
	}
	return merge(all, b.Attrs)
}

// set adds the attributes that are not empty.
func set(all templ.Attributes, values map[string]string) {
	for name, value := range values {
		if value != "" {
			all[name] = value
		}
	}
}

// merge adds what a page asked for itself.
func merge(all, more templ.Attributes) templ.Attributes {
	for name, value := range more {
		all[name] = value
	}
	return all
}
