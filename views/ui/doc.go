// Package ui is the parts pages are made of. A part has one templ file and one style sheet of the same name, and stands on
// the component page (package components) in each of its states.
//
// Text comes from the catalogs ([T], [Rich]), money only through [Money] and its relatives, times through [Time] and its
// relatives, states through [Badge]. Strings given to a part are shown as they are: translate them first.
//
// The package makes no promise of compatibility.
package ui
