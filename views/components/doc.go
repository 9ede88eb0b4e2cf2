// Package components is the component page: every part of package ui in every state, for tests and for designers. Its
// words are made up and stay English; the parts' own words follow the language.
//
// The package makes no promise of compatibility.
package components
