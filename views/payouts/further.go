package payouts

import (
	"context"

	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
)

// totals is where the totals of a query are added up.
func (q Query) totals(ctx context.Context) string {
	return link.PayoutTotals(ctx, q.With("", "").values)
}

// looked says how far a search went that would have had to read too much.
func (l List) looked(ctx context.Context) string {
	return ui.T(ctx, "payouts.looked_to", "Day", ui.L(ctx).Date(l.Page.Looked))
}

// further is where such a search goes on.
func (l List) further(ctx context.Context) string {
	if l.Filter.Before.IsZero() {
		return l.Query.At("after", l.Page.Next).Href(ctx)
	}
	return l.Query.At("before", l.Page.Prev).Href(ctx)
}

// exported is how many rows an export holds, as far as that is known.
func (l List) exported() int {
	if l.Pending {
		return Uncounted
	}
	return l.count()
}
