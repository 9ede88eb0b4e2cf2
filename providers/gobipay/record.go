package gobipay

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
)

const (
	maxMessage = 500 // characters kept of a company's words
	maxDepth   = 8   // levels read of an answer that says no
	maxWord    = 60
)

// record is what an answer says about one withdrawal: the places where that may stand, the answer itself first
// (ASM-6 to ASM-8).
type record []object

func readRecord(answer httpx.Answer) (record, error) {
	var top map[string]any
	if err := answer.JSON(&top); err != nil {
		return nil, err
	}
	if top == nil {
		return nil, unreadable("the answer is null")
	}
	r := record{top}
	data, ok := top[keyData].(map[string]any)
	if ok {
		r = append(r, data)
	}
	for _, place := range []map[string]any{data, top} {
		if inner, ok := place[keyTransaction].(map[string]any); ok {
			r = append(r, inner)
		}
	}
	return r, nil
}

// identifier is the first there is, "" if there is none or it is none we can use.
func (r record) identifier() withdrawID {
	for _, key := range identifierKeys() {
		if id := withdrawID(r.first(key)); id != "" {
			if !id.valid() {
				return ""
			}
			return id
		}
	}
	return ""
}

// about says which withdrawal the record names, asked about one: that one if it stands anywhere in it, another if it
// names another outright, "" if it names none.
func (r record) about(id withdrawID) withdrawID {
	for _, key := range identifierKeys() {
		for _, place := range r {
			if text(place[key]) == string(id) {
				return id
			}
		}
	}
	return withdrawID(tidy(r.first(keyIdentifier), maxWithdraw))
}

// first is the first text at a key.
func (r record) first(keys ...string) string {
	for _, key := range keys {
		for _, place := range r {
			if value := text(place[key]); value != "" {
				return value
			}
		}
	}
	return ""
}

// words are all the status words in the record, each once. A status that is no word is an empty one.
func (r record) words() []string {
	var words []string
	for _, key := range statusKeys() {
		for _, place := range r {
			word := tidy(text(place[key]), maxWord)
			if place[key] != nil && !slices.Contains(words, word) {
				words = append(words, word)
			}
		}
	}
	return words
}

// status is what the words mean if they all mean the same: "success" around an answer must not end an order that the
// answer itself calls pending. It is "" if that is not understood, or if there is no word.
func status(words []string) providers.Status {
	if len(words) == 0 {
		return ""
	}
	s := statusOf(words[0])
	for _, word := range words[1:] {
		if statusOf(word) != s {
			return ""
		}
	}
	return s
}

// result is what the record says, asked about a withdrawal of a store with that currency. An end is believed only of
// the withdrawal named, with an amount that can be read.
func (r record) result(id withdrawID, currency string) providers.Result {
	words := r.words()
	result := providers.Result{
		Attempt: providers.Attempt{RemoteID: string(r.about(id))}, Status: status(words), Word: strings.Join(words, ", "),
		Method: r.platform(), Message: r.message(),
	}
	amount, readable := r.amount(currency)
	result.Amount = amount
	if fee, err := money.ParseDecimal(r.first(feeKeys()...), currency); err == nil {
		result.Fee = fee
	}
	if result.Status != providers.Accepted && (result.Attempt.RemoteID != string(id) || !readable) {
		result.Status = ""
	}
	return result
}

// amount is what the record states, without a currency if it states none. It reports whether it could be read; an
// amount that is not there can be.
func (r record) amount(currency string) (money.Amount, bool) {
	figure, stated := r.first(keyAmount), strings.ToUpper(r.currency())
	if figure == "" {
		return money.Amount{}, !r.has(keyAmount)
	}
	if stated != "" {
		currency = stated
	}
	amount, err := money.ParseDecimal(figure, currency)
	amount.Currency = stated
	return amount, err == nil
}

// platform is the platform's identifier, if the record has it as text.
func (r record) platform() string {
	for _, place := range r {
		if id, ok := place[keyPlatform].(string); ok {
			return tidy(id, maxPlatform+1)
		}
	}
	return ""
}

func (r record) currency() string {
	for _, place := range r {
		if code := codeOf(place[keyCurrency]); code != "" {
			return code
		}
	}
	return ""
}

// has reports whether anything but null stands at a key.
func (r record) has(key string) bool {
	return slices.ContainsFunc(r, func(place object) bool { return place[key] != nil })
}

// message is what an answer of success adds in words.
func (r record) message() string {
	return tidy(unmarked(r.first(keyMessage, keyDetail)), maxMessage)
}

// refusalText is what an answer that says no says, in the order of ASM-10: never a page, at most 500 characters.
func refusalText(answer httpx.Answer) string {
	var v any
	if answer.JSON(&v) != nil {
		return statusText(answer.Status)
	}
	top, _ := v.(map[string]any)
	for _, key := range messageKeys() {
		if said := sentence(top[key], ""); said != "" {
			return said
		}
	}
	if said := sentence(v, ""); said != "" {
		return said
	}
	return statusText(answer.Status)
}

func statusText(code int) string {
	return strings.TrimSpace(fmt.Sprintf("HTTP %d %s", code, http.StatusText(code)))
}

func sentence(v any, name string) string {
	return tidy(strings.Join(flatten(v, name, maxDepth), "; "), maxMessage)
}

// flatten lists the texts in v, each behind the name of its field: "args[2].value: may not be empty".
func flatten(v any, name string, depth int) []string {
	if depth == 0 {
		return nil
	}
	var all []string
	switch v := v.(type) {
	case string:
		return labelled(name, unmarked(v))
	case []any:
		for i, item := range v {
			at := name
			if _, ok := item.(map[string]any); ok {
				at = fmt.Sprintf("%s[%d]", name, i+1)
			}
			all = append(all, flatten(item, at, depth-1)...)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			all = append(all, flatten(v[key], join(name, unmarked(key)), depth-1)...)
		}
	}
	return all
}

func labelled(name, said string) []string {
	switch {
	case said == "":
		return nil
	case name == "":
		return []string{said}
	}
	return []string{name + ": " + said}
}

func join(name, member string) string {
	if name == "" {
		return member
	}
	return name + "." + member
}

// unmarked is a text unless it is markup, such as the page of a server that broke down.
func unmarked(said string) string {
	if strings.ContainsAny(said, "<>") {
		return ""
	}
	return said
}

// text is a text or a number as it was written; "" for anything else.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	}
	return ""
}

// tidy makes one line of a text, of printable characters and at most so many of them.
func tidy(said string, most int) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, said)
	runes := []rune(strings.Join(strings.Fields(clean), " "))
	return string(runes[:min(len(runes), most)])
}
