package money

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrInexact is returned when an amount cannot be written in fewer decimals without rounding.
var ErrInexact = errors.New("amount has decimals that cannot be written")

// maxDecimals bounds what DecimalN is asked for; no company writes more.
const maxDecimals = 18

// Decimal writes a with the decimals of its currency and a point, without grouping: "1234.50" USD, "1234" XOF. It is
// "" if the currency is unknown, so also for "no amount".
func (a Amount) Decimal() string {
	digits, ok := Digits(a.Currency)
	if !ok {
		return ""
	}
	return a.decimal(digits)
}

// DecimalN writes a with n decimals whatever its currency has: 250000 VND with two is "250000.00". It returns
// ErrInexact if it would have to round, ErrCurrency if the currency is unknown.
func (a Amount) DecimalN(n int) (string, error) {
	digits, ok := Digits(a.Currency)
	if !ok {
		return "", fmt.Errorf("write amount in %q: %w", a.Currency, ErrCurrency)
	}
	text := a.decimal(digits)
	if n >= digits && n <= maxDecimals {
		return pad(text, digits, n), nil
	}
	cut := digits - n
	if n < 0 || n > maxDecimals || strings.Trim(text[len(text)-cut:], "0") != "" {
		return "", fmt.Errorf("write amount in %s with %d decimals: %w", a.Currency, n, ErrInexact)
	}
	return strings.TrimSuffix(text[:len(text)-cut], "."), nil
}

// pad appends zeros to a text that has some decimals, to make n of them.
func pad(text string, has, n int) string {
	if has == 0 && n > 0 {
		text += "."
	}
	return text + strings.Repeat("0", n-has)
}

// Whole returns a in major units, for companies that take whole numbers: 5 for 5.00 USD, 500 for 500 XOF. It returns
// ErrInexact if there is a fraction, ErrCurrency if the currency is unknown.
func (a Amount) Whole() (int64, error) {
	digits, ok := Digits(a.Currency)
	if !ok {
		return 0, fmt.Errorf("write amount in %q: %w", a.Currency, ErrCurrency)
	}
	unit := int64(1)
	for range digits {
		unit *= 10
	}
	if a.Minor%unit != 0 {
		return 0, fmt.Errorf("write amount in %s as a whole number: %w", a.Currency, ErrInexact)
	}
	return a.Minor / unit, nil
}

// Input writes a as a person types it in a language, without grouping, to fill a form in again. Parse reads it back
// as the same amount if it is above zero. It is "" if the currency is unknown, so also for "no amount".
func Input(a Amount, language string) string {
	return strings.Replace(a.Decimal(), ".", marksOf(language).decimal, 1)
}

// decimal writes a with its last digits behind a point.
func (a Amount) decimal(digits int) string {
	sign, figures := "", strconv.FormatInt(a.Minor, 10)
	if a.Minor < 0 {
		sign, figures = "-", figures[1:]
	}
	if digits == 0 {
		return sign + figures
	}
	if missing := digits + 1 - len(figures); missing > 0 {
		figures = strings.Repeat("0", missing) + figures
	}
	point := len(figures) - digits
	return sign + figures[:point] + "." + figures[point:]
}
