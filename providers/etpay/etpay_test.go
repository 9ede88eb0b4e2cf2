package etpay

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/providertest"
	"github.com/paywicket/paywicket/providers/sim"
)

const testToken = "api-token-of-the-test-0123456789"

func testSettings(country string) map[string]string {
	return map[string]string{
		settingMerchant: strings.ToLower(country) + "_sandbox_demo", settingToken: testToken,
		settingUser: "ops@paywicket.example", settingPassword: "password-of-the-test",
	}
}

func otherSettings(country string) map[string]string {
	other := testSettings(country)
	other[settingToken], other[settingPassword] = "api-token-of-another-987654321", "password-of-another"
	return other
}

func clp(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "CLP"} }
func mxn(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "MXN"} }

func chileanDetails() map[string]string {
	return map[string]string{fieldName: "Juana Pérez", fieldRUT: "12.345.678-5", fieldBank: "cl_bci", fieldKind: "cuenta_corriente",
		fieldAccount: "12345678", fieldEmail: "juana@paywicket.example", fieldText: "Factura 118"}
}

func mexicanDetails() map[string]string {
	return map[string]string{fieldName: "Juan Pérez García", fieldClabe: "032180000118359719", fieldEmail: "juan@paywicket.example", fieldText: "Servicios & más"}
}

// playing makes the simulator play a scenario of all companies by this one's own table.
func playing(s sim.Scenario, like money.Amount) money.Amount {
	last := 50
	for _, row := range table() {
		if row.Scenario == s {
			last = row.Last
		}
	}
	unit := int64(1)
	if like.Currency == "MXN" {
		unit = 100
	}
	like.Minor += int64(last-sim.LastTwo(like)) * unit
	return like
}

func conformance(country string, orders []providertest.Example, amounts []money.Amount) providertest.Case {
	words := map[string]providers.Status{}
	for _, w := range documented() {
		words[w.Word] = w.means()
	}
	return providertest.Case{
		Definition: Definition(), Settings: testSettings(country), OtherSettings: otherSettings(country), Live: true,
		Orders: orders, Amounts: amounts, Scenario: playing, StatusWords: words, LookupStatus: "status", SignatureMember: hookMember,
		Sign: func(settings map[string]string, _ http.Header, body []byte) []byte {
			return signAs(settings[settingToken], body)
		},
	}
}

// signAs signs a webhook anew with the key that the payout has at a merchant.
func signAs(token string, body []byte) []byte {
	_, claims, err := readToken(body)
	if err != nil {
		return body
	}
	value, err := writeToken(hookKey(token, claims.id()), claims)
	if err != nil {
		return body
	}
	signed, err := encode(map[string]string{hookMember: value})
	if err != nil {
		return body
	}
	return signed
}

func TestConformance(t *testing.T) {
	bare := chileanDetails()
	delete(bare, fieldEmail)
	delete(bare, fieldText)
	bare[fieldBank], bare[fieldKind] = "cl_test", "cuenta_rut"
	for name, c := range map[string]providertest.Case{
		chile: conformance(chile, []providertest.Example{{Method: "cl_bank", Details: chileanDetails(), Amount: clp(15_050)}, {Method: "cl_bank", Details: bare, Amount: clp(99_999_950)}},
			[]money.Amount{clp(51), clp(100_000_000), clp(7_000_099)}),
		mexico: conformance(mexico, []providertest.Example{{Method: "mx_clabe", Details: mexicanDetails(), Amount: mxn(150_050)}},
			[]money.Amount{mxn(5_001), mxn(5_010), mxn(99_999), mxn(123_456_789)}),
	} {
		t.Run(name, func(t *testing.T) { providertest.Run(t, c) })
	}
}

// word is a line of the list of status words.
type word struct{ Word, State string }

func (w word) means() providers.Status {
	return map[string]providers.Status{"in_progress": providers.Accepted, "paid": providers.Paid, "failed": providers.Failed}[w.State]
}

func documented() []word {
	var file struct{ Words []word }
	body, err := os.ReadFile("testdata/statuses.json")
	if err != nil || json.Unmarshal(body, &file) != nil || len(file.Words) < 26 {
		panic("no list of status words")
	}
	return file.Words
}

// examples are the known good and bad numbers.
func examples(t *testing.T) (map[providers.Format][]string, map[providers.Format][]string) {
	t.Helper()
	var file map[string]json.RawMessage
	body, err := os.ReadFile("testdata/examples.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &file); err != nil {
		t.Fatal(err)
	}
	good, bad := map[providers.Format][]string{}, map[providers.Format][]string{}
	for _, format := range []providers.Format{providers.RUT, providers.CLABE} {
		var list struct{ Valid, Invalid []string }
		if err := json.Unmarshal(file[string(format)], &list); err != nil || len(list.Valid) < 4 {
			t.Fatalf("%s: %v, %v", format, list, err)
		}
		good[format], bad[format] = list.Valid, list.Invalid
	}
	return good, bad
}

func TestNumbers(t *testing.T) {
	good, bad := examples(t)
	for format, values := range good {
		for _, value := range values {
			f := providers.Field{Format: format}
			if got := f.Clean(value); got != value || f.Check(got) != nil {
				t.Errorf("%s %q: got %q, %v", format, value, got, f.Check(got))
			}
		}
	}
	for format, values := range bad {
		for _, value := range values {
			if f := (providers.Field{Format: format}); f.Check(f.Clean(value)) == nil {
				t.Errorf("%s %q: accepted", format, value)
			}
		}
	}
}

