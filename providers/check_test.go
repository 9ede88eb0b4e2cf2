package providers

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestClean(t *testing.T) {
	for _, test := range []struct {
		name        string
		field       Field
		value, want string
	}{
		{"text", Field{}, "  Awa \t\n Diop\u00a0\u00a0Ba ", "Awa Diop Ba"},
		{"composed", Field{}, "Jose\u0301", "Jos\u00e9"},
		{"text that looks like code", Field{}, "<script>1</script> 👩‍👩‍👧", "<script>1</script> 👩‍👩‍👧"},
		{"broken UTF-8", Field{}, " a\xff ", " a\xff "},
		{"far too long", Field{}, strings.Repeat(" ", 10_001), strings.Repeat(" ", 10_001)},
		{"many accents", Field{}, strings.Repeat("\u0301", 29) + " a", strings.Repeat("\u0301", 29) + " a"},
		{"secret", Field{Type: Secret}, " a  b e\u0301\n", "a  b e\u0301"},
		{"digits", Field{Type: Digits}, " 12.34-56\u00a078–90 ", "1234567890"},
		{"digits with letters", Field{Type: Digits}, "12a/4", "12a/4"},
		{"phone", Field{Type: Phone}, "+229 (01) 97-12.34 56", "2290197123456"},
		{"phone, zeros", Field{Type: Phone}, "00229 97 12 34 56", "22997123456"},
		{"phone, old length stays", Field{Type: Phone}, "22997123456", "22997123456"},
		{"phone, leading zero stays", Field{Type: Phone}, "0917 123 4567", "09171234567"},
		{"phone, all of it", Field{Type: Phone}, "+00+0022997", "22997"},
		{"email", Field{Type: Email}, " Awa@Example.COM ", "Awa@example.com"},
		{"email without at", Field{Type: Email}, "AWA", "AWA"},
		{"email, kelvin sign", Field{Type: Email}, "a@\u212a.com", "a@k.com"},
		{"choice", Field{Type: Choice}, " CPF  x ", "CPF  x"},
		{"bank", Field{Type: Bank}, " KBANK ", "KBANK"},
		{"cpf", Field{Format: CPF}, "111.444.777-35", "11144477735"},
		{"cnpj", Field{Format: CNPJ}, " 12.abc.345/01de-35 ", "12ABC34501DE35"},
		{"cnpj, foreign letter", Field{Format: CNPJ}, "12ı", "12ı"},
		{"cpf or cnpj", Field{Type: Digits, Format: CPFCNPJ}, "12.abc.345/01de-35", "12ABC34501DE35"},
		{"ifsc", Field{Format: IFSC}, " sbin0000001 ", "SBIN0000001"},
		{"rut", Field{Format: RUT}, " 12.345.678-5 ", "12345678-5"},
		{"rut without dash, small k", Field{Format: RUT}, "18 765 534k", "18765534-K"},
		{"rut, zeros before", Field{Format: RUT}, "018765534K", "18765534-K"},
		{"rut, one character", Field{Format: RUT}, "5", "5"},
		{"rut, foreign end", Field{Format: RUT}, "123é", "123é"},
		{"clabe", Field{Format: CLABE}, "032 180 00011835971-9", "032180000118359719"},
		{"uuid", Field{Format: UUID}, "123E4567-E89B-12D3-A456-426655440000", "123e4567-e89b-12d3-a456-426655440000"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := test.field.Clean(test.value)
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if again := test.field.Clean(got); again != got {
				t.Errorf("cleaned again: got %q, want %q", again, got)
			}
		})
	}
}

