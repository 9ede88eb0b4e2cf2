package i18n

import (
	"strconv"
	"strings"

	"github.com/paywicket/paywicket/providers/money"
)

// Money is an amount as a language writes it, in the parts a page shows differently: "−1,204", ".50", "EUR".
type Money struct {
	Whole string // sign and whole units, in groups of three
	Minor string // the decimal mark and the smaller unit; empty if the currency has none
	Code  string
}

// Money writes an amount. No amount gives "–" and nothing else.
func (l *Localizer) Money(a money.Amount) Money {
	if a.IsZero() {
		return Money{Whole: "–"}
	}
	digits, ok := money.Digits(a.Currency)
	if !ok { // never guess where the decimal mark stands
		return Money{Whole: l.grouped(a.Minor), Code: a.Currency + "?"}
	}
	sign, figure := split(a.Minor)
	if len(figure) <= digits {
		figure = strings.Repeat("0", digits+1-len(figure)) + figure
	}
	at := len(figure) - digits
	m := Money{Whole: sign + group(figure[:at], l.separator()), Code: a.Currency}
	if digits > 0 {
		m.Minor = l.decimal() + figure[at:]
	}
	return m
}

// String is the amount in a sentence, with spaces at which no line breaks: "1,204.50 EUR".
func (m Money) String() string {
	if m.Code == "" {
		return m.Whole
	}
	return m.Figure() + hard + m.Code
}

// Figure is the amount without its currency: "1,204.50".
func (m Money) Figure() string { return m.Whole + m.Minor }

// MoneyText writes an amount for a sentence, with spaces at which no line breaks.
func (l *Localizer) MoneyText(a money.Amount) string { return l.Money(a).String() }

// Number writes a whole number in groups of three.
func (l *Localizer) Number(n int) string { return l.grouped(int64(n)) }

// Percent writes a share given in tenths of a percent.
func (l *Localizer) Percent(tenths int) string { return l.locale.FmtPercent(float64(tenths)/10, 1) }

func (l *Localizer) grouped(n int64) string {
	sign, figure := split(n)
	return sign + group(figure, l.separator())
}

// split parts the sign from the digits, also of the smallest number there is.
func split(n int64) (string, string) {
	text := strconv.FormatInt(n, 10)
	if figure, negative := strings.CutPrefix(text, "-"); negative {
		return minus, figure
	}
	return "", text
}

// group puts sep between each three digits from the right.
func group(figure, sep string) string {
	var b strings.Builder
	for i, r := range figure {
		if i > 0 && (len(figure)-i)%3 == 0 {
			b.WriteString(sep)
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (l *Localizer) separator() string {
	if l == nil || l.locale.Translator == nil {
		return ","
	}
	return l.locale.group
}

func (l *Localizer) decimal() string {
	if l == nil || l.locale.Translator == nil {
		return "."
	}
	return l.locale.decimal
}
