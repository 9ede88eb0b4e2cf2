package components

import (
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/ui"
)

func amount(minor int64, currency string) money.Amount {
	return money.Amount{Minor: minor, Currency: currency}
}

// at is a moment of the evening that the samples are about.
func at(hour, minute, second int) time.Time {
	return time.Date(2026, time.November, 20, hour, minute, second, 0, time.UTC)
}

// payee is a row of the sample tables.
type payee struct {
	name string
	sum  money.Amount
}

func payees() []payee {
	return []payee{
		{"陈美玲", amount(7_200_000, "VND")},
		{"อนันต์ ศรีสุวรรณ", amount(540_000, "THB")},
		{"ليلى بن يوسف المنصوري", amount(75_000, "XOF")},
	}
}

func fieldName() ui.Field {
	return ui.Field{Name: "name", Label: "Recipient’s full name", Value: "Fifamè Adjovi", Free: true}
}

func fieldBank() ui.Field {
	return ui.Field{Name: "bank", Label: "Bank", Optional: true, Placeholder: "Type two letters",
		Options: []ui.Option{{Value: "001", Label: "Banco do Brasil"}, {Value: "341", Label: "Itaú Unibanco"}}}
}

func fieldTax() ui.Field {
	return ui.Field{Name: "tax", Label: "CPF or CNPJ", Value: "529.982.247-52", InputMode: "numeric",
		Help: "As on the document.", Error: "The last two digits do not fit the rest."}
}

func fieldCountry() ui.Field {
	return ui.Field{Name: "country", Label: "Country", Help: "Sets which methods there are.", Value: "BJ", Blank: "Choose",
		Options: []ui.Option{{Value: "BJ", Label: "Benin"}, {Value: "BR", Label: "Brazil"}}}
}

func fieldAmount() ui.Field {
	return ui.Field{Name: "amount", Label: "Amount", Value: "1,204.50", Suffix: "EUR", Hint: "This is more than is free."}
}

func fieldLocked() ui.Field {
	return ui.Field{Name: "locked", Label: "Account", Value: "Locked after approval", ReadOnly: true}
}

func fieldMode() ui.Field {
	return ui.Field{Name: "mode", Label: "Which money", Value: "test", Options: []ui.Option{
		{Value: "test", Label: "Test", Note: "No real money"}, {Value: "live", Label: "Live", Note: "Real money"}}}
}

func fieldStores() ui.Field {
	return ui.Field{Name: "stores", Label: "Stores", Help: "Of which this person sees the payouts.",
		Options: []ui.Option{{Value: "a", Label: "Kora Market"}, {Value: "b", Label: "Andes Outlet"}}}
}

func fieldSecret() ui.Field {
	return ui.Field{Name: "secret", Label: "API key", Stored: true}
}

func fieldWhy() ui.Field {
	return ui.Field{Name: "why", Label: "Evidence, in your words", Rows: 3, Free: true}
}

func fieldTold() ui.Field { return ui.Field{Name: "told", Label: "Tell the recipient by e-mail"} }

func fieldFile() ui.Field {
	return ui.Field{Name: "file", Label: "Statement or screenshot", Optional: true}
}

// providerFields are conditional fields as a provider asks for them.
func providerFields() []providers.Field {
	return []providers.Field{
		{Name: "key_type", Label: providers.Text{Key: "field.pix_key_type", English: "Pix key is a"}, Type: providers.Choice,
			Options: []providers.Option{
				{Value: "cpf", Label: providers.Text{Key: "field.cpf", English: "CPF"}},
				{Value: "phone", Label: providers.Text{Key: "field.phone", English: "Phone number"}}}},
		{Name: "phone", Label: providers.Text{Key: "field.phone", English: "Phone number"}, Type: providers.Phone, Prefix: "55",
			Example: "11 98765-8820", When: map[string][]string{"key_type": {"phone"}}},
	}
}

func errors() []ui.FieldError {
	return append(ui.Problems(fieldName(), fieldTax()), ui.FieldError{Text: "The balance is too small for this payout."})
}

func tabs() []ui.Tab {
	return []ui.Tab{{Text: "All", Href: "#", Count: "2,739", Current: true}, {Text: "Late", Href: "#", Count: "12"}}
}

func chips() []ui.Chip { return []ui.Chip{{Text: "Kora Market", Href: "#"}, {Text: "XOF", Href: "#"}} }

func steps() []ui.StepOf {
	return []ui.StepOf{{Text: "Provider", Done: true}, {Text: "Keys", Current: true}, {Text: "Webhook"}}
}

func totals() []ui.TotalOf {
	return []ui.TotalOf{
		{Sum: amount(48_210_500, "XOF"), Note: "612 paid, fees 512,300"},
		{Sum: amount(18_241_035, "BRL"), Note: "96 paid, fees 729.60"},
		{Sum: amount(2_480_000, "EUR"), Note: "6 paid, fees 12.00"},
	}
}

func toast() views.Flash {
	return views.Flash{Text: "Asked for approval. Ifeoma was told.", Href: "#", Link: "See it"}
}

func raw() []ui.Piece {
	return []ui.Piece{{Text: `{"status": `}, {Text: "50", Mark: true}, {Text: `, "expected": `}, {Text: "9b1fe0c4", New: true},
		{Text: `, "got": `}, {Text: "3a77b2d9", Old: true}, {Text: "}"}}
}
