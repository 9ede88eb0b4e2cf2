package approvals

import (
	"context"

	"github.com/paywicket/paywicket/views/ui"
)

// count says how many, and in which order.
func (l List) count(ctx context.Context, n int) string {
	if n < 2 {
		return ui.L(ctx).Number(n)
	}
	return ui.T(ctx, "approvals.oldest_first", "Count", n)
}

// nothingText says what to do where nothing waits.
func nothingText(ctx context.Context, others bool) string {
	if others {
		return ui.T(ctx, "approvals.empty_others")
	}
	return ui.T(ctx, "approvals.empty_text")
}
