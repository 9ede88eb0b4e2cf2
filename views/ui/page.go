package ui

import (
	"strings"
	"unicode"

	"github.com/a-h/templ"
)

// HeadOpts says what stands at the top of a page. Heading is for a title with parts in it and wins over Title.
type HeadOpts struct {
	Way     []Crumb
	Title   string
	Heading templ.Component
	Lead    string
	End     templ.Component
}

// Crumb is one step of the way to a page; without Href it is only said.
type Crumb struct{ Text, Href string }

// SectionOpts says what a section is about. ID must be the only one on the page.
type SectionOpts struct {
	ID    string
	Title string
	Count string
	Note  string
	End   templ.Component
}

// Initials are the first letters of the first and the last word of a name.
func Initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })
	if len(words) == 0 {
		return "?"
	}
	first := initial(words[0])
	if len(words) == 1 {
		return first
	}
	return first + initial(words[len(words)-1])
}

// initial is the first letter of a word in capitals.
func initial(word string) string {
	for _, r := range word {
		return string(unicode.ToUpper(r))
	}
	return ""
}
