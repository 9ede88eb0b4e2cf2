package providers

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what an error means for the money. The zero value is Unknown on purpose.
type Kind int

// The kinds of error.
const (
	Unknown     Kind = iota // may have been carried out: look it up, never send again by itself
	NotSent                 // no byte of the money-moving request left the machine
	Refused                 // the company said no, with an answer on its reject list
	Unsupported             // the company has no such function
)

func (k Kind) String() string {
	switch k {
	case NotSent:
		return "not sent"
	case Refused:
		return "refused"
	case Unsupported:
		return "unsupported"
	default:
		return "unknown"
	}
}

// Error is how an adapter fails. Anything else it returns counts as Unknown.
type Error struct {
	Kind        Kind
	Code        string // the company's code, or ours
	Message     string // the company's words, for the operator; no secrets
	Credentials bool   // keys were refused: the account is frozen
	NotFound    bool   // a look-up found nothing: evidence for people, proof of nothing
	RetryAfter  time.Duration
	Reply       *Reply // of ReadWebhook: what to answer a message that is not genuine; nil: 400
	Steps       []Step // of ReadWebhook: how far verification came
	Err         error
}

func (e *Error) Error() string {
	text := e.Kind.String()
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf says what err means for the money: Unknown unless an Error says otherwise.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Unknown
}

// CodeUnknownMethod is the Code of an Error about a method the account does not offer.
const CodeUnknownMethod = "unknown_method"

// UnknownMethod is the error of Fields and Prepare for a method the account does not offer.
func UnknownMethod(id string) error {
	return &Error{Kind: Refused, Code: CodeUnknownMethod, Message: fmt.Sprintf("no method %q", id)}
}
