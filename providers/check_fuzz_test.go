package providers

import (
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// FuzzCheckAll holds forms to what they promise about any value and any pattern: no panic, cleaned values that clean
// and check the same way again, and nothing passed that a page or a company must not get.
func FuzzCheckAll(f *testing.F) {
	for _, value := range []string{
		"", "Awa Diop", "+229 97-12", "111.444.777-35", "12.ABC.345/01DE-35", "a@Example.com", "012.345.678-5", "18765534k", "032 180 000118359719", "+229 45 34 50 20", "\xff", "a\u202e", "e-\u0301", "00+00",
	} {
		f.Add(value, "CPF", "[a-z]+", "text", "phone", 20)
		f.Add("CPF", value, "a)|(b", "text", "text", 0)
	}
	f.Fuzz(func(t *testing.T, value, other, pattern, on, and string, n int) {
		fields := fuzzFields(value, other, pattern, on, and, n)
		values := map[string]string{"unknown": other}
		for i, field := range fields {
			values[field.Name] = []string{value, other}[i%2]
		}
		clean, errs := CheckAll(fields, values)
		again, errsAgain := CheckAll(fields, clean)
		if diff := cmp.Diff(clean, again); diff != "" {
			t.Fatalf("cleaned again (-first +again):\n%s", diff)
		}
		if diff := cmp.Diff(errs, errsAgain); diff != "" {
			t.Fatalf("checked again (-first +again):\n%s", diff)
		}
		for _, field := range Shown(fields, values) {
			wantSound(t, field, clean[field.Name])
		}
		if got := UnknownNames(fields, clean); len(got) != 0 {
			t.Fatalf("got values of no field %q, want none", got)
		}
	})
}

func fuzzFields(value, other, pattern, on, and string, n int) []Field {
	return []Field{
		{Name: "text", Max: n, Pattern: pattern},
		{Name: "kind", Type: Choice, Options: []Option{{Value: value}, {Value: other}}},
		{Name: "secret", Type: Secret, When: map[string][]string{on: {value}, and: {other}}},
		{Name: "digits", Type: Digits, Pattern: pattern, When: map[string][]string{"kind": {value}}},
		{Name: "phone", Type: Phone, Prefix: other, Lengths: []int{n}, When: map[string][]string{on: {other, value}}},
		{Name: "mobile", Type: Phone},
		{Name: "email", Type: Email, Optional: true},
		{Name: "bank", Type: Bank, When: map[string][]string{"bank": {value}}},
		{Name: "cpf", Format: CPF},
		{Name: "cnpj", Format: CNPJ, Type: Digits},
		{Name: "tax", Format: CPFCNPJ},
		{Name: "uuid", Format: UUID},
		{Name: "ifsc", Format: IFSC},
		{Name: "rut", Format: RUT},
		{Name: "clabe", Type: Digits, Format: CLABE},
		{Name: "wallet", Type: Phone, Operator: "MTN"},
		{Name: "branch", Type: Bank, Pattern: pattern},
	}
}

// wantSound checks a clean value and what is said about it.
func wantSound(t *testing.T, field Field, value string) {
	t.Helper()
	err := field.Check(value)
	if e, ok := errors.AsType[*FieldError](err); err != nil && (!ok || e.Field != field.Name || e.Code == "") {
		t.Fatalf("%s: got %v, want a FieldError of it", field.Name, err)
	}
	if err == nil && (!utf8.ValidString(value) || utf8.RuneCountInString(value) > field.max()) {
		t.Fatalf("%s: got %q passed, want it refused", field.Name, value)
	}
	if w := field.Warn(value); w != nil && err != nil {
		t.Fatalf("%s: got %v and %v, want no warning beside an error", field.Name, w, err)
	}
	if got := utf8.RuneCountInString(Mask(value)); got > 6 {
		t.Fatalf("%s: got %q, want at most two dots and four characters", field.Name, Mask(value))
	}
}
