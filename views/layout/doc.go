// Package layout is the shell around a page: head, strips, header with the places one may go, footer, messages.
//
// The package makes no promise of compatibility.
package layout
