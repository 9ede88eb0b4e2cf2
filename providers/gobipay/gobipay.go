// Package gobipay pays out through GobiPay, from the balance of a store to mobile-money wallets and bank accounts.
//
// A payout is two requests. The first opens a withdrawal and yields its identifier; the second, sent once that
// identifier is stored, moves the money. The documents say little of the answers: names.go holds what is assumed.
//
// https://doc-pay.gobiworld.com/api/withdraw/withdraw.html
package gobipay

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
)

//go:embed locales/*.json
var locales embed.FS

// The names of the settings.
const (
	settingPublic   = "public_key"
	settingSecret   = "secret_key"
	settingStore    = "store_slug"
	settingEmail    = "email"
	settingCurrency = "currency"

	currencyXOF = "XOF"
	currencyXAF = "XAF"
)

// The codes of the errors made here.
const (
	codeFields     = "fields_changed"       // the platform asks for something else than what was filled in
	codeCurrency   = "currency"             // not the currency of the store
	codeAmount     = "amount"               // an amount that is not whole
	codeCheckpoint = "checkpoint"           // the identifier could not be stored
	codeNoID       = "no_identifier"        // none in an answer, or none to look up by
	codeDiffers    = "opened_differently"   // the first step's answer contradicts what was ordered
	codeOpened     = "opened_failed"        // the first step's answer calls the withdrawal failed
	codeUnfinished = "not_finished"         // opened; nothing says that the second step arrived
	codeNoStatus   = "status_route_missing" // nobody can be asked
)

// Definition describes GobiPay.
func Definition() providers.Definition {
	return providers.Definition{
		ID:        "gobipay",
		Name:      "GobiPay",
		DocsURL:   docsURL,
		Addresses: []providers.Address{{Name: "default", URL: baseURL, Live: true, Test: true}},
		Settings:  settings(),
		Messages:  locales,
		Webhooks:  providers.WebhooksNone, // ASM-13
		Portal:    providers.Text{Key: "gobipay.portal", English: "In GobiPay’s merchant console look for the cash-out by its number, amount and time. One that was only opened has moved nothing; one that was confirmed may have, also if it is not listed as done yet."},
		Open:      open,
		Simulator: newSimulator,
		Switches:  switches(),
	}
}

func settings() []providers.Field {
	return []providers.Field{
		{
			Name: settingPublic, Label: providers.Text{Key: "field.public_key", English: "Public key"},
			Help: providers.Text{Key: "gobipay.public_key.help", English: "Test keys and live keys differ. Take both keys from the same pair."},
		},
		{
			Name: settingSecret, Type: providers.Secret, Label: providers.Text{Key: "field.secret_key", English: "Secret key"},
			Help: providers.Text{Key: "gobipay.secret_key.help", English: "The secret key of the same pair and mode as the public key."},
		},
		{
			Name: settingStore, Label: providers.Text{Key: "gobipay.store_slug", English: "Store slug"},
			Help:    providers.Text{Key: "gobipay.store_slug.help", English: "How GobiPay names the store whose balance is paid from."},
			Example: "3fa85f64-5717-4562-b3fc-2c963f66afa6",
		},
		{
			Name: settingEmail, Type: providers.Email, Label: providers.Text{Key: "field.email", English: "E-mail"},
			Help:    providers.Text{Key: "gobipay.email.help", English: "GobiPay is told this address with every payout. Use one that your team reads."},
			Example: "ops@example.com",
		},
		{
			Name: settingCurrency, Type: providers.Choice, Optional: true, Options: currencies(),
			Label: providers.Text{Key: "field.currency", English: "Currency"},
			Help:  providers.Text{Key: "gobipay.currency.help", English: "The currency of the store’s balance. Only platforms of this currency are offered. If you choose none, it is XOF."},
		},
	}
}

