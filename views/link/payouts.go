package link

import (
	"context"
	"net/url"
	"strconv"
)

// Payouts is the history.
func Payouts(ctx context.Context) string { return to(ctx, "payouts") }

// PayoutTotals is the totals of what a query finds.
func PayoutTotals(ctx context.Context, q url.Values) string {
	return with(to(ctx, "payouts", "totals"), q)
}

// PayoutViews is where a filter is given a name.
func PayoutViews(ctx context.Context) string { return to(ctx, "payouts", "views") }

// PayoutView is where something is done with a named filter.
func PayoutView(ctx context.Context, id, act string) string {
	return to(ctx, "payouts", "views", id, act)
}

// NewPayout is the empty form.
func NewPayout(ctx context.Context) string { return to(ctx, "payouts", "new") }

// PayoutFields is the part of the form that depends on account and method.
func PayoutFields(ctx context.Context) string { return to(ctx, "payouts", "fields") }

// PayoutRecipients is where earlier recipients are found.
func PayoutRecipients(ctx context.Context) string { return to(ctx, "payouts", "recipients") }

// Payout is one payout.
func Payout(ctx context.Context, id string) string { return to(ctx, "payouts", id) }

// PayoutEdit is the form of a draft.
func PayoutEdit(ctx context.Context, id string) string { return to(ctx, "payouts", id, "edit") }

// PayoutFrom is the form with the recipient of an earlier payout.
func PayoutFrom(ctx context.Context, id string) string {
	return NewPayoutQuery(ctx, url.Values{"from": {id}})
}

// PayoutCorrect is the form of a payout that corrects one whose money did not move.
func PayoutCorrect(ctx context.Context, id string) string {
	return NewPayoutQuery(ctx, url.Values{"follows": {id}})
}

// PayoutDraft is where a draft saves itself while it is typed.
func PayoutDraft(ctx context.Context, id string) string { return to(ctx, "payouts", id, "draft") }

// PayoutWithdraw is where the author takes it back.
func PayoutWithdraw(ctx context.Context, id string) string { return to(ctx, "payouts", id, "withdraw") }

// PayoutDiscard is where a draft is thrown away.
func PayoutDiscard(ctx context.Context, id string) string { return to(ctx, "payouts", id, "discard") }

// PayoutApprove is where the decision to send is sent.
func PayoutApprove(ctx context.Context, id string) string { return to(ctx, "payouts", id, "approve") }

// PayoutReject is where the decision not to send is sent.
func PayoutReject(ctx context.Context, id string) string { return to(ctx, "payouts", id, "reject") }

// PayoutConfirm is where the decision to send is confirmed with a code or a password.
func PayoutConfirm(ctx context.Context, id string) string { return to(ctx, "payouts", id, "confirm") }

// PayoutConfirmAsked is the page that asks for it; challenge names what was asked.
func PayoutConfirmAsked(ctx context.Context, id, challenge string) string {
	return with(PayoutConfirm(ctx, id), url.Values{"c": {challenge}})
}

// PayoutAgain is where one that did not happen is asked for again.
func PayoutAgain(ctx context.Context, id string) string { return to(ctx, "payouts", id, "again") }

// PayoutConflict is where people say what they found about a contradiction ("finding"), ask to close it ("close") and
// confirm that ("confirm").
func PayoutConflict(ctx context.Context, id string, no int, step string) string {
	return to(ctx, "payouts", id, "conflicts", strconv.Itoa(no), step)
}

// PayoutConflictAsked is the page that asks to confirm what was found; challenge names what was asked.
func PayoutConflictAsked(ctx context.Context, id string, no int, challenge string) string {
	return with(PayoutConflict(ctx, id, no, "confirm"), url.Values{"c": {challenge}})
}

// PayoutWait is where an open outcome is left open for now.
func PayoutWait(ctx context.Context, id string) string { return to(ctx, "payouts", id, "wait") }

// PayoutReveal is where the recipient's whole account number is shown.
func PayoutReveal(ctx context.Context, id string) string { return to(ctx, "payouts", id, "reveal") }

// PayoutReview is where evidence about an unknown one is recorded.
func PayoutReview(ctx context.Context, id string) string { return to(ctx, "payouts", id, "review") }

