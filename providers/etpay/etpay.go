// Package etpay pays to bank accounts in Chile and Mexico through ETpay. One signs in, asks for a payout with one call, and
// is told by webhook how it ended; payouts can be read one by one and by date:
// https://etpay.notion.site/REST-API-Integration-2ee5f3354d5f80ed9936f63ef1dba87d
//
// The public pages describe the flow, the credentials and the sign-in; what the rest looks like on the wire can be read in no
// copy of them. It is assumed, in assumed.go.
package etpay

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
)

const (
	docsURL = "https://etpay.notion.site/REST-API-Integration-2ee5f3354d5f80ed9936f63ef1dba87d"
	// The only address in the public pages; those of sandbox and pre-production are handed out with the credentials.
	address = "https://api-dashboard.etpay.com"
)

//go:embed locales
var locales embed.FS

// Definition describes the company.
func Definition() providers.Definition {
	return providers.Definition{
		ID: "etpay", Name: "ETpay", DocsURL: docsURL, Settings: settings(), Messages: locales,
		Addresses: []providers.Address{{Name: "default", URL: address, Live: true}},
		Webhooks:  providers.WebhooksPerOrder, RepeatsRefused: true, // assumption 15
		Open: open, Simulator: newSimulator, Switches: switches(),
	}
}

// account is one merchant at the company, in one country.
type account struct {
	providers.Catalog
	cfg     providers.Config
	country country
	session session
}

func open(cfg providers.Config) (providers.Provider, error) {
	c, err := countryOf(cfg.Settings, cfg.Live && !cfg.Simulator)
	if err != nil {
		return nil, err
	}
	return &account{Catalog: providers.Catalog{c.method}, cfg: cfg, country: c, session: session{turn: make(chan struct{}, 1)}}, nil
}

func (a *account) merchant() string { return a.cfg.Settings.Get(settingMerchant) }

// Prepare signs in so that the token outlives the send.
func (a *account) Prepare(ctx context.Context, o providers.Order) error {
	if _, err := a.encode(o); err != nil {
		return &providers.Error{Kind: providers.Refused, Code: "order", Message: err.Error(), Err: err}
	}
	_, err := a.token(ctx, sendLife)
	return err
}

// sendLife is longer than a send may take, with everything around it.
const sendLife = 2 * time.Minute

