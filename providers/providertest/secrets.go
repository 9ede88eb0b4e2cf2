package providertest

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/paywicket/paywicket/providers"
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
