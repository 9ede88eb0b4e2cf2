package goldenpay

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/paywicket/paywicket/providers"
)

// The names of the settings.
const (
	settingMerchant = "mch_id"
	settingKey      = "api_key"
	settingBrazil   = "channel_brl"
	settingIndia    = "channel_inr"
	settingNations  = "countries"
	settingTime     = "sign_timestamp"
)

// The countries of the documents of 2026, which an account offers if it does not say otherwise. Those of the older ones
// are chosen by their channel.
const nations = "VN, TH, PH"

func settings() []providers.Field {
	channel := func(name, key, english string) providers.Field {
		return providers.Field{
			Name: name, Optional: true, Max: 40, Pattern: `[a-z0-9._-]+`,
			Label: providers.Text{Key: "goldenpay." + key, English: english},
			Help:  providers.Text{Key: "goldenpay.channel.help", English: "Leave empty unless GoldenPay gave you a channel code."},
		}
	}
	return []providers.Field{
		{
			Name: settingMerchant, Type: providers.Digits, Max: 18, Pattern: `[1-9][0-9]*`, Example: "10001",
			Label: providers.Text{Key: "field.merchant_id", English: "Merchant ID"},
			Help:  providers.Text{Key: "goldenpay.mch_id.help", English: "“mch_id” in GoldenPay’s back office: digits only."},
		},
		{
			Name: settingKey, Type: providers.Secret,
			Label: providers.Text{Key: "field.api_key", English: "API key"},
			Help:  providers.Text{Key: "field.secret.help", English: "Stored encrypted. Once saved nobody can read it back, only replace it."},
		},
		{
			Name: settingNations, Optional: true, Max: 20, Pattern: `(VN|TH|PH)([ ,;]+(VN|TH|PH))*`, Example: nations,
			Label: providers.Text{Key: "goldenpay.countries", English: "Countries"},
			Help:  providers.Text{Key: "goldenpay.countries.help", English: "Where you have channels for payouts. Empty: all three."},
		},
		channel(settingBrazil, "channel_brl", "Channel code for PIX (Brazil)"),
		channel(settingIndia, "channel_inr", "Channel code for India"),
		{
			Name: settingTime, Type: providers.Choice, Optional: true,
			Label: providers.Text{Key: "goldenpay.time", English: "Time in the signature"},
			Help: providers.Text{Key: "goldenpay.time.help",
				English: "Leave it as it is unless every call is refused because of its signature though the key is right."},
			Options: []providers.Option{
				{Value: timeSigned, Label: providers.Text{Key: "goldenpay.time.signed", English: "signed, as the rule says"}},
				{Value: timeUnsigned, Label: providers.Text{Key: "goldenpay.time.unsigned", English: "left out, as in the printed example"}},
			},
		},
	}
}

// row is a method with the channel that stands for it. One channel serves several countries: the currency decides.
type row struct {
	providers.Method
	channel string
}

// rowsFor lists the methods of an account. Of the channels in the documents those are left out of which nothing says
// that they pay out: momo, zalo, viettel, truemoney, grab, phqr, usdt.trc20 (and scratch, which cannot).
func rowsFor(s providers.Settings, live, simulator bool) ([]row, error) {
	vietnam, err := banks("vn")
	if err != nil {
		return nil, err
	}
	thailand, err := banks("th")
	if err != nil {
		return nil, err
	}
	rows := []row{
		{channel: channelBank, Method: providers.Method{
			ID: "vn_bank", Name: "Bank transfer (Vietnam)", Country: "VN", Currency: "VND",
			Fields: vietnamFields(vietnam),
		}},
		{channel: channelBank, Method: providers.Method{
			ID: "th_bank", Name: "Bank transfer (Thailand)", Country: "TH", Currency: "THB",
			Fields: thailandFields(thailand),
		}},
		{channel: channelGCash, Method: providers.Method{
			ID: "ph_gcash", Name: "GCash", Country: "PH", Currency: "PHP",
			Fields: walletFields(),
		}},
		{channel: channelMaya, Method: providers.Method{
			ID: "ph_maya", Name: "Maya", Country: "PH", Currency: "PHP",
			Fields: walletFields(), Note: unconfirmed(),
		}},
		{channel: legacy(s.Get(settingBrazil)), Method: providers.Method{
			ID: "br_pix", Name: "PIX", Country: "BR", Currency: "BRL",
			Fields: pixFields(), Note: older(),
		}},
		{channel: legacy(s.Get(settingIndia)), Method: providers.Method{
			ID: "in_bank", Name: "Bank transfer (India)", Country: "IN", Currency: "INR",
			Fields: indiaFields(), Note: older(),
		}},
	}
	chosen := cmp.Or(s.Get(settingNations), nations)
	rows = slices.DeleteFunc(rows, func(m row) bool { return strings.Contains(nations, m.Country) && !strings.Contains(chosen, m.Country) })
	if !live {
		rows = forTests(rows, simulator)
	}
	return slices.DeleteFunc(rows, func(m row) bool { return m.channel == "" }), nil
}

