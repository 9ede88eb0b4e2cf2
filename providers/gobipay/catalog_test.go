package gobipay

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/sim"
)

// answering answers a body at a path, and 404 elsewhere.
func answering(bodies map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := bodies[r.URL.RequestURI()]
		if !ok {
			notFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, body)
	})
}

func ids(methods []providers.Method) string {
	var all []string
	for _, m := range methods {
		all = append(all, m.ID)
	}
	return strings.Join(all, " ")
}

func TestMethods(t *testing.T) {
	got, err := newShop(t, nil).Methods(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []providers.Method{
		{ID: "MTN_BEN_XOF", Name: "MTN Mobile Money Bénin", Country: "BJ", Currency: "XOF"},
		{ID: "MOOV_BEN_XOF", Name: "Moov Money Bénin", Country: "BJ", Currency: "XOF"},
		{ID: "MTN_CIV_XOF", Name: "MTN Mobile Money Côte d'Ivoire", Country: "CI", Currency: "XOF"},
		{ID: "BANK_BEN_XOF", Name: "Virement bancaire Bénin", Country: "BJ", Currency: "XOF"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("other currencies and inactive platforms are left out (-want +got):\n%s", diff)
	}
}

func TestMethodsInEachEnvelope(t *testing.T) {
	const page2 = pathPlatforms + "?page=2"
	tests := []struct {
		name   string
		bodies map[string]string
		want   string
	}{
		{"array", map[string]string{pathPlatforms: `[{"identifier":"A_XOF"},{"identifier":"B_XOF"}]`}, "A_XOF B_XOF"},
		{"data", map[string]string{pathPlatforms: `{"data":[{"identifier":"A_XOF"}]}`}, "A_XOF"},
		{"results", map[string]string{pathPlatforms: `{"count":1,"next":null,"results":[{"identifier":"A_XOF"}]}`}, "A_XOF"},
		{"no platform", map[string]string{pathPlatforms: `{"results":[]}`}, ""},
		{"pages", map[string]string{
			pathPlatforms: `{"next":"?page=2","results":[{"identifier":"A_XOF"}]}`,
			page2:         `{"next":null,"results":[{"identifier":"B_XOF"}]}`,
		}, "A_XOF B_XOF"},
		{"page elsewhere", map[string]string{
			pathPlatforms: `{"next":"https://elsewhere.example` + page2 + `","results":[{"identifier":"A_XOF"}]}`,
			page2:         `[{"identifier":"B_XOF"}]`,
		}, "A_XOF"},
		{"pages without end", map[string]string{
			pathPlatforms: `{"next":"?page=2","results":[{"identifier":"A_XOF"}]}`,
			page2:         `{"next":"?page=2","results":[{"identifier":"A_XOF"}]}`,
		}, "A_XOF"},
		{"what is optional", map[string]string{pathPlatforms: `[
			{"identifier":"A_CIV_EUR","currency":{"code":"xof"},"country":{"code":"civ"},"label":"Ayé"},
			{"identifier":"B_XOF","is_active":false}, {"identifier":"C_XAF"}, {"identifier":"D_XOF","is_active":null},
			{"identifier":"../E_XOF"}, {"identifier":""}, {"name":"F_XOF"}, {"identifier":"A_CIV_EUR","currency":"XOF"}
		]`}, "A_CIV_EUR D_XOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t, answering(tt.bodies))
			got, err := s.Methods(t.Context())
			if err != nil || ids(got) != tt.want {
				t.Errorf("got %q, %v, want %q", ids(got), err, tt.want)
			}
			if n := s.seen.count(""); n > maxPages {
				t.Errorf("got %d requests, want %d at most", n, maxPages)
			}
		})
	}
}

func TestListsThatCannotBeRead(t *testing.T) {
	for _, body := range []string{``, `null`, `{}`, `"x"`, `[1]`, `[null]`, `{"data":{}}`, `{"results":[[]]}`, `<html>`, `[]{}`} {
		s := newShop(t, answering(map[string]string{pathPlatforms: body}))
		if got, err := s.Methods(t.Context()); err == nil {
			t.Errorf("%s: got %v, want an error", body, got)
		}
		if err := s.Check(t.Context()); err == nil {
			t.Errorf("%s: check: got no error", body)
		}
	}
}

func TestCheckWithWrongKeys(t *testing.T) {
	s := newShop(t, nil)
	s.open(s.base.String(), with(testSettings(), settingSecret, "tsk_another"))
	err := errorOf(t, s.Check(t.Context()))
	if !err.Credentials || err.Message != "Clés de boutique invalides." {
		t.Errorf("got %+v, want it to say that the keys were refused", err)
	}
}

func TestFields(t *testing.T) {
	s := newShop(t, nil)
	got, err := s.Fields(t.Context(), "BANK_BEN_XOF")
	if err != nil {
		t.Fatal(err)
	}
	want := []providers.Field{
		{
			Name: "bank", Label: providers.Text{Key: "field.bank", English: "Bank"}, Type: providers.Choice, Role: providers.RoleBank,
			Options: []providers.Option{
				{Value: "BOA", Label: providers.Text{English: "Bank of Africa"}}, {Value: "ECOBANK", Label: providers.Text{English: "Ecobank"}},
			},
		},
		{
			Name: "account_number", Label: providers.Text{Key: "field.account_number", English: "Account number"},
			Pattern: "^[A-Z0-9]{10,24}$", Role: providers.RoleAccount,
		},
		{Name: "reference", Label: providers.Text{Key: "field.reference", English: "Reference"}, Optional: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, method := range []string{"MTN_CMR_XAF", "CELTIIS_BEN_XOF", "NONE_XOF", "", "../x"} {
		if _, err := s.Fields(t.Context(), method); errorOf(t, err).Code != providers.CodeUnknownMethod {
			t.Errorf("%s: got %v, want an unknown method", method, err)
		}
	}
}

func TestArgumentsToFields(t *testing.T) {
	tests := []struct {
		name, json string
		want       providers.Field
	}{
		{"a phone alone is the wallet", `{"name":"phone_number","type":"phone","regex":"^229[0-9]{10}$","placeholder":"2290190000000"}`, providers.Field{
			Name: "phone_number", Label: providers.Text{Key: "field.msisdn", English: "Mobile money number"}, Type: providers.Phone,
			Example: "2290190000000", Pattern: "^229[0-9]{10}$", Role: providers.RoleAccount,
		}},
		{"a phone that wants a plus", `{"name":"tel","label":"Numéro","type":"Phone","regex":"^\\+229[0-9]+$"}`, providers.Field{
			Name: "tel", Label: providers.Text{English: "Numéro"}, Pattern: `^\+229[0-9]+$`, Role: providers.RoleAccount,
		}},
		{"a phone that may have one", `{"name":"tel","type":"phone","regex":"\\+?[0-9]{8,}"}`, providers.Field{
			Name: "tel", Label: providers.Text{English: "tel"}, Type: providers.Phone, Pattern: `\+?[0-9]{8,}`, Role: providers.RoleAccount,
		}},
		{"a pattern of another language", `{"name":"code","label":"Code","type":"string","regex":"^(?!0)[0-9]+$"}`, providers.Field{
			Name: "code", Label: providers.Text{English: "Code"},
		}},
		{"a number stays text", `{"name":"montant","label":"Montant","type":"number"}`, providers.Field{
			Name: "montant", Label: providers.Text{English: "Montant"}, Pattern: plainNumber,
		}},
		{"an unknown type", `{"name":"iban","type":"iban-FR"}`, providers.Field{
			Name: "iban", Label: providers.Text{Key: "field.iban", English: "IBAN"}, Role: providers.RoleAccount,
		}},
		{"an e-mail", `{"name":"mail","label":"Courriel","type":"email","required":false}`, providers.Field{
			Name: "mail", Label: providers.Text{English: "Courriel"}, Type: providers.Email, Optional: true,
		}},
		{"options as texts", `{"name":"ville","type":"select","options":["Cotonou","Parakou",3]}`, providers.Field{
			Name: "ville", Label: providers.Text{English: "ville"}, Type: providers.Choice, Options: []providers.Option{
				{Value: "Cotonou", Label: providers.Text{English: "Cotonou"}}, {Value: "Parakou", Label: providers.Text{English: "Parakou"}},
				{Value: "3", Label: providers.Text{English: "3"}},
			},
		}},
		{"nothing to choose from", `{"name":"ville","type":"select","options":null}`, providers.Field{
			Name: "ville", Label: providers.Text{English: "ville"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, envelope := range []string{`[%s]`, `{"data":[%s]}`, `{"results":[%s],"next":null}`, `{"arguments":[%s]}`} {
				s := newShop(t, answering(map[string]string{
					pathPlatforms: `[{"identifier":"A_XOF"}]`, platformID("A_XOF").argumentsPath(): fmt.Sprintf(envelope, tt.json),
				}))
				got, err := s.Fields(t.Context(), "A_XOF")
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]providers.Field{tt.want}, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			}
		})
	}
}

func TestArgumentsThatCannotBeRead(t *testing.T) {
	tests := map[string]string{
		"no name":      `[{"type":"string"}]`,
		"odd name":     `[{"name":"a\u0000b","type":"string"}]`,
		"twice":        `[{"name":"a","type":"string"},{"name":"a","type":"phone"}]`,
		"odd type":     `[{"name":"a","type":{"kind":"string"}}]`,
		"too many":     `[` + strings.TrimSuffix(strings.Repeat(`{"name":"a"},`, maxArguments+1), ",") + `]`,
		"no list":      `{"fields":[]}`,
		"not all read": `{"results":[],"next":"https://elsewhere.example/?page=2"}`,
	}
	for name, body := range tests {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, answering(map[string]string{
				pathPlatforms: `[{"identifier":"A_XOF"}]`, platformID("A_XOF").argumentsPath(): body,
			}))
			if got, err := s.Fields(t.Context(), "A_XOF"); err == nil {
				t.Errorf("got %v, want an error", got)
			}
		})
	}
}

