// Package i18n is the text people read: message catalogs, plurals, and how a language writes dates, numbers and money.
//
// Catalogs are catalogs/<language>/<area>.json: flat keys "area.name", a string or, where a number decides, an object of
// plural forms {"one": …, "other": …}. Every key is in every language with the same placeholders; a test sees to it. A
// language is added by adding its folder and a line in locale.go.
//
// The package makes no promise of compatibility.
package i18n
