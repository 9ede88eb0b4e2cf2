package httpx

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/paywicket/paywicket/providers"
)

// The codes of the errors of a client. Those of the first group never left the machine.
const (
	CodeRequest  = "request"  // not a request this client sends: a forbidden header, a body too large
	CodeAddress  = "address"  // an address this account does not use, or one that is private
	CodeReadBack = "readback" // the adapter could not decode the request, or is not bound
	CodeDiffers  = "differs"  // not what was approved
	CodePermit   = "permit"   // moves money outside a send, or a second time
	CodeConnect  = "connect"  // no connection
	CodeTLS      = "tls"      // no trust in the server

	CodeTimeout    = "timeout"    // the deadline passed
	CodeCancelled  = "cancelled"  // the caller gave up
	CodeReset      = "reset"      // the connection ended before the answer did
	CodeTooLarge   = "too_large"  // an answer over 1 MiB
	CodeRedirect   = "redirect"   // an answer that points elsewhere
	CodeUnreadable = "unreadable" // an answer that is not HTTP, or not what it says it is
)

// refusal is why a request may not leave.
type refusal struct {
	code  string
	text  string
	err   error
	spent bool // because another one of the same send was started: nobody may say that nothing was sent
}

func refuse(code, text string) *refusal { return &refusal{code: code, text: text} }

func refuseDifference(names []string) *refusal {
	return refuse(CodeDiffers, "it differs from what was approved: "+strings.Join(names, ", "))
}

func (r *refusal) Error() string {
	if r.err != nil {
		return r.text + ": " + r.err.Error()
	}
	return r.text
}

func (r *refusal) Unwrap() error { return r.err }

// cause is what the error of a client wraps. Its text is masked.
type cause struct {
	text  string
	err   error
	moved bool // a money-moving request of the same send was written, or may be
}

func (c *cause) Error() string { return c.text }
func (c *cause) Unwrap() error { return c.err }

// NothingMoved turns the error of a step that moves no money, such as the first of two, into one of kind NotSent, for
// Send to return when it stops there. A refusal by the company stays what it is, and so does an error of this client
// that came after a byte of a money-moving request had left.
func NothingMoved(err error) error {
	if err == nil || providers.KindOf(err) != providers.Unknown {
		return err
	}
	if c, ok := errors.AsType[*cause](err); ok && c.moved {
		return err
	}
	e, ok := errors.AsType[*providers.Error](err)
	if !ok {
		return &providers.Error{Kind: providers.NotSent, Code: CodeUnreadable, Err: err}
	}
	copied := *e
	copied.Kind = providers.NotSent
	return &copied
}

// codeOf names what went wrong on an open connection.
func codeOf(ctx context.Context, err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, errTooLarge):
		return CodeTooLarge
	case errors.Is(ctx.Err(), context.Canceled):
		return CodeCancelled
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		return CodeTimeout
	case isReset(err):
		return CodeReset
	}
	return CodeUnreadable
}

func isReset(err error) bool {
	for _, target := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}
