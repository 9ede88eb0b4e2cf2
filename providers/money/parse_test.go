package money

import (
	"errors"
	"strings"
	"testing"

	"github.com/bojanz/currency"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		name, text, language, currency string
		want                           int64
	}{
		{"plain", "1234", "en", "USD", 123400},
		{"cents", "0.01", "en", "USD", 1},
		{"one decimal", "1.5", "en", "USD", 150},
		{"english groups", "1,234.56", "en", "USD", 123456},
		{"groups of a million", "1,234,567", "en", "XOF", 1234567},
		{"chinese", "1,234.56", "zh", "CNY", 123456},
		{"chinese, tag", "1,234.56", "zh-Hans-CN", "CNY", 123456},
		{"thai", "1,234.56", "th", "THB", 123456},
		{"another language", "1,234.56", "de", "EUR", 123456},
		{"french, space", "1 234,56", "fr", "EUR", 123456},
		{"french, no-break space", "1\u00a0234,56", "fr", "EUR", 123456},
		{"french, narrow no-break space", "1\u202f234\u202f567,89", "fr", "EUR", 123456789},
		{"french, tag in capitals", "1 234,56", "FR_ci", "EUR", 123456},
		{"french, point", "1234.56", "fr", "EUR", 123456},
		{"french, groups and point", "1 234.56", "fr", "EUR", 123456},
		{"french, three decimals", "1,234", "fr", "KWD", 1234},
		{"french, point after a group", "1 234.567", "fr", "KWD", 1234567},
		{"french, point after a zero", "0.567", "fr", "KWD", 567},
		{"french, point after four figures", "1234.567", "fr", "KWD", 1234567},
		{"spanish", "1.234,56", "es", "EUR", 123456},
		{"spanish, thousands", "1.234", "es", "EUR", 123400},
		{"spanish, three decimals", "1,234", "es", "KWD", 1234},
		{"portuguese", "1.234,56", "pt-BR", "BRL", 123456},
		{"vietnamese", "250.000", "vi", "VND", 250000},
		{"three decimals", "1.234", "en", "KWD", 1234},
		{"thousands of three decimals", "1,234", "en", "KWD", 1234000},
		{"four decimals", "1.2345", "en", "CLF", 12345},
		{"zeros without room", "10.00", "en", "XOF", 10},
		{"one zero without room", "10,0", "fr", "XOF", 10},
		{"leading zeros", "007", "en", "XOF", 7},
		{"blanks around", " \u00a0\u202f12 ", "en", "XOF", 12},
		{"no ISO currency", "10.50", "en", "USDT", 1050},
		{"largest", "1,000,000,000,000,000", "en", "XOF", limit},
		{"largest with cents", "10000000000000.00", "en", "USD", limit},
		{"longest", strings.Repeat("0", maxInput-1) + "1", "en", "XOF", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Parse(test.text, test.language, test.currency)
			if want := (Amount{test.want, test.currency}); got != want || err != nil {
				t.Errorf("%q: got %v, %v, want %v", test.text, got, err, want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, test := range []struct{ name, text, language, currency, want string }{
		{"nothing", "", "en", "USD", "empty"},
		{"blanks", " \u00a0", "en", "USD", "empty"},
		{"no such currency", "1", "en", "XXY", "currency"},
		{"no currency", "1", "en", "", "currency"},
		{"currency before text", "", "en", "usd", "currency"},
		{"letters", "ten", "en", "USD", "not_a_number"},
		{"symbol", "$10", "en", "USD", "not_a_number"},
		{"code", "10 USD", "en", "USD", "not_a_number"},
		{"plus", "+10", "en", "USD", "not_a_number"},
		{"brackets", "(10)", "en", "USD", "not_a_number"},
		{"apostrophes", "1'234", "en", "USD", "not_a_number"},
		{"underscore", "1_234", "en", "USD", "not_a_number"},
		{"range", "1-2", "en", "USD", "not_a_number"},
		{"only a minus", "-", "en", "USD", "not_a_number"},
		{"only marks", ".,", "en", "USD", "not_a_number"},
		{"only a grouping mark", ",", "en", "USD", "not_a_number"},
		{"nothing before the point", ".5", "en", "USD", "not_a_number"},
		{"nothing after the point", "5.", "en", "USD", "not_a_number"},
		{"nothing after the comma", "5,", "fr", "USD", "not_a_number"},
		{"hexadecimal", "0x1F", "en", "USD", "not_a_number"},
		{"infinity", "Inf", "en", "USD", "not_a_number"},
		{"line end", "1\n", "en", "USD", "not_a_number"},
		{"tab", "1\t000", "en", "USD", "not_a_number"},
		{"null", "1\x00", "en", "USD", "not_a_number"},
		{"broken UTF-8", "1\xff", "en", "USD", "not_a_number"},
		{"direction mark", "\u202e12", "en", "USD", "not_a_number"},
		{"zero-width space", "1\u200b2", "en", "USD", "not_a_number"},
		{"chinese numeral", "一百", "zh", "CNY", "not_a_number"},
		{"too long", strings.Repeat("0", maxInput) + "1", "en", "USD", "not_a_number"},
		{"far too long", strings.Repeat("9", 100_000), "en", "USD", "not_a_number"},
		{"exponent", "1e3", "en", "USD", "exponent"},
		{"exponent in capitals", "1.5E+10", "en", "USD", "exponent"},
		{"negative exponent", "1e-3", "en", "USD", "exponent"},
		{"negative with exponent", "-1e3", "en", "USD", "exponent"},
		{"exponent without power", "1e", "en", "USD", "not_a_number"},
		{"exponent without figure", "e3", "en", "USD", "not_a_number"},
		{"exponent after letters", "x1e3", "en", "USD", "not_a_number"},
		{"exponent of letters", "1ex", "en", "USD", "not_a_number"},
		{"full-width", "１００", "zh", "CNY", "digits_script"},
		{"full-width comma", "1，000", "zh", "CNY", "digits_script"},
		{"full-width point", "1．5", "zh", "CNY", "digits_script"},
		{"arabic", "١٢٣", "en", "USD", "digits_script"},
		{"thai digits", "๑๒๓", "th", "THB", "digits_script"},
		{"mathematical", "𝟏𝟐", "en", "USD", "digits_script"},
		{"minus", "-10", "en", "USD", "negative"},
		{"minus zero", "-0", "en", "USD", "negative"},
		{"minus sign", "−10", "en", "USD", "negative"},
		{"minus behind", "10-", "en", "USD", "negative"},
		{"minus before letters", "-ten", "en", "USD", "not_a_number"},
		{"zero", "0", "en", "USD", "zero"},
		{"zero with decimals", "0.00", "en", "XOF", "zero"},
		{"half a cent", "1,000.005", "en", "USD", "too_precise"},
		{"half a franc", "10.50", "en", "XOF", "too_precise"},
		{"one franc tenth", "10,1", "fr", "XOF", "too_precise"},
		{"zeros like thousands", "10.000", "en", "XOF", "too_precise"},
		{"zeros like thousands, dollars", "10.000", "en", "USD", "too_precise"},
		{"zeros like thousands, french", "10,000", "fr", "XOF", "too_precise"},
		{"zeros like thousands, vietnamese", "10,000", "vi", "VND", "too_precise"},
		{"four of three decimals", "1.2340", "en", "KWD", "too_precise"},
		{"comma as decimal mark", "12,50", "en", "USD", "grouping"},
		{"group of four", "1,2345", "en", "USD", "grouping"},
		{"group of four in the lead", "1234,567", "en", "USD", "grouping"},
		{"indian groups", "1,00,000", "en", "INR", "grouping"},
		{"chinese groups", "1,0000", "zh", "CNY", "grouping"},
		{"empty group", "1,,000", "en", "USD", "grouping"},
		{"mark in the lead", ",123", "en", "USD", "grouping"},
		{"group after a zero", "0,123", "en", "USD", "grouping"},
		{"group in the fraction", "1.234,567", "en", "KWD", "grouping"},
		{"two points", "1.234.567", "en", "USD", "grouping"},
		{"spaces in english", "1 234", "en", "USD", "grouping"},
		{"space as separator of two", "1,234 567", "en", "USD", "grouping"},
		{"space inside the lead", "1 2,345", "en", "USD", "grouping"},
		{"space inside a group", "1,2 3", "en", "USD", "grouping"},
		{"french, point like thousands", "1.234", "fr", "KWD", "grouping"},
		{"french, point like thousands of francs", "10.000", "fr", "XOF", "grouping"},
		{"french, points", "1.234.567", "fr", "EUR", "grouping"},
		{"french, point and comma", "1.234,56", "fr", "EUR", "grouping"},
		{"french, english", "1,234.56", "fr", "EUR", "grouping"},
		{"french, two spaces", "1  234", "fr", "EUR", "grouping"},
		{"french, space in the fraction", "1,23 4", "fr", "EUR", "grouping"},
		{"spanish, point as decimal mark", "1.5", "es", "EUR", "grouping"},
		{"spanish, point before cents", "12.50", "es", "MXN", "grouping"},
		{"spanish, english", "1,234.56", "es", "MXN", "grouping"},
		{"vietnamese, spaces", "250 000", "vi", "VND", "grouping"},
		{"above the limit", "1000000000000001", "en", "XOF", "too_large"},
		{"above the limit with cents", "10000000000000.01", "en", "USD", "too_large"},
		{"largest int64", "9223372036854775807", "en", "XOF", "too_large"},
		{"above int64", "18446744073709551617", "en", "XOF", "too_large"},
		{"ten to the thirty", "1" + strings.Repeat("0", 30), "en", "USD", "too_large"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Parse(test.text, test.language, test.currency)
			wantCode(t, err, test.currency, test.want)
			if !got.IsZero() {
				t.Errorf("%q: got %v, want no amount", test.text, got)
			}
		})
	}
}

func TestParseDecimal(t *testing.T) {
	for _, test := range []struct {
		name, text, currency string
		want                 int64
	}{
		{"decimals without room", "250000.00", "VND", 250000},
		{"whole", "250000", "VND", 250000},
		{"one decimal", "1000.5", "USD", 100050},
		{"three decimals", "1.234", "KWD", 1234},
		{"zero", "0", "USD", 0},
		{"zero with decimals", "0.00", "XOF", 0},
		{"many zeros", "10.00000000", "USD", 1000},
		{"three zeros", "10.000", "XOF", 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseDecimal(test.text, test.currency)
			if want := (Amount{test.want, test.currency}); got != want || err != nil {
				t.Errorf("%q: got %v, %v, want %v", test.text, got, err, want)
			}
		})
	}
}

func TestParseDecimalRefuses(t *testing.T) {
	for _, test := range []struct{ name, text, currency, want string }{
		{"nothing", "", "USD", "empty"},
		{"no such currency", "1", "XXY", "currency"},
		{"minus", "-1", "USD", "negative"},
		{"minus zero", "-0.00", "USD", "negative"},
		{"plus", "+1", "USD", "not_a_number"},
		{"exponent", "1e3", "USD", "exponent"},
		{"blank", " 1", "USD", "grouping"},
		{"group", "1,000", "USD", "grouping"},
		{"groups and point", "1,000.00", "USD", "grouping"},
		{"two points", "1.000.00", "USD", "grouping"},
		{"underscore", "1_000", "USD", "not_a_number"},
		{"true", "true", "USD", "not_a_number"},
		{"quotes", `"1"`, "USD", "not_a_number"},
		{"half", ".5", "USD", "not_a_number"},
		{"point at the end", "5.", "USD", "not_a_number"},
		{"half a cent", "1.005", "USD", "too_precise"},
		{"half a cent, zeros", "1.0050", "USD", "too_precise"},
		{"half a franc", "1.5", "XOF", "too_precise"},
		{"above the limit", "1000000000000001", "XOF", "too_large"},
		{"full-width", "１", "USD", "digits_script"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseDecimal(test.text, test.currency)
			wantCode(t, err, test.currency, test.want)
			if !got.IsZero() {
				t.Errorf("%q: got %v, want no amount", test.text, got)
			}
		})
	}
}

