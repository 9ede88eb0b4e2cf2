package drafts

import (
	"context"
	"strings"
	"unicode"

	"github.com/a-h/templ"
	"golang.org/x/text/unicode/norm"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/payout"
)

// manyApprovers is how many are named; more are counted.
const manyApprovers = 3

func approvers(ctx context.Context, names []string) string {
	if len(names) > manyApprovers {
		return ui.N(ctx, "drafts.any_of", len(names))
	}
	return ui.L(ctx).Or(names...)
}

// Asked is the sentence about who decides now.
func Asked(ctx context.Context, names []string) string {
	if len(names) == 0 {
		return ui.T(ctx, "drafts.asked_nobody")
	}
	return ui.T(ctx, "drafts.asked", "Names", approvers(ctx, names))
}

// rule is the key of the rule that holds, in words.
func (e Effect) rule() string {
	if e.OnePerson {
		return "drafts.rule_one"
	}
	return "drafts.rule_two"
}

func (s *Sheet) sendsKey() string {
	if s.Mode() == views.Test {
		return "drafts.sends_test"
	}
	return "drafts.sends_live"
}

func (s *Sheet) actionsNote(ctx context.Context) string {
	if !s.Known {
		return ""
	}
	return ui.T(ctx, "drafts.needs_then_sends")
}

// less is an amount that is taken away.
func less(a money.Amount) money.Amount { return money.Amount{Minor: -a.Minor, Currency: a.Currency} }

func swapped(outside bool) templ.Attributes {
	if outside {
		return templ.Attributes{"hx-swap-oob": "true"}
	}
	return nil
}

// familiar says how well the recipient is known.
func familiar(ctx context.Context, f payout.Familiar) string {
	switch f.Code {
	case "same":
		return ui.N(ctx, "drafts.known_same", f.Count, "Date", ui.L(ctx).Date(f.Last.In(views.From(ctx).Zone)))
	case "changed":
		return ui.T(ctx, "drafts.known_changed", "Account", providers.Mask(f.Was), "Date", ui.L(ctx).Date(f.Last.In(views.From(ctx).Zone)))
	}
	return ui.T(ctx, "drafts.known_never")
}

// plain is a name as it is sorted: small letters without accents.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(name))
}
