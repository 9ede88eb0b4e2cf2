package moneroo

import (
	"cmp"
	"encoding/json"
	"time"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/sim"
)

// How the two calls that read a payout write times.
const (
	verifyTime   = "2006-01-02T15:04:05.000000Z"
	retrieveTime = "2006-01-02T15:04:05Z"
)

// shape is a JSON object to be written.
type shape map[string]any

// verified is a payout as the verify call shows it: https://docs.moneroo.io/payouts/verify-payout
func (s *simulator) verified(o sim.Order) shape {
	created := o.Created.UTC().Format(verifyTime)
	return shape{
		"id": o.RemoteID, "status": o.Status, "amount": number(units(o.Amount)), "currency": currencyOf(o.Amount.Currency),
		"amount_formatted": formatted(o.Amount, " "), "description": o.Description, "environment": s.mode(modeLive),
		"metadata": json.RawMessage(o.Kept["metadata"]),
		"app": shape{
			"id": "01HHJYSA4VCBVKN4KTYF76J", "name": "Simulated shop", "website_url": "https://shop.example", "icon_url": icon("app"),
			"created_at": created, "updated_at": created, "is_enabled": false,
		},
		"customer":   customerOf(o, created, shape{"profile_url": icon("customer")}),
		"disburse":   disbursed(o),
		"failed_at":  since(o, wordFailed),
		"pending_at": since(o, wordPending), "success_at": since(o, wordSuccess),
	}
}

// disbursed is what became of it at the gateway. As in the sample, the sandbox speaks of a failure whatever happened.
func disbursed(o sim.Order) shape {
	gateway := shape{
		"id": sim.ID("gateway", 12), "account_name": "Simulated gateway", "name": "PawaPay", "short_code": "pawapay",
		"icon_url": icon("gateway"), "transaction_id": sim.UUID(o.RemoteID), "transaction_status": o.Status,
		"transaction_failure_message": failure(o, "The wallet does not accept this payment."),
	}
	if o.Method == demoMethod {
		gateway["account_name"], gateway["name"] = "Moneroo Test Payout Gateway", "Test Payout Gateway (Sandbox)"
		gateway["short_code"], gateway["transaction_status"] = "moneroo_payout_test", "test_"+o.Status
		gateway["transaction_failure_message"] = sayFailed
	}
	return shape{
		"id": sim.ID("disburse"+o.RemoteID, 12), "identifier": "pd_" + sim.ID("identifier"+o.RemoteID, 12),
		"failure_message": failure(o, gateway["transaction_failure_message"]), "failure_error_code": nil, "failure_error_type": nil,
		"method": shape{
			"id": sim.ID(o.Method, 12), "name": builtIn(o.Method).Name, "short_code": o.Method, "icon_url": icon(o.Method),
		},
		"gateway": gateway,
	}
}

// retrieved is a payout as the plain call shows it: https://docs.moneroo.io/payouts/retrieve-payout
func (s *simulator) retrieved(o sim.Order) shape {
	created := o.Created.UTC().Format(retrieveTime)
	processed := o.Status == wordSuccess || o.Status == wordFailed
	return shape{
		"id": o.RemoteID, "status": o.Status, "is_processed": processed, "processed_at": o.Updated.UTC().Format(retrieveTime),
		"amount": json.Number(number(units(o.Amount)).String() + ".0"), "currency": o.Amount.Currency,
		"amount_formatted": formatted(o.Amount, ""), "description": o.Description, "return_url": nil,
		"environment": s.mode(modeProduction), "initiated_at": created,
		"payout_phone_number": cmp.Or(o.Details[fieldPhone], o.Details[fieldAccount]),
		"app":                 shape{"id": "01HHJYSA4VCBVKN4KTYF76J", "name": "Simulated shop", "icon_url": icon("app")},
		"customer":            customerOf(o, created, shape{"environment": s.mode(modeProduction)}),
		"method": shape{
			"name": builtIn(o.Method).Name, "code": o.Method, "icon_url": icon(o.Method), "environment": s.mode(modeProduction),
		},
		"gateway": shape{
			"name": "PawaPay", "account_name": "Simulated gateway", "code": "pawapay", "icon_url": icon("gateway"),
			"environment": s.mode(modeProduction),
		},
		"metadata": json.RawMessage(o.Kept["metadata"]),
		"context":  shape{"ip": "192.0.2.7", "user_agent": "paywicket", "country": "BJ", "local": "en"},
	}
}

