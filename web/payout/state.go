// Package payout is the core: payouts, their states, attempts and decisions, and the rules that hold between them. It does
// no I/O. Everything that changes a payout goes through [Service] and [Repository.Update].
//
// Of this package only [Service] is promised to stay compatible.
package payout

import "slices"

// State is where a payout stands.
type State string

// The states. What each is called on screen is in the message catalogs under "state.<name>".
const (
	Draft       State = "draft"
	Submitted   State = "submitted"
	Approved    State = "approved"
	Sending     State = "sending"
	Accepted    State = "accepted"
	Unknown     State = "unknown"
	NotSent     State = "not_sent"
	Refused     State = "refused"
	NotExecuted State = "not_executed"
	Paid        State = "paid"
	Failed      State = "failed"
	Cancelled   State = "cancelled"
	Returned    State = "returned"
	Rejected    State = "rejected"
	Withdrawn   State = "withdrawn"
	Discarded   State = "discarded"
)

// States lists every state in the order a payout meets them.
func States() []State {
	return []State{Draft, Submitted, Approved, Sending, Accepted, Unknown, NotSent, Refused, NotExecuted,
		Paid, Failed, Cancelled, Returned, Rejected, Withdrawn, Discarded}
}

// edges is the whole state machine. There is no edge from sending or unknown back to approved.
func edges(from State) []State {
	switch from {
	case Draft:
		return []State{Submitted, Discarded}
	case Submitted:
		return []State{Approved, Rejected, Withdrawn, Draft}
	case Approved:
		return []State{Sending, Submitted, Draft, Withdrawn}
	case Sending:
		return []State{Accepted, Paid, Failed, Cancelled, Refused, NotSent, Unknown}
	case Accepted:
		return []State{Paid, Failed, Cancelled}
	case Unknown:
		return []State{Accepted, Paid, Failed, Cancelled, NotExecuted}
	case NotSent, Refused, NotExecuted:
		return []State{Submitted}
	case Paid:
		return []State{Returned}
	default: // failed, cancelled, returned, rejected, withdrawn, discarded: the end
		return nil
	}
}

// CanBecome reports whether there is an edge from s to next.
func (s State) CanBecome(next State) bool { return slices.Contains(edges(s), next) }

// Final reports whether the story of a payout ends here. A paid one may still be returned.
func (s State) Final() bool { return s == Paid || len(edges(s)) == 0 }

// ended reports whether the company itself brought the payout to an end.
func (s State) ended() bool { return s == Paid || s == Failed || s == Cancelled || s == Returned }

// InFlight reports whether the company may be moving the money now, or may have moved it without our knowing.
func (s State) InFlight() bool { return s == Sending || s == Accepted || s == Unknown }
