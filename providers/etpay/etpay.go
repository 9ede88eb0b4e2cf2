// Package etpay pays to bank accounts in Chile and Mexico through ETpay. One signs in, asks for a payout with one call, and
// is told by webhook how it ended; payouts can be read one by one and by date:
// https://etpay.notion.site/REST-API-Integration-2ee5f3354d5f80ed9936f63ef1dba87d
//
// The public pages describe the flow, the credentials and the sign-in; what the rest looks like on the wire can be read in no
// copy of them. It is assumed, in assumed.go.
package etpay

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"errors"
	"net/http"
	"net/url"
	"slices"
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
		Webhooks:  providers.WebhooksPerOrder, RepeatsRefused: repeatsRefused,
		Portal: providers.Text{Key: "etpay.portal", English: "In ETpay’s dashboard search the payouts for our reference. If several have it, compare amount, recipient and time of each: only the one that fits is ours."},
		Open:   open, Simulator: newSimulator, Switches: switches(),
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
	a := &account{cfg: cfg, country: c, session: session{turn: make(chan struct{}, 1)}}
	if c.code != "" {
		a.Catalog = providers.Catalog{c.method}
	}
	return a, nil
}

func (a *account) merchant() string { return a.cfg.Settings.Get(settingMerchant) }

// Prepare signs in so that the token outlives the send.
func (a *account) Prepare(ctx context.Context, o providers.Order) error {
	if _, err := a.encode(o); err != nil {
		if _, ours := errors.AsType[*providers.Error](err); ours {
			return err
		}
		return &providers.Error{Kind: providers.Refused, Code: codeOrder, Message: err.Error(), Err: err}
	}
	if _, err := a.token(ctx, sendLife); err != nil {
		return err
	}
	if !a.session.outlives(a.cfg.Now(), sendLeast) {
		return &providers.Error{Kind: providers.NotSent, Code: codeShort, Err: errors.New("a new token ends before a send may")}
	}
	return nil
}

// sendLife is longer than a send may take, with everything around it: what is left of a token before it is renewed. sendLeast
// is the least that a new token must be good for.
const (
	sendLife  = 2 * time.Minute
	sendLeast = time.Minute
)

// Codes of our own.
const (
	codeOrder     = "order"         // not a payout that this account can ask for
	codeSignedOut = "signed_out"    // no token when it was to be sent
	codeShort     = "token_short"   // tokens end too soon, or the clock is wrong
	codeDuplicate = "duplicate"     // the reference exists at the company: the first one does
	codeNotListed = "not_listed"    // nothing with our reference
	codeSeveral   = "several"       // more than one payout with our reference
	codeCountry   = "etpay_country" // of a test call: the country cannot be told
)

