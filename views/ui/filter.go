package ui

// Chip is a part of a filter that is set; Href is the list without it.
type Chip struct{ Text, Href string }
