package payout

import (
	"errors"
	"fmt"
)

// ErrNotFound is returned for a payout that does not exist or lies outside the caller's scope: the two look alike.
var ErrNotFound = errors.New("payout not found")

// Error is a refusal a person may read. The sentence is in the message catalogs under "payout.error.<code>".
type Error struct {
	Code  string
	Field string // the input it is about, "" for the whole payout
	Args  map[string]any
	Err   error // more of the cause, for the log
}

// The codes of refusals that callers tell apart.
const (
	CodeOwnWork     = "own_work"     // author, editor or resolver tried to approve
	CodeNotAllowed  = "not_allowed"  // the person lacks the right, at the time of use
	CodeState       = "state"        // not possible in this state; Args: State
	CodeChanged     = "changed"      // the payout is not the one that was on screen any more
	CodeStepUp      = "step_up"      // the confirmation is missing, stale, used or about something else
	CodeFields      = "fields"       // the content does not pass; see Fields
	CodeExpired     = "expired"      // the approval lapsed before the send
	CodeConflict    = "conflict"     // an open conflict blocks it
	CodeCredentials = "credentials"  // the keys changed or were refused since approval
	CodeFrozen      = "frozen"       // sending is stopped for the account
	CodeApprover    = "approver"     // an approver has lost the right
	CodeSnapshot    = "snapshot"     // stored snapshot and stored content differ
	CodeSender      = "sender"       // another process has taken the sender role
	CodeReason      = "reason"       // a reason is needed
	CodeAccount     = "account"      // the account is gone or of another mode
	CodeAmount      = "amount_typed" // the amount typed again differs
	CodePolicy      = "policy"       // the rules ask for more approvals than it has
	CodeLimit       = "limit"        // a limit would be exceeded; Args: Per, Limit, Spent
	CodeTwice       = "twice"        // the same person cannot be both of two people
)

func (e *Error) Error() string {
	text := "payout: " + e.Code
	if e.Field != "" {
		text += " in " + e.Field
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

func refuse(code string, args ...any) *Error {
	e := &Error{Code: code}
	for i := 0; i+1 < len(args); i += 2 {
		if e.Args == nil {
			e.Args = map[string]any{}
		}
		e.Args[fmt.Sprint(args[i])] = args[i+1]
	}
	return e
}

// FieldErrors lists what is wrong with a form, in the order of the form.
type FieldErrors []FieldProblem

// FieldProblem is one value that does not pass. The sentence is in the catalogs under Key.
type FieldProblem struct {
	Field string // name of the input: "amount", "description", or "fields[name]"
	Key   string // message key
	Args  map[string]any
}

func (e FieldErrors) Error() string { return fmt.Sprintf("payout: %d fields do not pass", len(e)) }

// For is the first problem of an input, nil if it passes.
func (e FieldErrors) For(field string) *FieldProblem {
	for i := range e {
		if e[i].Field == field {
			return &e[i]
		}
	}
	return nil
}