func TestRUTForms(t *testing.T) {
	good, _ := examples(t)
	for _, rut := range good[providers.RUT] {
		for _, form := range []string{"", rutDash, rutPlain, rutPadded} {
			if got := readRUT(writeRUT(rut, form)); got != rut {
				t.Errorf("%s as %s: got back %s from %s", rut, form, got, writeRUT(rut, form))
			}
		}
	}
	if got := []string{writeRUT("18765534-K", rutPlain), writeRUT("18765534-K", rutPadded)}; !cmp.Equal(got, []string{"18765534K", "018765534K"}) {
		t.Errorf("got %q", got)
	}
}

func TestBanks(t *testing.T) {
	for _, test := range []struct {
		country string
		live    bool
		want    int
		test    bool
	}{{chile, true, 13, false}, {chile, false, 14, true}, {mexico, true, 7, false}} {
		banks, err := banksOf(test.country, test.live)
		if err != nil || len(banks) != test.want {
			t.Errorf("%s, live %v: got %d banks, %v, want %d", test.country, test.live, len(banks), err, test.want)
		}
		has := false
		for _, b := range banks {
			has = has || strings.HasSuffix(b.Value, "_test")
		}
		if has != test.test {
			t.Errorf("%s, live %v: got the bank for tests: %v", test.country, test.live, has)
		}
	}
}

// TestUnchecked: only accounts for tests may leave the check digits of a RUT out.
func TestUnchecked(t *testing.T) {
	for live, want := range map[bool]bool{true: false, false: true} {
		settings := testSettings(chile)
		settings[settingRUTCheck] = checkOff
		p, err := open(providers.Config{Settings: providers.NewSettings(settings), Live: live})
		if err != nil {
			t.Fatal(err)
		}
		fields, _ := p.Fields(t.Context(), "cl_bank")
		for _, f := range fields {
			if f.Name == fieldRUT && (f.Check("22333555-4") == nil) != want {
				t.Errorf("live %v: got %v", live, f.Check("22333555-4"))
			}
		}
	}
}

// TestCountry: the merchant code begins with the country; the setting is stronger.
func TestCountry(t *testing.T) {
	for _, test := range []struct{ code, setting, method, check string }{
		{"cl_sandbox_demo", "", "cl_bank", ""}, {"mx_merchant", "", "mx_clabe", ""}, {"CL_DEMO", "", "cl_bank", ""},
		{"cl_demo", mexico, "mx_clabe", ""}, {"demo", chile, "cl_bank", ""},
		{"pe_demo", "", "", codeCountry}, {"clothes", "", "", codeCountry}, {"", "", "", codeCountry}, {"_cl", "", "", codeCountry},
	} {
		settings := testSettings(chile)
		settings[settingMerchant], settings[settingCountry] = test.code, test.setting
		l := answered(t, http.StatusOK, `{"token":"t","currency":"CLP","available":1}`)
		l.cfg.Settings = providers.NewSettings(settings)
		p, err := open(l.cfg)
		if err != nil {
			t.Fatal(err)
		}
		l.account = p.(*account)
		l.session.keep("token-in-memory", l.now(), time.Hour)
		methods, err := l.Methods(t.Context())
		if err != nil || test.method == "" && len(methods) > 0 || test.method != "" && (len(methods) != 1 || methods[0].ID != test.method) {
			t.Errorf("%+v: got %v, %v", test, methods, err)
		}
		if test.check == "" {
			continue
		}
		if e := problemOf(l.Check(t.Context())); e.Code != test.check {
			t.Errorf("%+v: check: got %v", test, e)
		}
		if err := l.Prepare(t.Context(), order("NOWHERE", 15_050)); problemOf(err).Code != providers.CodeUnknownMethod {
			t.Errorf("%+v: prepare: got %v", test, err)
		}
		for _, err := range l.List(t.Context(), l.now(), l.now()) { // must not break down
			if err == nil {
				t.Errorf("%+v: list: got no error of an answer that is no list", test)
			}
		}
	}
}

// TestTextForTheRecipient: it is sent as it is or refused by the form, and the reason of the payout stays at home.
func TestTextForTheRecipient(t *testing.T) {
	a := bare(t)
	fields, err := a.Fields(t.Context(), "cl_bank")
	if err != nil {
		t.Fatal(err)
	}
	text := fields[len(fields)-1]
	for value, good := range map[string]bool{
		"": true, "Factura 118": true, "N° 7": false, "Pago: ñandú (1/2) & más": true, strings.Repeat("ñ", 30): true, strings.Repeat("ñ", 31): false,
		"uno, dos": false, "uno\u060c dos": false, "<b>": false,
	} {
		if err := text.Check(text.Clean(value)); (err == nil) != good {
			t.Errorf("%q: got %v", value, err)
		}
	}
	o := order("REFERENCE1", 15_050)
	o.Description = "Salary of November, second half"
	delete(o.Details, fieldText)
	body, err := a.encode(o)
	if err != nil || !strings.Contains(string(body), `"description":"REFERENCE1"`) || strings.Contains(string(body), "Salary") {
		t.Errorf("got %s, %v", body, err)
	}
}
