package ui

import (
	"context"
	"io"

	"github.com/a-h/templ"
)

// Piece is a part of something raw. At most one of the marks is set.
type Piece struct {
	Text string
	Mark bool // look here
	Old  bool // what came, or was there
	New  bool // what was expected, or is there
}

// joined writes the pieces with nothing between them: in a <pre> every space shows.
func joined(pieces []Piece) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		for _, p := range pieces {
			before, after := p.tags()
			if _, err := io.WriteString(w, before+templ.EscapeString(p.Text)+after); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p Piece) tags() (string, string) {
	switch {
	case p.Mark:
		return "<mark>", "</mark>"
	case p.Old:
		return `<span class="raw__old">`, "</span>"
	case p.New:
		return `<span class="raw__new">`, "</span>"
	default:
		return "", ""
	}
}
