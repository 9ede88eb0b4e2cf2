// Package yabandpay pays out of a merchant's YabandPay wallet to the bank account that is registered there. No recipient
// can be named, and only the merchant's super admin account may do it: https://docs.yabandpay.com/api/en/finance/withdrawal.html
//
// YabandPay cannot be asked about a payout. What became of it is told by its answer and by its notices, or by people who
// look into its portal.
package yabandpay

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
)

const (
	docsURL = "https://docs.yabandpay.com/api/en/finance/withdrawal.html"
	address = "https://mapi.yabandpay.com" // withdrawal.html, "Request URL"
)

// The commands.
const (
	commandPayout  = "payout"
	commandBalance = "getBalance"
)

//go:embed locales
var locales embed.FS

// Definition describes the company.
func Definition() providers.Definition {
	return providers.Definition{
		ID: "yabandpay", Name: "YabandPay", DocsURL: docsURL, Settings: settings(), Messages: locales,
		Addresses: []providers.Address{{Name: "default", URL: address, Live: true}},
		Webhooks:  providers.WebhooksPerOrder, RepeatsRefused: repeatsRefused, Approves: true, CannotAsk: true,
		Portal: providers.Text{Key: "yabandpay.portal", English: "In YabandPay’s portal look at the withdrawals of this UID: an order that waits for YabandPay’s own approval was received and may still be paid. Compare the wallet’s balance before and after."},
		Open:   open, Simulator: newSimulator, Switches: switches(),
	}
}

// account is the wallet of one merchant.
type account struct {
	providers.Catalog
	cfg providers.Config
}

func open(cfg providers.Config) (providers.Provider, error) {
	methods, err := wallets(cfg.Settings.Get(settingCurrencies))
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(cfg.Settings.Get(settingMethod), methodCollects) {
		return nil, errors.New("the setting method names a call that collects money")
	}
	return &account{Catalog: methods, cfg: cfg}, nil
}

// Send asks for a withdrawal with one POST.
func (a *account) Send(ctx context.Context, o providers.Order) (providers.Result, error) {
	data, err := a.encode(o)
	if err != nil {
		return providers.Result{}, &providers.Error{Kind: providers.NotSent, Code: "order", Err: err}
	}
	answered, err := a.call(ctx, data)
	if e, ok := refusal(err); ok {
		e.Kind = providers.Refused
	}
	if err != nil {
		return providers.Result{}, err
	}
	r, err := a.result(answered)
	if err == nil && r.Attempt.RemoteID == "" {
		err = errors.New("the answer names no payout")
	}
	if err != nil {
		return providers.Result{}, unreadable(err)
	}
	return r, nil
}

// Lookup cannot be: there is no call that tells about a payout.
func (a *account) Lookup(context.Context, providers.Attempt) (providers.Result, error) {
	return providers.Result{}, &providers.Error{Kind: providers.Unsupported, Code: "no_query"}
}

// result reads a payout as answers and notices show it.
func (a *account) result(data params) (providers.Result, error) {
	if user := data["user"]; user != "" && user != a.user() {
		return providers.Result{}, errors.New("it is about another merchant")
	}
	r := providers.Result{
		Attempt: providers.Attempt{Reference: data["reference"], RemoteID: data["payout_id"]}, Word: data["state"],
	}
	r.Status, r.Stage = status(r.Word)
	if data["amount"] == "" {
		return r, nil
	}
	amount, err := money.ParseDecimal(data["amount"], strings.ToUpper(data["currency"]))
	if err != nil {
		return providers.Result{}, err
	}
	r.Amount = amount
	return r, nil
}

// Balance asks for each currency of the account. A currency in which there is no wallet is left out. What may be paid out
// is "usable": the documents explain it in one way and compute it in another, so it is taken as it stands.
func (a *account) Balance(ctx context.Context) ([]money.Amount, error) {
	var all []money.Amount
	var refused error
	for _, m := range a.Catalog {
		amount, err := a.usable(ctx, m.Currency)
		if _, ok := refusal(err); ok {
			refused = err
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, amount)
	}
	if len(all) == 0 {
		return nil, refused
	}
	return all, nil
}

