package etpay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
)

// encode writes JSON without the escapes meant for web pages.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// encode writes an order as the company wants it. The text for the recipient is a field of its own: the reason of a payout
// is for its approvers, and is not sent.
func (a *account) encode(o providers.Order) ([]byte, error) {
	switch {
	case a.country.code == "" || o.Method != a.country.method.ID:
		return nil, providers.UnknownMethod(o.Method)
	case o.Amount.Currency != a.country.method.Currency || o.Amount.Minor <= 0:
		return nil, errors.New("no amount that this account pays")
	case o.Reference == "" || o.CallbackURL == "":
		return nil, errors.New("no reference, or no address for the webhook")
	}
	c := create{
		MerchantOrderID: o.Reference, Amount: json.Number(o.Amount.Decimal()), Currency: o.Amount.Currency,
		Description: o.Details[fieldText], WebhookURL: o.CallbackURL,
		Beneficiary: beneficiary{Name: o.Details[fieldName], Email: o.Details[fieldEmail], BankCode: o.Details[fieldBank]},
	}
	if c.Description == "" {
		c.Description = o.Reference
	}
	if a.country.code == chile {
		c.Beneficiary.DocumentType = documentRUT
		c.Beneficiary.DocumentNumber = writeRUT(o.Details[fieldRUT], a.cfg.Settings.Get(settingRUTForm))
		c.Beneficiary.AccountType, c.Beneficiary.AccountNumber = o.Details[fieldKind], o.Details[fieldAccount]
	} else {
		c.Beneficiary.AccountType, c.Beneficiary.AccountNumber = accountClabe, o.Details[fieldClabe]
	}
	return encode(c)
}

// decode turns a body back into an order.
func (a *account) decode(c create) (providers.Order, error) {
	amount, err := money.ParseDecimal(c.Amount.String(), a.country.method.Currency)
	if err != nil {
		return providers.Order{}, err
	}
	o := providers.Order{Reference: c.MerchantOrderID, Method: a.country.method.ID, Amount: amount, CallbackURL: c.WebhookURL, Details: map[string]string{}}
	values := map[string]string{fieldName: c.Beneficiary.Name, fieldEmail: c.Beneficiary.Email, fieldBank: c.Beneficiary.BankCode}
	if c.Description != c.MerchantOrderID {
		values[fieldText] = c.Description
	}
	if a.country.code == chile {
		values[fieldRUT], values[fieldKind], values[fieldAccount] = readRUT(c.Beneficiary.DocumentNumber), c.Beneficiary.AccountType, c.Beneficiary.AccountNumber
	} else {
		values[fieldClabe] = c.Beneficiary.AccountNumber
	}
	for name, value := range values {
		if value != "" {
			o.Details[name] = value
		}
	}
	return o, nil
}

// ReadBack decodes what is about to leave. Written again from what was understood it must be the same, to the byte.
func (a *account) ReadBack(r *http.Request, body []byte) (providers.Readback, error) {
	var again []byte
	var rb providers.Readback
	var err error
	switch {
	case a.calls(r, pathLogin):
		again, err = a.login()
	case a.calls(r, pathPayouts):
		var c create
		if err := json.Unmarshal(body, &c); err != nil {
			return providers.Readback{}, errors.New("not the JSON of a payout")
		}
		o, err := a.decode(c)
		if err != nil {
			return providers.Readback{}, err
		}
		rb = providers.Readback{Moves: true, Order: &o}
		if again, err = a.encode(o); err != nil {
			return providers.Readback{}, err
		}
	default:
		return providers.Readback{}, fmt.Errorf("%s %s is no call of this adapter", r.Method, r.URL.Path)
	}
	if err != nil || !bytes.Equal(again, body) {
		return providers.Readback{}, errors.New("it holds more, or something else, than what it asks for")
	}
	return rb, nil
}

// calls reports whether a request is the POST of a path and nothing else.
func (a *account) calls(r *http.Request, path string) bool {
	base, err := url.Parse(a.cfg.BaseURL)
	return err == nil && r.Method == http.MethodPost && r.URL.Path == base.Path+path && r.URL.RawQuery == ""
}

// record is a JSON object as an answer shows it.
type record map[string]json.RawMessage

// records reads the objects of an answer: one, a list, either of them wrapped in "data". Assumptions 4, 7 and 8.
func records(body []byte) ([]record, error) {
	body = bytes.TrimSpace(body)
	if isList(body) {
		return list(body)
	}
	members, err := httpx.Members(body)
	if err != nil {
		return nil, err
	}
	switch inner := bytes.TrimSpace(members[memberData]); {
	case isList(inner):
		return list(inner)
	case len(inner) > 0 && inner[0] == '{':
		members, err = httpx.Members(inner)
		return []record{members}, err
	}
	return []record{members}, nil
}

func isList(body []byte) bool { return len(body) > 0 && body[0] == '[' }

func list(body []byte) ([]record, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil {
		return nil, errors.New("no JSON")
	}
	all := make([]record, len(raw))
	for i, one := range raw {
		members, err := httpx.Members(one)
		if err != nil {
			return nil, err
		}
		all[i] = members
	}
	return all, nil
}

func (r record) text(name string) string {
	text, _ := httpx.Text(r[name])
	return text
}

// quoted is a member that is a JSON text, else "".
func (r record) quoted(name string) string {
	if value := r[name]; len(value) == 0 || value[0] != '"' {
		return ""
	}
	return r.text(name)
}

func (r record) first(names []string) string {
	for _, name := range names {
		if text := r.text(name); text != "" {
			return text
		}
	}
	return ""
}

func (r record) id() string { return r.first(namesID) }

// time reads whole seconds since 1970.
func (r record) time(name string) (time.Time, bool) {
	seconds, err := strconv.ParseInt(r.text(name), 10, 64)
	return time.Unix(seconds, 0), err == nil
}

// has reports whether a member is there and not null.
func (r record) has(name string) bool { return len(r[name]) > 0 && string(r[name]) != "null" }

// amount reads a figure in the currency of the record; nothing there is no amount. 15000.00 of a currency without decimals
// is 15000.
func (r record) amount(name string) (money.Amount, error) {
	if !r.has(name) {
		return money.Amount{}, nil
	}
	return money.ParseDecimal(r.text(name), strings.ToUpper(r.text(memberCurrency)))
}
