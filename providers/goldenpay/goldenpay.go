// Package goldenpay pays through GoldenPay, a gateway for Vietnam, Thailand and the Philippines and, by its older
// documents, Brazil and India. One signed call asks for a payout, one tells where it stands, and one webhook says how
// it ended: https://integration.gpbli.top/en/reference/
//
// The documents exist in two generations. We send as those of 2026 say, and take what either sends.
package goldenpay

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
)

const docsURL = "https://integration.gpbli.top/en/reference/"

// What the documents say. What they leave open stands in assumed.go.
const (
	pathOrders  = "/api/v1/mch/wdl-orders"
	pathBalance = "/api/v1/mch/balance"
	pathInfo    = "/api/v1/mch/info"

	// Pays nobody; meant for tests. Offered only where no real money moves.
	channelMock = "mock"
	// What the company wants to read to stop repeating a webhook.
	replyDone = "success"
	// Business codes: the JSON counts, not the HTTP status ("need not be equal").
	codeOK = "200"
)

//go:embed locales
var locales embed.FS

// Definition describes the company.
func Definition() providers.Definition {
	return providers.Definition{
		ID: "goldenpay", Name: "GoldenPay", DocsURL: docsURL, Settings: settings(), Messages: locales,
		Webhooks: providers.WebhooksPerOrder, RepeatsRefused: repeatsRefused, Open: open, Simulator: newSimulator,
		Portal:   providers.Text{Key: "goldenpay.portal", English: "In GoldenPay’s back office search the payout orders for our reference, whole, and compare the balance. An order that is not listed may still come: ask GoldenPay for a written answer."},
		Switches: switches(),
	}
}

// account is one merchant at the company.
type account struct {
	providers.Catalog
	cfg  providers.Config
	rows []row
}

func open(cfg providers.Config) (providers.Provider, error) {
	rows, err := rowsFor(cfg.Settings, cfg.Live, cfg.Simulator)
	if err != nil {
		return nil, err
	}
	return &account{Catalog: catalog(rows), cfg: cfg, rows: rows}, nil
}

func (a *account) merchant() string { return a.cfg.Settings.Get(settingMerchant) }

// sign adds what every call carries to its parameters.
func (a *account) sign(p params) params {
	p["mch_id"] = a.merchant()
	p["nonce"] = a.cfg.Nonce(nonceLength)
	p["timestamp"] = unix(a.cfg.Now())
	p["sign"] = a.signature(p)
	return p
}

// signature signs a call.
func (a *account) signature(p params) string {
	if a.cfg.Settings.Get(settingTime) == timeUnsigned {
		p = maps.Clone(p)
		delete(p, "timestamp")
	}
	return p.signature(a.cfg.Settings.Get(settingKey))
}

// Send asks for a payout with one POST.
func (a *account) Send(ctx context.Context, o providers.Order) (providers.Result, error) {
	p, err := a.encode(o)
	if err != nil {
		return providers.Result{}, &providers.Error{Kind: providers.NotSent, Code: "order", Err: err}
	}
	req, err := a.post(ctx, a.sign(p))
	if err != nil {
		return providers.Result{}, err
	}
	payload, err := a.call(req)
	if e, ok := errors.AsType[*providers.Error](err); ok && e.Code == codeRefused {
		e.Kind = providers.Refused
	}
	if err != nil {
		return providers.Result{}, err
	}
	r, err := a.result(payload)
	if err == nil && r.Attempt.Reference == "" && r.Attempt.RemoteID == "" {
		err = unreadable("the answer names no order")
	}
	if err != nil {
		return providers.Result{}, err
	}
	return r, nil
}

// Lookup asks by our reference: it is known before the answer to Send is.
func (a *account) Lookup(ctx context.Context, at providers.Attempt) (providers.Result, error) {
	payload, err := a.get(ctx, pathOrders, params{memberID: cmp.Or(at.Reference, at.RemoteID)})
	if e, ok := errors.AsType[*providers.Error](err); ok && e.Code == codeNotFound {
		e.NotFound = true
	}
	if err != nil {
		return providers.Result{}, err
	}
	return a.result(payload)
}

// result reads an order as the company shows it.
func (a *account) result(payload []byte) (providers.Result, error) {
	p, _, err := flat(payload)
	if err != nil {
		return providers.Result{}, unreadable(err.Error())
	}
	if id := p["mch_id"]; id != "" && id != a.merchant() {
		return providers.Result{}, unreadable("the answer is about another merchant")
	}
	amount, err := p.amount()
	if err != nil {
		return providers.Result{}, unreadable(err.Error())
	}
	r := providers.Result{
		Attempt: providers.Attempt{Reference: p["trans_id"], RemoteID: p[memberID]},
		Status:  status(p["status"]), Word: p["status"], Amount: amount, Proofs: proofs(payload),
	}
	if p["channel"] != "" && p[memberCurrency] != "" {
		r.Method, r.Details = a.described(p)
	}
	return r, nil
}

// proofs are the https addresses of an order's proof files. The documents say only that they are a list: texts, objects
// with a text in them, or lists of either are understood.
func proofs(payload []byte) []string {
	var order map[string]json.RawMessage
	var files any
	if json.Unmarshal(payload, &order) != nil || json.Unmarshal(order[memberProofs], &files) != nil {
		return nil // none
	}
	return addresses(files, nil)
}