func TestCheckAccepts(t *testing.T) {
	options := []Option{{Value: "CPF"}, {Value: "PHONE"}}
	for _, test := range []struct {
		name  string
		field Field
		value string
	}{
		{"text", Field{}, "Awa Diop"},
		{"chinese, arabic, emoji", Field{}, "王小明 محمد 👩\u200d👧 می\u200cخواهم"},
		{"text that looks like code", Field{}, "<script>alert(1)</script>"},
		{"optional", Field{Optional: true, Type: Email, Format: CPF, Pattern: "x"}, ""},
		{"longest by default", Field{}, strings.Repeat("é", 200)},
		{"longest", Field{Max: 3}, "王小明"},
		{"secret", Field{Type: Secret}, "a  b"},
		{"digits", Field{Type: Digits}, "0012"},
		{"phone", Field{Type: Phone}, "22951345020"},
		{"phone with prefix", Field{Type: Phone, Prefix: "229"}, "22951345020"},
		{"phone of unusual length", Field{Type: Phone, Prefix: "229", Lengths: []int{8}}, "2295134"},
		{"email", Field{Type: Email}, "awa+x@example.com"},
		{"option", Field{Type: Choice, Options: options}, "CPF"},
		{"listed bank", Field{Type: Bank, Options: options}, "CPF"},
		{"typed bank", Field{Type: Bank, Options: options}, "970425"},
		{"pattern", Field{Pattern: "[a-z]+"}, "abc"},
		{"pattern with anchors", Field{Pattern: "^[a-z]+$"}, "abc"},
		{"pattern with alternatives", Field{Pattern: "ab|cd"}, "cd"},
		{"pattern that is none", Field{Pattern: "["}, "abc"},
		{"pattern with look-ahead", Field{Pattern: "(?=.*[0-9])x"}, "abc"},
		{"pattern that opens the anchors", Field{Pattern: "a)|(b"}, "xyz"},
		{"pattern that hides the anchors", Field{Pattern: `\Qab`}, "abc"},
		{"pattern far too long", Field{Pattern: strings.Repeat("a", 1001)}, "abc"},
		{"cpf", Field{Format: CPF}, "11144477735"},
		{"cpf, typed as digits", Field{Type: Digits, Format: CPF}, "52998224725"},
		{"cpf, check digit zero", Field{Format: CPF}, "12345678909"},
		{"cnpj, official sample", Field{Format: CNPJ}, "12ABC34501DE35"},
		{"cnpj, typed as digits", Field{Type: Digits, Format: CNPJ}, "12ABC34501DE35"},
		{"cnpj of digits", Field{Format: CNPJ}, "11222333000181"},
		{"cnpj, check digit zero", Field{Format: CNPJ}, "34028316000103"},
		{"cnpj, many zeros", Field{Format: CNPJ}, "00000000000191"},
		{"either, cpf", Field{Format: CPFCNPJ}, "11144477735"},
		{"either, cnpj", Field{Format: CPFCNPJ}, "11222333000181"},
		{"uuid", Field{Format: UUID}, "123e4567-e89b-12d3-a456-426655440000"},
		{"ifsc", Field{Format: IFSC}, "SBIN0000001"},
		{"ifsc with letters", Field{Format: IFSC}, "HDFC0ABC12D"},
		{"format of a later version", Field{Format: "later"}, "x"},
		{"rut", Field{Format: RUT}, "12345678-5"},
		{"rut, K", Field{Format: RUT}, "18765534-K"},
		{"rut, zero", Field{Format: RUT}, "11111103-0"},
		{"rut, short", Field{Format: RUT}, "5126663-3"},
		{"rut, the same digit all over", Field{Format: RUT}, "11111111-1"},
		{"rut of a company", Field{Format: RUT}, "76934246-K"},
		{"rut, many zeros", Field{Format: RUT}, "10000013-K"},
		{"clabe", Field{Format: CLABE}, "032180000118359719"},
		{"clabe, typed as digits", Field{Type: Digits, Format: CLABE}, "014027000005555558"},
		{"clabe, mostly zeros", Field{Format: CLABE}, "002000000000000008"},
		{"clabe of a transfer house", Field{Format: CLABE}, "646180157000000004"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := test.field.Check(test.value); err != nil {
				t.Errorf("%q: got %v, want no error", test.value, err)
			}
		})
	}
}

// refusal is a value that is wrong, and what is said about it.
type refusal struct {
	name        string
	field       Field
	value, want string
	args        map[string]any
}

