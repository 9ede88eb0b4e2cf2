package vault_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html/template"
	"log/slog"
	"strings"
	"testing"

	"github.com/paywicket/paywicket/web/vault"
)

const told = "sk_live_told"

// holder has a secret where fmt may call its methods and where it may not.
type holder struct {
	Shown  vault.Secret
	hidden vault.Secret
	list   []vault.Secret
	named  map[string]vault.Secret
}

func TestSecretPrintsNothing(t *testing.T) {
	s := vault.NewSecret(told)
	key, err := vault.NewMasterKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]any{
		"secret":     s,
		"pointer":    &s,
		"struct":     holder{s, s, []vault.Secret{s}, map[string]vault.Secret{"a": s}},
		"slice":      []vault.Secret{s},
		"master key": key,
		"anonymous":  struct{ vault.Secret }{s},
	}
	for name, v := range values {
		t.Run(name, func(t *testing.T) {
			for form, got := range printed(t, v) {
				for _, leak := range leaks(key) {
					if strings.Contains(got, leak) {
						t.Errorf("%s: got %q, which tells %q", form, got, leak)
					}
				}
			}
		})
	}
}

// leaks are the texts that must not appear: the secret, and how bytes of it look in %x and %v.
func leaks(key vault.MasterKey) []string {
	var all []string
	for _, text := range []string{told, key.Reveal()} {
		all = append(all, text, text[:8], fmt.Sprintf("%x", text[:4]), fmt.Sprintf("%X", text[:4]),
			strings.Trim(fmt.Sprintf("%d", []byte(text[:4])), "[]"))
	}
	return all
}

func printed(t *testing.T, v any) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "% x", "%10s", "%T"} {
		out[verb] = fmt.Sprintf(verb, v)
	}
	j, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out["json"] = string(j)
	var text, js bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("m", "v", v, slog.Group("g", "v", v))
	slog.New(slog.NewJSONHandler(&js, nil)).Info("m", "v", v, slog.Group("g", "v", v))
	out["slog text"], out["slog json"] = text.String(), js.String()
	out["error"] = fmt.Errorf("sign in with %v", v).Error()
	var page bytes.Buffer
	if err := template.Must(template.New("").Parse(`<p title="{{.}}">{{.}}</p>`)).Execute(&page, v); err != nil {
		t.Fatal(err)
	}
	out["template"] = page.String()
	return out
}

func TestSecretPrintsItsMark(t *testing.T) {
	s := vault.NewSecret(told)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		if got := fmt.Sprintf(verb, s); got != "[secret]" {
			t.Errorf("%s: got %q, want [secret]", verb, got)
		}
	}
	for name, got := range map[string]string{"String": s.String(), "GoString": s.GoString(), "LogValue": s.LogValue().String()} {
		if got != "[secret]" {
			t.Errorf("%s: got %q, want [secret]", name, got)
		}
	}
	if got, err := json.Marshal(holder{Shown: s}); err != nil || string(got) != `{"Shown":"[secret]"}` {
		t.Errorf("json: got %s, %v", got, err)
	}
	if got, err := xml.Marshal(holder{Shown: s}); err != nil || !strings.Contains(string(got), "<Shown>[secret]</Shown>") {
		t.Errorf("xml: got %s, %v", got, err)
	}
}

func TestSecretIsUsable(t *testing.T) {
	s := vault.NewSecret(told)
	var zero vault.Secret
	if got := s.Reveal(); got != told {
		t.Errorf("Reveal: got %q, want %q", got, told)
	}
	want := fmt.Errorf("stop")
	if err := s.Use(func(text string) error {
		if text != told {
			t.Errorf("Use: got %q, want %q", text, told)
		}
		return want
	}); err != want {
		t.Errorf("Use: got %v, want its function's error", err)
	}
	if s.IsZero() || !zero.IsZero() || zero.Reveal() != "" {
		t.Error("IsZero or the zero value is wrong")
	}
	if !s.Equal(vault.NewSecret(told)) || s.Equal(zero) || !zero.Equal(vault.NewSecret("")) {
		t.Error("Equal is wrong")
	}
}
