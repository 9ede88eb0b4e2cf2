package payouts

import (
	"context"
	"strings"

	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/payout"
)

// match says why a search found a row, "" where it is plain to see or not simple to say.
func match(ctx context.Context, r payout.Row, typed string) string {
	bare := plain(typed)
	if len(bare) < 2 {
		return ""
	}
	for _, c := range []struct{ key, value string }{
		{"number", "PW" + string(r.ID)}, {"number", string(r.ID)}, {"ours", r.Reference}, {"theirs", r.RemoteID},
	} {
		if c.value != "" && strings.HasPrefix(plain(c.value), bare) {
			return ui.T(ctx, "payouts.match."+c.key)
		}
	}
	number := plain(r.Number)
	switch {
	case number != "" && (strings.HasPrefix(number, bare) || strings.HasSuffix(number, bare)) && len(bare) > 2:
		return ui.T(ctx, "payouts.match.account")
	case bare == plain(r.Amount.Decimal()), bare == plain(whole(r.Amount.Decimal())):
		return ui.T(ctx, "payouts.match.amount")
	case !strings.Contains(plain(r.Recipient), bare) && strings.Contains(plain(r.Description), bare):
		return ui.T(ctx, "payouts.match.reason", "Reason", r.Description)
	}
	return ""
}

func whole(decimal string) string {
	before, _, _ := strings.Cut(decimal, ".")
	return before
}

// plain leaves what is compared of a text: no marks between, no capitals.
func plain(text string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune(" \u00a0\u202f.,'’-·_", c) {
			return -1
		}
		return c
	}, strings.ToLower(text))
}