func TestParseErrorIs(t *testing.T) {
	for _, test := range []struct {
		name, text, currency string
		want                 error
		digits               int
		message              string
	}{
		{"currency", "1", "XXY", ErrCurrency, 0, "read amount in XXY: currency"},
		{"overflow", "9999999999999999", "KWD", ErrOverflow, 3, "read amount in KWD: too_large"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse(test.text, "en", test.currency)
			e, _ := errors.AsType[*ParseError](err)
			if !errors.Is(err, test.want) || e.Digits != test.digits || e.Error() != test.message {
				t.Errorf("got %q of %d digits, want %q of %d, %v", err, e.Digits, test.message, test.digits, test.want)
			}
		})
	}
	_, err := Parse("x", "en", "USD")
	if errors.Is(err, ErrCurrency) || errors.Is(err, ErrOverflow) {
		t.Errorf("got %v, want neither an unknown currency nor an overflow", err)
	}
}

// What a page shows must be what Parse reads: the marks are those of the formatter.
func TestMarksAreThoseShown(t *testing.T) {
	for _, language := range []string{"en", "fr", "es", "pt", "pt-BR", "vi", "zh", "th"} {
		formatter := currency.NewFormatter(currency.NewLocale(language))
		formatter.CurrencyDisplay = currency.DisplayNone
		shown, err := currency.NewAmount("12345678.90", "USD")
		if err != nil {
			t.Fatal(err)
		}
		text := formatter.Format(shown)
		if got, err := Parse(text, language, "USD"); err != nil || got.Minor != 1234567890 {
			t.Errorf("%s: got %v, %v from %q, want 1234567890", language, got, err, text)
		}
	}
}

func wantCode(t *testing.T, err error, currency, code string) {
	t.Helper()
	e, ok := errors.AsType[*ParseError](err)
	if !ok {
		t.Fatalf("got %v, want a ParseError of code %q", err, code)
	}
	want := ParseError{Code: code, Currency: currency, Digits: places(currency)}
	if *e != want {
		t.Errorf("got %+v, want %+v", *e, want)
	}
}
