package audit

import "strings"

// Action is what a row says was done.
type Action string

// The actions. What each is called on screen is in the message catalogs under "audit.<action>".
const (
	PayoutDrafted     Action = "payout.drafted"
	PayoutEdited      Action = "payout.edited"
	PayoutMended      Action = "payout.mended" // given what its company began to ask for
	PayoutDiscarded   Action = "payout.discarded"
	PayoutSubmitted   Action = "payout.submitted"
	PayoutWithdrawn   Action = "payout.withdrawn"
	PayoutApproved    Action = "payout.approved"
	PayoutRejected    Action = "payout.rejected"
	PayoutSentBack    Action = "payout.sent_back"   // an approval no longer holds
	PayoutResubmitted Action = "payout.resubmitted" // a new decision is asked for after one that moved no money
	PayoutClaimed     Action = "payout.claimed"     // taken for one send
	PayoutPrepared    Action = "payout.prepared"    // the provider named it, before the request that moves money
	PayoutAnswered    Action = "payout.answered"    // the provider's answer to the send, or that there was none
	PayoutReported    Action = "payout.reported"    // a look-up or a webhook moved the state
	PayoutStage       Action = "payout.stage"       // the provider is at another step; moves nothing
	PayoutLooked      Action = "payout.looked"      // a look-up that proved nothing
	PayoutUnmapped    Action = "payout.unmapped"    // a status word nobody understands
	PayoutTestified   Action = "payout.testified"   // evidence about an unknown outcome
	PayoutSettled     Action = "payout.settled"     // a second person confirmed it
	PayoutWaits       Action = "payout.waits"       // an open outcome is left open for now
	PayoutRevealed    Action = "payout.revealed"    // a whole account number was shown
	ViewSaved         Action = "view.saved"         // a filter of the history was given a name
	ViewRemoved       Action = "view.removed"
	ConflictOpened    Action = "conflict.opened"
	ConflictFound     Action = "conflict.found" // what somebody found out about it
	ConflictClosed    Action = "conflict.closed"

	ExportBegun Action = "export.begun" // somebody began to take a list away
	ExportDone  Action = "export.done"
	ExportCut   Action = "export.cut" // it ended before its end

	AccountConnected    Action = "account.connected"
	AccountKeysReplaced Action = "account.keys_replaced"
	AccountTested       Action = "account.tested"
	AccountFrozen       Action = "account.frozen"
	AccountUnfrozen     Action = "account.unfrozen"

	HooksReplayed  Action = "webhook.replayed" // kept webhooks were judged anew
	HookCompared   Action = "webhook.compared" // one was held against older secrets
	BooksReported  Action = "books.reported"   // a provider's own record was taken in
	BooksMatched   Action = "books.matched"    // a line of it was said to be about a payout
	BooksExplained Action = "books.explained"  // an exception got a reason
	BooksAssigned  Action = "books.assigned"   // an exception got an owner
	BooksClosed    Action = "books.closed"     // a month was locked

	RecipientMended Action = "recipient.mended" // completed after a company began to ask for more

	StoreOpened   Action = "store.opened"
	StoreRenamed  Action = "store.renamed"
	StoreFrozen   Action = "store.frozen"
	StoreUnfrozen Action = "store.unfrozen"

	PersonInvited         Action = "person.invited"
	PersonInviteConfirmed Action = "person.invite_confirmed"
	PersonInviteRevoked   Action = "person.invite_revoked"
	PersonJoined          Action = "person.joined"
	PersonSignedIn        Action = "person.signed_in"
	PersonSignInFailed    Action = "person.sign_in_failed"
	PersonDisabled        Action = "person.disabled"
	PersonEnabled         Action = "person.enabled"
	PersonRoleGranted     Action = "person.role_granted"
	PersonRoleRevoked     Action = "person.role_revoked"
	PersonPasswordChanged Action = "person.password_changed"
	PersonTOTPAdded       Action = "person.totp_added"
	PersonTOTPRemoved     Action = "person.totp_removed"
	PersonPasskeyAdded    Action = "person.passkey_added"
	PersonPasskeyRemoved  Action = "person.passkey_removed"
	PersonRecoveryMade    Action = "person.recovery_made"
	PersonRecoveryUsed    Action = "person.recovery_used"
	PersonSessionsEnded   Action = "person.sessions_ended"

	SetupDone       Action = "setup.done"
	SettingsChanged Action = "settings.changed"
	SenderTaken     Action = "sender.taken"
	SendingFrozen   Action = "sending.frozen"
	SendingUnfrozen Action = "sending.unfrozen"
	PolicyProposed  Action = "policy.proposed"
	PolicyChanged   Action = "policy.changed"
	PolicyDropped   Action = "policy.dropped"
	AuditExported   Action = "audit.exported"
	KeysCreated     Action = "keys.created"
	KeysRotated     Action = "keys.rotated"
)

// Actions lists every action, in the order of the constants.
func Actions() []Action {
	return []Action{
		PayoutDrafted, PayoutEdited, PayoutMended, PayoutDiscarded, PayoutSubmitted, PayoutWithdrawn, PayoutApproved, PayoutRejected,
		PayoutSentBack, PayoutResubmitted, PayoutClaimed, PayoutPrepared, PayoutAnswered, PayoutReported, PayoutStage, PayoutLooked,
		PayoutUnmapped, PayoutTestified, PayoutSettled, PayoutWaits, PayoutRevealed,
		ConflictOpened, ConflictFound, ConflictClosed,
		ExportBegun, ExportDone, ExportCut,
		AccountConnected, AccountKeysReplaced, AccountTested, AccountFrozen, AccountUnfrozen,
		HooksReplayed, HookCompared,
		BooksReported, BooksMatched, BooksExplained, BooksAssigned, BooksClosed,
		RecipientMended,
		StoreOpened, StoreRenamed, StoreFrozen, StoreUnfrozen,
		PersonInvited, PersonInviteConfirmed, PersonInviteRevoked, PersonJoined, PersonSignedIn, PersonSignInFailed, PersonDisabled, PersonEnabled, PersonRoleGranted,
		PersonRoleRevoked, PersonPasswordChanged, PersonTOTPAdded, PersonTOTPRemoved,
		PersonPasskeyAdded, PersonPasskeyRemoved, PersonRecoveryMade, PersonRecoveryUsed, PersonSessionsEnded,
		SetupDone, SettingsChanged, SenderTaken, SendingFrozen, SendingUnfrozen,
		PolicyProposed, PolicyChanged, PolicyDropped, AuditExported, KeysCreated, KeysRotated,
	}
}

// Area is the first part of an action: "payout" of "payout.approved".
func (a Action) Area() string {
	area, _, _ := strings.Cut(string(a), ".")
	return area
}
