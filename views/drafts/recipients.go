package drafts

import (
	"context"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/payout"
)

// foundText says which account of the recipient it is and how it was paid.
func foundText(ctx context.Context, r payout.Row) string {
	key := "drafts.find_how"
	if len(views.From(ctx).Stores) > 1 {
		key = "drafts.find_how_store"
	}
	return ui.T(ctx, key, "Number", providers.Mask(r.Number), "Method", r.MethodName, "Account", label(ctx, r.Company, r.AccountLabel),
		"Store", views.From(ctx).StoreName(r.Store))
}