func refusals() []refusal {
	options := []Option{{Value: "CPF"}, {Value: "PHONE"}}
	return []refusal{
		{"nothing", Field{}, "", "required", nil},
		{"nothing chosen", Field{Type: Choice, Options: options}, "", "required", nil},
		{"too long by default", Field{}, strings.Repeat("é", 201), "too_long", map[string]any{"Max": 200}},
		{"too long", Field{Max: 3}, "abcd", "too_long", map[string]any{"Max": 3}},
		{"too long for any", Field{Max: 20_000}, strings.Repeat("a", 10_001), "too_long", map[string]any{"Max": 20_000}},
		{"too long, negative", Field{Max: -1}, strings.Repeat("a", 201), "too_long", map[string]any{"Max": 200}},
		{"null", Field{}, "a\x00", "control", nil},
		{"line end", Field{Type: Bank}, "a\nb", "control", nil},
		{"C1", Field{}, "a\u0085b", "control", nil},
		{"line separator", Field{}, "a\u2028b", "control", nil},
		{"paragraph separator", Field{}, "a\u2029b", "control", nil},
		{"override", Field{}, "a\u202eb", "control", nil},
		{"embedding", Field{}, "a\u202ab", "control", nil},
		{"isolate", Field{}, "a\u2066b", "control", nil},
		{"isolate's end", Field{}, "a\u2069b", "control", nil},
		{"left-to-right mark", Field{}, "a\u200eb", "control", nil},
		{"right-to-left mark", Field{}, "a\u200fb", "control", nil},
		{"arabic letter mark", Field{}, "a\u061cb", "control", nil},
		{"zero-width space", Field{}, "a\u200bb", "control", nil},
		{"word joiner", Field{}, "a\u2060b", "control", nil},
		{"byte order mark", Field{}, "\ufeffab", "control", nil},
		{"broken UTF-8", Field{}, "a\xffb", "control", nil},
		{"secret with null", Field{Type: Secret}, "a\x00", "control", nil},
		{"letters", Field{Type: Digits}, "12a", "digits", map[string]any{"Found": "a"}},
		{"full-width digits", Field{Type: Digits}, "１２", "digits", map[string]any{"Found": "１"}},
		{"negative", Field{Type: Digits}, "-12", "digits", map[string]any{"Found": "-"}},
		{"phone with letters", Field{Type: Phone}, "229x", "phone_characters", map[string]any{"Found": "x"}},
		{"phone too long", Field{Type: Phone}, strings.Repeat("1", 16), "phone_long", map[string]any{"Got": 16, "Max": 15}},
		{"prefix only", Field{Type: Phone, Prefix: "229"}, "229", "phone", nil},
		{"no prefix", Field{Type: Phone, Prefix: "229"}, "97123456", "phone_prefix", map[string]any{"Prefix": "229"}},
		{"email without at", Field{Type: Email}, "awa.example.com", "email_at", nil},
		{"email, two", Field{Type: Email}, "a@example.com,b@example.com", "email", nil},
		{"email without domain", Field{Type: Email}, "awa@", "email_parts", nil},
		{"email, domain without dot", Field{Type: Email}, "awa@example", "email_parts", nil},
		{"email without name", Field{Type: Email}, "@example.com", "email_parts", nil},
		{"email too long", Field{Type: Email, Max: 500}, strings.Repeat("a", 60) + "@" + strings.Repeat("a.", 100) + "com", "email", nil},
		{"no such option", Field{Type: Choice, Options: options}, "cpf", "unknown_option", nil},
		{"no options", Field{Type: Choice}, "cpf", "unknown_option", nil},
		{"pattern", Field{Pattern: "[a-z]+", Example: "abc"}, "ab1", "pattern", map[string]any{"Example": "abc"}},
		{"pattern, something before", Field{Pattern: "[a-z]+"}, "1ab", "pattern", map[string]any{"Example": ""}},
		{"pattern, alternatives", Field{Pattern: "ab|cd"}, "abx", "pattern", map[string]any{"Example": ""}},
		{"bank typed in", Field{Type: Bank, Pattern: "[0-9]{6}", Example: "970407", Options: options}, "97040", "bank", map[string]any{"Example": "970407"}},
		{"cpf, first digit", Field{Format: CPF}, "11144477745", "cpf", nil},
		{"cpf, last digit", Field{Format: CPF}, "11144477734", "cpf", nil},
		{"cpf, last digit made to fit a wrong one", Field{Format: CPF}, "11144477743", "cpf", nil},
		{"cpf with a zero before", Field{Format: CPF}, "011144477735", "cpf_length", map[string]any{"Got": 12, "Want": 11}},
		{"cpf, repeated", Field{Format: CPF}, "11111111111", "repeated", nil},
		{"cpf, zeros", Field{Format: CPF}, "00000000000", "repeated", nil},
		{"cpf too short", Field{Format: CPF}, "1114447773", "cpf_length", map[string]any{"Got": 10, "Want": 11}},
		{"cpf with letters", Field{Format: CPF}, "1114447773A", "digits", map[string]any{"Found": "A"}},
		{"cpf given a cnpj", Field{Format: CPF}, "11222333000181", "cpf_length", map[string]any{"Got": 14, "Want": 11}},
		{"cnpj, first digit", Field{Format: CNPJ}, "12ABC34501DE25", "cnpj", nil},
		{"cnpj, last digit", Field{Format: CNPJ}, "12ABC34501DE36", "cnpj", nil},
		{"cnpj, letter for letter", Field{Format: CNPJ}, "12ABD34501DE35", "cnpj", nil},
		{"cnpj, letter as check digit", Field{Format: CNPJ}, "12ABC34501DE3A", "cnpj_end", map[string]any{"Found": "A"}},
		{"cnpj, small letters", Field{Format: CNPJ}, "12abc34501de05", "characters", map[string]any{"Found": "a"}},
		{"cnpj, zeros", Field{Format: CNPJ}, "00000000000000", "repeated", nil},
		{"cnpj with a zero before", Field{Format: CNPJ}, "011222333000181", "cnpj_length", map[string]any{"Got": 15, "Want": 14}},
		{"cnpj, foreign letter", Field{Format: CNPJ}, "12ÁC34501DE35", "characters", map[string]any{"Found": "Á"}},
		{"either", Field{Format: CPFCNPJ}, "11144477734", "cpf", nil},
		{"uuid too short", Field{Format: UUID}, "123e4567-e89b-12d3-a456-42665544000", "uuid_length", map[string]any{"Got": 31, "Want": 32}},
		{"uuid without dashes", Field{Format: UUID}, "123e4567e89b12d3a456426655440000", "uuid", nil},
		{"uuid with a sixth part", Field{Format: UUID}, "123e4567-e89b-12d3-a456-426655440000-0", "uuid_length", map[string]any{"Got": 33, "Want": 32}},
		{"uuid, a letter", Field{Format: UUID}, "123g4567-e89b-12d3-a456-426655440000", "characters", map[string]any{"Found": "g"}},
		{"ifsc without zero", Field{Format: IFSC}, "SBIN1000001", "ifsc_zero", map[string]any{"Found": "1"}},
		{"ifsc too short", Field{Format: IFSC}, "SBIN000001", "ifsc_length", map[string]any{"Got": 10, "Want": 11}},
		{"ifsc, a digit in the bank", Field{Format: IFSC}, "SB1N0000001", "ifsc_bank", map[string]any{"Found": "1"}},
		{"ifsc, a dash in the branch", Field{Format: IFSC}, "SBIN0-00001", "characters", map[string]any{"Found": "-"}},
		{"rut, check digit", Field{Format: RUT}, "12345678-9", "rut", nil},
		{"rut, K for another", Field{Format: RUT}, "11111111-K", "rut", nil},
		{"rut, of sample data", Field{Format: RUT}, "22333555-4", "rut", nil},
		{"rut, no body", Field{Format: RUT}, "5", "rut_length", map[string]any{"Got": 1, "Want": 9}},
		{"rut, nothing after the dash", Field{Format: RUT}, "1-", "rut_length", map[string]any{"Got": 1, "Want": 9}},
		{"rut, too long", Field{Format: RUT}, "123456789-2", "rut_length", map[string]any{"Got": 10, "Want": 9}},
		{"rut, a letter", Field{Format: RUT}, "A2345678-5", "digits", map[string]any{"Found": "A"}},
		{"rut, without dash", Field{Format: RUT}, "123456785", "rut_length", map[string]any{"Got": 9, "Want": 9}},
		{"clabe, check digit", Field{Format: CLABE}, "012180001234567890", "clabe", nil},
		{"clabe, of a sample", Field{Format: CLABE}, "019122219004301156", "clabe", nil},
		{"clabe, too short", Field{Format: CLABE}, "03218000011835971", "clabe_length", map[string]any{"Got": 17, "Want": 18}},
		{"clabe, too long", Field{Format: CLABE}, "0321800001183597190", "clabe_length", map[string]any{"Got": 19, "Want": 18}},
		{"clabe, a letter", Field{Format: CLABE}, "03218000011835971X", "digits", map[string]any{"Found": "X"}},
		{"format before pattern", Field{Format: CPF, Pattern: "x"}, "1", "cpf_length", map[string]any{"Got": 1, "Want": 11}},
	}
}