func addresses(value any, all []string) []string {
	switch v := value.(type) {
	case string:
		if strings.HasPrefix(v, "https://") && !slices.Contains(all, v) {
			all = append(all, v)
		}
	case []any:
		for _, one := range v {
			all = addresses(one, all)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			all = addresses(v[name], all)
		}
	}
	return all
}

// described is the method of an order and what its answer repeats of the recipient. A channel that we do not know
// cannot be the one that was asked for.
func (a *account) described(p params) (string, map[string]string) {
	m, ok := a.byChannel(p["channel"], p[memberCurrency])
	if !ok {
		return p["channel"] + " " + p[memberCurrency], nil
	}
	return m.ID, m.decode(p)
}

// amount reads what an order says about its amount: a text or a number, under the newer or the older name.
func (p params) amount() (money.Amount, error) {
	text := cmp.Or(p[memberAmount], p[memberAmountOlder])
	if text == "" {
		return money.Amount{}, nil
	}
	return money.ParseDecimal(text, strings.ToUpper(p[memberCurrency]))
}

// Balance asks for each currency that the account's methods pay. The company refuses to tell about a currency in which
// the merchant has no account; that is left out.
func (a *account) Balance(ctx context.Context) ([]money.Amount, error) {
	var all []money.Amount
	var refused error
	for _, currency := range a.currencies() {
		payload, err := a.get(ctx, pathBalance, params{memberCurrency: currency})
		if e, ok := errors.AsType[*providers.Error](err); ok && e.Code == codeRefused {
			refused = err
			continue
		}
		if err != nil {
			return nil, err
		}
		p, _, err := flat(payload)
		if err != nil {
			return nil, unreadable(err.Error())
		}
		amount, err := money.ParseDecimal(p[memberBalance], currency)
		if err != nil {
			return nil, unreadable(err.Error())
		}
		all = append(all, amount)
	}
	if len(all) == 0 {
		return nil, refused
	}
	return all, nil
}

// Check asks who we are.
func (a *account) Check(ctx context.Context) error {
	payload, err := a.get(ctx, pathInfo, params{})
	if err != nil {
		return err
	}
	p, _, err := flat(payload)
	if err != nil {
		return unreadable(err.Error())
	}
	if p["id"] != a.merchant() {
		return unreadable("the answer is about another merchant")
	}
	return nil
}

func (a *account) get(ctx context.Context, path string, p params) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.cfg.BaseURL+path+"?"+a.sign(p).query(), nil)
	if err != nil {
		return nil, &providers.Error{Code: httpx.CodeRequest, Err: err}
	}
	return a.call(req)
}

func (a *account) post(ctx context.Context, p params) (*http.Request, error) {
	body, err := p.body()
	if err != nil {
		return nil, &providers.Error{Kind: providers.NotSent, Code: httpx.CodeRequest, Err: err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.cfg.BaseURL+pathOrders, bytes.NewReader(body))
	if err != nil {
		return nil, &providers.Error{Kind: providers.NotSent, Code: httpx.CodeRequest, Err: err}
	}
	req.Header.Set("Content-Type", "application/json")
	return req, nil
}

// envelope is what every answer is wrapped in. Answers to payout calls carry no signature.
type envelope struct {
	Code    json.Number     `json:"code"`
	RID     json.RawMessage `json:"rid"` // names the answer at the company; since 2026, and only of refusals
	Payload json.RawMessage `json:"payload"`
	Errors  json.RawMessage `json:"errors"`
}

// call returns the payload of an accepted call. Accepted does not mean that money moved. Errors are of kind Unknown:
// what a refusal means depends on the call.
func (a *account) call(req *http.Request) ([]byte, error) {
	answer, err := httpx.Call(a.cfg.HTTP, req)
	if err != nil {
		return nil, err
	}
	var e envelope
	if err := answer.JSON(&e); err != nil {
		if answer.OK() {
			return nil, err
		}
		e = envelope{} // half read is not read
	}
	switch e.Code {
	case codeOK:
		return e.Payload, nil
	case "":
		return nil, answer.Unexpected("")
	}
	refusal := answer.Unexpected(e.message())
	refusal.Code, refusal.Credentials = e.Code.String(), e.Code == codeNoAccess || e.Code == codeForbids
	return nil, refusal
}

// maxMessage bounds what is shown of the company's words.
const maxMessage = 500

// message is the company's explanation, which it asks to show to people, without the number of the answer that the
// documents of 2026 put before it; that one is in the recorded answer. It may be in Chinese; nothing depends on it.
func (e envelope) message() string {
	var errs struct{ Message string }
	if json.Unmarshal(e.Errors, &errs) != nil {
		return ""
	}
	rid, _ := httpx.Text(e.RID)
	text := []rune(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(errs.Message), "["+rid+"]")))
	return string(text[:min(len(text), maxMessage)])
}

func unreadable(why string) error {
	return &providers.Error{Code: httpx.CodeUnreadable, Err: errors.New(why)}
}
