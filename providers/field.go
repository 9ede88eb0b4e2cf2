package providers

// Text is words for people: a message key and the English wording, which also serves where a catalog lacks the key.
type Text struct{ Key, English string }

// Type says how a field is typed in and shown.
type Type string

// The types of field. The zero value is a line of text.
const (
	String Type = ""
	Secret Type = "secret" // write-only: never shown again
	Digits Type = "digits" // kept as text; spaces, dots and dashes are taken out
	Phone  Type = "phone"  // kept as digits with the country code, no plus sign
	Email  Type = "email"
	Choice Type = "choice" // one of Options
	Bank   Type = "bank"   // one of Options, searched by typing; a code that is not listed may be typed in
)

// Format names a check that a pattern cannot express.
type Format string

// The formats.
const (
	CPF     Format = "cpf"      // Brazil, person: 11 digits, two check digits
	CNPJ    Format = "cnpj"     // Brazil, company: 14 characters, letters allowed since July 2026, two check digits
	CPFCNPJ Format = "cpf_cnpj" // either
	UUID    Format = "uuid"     // a random PIX key
	IFSC    Format = "ifsc"     // India: bank branch
	RUT     Format = "rut"      // Chile: person or company, kept as 12345678-5
	CLABE   Format = "clabe"    // Mexico: bank account, 18 digits, the last a check digit
)

// Role says what a field means across companies. The recipient's name and account are found by it.
type Role string

// The roles.
const (
	RoleName    Role = "name"       // the recipient's name, or its only part
	RoleGiven   Role = "given_name" // first name where the company asks for two parts
	RoleFamily  Role = "family_name"
	RoleAccount Role = "account" // account or wallet number: masked in lists
	RoleBank    Role = "bank"
	RolePhone   Role = "phone"
	RoleEmail   Role = "email"
	RoleTaxID   Role = "tax_id" // masked in lists
)

// Field is one value a person fills in. Forms, checks, file columns and API schemas are made from it.
type Field struct {
	Name     string
	Label    Text
	Help     Text
	Example  string
	Type     Type
	Format   Format
	Optional bool
	Max      int    // characters; 0: 200
	Pattern  string // RE2, anchored by us, on the cleaned value
	Prefix   string // country code a Phone must begin with, "229"
	Lengths  []int  // usual lengths of a Phone without Prefix: others are warned about, never refused
	Operator string // whose numbers a Phone takes, "MTN": others are warned about, as far as they can be told
	Options  []Option
	When     map[string][]string // shown and required only if each of these fields has one of these values
	Role     Role
}

// Option is one value of a Choice or Bank.
type Option struct {
	Value string
	Label Text
}
