package ui

import "github.com/a-h/templ"

// FormOpts says where a form goes.
type FormOpts struct {
	Action string // from package link
	ID     string
	Class  string // instead of "form"
	Label  string // for screen readers, if no heading is near
	Files  bool   // it sends files
	Attrs  templ.Attributes
}

func (f FormOpts) class() string {
	if f.Class != "" {
		return f.Class
	}
	return "form"
}

func (f FormOpts) attrs() templ.Attributes {
	all := templ.Attributes{}
	set(all, map[string]string{"id": f.ID, "aria-label": f.Label, "enctype": on(f.Files, "multipart/form-data")})
	return merge(all, f.Attrs)
}

// FieldError is one line of an error summary. Without an anchor it is about the form as a whole.
type FieldError struct {
	Anchor string // Field.Anchor
	Label  string
	Text   string
}

// Problems lists the fields that have an error.
func Problems(fields ...Field) []FieldError {
	var all []FieldError
	for _, f := range fields {
		if f.Error != "" {
			all = append(all, FieldError{Anchor: f.Anchor(), Label: f.Label, Text: f.Error})
		}
	}
	return all
}
