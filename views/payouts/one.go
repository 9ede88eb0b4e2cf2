package payouts

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/approvals"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// One is everything on the page of one payout.
type One struct {
	Payout      *payout.Payout
	Account     store.Account // zero: a draft without one
	AuthorName  string
	Earlier     payout.Familiar
	Corrections []payout.Row // payouts that take its place
	Approvers   []string     // who could decide about it
	MayApprove  bool         // the reader is one of them
	Halted      string       // why nothing is sent at the moment, "" if it is
	CannotAsk   bool         // the company cannot be asked where the payout stands
	Drift       approvals.Drift

	Entries   []audit.Entry
	Exchanges []payout.Exchange
	Hooks     []inbox.Hook
	MoreHooks bool              // there are older ones
	Approvals []payout.Approval // all that were ever given, with their proofs
	Others    []Happening       // what other parts of the console tell of it
	Booked    payout.Booked     // how it stands in the books

	Opened time.Time // when the page was first drawn
}

func (o One) id() string             { return string(o.Payout.ID) }
func (o One) company() string        { return o.Payout.Content.Company }
func (o One) is(s payout.State) bool { return o.Payout.State == s }

// written reports whether the payout says what is paid to whom: a draft does not yet.
func (o One) written() bool { return o.Payout.Content.Amount.Currency != "" }

func (o One) may(ctx context.Context, perm access.Permission) bool {
	return access.Can(views.From(ctx).Person, perm, o.Payout.Store)
}

func (o One) recipient(ctx context.Context) string {
	c := o.Payout.Content
	if name := c.Value(providers.RoleName); name != "" {
		return name
	}
	return approvals.Recipient(ctx, providers.Mask(c.AccountNumber()))
}

func (o One) title(ctx context.Context) string {
	if !o.written() {
		return o.draftTitle(ctx)
	}
	return ui.T(ctx, "payouts.one.title", "Amount", ui.MoneyText(ctx, o.Payout.Content.Amount), "Recipient", o.recipient(ctx))
}

func (o One) draftTitle(ctx context.Context) string {
	if o.Payout.Input.Description == "" {
		return ui.T(ctx, "payouts.draft_blank")
	}
	return o.Payout.Input.Description
}

func (o One) heading(ctx context.Context) templ.Component {
	if !o.written() {
		return ui.Name(o.draftTitle(ctx))
	}
	return ui.Rich("payouts.one.title", "Amount", ui.Money(o.Payout.Content.Amount), "Recipient", ui.Name(o.recipient(ctx)))
}

// lasting is how long a page that nobody touches goes on asking: a page that stays open must not keep somebody signed in.
const lasting = 10 * time.Minute

// brisk is how long it asks often.
const brisk = time.Minute

// poll is how the part that changes asks for itself again: nothing once the payout rests.
func (o One) poll(ctx context.Context) templ.Attributes {
	open := views.From(ctx).Now.Sub(o.Opened)
	if !o.moves() || open > lasting {
		return nil
	}
	every := "every 2s"
	if open > brisk {
		every = "every 10s"
	}
	query := url.Values{"is": {o.Fingerprint()}, "since": {strconv.FormatInt(o.Opened.Unix(), 10)}}
	return templ.Attributes{"hx-get": link.PayoutStateQuery(ctx, o.id(), query), "hx-trigger": every, "hx-swap": "outerHTML"}
}

// moves reports whether the payout is on its way without anybody's doing.
func (o One) moves() bool {
	return o.is(payout.Approved) || o.is(payout.Sending) || o.is(payout.Accepted)
}

// Fingerprint changes with everything the page shows.
func (o One) Fingerprint() string {
	return fmt.Sprintf("%s.%d.%d.%d", o.Payout.State, o.Payout.Version, len(o.Exchanges), len(o.Hooks))
}

// asked is the amount as the sums have it.
func (o One) asked() money.Amount { return o.Payout.Content.Amount }

// left is what left the store, or may have, and the key that says which.
func (o One) left() (string, money.Amount) {
	amount, fee := o.Payout.Content.Amount, o.Payout.Fee
	with := amount
	if fee.Currency == amount.Currency {
		with = plus(amount, fee)
	}
	switch {
	case o.is(payout.Paid):
		return "payouts.money.left", with
	case o.Payout.State.InFlight():
		return "payouts.money.may_leave", with
	}
	return "payouts.money.left", money.Amount{Currency: amount.Currency}
}

