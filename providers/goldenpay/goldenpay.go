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
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
)

const docsURL = "https://integration.gpbli.top/en/reference/"

// What the documents leave open is decided here, for adapter and simulator alike.
const (
	pathOrders  = "/api/v1/mch/wdl-orders"
	pathBalance = "/api/v1/mch/balance"
	pathInfo    = "/api/v1/mch/info"

	// The rule says that every parameter is signed; the string printed as an example lacks the timestamp.
	signTimestamp = true
	// Documents of 2026: letters and digits, 6 to 24. Older ones: at least 6, elsewhere at most 32.
	nonceLength = 16
	// "Keep two decimals", also for whole Vietnamese dong.
	decimals = 2
	// Pays nobody; meant for tests. Offered only where no real money moves.
	channelMock = "mock"
	// PIX keys and recipients' phone numbers: the form of the older examples.
	phonePlus = "+"
	// What the company wants to read to stop repeating a webhook.
	replyDone = "success"
)

// Business codes. The JSON counts, not the HTTP status ("need not be equal"). Only codeRefused is on the reject list.
const (
	codeOK       = "200"
	codeRefused  = "400" // parameters, signature, refusals such as limits and wrong account numbers
	codeNoAccess = "401"
	codeForbids  = "403"
	codeNotFound = "404"
)

// Status words. "Anything else is still processing", so another word is never an end; and 20 is no success, though
// some integrations read it as one.
const (
	wordNew      = "10"
	wordAccepted = "20"
	wordFailed   = "50" // cancelled or rejected, which the company does not tell apart
	wordPaid     = "60"
)

func status(word string) providers.Status {
	switch word {
	case wordNew, wordAccepted:
		return providers.Accepted
	case wordFailed:
		return providers.Failed
	case wordPaid:
		return providers.Paid
	default:
		return ""
	}
}

//go:embed locales
var locales embed.FS

// Definition describes the company.
func Definition() providers.Definition {
	return providers.Definition{
		ID: "goldenpay", Name: "GoldenPay", DocsURL: docsURL, Settings: settings(), Messages: locales,
		Webhooks: providers.WebhooksPerOrder, RepeatsRefused: true, Open: open, Simulator: newSimulator,
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
	p["sign"] = p.signature(a.cfg.Settings.Get(settingKey))
	return p
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
	payload, err := a.get(ctx, pathOrders, params{"id": cmp.Or(at.Reference, at.RemoteID)})
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
	p, nested, err := flat(payload)
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
		Attempt: providers.Attempt{Reference: p["trans_id"], RemoteID: p["id"]},
		Status:  status(p["status"]), Word: p["status"], Amount: amount,
	}
	if p["channel"] != "" && p["currency"] != "" {
		r.Method, r.Details = a.described(p)
	}
	if slices.Contains(nested, "attachments") {
		r.Proofs = attachments(payload)
	}
	return r, nil
}

// attachments are the addresses of proof files that an order is shown with: texts, or objects that hold one under "url"
// (assumption 16: the documents say only that it is a list). What is neither is no address.
func attachments(payload []byte) []string {
	var order struct {
		Attachments []json.RawMessage `json:"attachments"`
	}
	if json.Unmarshal(payload, &order) != nil {
		return nil
	}
	var all []string
	for _, one := range order.Attachments {
		text, simple := httpx.Text(one)
		if !simple {
			var file struct {
				URL string `json:"url"`
			}
			_ = json.Unmarshal(one, &file) // a list has no address
			text = file.URL
		}
		if text != "" {
			all = append(all, text)
		}
	}
	return all
}

// described is the method of an order and what its answer repeats of the recipient. A channel that we do not know
// cannot be the one that was asked for.
func (a *account) described(p params) (string, map[string]string) {
	m, ok := a.byChannel(p["channel"], p["currency"])
	if !ok {
		return p["channel"] + " " + p["currency"], nil
	}
	return m.ID, m.decode(p)
}

// amount reads what an order says about its amount: a text or a number, under the newer or the older name.
func (p params) amount() (money.Amount, error) {
	text := cmp.Or(p["order_amount"], p["amount"])
	if text == "" {
		return money.Amount{}, nil
	}
	return money.ParseDecimal(text, strings.ToUpper(p["currency"]))
}

// Balance asks for each currency that the account's methods pay. The company refuses to tell about a currency in which
// the merchant has no account; that is left out.
func (a *account) Balance(ctx context.Context) ([]money.Amount, error) {
	var all []money.Amount
	var refused error
	for _, currency := range a.currencies() {
		payload, err := a.get(ctx, pathBalance, params{"currency": currency})
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
		amount, err := money.ParseDecimal(p["balance"], currency)
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

// requestID is what the documents of 2026 put before a message; the recorded answer has it.
var requestID = regexp.MustCompile(`^\[[0-9A-Za-z-]{1,64}\]\s*`)

// message is the company's explanation, which it asks to show to people. It may be in Chinese; nothing depends on it.
func (e envelope) message() string {
	var errs struct{ Message string }
	if json.Unmarshal(e.Errors, &errs) != nil {
		return ""
	}
	text := []rune(requestID.ReplaceAllString(strings.TrimSpace(errs.Message), ""))
	return string(text[:min(len(text), maxMessage)])
}

func unreadable(why string) error {
	return &providers.Error{Code: httpx.CodeUnreadable, Err: errors.New(why)}
}
