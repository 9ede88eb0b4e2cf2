package ui

import (
	"github.com/a-h/templ"

	"github.com/paywicket/paywicket/views"
)

// decisionIcon is the mark of a comparison with last time.
func decisionIcon(t views.Tone) string {
	switch t {
	case views.Good:
		return "check"
	case views.Odd:
		return "plus"
	default:
		return "edit"
	}
}

// currentItem marks the row one is on.
func currentItem(yes bool) templ.Attributes {
	if yes {
		return templ.Attributes{"aria-current": "true"}
	}
	return nil
}
