package money

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var (
	languages  = []string{"en", "fr", "es", "pt", "vi", "zh", "th"}
	currencies = []string{"XOF", "VND", "USD", "USDT", "KWD", "CLF"}
	codes      = []string{
		codeCurrency, codeDigitsScript, codeEmpty, codeExponent, codeGrouping, codeNegative, codeNotANumber,
		codeTooLarge, codeTooPrecise, codeZero,
	}
)

// value is what a machine text says, by arithmetic that has nothing to do with ours; minor is a as a fraction of units.
func value(text string) *big.Rat {
	v, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil
	}
	return v
}

func minor(a Amount) *big.Rat {
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places(a.Currency))), nil)
	return new(big.Rat).SetFrac(big.NewInt(a.Minor), unit)
}

// grouped writes a the long way: with groups of three.
func grouped(a Amount, m marks, group string) string {
	whole, fraction, found := strings.Cut(a.Decimal(), ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + group + whole[i:]
	}
	if found {
		whole += m.decimal + fraction
	}
	return whole
}

func amounts() *rapid.Generator[Amount] {
	return rapid.Custom(func(t *rapid.T) Amount {
		return Amount{rapid.Int64Range(1, limit).Draw(t, "minor"), rapid.SampledFrom(currencies).Draw(t, "currency")}
	})
}

// Invariant 9: what is written is read exactly, or refused.
func TestParseReadsWhatIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := amounts().Draw(t, "amount")
		language := rapid.SampledFrom(languages).Draw(t, "language")
		m := marksOf(language)
		group := string(rapid.SampledFrom([]rune(m.group)).Draw(t, "group"))
		for _, text := range []string{Input(a, language), grouped(a, m, group)} {
			if got, err := Parse(text, language, a.Currency); got != a || err != nil {
				t.Fatalf("%q: got %v, %v, want %v", text, got, err, a)
			}
		}
		if got, err := ParseDecimal(a.Decimal(), a.Currency); got != a || err != nil {
			t.Fatalf("%q: got %v, %v, want %v", a.Decimal(), got, err, a)
		}
	})
}

// Every small amount, of each number of decimals, in every language.
func TestParseReadsEverySmallAmount(t *testing.T) {
	for _, currency := range currencies {
		for minor := int64(1); minor <= 12_000; minor++ {
			for _, language := range languages {
				a := Amount{minor, currency}
				if got, err := Parse(Input(a, language), language, currency); got != a || err != nil {
					t.Fatalf("%q in %s: got %v, %v, want %v", Input(a, language), language, got, err, a)
				}
			}
		}
	}
}

func TestDecimalIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Amount{rapid.Int64().Draw(t, "minor"), rapid.SampledFrom(currencies).Draw(t, "currency")}
		if value(a.Decimal()).Cmp(minor(a)) != 0 {
			t.Fatalf("got %s, want %s", a.Decimal(), minor(a))
		}
		n := rapid.IntRange(-1, maxDecimals+1).Draw(t, "decimals")
		text, err := a.DecimalN(n)
		if err == nil && (value(text).Cmp(minor(a)) != 0 || text != minor(a).FloatString(n)) {
			t.Fatalf("%d decimals: got %s, want %s", n, text, minor(a).FloatString(n))
		}
		whole, err := a.Whole()
		if (err == nil) != minor(a).IsInt() || err == nil && new(big.Rat).SetInt64(whole).Cmp(minor(a)) != 0 {
			t.Fatalf("whole: got %d, %v, want %s", whole, err, minor(a))
		}
	})
}

// ParseDecimal reads exactly what big.Rat reads as a decimal that fits.
func TestParseDecimalAgainstRat(t *testing.T) {
	machine := rapid.StringMatching(`[0-9]{1,17}(\.[0-9]{1,4}0{0,3})?`)
	rapid.Check(t, func(t *rapid.T) {
		text := machine.Draw(t, "text")
		currency := rapid.SampledFrom(currencies).Draw(t, "currency")
		unit := minor(Amount{1, currency})
		units := new(big.Rat).Quo(value(text), unit)
		fits := units.IsInt() && units.Cmp(new(big.Rat).SetInt64(limit)) <= 0
		got, err := ParseDecimal(text, currency)
		if (err == nil) != fits || fits && minor(got).Cmp(value(text)) != 0 {
			t.Fatalf("%s %s: got %v, %v, want %s units", text, currency, got, err, units.RatString())
		}
	})
}

// FuzzParse holds Parse to what it promises about any text: an amount or a ParseError, in one reading only, exact.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"1,234.56", "1 234,56", "1.234,56", "1\u202f234", "1e3", "１００", "-1", "0", "1.234", "10.000", "12,50", "\xff",
	} {
		f.Add(text, "fr", "USD")
		f.Add(text, "en", "XOF")
		f.Add(text, "vi", "KWD")
	}
	f.Fuzz(func(t *testing.T, text, language, currency string) {
		if d, err := ParseDecimal(text, currency); err == nil && value(text).Cmp(minor(d)) != 0 {
			t.Fatalf("%q: got %v, want %s", text, d, value(text))
		}
		a, err := Parse(text, language, currency)
		if err != nil {
			wantKnownCode(t, err)
			return
		}
		m := marksOf(language)
		plain := strings.Trim(text, blanks)
		if !m.point || strings.Contains(plain, m.decimal) {
			plain = strings.NewReplacer(pairs(m.group+m.decimal, m.decimal)...).Replace(plain)
		}
		plain = strings.NewReplacer(pairs(blanks, "")...).Replace(plain)
		if a.Minor < 1 || a.Minor > limit || value(plain) == nil || value(plain).Cmp(minor(a)) != 0 {
			t.Fatalf("%q in %s: got %v, want %s", text, language, a, plain)
		}
		if again, err := Parse(Input(a, language), language, currency); err != nil || again != a {
			t.Fatalf("%q in %s: got %v, %v, want %v", Input(a, language), language, again, err, a)
		}
	})
}

// pairs makes replacements: each rune by nothing, the decimal mark by a point.
func pairs(from, decimal string) []string {
	var list []string
	for _, r := range from {
		to := ""
		if string(r) == decimal {
			to = "."
		}
		list = append(list, string(r), to)
	}
	return list
}

func wantKnownCode(t *testing.T, err error) {
	t.Helper()
	e, ok := errors.AsType[*ParseError](err)
	if !ok {
		t.Fatalf("got %v, want a ParseError", err)
	}
	for _, code := range codes {
		if e.Code == code {
			return
		}
	}
	t.Fatalf("got code %q, want one of %q", e.Code, codes)
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := Parse("1,234,567.89", "en", "USD"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseLongest(b *testing.B) {
	text := strings.Repeat("9", 100_000)
	for b.Loop() {
		if _, err := Parse(text, "en", "USD"); err == nil {
			b.Fatal("got an amount, want an error")
		}
	}
}
