package goldenpay

import "github.com/paywicket/paywicket/providers"

// The names of fields are the company's members, except for fieldBank. What is asked for in which country is in its two
// tables, of 2026 for Vietnam, Thailand and the Philippines, of before for Brazil and India. Left out is what only the
// older table has for the first three, and account_type and account_tin in India, where no value of either is named.

// Kinds of PIX key.
const (
	keyCPF    = "CPF"
	keyCNPJ   = "CNPJ"
	keyPhone  = "PHONE"
	keyEmail  = "EMAIL"
	keyRandom = "EVP"
)

func vietnamFields(banks []providers.Option) []providers.Field {
	number := accountNumber()
	number.Pattern, number.Example = formVietnam, "19036512345678"
	bank := bankField(banks)
	bank.Pattern, bank.Example = `[0-9A-Za-z]{1,20} [^ ].*`, "970407 TECHCOMBANK"
	return append([]providers.Field{bank, number, accountName("NGUYEN VAN A"), branch()}, extras()...)
}

func thailandFields(banks []providers.Option) []providers.Field {
	number := accountNumber()
	number.Type, number.Pattern, number.Example = providers.Digits, formThailand, "1234567890"
	bank := bankField(banks)
	bank.Pattern, bank.Example = `[0-9A-Za-z]{1,20}( [^ ].*)?`, "KBANK"
	return append([]providers.Field{bank, number, accountName("SOMCHAI JAIDEE"), branch()}, extras()...)
}

func walletFields() []providers.Field {
	return append([]providers.Field{{
		Name: "account_no", Type: providers.Phone, Role: providers.RoleAccount, Pattern: formWallet, Example: "09171234567",
		Label: providers.Text{Key: "field.wallet_number", English: "Wallet number"},
		Help:  providers.Text{Key: "goldenpay.wallet.help", English: "The mobile number of the wallet: 11 digits from 09."},
	}, accountName("Juan dela Cruz"), optional(bankName("")), bankCode(), branch()}, extras()...)
}

func indiaFields() []providers.Field {
	number := accountNumber()
	number.Pattern, number.Example = formIndia, "50100012345678"
	ifsc := providers.Field{
		Name: "account_org_code", Format: providers.IFSC, Max: 11, Example: "HDFC0001234", Role: providers.RoleBank,
		Label: providers.Text{Key: "field.ifsc", English: "IFSC code"},
		Help:  providers.Text{Key: "goldenpay.ifsc.help", English: "Of the recipient’s branch: four letters, a zero, six characters."},
	}
	return []providers.Field{ifsc, bankName("HDFC Bank"), number, accountName("PRIYA SHARMA"), branch(), phone(""), email()}
}

// pixFields asks for the key in the form of its type, and for the recipient's tax number with every type.
func pixFields() []providers.Field {
	return []providers.Field{
		{
			Name: fieldKeyType, Type: providers.Choice, Label: providers.Text{Key: "field.pix_key_type", English: "Pix key is a"},
			Options: []providers.Option{
				{Value: keyCPF, Label: providers.Text{Key: "field.cpf", English: "CPF"}},
				{Value: keyCNPJ, Label: providers.Text{Key: "field.cnpj", English: "CNPJ"}},
				{Value: keyPhone, Label: providers.Text{Key: "field.phone", English: "Phone number"}},
				{Value: keyEmail, Label: providers.Text{Key: "field.email", English: "E-mail"}},
				{Value: keyRandom, Label: providers.Text{Key: "goldenpay.pix_random", English: "Random key"}},
			},
		},
		pixKey(keyCPF, providers.Field{Format: providers.CPF, Example: "529.982.247-25"}),
		pixKey(keyCNPJ, providers.Field{Format: providers.CNPJ, Example: "11.222.333/0001-81"}),
		pixKey(keyPhone, providers.Field{
			Type: providers.Phone, Prefix: "55", Pattern: formPixPhone, Example: "+55 11 98765 4321",
		}),
		pixKey(keyEmail, providers.Field{Type: providers.Email, Max: maxPixKey, Example: "joao@example.com"}),
		pixKey(keyRandom, providers.Field{Format: providers.UUID, Example: "123e4567-e89b-42d3-a456-426614174000"}),
		accountName("João da Conceição"),
		{
			Name: "account_tin", Format: providers.CPFCNPJ, Role: providers.RoleTaxID, Example: "529.982.247-25",
			Label: providers.Text{Key: "field.cpf_cnpj", English: "CPF or CNPJ"},
			Help:  providers.Text{Key: "goldenpay.account_tin.help", English: "Of the recipient, also if the key is another one."},
		},
		bankName("PIX"), bankCode(), branch(),
		unless(keyPhone, phone("55")),
		unless(keyEmail, email()),
	}
}