// Send asks for a payout with one POST. It never signs in: without a token nothing is asked for.
func (a *account) Send(ctx context.Context, o providers.Order) (providers.Result, error) {
	body, err := a.encode(o)
	if err != nil {
		return providers.Result{}, &providers.Error{Kind: providers.NotSent, Code: codeOrder, Err: err}
	}
	token := a.session.held(a.cfg.Now())
	if token == "" {
		return providers.Result{}, &providers.Error{Kind: providers.NotSent, Code: codeSignedOut}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.cfg.BaseURL+pathPayouts, bytes.NewReader(body))
	if err != nil {
		return providers.Result{}, &providers.Error{Kind: providers.NotSent, Code: httpx.CodeRequest, Err: err}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(header, scheme+token)
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
	e := failure(answer)
	switch answer.Status {
	case http.StatusUnauthorized:
		a.session.drop(token)
	case http.StatusConflict:
		e.Code = codeDuplicate
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		if refuses(answer.Body) {
			e.Kind = providers.Refused
		}
	}
	return e
}

// refuses reports whether an error has words for it and names no payout, not even beside them.
func refuses(body []byte) bool {
	members, err := httpx.Members(body)
	if err != nil || strings.TrimSpace(record(members).quoted(memberMessage)) == "" || record(members).id() != "" {
		return false
	}
	inner, err := records(body)
	return err == nil && !slices.ContainsFunc(inner, func(r record) bool { return r.id() != "" })
}

// failure reads an answer that is no success: {"message", "error_code", "errors": [{"field", "message"}]}, of which only the
// message can be counted on.
func failure(answer httpx.Answer) *providers.Error {
	e := answer.Unexpected("")
	members, err := httpx.Members(answer.Body)
	if err != nil {
		return e
	}
	e.Message = message(members)
	if code := cut(record(members).text(memberCode), maxCode); code != "" {
		e.Code = code
	}
	return e
}

// Lookup asks by the company's identifier, or looks for our reference among the payouts of the days around the send.
func (a *account) Lookup(ctx context.Context, at providers.Attempt) (providers.Result, error) {
	switch {
	case at.RemoteID != "":
		return a.one(ctx, at.RemoteID)
	case at.Reference == "":
		return providers.Result{}, &providers.Error{Code: codeOrder, Err: errors.New("nothing to ask for")}
	}
	around := at.SentAt
	if around.IsZero() {
		around = a.cfg.Now()
	}
	var found []record
	for r, err := range a.listed(ctx, around.AddDate(0, 0, -1), around.AddDate(0, 0, 1)) {
		if err != nil {
			return providers.Result{}, err
		}
		if r.text(memberReference) == at.Reference {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return providers.Result{}, &providers.Error{Code: codeNotListed, NotFound: true}
	case 1:
		return a.result(found[0])
	}
	var ids []string
	for _, r := range found {
		ids = append(ids, r.id())
	}
	return providers.Result{}, &providers.Error{Code: codeSeveral, Message: cut("merchant_order_id "+at.Reference+": "+strings.Join(ids, ", "), maxMessage)}
}

func (a *account) one(ctx context.Context, id string) (providers.Result, error) {
	answer, err := a.get(ctx, pathPayouts+"/"+url.PathEscape(id))
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
	if code := r.text(memberMerchant); code != "" && code != a.merchant() {
		return providers.Result{}, unreadable("the answer is about another merchant")
	}
	res := providers.Result{Attempt: providers.Attempt{Reference: r.text(memberReference), RemoteID: r.id()}, Word: r.first(namesStatus)}
	res.Status, res.Stage = status(res.Word)
	if res.Status == providers.Failed || res.Status == "" { // a word nobody knows: theirs may help
		res.Message = message(r)
	}
	if key := r.quoted(memberKey); key != "" {
		res.Attempt.Kept = map[string]string{keptKey: key}
	}
	var err error
	if res.Amount, err = r.amount(memberAmount); err != nil {
		return providers.Result{}, unreadable(err.Error())
	}
	if fee, err := r.amount(memberFee); err == nil { // nothing is decided by it
		res.Fee = fee
	}
	return res, nil
}

// keptKey is what the core keeps for us, sealed: the key of the payout's webhook.
const keptKey = memberKey

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
	if code := all[0].text(memberMerchant); code != "" && code != a.merchant() {
		return nil, unreadable("the answer is about another merchant")
	}
	amount, err := all[0].amount(memberAvailable)
	if err != nil || amount.Currency == "" {
		return nil, unreadable("no balance in the answer")
	}
	return []money.Amount{amount}, nil
}

// Check signs in anew and reads the balance. An account whose country nobody can tell offers no methods, and says so here.
func (a *account) Check(ctx context.Context) error {
	if a.country.code == "" {
		return &providers.Error{Code: codeCountry, Err: errors.New("neither the setting nor the merchant code tells the country")}
	}
	a.session.drop(a.session.held(a.cfg.Now()))
	_, err := a.Balance(ctx)
	return err
}

// maxMessage and maxCode bound what is shown of the company's words, in characters.
const (
	maxMessage = 500
	maxCode    = 100
)

// message is the company's explanation with what it says of single members, and its code, all as they are.
func message(r record) string {
	text := strings.TrimSpace(cmp.Or(r.text(memberReason), r.text(memberMessage)))
	details, _ := list(r[memberErrors]) // of another shape: nothing to show
	for _, d := range details {
		if said := d.text(memberMessage); said != "" && said != text {
			text = strings.TrimPrefix(text+"; "+strings.TrimPrefix(d.text(memberField)+": "+said, ": "), "; ")
		}
	}
	code := cut(r.text(memberCode), maxCode)
	switch {
	case code == "":
		return cut(text, maxMessage)
	case text == "":
		return code
	}
	code = " (" + code + ")"
	return cut(text, maxMessage-len([]rune(code))) + code
}

func cut(text string, most int) string {
	all := []rune(strings.TrimSpace(text))
	return string(all[:min(len(all), most)])
}

func unreadable(why string) error {
	return &providers.Error{Code: httpx.CodeUnreadable, Err: errors.New(why)}
}
