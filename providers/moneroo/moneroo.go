// Package moneroo pays out through Moneroo, which passes each payout on to a gateway the merchant has connected there.
//
// https://docs.moneroo.io/payouts/initialize-payout
package moneroo

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
)

// What Moneroo's documents say.
const (
	baseURL        = "https://api.moneroo.io"
	initializePath = "/v1/payouts/initialize"
	payoutsPath    = "/v1/payouts/"
	verifySuffix   = "/verify"
	methodsPath    = "/utils/payout/methods" // beside /v1, and without a key
	signatureName  = "X-Moneroo-Signature"
	demoMethod     = "moneroo_payout_demo"

	wordInitiated = "initiated"
	wordPending   = "pending"
	wordSuccess   = "success"
	wordFailed    = "failed"
)

// What they leave open, so what we assume. Adapter and simulator share these constants; the numbers are those of the
// table in docs/providers/moneroo.md.
const (
	// 1. There is no field for a merchant's reference. Metadata is kept and shown by the verify call, and takes text.
	referenceKey = "paywicket_reference"
	// 2. The answer to a new payout is 201, as documented for payments. The adapter takes any 2xx that has data.id.
	createdStatus = http.StatusCreated
	// 4. No call is documented as a test of the key. Reading a payout that cannot exist is 401 for a wrong key and 404
	// for a right one: nothing says so, but a 404 before the key was looked at would tell strangers what exists.
	impossibleID = "paywicket-connection-check"
	// 5. An unknown route is a 404 too, and begins so (seen on the live API). It proves nothing about a payout.
	routePrefix = "The route "
	// 6. The words for the mode of a payout. Live is "production" in one sample and "live" in the list of fields.
	modeSandbox    = "sandbox"
	modeLive       = "live"
	modeProduction = "production"
	// 7. How keys begin (the first documented, the others seen). A known beginning in the wrong mode is refused when
	// an account is checked; an unknown one is let pass.
	keyTest    = "test_"
	keySandbox = "pvk_sandbox_"
	keyLive    = "pvk_"
	// 12. The documents ask for a minute after a 429 and say nothing of a header. A header is honored.
	rateWait = time.Minute
)

// The names of settings and of the details of every method.
const (
	settingKey    = "secret_key"
	settingSecret = "webhook_secret"

	fieldFirst = "first_name"
	fieldLast  = "last_name"
	fieldEmail = "email"
)

// The codes of the errors made here.
const (
	codeFraction  = "fraction"   // an amount that is not whole
	codeCurrency  = "currency"   // not the currency of the method
	codeOrder     = "order"      // an order Moneroo could not take
	codeNoID      = "no_id"      // no identifier: of a payout to look up, or in an answer
	codeMode      = "mode"       // a sandbox key in a live account, or a live one in a test account
	codeSignature = "signature"  // a webhook that Moneroo did not sign
	codePayload   = "payload"    // a signed webhook that cannot be read
	codeRoute     = "no_route"   // the address answers, but is not Moneroo's
	codeAnswer    = "unreadable" // an answer that is not what is documented
)

//go:embed locales/*.json
var locales embed.FS

// Definition describes Moneroo.
func Definition() providers.Definition {
	return providers.Definition{
		ID:        "moneroo",
		Name:      "Moneroo",
		DocsURL:   "https://docs.moneroo.io",
		Addresses: []providers.Address{{Name: "default", URL: baseURL, Live: true, Test: true}},
		Settings: []providers.Field{
			{
				Name: settingKey, Type: providers.Secret,
				Label: providers.Text{Key: "field.secret_key", English: "Secret key"},
				Help: providers.Text{Key: "moneroo.secret_key.help", English: "In Moneroo under Developers, API keys: the secret key, " +
					"not the public one. The key alone decides between sandbox and live."},
			},
			{
				Name: settingSecret, Type: providers.Secret,
				Label: providers.Text{Key: "field.webhook_secret", English: "Webhook secret"},
				Help: providers.Text{Key: "moneroo.webhook_secret.help", English: "You choose it in Moneroo’s form under Developers, " +
					"Webhooks. It is not the secret key."},
			},
		},
		Messages:  locales,
		Webhooks:  providers.WebhooksByHand,
		Portal:    providers.Text{Key: "moneroo.portal", English: "In Moneroo’s dashboard open Payouts and look by time, amount and recipient, because Moneroo does not list our reference; then look at the gateway behind it, which moves the money."},
		Open:      open,
		Simulator: Simulator,
		Switches:  switches(),
	}
}

// adapter pays out of one Moneroo app.
type adapter struct {
	key, secret string
	base        string
	live        bool
	http        *http.Client
	log         *slog.Logger
}