// pixKey is the key of one type.
func pixKey(kind string, f providers.Field) providers.Field {
	f.Name, f.Role, f.When = "account_no", providers.RoleAccount, map[string][]string{fieldKeyType: {kind}}
	f.Label = providers.Text{Key: "field.pix_key", English: "Pix key"}
	return f
}

// unless hides a field where the key itself is what it asks for.
func unless(kind string, f providers.Field) providers.Field {
	var others []string
	for _, k := range []string{keyCPF, keyCNPJ, keyPhone, keyEmail, keyRandom} {
		if k != kind {
			others = append(others, k)
		}
	}
	f.When = map[string][]string{fieldKeyType: others}
	return f
}

func accountNumber() providers.Field {
	return providers.Field{
		Name: "account_no", Max: maxAccount, Role: providers.RoleAccount,
		Label: providers.Text{Key: "field.account_number", English: "Account number"},
		Help:  providers.Text{Key: "field.account_number.help", English: "As it stands on the recipient’s bank statement."},
	}
}

func accountName(example string) providers.Field {
	return providers.Field{
		Name: "account_name", Role: providers.RoleName, Example: example,
		Label: providers.Text{Key: "field.account_name", English: "Name on the account"},
		Help:  providers.Text{Key: "field.account_name.help", English: "As the bank or operator knows it."},
	}
}

func bankField(options []providers.Option) providers.Field {
	return providers.Field{
		Name: fieldBank, Type: providers.Bank, Role: providers.RoleBank, Options: options,
		Label: providers.Text{Key: "field.bank", English: "Bank"},
		Help:  providers.Text{Key: "goldenpay.bank.help", English: "If it is not listed, type GoldenPay’s code, a blank and GoldenPay’s name for it."},
	}
}

func bankName(example string) providers.Field {
	return providers.Field{
		Name: "account_org", Example: example,
		Label: providers.Text{Key: "field.bank_name", English: "Name of the bank"},
		Help:  providers.Text{Key: "goldenpay.bank_name.help", English: "GoldenPay requires a name here."},
	}
}

// optional is a field that may be left empty, and then needs no reason.
func optional(f providers.Field) providers.Field {
	f.Optional, f.Help = true, providers.Text{}
	return f
}

func bankCode() providers.Field {
	return providers.Field{
		Name: "account_org_code", Optional: true, Label: providers.Text{Key: "field.bank_code", English: "Bank code"},
	}
}

func branch() providers.Field {
	return providers.Field{
		Name: "account_sub_org", Optional: true, Label: providers.Text{Key: "field.branch", English: "Branch"},
	}
}

// extras are what the documents call optional everywhere, remarks since 2026.
func extras() []providers.Field {
	return []providers.Field{phone(""), email(), {
		Name: "remarks", Optional: true,
		Label: providers.Text{Key: "goldenpay.remarks", English: "Note to GoldenPay"},
		Help:  providers.Text{Key: "goldenpay.remarks.help", English: "Kept with the order at GoldenPay. Nothing says whether the recipient sees it."},
	}}
}

func phone(prefix string) providers.Field {
	return providers.Field{
		Name: "account_phone", Type: providers.Phone, Role: providers.RolePhone, Prefix: prefix, Optional: true,
		Label: providers.Text{Key: "field.phone", English: "Phone number"},
		Help:  providers.Text{Key: "field.phone.help", English: "With the country code."},
	}
}

func email() providers.Field {
	return providers.Field{
		Name: "account_email", Type: providers.Email, Role: providers.RoleEmail, Optional: true,
		Label: providers.Text{Key: "field.email", English: "E-mail"},
	}
}
