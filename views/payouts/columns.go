package payouts

import (
	"context"
	"slices"

	"github.com/paywicket/paywicket/views/ui"
)

// columnSets are the sets of columns a history can be shown with.
func columnSets() []string { return []string{"", "books", "ids"} }

// HasColumns reports whether there is a set of columns of a name.
func HasColumns(name string) bool { return slices.Contains(columnSets(), name) }

// cols are the columns of the set that is asked for.
func (l List) cols() []string {
	switch l.Query.Get("cols") {
	case "books":
		return []string{"time", "recipient", "from", "amount", "fee", "net", "state", "references", "matched", "closed"}
	case "ids":
		return []string{"time", "recipient", "number", "ours", "theirs", "state", "amount"}
	}
	return []string{"time", "recipient", "from", "state", "amount", "fee", "net", "references", "confirmed"}
}

// orNone is a reference, or words for that there is none yet.
func orNone(ctx context.Context, id string) string {
	if id == "" {
		return ui.T(ctx, "word.none_yet")
	}
	return id
}
