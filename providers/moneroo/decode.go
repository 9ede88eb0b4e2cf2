package moneroo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
)

// Bounds of what is read.
const (
	maxDepth   = 32  // objects and lists inside each other; the deepest sample has five
	maxID      = 200 // bytes of an identifier; the longest sample has 36
	maxProblem = 500 // characters of what Moneroo says about a refusal
)

// object is a JSON object as it came: keys with their case, numbers with their digits (json.Number). A nil one is empty.
type object map[string]any

// decode reads one JSON object. A key that stands twice, broken UTF-8 and anything after the object are refused:
// whoever checks and whoever reads must see the same.
func decode(body []byte) (object, error) {
	if !utf8.Valid(body) || !json.Valid(body) {
		return nil, unreadable("not JSON")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	v, err := value(d, maxDepth)
	if err != nil {
		return nil, &providers.Error{Code: codeAnswer, Err: err}
	}
	o, ok := v.(object)
	if !ok {
		return nil, unreadable("not a JSON object")
	}
	return o, nil
}

func value(d *json.Decoder, depth int) (any, error) {
	if depth == 0 {
		return nil, errors.New("nested too deeply")
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return members(d, depth-1)
	case json.Delim('['):
		return elements(d, depth-1)
	}
	return token, nil
}

func members(d *json.Decoder, depth int) (any, error) {
	o := object{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := key.(string)
		if _, twice := o[name]; twice {
			return nil, errors.New("a key stands twice")
		}
		if o[name], err = value(d, depth); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return o, err
}

func elements(d *json.Decoder, depth int) (any, error) {
	list := []any{}
	for d.More() {
		v, err := value(d, depth)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.Token()
	return list, err
}

// at returns what stands at a path such as "disburse.method.short_code", nil if nothing does.
func (o object) at(path string) any {
	var v any = o
	for name := range strings.SplitSeq(path, ".") {
		inner, ok := v.(object)
		if !ok {
			return nil
		}
		v = inner[name]
	}
	return v
}

// object returns the object at a path, nil if something else or nothing stands there: Moneroo writes an empty one as
// {}, [] or null.
func (o object) object(path string) object {
	inner, _ := o.at(path).(object)
	return inner
}

// text returns the first text, number or truth value that stands at one of the paths and is not empty.
func (o object) text(paths ...string) string {
	for _, path := range paths {
		if text := textOf(o.at(path)); text != "" {
			return text
		}
	}
	return ""
}

func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// isID reports whether a text can name a payout. Identifiers of three shapes are documented, so no shape is asked for.
func isID(id string) bool {
	return id != "" && len(id) <= maxID && strings.Trim(id, ".") != "" && !strings.ContainsFunc(id, isOdd)
}

func isOdd(r rune) bool { return !unicode.IsPrint(r) || r == ' ' }

// statusOf understands Moneroo's words: https://docs.moneroo.io/payouts/payout-status
func statusOf(word string) providers.Status {
	switch word {
	case wordInitiated, wordPending:
		return providers.Accepted
	case wordSuccess:
		return providers.Paid
	case wordFailed:
		return providers.Failed
	}
	return ""
}

// result reads the record of a payout, in either of the two shapes that are documented:
// https://docs.moneroo.io/payouts/verify-payout and https://docs.moneroo.io/payouts/retrieve-payout
//
// 9. The customer is left out: in the sample it was changed weeks after the payout, so it is a record that payouts share.
func (o object) result() (providers.Result, error) {
	r := providers.Result{
		Attempt: providers.Attempt{RemoteID: o.text("id"), Reference: o.text("metadata." + referenceKey)},
		Word:    o.text("status"),
		Method:  o.text("disburse.method.short_code", "method.short_code", "method.code"),
		Live:    liveOf(o.text("environment")),
	}
	r.Status = statusOf(r.Word)
	r.Details = o.recipient(r.Method)
	if r.Status == providers.Failed { // a payout that succeeded may hold such a text too
		r.Message = clip(o.text("disburse.failure_message", "disburse.gateway.transaction_failure_message"))
	}
	amount, err := o.amount()
	r.Amount = amount
	return r, err
}

// amount reads the amount in major units. What is there must be understood.
func (o object) amount() (money.Amount, error) {
	figure, currency := o.text("amount"), o.text("currency.code", "currency")
	if figure == "" && currency == "" && o["amount"] == nil {
		return money.Amount{}, nil
	}
	a, err := money.ParseDecimal(figure, currency)
	if err != nil {
		return money.Amount{}, &providers.Error{Code: codeAnswer, Err: fmt.Errorf("amount of the payout: %w", err)}
	}
	return a, nil
}

func liveOf(mode string) *bool {
	live := mode == modeLive || mode == modeProduction
	if !live && mode != modeSandbox {
		return nil
	}
	return &live
}

// recipient reads the number paid to, where the record has it and has it as it was sent, with the country code.
func (o object) recipient(method string) map[string]string {
	phone := providers.Field{Name: fieldPhone, Type: providers.Phone, Prefix: planOf(builtIn(method).Country).prefix}
	number := phone.Clean(o.text("payout_phone_number"))
	if phone.Prefix == "" || phone.Check(number) != nil {
		return nil
	}
	return map[string]string{fieldPhone: number}
}

// problem is what Moneroo says about a call that failed: its message, then whatever "errors" adds to it. That is null,
// a list of objects or texts, or texts or lists of them by field.
func (o object) problem() string {
	var texts []string
	for _, text := range append([]string{o.text("message")}, textsIn(o["errors"])...) {
		if text != "" && !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return clip(strings.Join(texts, "; "))
}

// textsIn collects the texts of a value, those of an object in the order of its keys.
func textsIn(v any) []string {
	var texts []string
	switch v := v.(type) {
	case string:
		texts = append(texts, v)
	case []any:
		for _, inner := range v {
			texts = append(texts, textsIn(inner)...)
		}
	case object:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			texts = append(texts, textsIn(v[name])...)
		}
	}
	return texts
}

// clip cuts a text of Moneroo's to what an operator reads.
func clip(text string) string {
	runes := []rune(text)
	if len(runes) <= maxProblem {
		return text
	}
	return string(runes[:maxProblem]) + "…"
}

func number(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }

// order reads a new payout as encode wrote it.
func (o object) order() (providers.Order, error) {
	figure, isNumber := o["amount"].(json.Number)
	if !isNumber {
		return providers.Order{}, errors.New("read the amount back: not a number")
	}
	amount, err := money.ParseDecimal(figure.String(), o.text("currency"))
	if err != nil {
		return providers.Order{}, fmt.Errorf("read the amount back: %w", err)
	}
	order := providers.Order{
		Reference: o.text("metadata." + referenceKey), Method: o.text("method"), Amount: amount,
		Description: o.text("description"), Details: map[string]string{},
	}
	for _, part := range []string{"customer", "recipient"} {
		for name, v := range o.object(part) {
			text, isText := v.(string)
			if !isText || isCustomer(name) != (part == "customer") {
				return providers.Order{}, fmt.Errorf("read %s.%s back: not as it is written here", part, name)
			}
			order.Details[name] = text
		}
	}
	return order, nil
}
