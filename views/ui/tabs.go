package ui

import "github.com/a-h/templ"

// Tab is one view.
type Tab struct {
	Text    string
	Href    string
	Count   string
	Current bool
}

// current marks the link of the page one is on.
func current(yes bool) templ.Attributes {
	if yes {
		return templ.Attributes{"aria-current": "page"}
	}
	return nil
}
