package acmebank

import (
	"net/http"
	"testing"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/providertest"
)

// TestConformance is what decides whether an adapter is right.
func TestConformance(t *testing.T) {
	providertest.Run(t, providertest.Case{
		Definition:    Definition(),
		Settings:      map[string]string{"client_id": "c-1001", "secret": "key-of-one-store"},
		OtherSettings: map[string]string{"client_id": "c-1001", "secret": "key-of-another-store"},
		Orders: []providertest.Example{
			{Method: "ng_bank", Amount: money.Amount{Minor: 125_050, Currency: "NGN"}, Details: map[string]string{"name": "Chidi Okafor", "account": "0123456789"}},
			{Method: "in_bank", Amount: money.Amount{Minor: 350_075, Currency: "INR"}, Details: map[string]string{"name": "Asha Rao", "account": "123456789012", "branch": "SBIN0000001"}},
		},
		StatusWords: map[string]providers.Status{
			"queued": providers.Accepted, "running": providers.Accepted, "done": providers.Paid, "bounced": providers.Failed,
		},
		LookupStatus: "status", WebhookStatus: "status", SignatureHeader: headerSign,
		Sign: func(settings map[string]string, h http.Header, body []byte) []byte {
			a := account{cfg: providers.Config{Settings: providers.NewSettings(settings)}}
			h.Set(headerSign, a.sign(body))
			return body
		},
	})
}

// TestKnownAnswer holds the signature against one that was made with another program: openssl dgst -sha256 -hmac.
func TestKnownAnswer(t *testing.T) {
	a := account{cfg: providers.Config{Settings: providers.NewSettings(map[string]string{"secret": "key"})}}
	const want = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
	if got := a.sign([]byte("The quick brown fox jumps over the lazy dog")); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
