package moneroo

import (
	"encoding/json"
	"maps"
	"net/mail"
	"slices"
	"strings"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/sim"
)

// problem is what is wrong with one field of a request.
type problem struct{ field, text string }

// problems are all of them, in the order of the fields.
type problems []problem

// byField writes problems as lists of texts by field, as clients of the live API read them.
func (p problems) byField() any {
	all := map[string][]string{}
	for _, one := range p {
		all[one.field] = append(all[one.field], one.text)
	}
	return all
}

// asList writes problems as documented: objects with a type, a message and sometimes a hint.
func (p problems) asList() any {
	all := []any{}
	for _, one := range p {
		all = append(all, map[string]string{"type": "validation_error", "message": one.text})
	}
	return all
}

// form is a request while it is checked.
type form struct {
	object
	found problems
}

func (f *form) add(field, text string) { f.found = append(f.found, problem{field, text}) }

func (f *form) require(field string) bool {
	if v := f.at(field); v == nil || v == "" {
		f.add(field, "The "+field+" field is required.")
		return false
	}
	return true
}

// word reads a text that is required.
func (f *form) word(field string) string {
	if !f.require(field) {
		return ""
	}
	text, ok := f.at(field).(string)
	if !ok || strings.TrimSpace(text) == "" {
		f.add(field, "The "+field+" must be a string.")
		return ""
	}
	return text
}

// understand reads a new payout as Moneroo would. All fields are looked at, whatever is found.
func (s *simulator) understand(asked object) (sim.Order, problems) {
	f := &form{object: asked}
	var o sim.Order
	o.Amount = f.amount()
	o.Description = f.word("description")
	o.Method = f.word("method")
	o.Details = map[string]string{
		fieldEmail: f.word("customer." + fieldEmail), fieldFirst: f.word("customer." + fieldFirst), fieldLast: f.word("customer." + fieldLast),
	}
	f.email(o.Details[fieldEmail])
	f.person()
	metadata := f.metadata()
	f.recipient(s.offer(f, o), o.Details)
	o.Reference, _ = f.at("metadata." + referenceKey).(string)
	o.Kept = map[string]string{"metadata": metadata, "phone": f.text("customer.phone")}
	return o, f.found
}

// amount reads whole units of a known currency: 1000, 1000.0 and "1000" are taken, 12.5 is not.
func (f *form) amount() money.Amount {
	if !f.require("amount") {
		f.word("currency")
		return money.Amount{}
	}
	currency := f.word("currency")
	if !slices.ContainsFunc(builtInList(), func(e entry) bool { return e.Currency == currency }) {
		if currency != "" {
			f.add("currency", "The selected currency is invalid.")
		}
		return money.Amount{}
	}
	a, err := money.ParseDecimal(f.text("amount"), currency)
	whole, inexact := a.Whole()
	if err != nil || inexact != nil || whole <= 0 {
		f.add("amount", "The amount must be an integer greater than 0.")
	}
	return a
}

func (f *form) email(address string) {
	parsed, err := mail.ParseAddress(address)
	if address != "" && (err != nil || parsed.Address != address) {
		f.add("customer.email", "The customer.email must be a valid email address.")
	}
}

// person checks what else may be said about the customer.
func (f *form) person() {
	if v := f.at("customer.phone"); v != nil {
		if n, ok := v.(json.Number); !ok || !isDigits(n.String()) {
			f.add("customer.phone", "customer.phone must be a number")
		}
	}
	if v := f.at("customer.country"); v != nil {
		if text, ok := v.(string); !ok || !isCountry(text) {
			f.add("customer.country", "The customer.country must be 2 characters.")
		}
	}
	for _, name := range []string{"address", "city", "state", "zip"} {
		if _, ok := f.at("customer." + name).(string); !ok && f.at("customer."+name) != nil {
			f.add("customer."+name, "The customer."+name+" must be a string.")
		}
	}
}

// metadata checks it and returns it as JSON: a flat object of texts, whole numbers and truth values. PHP cannot tell an
// empty object from an empty list, and shows both as a list.
func (f *form) metadata() string {
	const empty = "[]"
	switch v := f.at("metadata").(type) {
	case nil:
		return empty
	case []any:
		if len(v) == 0 {
			return empty
		}
		f.add("metadata", "The metadata must be an object.")
	case object:
		return f.values(v, empty)
	default:
		f.add("metadata", "The metadata must be an object.")
	}
	return empty
}

func (f *form) values(metadata object, empty string) string {
	for _, name := range slices.Sorted(maps.Keys(metadata)) {
		field := "metadata." + name
		switch v := metadata[name].(type) {
		case bool:
		case string:
			if v == "" {
				f.add(field, "The "+field+" field is required.")
			}
		case json.Number:
			if !isDigits(strings.TrimPrefix(v.String(), "-")) {
				f.add(field, "The "+field+" must be a string, boolean or integer")
			}
		case nil:
			f.add(field, "The "+field+" field is required.")
		default:
			f.add(field, "The "+field+" must be a string, boolean or integer")
		}
	}
	kept, err := json.Marshal(metadata)
	if err != nil || len(metadata) == 0 {
		return empty
	}
	return string(kept)
}

// offer is the method asked for, if the app has it and it pays in that currency.
func (s *simulator) offer(f *form, o sim.Order) entry {
	e := builtIn(o.Method)
	switch {
	case o.Method == "":
	case e.Code == "" || e.Sandbox && s.live:
		f.add("method", "The selected method is invalid.")
		return entry{}
	case o.Amount.Currency != "" && o.Amount.Currency != e.Currency:
		f.add("currency", "No payout methods enabled for this currency")
	}
	return e
}

// recipient reads the account paid to, which stands inside "recipient" and nowhere else.
func (f *form) recipient(e entry, details map[string]string) {
	if f.object.object("recipient") == nil {
		f.add("recipient", "The recipient field is required.")
		return
	}
	field := "recipient." + e.Field
	if e.Code == "" || !f.require(field) {
		return
	}
	number, prefix := f.text(field), planOf(e.Country).prefix
	switch {
	case !isDigits(number):
		f.add(field, "The "+e.Field+" must be an integer.")
	case !strings.HasPrefix(number, prefix):
		f.add(field, e.Field+" must start with "+prefix)
	}
	details[e.Field] = number
}

func isDigits(text string) bool {
	return providers.Field{Type: providers.Digits}.Check(text) == nil
}
