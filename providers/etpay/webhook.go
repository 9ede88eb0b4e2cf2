package etpay

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
)

// The steps of a verification, in their order.
const (
	stepPayload   = "payload"
	stepOrder     = "order"
	stepSignature = "signature"
	stepMerchant  = "merchant"
	stepClock     = "clock"
)

// expired is how far a token may be past its own end; maxHook is the largest message that is looked at.
const (
	expired = 5 * time.Minute
	maxHook = 64 << 10
)

// ReadWebhook verifies a JWT whose key came with the answer to the payout it is about (assumption 10). Which payout that is
// is read before anything is verified, and used for nothing but finding the key.
func (a *account) ReadWebhook(ctx context.Context, w providers.Webhook) (providers.Event, error) {
	if len(w.Body) > maxHook {
		return providers.Event{}, notGenuine(http.StatusRequestEntityTooLarge, errors.New("too large"), providers.Step{Name: stepPayload, Note: "too large"})
	}
	token, claims, err := readToken(w.Body)
	if err != nil {
		return providers.Event{}, notGenuine(http.StatusUnauthorized, err, providers.Step{Name: stepPayload, Note: err.Error()})
	}
	steps := []providers.Step{{Name: stepPayload, OK: true, Note: hookAlg}}
	at := providers.Attempt{Reference: claims.text(memberReference), RemoteID: claims.first(namesClaim)}
	found, err := w.Find(ctx, at)
	if err != nil || at.RemoteID == "" && at.Reference == "" {
		// It may have overtaken the answer that brings its key: 404 has it sent again.
		return providers.Event{}, notGenuine(http.StatusNotFound, errors.New("no payout"), append(steps, providers.Step{Name: stepOrder, Note: namesClaim[0]})...)
	}
	steps = append(steps, providers.Step{Name: stepOrder, OK: true, Note: namesClaim[0]})
	key := found.Attempt.Kept[keptKey]
	if key == "" {
		return a.hint(found, steps), nil
	}
	steps = append(steps, token.signatureStep(key))
	if !token.signed(key) {
		return providers.Event{}, notGenuine(http.StatusUnauthorized, errors.New("signature"), steps...)
	}
	if end, ok := claims.time(claimEnd); ok {
		steps = append(steps, providers.Step{Name: stepClock, OK: a.cfg.Now().Sub(end) <= expired, Note: claimEnd + " " + end.UTC().Format(time.RFC3339)})
	}
	if problem := a.strange(claims, found); problem != "" {
		return providers.Event{}, notGenuine(http.StatusUnauthorized, errors.New(problem), append(steps, providers.Step{Name: stepMerchant, Note: problem})...)
	}
	steps = append(steps, providers.Step{Name: stepMerchant, OK: true, Note: memberMerchant})
	return a.event(claims, steps)
}

// event is what verified claims say.
func (a *account) event(claims record, steps []providers.Step) (providers.Event, error) {
	r, err := a.result(claims)
	if err != nil {
		return providers.Event{}, notGenuine(http.StatusUnauthorized, err, append(steps, providers.Step{Name: stepPayload, Note: memberAmount})...)
	}
	r.Attempt.Kept = nil // an answer brings keys, a message does not
	r.Attempt.RemoteID = claims.first(namesClaim)
	return providers.Event{Name: "payout " + r.Word, Result: r, Steps: steps, Reply: reply(http.StatusOK, `{"received":true}`)}, nil
}

// hint is a message that cannot be verified, because the answer that would have brought its key was lost. Nothing it says is
// believed; it only has the company asked.
func (a *account) hint(found providers.Found, steps []providers.Step) providers.Event {
	return providers.Event{
		Name: "payout ?", Confirm: true, Result: providers.Result{Attempt: providers.Attempt{Reference: found.Attempt.Reference}},
		Steps: append(steps, providers.Step{Name: stepSignature, Note: "no key: the answer that brings it was lost"}),
		Reply: reply(http.StatusNotFound, `{"received":false}`),
	}
}

// strange says what in verified claims does not fit the account, or is too late.
func (a *account) strange(claims record, found providers.Found) string {
	if claims.text(memberMerchant) != a.merchant() {
		return memberMerchant
	}
	if ours := claims.text(memberReference); ours != "" && ours != found.Attempt.Reference {
		return memberReference
	}
	if end, ok := claims.time(claimEnd); claims.has(claimEnd) && (!ok || a.cfg.Now().Sub(end) > expired) {
		return claimEnd
	}
	return ""
}

// token is a JWT taken apart.
type token struct {
	text      string // what is signed
	signature []byte
}

func (t token) signed(key string) bool {
	return hmac.Equal(t.signature, mac(key, t.text))
}

// signatureStep says how the signature was checked: it is over the header and the claims, as they came.
func (t token) signatureStep(key string) providers.Step {
	signed := fmt.Sprintf("header.claims (%d bytes)", len(t.text))
	return providers.Step{Name: stepSignature, OK: t.signed(key), Note: hookAlg, Signed: signed}.Compared(mac(key, t.text), hex.EncodeToString(t.signature))
}

func mac(key, text string) []byte {
	m := hmac.New(sha256.New, []byte(key)) // the text of the key, not what it may encode
	m.Write([]byte(text))
	return m.Sum(nil)
}

// readToken takes the token out of a message, with its claims, which are not verified yet. Only HS256 is taken, and nothing
// that claims to extend it.
func readToken(body []byte) (token, record, error) {
	members, err := httpx.Members(body)
	if err != nil {
		return token{}, nil, err
	}
	text, ok := httpx.Text(members[hookMember])
	parts := strings.Split(text, ".")
	if !ok || len(parts) != 3 || len(members) != 1 {
		return token{}, nil, errors.New("no token alone")
	}
	header, err := readSegment(parts[0])
	if err != nil {
		return token{}, nil, err
	}
	if alg := header.text("alg"); alg != hookAlg || header["crit"] != nil {
		return token{}, nil, errors.New("its algorithm is not " + hookAlg)
	}
	claims, err := readSegment(parts[1])
	if err != nil {
		return token{}, nil, err
	}
	signature, err := segment.DecodeString(parts[2])
	if err != nil {
		return token{}, nil, errors.New("its signature cannot be read")
	}
	return token{parts[0] + "." + parts[1], signature}, claims, nil
}

func readSegment(text string) (record, error) {
	raw, err := segment.DecodeString(text)
	if err != nil {
		return nil, errors.New("no token")
	}
	return httpx.Members(raw)
}

// writeToken makes a token, for the simulator.
func writeToken(key string, claims any) (string, error) {
	inner, err := encode(claims)
	if err != nil {
		return "", err
	}
	text := segment.EncodeToString([]byte(`{"alg":"`+hookAlg+`","typ":"JWT"}`)) + "." + segment.EncodeToString(inner)
	return text + "." + segment.EncodeToString(mac(key, text)), nil
}

func notGenuine(status int, err error, steps ...providers.Step) error {
	r := reply(status, `{"received":false}`)
	return &providers.Error{Code: "webhook", NotFound: status == http.StatusNotFound, Reply: &r, Steps: steps, Err: err}
}

func reply(status int, body string) providers.Reply {
	return providers.Reply{Status: cmp.Or(status, http.StatusOK), Type: "application/json", Body: []byte(body)}
}