// Send asks for a payout with one POST. It never signs in: without a token nothing is asked for.
func (a *account) Send(ctx context.Context, o providers.Order) (providers.Result, error) {
	body, err := a.encode(o)
	if err != nil {
		return providers.Result{}, &providers.Error{Kind: providers.NotSent, Code: "order", Err: err}
	}
	token := a.session.held(a.cfg.Now())
	if token == "" {
		return providers.Result{}, &providers.Error{Kind: providers.NotSent, Code: "signed_out"}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.cfg.BaseURL+pathPayouts, bytes.NewReader(body))
	if err != nil {
		return providers.Result{}, &providers.Error{Kind: providers.NotSent, Code: httpx.CodeRequest, Err: err}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", scheme+token)
	answer, err := httpx.Call(a.cfg.HTTP, req)
	if err != nil {
		return providers.Result{}, err
	}
	if !answer.OK() {
		return providers.Result{}, a.refusal(answer, token)
	}
	all, err := records(answer.Body)
	if err != nil || len(all) != 1 || all[0].id() == "" {
		return providers.Result{}, unreadable("the answer names no payout")
	}
	return a.result(all[0])
}

// refusal is what an answer to a send means that is no success. Only 400 and 422 with the company's words are on the reject
// list (assumption 14). 409 says that the first one exists (assumption 15). 401 leaves open whether anything was booked, and
// stops the account.
func (a *account) refusal(answer httpx.Answer, token string) *providers.Error {
	if answer.Status == http.StatusUnauthorized {
		a.session.drop(token)
	}
	e := failure(answer)
	if (answer.Status == http.StatusBadRequest || answer.Status == http.StatusUnprocessableEntity) && e.Message != "" {
		e.Kind = providers.Refused
	}
	return e
}

// failure reads an answer that is no success: {"message", "error_code", "errors": [{"field", "message"}]}, of which only the
// message can be counted on.
func failure(answer httpx.Answer) *providers.Error {
	e := answer.Unexpected("")
	members, err := httpx.Members(answer.Body)
	if err != nil {
		return e
	}
	e.Message = message(record(members))
	if code := record(members).text("error_code"); code != "" {
		e.Code = code
	}
	return e
}

// Lookup asks by the company's identifier, or looks for our reference among the payouts of the days around the send.
func (a *account) Lookup(ctx context.Context, at providers.Attempt) (providers.Result, error) {
	if at.RemoteID != "" {
		return a.one(ctx, at.RemoteID)
	}
	around := at.SentAt
	if around.IsZero() {
		around = a.cfg.Now()
	}
	for r, err := range a.List(ctx, around.AddDate(0, 0, -1), around.AddDate(0, 0, 1)) {
		if err != nil {
			return providers.Result{}, err
		}
		if r.Attempt.Reference == at.Reference {
			return r, nil
		}
	}
	return providers.Result{}, &providers.Error{Code: "not_listed", NotFound: true}
}

func (a *account) one(ctx context.Context, id string) (providers.Result, error) {
	answer, err := a.get(ctx, pathPayouts+"/"+escape(id))
	if err != nil {
		return providers.Result{}, err
	}
	if !answer.OK() {
		e := failure(answer)
		e.NotFound = answer.Status == http.StatusNotFound
		return providers.Result{}, e
	}
	all, err := records(answer.Body)
	if err != nil {
		return providers.Result{}, unreadable(err.Error())
	}
	var found []record
	for _, r := range all {
		if r.id() == id {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		return providers.Result{}, unreadable("the answer is not about this payout alone")
	}
	return a.result(found[0])
}

// result reads a payout as the company shows it.
func (a *account) result(r record) (providers.Result, error) {
	if code := r.text("merchant_code"); code != "" && code != a.merchant() {
		return providers.Result{}, unreadable("the answer is about another merchant")
	}
	res := providers.Result{Attempt: providers.Attempt{Reference: r.text("merchant_order_id"), RemoteID: r.id()}, Word: r.first(namesStatus)}
	res.Status, res.Stage = status(res.Word)
	if res.Status == providers.Failed {
		res.Message = message(r)
	}
	if key := r.text("signature_token"); key != "" {
		res.Attempt.Kept = map[string]string{keptKey: key}
	}
	var err error
	if res.Amount, err = r.amount("amount"); err == nil {
		res.Fee, err = r.amount("fee")
	}
	if err != nil {
		return providers.Result{}, unreadable(err.Error())
	}
	return res, nil
}

// keptKey is what the core keeps for us, sealed: the key of the payout's webhook.
const keptKey = "signature_token"

// Balance reads what can be paid out.
func (a *account) Balance(ctx context.Context) ([]money.Amount, error) {
	answer, err := a.get(ctx, pathBalance)
	if err != nil {
		return nil, err
	}
	if !answer.OK() {
		return nil, failure(answer)
	}
	all, err := records(answer.Body)
	if err != nil || len(all) != 1 {
		return nil, unreadable("no balance in the answer")
	}
	if code := all[0].text("merchant_code"); code != "" && code != a.merchant() {
		return nil, unreadable("the answer is about another merchant")
	}
	amount, err := all[0].amount("available")
	if err != nil || amount.Currency == "" {
		return nil, unreadable("no balance in the answer")
	}
	return []money.Amount{amount}, nil
}

// Check signs in anew and reads the balance.
func (a *account) Check(ctx context.Context) error {
	a.session.drop(a.session.held(a.cfg.Now()))
	_, err := a.Balance(ctx)
	return err
}

// maxMessage bounds what is shown of the company's words.
const maxMessage = 500

// message is the company's explanation with its code, both as they are.
func message(r record) string {
	text := r.text("error_message")
	if text == "" {
		text = r.text("message")
	}
	if code := r.text("error_code"); code != "" && text != "" {
		text += " (" + code + ")"
	} else if text == "" {
		text = code
	}
	all := []rune(strings.TrimSpace(text))
	return string(all[:min(len(all), maxMessage)])
}

func unreadable(why string) error {
	return &providers.Error{Code: httpx.CodeUnreadable, Err: errors.New(why)}
}

func number(n int) string { return strconv.Itoa(n) }