func currencies() []providers.Option {
	return []providers.Option{
		{Value: currencyXOF, Label: providers.Text{Key: "gobipay.currency.xof", English: "XOF (West Africa)"}},
		{Value: currencyXAF, Label: providers.Text{Key: "gobipay.currency.xaf", English: "XAF (Central Africa)"}},
	}
}

// adapter pays out of one store.
type adapter struct {
	base                 *url.URL
	public, secret, mode string
	store, email         string
	currency             string
	http                 *http.Client
	log                  *slog.Logger

	mu    sync.Mutex
	known map[platformID][]argument // as last read: their types go back as they came
}

func open(cfg providers.Config) (providers.Provider, error) {
	base, err := url.Parse(cfg.BaseURL)
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("gobipay: address %q is not one", cfg.BaseURL)
	}
	currency, err := storeCurrency(cfg.Settings.Get(settingCurrency))
	if err != nil {
		return nil, err
	}
	a := &adapter{
		base: base, mode: modeTest, currency: currency, http: cfg.HTTP, log: cfg.Log, known: map[platformID][]argument{},
		public: cfg.Settings.Get(settingPublic), secret: cfg.Settings.Get(settingSecret),
		store: cfg.Settings.Get(settingStore), email: cfg.Settings.Get(settingEmail),
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if cfg.Live {
		a.mode = modeLive
		a.warnOfTestKeys()
	}
	return a, nil
}

// storeCurrency is the currency of a setting.
func storeCurrency(setting string) (string, error) {
	switch setting {
	case "":
		return currencyXOF, nil
	case currencyXOF, currencyXAF:
		return setting, nil
	}
	return "", fmt.Errorf("gobipay: currency %q is neither %s nor %s", setting, currencyXOF, currencyXAF)
}

func (a *adapter) warnOfTestKeys() {
	if strings.HasPrefix(a.public, testPublicPrefix) || strings.HasPrefix(a.secret, testSecretPrefix) {
		a.log.Warn("live account of gobipay has a test key")
	}
}

// Check reads the first page of platforms. It proves the keys only if GobiPay looks at them there (ASM-1).
func (a *adapter) Check(ctx context.Context) error {
	answer, err := a.get(ctx, pathPlatforms)
	if err != nil {
		return err
	}
	_, _, err = readPage(answer)
	return err
}

// get reads a route, whose query may follow it. A status that is none of success is an error.
func (a *adapter) get(ctx context.Context, path string) (httpx.Answer, error) {
	answer, err := a.call(ctx, http.MethodGet, path, nil)
	if err == nil && !answer.OK() {
		return answer, a.unexpected(answer)
	}
	return answer, err
}

// post sends a body and returns the answer, whatever its status.
func (a *adapter) post(ctx context.Context, path string, body []byte) (httpx.Answer, error) {
	return a.call(ctx, http.MethodPost, path, body)
}

func (a *adapter) call(ctx context.Context, method, path string, body []byte) (httpx.Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, a.base.String()+path, bytes.NewReader(body))
	if err != nil {
		return httpx.Answer{}, &providers.Error{Kind: providers.NotSent, Code: httpx.CodeRequest, Err: err}
	}
	req.Header.Set(headerPublic, a.public)
	req.Header.Set(headerSecret, a.secret)
	req.Header.Set(headerMode, a.mode)
	req.Header.Set("Accept", "application/json")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	return httpx.Call(a.http, req)
}

// unexpected is an answer of no success, of kind Unknown. Keys it does not accept may be a 403 to GobiPay (ASM-10); one
// that is a page comes from something in between.
func (a *adapter) unexpected(answer httpx.Answer) *providers.Error {
	e := answer.Unexpected(a.hide(refusalText(answer)))
	e.Credentials = e.Credentials || answer.Status == http.StatusForbidden && json.Valid(answer.Body)
	return e
}

// hide takes the secret key out of a company's words.
func (a *adapter) hide(text string) string {
	if a.secret == "" {
		return text
	}
	return strings.ReplaceAll(text, a.secret, "[masked]")
}