func open(cfg providers.Config) (providers.Provider, error) {
	a := &adapter{
		key: cfg.Settings.Get(settingKey), secret: cfg.Settings.Get(settingSecret),
		base: cfg.BaseURL, live: cfg.Live, http: cfg.HTTP, log: cfg.Log,
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	return a, nil
}

// Check reads a payout that cannot exist, which shows whether the key is accepted. A key that is known to be of the
// other mode is refused without a call.
func (a *adapter) Check(ctx context.Context) error {
	if mode := modeOf(a.key); mode != "" && (mode == modeLive) != a.live {
		return &providers.Error{Kind: providers.Refused, Code: codeMode, Message: "this is a " + mode + " key"}
	}
	_, err := a.look(ctx, impossibleID)
	if e, ok := errors.AsType[*providers.Error](err); ok && e.NotFound {
		return nil
	}
	return err
}

// modeOf tells the mode of a key by its beginning, "" if it is not one of those known.
func modeOf(key string) string {
	switch {
	case strings.HasPrefix(key, keyTest), strings.HasPrefix(key, keySandbox):
		return modeSandbox
	case strings.HasPrefix(key, keyLive) && strings.Contains(key, "|"):
		return modeLive
	}
	return ""
}

// Prepare refuses what Moneroo would refuse, or would have to round.
func (a *adapter) Prepare(ctx context.Context, o providers.Order) error {
	m, err := a.method(ctx, o.Method)
	if err != nil {
		return err
	}
	if m.Currency != o.Amount.Currency {
		return refuse(codeCurrency, o.Method+" pays "+m.Currency+", not "+o.Amount.Currency)
	}
	_, err = encode(o)
	return err
}

func refuse(code, message string) *providers.Error {
	return &providers.Error{Kind: providers.Refused, Code: code, Message: message}
}

// Send asks for the payout in one call. The answer holds an identifier and nothing else; whether the money arrived is
// told by a webhook and by Lookup.
func (a *adapter) Send(ctx context.Context, o providers.Order) (providers.Result, error) {
	body, err := encode(o)
	if err != nil {
		return providers.Result{}, notSent(err)
	}
	answer, err := a.call(ctx, http.MethodPost, initializePath, body)
	if err != nil {
		return providers.Result{}, err
	}
	return a.sent(answer)
}

// notSent is what a refusal of our own means in the middle of a send: nothing left the machine.
func notSent(err error) error {
	e, ok := errors.AsType[*providers.Error](err)
	if !ok {
		return &providers.Error{Kind: providers.NotSent, Code: codeOrder, Err: err}
	}
	e.Kind = providers.NotSent
	return e
}

// sent says what the answer to a new payout means. All but success and refusal leaves it open what became of it.
func (a *adapter) sent(answer httpx.Answer) (providers.Result, error) {
	body, err := decode(answer.Body)
	id := body.text("data.id")
	failed := a.unexpected(answer, body)
	switch {
	case answer.OK() && isID(id):
		return providers.Result{Attempt: providers.Attempt{RemoteID: id}, Status: providers.Accepted}, nil
	case answer.OK():
		failed.Code = codeNoID
	case err == nil && body.at("data.id") == nil && isRefusal(answer.Status):
		failed.Kind = providers.Refused
	}
	return providers.Result{}, failed
}

// 3. Assumed like the constants above: after a 400 or a 422 with a JSON object that names no payout, nothing was booked.
// Both are documented as faults of the request; which of the two a missing field gets differs from what is documented.
func isRefusal(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusUnprocessableEntity
}

// Lookup reads a payout by Moneroo's identifier, the only name it can be found by.
func (a *adapter) Lookup(ctx context.Context, attempt providers.Attempt) (providers.Result, error) {
	if attempt.RemoteID == "" {
		return providers.Result{}, &providers.Error{
			Kind: providers.Unsupported, Code: codeNoID, Message: "Moneroo finds a payout by its own identifier only",
		}
	}
	data, err := a.look(ctx, attempt.RemoteID)
	if err != nil {
		return providers.Result{}, err
	}
	return data.result()
}

// look reads the record of a payout. A 404 is an error that says NotFound.
func (a *adapter) look(ctx context.Context, id string) (object, error) {
	if !isID(id) {
		return nil, &providers.Error{Code: codeNoID, Message: "not an identifier of Moneroo"}
	}
	answer, err := a.call(ctx, http.MethodGet, payoutsPath+url.PathEscape(id)+verifySuffix, nil)
	if err != nil {
		return nil, err
	}
	body, err := decode(answer.Body)
	data := body.object("data")
	switch {
	case answer.OK() && isID(data.text("id")):
		return data, nil
	case answer.OK():
		return nil, unreadable("the answer names no payout")
	case answer.Status == http.StatusNotFound && err == nil:
		return nil, a.notFound(answer, body)
	}
	return nil, a.unexpected(answer, body)
}

// notFound tells a payout that does not exist from a route that does not.
func (a *adapter) notFound(answer httpx.Answer, body object) error {
	e := a.unexpected(answer, body)
	e.NotFound = !strings.HasPrefix(body.text("message"), routePrefix)
	if !e.NotFound {
		e.Code = codeRoute
	}
	return e
}

// unexpected is what an answer means that is no success, in Moneroo's own words.
func (a *adapter) unexpected(answer httpx.Answer, body object) *providers.Error {
	e := answer.Unexpected(without(body.problem(), a.key))
	if answer.Status == http.StatusTooManyRequests && e.RetryAfter == 0 {
		e.RetryAfter = rateWait
	}
	return e
}

// without takes a secret out of what a company says.
func without(text, secret string) string {
	if secret == "" {
		return text
	}
	return strings.ReplaceAll(text, secret, "[secret]")
}

func unreadable(text string) *providers.Error {
	return &providers.Error{Code: codeAnswer, Err: errors.New(text)}
}

// call makes one request. Only what is below /v1 gets the key.
func (a *adapter) call(ctx context.Context, method, path string, body []byte) (httpx.Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, bytes.NewReader(body))
	if err != nil {
		return httpx.Answer{}, &providers.Error{Kind: providers.NotSent, Code: httpx.CodeAddress, Err: err}
	}
	req.GetBody = nil // nobody may send it again
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if path != methodsPath {
		req.Header.Set("Authorization", "Bearer "+a.key)
	}
	return httpx.Call(a.http, req)
}

