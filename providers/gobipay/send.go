package gobipay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
)

// What is kept with an attempt: that the second step was answered with success. A word that a withdrawal may also have
// before that step then means that it is under way.
const (
	keptCashOut = "cash_out"
	keptTaken   = "taken"
)

// Prepare reads the platform's arguments anew and holds the order against them. It moves nothing.
func (a *adapter) Prepare(ctx context.Context, o providers.Order) error {
	args, err := a.offered(ctx, o.Method)
	if err != nil {
		return httpx.NothingMoved(err)
	}
	_, err = a.compose(o, args)
	return err
}

// Send opens a withdrawal, has its identifier stored, and finishes it: once.
func (a *adapter) Send(ctx context.Context, o providers.Order) (providers.Result, error) {
	body, err := a.order(ctx, o)
	if err != nil {
		return providers.Result{}, notSent(err)
	}
	id, err := a.init(ctx, o, body)
	if err != nil {
		return providers.Result{}, err
	}
	attempt := providers.Attempt{Reference: o.Reference, RemoteID: string(id)}
	if err := o.Checkpoint(ctx, attempt); err != nil {
		return providers.Result{}, &providers.Error{Kind: providers.NotSent, Code: codeCheckpoint, Err: err}
	}
	return a.cashOut(ctx, id, attempt)
}

// order makes the body of the first step.
func (a *adapter) order(ctx context.Context, o providers.Order) ([]byte, error) {
	if o.Checkpoint == nil {
		return nil, &providers.Error{Code: codeCheckpoint, Err: errors.New("there is none")}
	}
	if !platformID(o.Method).valid() {
		return nil, providers.UnknownMethod(o.Method)
	}
	args, err := a.arguments(ctx, platformID(o.Method))
	if err != nil {
		return nil, err
	}
	body, err := a.compose(o, args)
	if err != nil {
		return nil, err
	}
	return json.Marshal(body)
}

// compose makes the order in the company's terms. It refuses one that does not fit what the platform asks for.
func (a *adapter) compose(o providers.Order, args []argument) (initBody, error) {
	amount, err := o.Amount.Whole()
	switch {
	case o.Amount.Currency != a.currency:
		return initBody{}, refused(codeCurrency, "the store pays out in "+a.currency)
	case err != nil || amount <= 0:
		return initBody{}, refused(codeAmount, "whole amounts above zero only")
	}
	if names := misfits(args, o.Details); len(names) > 0 {
		return initBody{}, refused(codeFields, "the platform now asks for something else: "+strings.Join(names, ", "))
	}
	body := initBody{
		Platform: platformID(o.Method), Amount: amount, Direct: true, Args: []initArg{},
		Extra: extraInfos{Store: a.store, Merchant: merchantWithdraw, Email: a.email},
	}
	for _, arg := range args {
		if value := o.Details[arg.field.Name]; value != "" {
			body.Args = append(body.Args, initArg{Name: arg.field.Name, Value: value, Type: arg.kind})
		}
	}
	return body, nil
}