func TestCheckRefuses(t *testing.T) {
	for _, test := range refusals() {
		t.Run(test.name, func(t *testing.T) {
			test.field.Name = "account"
			err := test.field.Check(test.value)
			got, _ := errors.AsType[*FieldError](err)
			want := &FieldError{Field: "account", Code: test.want, Args: test.args}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%q (-want +got):\n%s", test.value, diff)
			}
			if got.Error() != "account: "+test.want {
				t.Errorf("got %q, want %q", got.Error(), "account: "+test.want)
			}
		})
	}
}

// mtn is a field for MTN's numbers of a country.
func mtn(prefix string, lengths ...int) Field {
	return Field{Type: Phone, Prefix: prefix, Lengths: lengths, Operator: "MTN"}
}

func TestWarn(t *testing.T) {
	moov := &FieldError{Code: "phone_operator", Args: map[string]any{"Found": "Moov", "Want": "MTN"}}
	benin := Field{Name: "msisdn", Type: Phone, Prefix: "229", Lengths: []int{8, 10}}
	for _, test := range []struct {
		name  string
		field Field
		value string
		want  *FieldError
	}{
		{"old benin number", benin, "22951345020", nil},
		{"new benin number", benin, "2290151345020", nil},
		{
			"a digit too many", benin, "229513450201",
			&FieldError{Field: "msisdn", Code: "phone_length", Args: map[string]any{"Got": 9, "Want": "8, 10"}},
		},
		{
			"usual lengths without prefix", Field{Type: Phone, Lengths: []int{11}}, "0917123456",
			&FieldError{Code: "phone_length", Args: map[string]any{"Got": 10, "Want": "11"}},
		},
		{"likely", Field{Type: Phone}, "33612345678", nil},
		{"unlikely", Field{Type: Phone}, "336123456", &FieldError{Code: "phone_unlikely"}},
		{"no such country", Field{Type: Phone}, "99912345678", &FieldError{Code: "phone_unlikely"}},
		{"too short for any", Field{Type: Phone}, "1", &FieldError{Code: "phone_unlikely"}},
		{"without country code", Field{Type: Phone}, "09171234567", nil},
		{"nothing", Field{Type: Phone, Optional: true}, "", nil},
		{"wrong already", benin, "33612345678", nil},
		{"usual length, no such number", benin, "2290951345020", &FieldError{Field: "msisdn", Code: "phone_unlikely"}},
		{"its own operator", mtn("229", 8, 10), "2290161345020", nil},
		{"its own operator, old form", mtn("229", 8, 10), "22961345020", nil},
		{"another operator", mtn("229", 8, 10), "2290145345020", moov},
		{"another operator, old form", mtn("229", 8, 10), "22945345020", moov},
		{"another operator, no lengths", mtn("229"), "2290145345020", moov},
		{"operator with the country behind", mtn("237", 9), "237670010203", nil},
		{"operator under its older name", Field{Type: Phone, Operator: "Airtel"}, "250720010203", nil},
		{"operator under its newer name", Field{Type: Phone, Operator: "Vodafone"}, "233200010203", nil},
		{"wallet of every network", Field{Type: Phone, Operator: "Wave"}, "2250701020304", nil},
		{"no operator known", Field{Type: Phone, Operator: "MTN"}, "33123456789", nil},
		{"wrong length before wrong operator", mtn("229", 10), "22945345020",
			&FieldError{Code: "phone_length", Args: map[string]any{"Got": 8, "Want": "10"}}},
		{"no phone", Field{}, "1", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.field.Warn(test.value)); diff != "" {
				t.Errorf("%q (-want +got):\n%s", test.value, diff)
			}
		})
	}
}

