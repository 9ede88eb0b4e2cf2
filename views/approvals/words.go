package approvals

import (
	"context"
	"strconv"

	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/policy"
)

func versionOf(p *payout.Payout) string { return strconv.Itoa(p.Version) }

// youText says which approval the reader's is.
func youText(ctx context.Context, d Decision) string {
	switch {
	case d.needed() == 1:
		return ui.T(ctx, "approvals.you_only")
	case d.last():
		return ui.T(ctx, "approvals.you_last")
	default:
		return ui.T(ctx, "approvals.you_one")
	}
}

// limitText says a limit and how much of it is used.
func limitText(ctx context.Context, d Decision, l payout.Limited) string {
	text := Sentence(ctx, l.Rule, d.Names)
	if l.Rule.Per == policy.PerPayout {
		return text
	}
	return ui.Then(ctx, text, ui.T(ctx, "policies.spent", "Amount", ui.MoneyText(ctx, l.Spent)))
}

// modeText says whether real money moves.
func modeText(ctx context.Context, d Decision) string {
	switch {
	case d.Simulated:
		return ui.T(ctx, "approvals.mode.simulator")
	case d.Content.Live:
		return ui.T(ctx, "approvals.mode.live")
	default:
		return ui.T(ctx, "approvals.mode.test")
	}
}
