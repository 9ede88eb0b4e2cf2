package etpay

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
)

// Names of settings.
const (
	settingMerchant = "merchant_code"
	settingToken    = "merchant_api_token"
	settingUser     = "username"
	settingPassword = "password"
	settingCountry  = "country"
	settingRUTForm  = "rut_form"
	settingRUTCheck = "rut_check"
)

// Names of fields.
const (
	fieldName    = "name"
	fieldRUT     = "rut"
	fieldBank    = "bank"
	fieldKind    = "account_type"
	fieldAccount = "account_number"
	fieldClabe   = "clabe"
	fieldEmail   = "email"
	fieldText    = "description"
)

const (
	chile  = "CL"
	mexico = "MX"

	checkOff = "off"
)

func secretHelp() providers.Text {
	return providers.Text{Key: "field.secret.help", English: "Stored encrypted. Once saved nobody can read it back, only replace it."}
}

func settings() []providers.Field {
	return []providers.Field{
		{
			Name: settingMerchant, Max: 100, Pattern: `[A-Za-z0-9_.-]+`, Example: "cl_demo",
			Label: providers.Text{Key: "etpay.merchant_code", English: "Merchant code"},
			Help:  providers.Text{Key: "etpay.merchant_code.help", English: "As ETpay gave it to you. It differs between sandbox and production."},
		},
		{Name: settingToken, Type: providers.Secret, Label: providers.Text{Key: "etpay.merchant_api_token", English: "Merchant API token"}, Help: secretHelp()},
		{
			Name: settingUser, Max: 200, Example: "payouts@paywicket.example",
			Label: providers.Text{Key: "etpay.username", English: "User name for payouts"},
			Help:  providers.Text{Key: "etpay.username.help", English: "Of the user that ETpay made for the sign-in of programs."},
		},
		{Name: settingPassword, Type: providers.Secret, Label: providers.Text{Key: "etpay.password", English: "Password of that user"}, Help: secretHelp()},
		{
			Name: settingCountry, Type: providers.Choice, Optional: true,
			Label: providers.Text{Key: "etpay.country", English: "Country of the account"},
			Help:  providers.Text{Key: "etpay.country.help", English: "Only if the merchant code does not begin with it: cl_ for Chile, mx_ for Mexico."},
			Options: []providers.Option{
				{Value: chile, Label: providers.Text{Key: "etpay.chile", English: "Chile (CLP)"}},
				{Value: mexico, Label: providers.Text{Key: "etpay.mexico", English: "Mexico (MXN)"}},
			},
		},
		{
			Name: settingRUTForm, Type: providers.Choice, Optional: true,
			Label: providers.Text{Key: "etpay.rut_form", English: "How a RUT is sent"},
			Help:  providers.Text{Key: "etpay.rut_form.help", English: "Leave it as it is unless ETpay tells you otherwise."},
			Options: []providers.Option{
				{Value: rutDash, Label: providers.Text{English: "12345678-5"}},
				{Value: rutPlain, Label: providers.Text{English: "123456785"}},
				{Value: rutPadded, Label: providers.Text{English: "0123456785"}},
			},
		},
		{
			Name: settingRUTCheck, Type: providers.Choice, Optional: true,
			Label: providers.Text{Key: "etpay.rut_check", English: "Check digits of a RUT"},
			Help:  providers.Text{Key: "etpay.rut_check.help", English: "Sample data of ETpay’s sandbox has RUTs that are wrong. Live accounts always check."},
			Options: []providers.Option{
				{Value: "on", Label: providers.Text{Key: "etpay.rut_check.on", English: "checked"}},
				{Value: checkOff, Label: providers.Text{Key: "etpay.rut_check.off", English: "not checked, in test accounts"}},
			},
		},
	}
}

// country is what an account's country decides. The zero value: nobody can tell.
type country struct {
	code   string
	zone   *time.Location // in which the company counts days
	method providers.Method
}

