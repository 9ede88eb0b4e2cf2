package providers

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-playground/validator/v10"
)

// Bounds where a field sets none.
const (
	maxTyped   = 10_000 // bytes as typed, whatever Max says: no form needs more, and nothing slow sees it
	defaultMax = 200    // characters of a value
	maxPhone   = 15     // digits with the country code, ITU-T E.164
	maxEmail   = 254    // bytes, RFC 5321
	maxPattern = 1000   // bytes: a pattern may come from a company's answer
)

// FieldError says what is wrong with the value of one field. Args go into the sentence made from Code:
//
//	required        nothing was given
//	too_long        longer than Max characters, or than 10 kB
//	control         control characters, invisible characters, marks that turn the direction of text, broken UTF-8
//	unknown_option  not one of the options
//	digits          something else than digits: Found
//	characters      a character that does not belong: Found
//	phone           nothing but the country code
//	phone_characters  something else than digits: Found
//	phone_long      Got digits, more than Max
//	phone_prefix    does not begin with the country code Prefix
//	email           not an e-mail address; email_at: no @; email_parts: nothing before it, or no domain after it
//	pattern         not in the company's format; Example shows one
//	bank            neither one of the options nor a code as the company writes it; Example shows one
//	cpf, cnpj, rut, clabe  its check digits do not fit: something is mistyped
//	cpf_length, cnpj_length, rut_length, clabe_length, ifsc_length, uuid_length  Got characters instead of Want
//	repeated        one character all over, which is given to nobody
//	cnpj_end        ends in Found instead of two digits
//	ifsc_bank       Found among the four letters of the bank; ifsc_zero: Found in place of the zero
//	uuid            not in five groups
//
// and as warnings only:
//
//	phone_length    Got digits after the country code where Want ("8, 10") are usual
//	phone_unlikely  no such number in the numbering plans
//	phone_operator  the number was given out by Found, and Want is asked for
type FieldError struct {
	Field string // Field.Name
	Code  string
	Args  map[string]any
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Code }

// Check tells what is wrong with a value as Clean left it: nil or a *FieldError. It does not look at When.
func (f Field) Check(value string) error {
	if e := f.check(value); e != nil {
		return e
	}
	return nil
}

func (f Field) check(value string) *FieldError {
	if value == "" {
		if f.Optional {
			return nil
		}
		return f.fail("required", nil)
	}
	if n := f.max(); len(value) > maxTyped || utf8.RuneCountInString(value) > n {
		return f.fail("too_long", map[string]any{"Max": n})
	}
	if !utf8.ValidString(value) || strings.ContainsFunc(value, isForbidden) {
		return f.fail("control", nil)
	}
	if e := f.checkType(value); e != nil {
		return e
	}
	return f.checkFormat(value)
}

func (f Field) fail(code string, args map[string]any) *FieldError {
	return &FieldError{Field: f.Name, Code: code, Args: args}
}

func (f Field) max() int {
	if f.Max <= 0 {
		return defaultMax
	}
	return f.Max
}

func (f Field) checkType(value string) *FieldError {
	switch f.Type {
	case Digits:
		if f.Format == "" && !isDigits(value) {
			return f.fail("digits", strange(value, isDigit))
		}
	case Phone:
		return f.checkPhone(value)
	case Email:
		return f.checkEmail(value)
	case Choice:
		if !slices.ContainsFunc(f.Options, func(o Option) bool { return o.Value == value }) {
			return f.fail("unknown_option", nil)
		}
	}
	return nil
}

//nolint:gochecknoglobals // never changes; a validator is costly to make and safe to share
var validate = sync.OnceValue(func() *validator.Validate { return validator.New() })

func (f Field) checkEmail(value string) *FieldError {
	name, domain, ok := strings.Cut(value, "@")
	switch {
	case !ok:
		return f.fail("email_at", nil)
	case name == "" || !strings.Contains(domain, "."):
		return f.fail("email_parts", nil)
	case len(value) > maxEmail || validate().Var(value, "email") != nil: // the tag is fixed: an unknown one panics
		return f.fail("email", nil)
	}
	return nil
}

func (f Field) checkFormat(value string) *FieldError {
	if code, args := f.Format.fault(value); code != "" {
		return f.fail(code, args)
	}
	if fitsPattern(f.Pattern, value) {
		return nil
	}
	code := "pattern"
	if f.Type == Bank {
		code = "bank"
	}
	return f.fail(code, map[string]any{"Example": f.Example})
}

// fitsPattern reports whether the whole value matches. A pattern that does not compile says nothing: the company will.
func fitsPattern(pattern, value string) bool {
	if pattern == "" || len(pattern) > maxPattern {
		return true
	}
	// Compiled by itself first, so that "a)|(b" cannot open the group that anchors it.
	if _, err := regexp.Compile(pattern); err != nil {
		return true
	}
	whole, err := regexp.Compile("^(?:" + pattern + ")$")
	return err != nil || whole.MatchString(value)
}

// Shown returns the fields that apply, in their order: those whose When is met by fields that apply themselves. A
// condition on a field that is hidden, missing or waits for itself is not met.
func Shown(fields []Field, values map[string]string) []Field {
	shown := make([]bool, len(fields))
	given := map[string][]string{} // cleaned values by name, of the fields found to apply so far
	for changed := true; changed; {
		changed = false
		for i, f := range fields {
			if !shown[i] && f.applies(given) {
				shown[i], changed = true, true
				given[f.Name] = append(given[f.Name], f.Clean(values[f.Name]))
			}
		}
	}
	var applying []Field
	for i, f := range fields {
		if shown[i] {
			applying = append(applying, f)
		}
	}
	return applying
}

func (f Field) applies(given map[string][]string) bool {
	for name, allowed := range f.When {
		if !slices.ContainsFunc(given[name], func(value string) bool { return slices.Contains(allowed, value) }) {
			return false
		}
	}
	return true
}

// CheckAll cleans and checks the values of the fields that apply. The clean values hold every such field that is not
// empty, the wrong ones too; what belongs to no field or a hidden one is dropped. The errors are in the order of the
// fields.
func CheckAll(fields []Field, values map[string]string) (map[string]string, []*FieldError) {
	clean := map[string]string{}
	var errs []*FieldError
	for _, f := range Shown(fields, values) {
		value := f.Clean(values[f.Name])
		if e := f.check(value); e != nil {
			errs = append(errs, e)
		}
		if value != "" {
			clean[f.Name] = value
		}
	}
	return clean, errs
}

// UnknownNames returns the names in values that no field has, sorted.
func UnknownNames(fields []Field, values map[string]string) []string {
	left := maps.Clone(values)
	for _, f := range fields {
		delete(left, f.Name)
	}
	return slices.Sorted(maps.Keys(left))
}

// Value returns the first value given for a role, "" if there is none. A name that is asked for in two parts is
// joined: given name, space, family name.
func Value(fields []Field, values map[string]string, role Role) string {
	for _, f := range fields {
		if f.Role == role && values[f.Name] != "" {
			return values[f.Name]
		}
	}
	if role != RoleName {
		return ""
	}
	return strings.TrimSpace(Value(fields, values, RoleGiven) + " " + Value(fields, values, RoleFamily))
}

// Mask hides all but the end of an account number: "··6630". Of fewer than six characters it shows two, of fewer than
// three none.
func Mask(value string) string {
	const dots = "··"
	characters := []rune(value)
	switch n := len(characters); {
	case n == 0:
		return ""
	case n < 3:
		return dots
	case n < 6:
		return dots + string(characters[n-2:])
	default:
		return dots + string(characters[n-4:])
	}
}