// TestCheckDigits: one digit in place of another never goes unnoticed where the digit that checks them is made for that.
func TestCheckDigits(t *testing.T) {
	for format, values := range map[Format][]string{
		RUT:   {"12345678-5", "11111111-1", "18765534-K", "76934246-K", "10000013-K", "5126663-3", "11111103-0"},
		CLABE: {"032180000118359719", "002000000000000008", "646180157000000004", "014027000005555558"},
	} {
		for _, value := range values {
			if err := (Field{Format: format}).Check(value); err != nil {
				t.Errorf("%s: got %v, want no error", value, err)
			}
			for i := range value {
				for _, digit := range "0123456789K" {
					other := value[:i] + string(digit) + value[i+1:]
					if err := (Field{Format: format}).Check(other); other != value && err == nil {
						t.Errorf("%s: got no error, want one: %s is right", other, value)
					}
				}
			}
		}
	}
}

// TestSentences: there is a sentence for all that is said about a value, and it asks for nothing that is not given.
func TestSentences(t *testing.T) {
	texts := map[string]string{}
	data, err := os.ReadFile("../views/i18n/catalogs/en/fields.json")
	if err == nil {
		err = json.Unmarshal(data, &texts)
	}
	if err != nil {
		t.Fatal(err)
	}
	warnings := []refusal{
		{want: "phone_length", args: map[string]any{"Got": 9, "Want": "8, 10"}}, {want: "phone_unlikely"},
		{want: "phone_operator", args: map[string]any{"Found": "Moov", "Want": "MTN"}},
	}
	for _, r := range append(refusals(), warnings...) {
		text, err := template.New(r.want).Option("missingkey=error").Parse(texts["check."+r.want])
		var sentence strings.Builder
		if err == nil {
			err = text.Execute(&sentence, r.args)
		}
		if err != nil || sentence.Len() == 0 {
			t.Errorf("check.%s: got %q, %v; want a sentence", r.want, sentence.String(), err)
		}
	}
}