// countryOf is the country of the setting, else that which the merchant code begins with.
func countryOf(s providers.Settings, live bool) (country, error) {
	c, place := country{code: s.Get(settingCountry)}, ""
	if c.code == "" {
		prefix, _, _ := strings.Cut(s.Get(settingMerchant), "_")
		c.code = strings.ToUpper(prefix)
	}
	var fields []providers.Field
	var err error
	switch c.code {
	case chile:
		place, c.method = "America/Santiago", providers.Method{ID: "cl_bank", Name: "Bank account in Chile", Country: chile, Currency: "CLP"}
		fields, err = chilean(live, !live && s.Get(settingRUTCheck) == checkOff)
	case mexico:
		place, c.method = "America/Mexico_City", providers.Method{ID: "mx_clabe", Name: "Bank account in Mexico", Country: mexico, Currency: "MXN"}
		fields = mexican()
	default:
		return country{zone: time.UTC}, nil
	}
	if err != nil {
		return country{}, err
	}
	c.method.Fields = append(fields,
		providers.Field{Name: fieldEmail, Type: providers.Email, Optional: true, Role: providers.RoleEmail,
			Label: providers.Text{Key: "field.email", English: "E-mail address"}},
		providers.Field{Name: fieldText, Optional: true, Max: maxText, Pattern: `[\p{L}\p{N} .:;/&'()#+-]*`, Example: "Factura 118",
			Label: providers.Text{Key: "etpay.description", English: "Text for the recipient"},
			Help:  providers.Text{Key: "etpay.description.help", English: "Up to 30 letters, digits and simple marks, without a comma. Empty: our reference."}},
	)
	c.zone, err = time.LoadLocation(place)
	return c, err
}

func nameField() providers.Field {
	return providers.Field{Name: fieldName, Max: 100, Role: providers.RoleName,
		Label: providers.Text{Key: "field.full_name", English: "Full name"},
		Help:  providers.Text{Key: "etpay.name.help", English: "As the bank has it."}}
}

// chilean are the fields of a payout in Chile.
func chilean(live, unchecked bool) ([]providers.Field, error) {
	banks, err := banksOf(chile, live)
	if err != nil {
		return nil, err
	}
	rut := providers.Field{Name: fieldRUT, Format: providers.RUT, Max: 12, Example: "12.345.678-5", Role: providers.RoleTaxID,
		Label: providers.Text{Key: "etpay.rut", English: "RUT"},
		Help:  providers.Text{Key: "etpay.rut.help", English: "Of the holder of the account, with the character behind the dash."}}
	if unchecked {
		rut.Format, rut.Pattern, rut.Example = "", `[1-9][0-9]{0,7}-[0-9K]`, "12345678-9"
	}
	return []providers.Field{
		nameField(), rut,
		{Name: fieldBank, Type: providers.Bank, Options: banks, Max: 40, Pattern: `cl_[a-z0-9_]+`, Example: "cl_bci", Role: providers.RoleBank,
			Label: providers.Text{Key: "field.bank", English: "Bank"},
			Help:  providers.Text{Key: "etpay.bank.help", English: "If it is not listed, type ETpay’s code for it."}},
		{Name: fieldKind, Type: providers.Choice, Options: kinds(),
			Label: providers.Text{Key: "etpay.account_type", English: "Kind of account"}},
		{Name: fieldAccount, Type: providers.Digits, Max: 20, Role: providers.RoleAccount,
			Label: providers.Text{Key: "field.account_number", English: "Account number"}},
	}, nil
}

// mexican are the fields of a payout in Mexico. The bank is in the CLABE.
func mexican() []providers.Field {
	return []providers.Field{
		nameField(),
		{Name: fieldClabe, Type: providers.Digits, Format: providers.CLABE, Max: 18, Example: "032180000118359719", Role: providers.RoleAccount,
			Label: providers.Text{Key: "etpay.clabe", English: "CLABE"},
			Help:  providers.Text{Key: "etpay.clabe.help", English: "18 digits. The first three name the bank."}},
	}
}

//go:embed data/banks.json
var bankData []byte

// banksOf lists the banks of a country by ETpay's codes. The bank for tests is no bank: live accounts do not offer it.
// Assumption 6.
func banksOf(country string, live bool) ([]providers.Option, error) {
	var list struct {
		Banks []struct {
			Code    string `json:"etpay_code"`
			Country string `json:"country"`
			Name    string `json:"name"`
		} `json:"banks"`
	}
	if err := json.Unmarshal(bankData, &list); err != nil {
		return nil, fmt.Errorf("banks: %w", err)
	}
	var all []providers.Option
	for _, b := range list.Banks {
		if b.Country == country && b.Code != "" && (!live || !strings.HasSuffix(b.Code, "_test")) {
			all = append(all, providers.Option{Value: b.Code, Label: providers.Text{English: b.Name}})
		}
	}
	return all, nil
}
