package goldenpay

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
)

// The steps of a verification, in their order.
const (
	stepPayload   = "payload"
	stepSignature = "signature"
	stepMerchant  = "merchant"
)

// ReadWebhook verifies what the company posts about an order. MD5 behind a key can be extended by who knows one
// message, and the message lacks the currency: every one is confirmed by a look-up before it moves anything.
func (a *account) ReadWebhook(ctx context.Context, w providers.Webhook) (providers.Event, error) {
	p, nested, err := flat(w.Body)
	if err != nil {
		return providers.Event{}, notGenuine(err, providers.Step{Name: stepPayload, Note: err.Error()})
	}
	steps := []providers.Step{{Name: stepPayload, OK: true, Note: unsigned(nested)}}
	checked := p.signatureStep(a.cfg.Settings.Get(settingKey))
	steps = append(steps, checked)
	if !checked.OK {
		return providers.Event{}, notGenuine(errors.New("signature"), steps...)
	}
	if p["mch_id"] != a.merchant() {
		return providers.Event{}, notGenuine(errors.New("merchant"), append(steps, providers.Step{Name: stepMerchant, Note: "mch_id"})...)
	}
	steps = append(steps, providers.Step{Name: stepMerchant, OK: true, Note: "mch_id"})
	r, err := reported(ctx, p, w)
	if err != nil {
		return providers.Event{}, notGenuine(err, append(steps, providers.Step{Name: stepPayload, Note: memberAmount})...)
	}
	return providers.Event{
		Name: "status " + r.Word, Result: r, Confirm: true, Steps: steps,
		Reply: text(http.StatusOK, replyDone), Unmatched: text(http.StatusInternalServerError, "no such order yet"),
	}, nil
}

// reported is what a message says. Its amount has no currency: the figure is read in the currency that was ordered.
func reported(ctx context.Context, p params, w providers.Webhook) (providers.Result, error) {
	r := providers.Result{
		Attempt: providers.Attempt{Reference: p["trans_id"], RemoteID: p[memberID]}, Status: status(p["status"]), Word: p["status"],
	}
	if r.Attempt.Reference == "" && r.Attempt.RemoteID == "" {
		return providers.Result{}, errors.New("the message names no order")
	}
	found, err := w.Find(ctx, r.Attempt)
	if err != nil || p[memberAmount] == "" {
		return r, nil // nothing to compare with: what confirms it brings amount and currency
	}
	amount, err := money.ParseDecimal(p[memberAmount], found.Order.Amount.Currency)
	if err == nil && amount.Minor == 0 {
		err = errors.New("the message is about no money")
	}
	if err != nil {
		return providers.Result{}, err
	}
	r.Amount = money.Amount{Minor: amount.Minor}
	return r, nil
}

// unsigned tells about members that no signature protects. Nothing here reads them.
func unsigned(nested []string) string {
	if len(nested) == 0 {
		return ""
	}
	return "not signed: " + strings.Join(nested, ", ")
}

// notGenuine is answered without the word that would stop the company from repeating.
func notGenuine(err error, steps ...providers.Step) error {
	reply := text(http.StatusBadRequest, "refused")
	return &providers.Error{Code: "webhook", Reply: &reply, Steps: steps, Err: err}
}

func text(status int, body string) providers.Reply {
	return providers.Reply{Status: status, Type: "text/plain; charset=utf-8", Body: []byte(body)}
}
