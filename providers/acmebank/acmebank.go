// Package acmebank pays through Acme Bank, which exists nowhere: it is the worked example of CONTRIBUTING.md, "Adding a
// provider". It is whole, it passes the conformance suite, and it is in no list: no program offers it.
//
// Acme Bank pays to bank accounts in two countries. One signed call asks for a payout, one tells where it stands, one tells
// the balance, and signed webhooks say how a payout ended.
package acmebank

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
)

// What the bank's documents leave open is a constant here, with a number that docs/providers/acmebank.md would explain. The
// simulator uses the same ones, so there is one place to correct.
const (
	pathPayouts = "/v1/payouts"
	pathBalance = "/v1/balance"
	headerKey   = "X-Acme-Key"
	headerSign  = "X-Acme-Signature" // assumption 1: hexadecimal HMAC-SHA256 of the body, also on webhooks
)

// status says what a status word means. What the documents do not list is not understood: never an end.
func status(word string) providers.Status {
	switch word {
	case "queued", "running":
		return providers.Accepted
	case "done":
		return providers.Paid
	case "bounced":
		return providers.Failed
	default:
		return ""
	}
}

//go:embed locales
var locales embed.FS

// Definition describes the company. Settings are what an administrator enters; forms are made of them.
func Definition() providers.Definition {
	return providers.Definition{
		ID: "acmebank", Name: "Acme Bank", DocsURL: "https://acmebank.example/docs", Messages: locales,
		Addresses: []providers.Address{{Name: "default", URL: "https://api.acmebank.example", Live: true, Test: true}},
		Settings: []providers.Field{
			{Name: "client_id", Max: 40, Example: "c-1001", Label: providers.Text{Key: "acmebank.client_id", English: "Client number"}},
			{Name: "secret", Type: providers.Secret, Label: providers.Text{Key: "field.api_key", English: "API key"}},
		},
		Webhooks: providers.WebhooksPerOrder, RepeatsRefused: true, Open: open, Simulator: newSimulator,
		Portal: providers.Text{Key: "acmebank.portal", English: "In Acme Bank’s portal open Orders and search for our reference, whole; the bank lists every order it has received, also rejected ones."},
	}
}

// catalog lists the ways to pay with what each asks for. It is fixed, so Methods and Fields are done by embedding it.
func catalog() providers.Catalog {
	name := providers.Field{Name: "name", Max: 70, Role: providers.RoleName, Label: providers.Text{Key: "field.full_name", English: "Full name"}}
	account := providers.Field{Name: "account", Type: providers.Digits, Max: 16, Pattern: "[0-9]{8,16}", Role: providers.RoleAccount,
		Label: providers.Text{Key: "field.account_number", English: "Account number"}}
	branch := providers.Field{Name: "branch", Format: providers.IFSC, Role: providers.RoleBank, Label: providers.Text{Key: "acmebank.branch", English: "Branch code"}}
	return providers.Catalog{
		{ID: "ng_bank", Name: "Bank account", Country: "NG", Currency: "NGN", Fields: []providers.Field{name, account}},
		{ID: "in_bank", Name: "Bank account", Country: "IN", Currency: "INR", Fields: []providers.Field{name, account, branch}},
	}
}

// account is one client at the bank.
type account struct {
	providers.Catalog
	cfg providers.Config
}

func open(cfg providers.Config) (providers.Provider, error) { return &account{catalog(), cfg}, nil }