// customerOf is the customer of a payout, with the members that one shape has and the other has not.
func customerOf(o sim.Order, created string, more shape) shape {
	c := shape{
		"id": customerID(o), "first_name": o.Details[fieldFirst], "last_name": o.Details[fieldLast], "email": o.Details[fieldEmail],
		"phone": orNull(o.Kept["phone"]), "address": nil, "city": nil, "state": nil, "country_code": nil, "country": nil,
		"zip_code": nil, "created_at": created, "updated_at": created,
	}
	for name, v := range more {
		c[name] = v
	}
	return c
}

func customerID(o sim.Order) string { return sim.ID("customer"+o.Details[fieldEmail], 12) }

// mode is the word for the mode of the app, of two for live.
func (s *simulator) mode(live string) string {
	if s.live {
		return live
	}
	return modeSandbox
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// failure is a text about a payout that failed, null about another.
func failure(o sim.Order, text any) any {
	if o.Status != wordFailed {
		return nil
	}
	return text
}

// since is when a payout came to its status. The moment it became pending is shown ever after.
func since(o sim.Order, status string) any {
	at := o.Updated
	switch {
	case status == wordPending && (o.Status == wordSuccess || o.Status == wordFailed):
		at = o.Created.Add(time.Second)
	case o.Status != status:
		return nil
	}
	return at.UTC().Format(verifyTime)
}

// units are whole major units; the request's check made sure that there is no fraction.
func units(a money.Amount) int64 {
	whole, _ := a.Whole()
	return whole
}

// formatted is an amount for people, the symbol in front as in every sample.
func formatted(a money.Amount, gap string) string {
	if a.Currency == "USD" {
		return "$" + gap + a.Decimal()
	}
	return a.Currency + " " + a.Decimal()
}

// currencyOf is a currency as the verify call shows it. Two are documented; the others are made up by ISO 4217.
func currencyOf(code string) shape {
	digits, _ := money.Digits(code)
	c := shape{
		"name": code, "symbol": code, "symbol_first": false, "decimals": digits, "decimal_mark": ",", "thousands_separator": ".",
		"subunit": "Centime", "subunit_to_unit": 100, "symbol_native": code, "decimal_digits": digits, "rounding": 0, "code": code,
		"name_plural": code, "icon_url": icon(code),
	}
	switch code {
	case "USD":
		c["name"], c["name_plural"], c["subunit"], c["symbol"], c["symbol_native"] = "US Dollar", "US dollars", "Cent", "$", "$"
		c["symbol_first"], c["decimal_mark"], c["thousands_separator"] = true, ".", ","
	case "XOF":
		c["name"], c["name_plural"], c["symbol_native"] = "CFA Franc BCEAO", "CFA francs BCEAO", "CFA"
	}
	return c
}

func icon(name string) string { return "https://assets.example/" + name + ".svg" }

// webhook is what Moneroo posts. Names are written in another way than everywhere else.
type webhook struct {
	Event string  `json:"event"`
	Data  webData `json:"data"`
}

type webData struct {
	ID       string      `json:"id"`
	Amount   json.Number `json:"amount"`
	Currency string      `json:"currency"`
	Status   string      `json:"status"`
	Customer webCustomer `json:"customer"`
}

type webCustomer struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	First string `json:"firstName"`
	Last  string `json:"lastName"`
	Phone any    `json:"phone"`
}

// hooked is a payout as a webhook tells about it. Only samples about payments are documented.
func hooked(o sim.Order) webhook {
	return webhook{
		Event: payoutEvents + o.Status,
		Data: webData{
			ID: o.RemoteID, Amount: number(units(o.Amount)), Currency: o.Amount.Currency, Status: o.Status,
			Customer: webCustomer{
				ID: customerID(o), Email: o.Details[fieldEmail], First: o.Details[fieldFirst], Last: o.Details[fieldLast],
				Phone: orNull(o.Kept["phone"]),
			},
		},
	}
}

// published is a method of the public list: https://docs.moneroo.io/payouts/available-methods
func published(e entry) shape {
	return shape{
		"name": e.Name, "short_code": e.Code, "description": e.Name, "icon_url": icon(e.Code), "is_enabled": true,
		"fields":   []shape{{"label": e.Field, "type": "integer", "name": e.Field, "length": nil}},
		"currency": shape{"name": e.Currency, "symbol": e.Currency, "code": e.Currency, "icon_url": icon(e.Currency)},
		"countries": []shape{{
			"name": e.Country, "code": e.Country, "dial_code": "+" + cmp.Or(planOf(e.Country).prefix, "1"),
			"currency": e.Currency, "currency_symbol": e.Currency, "flag": icon(e.Country),
		}},
		"gateways": []shape{{"name": "PawaPay", "short_code": "pawapay", "icon_url": icon("gateway")}},
	}
}
