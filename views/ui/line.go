package ui

import (
	"github.com/a-h/templ"

	"github.com/paywicket/paywicket/views"
)

// LineOpts says what a line says.
type LineOpts struct {
	Tone   views.Tone
	Open   bool   // not reached, waiting
	Matter bool   // something that needs a person: on a phone its end goes below
	Icon   string // empty: that of the tone
	Title  string
	Href   string // where the title leads
	Text   string
	End    string
	Tail   templ.Component // instead of End
}

func (l LineOpts) icon() string {
	switch {
	case l.Icon != "":
		return l.Icon
	case l.Open:
		return "open"
	case l.Tone == views.Bad:
		return "cross"
	default:
		return toneIcon(l.Tone)
	}
}

// factIcon is the mark of a fact: a dot if it is only that.
func factIcon(t views.Tone) string {
	if t == views.Bad {
		return "warn"
	}
	return toneIcon(t)
}