func (a *account) sign(body []byte) string {
	mac := hmac.New(sha256.New, []byte(a.cfg.Settings.Get("secret")))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// payout is an order on the wire, and in answers and webhooks, which add its number and its status.
type payout struct {
	ID       string            `json:"id,omitempty"`
	Ref      string            `json:"ref"`
	Method   string            `json:"method"`
	Amount   string            `json:"amount"` // decimal, in the currency's own number of places
	Currency string            `json:"currency"`
	To       map[string]string `json:"to"`
	Callback string            `json:"callback"`
	Status   string            `json:"status,omitempty"`
	Reason   string            `json:"reason,omitempty"`
}

func encode(o providers.Order) ([]byte, error) {
	return json.Marshal(payout{Ref: o.Reference, Method: o.Method, Amount: o.Amount.Decimal(), Currency: o.Amount.Currency, To: o.Details, Callback: o.CallbackURL})
}

func (p payout) order() (providers.Order, error) {
	amount, err := money.ParseDecimal(p.Amount, p.Currency)
	return providers.Order{Reference: p.Ref, Method: p.Method, Amount: amount, Details: p.To, CallbackURL: p.Callback}, err
}

// Send asks for the money to move: one request, never repeated.
func (a *account) Send(ctx context.Context, o providers.Order) (providers.Result, error) {
	body, err := encode(o)
	if err != nil {
		return providers.Result{}, &providers.Error{Kind: providers.NotSent, Code: "order", Err: err}
	}
	answer, err := a.call(ctx, http.MethodPost, pathPayouts, body)
	if err != nil {
		return providers.Result{}, err
	}
	if !answer.OK() {
		return providers.Result{}, a.refusal(answer)
	}
	r, err := a.result(answer.Body)
	if err == nil && r.Attempt.RemoteID == "" {
		err = errors.New("the answer names no payout")
	}
	if err != nil {
		return providers.Result{}, &providers.Error{Code: httpx.CodeUnreadable, Err: err} // unknown: it may be on its way
	}
	return r, nil
}

// refusal is the reject list: only 422 with the bank's words means that nothing was booked (assumption 2).
func (a *account) refusal(answer httpx.Answer) error {
	var said struct{ Error string }
	e := answer.Unexpected("")
	if err := answer.JSON(&said); err == nil {
		e.Message = said.Error
	}
	if answer.Status == http.StatusUnprocessableEntity && e.Message != "" {
		e.Kind = providers.Refused
	}
	return e
}

// ReadBack decodes the bytes about to leave. Written again they must be the same: nothing in them was overlooked.
func (a *account) ReadBack(r *http.Request, body []byte) (providers.Readback, error) {
	var p payout
	if r.Method != http.MethodPost || json.Unmarshal(body, &p) != nil {
		return providers.Readback{}, fmt.Errorf("%s %s is no call of this adapter", r.Method, r.URL.Path)
	}
	o, err := p.order()
	if err != nil {
		return providers.Readback{}, err
	}
	if again, err := encode(o); err != nil || !bytes.Equal(again, body) {
		return providers.Readback{}, errors.New("it holds more, or something else, than the order it describes")
	}
	return providers.Readback{Moves: true, Order: &o}, nil
}

// Lookup asks where an attempt stands, by our reference: it is known even if the answer to Send was lost.
func (a *account) Lookup(ctx context.Context, at providers.Attempt) (providers.Result, error) {
	answer, err := a.call(ctx, http.MethodGet, pathPayouts+"?ref="+url.QueryEscape(at.Reference), nil)
	if err != nil {
		return providers.Result{}, err
	}
	if !answer.OK() {
		e := answer.Unexpected("")
		e.NotFound = answer.Status == http.StatusNotFound // evidence for people, proof of nothing
		return providers.Result{}, e
	}
	r, err := a.result(answer.Body)
	if err != nil {
		return providers.Result{}, &providers.Error{Code: httpx.CodeUnreadable, Err: err}
	}
	return r, nil
}

// Balance tells what can be paid out, one amount a currency.
func (a *account) Balance(ctx context.Context) ([]money.Amount, error) {
	answer, err := a.call(ctx, http.MethodGet, pathBalance, nil)
	if err != nil {
		return nil, err
	}
	var funds map[string]string
	if !answer.OK() || answer.JSON(&funds) != nil {
		return nil, answer.Unexpected("")
	}
	var all []money.Amount
	for currency, text := range funds {
		amount, err := money.ParseDecimal(text, currency)
		if err != nil {
			return nil, &providers.Error{Code: httpx.CodeUnreadable, Err: err}
		}
		all = append(all, amount)
	}
	return all, nil
}

// ReadWebhook says no unless the signature over the whole body fits. It covers everything, so nothing has to be asked.
func (a *account) ReadWebhook(_ context.Context, w providers.Webhook) (providers.Event, error) {
	given, err := hex.DecodeString(w.Header.Get(headerSign))
	want, _ := hex.DecodeString(a.sign(w.Body)) // our own
	if err != nil || !hmac.Equal(given, want) {
		return providers.Event{}, &providers.Error{Code: "webhook", Steps: []providers.Step{{Name: "signature", Note: headerSign}}, Err: errors.New("signature")}
	}
	steps := []providers.Step{{Name: "signature", OK: true, Note: headerSign}}
	r, err := a.result(w.Body)
	if err != nil {
		return providers.Event{}, &providers.Error{Code: "webhook", Steps: append(steps, providers.Step{Name: "payload"}), Err: err}
	}
	return providers.Event{Name: "payout." + r.Word, Result: r, Steps: append(steps, providers.Step{Name: "payload", OK: true}),
		Reply: providers.Reply{Status: http.StatusOK}}, nil
}

// result reads a payout as the bank shows it. What it says is compared with what was sent, by the core.
func (a *account) result(body []byte) (providers.Result, error) {
	var p payout
	if err := json.Unmarshal(body, &p); err != nil {
		return providers.Result{}, errors.New("not the JSON of a payout")
	}
	o, err := p.order()
	return providers.Result{Attempt: providers.Attempt{Reference: p.Ref, RemoteID: p.ID}, Status: status(p.Status), Word: p.Status,
		Amount: o.Amount, Method: p.Method, Details: p.To, Message: p.Reason}, err
}

// call signs and sends a request with the client that was given: it alone keeps one send from becoming two.
func (a *account) call(ctx context.Context, method, path string, body []byte) (httpx.Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, a.cfg.BaseURL+path, bytes.NewReader(body))
	if err != nil {
		return httpx.Answer{}, &providers.Error{Kind: providers.NotSent, Code: httpx.CodeRequest, Err: err}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(headerKey, a.cfg.Settings.Get("client_id"))
	req.Header.Set(headerSign, a.sign([]byte(path+"\n"+string(body))))
	return httpx.Call(a.cfg.HTTP, req)
}