// misfits names the details that are not asked for, missing, wrong, or not as they would be typed in now.
func misfits(args []argument, details map[string]string) []string {
	given := map[string]string{}
	for name, value := range details {
		if value != "" {
			given[name] = value
		}
	}
	fields := fieldsOf(args)
	names := providers.UnknownNames(fields, given)
	clean, wrong := providers.CheckAll(fields, given)
	for _, e := range wrong {
		names = append(names, e.Field)
	}
	for name, value := range clean {
		if given[name] != value {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func refused(code, message string) *providers.Error {
	return &providers.Error{Kind: providers.Refused, Code: code, Message: message}
}

// notSent says of an error before the first step that nothing was sent, whoever refused.
func notSent(err error) error {
	e, ok := errors.AsType[*providers.Error](httpx.NothingMoved(err))
	if !ok || e.Kind != providers.Refused {
		return httpx.NothingMoved(err)
	}
	copied := *e
	copied.Kind = providers.NotSent
	return &copied
}

// init is the first step. It moves no money: any 4xx refuses, whatever else goes wrong nothing was sent.
func (a *adapter) init(ctx context.Context, o providers.Order, body []byte) (withdrawID, error) {
	answer, err := a.post(ctx, pathInit, body)
	switch {
	case err != nil:
		return "", httpx.NothingMoved(err)
	case answer.Status >= 400 && answer.Status <= 499:
		e := a.unexpected(answer)
		e.Kind = providers.Refused
		return "", e
	case !answer.OK():
		return "", httpx.NothingMoved(a.unexpected(answer))
	}
	return a.opened(answer, o)
}

// opened reads the answer to the first step. What contradicts the order stops it, as does a withdrawal that failed.
func (a *adapter) opened(answer httpx.Answer, o providers.Order) (withdrawID, error) {
	r, err := readRecord(answer)
	if err != nil {
		return "", httpx.NothingMoved(err)
	}
	id := r.identifier()
	said := r.result(id, a.currency)
	stop := func(code, message string) (withdrawID, error) {
		return "", &providers.Error{Kind: providers.NotSent, Code: code, Message: message}
	}
	amount, readable := r.amount(a.currency)
	switch {
	case id == "":
		return stop(codeNoID, "opened without an identifier, so it was not finished")
	case said.Status == providers.Failed:
		return stop(codeOpened, a.hide(said.Message))
	case !readable || r.has(keyAmount) && !sameAmount(amount, o.Amount):
		return stop(codeDiffers, "opened with another amount, so it was not finished")
	case said.Method != "" && said.Method != o.Method:
		return stop(codeDiffers, "opened for another platform, so it was not finished")
	}
	return id, nil
}

// sameAmount compares what was stated with what was ordered; without a currency, the figures.
func sameAmount(stated, ordered money.Amount) bool {
	return stated.Minor == ordered.Minor && (stated.Currency == "" || stated.Currency == ordered.Currency)
}

// cashOut is the second step, which moves the money. No answer refuses it: only a look-up may say what became of it.
func (a *adapter) cashOut(ctx context.Context, id withdrawID, attempt providers.Attempt) (providers.Result, error) {
	answer, err := a.post(ctx, id.cashOutPath(), []byte(emptyBody))
	switch {
	case err != nil:
		return providers.Result{}, err
	case !answer.OK():
		return providers.Result{}, a.unexpected(answer)
	}
	r, err := readRecord(answer)
	if err != nil {
		return providers.Result{}, err
	}
	return a.taken(r, id, attempt), nil
}

// taken is the result of a second step that was answered with success: under way unless it says that it has ended.
func (a *adapter) taken(r record, id withdrawID, attempt providers.Attempt) providers.Result {
	result := r.result(id, a.currency)
	result.Message = a.hide(result.Message)
	if len(r.words()) == 0 {
		result.Status = providers.Accepted
	}
	attempt.Kept = map[string]string{keptCashOut: keptTaken}
	if result.Attempt.RemoteID != "" {
		attempt.RemoteID = result.Attempt.RemoteID // another one contradicts, and is seen to
	}
	result.Attempt = attempt
	return result
}

// Lookup asks where a withdrawal stands, by GobiPay's identifier (ASM-8). It cannot be asked by ours.
func (a *adapter) Lookup(ctx context.Context, attempt providers.Attempt) (providers.Result, error) {
	id := withdrawID(attempt.RemoteID)
	switch {
	case !hasStatus:
		return providers.Result{}, &providers.Error{Kind: providers.Unsupported, Code: codeNoStatus}
	case !id.valid():
		return providers.Result{}, &providers.Error{Kind: providers.Unsupported, Code: codeNoID, Message: "GobiPay is asked by its own identifier only"}
	}
	answer, err := a.post(ctx, id.statusPath(), []byte(emptyBody))
	switch {
	case err != nil:
		return providers.Result{}, err
	case answer.Status == http.StatusNotFound || answer.Status == http.StatusMethodNotAllowed:
		e := a.unexpected(answer)
		e.Kind, e.Code = providers.Unsupported, codeNoStatus
		return providers.Result{}, e
	case !answer.OK():
		return providers.Result{}, a.unexpected(answer)
	}
	r, err := readRecord(answer)
	if err != nil {
		return providers.Result{}, err
	}
	return a.found(r, id, attempt)
}

// found is the result of a look-up. A word that the first step alone accounts for proves nothing about the second.
func (a *adapter) found(r record, id withdrawID, attempt providers.Attempt) (providers.Result, error) {
	if attempt.Kept[keptCashOut] != keptTaken && slices.ContainsFunc(r.words(), isOpening) {
		return providers.Result{}, &providers.Error{Code: codeUnfinished, Message: "opened at GobiPay; nothing says that it was finished"}
	}
	result := r.result(id, a.currency)
	result.Message = a.hide(result.Message)
	return result, nil
}

// ReadBack decodes a request about to leave. The first step describes the order, the second moves the money of the
// withdrawal in its path, the status route does neither; anything else is not ours.
func (a *adapter) ReadBack(r *http.Request, body []byte) (providers.Readback, error) {
	path, ours := strings.CutPrefix(r.URL.EscapedPath(), a.base.EscapedPath())
	switch {
	case !ours || r.Method != http.MethodPost || r.URL.RawQuery != "":
		return providers.Readback{}, errors.New("not a request of this adapter")
	case r.Header.Get(headerMode) != a.mode || r.Header.Get(headerPublic) != a.public || r.Header.Get(headerSecret) != a.secret:
		return providers.Readback{}, errors.New("mode and keys are not those of the account")
	case path == pathInit:
		return a.readInit(body)
	case string(body) != emptyBody:
		return providers.Readback{}, errors.New("a body where none belongs")
	}
	if id, ok := withdrawIn(path, pathCashOut); ok {
		return providers.Readback{Moves: true, RemoteID: string(id)}, nil
	}
	if _, ok := withdrawIn(path, pathStatus); ok {
		return providers.Readback{}, nil
	}
	return providers.Readback{}, errors.New("not a route of this adapter")
}

// readInit decodes the first step. Written again it must be the same bytes: a name given twice, or one more than we
// know, would not be.
func (a *adapter) readInit(body []byte) (providers.Readback, error) {
	var b initBody
	if err := json.Unmarshal(body, &b); err != nil {
		return providers.Readback{}, errors.New("the body is not an order")
	}
	again, err := json.Marshal(b)
	want := extraInfos{Store: a.store, Merchant: merchantWithdraw, Email: a.email}
	if err != nil || !bytes.Equal(again, body) || b.Extra != want || !b.Direct {
		return providers.Readback{}, errors.New("the body is not an order of this account")
	}
	details := map[string]string{}
	for _, arg := range b.Args {
		if _, twice := details[arg.Name]; twice {
			return providers.Readback{}, errors.New("an argument stands twice")
		}
		details[arg.Name] = arg.Value
	}
	amount, err := wholeAmount(b.Amount, a.currency)
	if err != nil {
		return providers.Readback{}, err
	}
	return providers.Readback{Order: &providers.Order{Method: string(b.Platform), Amount: amount, Details: details}}, nil
}

// wholeAmount is a figure in whole units (ASM-5).
func wholeAmount(units int64, currency string) (money.Amount, error) {
	return money.ParseDecimal(strconv.FormatInt(units, 10), currency)
}