// confirmed is the key of whether the company told the end, and nothing contradicts it.
func (o One) confirmed() string {
	p := o.Payout
	switch {
	case p.OpenConflict() != nil:
		return "payouts.confirmed_conflict"
	case p.RemoteID() != "" && (o.is(payout.Paid) || o.is(payout.Failed) || o.is(payout.Cancelled) || o.is(payout.Returned)):
		return "payouts.confirmed_yes"
	}
	return "payouts.confirmed_no"
}

// familiar says how often this account was paid before, "" for a draft.
func (o One) familiar(ctx context.Context) string {
	if o.Earlier.Code == "same" && o.Earlier.Count > 0 {
		return ui.N(ctx, "approvals.paid_before", o.Earlier.Count, "Last", ui.L(ctx).Date(o.Earlier.Last.In(views.From(ctx).Zone)))
	}
	if o.Payout.Content.AccountNumber() == "" {
		return ""
	}
	return ui.T(ctx, "approvals.know."+o.Earlier.Code, "Was", providers.Mask(o.Earlier.Was))
}

// replaced reports whether another payout already takes its place: then it is not offered again as the next step.
func (o One) replaced() bool {
	return slices.ContainsFunc(o.Corrections, func(r payout.Row) bool {
		return r.State != payout.Discarded && r.State != payout.Withdrawn
	})
}

// stale reports whether the account's keys were replaced since approval was asked for.
func (o One) stale() bool {
	return o.is(payout.Submitted) && o.Account.Version != o.Payout.Content.Credential
}

// sentBack is why an approval did not hold, "" if none was given back since approval was last asked for.
func (o One) sentBack() string {
	for _, e := range slices.Backward(o.Entries) {
		switch e.Action {
		case audit.PayoutSentBack:
			return detailsOf(e).text("code")
		case audit.PayoutSubmitted, audit.PayoutResubmitted, audit.PayoutApproved, audit.PayoutEdited:
			return ""
		}
	}
	return ""
}

// by names who did the latest of an action.
func (o One) by(action audit.Action) string {
	for _, e := range slices.Backward(o.Entries) {
		if e.Action == action {
			return e.ActorName
		}
	}
	return ""
}

// since is when the payout came to stand where it stands.
func (o One) since() time.Time {
	if a := o.Payout.Current(); a != nil && o.Payout.State.InFlight() {
		return a.StartedAt
	}
	return o.Payout.UpdatedAt
}

// Same reports whether a page with that fingerprint shows all there is, and goes on asking.
func (o One) Same(ctx context.Context, fingerprint string) bool {
	return fingerprint == o.Fingerprint() && o.poll(ctx) != nil && len(views.From(ctx).Flash) == 0
}

// SameState reports whether a page with that fingerprint shows the state the payout is in.
func (o One) SameState(fingerprint string) bool {
	state, _, _ := strings.Cut(fingerprint, ".")
	return state == string(o.Payout.State)
}

// stage says at which step of its own the company is, "" if it tells none or is done.
func (o One) stage(ctx context.Context) string {
	a := o.Payout.Current()
	if a == nil || a.Stage == "" || !o.is(payout.Accepted) {
		return ""
	}
	return ui.T(ctx, "payouts.stage."+string(a.Stage), "Company", o.company())
}

// host is where a document of the company lies.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Host
}

// number is the account that is paid, masked.
func number(ctx context.Context, c payout.Content) string {
	if c.AccountNumber() == "" {
		return approvals.Recipient(ctx, "")
	}
	return providers.Mask(c.AccountNumber())
}

// where says at which bank and by which method, a line each.
func where(ctx context.Context, c payout.Content) []string {
	var lines []string
	for _, d := range c.Details {
		if d.Role == providers.RoleBank {
			lines = append(lines, cmp.Or(d.Shown, d.Value))
		}
	}
	method, country := c.MethodName, ui.L(ctx).Country(c.Country)
	if c.Country != "" && !strings.Contains(method, country) {
		method = ui.Comma(ctx, method, country)
	}
	return append(lines, method)
}
