// Package approvals is the pages on which somebody decides whether money moves: what waits, one decision with all that is
// known of it, and the confirmation that signs it.
//
// The package makes no promise of compatibility.
package approvals

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/payout"
)

// Waiting is a payout that waits for a decision, as the queue shows it.
type Waiting struct {
	Row    payout.Row
	Own    bool // drafted, edited or resolved by the person, who therefore may not decide
	Marked bool // may be decided only because of one-person mode
	Know   payout.Familiar
	Twin   *payout.Fact // a likely duplicate
}

// List is the queue.
type List struct {
	Mine   []Waiting // this person may decide about them
	Others []Waiting // somebody else has to
	Cut    bool      // there are more
}

// mark is the tone of a comparison with last time.
func mark(f payout.Familiar) views.Tone {
	switch f.Code {
	case "same":
		return views.Good
	case "changed":
		return views.Warn
	default:
		return views.Odd
	}
}

// knows says how well a recipient is known, in a few words.
func knows(ctx context.Context, f payout.Familiar) string {
	return ui.T(ctx, "approvals.know."+f.Code, "Was", providers.Mask(f.Was))
}

// Recipient names who is paid; a company that pays the merchant's own wallet is told no name.
func Recipient(ctx context.Context, name string) string {
	if name == "" {
		return ui.T(ctx, "approvals.own_wallet")
	}
	return name
}

// rowRecipient is Recipient of a row. A number that stands in for a missing name is masked.
func rowRecipient(ctx context.Context, r payout.Row) string {
	if r.Recipient == r.Number {
		return Recipient(ctx, providers.Mask(r.Number))
	}
	return r.Recipient
}

// who is Recipient of what is signed.
func who(ctx context.Context, c payout.Content) string {
	if name := c.Value(providers.RoleName); name != "" {
		return name
	}
	return Recipient(ctx, providers.Mask(c.AccountNumber()))
}

// Where is the account the money goes to, in one line: "Techcombank, account ··6630, Vietnam, Bank transfer".
func Where(ctx context.Context, c payout.Content) string {
	parts := []string{bank(c)}
	if number := c.AccountNumber(); number != "" {
		parts = append(parts, ui.T(ctx, "approvals.account", "Number", providers.Mask(number)))
	}
	if c.Country != "" {
		parts = append(parts, ui.L(ctx).Country(c.Country))
	}
	return ui.Comma(ctx, append(parts, c.MethodName)...)
}

// short is Where for a sentence: "Techcombank ··6630".
func short(c payout.Content) string {
	name := bank(c)
	if name == "" {
		name = c.MethodName
	}
	return strings.TrimSpace(name + " " + providers.Mask(c.AccountNumber()))
}

func bank(c payout.Content) string {
	for _, d := range c.Details {
		if d.Role == providers.RoleBank && d.Shown != "" {
			return d.Shown
		}
	}
	return c.Value(providers.RoleBank)
}

// Mode is the mode of a payout as pages name it.
func Mode(live bool) string {
	if live {
		return views.Live
	}
	return views.Test
}

// inMode draws something of another mode than the page: test amounts then say so, and live ones do not.
func inMode(live bool, c templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		r := views.From(ctx)
		r.Mode = Mode(live)
		return c.Render(views.With(ctx, r), w)
	})
}

// strongMoney is an amount that carries a sentence.
func strongMoney(ctx context.Context, a money.Amount) templ.Component {
	return ui.Strong(ui.MoneyText(ctx, a))
}

// at writes day and time in the zone of the page, for a sentence.
func at(ctx context.Context, t time.Time) string {
	return ui.L(ctx).DateTime(t.In(views.From(ctx).Zone))
}

func ago(ctx context.Context, t time.Time) string {
	return ui.L(ctx).Ago(views.From(ctx).Now.Sub(t))
}

// Digest shows the beginning of a digest in groups that people can compare.
func Digest(hex string) string {
	const groups, size = 4, 4
	var all []string
	for i := 0; i < groups && (i+1)*size <= len(hex); i++ {
		all = append(all, hex[i*size:(i+1)*size])
	}
	return strings.Join(all, " ")
}
