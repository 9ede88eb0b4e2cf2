package payouts

import (
	"context"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
)

// notice is what a page must not be read without: what happened, in whose words, what it means for the money.
type notice struct {
	tone  views.Tone
	key   string // with ".title" and ".text"
	args  []any
	words string // of a person or of the company
	who   string // whose
}

// notices are those of the payout as it stands, the gravest first.
func (o One) notices(ctx context.Context) []notice {
	var all []notice
	if o.Payout.Torn {
		all = append(all, notice{tone: views.Bad, key: "payout.error.snapshot"})
	}
	if o.Payout.OpenConflict() != nil {
		all = append(all, notice{tone: views.Bad, key: "payouts.notice.conflict"})
	}
	if o.Payout.HasMoved() {
		all = append(all, notice{tone: views.Bad, key: "payouts.notice.moved"})
	}
	if n := o.stateNotice(ctx); n.key != "" {
		if n.who == "" {
			n.who = o.company()
		}
		n.args = append(n.args, "Company", o.company(), "Age", ui.L(ctx).Age(views.From(ctx).Now.Sub(o.since())))
		all = append(all, n)
	}
	return all
}

func (o One) stateNotice(ctx context.Context) notice {
	key, words := "payouts.notice."+string(o.Payout.State), o.Payout.Reason
	switch o.Payout.State {
	case payout.Submitted:
		return o.waitingNotice(ctx)
	case payout.Approved:
		if o.Halted != "" {
			return notice{tone: views.Warn, key: "payouts.notice.halted", args: []any{"Why", o.Halted}}
		}
		return notice{key: key}
	case payout.Sending:
		return notice{key: key}
	case payout.Accepted:
		return notice{key: o.acceptedKey()}
	case payout.Unknown:
		if o.CannotAsk {
			key += "_told"
		}
		return notice{tone: views.Odd, key: key, words: words}
	case payout.NotSent, payout.NotExecuted:
		return notice{tone: views.Warn, key: key, words: words}
	case payout.Refused, payout.Failed, payout.Cancelled, payout.Returned:
		return notice{tone: views.Bad, key: key, words: words}
	case payout.Rejected:
		who := o.by(audit.PayoutRejected)
		return notice{tone: views.Warn, key: key, words: words, who: who, args: []any{"Name", who}}
	case payout.Withdrawn:
		return notice{key: key, args: []any{"Name", o.by(audit.PayoutWithdrawn)}}
	case payout.Discarded:
		return notice{key: key, args: []any{"Name", o.by(audit.PayoutDiscarded)}}
	default: // a draft says what it is, and what is paid needs nobody
		return notice{}
	}
}

// acceptedKey is the key of what a payout waits for that the company has accepted.
func (o One) acceptedKey() string {
	key := "payouts.notice.accepted"
	switch {
	case o.Payout.Current() != nil && o.Payout.Current().Stage == providers.StageApproval:
		key += "_approval"
	case o.CannotAsk:
		key += "_told"
	}
	return key
}

// waitingNotice says who can decide, and why an earlier decision did not hold.
func (o One) waitingNotice(ctx context.Context) notice {
	if code := o.sentBack(); code != "" {
		return notice{tone: views.Warn, key: "payouts.notice.sent_back", args: []any{"Why", ui.T(ctx, "payout.error."+code+".text")},
			words: o.Payout.Reason}
	}
	switch {
	case o.stale():
		return notice{tone: views.Warn, key: "payouts.notice.stale"}
	case len(o.Approvers) == 0:
		return notice{tone: views.Warn, key: "payouts.notice.nobody"}
	}
	return notice{key: "payouts.notice.submitted", args: []any{"Names", ui.L(ctx).Or(o.Approvers...)}}
}
