package payouts

import (
	"context"

	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
)

// act is one thing the reader may do with a payout as it stands. Its words are in the catalogs under "payouts.do.<code>".
type act struct {
	code string
	href string // where it leads; or
	post string // where it is posted, after the reader has been told what it does
	bare bool   // posted without that: it changes nothing
}

// acts lists what the reader may do: the next step first.
func (o One) acts(ctx context.Context) []act {
	var all []act
	all = append(all, o.decideActs(ctx)...)
	if o.may(ctx, access.DraftPayouts) {
		all = append(all, o.draftActs(ctx)...)
	}
	return append(all, o.reviewActs(ctx)...)
}

func (o One) decideActs(ctx context.Context) []act {
	if !o.is(payout.Submitted) || !o.may(ctx, access.ApprovePayouts) || !o.MayApprove {
		return nil
	}
	return []act{{code: "decide", href: link.Approval(ctx, o.id())}}
}

func (o One) draftActs(ctx context.Context) []act {
	id := o.id()
	var all []act
	switch o.Payout.State {
	case payout.Draft:
		return []act{{code: "go_on", href: link.PayoutEdit(ctx, id)}, {code: "discard", post: link.PayoutDiscard(ctx, id)}}
	case payout.Submitted, payout.Approved:
		if o.stale() {
			all = append(all, act{code: "renew", post: link.PayoutAgain(ctx, id)})
		}
		if len(o.Payout.Attempts) == 0 {
			all = append(all, act{code: "edit", href: link.PayoutEdit(ctx, id)})
		}
		if o.is(payout.Approved) { // it may be sent while somebody reads this
			return append(all, act{code: "stop", post: link.PayoutWithdraw(ctx, id)})
		}
		return append(all, act{code: "withdraw", post: link.PayoutWithdraw(ctx, id)})
	case payout.NotSent, payout.Refused, payout.NotExecuted:
		again, correct := act{code: "again", post: link.PayoutAgain(ctx, id)}, act{code: "correct", href: link.PayoutCorrect(ctx, id)}
		if o.replaced() {
			return nil
		}
		if o.is(payout.Refused) {
			return []act{correct, again}
		}
		return []act{again, correct}
	case payout.Paid:
		return []act{{code: "once_more", href: link.PayoutFrom(ctx, id)}}
	case payout.Sending, payout.Accepted, payout.Unknown:
		return nil
	default: // it has ended without paying
		if o.replaced() {
			return nil
		}
		return []act{{code: "correct", href: link.PayoutCorrect(ctx, id)}}
	}
}

func (o One) reviewActs(ctx context.Context) []act {
	if !o.may(ctx, access.ReviewPayouts) {
		return nil
	}
	var all []act
	if o.is(payout.Unknown) || o.Payout.OpenConflict() != nil {
		all = append(all, act{code: "review", href: link.PayoutReview(ctx, o.id())})
	}
	if !o.CannotAsk && (o.is(payout.Unknown) || o.is(payout.Accepted)) {
		all = append(all, act{code: "ask", post: link.PayoutLookUp(ctx, o.id()), bare: true})
	}
	return all
}

func (o One) verb(ctx context.Context, a act) string {
	return ui.T(ctx, "payouts.do."+a.code, "Company", o.company())
}

// look is how much an act stands out: the next step, if it is the first thing to do.
func look(acts []act, i int) ui.Look {
	if i > 0 {
		return ""
	}
	switch acts[i].code {
	case "decide", "go_on", "correct", "review":
		return ui.LookPrimary
	}
	return ""
}
