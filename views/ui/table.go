package ui

import (
	"context"

	"github.com/a-h/templ"
)

// TableOpts says what a table is. It always has a caption; Shown makes it visible.
type TableOpts struct {
	Caption string
	Shown   bool
	Stack   bool // blocks on a phone
	Mixed   bool // several currencies in a column: decimal marks stand under each other
}

// attrs lets the keyboard scroll a table that does not stack.
func (t TableOpts) attrs() templ.Attributes {
	if t.Stack {
		return nil
	}
	return templ.Attributes{"role": "region", "tabindex": "0", "aria-label": t.Caption}
}

// PagerOpts says what is shown ("25 of 1,176, newest first") and where the neighbours are.
type PagerOpts struct {
	Label string // for screen readers, if a page has two lists; empty: "Pages"
	Shown string
	Newer string
	Older string
}

func (p PagerOpts) label(ctx context.Context) string {
	if p.Label == "" {
		return T(ctx, "pager.label")
	}
	return p.Label
}