// PayoutSettle is where a super admin agrees with the evidence about an unknown one.
func PayoutSettle(ctx context.Context, id string) string { return to(ctx, "payouts", id, "settle") }

// PayoutSettleConfirm is where that is confirmed with the amount and a code or a password.
func PayoutSettleConfirm(ctx context.Context, id string) string {
	return to(ctx, "payouts", id, "settle", "confirm")
}

// PayoutSettleAsked is the page that asks for it; challenge names what was asked.
func PayoutSettleAsked(ctx context.Context, id, challenge string) string {
	return with(PayoutSettleConfirm(ctx, id), url.Values{"c": {challenge}})
}

// PayoutLookUp is where the provider is asked now.
func PayoutLookUp(ctx context.Context, id string) string { return to(ctx, "payouts", id, "lookup") }

// PayoutState is the part of the page that changes while one is in flight.
func PayoutState(ctx context.Context, id string) string { return to(ctx, "payouts", id, "state") }

// PayoutStateQuery is that part, with what the page shows already: what has not changed is not sent again.
func PayoutStateQuery(ctx context.Context, id string, query url.Values) string {
	return with(PayoutState(ctx, id), query)
}

// Approvals is what waits for a decision.
func Approvals(ctx context.Context) string { return to(ctx, "approvals") }

// Policies is the rules about approvals.
func Policies(ctx context.Context) string { return to(ctx, "policies") }

// PolicyEdit is where rules are drafted.
func PolicyEdit(ctx context.Context) string { return to(ctx, "policies", "edit") }

// Policy is one proposal, with what it would mean.
func Policy(ctx context.Context, id string) string { return to(ctx, "policies", id) }

// PolicyConfirm is where it is confirmed.
func PolicyConfirm(ctx context.Context, id string) string { return to(ctx, "policies", id, "confirm") }

// PolicyConfirmAsked is the page that asks for it; challenge names what was asked.
func PolicyConfirmAsked(ctx context.Context, id, challenge string) string {
	return with(PolicyConfirm(ctx, id), url.Values{"c": {challenge}})
}

// PolicyDrop ends a proposal.
func PolicyDrop(ctx context.Context, id string) string { return to(ctx, "policies", id, "drop") }

// Batch is where several payouts are approved in one go.
func Batch(ctx context.Context) string { return to(ctx, "approvals", "batch") }

// BatchConfirm is where they are signed; challenge names what was asked.
func BatchConfirm(ctx context.Context, challenge string) string {
	return with(BatchSign(ctx), url.Values{"c": {challenge}})
}

// BatchSign is where the signature goes.
func BatchSign(ctx context.Context) string { return to(ctx, "approvals", "batch", "confirm") }

// BatchDone says what became of each.
func BatchDone(ctx context.Context, challenge string) string {
	return with(to(ctx, "approvals", "batch", "done"), url.Values{"c": {challenge}})
}

// Approval is the page of one decision.
func Approval(ctx context.Context, id string) string { return to(ctx, "approvals", id) }

// Review is what needs people: unknown outcomes and contradictions.
func Review(ctx context.Context) string { return to(ctx, "review") }

// ReviewQuery is that list in an order of one's own.
func ReviewQuery(ctx context.Context, query url.Values) string { return with(Review(ctx), query) }

// PayoutsQuery is the history with a filter.
func PayoutsQuery(ctx context.Context, query url.Values) string { return with(Payouts(ctx), query) }

// NewPayoutQuery is the form with some of its fields filled in.
func NewPayoutQuery(ctx context.Context, query url.Values) string { return with(NewPayout(ctx), query) }

// PayoutsFile is the history with a filter as a file: "csv", "xlsx".
func PayoutsFile(ctx context.Context, format string, query url.Values) string {
	return with(to(ctx, "payouts."+format), query)
}

// PayoutsExport is the page of a long export.
func PayoutsExport(ctx context.Context, query url.Values) string {
	return with(to(ctx, "payouts", "export"), query)
}

// PayoutReceipt is the receipt of one.
func PayoutReceipt(ctx context.Context, id string) string {
	return to(ctx, "payouts", id, "receipt.pdf")
}