// pix is a form whose key is checked by what kind of key it is.
var pix = []Field{
	{Name: "key", Format: CPF, When: map[string][]string{"kind": {"CPF"}}, Role: RoleAccount},
	{Name: "key", Type: Phone, When: map[string][]string{"kind": {"PHONE"}}, Role: RoleAccount},
	{Name: "kind", Type: Choice, Options: []Option{{Value: "CPF"}, {Value: "PHONE"}}},
	{Name: "note", Optional: true},
	{Name: "carrier", When: map[string][]string{"kind": {"PHONE", "SMS"}, "note": {"", "x"}}},
}

func TestShown(t *testing.T) {
	for _, test := range []struct {
		name   string
		fields []Field
		values map[string]string
		want   []string
	}{
		{"nothing given", pix, nil, []string{"kind", "note"}},
		{"one kind", pix, map[string]string{"kind": " CPF"}, []string{"key cpf", "kind", "note"}},
		{"the other kind", pix, map[string]string{"kind": "PHONE"}, []string{"key", "kind", "note", "carrier"}},
		{"two conditions, one met", pix, map[string]string{"kind": "PHONE", "note": "y"}, []string{"key", "kind", "note"}},
		{"condition on a field that is not there", []Field{{Name: "a", When: map[string][]string{"b": {"1"}}}},
			map[string]string{"b": "1"}, nil},
		{"condition on a hidden field", []Field{
			{Name: "c", When: map[string][]string{"b": {"1"}}},
			{Name: "b", When: map[string][]string{"a": {"1"}}},
			{Name: "a"},
		}, map[string]string{"a": "2", "b": "1", "c": "1"}, []string{"a"}},
		{"chain", []Field{
			{Name: "c", When: map[string][]string{"b": {"1"}}},
			{Name: "b", When: map[string][]string{"a": {"1"}}},
			{Name: "a"},
		}, map[string]string{"a": "1", "b": "1"}, []string{"c", "b", "a"}},
		{"loop", []Field{
			{Name: "a", When: map[string][]string{"b": {"1"}}},
			{Name: "b", When: map[string][]string{"a": {"1"}}},
			{Name: "c", When: map[string][]string{"c": {"1"}}},
			{Name: "d"},
		}, map[string]string{"a": "1", "b": "1", "c": "1"}, []string{"d"}},
		{"no value will do", []Field{{Name: "a"}, {Name: "b", When: map[string][]string{"a": nil}}}, nil, []string{"a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, f := range Shown(test.fields, test.values) {
				got = append(got, strings.TrimSpace(f.Name+" "+string(f.Format)))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckAll(t *testing.T) {
	for _, test := range []struct {
		name         string
		values, want map[string]string
		errs         []*FieldError
	}{
		{"good", map[string]string{"kind": "CPF", "key": "111.444.777-35"},
			map[string]string{"kind": "CPF", "key": "11144477735"}, nil},
		{"hidden and unknown values are dropped", map[string]string{"kind": "CPF", "key": "11144477735", "carrier": "x", "zz": "y"},
			map[string]string{"kind": "CPF", "key": "11144477735"}, nil},
		{"the other check", map[string]string{"kind": "PHONE", "key": "+55 11", "carrier": "\x00"},
			map[string]string{"kind": "PHONE", "key": "5511", "carrier": "\x00"},
			[]*FieldError{{Field: "carrier", Code: "control"}}},
		{"nothing", nil, map[string]string{}, []*FieldError{{Field: "kind", Code: "required"}}},
		{"two wrong", map[string]string{"kind": "CPF", "note": "\u202e"}, map[string]string{"kind": "CPF", "note": "\u202e"},
			[]*FieldError{{Field: "key", Code: "required"}, {Field: "note", Code: "control"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			clean, errs := CheckAll(pix, test.values)
			if diff := cmp.Diff(test.want, clean); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.errs, errs); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnknownNames(t *testing.T) {
	values := map[string]string{"zz": "1", "kind": "CPF", "aa": ""}
	if diff := cmp.Diff([]string{"aa", "zz"}, UnknownNames(pix, values)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := UnknownNames(pix, nil); len(got) != 0 || len(values) != 3 {
		t.Errorf("got %q and %d values, want none and 3", got, len(values))
	}
}

func TestValue(t *testing.T) {
	whole := []Field{{Name: "n", Role: RoleName}, {Name: "a", Role: RoleAccount}, {Name: "b", Role: RoleAccount}}
	parts := []Field{{Name: "f", Role: RoleFamily}, {Name: "g", Role: RoleGiven}}
	for _, test := range []struct {
		name   string
		fields []Field
		values map[string]string
		role   Role
		want   string
	}{
		{"whole name", whole, map[string]string{"n": "Awa Diop"}, RoleName, "Awa Diop"},
		{"two parts", parts, map[string]string{"f": "Diop", "g": "Awa"}, RoleName, "Awa Diop"},
		{"given name only", parts, map[string]string{"g": "Awa"}, RoleName, "Awa"},
		{"family name only", parts, map[string]string{"f": "Diop"}, RoleName, "Diop"},
		{"no name", parts, nil, RoleName, ""},
		{"first given account", whole, map[string]string{"b": "2"}, RoleAccount, "2"},
		{"first account", whole, map[string]string{"a": "1", "b": "2"}, RoleAccount, "1"},
		{"no such role", whole, map[string]string{"n": "Awa"}, RoleBank, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := Value(test.fields, test.values, test.role); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestMask(t *testing.T) {
	for value, want := range map[string]string{
		"": "", "1": "··", "12": "··", "123": "··23", "12345": "··45", "123456": "··3456", "22997126630": "··6630", "王小明李": "··明李",
	} {
		if got := Mask(value); got != want {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
}

// A form must not be a way to keep the machine busy.
func TestLongValuesAreQuick(t *testing.T) {
	fields := []Field{
		{Name: "text", Pattern: "(a*)*b", Max: 200_000}, {Name: "short", Pattern: "(a*)*b"}, {Name: "digits", Type: Digits},
		{Name: "phone", Type: Phone}, {Name: "email", Type: Email, Max: 200_000}, {Name: "tax", Format: CPFCNPJ}, {Name: "id", Format: UUID},
	}
	for _, value := range []string{
		strings.Repeat("a", 10_000), strings.Repeat("\u0301", 5_000),
		strings.Repeat("a", 100_000), strings.Repeat("00", 50_000), strings.Repeat("a.", 50_000) + "@", strings.Repeat("\u0301", 50_000),
	} {
		values := map[string]string{}
		for _, f := range fields {
			values[f.Name] = value
		}
		start := time.Now()
		CheckAll(fields, values)
		if took := time.Since(start); took > time.Duration(len(fields))*100*time.Millisecond {
			t.Errorf("%.10q: took %s, want at most 100 ms a field", value, took)
		}
	}
}
