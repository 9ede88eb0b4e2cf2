package yabandpay

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
)

// The steps of a verification, in their order.
const (
	stepPayload   = "payload"
	stepSignature = "signature"
	stepMerchant  = "merchant"
)

// ReadWebhook verifies a notice (notify.html). HMAC-SHA256 covers every member of its data, so nothing has to be asked, and
// nothing could be.
func (a *account) ReadWebhook(_ context.Context, w providers.Webhook) (providers.Event, error) {
	data, sign, note, err := readNotice(w.Body)
	if err != nil {
		return providers.Event{}, notGenuine(err, providers.Step{Name: stepPayload, Note: err.Error()})
	}
	steps := []providers.Step{{Name: stepPayload, OK: true, Note: note}}
	checked := data.signatureStep(a.key(), sign)
	steps = append(steps, checked)
	if !checked.OK {
		return providers.Event{}, notGenuine(errors.New("signature"), steps...)
	}
	if data["user"] != a.user() {
		return providers.Event{}, notGenuine(errors.New("merchant"), append(steps, providers.Step{Name: stepMerchant, Note: "user"})...)
	}
	steps = append(steps, providers.Step{Name: stepMerchant, OK: true, Note: "user"})
	r, err := a.result(data)
	if err == nil && r.Attempt.Reference == "" && r.Attempt.RemoteID == "" {
		err = errors.New("it names no payout")
	}
	if err != nil {
		return providers.Event{}, notGenuine(err, append(steps, providers.Step{Name: stepPayload, Note: err.Error()})...)
	}
	return providers.Event{Name: "payout " + r.Word, Result: r, Steps: steps, Reply: text(http.StatusOK, replyDone)}, nil
}

// readNotice reads {"data":{…},"sign":"…"}, plain or in a form. The note tells about members that no signature protects;
// nothing here reads them.
func readNotice(body []byte) (params, string, string, error) {
	if form, ok := bytes.CutPrefix(body, []byte(formPrefix)); ok {
		text, err := url.QueryUnescape(string(form))
		if err != nil {
			return nil, "", "", errors.New("no form")
		}
		body = []byte(text)
	}
	members, err := httpx.Members(body)
	if err != nil {
		return nil, "", "", err
	}
	sign, simple := httpx.Text(members["sign"])
	data, nested, err := flat(members["data"])
	if err != nil || !simple || sign == "" {
		return nil, "", "", errors.New("no data with a signature")
	}
	if len(nested) > 0 {
		return data, sign, "not signed: " + strings.Join(nested, ", "), nil
	}
	return data, sign, "", nil
}

func notGenuine(err error, steps ...providers.Step) error {
	reply := text(http.StatusBadRequest, replyBad)
	return &providers.Error{Code: "webhook", Reply: &reply, Steps: steps, Err: err}
}

func text(status int, body string) providers.Reply {
	return providers.Reply{Status: status, Type: "text/plain; charset=utf-8", Body: []byte(body)}
}