// request is a new payout as Moneroo is asked for it.
type request struct {
	Amount      json.Number       `json:"amount"` // whole major units
	Currency    string            `json:"currency"`
	Description string            `json:"description"`
	Customer    customer          `json:"customer"`
	Metadata    map[string]string `json:"metadata"`
	Method      string            `json:"method"`
	Recipient   map[string]string `json:"recipient"` // 8. a number goes as text, as in every sample, though called an integer
}

type customer struct {
	Email string `json:"email"`
	First string `json:"first_name"`
	Last  string `json:"last_name"`
}

// encode writes an order as Moneroo takes it, always in the same bytes. The error is of kind Refused.
func encode(o providers.Order) ([]byte, error) {
	whole, err := o.Amount.Whole()
	switch {
	case errors.Is(err, money.ErrInexact):
		return nil, refuse(codeFraction, "Moneroo pays whole amounts only, and "+o.Amount.Decimal()+" "+o.Amount.Currency+" has a fraction")
	case err != nil:
		return nil, &providers.Error{Kind: providers.Refused, Code: codeCurrency, Err: err}
	case whole <= 0:
		return nil, refuse(codeOrder, "there is nothing to pay")
	case o.Reference == "" || o.Description == "":
		return nil, refuse(codeOrder, "Moneroo wants a description, and we a reference")
	}
	r := request{
		Amount: number(whole), Currency: o.Amount.Currency, Description: o.Description, Method: o.Method,
		Customer:  customer{Email: o.Details[fieldEmail], First: o.Details[fieldFirst], Last: o.Details[fieldLast]},
		Metadata:  map[string]string{referenceKey: o.Reference},
		Recipient: map[string]string{},
	}
	for name, value := range o.Details {
		if !isCustomer(name) && value != "" {
			r.Recipient[name] = value
		}
	}
	return json.Marshal(r)
}

// isCustomer reports whether a detail is about the person, not about the account paid to.
func isCustomer(name string) bool {
	return name == fieldEmail || name == fieldFirst || name == fieldLast
}

// ReadBack decodes a new payout, the only request here that is no GET. Writing what was understood again must give the
// very same bytes, so that nothing goes out that was not understood.
func (a *adapter) ReadBack(r *http.Request, body []byte) (providers.Readback, error) {
	if r.Method != http.MethodPost || r.URL.String() != a.base+initializePath {
		return providers.Readback{}, errors.New("not a request of this adapter")
	}
	decoded, err := decode(body)
	if err != nil {
		return providers.Readback{}, err
	}
	o, err := decoded.order()
	if err != nil {
		return providers.Readback{}, err
	}
	again, err := encode(o)
	if err != nil || !bytes.Equal(again, body) {
		return providers.Readback{}, errors.New("holds something that is not part of an order")
	}
	return providers.Readback{Moves: true, Order: &o}, nil
}