// legacy is a channel code typed in by hand. The one for tests is no such code.
func legacy(code string) string {
	if code == channelMock {
		return ""
	}
	return code
}

// forTests offers the channel for tests, once for each currency, with the fields of its first method. The company has no
// address for tests: at its own one every other channel pays, so a test account has them only at a simulator.
func forTests(rows []row, simulator bool) []row {
	var all []row
	if simulator {
		all = slices.Clone(rows)
	}
	for _, m := range rows {
		if slices.ContainsFunc(all, func(other row) bool { return other.channel == channelMock && other.Currency == m.Currency }) {
			continue
		}
		mock := m.Method
		mock.ID, mock.Name = "mock_"+strings.ToLower(m.Currency), "Mock ("+m.Currency+")"
		mock.Note = providers.Text{Key: "goldenpay.note.mock", English: "GoldenPay’s channel for tests. Nobody is paid."}
		all = append(all, row{Method: mock, channel: channelMock})
	}
	return all
}

func unconfirmed() providers.Text {
	return providers.Text{
		Key: "goldenpay.note.maya", English: "GoldenPay’s documents do not say whether this channel pays out. Try a small amount first.",
	}
}

func older() providers.Text {
	return providers.Text{
		Key: "goldenpay.note.legacy", English: "Only in GoldenPay’s older documents. Ask them whether it still pays before you use it.",
	}
}

func catalog(rows []row) providers.Catalog {
	var all providers.Catalog
	for _, m := range rows {
		all = append(all, m.Method)
	}
	return all
}

func (a *account) byID(id string) (row, bool) {
	return find(a.rows, func(m row) bool { return m.ID == id })
}

func (a *account) byChannel(channel, currency string) (row, bool) {
	return find(a.rows, func(m row) bool { return m.channel == channel && m.Currency == strings.ToUpper(currency) })
}

func find(rows []row, fits func(row) bool) (row, bool) {
	if i := slices.IndexFunc(rows, fits); i >= 0 {
		return rows[i], true
	}
	return row{}, false
}

func (a *account) currencies() []string {
	var all []string
	for _, m := range a.rows {
		if !slices.Contains(all, m.Currency) {
			all = append(all, m.Currency)
		}
	}
	return all
}

//go:embed data/banks_vn.json data/banks_th.json
var data embed.FS

// banks reads the banks of a country as options. The value of one is its code and its name as the company spells them,
// "970407 TECHCOMBANK", since both are required and a bank that is not listed can then be typed in whole. A name that
// is the code is left out.
func banks(country string) ([]providers.Option, error) {
	text, err := data.ReadFile("data/banks_" + country + ".json")
	if err != nil {
		return nil, fmt.Errorf("banks of %s: %w", country, err)
	}
	var list struct {
		Banks []struct{ Code, Name, Label string }
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("banks of %s: %w", country, err)
	}
	var all []providers.Option
	for _, b := range list.Banks {
		all = append(all, providers.Option{Value: joinBank(b.Code, b.Name), Label: providers.Text{English: b.Label}})
	}
	return all, nil
}

func joinBank(code, name string) string {
	if code == "" || name == "" || code == name {
		return code
	}
	return code + " " + name
}

func splitBank(value string) (string, string) {
	code, name, named := strings.Cut(value, " ")
	if !named {
		name = code
	}
	return code, name
}

// Members that are put together or derived.
const (
	fieldBank    = "bank" // of ours: account_org_code and account_org
	fieldKeyType = "account_type"
)

// encode writes details as the company's members.
func (m row) encode(details map[string]string) params {
	p := params{}
	for _, f := range providers.Shown(m.Fields, details) {
		value := details[f.Name]
		switch {
		case value == "":
		case f.Name == fieldBank:
			p["account_org_code"], p["account_org"] = splitBank(value)
		case hasPlus(f):
			p[f.Name] = phonePlus + value
		default:
			p[f.Name] = value
		}
	}
	// "Needed when the key is a phone number", or an address: it is the key itself.
	switch p[fieldKeyType] {
	case keyPhone:
		p["account_phone"] = p["account_no"]
	case keyEmail:
		p["account_email"] = p["account_no"]
	}
	return p
}

// decode turns the company's members back into details. What is not there stays empty.
func (m row) decode(p params) map[string]string {
	details := map[string]string{}
	for _, f := range providers.Shown(m.Fields, map[string]string{fieldKeyType: p[fieldKeyType]}) {
		value := p[f.Name]
		switch {
		case f.Name == fieldBank:
			value = joinBank(p["account_org_code"], p["account_org"])
		case hasPlus(f):
			value = strings.TrimPrefix(value, phonePlus)
		}
		if value != "" {
			details[f.Name] = value
		}
	}
	return details
}

// hasPlus reports whether a number goes out with a plus sign. Wallets are numbers of the country, without.
func hasPlus(f providers.Field) bool {
	return f.Type == providers.Phone && (f.Role == providers.RolePhone || f.Prefix != "")
}