func (a *account) usable(ctx context.Context, currency string) (money.Amount, error) {
	data, err := a.call(ctx, askBalance(currency))
	if err != nil {
		return money.Amount{}, err
	}
	figure, overdrawn := strings.CutPrefix(data[memberUsable], "-") // the reserve may be more than there is
	amount, err := money.ParseDecimal(figure, currency)
	switch {
	case err != nil, data["currency"] != "" && !strings.EqualFold(data["currency"], currency), data["user"] != "" && data["user"] != a.user():
		return money.Amount{}, unreadable(errors.New("no balance of this wallet in the answer"))
	case overdrawn:
		amount.Minor = -amount.Minor
	}
	return amount, nil
}

func askBalance(currency string) params {
	return params{keyCommand: commandBalance, "currency": currency}
}

// Check reads balances until one is told, which only the super admin's account may. A refusal does not say that the keys
// are to blame: there may be no wallet in the currency. So it stops no account.
func (a *account) Check(ctx context.Context) error {
	var refused error
	for _, m := range a.Catalog {
		_, err := a.call(ctx, askBalance(m.Currency))
		e, ok := refusal(err)
		if !ok {
			return err
		}
		e.Code = codeNotAdmin
		refused = e
	}
	return refused
}

// Codes of errors. The company documents none of its own.
const (
	codeRefused  = "refused"
	codeNotAdmin = "yabandpay_not_admin" // of a test call: not the super admin's account, or a wrong key
)

// refusal is the company's no in err, if it is one.
func refusal(err error) (*providers.Error, bool) {
	e, ok := errors.AsType[*providers.Error](err)
	return e, ok && e.Code == codeRefused
}

// maxMessage bounds what is shown of the company's words.
const maxMessage = 500

// call makes a call and returns the data of its answer. "status" is the verdict, whatever "code" is; only a server that
// broke down is not believed. Errors are of kind Unknown: what a refusal means depends on the call.
func (a *account) call(ctx context.Context, data params) (params, error) {
	req, err := a.request(ctx, data)
	if err != nil {
		return nil, &providers.Error{Kind: providers.NotSent, Code: httpx.CodeRequest, Err: err}
	}
	answer, err := httpx.Call(a.cfg.HTTP, req)
	if err != nil {
		return nil, err
	}
	members, err := httpx.Members(answer.Body)
	verdict := string(members["status"])
	switch {
	case err == nil && verdict == verdictNo && answer.Status < http.StatusInternalServerError:
		return nil, refused(members)
	case !answer.OK():
		return nil, answer.Unexpected("")
	case err != nil:
		return nil, unreadable(err)
	case verdict != verdictYes:
		return nil, unreadable(fmt.Errorf("status %q", cut(verdict)))
	}
	answered, _, err := flat(members["data"])
	if err != nil || len(answered) == 0 {
		return nil, unreadable(errors.New("no data in the answer"))
	}
	return answered, nil
}

// refused reads a no. One that names a payout contradicts itself, and is not believed.
func refused(members map[string]json.RawMessage) error {
	if data, _, err := flat(members["data"]); err == nil && data["payout_id"] != "" {
		return unreadable(errors.New("it says no, and names a payout"))
	}
	text, _ := httpx.Text(members["message"])
	return &providers.Error{Code: codeRefused, Message: cut(text)}
}

func cut(text string) string {
	all := []rune(strings.TrimSpace(text))
	return string(all[:min(len(all), maxMessage)])
}

func (a *account) request(ctx context.Context, data params) (*http.Request, error) {
	body, err := a.envelope(data, a.cfg.Nonce(nonceLength), unix(a.cfg.Now()))
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.cfg.BaseURL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	return req, nil
}

// envelope completes data, wraps and signs it.
func (a *account) envelope(data params, nonce, at string) ([]byte, error) {
	data = maps.Clone(data)
	data["nonce_string"] = nonce
	if a.older() {
		data[keyOlder] = data[keyCommand]
		delete(data, keyCommand)
	}
	e := envelope{User: a.user(), Method: a.method(), Time: json.Number(at), Data: data}
	e.Sign = e.signature(a.key())
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // an address with "&" is signed as it is
	err := enc.Encode(e)
	return bytes.TrimSpace(b.Bytes()), err
}

func unreadable(err error) error { return &providers.Error{Code: httpx.CodeUnreadable, Err: err} }
