package webhooks

import (
	"context"
	"time"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/inbox"
)

// silence is a line of the radar: the account, what is wrong and what to do about it. It leads to the account's webhooks.
func silence(ctx context.Context, s inbox.Silence) ui.LineOpts {
	o := ui.LineOpts{Tone: views.Warn, Matter: true, Title: ui.T(ctx, "radar."+string(s.Why), "Account", s.Account.Label),
		Href: ReadQuery(map[string][]string{"account": {string(s.Account.ID)}}).Href(ctx)}
	switch s.Why {
	case inbox.QuietRefused:
		o.Tone, o.Text = views.Bad, ui.N(ctx, "radar.refused_text", s.Refused)
	case inbox.QuietUnreachable:
		o.Tone, o.Text = views.Bad, ui.N(ctx, "radar.unreachable_text", s.Untold)
	default:
		o.Text = ui.T(ctx, "radar."+string(s.Why)+"_text")
	}
	if !s.Account.HookAt.IsZero() {
		o.End = ui.T(ctx, "radar.heard", "Ago", ui.L(ctx).Ago(views.From(ctx).Now.Sub(s.Account.HookAt)))
	}
	return o
}

// late says how many payouts are late, and by what.
func late(ctx context.Context, s inbox.Silence) string {
	text := ui.N(ctx, "radar.late", s.Late, "After", age(ctx, s.Usual.LateAfter()))
	if s.Usual.Count == 0 {
		return text
	}
	return ui.Then(ctx, text, ui.T(ctx, "radar.usual", "Median", age(ctx, s.Usual.Median), "P95", age(ctx, s.Usual.P95), "Count", s.Usual.Count))
}

func age(ctx context.Context, d time.Duration) string { return ui.L(ctx).Age(d) }
