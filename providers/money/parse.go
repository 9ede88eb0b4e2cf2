package money

import (
	"strings"
	"unicode"
)

// Bounds of what is read.
const (
	limit    = 1_000_000_000_000_000 // smallest units; far above any payout, far below what an int64 holds
	maxInput = 64                    // bytes; the limit with every grouping mark needs 30
)

// The codes of a ParseError.
const (
	codeCurrency     = "currency"
	codeDigitsScript = "digits_script"
	codeEmpty        = "empty"
	codeExponent     = "exponent"
	codeGrouping     = "grouping"
	codeNegative     = "negative"
	codeNotANumber   = "not_a_number"
	codeTooLarge     = "too_large"
	codeTooPrecise   = "too_precise"
	codeZero         = "zero"
)

// ParseError says why a text is no amount. Its message key is "amount." and the Code:
//
//	empty          nothing was given
//	not_a_number   letters, symbols, control characters, half a number, longer than any amount
//	exponent       written like 1e3
//	digits_script  digits or marks of another script, such as full-width ones
//	negative       with a minus sign
//	zero           nothing to pay
//	too_precise    more decimals than the currency has
//	grouping       a mark where the language has none, or groups that are not of three digits
//	too_large      above 10^15 smallest units
//	currency       the currency is not in the exponent table
type ParseError struct {
	Code     string
	Currency string
	Digits   int // decimals of the currency, 0 if it is unknown
}

func (e *ParseError) Error() string { return "read amount in " + e.Currency + ": " + e.Code }

// Unwrap makes errors.Is find ErrCurrency and ErrOverflow.
func (e *ParseError) Unwrap() error {
	switch e.Code {
	case codeCurrency:
		return ErrCurrency
	case codeTooLarge:
		return ErrOverflow
	default:
		return nil
	}
}

// Parse reads an amount as people type it in their language: "1,234.56" in English, "1 234,56" in French. It never
// guesses and never rounds: what a reader of that language could take for two amounts is refused. A fraction of
// zeros the currency has no room for ("10.00" XOF) is exact and read, but with three zeros it looks like thousands
// and is refused. Only the first part of a language tag counts; languages without rules here are read as English.
// Every error is a *ParseError.
func Parse(text, language, currency string) (Amount, error) {
	a, err := parse(strings.Trim(text, blanks), marksOf(language), currency, 2)
	if err == nil && a.Minor == 0 {
		return Amount{}, &ParseError{Code: codeZero, Currency: currency, Digits: places(currency)}
	}
	return a, err
}

// ParseDecimal reads an amount as companies write it: "250000.00", "250000" or the literal of a JSON number. Zero is
// read; signs, exponents, blanks and grouping are refused, and so are decimals the currency does not have unless they
// are zeros. Every error is a *ParseError.
func ParseDecimal(text, currency string) (Amount, error) {
	return parse(text, marks{decimal: "."}, currency, maxInput)
}

// places is Digits for those who know, or do not care, that the currency exists.
func places(currency string) int {
	digits, _ := Digits(currency)
	return digits
}

// parse reads text; a fraction may have as many figures as the currency has decimals, or zeros up to the given count.
func parse(text string, m marks, currency string, zeros int) (Amount, error) {
	minor, code := read(text, m, currency, zeros)
	if code != "" {
		return Amount{}, &ParseError{Code: code, Currency: currency, Digits: places(currency)}
	}
	return Amount{Minor: minor, Currency: currency}, nil
}

// read returns smallest units, or the code of what is wrong.
func read(text string, m marks, currency string, zeros int) (int64, string) {
	digits, ok := Digits(currency)
	if !ok {
		return 0, codeCurrency
	}
	if code := screen(text); code != "" {
		return 0, code
	}
	whole, fraction, code := m.split(text)
	if code != "" {
		return 0, code
	}
	if len(fraction) > max(digits, zeros) {
		return 0, codeTooPrecise
	}
	return scale(whole, fraction, digits)
}

// screen names what is wrong with text as a whole: after it there are only ASCII digits, at least one, and marks.
func screen(text string) string {
	if text == "" {
		return codeEmpty
	}
	if len(text) > maxInput {
		return codeNotANumber
	}
	if unsigned := strings.Trim(text, "-−"); unsigned != text && unsigned != "" {
		if code := screen(unsigned); code != "" {
			return code
		}
		return codeNegative
	}
	if isExponent(text) {
		return codeExponent
	}
	return screenRunes(text)
}

func screenRunes(text string) string {
	for _, r := range text {
		switch {
		case isFigure(r) || isMark(r):
		case unicode.IsDigit(r) || strings.ContainsRune("，．", r):
			return codeDigitsScript
		default:
			return codeNotANumber
		}
	}
	if !strings.ContainsFunc(text, isFigure) {
		return codeNotANumber
	}
	return ""
}

// isExponent reports whether text is written like 1e3 or 1.5E-3.
func isExponent(text string) bool {
	i := strings.IndexAny(text, "eE")
	if i < 0 {
		return false
	}
	power := strings.TrimLeft(text[i+1:], "+-")
	return screenRunes(text[:i]) == "" && power != "" && figuresOnly(power)
}

func isFigure(r rune) bool { return r >= '0' && r <= '9' }

func isMark(r rune) bool { return strings.ContainsRune(".,"+blanks, r) }

func figuresOnly(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !isFigure(r) })
}

// scale puts figures together to smallest units. It refuses what does not fit; it does not round.
func scale(whole, fraction string, digits int) (int64, string) {
	if len(fraction) > digits {
		if strings.Trim(fraction[digits:], "0") != "" {
			return 0, codeTooPrecise
		}
		fraction = fraction[:digits]
	}
	figures := strings.TrimLeft(whole+fraction+strings.Repeat("0", digits-len(fraction)), "0")
	if len(figures) > len("1000000000000000") {
		return 0, codeTooLarge
	}
	minor := int64(0)
	for i := range len(figures) {
		minor = minor*10 + int64(figures[i]-'0')
	}
	if minor > limit {
		return 0, codeTooLarge
	}
	return minor, ""
}
