package moneroo

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/paywicket/paywicket/providers"
)

// Payments are told about at the same address: https://docs.moneroo.io/introduction/webhooks
const (
	payoutEvents = "payout."
	maxEvent     = 100 // bytes of an event's name; the longest documented has 17
)

// kept is the answer to every genuine webhook: anything but exactly 200 counts as a failure, even 204.
func kept() providers.Reply { return providers.Reply{Status: http.StatusOK} }

// ReadWebhook verifies a webhook over its raw bytes. What a payout's says is announced to be incomplete and has no time
// in it, so it is only a reason to ask: Confirm is always set.
func (a *adapter) ReadWebhook(_ context.Context, w providers.Webhook) (providers.Event, error) {
	steps := []providers.Step{a.signatureStep(w)}
	if !steps[0].OK {
		return providers.Event{}, &providers.Error{
			Code: codeSignature, Steps: steps, Reply: &providers.Reply{Status: http.StatusForbidden},
			Err: errors.New("not signed with the webhook secret of this account"),
		}
	}
	event, err := readEvent(w.Body)
	event.Steps = append(steps, providers.Step{Name: "payload", OK: err == nil, Note: event.Name})
	if err != nil {
		return providers.Event{}, &providers.Error{Code: codePayload, Steps: event.Steps, Err: err}
	}
	return event, nil
}

// signatureStep says how the signature was checked: it is over the bytes of the body as they are.
func (a *adapter) signatureStep(w providers.Webhook) providers.Step {
	s := providers.Step{Name: "signature", OK: a.signed(w), Note: signatureName, Signed: fmt.Sprintf("body (%d bytes)", len(w.Body))}
	if a.secret == "" {
		s.Note += ": no webhook secret"
		return s
	}
	return s.Compared(sign(a.secret, w.Body), w.Header.Get(signatureName))
}

// signed reports whether the body was signed with the account's secret. There is no prefix and one header only; the
// case of the hexadecimal digits does not matter.
func (a *adapter) signed(w providers.Webhook) bool {
	values := w.Header.Values(signatureName)
	if a.secret == "" || len(values) != 1 {
		return false
	}
	given, err := hex.DecodeString(values[0])
	return err == nil && hmac.Equal(given, sign(a.secret, w.Body))
}

// sign is Moneroo's signature over the bytes of a body, before they are written in hexadecimal digits.
func sign(secret string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return mac.Sum(nil)
}

// readEvent reads a body that was verified. Events are added over time, and those that are about no payout are none of
// our business.
func readEvent(body []byte) (providers.Event, error) {
	o, err := decode(body)
	if err != nil {
		return providers.Event{}, err
	}
	name, _ := o["event"].(string)
	if name == "" || len(name) > maxEvent {
		return providers.Event{}, errors.New("it names no event")
	}
	event := providers.Event{Name: name, Reply: kept(), Unmatched: kept()}
	word, ours := strings.CutPrefix(name, payoutEvents)
	if !ours {
		event.Ignore = true
		return event, nil
	}
	data := o.object("data")
	if !isID(data.text("id")) {
		return event, errors.New("it names no payout")
	}
	event.Confirm = true
	event.Result = reported(data, word)
	return event, nil
}

// reported is what a webhook says about a payout. 10. Samples show payments only, so an amount that cannot be read is left
// to the look-up instead of losing the identifier with it, and the event's name stands in for a status.
func reported(data object, word string) providers.Result {
	r, _ := data.result() // its only error is about the amount, which is left out then
	if data["status"] == nil {
		r.Word, r.Status = word, statusOf(word)
	}
	return r
}
