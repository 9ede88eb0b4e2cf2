package ui

// MenuOpts says how a menu is opened.
type MenuOpts struct {
	Text  string
	Short string // shown instead of the text, which screen readers still hear: initials
	Icon  string
	Small bool
	Start bool // opens towards the end of the line
}
