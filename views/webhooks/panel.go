package webhooks

import (
	"context"
	"strconv"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
)

// panelLine is one line of how a webhook was checked, with what was compared in it.
type panelLine struct {
	ui.LineOpts
	step providers.Step
}

// panel is every step from the arrival to the effect, those that were not reached included.
func (s Show) panel(ctx context.Context) []panelLine {
	all := []panelLine{s.keptLine(ctx), s.addressLine(ctx)}
	for _, step := range s.Hook.Steps {
		if step.Name != "confirmed" {
			all = append(all, panelLine{stepLine(ctx, step), step})
		}
	}
	if s.Hook.Account == "" {
		return append(all, s.effectLine(ctx))
	}
	if s.Hook.Verdict == inbox.Forged && len(s.Hook.Steps) == 0 {
		all = append(all, panelLine{LineOpts: ui.LineOpts{Tone: views.Bad, Title: ui.T(ctx, "webhooks.panel.refused"), Text: why(ctx, s.Hook)}})
	}
	all = append(all, s.secretLine(ctx), s.clockLine(ctx), s.parsedLine(ctx), s.matchedLine(ctx))
	for _, step := range s.Hook.Steps {
		if step.Name == "confirmed" {
			all = append(all, panelLine{stepLine(ctx, step), step})
		}
	}
	return append(all, s.effectLine(ctx))
}

func (s Show) keptLine(ctx context.Context) panelLine {
	o := ui.LineOpts{Tone: views.Good, Title: ui.T(ctx, "webhooks.panel.kept"), Text: s.size(ctx), End: ui.L(ctx).Clock(s.Hook.ReceivedAt.In(views.From(ctx).Zone))}
	if s.cut() {
		o.Tone = views.Warn
		o.Text = s.cutText(ctx)
	}
	return panelLine{LineOpts: o}
}

func (s Show) addressLine(ctx context.Context) panelLine {
	o := ui.LineOpts{Tone: views.Good, Title: ui.T(ctx, "webhooks.panel.address"), Text: s.Account.Label}
	if s.Hook.Account == "" {
		o.Tone, o.Text = views.Bad, ui.T(ctx, "hook.verdict.misaddressed.text")
	}
	return panelLine{LineOpts: o}
}

// notReached is a step that came to nothing because an earlier one failed.
func notReached(ctx context.Context, key string) panelLine {
	return panelLine{LineOpts: ui.LineOpts{Open: true, Title: ui.T(ctx, key), Text: ui.T(ctx, "webhooks.panel.not_reached")}}
}

func (s Show) secretLine(ctx context.Context) panelLine {
	o := ui.LineOpts{Tone: views.Good, Title: ui.T(ctx, "webhooks.panel.secret")}
	switch v := s.Hook.Version; {
	case v > 0 && v == s.Account.Version:
		o.Text = ui.T(ctx, "webhooks.panel.secret_now", "Version", strconv.Itoa(v))
	case v > 0:
		o.Tone, o.Text = views.Warn, ui.T(ctx, "webhooks.panel.secret_older", "Version", strconv.Itoa(v), "Now", strconv.Itoa(s.Account.Version))
	case s.Hook.Genuine():
		o.Tone, o.Text = "", ui.T(ctx, "webhooks.panel.secret_unknown")
	default:
		o.Tone, o.Text = views.Bad, ui.T(ctx, "webhooks.panel.secret_none", "Now", strconv.Itoa(s.Account.Version))
	}
	return panelLine{LineOpts: o}
}

// clockLine is how far the provider's clock was from ours when it was asked last: few messages carry a time.
func (s Show) clockLine(ctx context.Context) panelLine {
	o := ui.LineOpts{Icon: "clock", Title: ui.T(ctx, "webhooks.panel.clock"), Text: ui.T(ctx, "accounts.clock.none")}
	if !s.Account.ClockAt.IsZero() {
		o.Text = s.skew(ctx)
		o.End = ui.L(ctx).DateTime(s.Account.ClockAt.In(views.From(ctx).Zone))
	}
	return panelLine{LineOpts: o}
}

