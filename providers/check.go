package providers

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-playground/validator/v10"
	"github.com/nyaruka/phonenumbers"
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
//	digits          something else than digits
//	phone           not a number with country code
//	phone_prefix    does not begin with the country code Prefix
//	email           not an e-mail address
//	pattern         not in the company's format; Example shows one
//	cpf, cnpj, cpf_cnpj, uuid, ifsc  not of that format, or check digits do not fit
//
// and as warnings only:
//
//	phone_length    Got digits after the country code where Want ("8, 10") are usual
//	phone_unlikely  no such number in the numbering plans
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
			return f.fail("digits", nil)
		}
	case Phone:
		return f.checkPhone(value)
	case Email:
		// The tag is fixed: an unknown one panics.
		if len(value) > maxEmail || validate().Var(value, "email") != nil {
			return f.fail("email", nil)
		}
	case Choice:
		if !slices.ContainsFunc(f.Options, func(o Option) bool { return o.Value == value }) {
			return f.fail("unknown_option", nil)
		}
	}
	return nil
}

//nolint:gochecknoglobals // never changes; a validator is costly to make and safe to share
var validate = sync.OnceValue(func() *validator.Validate { return validator.New() })

func (f Field) checkPhone(value string) *FieldError {
	if !isDigits(value) || len(value) > maxPhone || value == f.Prefix {
		return f.fail("phone", nil)
	}
	if !strings.HasPrefix(value, f.Prefix) {
		return f.fail("phone_prefix", map[string]any{"Prefix": f.Prefix})
	}
	return nil
}

func (f Field) checkFormat(value string) *FieldError {
	if !f.Format.fits(value) {
		return f.fail(string(f.Format), nil)
	}
	if !fitsPattern(f.Pattern, value) {
		return f.fail("pattern", map[string]any{"Example": f.Example})
	}
	return nil
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

// Warn tells what is unusual about a value that Check finds no fault with; nil if nothing is. A warning never stops
// a payout: numbering plans change faster than what companies accept.
func (f Field) Warn(value string) *FieldError {
	if f.Type != Phone || value == "" || f.check(value) != nil {
		return nil
	}
	if len(f.Lengths) > 0 {
		return f.warnLength(len(value) - len(f.Prefix))
	}
	// Without the country code there is no plan to look into.
	if value[0] == '0' || isLikely(value) {
		return nil
	}
	return f.fail("phone_unlikely", nil)
}

func (f Field) warnLength(got int) *FieldError {
	if slices.Contains(f.Lengths, got) {
		return nil
	}
	want := make([]string, len(f.Lengths))
	for i, n := range f.Lengths {
		want[i] = strconv.Itoa(n)
	}
	return f.fail("phone_length", map[string]any{"Got": got, "Want": strings.Join(want, ", ")})
}

func isLikely(value string) bool {
	number, err := phonenumbers.Parse("+"+value, "")
	return err == nil && phonenumbers.IsValidNumber(number)
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
