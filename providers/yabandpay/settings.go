package yabandpay

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
)

// Names of settings.
const (
	settingUser       = "user"
	settingKey        = "secret_key"
	settingCurrencies = "currencies"
	settingOlder      = "legacy_commond"
	settingMethod     = "method"
)

// Values of settingOlder.
const (
	off = "off"
	on  = "on"
)

func settings() []providers.Field {
	return []providers.Field{
		{
			Name: settingUser, Max: 64, Pattern: `[0-9A-Za-z@._+-]+`, Example: "036870",
			Label: providers.Text{Key: "yabandpay.user", English: "UID of the super admin"},
			Help: providers.Text{Key: "yabandpay.user.help",
				English: "Six digits, in YabandPay’s portal. The UID of a cashier or an operator, as shop plugins use it, cannot pay out."},
		},
		{
			Name: settingKey, Type: providers.Secret,
			Label: providers.Text{Key: "yabandpay.secret_key", English: "Secret key of the super admin"},
			Help:  providers.Text{Key: "field.secret.help", English: "Stored encrypted. Once saved nobody can read it back, only replace it."},
		},
		{
			Name: settingCurrencies, Optional: true, Max: 60, Pattern: `[A-Za-z]{3}([ ,;]+[A-Za-z]{3})*`, Example: "EUR, CHF",
			Label: providers.Text{Key: "yabandpay.currencies", English: "Currencies of the wallet"},
			Help:  providers.Text{Key: "yabandpay.currencies.help", English: "Such as EUR, CHF. Empty: EUR."},
		},
		{
			Name: settingOlder, Type: providers.Choice, Optional: true,
			Label: providers.Text{Key: "yabandpay.legacy_commond", English: "Older spelling “commond”"},
			Help:  providers.Text{Key: "yabandpay.expert.help", English: "Leave it as it is unless YabandPay tells you otherwise."},
			Options: []providers.Option{
				{Value: off, Label: providers.Text{Key: "yabandpay.legacy_commond.off", English: "off: “command”, as in current documents"}},
				{Value: on, Label: providers.Text{Key: "yabandpay.legacy_commond.on", English: "on: “commond”, as in older documents"}},
			},
		},
		{
			Name: settingMethod, Optional: true, Max: 40, Pattern: `[A-Za-z0-9.]+`, Example: methodFinance,
			Label: providers.Text{Key: "yabandpay.method", English: "Name of the finance call"},
			Help:  providers.Text{Key: "yabandpay.expert.help", English: "Leave it as it is unless YabandPay tells you otherwise."},
		},
	}
}

func (a *account) user() string   { return a.cfg.Settings.Get(settingUser) }
func (a *account) key() string    { return a.cfg.Settings.Get(settingKey) }
func (a *account) method() string { return cmp.Or(a.cfg.Settings.Get(settingMethod), methodFinance) }
func (a *account) older() bool    { return a.cfg.Settings.Get(settingOlder) == on }

// wallets makes a method of each currency: there is nothing to be told but the amount.
func wallets(typed string) (providers.Catalog, error) {
	var all providers.Catalog
	seen := map[string]bool{}
	for _, currency := range strings.FieldsFunc(cmp.Or(typed, defaultCurrency), func(r rune) bool { return strings.ContainsRune(" ,;", r) }) {
		currency = strings.ToUpper(currency)
		if digits, ok := money.Digits(currency); !ok || digits != decimals {
			return nil, fmt.Errorf("currency %s is not one of two decimals", currency)
		}
		if seen[currency] {
			continue
		}
		seen[currency] = true
		all = append(all, providers.Method{
			ID: methodID(currency), Name: "YabandPay wallet", Currency: currency, Own: true,
			Note: providers.Text{Key: "yabandpay.note",
				English: "Goes to the merchant’s own bank account, as registered with YabandPay. YabandPay then approves it a second time, by itself or in its portal."},
		})
	}
	if len(all) == 0 {
		return nil, errors.New("no currency")
	}
	return all, nil
}

func methodID(currency string) string { return "wallet_" + strings.ToLower(currency) }

// ofCurrency finds the method of a currency.
func (a *account) ofCurrency(currency string) (providers.Method, bool) {
	for _, m := range a.Catalog {
		if m.Currency == currency {
			return m, true
		}
	}
	return providers.Method{}, false
}