func (s Show) skew(ctx context.Context) string {
	off, key := s.Account.Clock.Abs().Round(time.Second), "accounts.clock.ahead"
	switch {
	case off <= 2*time.Second: // as close as such a measurement comes
		return ui.T(ctx, "accounts.clock.same")
	case s.Account.Clock < 0:
		key = "accounts.clock.behind"
	}
	return ui.T(ctx, key, "Provider", s.Catalog.Name(s.Account.Provider), "Off", ui.L(ctx).Age(off))
}

func (s Show) parsedLine(ctx context.Context) panelLine {
	if !s.Hook.Genuine() {
		return notReached(ctx, "webhooks.panel.parsed")
	}
	text := event(ctx, s.Hook)
	if word := s.Hook.Result.Word; word != "" {
		text += " · " + word
	}
	if hasAmount(s.Hook) {
		text += " · " + ui.MoneyText(ctx, s.Hook.Result.Amount)
	}
	return panelLine{LineOpts: ui.LineOpts{Tone: views.Good, Title: ui.T(ctx, "webhooks.panel.parsed"), Text: text}}
}

func (s Show) matchedLine(ctx context.Context) panelLine {
	o := ui.LineOpts{Tone: views.Good, Title: ui.T(ctx, "webhooks.panel.matched")}
	switch {
	case !s.Hook.Genuine() || s.Hook.Verdict == inbox.Ignored:
		return notReached(ctx, "webhooks.panel.matched")
	case s.Hook.Payout != "":
		o.Text, o.Href = s.Hook.Payout.Number(), link.Payout(ctx, string(s.Hook.Payout))
	default:
		o.Tone, o.Text = views.Warn, ui.T(ctx, "hook.code.no_payout")
	}
	return panelLine{LineOpts: o}
}

func (s Show) effectLine(ctx context.Context) panelLine {
	o := ui.LineOpts{Title: ui.T(ctx, "webhooks.col.effect"), Text: effect(ctx, s.Hook)}
	switch {
	case s.Hook.Moved():
		o.Tone = views.Good
	case why(ctx, s.Hook) != "":
		o.Text = ui.T(ctx, "form.error_line", "Field", o.Text, "Error", why(ctx, s.Hook))
	}
	if s.Hook.Verdict == inbox.Conflicting {
		o.Tone = views.Bad
	}
	return panelLine{LineOpts: o}
}

func (s Show) size(ctx context.Context) string { return ui.N(ctx, "webhooks.bytes", s.Hook.Size) }

// sizeText is the size of what came, as far as it was counted.
func (s Show) sizeText(ctx context.Context) string {
	if s.Hook.AtLeast {
		return ui.T(ctx, "webhooks.at_least", "Size", s.size(ctx))
	}
	return s.size(ctx)
}

// cutText says how much of the body is kept.
func (s Show) cutText(ctx context.Context) string {
	switch {
	case !s.Hook.ForgottenAt.IsZero():
		return ui.T(ctx, "webhooks.forgotten", "When", ui.L(ctx).Date(s.Hook.ForgottenAt.In(views.From(ctx).Zone)), "Size", s.Hook.Size)
	case s.Hook.AtLeast:
		return ui.T(ctx, "webhooks.cut_at_least", "Kept", len(s.Hook.Body), "Size", s.Hook.Size)
	}
	return ui.T(ctx, "webhooks.cut", "Kept", len(s.Hook.Body), "Size", s.Hook.Size)
}

// actText is a line of the history in words.
func actText(ctx context.Context, a inbox.Act) string {
	switch {
	case a.Kind == inbox.ActOlder && len(a.Versions) == 0:
		return ui.T(ctx, "webhooks.act.none_fits")
	case a.Kind == inbox.ActOlder:
		numbers := make([]string, len(a.Versions))
		for i, v := range a.Versions {
			numbers[i] = strconv.Itoa(v)
		}
		return ui.T(ctx, "webhooks.act.fits", "Versions", ui.L(ctx).List(numbers...))
	}
	text := ui.T(ctx, "hook.verdict."+string(a.Verdict))
	if a.Moved() {
		return ui.Comma(ctx, text, moved(ctx, a.From, a.To))
	}
	return ui.Comma(ctx, text, ui.T(ctx, "webhooks.act.no_change"))
}

func moved(ctx context.Context, from, to payout.State) string {
	return ui.T(ctx, "webhooks.moved", "From", ui.T(ctx, "state."+string(from)), "To", ui.T(ctx, "state."+string(to)))
}
