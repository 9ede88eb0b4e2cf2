package etpay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
)

// create is the body that asks for a payout. Assumption 3; the rules for its members are those of ETpay's other products.
type create struct {
	MerchantOrderID string      `json:"merchant_order_id"`
	Amount          json.Number `json:"amount"`
	Currency        string      `json:"currency"`
	Description     string      `json:"description"`
	WebhookURL      string      `json:"webhook_url"`
	Beneficiary     beneficiary `json:"beneficiary"`
}

type beneficiary struct {
	Name           string `json:"name"`
	Email          string `json:"email,omitempty"`
	DocumentType   string `json:"document_type,omitempty"`
	DocumentNumber string `json:"document_number,omitempty"`
	BankCode       string `json:"bank_code,omitempty"`
	AccountType    string `json:"account_type"`
	AccountNumber  string `json:"account_number"`
}

const (
	documentRUT  = "rut"
	accountClabe = "clabe"
)

// encode writes JSON without the escapes meant for web pages.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// encode writes an order as the company wants it.
func (a *account) encode(o providers.Order) ([]byte, error) {
	switch {
	case o.Method != a.country.method.ID:
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
	case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, pathLogin):
		again, err = a.login()
	case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, pathPayouts):
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

// record is a JSON object as an answer shows it.
type record map[string]json.RawMessage

// records reads the objects of an answer: one, a list, either of them under "data". Assumptions 4, 7 and 8.
func records(body []byte) ([]record, error) {
	body = bytes.TrimSpace(body)
	if len(body) > 0 && body[0] == '[' {
		var list []json.RawMessage
		if err := json.Unmarshal(body, &list); err != nil {
			return nil, errors.New("no JSON")
		}
		var all []record
		for _, one := range list {
			members, err := httpx.Members(one)
			if err != nil {
				return nil, err
			}
			all = append(all, members)
		}
		return all, nil
	}
	members, err := httpx.Members(body)
	if err != nil {
		return nil, err
	}
	if inner := bytes.TrimSpace(members["data"]); len(inner) > 0 && (inner[0] == '{' || inner[0] == '[') {
		return records(inner)
	}
	return []record{members}, nil
}

func (r record) text(name string) string {
	text, _ := httpx.Text(r[name])
	return text
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

// amount reads a figure in the currency of the record; nothing there is no amount. 15000.00 of a currency without decimals
// is 15000.
func (r record) amount(name string) (money.Amount, error) {
	text := r.text(name)
	if text == "" {
		return money.Amount{}, nil
	}
	return money.ParseDecimal(text, strings.ToUpper(r.text("currency")))
}

func escape(id string) string { return url.PathEscape(id) }