func TestAPatternThatIsSkippedIsLogged(t *testing.T) {
	s := newShop(t, answering(map[string]string{
		pathPlatforms: `[{"identifier":"A_XOF"}]`, platformID("A_XOF").argumentsPath(): `[{"name":"code","regex":"(?=x)"}]`,
	}))
	if _, err := s.Fields(t.Context(), "A_XOF"); err != nil || !strings.Contains(s.log.String(), "argument=code") {
		t.Errorf("got %v and log %q, want a warning that names the argument", err, &s.log)
	}
}

// TestKnownLists holds the lists of the simulator against what the adapter makes of them.
func TestKnownLists(t *testing.T) {
	data, err := os.ReadFile("platforms.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []object
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	for _, o := range list {
		if !platformID(text(o[keyIdentifier])).valid() || countryOf(o) == "" || labelOf(o, "") == "" {
			t.Errorf("got %v, want an identifier, a country and a label", o)
		}
	}
}

func TestBrokenSimulatorSaysSo(t *testing.T) {
	h := newSimulator(providers.SimulatorConfig{Settings: map[string]string{settingCurrency: "EUR"}})
	s := newShop(t, sim.NewFaults(h))
	if err := errorOf(t, s.Check(t.Context())); !strings.Contains(err.Message, "EUR") {
		t.Errorf("got %v, want it to name the currency", err)
	}
}

// TestOperators: a number that was given out to another operator is worth a look, and no more.
func TestOperators(t *testing.T) {
	for platform, want := range map[string]string{"MTN_BEN_XOF": "MTN", "MOOV_BEN_XOF": "Moov", "UBA_BEN_XOF": "", "": ""} {
		if got := operatorOf(platform); got != want {
			t.Errorf("%s: got %q, want %q", platform, got, want)
		}
	}
}
