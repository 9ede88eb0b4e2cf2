package gobipay

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/paywicket/paywicket/providers"
)

// argument is what a platform asks for (ASM-3).
type argument struct {
	kind    string // its type as the platform writes it, which goes back untouched
	field   providers.Field
	skipped bool // it has a pattern that Go cannot read
}

const (
	maxArgument = 100  // characters of a name
	maxPattern  = 1000 // bytes of a pattern; a longer one is not read
	plainNumber = `-?[0-9]+([.,][0-9]+)?`
)

// argumentsOf reads the list of arguments. What it cannot read whole, it refuses whole.
func argumentsOf(list []object) ([]argument, error) {
	if len(list) > maxArguments {
		return nil, unreadable("the platform asks for too much")
	}
	args := make([]argument, 0, len(list))
	for _, o := range list {
		arg, err := argumentOf(o)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(args, func(a argument) bool { return a.field.Name == arg.field.Name }) {
			return nil, unreadable("the platform asks for an argument twice")
		}
		args = append(args, arg)
	}
	nameWallet(args)
	return args, nil
}

func argumentOf(o object) (argument, error) {
	name, _ := o[keyName].(string)
	kind, isText := o[keyType].(string)
	switch {
	case name == "" || tidy(name, maxArgument) != name:
		return argument{}, unreadable("an argument has no usable name")
	case !isText && o[keyType] != nil:
		return argument{}, unreadable("the type of an argument is no text")
	}
	pattern := text(o[keyRegex])
	skipped := !compiles(pattern)
	if skipped {
		pattern = ""
	}
	return argument{kind: kind, field: fieldOf(o, name, kind, pattern), skipped: skipped}, nil
}

func fieldOf(o object, name, kind, pattern string) providers.Field {
	f := providers.Field{
		Name: name, Example: tidy(text(o[keyPlaceholder]), maxLabel), Optional: o[keyRequired] == false, Pattern: pattern,
	}
	f.Label, f.Role = meaningOf(name)
	if f.Label.Key == "" {
		f.Label.English = tidy(text(o[keyLabel]), maxLabel)
	}
	if f.Label.English == "" {
		f.Label.English = name
	}
	switch strings.ToLower(kind) {
	case typePhone:
		f.Type, f.Role = phoneType(pattern), providers.RolePhone
	case typeEmail:
		f.Type = providers.Email
	case typeNumber: // asked for as text: a type that takes marks out would make 125 of 12.5
		if text(o[keyRegex]) == "" {
			f.Pattern = plainNumber
		}
	case typeSelect:
		if f.Options = optionsOf(o[keyOptions]); len(f.Options) > 0 {
			f.Type = providers.Choice
		}
	}
	return f
}

// phoneType is Phone, which is kept as digits, unless the platform's pattern lets no number of digits alone through:
// then what is typed goes out as it is.
func phoneType(pattern string) providers.Type {
	if tree, err := syntax.Parse(pattern, syntax.Perl); err == nil && !takesDigits(tree) {
		return providers.String
	}
	return providers.Phone
}

// takesDigits reports whether some text of digits alone fits a pattern.
func takesDigits(p *syntax.Regexp) bool {
	one := func(sub *syntax.Regexp) bool { return takesDigits(sub) }
	switch p.Op {
	case syntax.OpNoMatch:
		return false
	case syntax.OpLiteral:
		return !slices.ContainsFunc(p.Rune, func(r rune) bool { return r < '0' || r > '9' })
	case syntax.OpCharClass:
		for i := 0; i+1 < len(p.Rune); i += 2 {
			if p.Rune[i] <= '9' && p.Rune[i+1] >= '0' {
				return true
			}
		}
		return false
	case syntax.OpAlternate:
		return slices.ContainsFunc(p.Sub, one)
	case syntax.OpStar, syntax.OpQuest:
		return true
	case syntax.OpRepeat:
		return p.Min == 0 || takesDigits(p.Sub[0])
	}
	return !slices.ContainsFunc(p.Sub, func(sub *syntax.Regexp) bool { return !takesDigits(sub) })
}

// compiles reports whether Go can read a pattern, which is made for another language.
func compiles(pattern string) bool {
	_, err := regexp.Compile(pattern)
	return err == nil && len(pattern) <= maxPattern
}

// optionsOf reads a list of texts, or of objects with a value and a label.
func optionsOf(v any) []providers.Option {
	list, _ := v.([]any)
	var options []providers.Option
	for _, item := range list {
		value, label := text(item), text(item)
		if o, ok := item.(map[string]any); ok {
			value, label = text(o[keyValue]), text(o[keyLabel])
		}
		if label = tidy(label, maxLabel); label == "" {
			label = value
		}
		if value != "" {
			options = append(options, providers.Option{Value: value, Label: providers.Text{English: label}})
		}
	}
	return options
}

// nameWallet marks the phone number as the account that is paid to, where there is no other.
func nameWallet(args []argument) {
	if slices.ContainsFunc(args, func(a argument) bool { return a.field.Role == providers.RoleAccount }) {
		return
	}
	i := slices.IndexFunc(args, func(a argument) bool { return a.field.Role == providers.RolePhone })
	if i < 0 {
		return
	}
	f := &args[i].field
	f.Role = providers.RoleAccount
	if f.Label.Key == "field.phone" {
		f.Label = providers.Text{Key: "field.msisdn", English: "Mobile money number"}
	}
}

func fieldsOf(args []argument) []providers.Field {
	fields := make([]providers.Field, len(args))
	for i, a := range args {
		fields[i] = a.field
	}
	return fields
}

// meaningOf is what the name of an argument means across companies; zero if nothing says so.
func meaningOf(name string) (providers.Text, providers.Role) {
	word := func(key, english string) providers.Text { return providers.Text{Key: "field." + key, English: english} }
	switch strings.ToLower(name) {
	case "phone_number", "phone", "msisdn":
		return word("phone", "Phone number"), providers.RolePhone
	case "fullname", "full_name":
		return word("full_name", "Full name"), providers.RoleName
	case "first_name", "firstname":
		return word("first_name", "First name"), providers.RoleGiven
	case "last_name", "lastname":
		return word("last_name", "Last name"), providers.RoleFamily
	case "account_name":
		return word("account_name", "Name on the account"), providers.RoleName
	case "account_number":
		return word("account_number", "Account number"), providers.RoleAccount
	case "iban":
		return word("iban", "IBAN"), providers.RoleAccount
	case "wallet_number":
		return word("wallet_number", "Wallet number"), providers.RoleAccount
	case "bank":
		return word("bank", "Bank"), providers.RoleBank
	case "bank_code":
		return word("bank_code", "Bank code"), providers.RoleBank
	case "email":
		return word("email", "E-mail"), providers.RoleEmail
	case "reference":
		return word("reference", "Reference"), ""
	}
	return providers.Text{}, ""
}
