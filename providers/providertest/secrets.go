package providertest

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/sim"
)

// secrets lists the values of the settings that are secret.
func secrets(d providers.Definition, settings map[string]string) []string {
	var all []string
	for _, f := range d.Settings {
		if f.Type == providers.Secret && settings[f.Name] != "" {
			all = append(all, settings[f.Name])
		}
	}
	return all
}

// wantSecretsKept checks all that left the adapter while the bench was in use.
func (b *bench) wantSecretsKept() {
	b.t.Helper()
	hidden := append(secrets(b.c.Definition, b.c.Settings), secrets(b.c.Definition, b.c.OtherSettings)...)
	for place, text := range b.told() {
		for _, secret := range hidden {
			for _, form := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))} {
				if strings.Contains(text, form) {
					b.t.Errorf("a secret setting stands in %s", place)
				}
			}
		}
	}
}

// told is all that left the adapter: errors and results, log lines, recorded exchanges.
func (b *bench) told() map[string]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	recorded := &strings.Builder{}
	for _, x := range b.exchanges {
		recorded.Write(x.Body)
		recorded.Write(x.Answer)
		headers, _ := json.Marshal([]any{x.Header, x.AnswerHeader, x.URL, x.Err}) // maps of strings always encode
		recorded.Write(headers)
	}
	return map[string]string{
		"an error or a result": strings.Join(b.said, "\n"),
		"the log":              b.log.String(),
		"a recorded exchange":  recorded.String(),
	}
}

// checkSecrets: the other checks look at all they hear; this one makes the adapter talk.
func checkSecrets(t *testing.T, c Case) {
	for _, e := range c.Orders {
		b := newBench(t, c, setup{})
		b.send(b.order(e))
		b.settle()
		for _, h := range b.delivered() {
			b.tryReading(h)
		}
		b.lookup(b.stored[0].Attempt) //nolint:errcheck // what it says is noted
	}
	for _, fault := range append(sim.Broken("https://pay.example.com/"), unlisted()...) {
		t.Run(fault.Name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, c, setup{})
			o := b.order(c.Orders[0])
			ctx, broken := b.impatient(fault)
			b.faults.Next(nil, broken)
			b.sendAs(ctx, o, o)
			b.faults.Reset()
			ctx, broken = b.impatient(fault)
			b.faults.Next(nil, broken)
			_, err := b.provider.Methods(ctx)
			b.say(err)
		})
	}
	theirs := newBench(t, c, setup{settings: c.OtherSettings})
	if s := theirs.tryOrder(); s.err == nil {
		t.Error("the simulator took the keys of another store")
	}
}

// tryReading reads a webhook if the adapter can.
func (b *bench) tryReading(h hook) {
	b.t.Helper()
	reader, ok := b.provider.(providers.WebhookReader)
	if !ok {
		return
	}
	if _, err := b.read(reader, h); err != nil {
		b.t.Errorf("webhook: %v", err)
	}
}

// tryOrder sends an order of the case though the account may not even be able to list its fields.
func (b *bench) tryOrder() sent {
	b.t.Helper()
	e := b.c.Orders[0]
	return b.send(providers.Order{
		Reference: reference(b.t.Name()), Method: e.Method, Amount: e.Amount, Description: "Invoice 2026-115",
		Details: e.Details, CallbackURL: hookURL,
	})
}
