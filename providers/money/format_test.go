package money

import (
	"errors"
	"math"
	"testing"
)

func TestDecimal(t *testing.T) {
	for _, test := range []struct {
		name string
		a    Amount
		want string
	}{
		{"cents", Amount{123450, "USD"}, "1234.50"},
		{"no decimals", Amount{1234, "XOF"}, "1234"},
		{"three decimals", Amount{1, "KWD"}, "0.001"},
		{"four decimals", Amount{12345, "CLF"}, "1.2345"},
		{"one cent", Amount{1, "USD"}, "0.01"},
		{"zero", Amount{0, "USD"}, "0.00"},
		{"zero francs", Amount{0, "XOF"}, "0"},
		{"no ISO currency", Amount{1050, "USDT"}, "10.50"},
		{"negative", Amount{-1, "USD"}, "-0.01"},
		{"negative francs", Amount{-12, "XOF"}, "-12"},
		{"largest", Amount{math.MaxInt64, "USD"}, "92233720368547758.07"},
		{"lowest", Amount{math.MinInt64, "USD"}, "-92233720368547758.08"},
		{"no amount", Amount{}, ""},
		{"no such currency", Amount{1, "XXY"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.a.Decimal(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestDecimalN(t *testing.T) {
	for _, test := range []struct {
		name    string
		a       Amount
		n       int
		want    string
		wantErr error
	}{
		{"dong with two", Amount{250000, "VND"}, 2, "250000.00", nil},
		{"dong with none", Amount{250000, "VND"}, 0, "250000", nil},
		{"dollars with two", Amount{150, "USD"}, 2, "1.50", nil},
		{"dollars with three", Amount{150, "USD"}, 3, "1.500", nil},
		{"dollars with one", Amount{150, "USD"}, 1, "1.5", nil},
		{"dollars with none", Amount{100, "USD"}, 0, "1", nil},
		{"dinars with two", Amount{1230, "KWD"}, 2, "1.23", nil},
		{"negative dinars with two", Amount{-1230, "KWD"}, 2, "-1.23", nil},
		{"zero with none", Amount{0, "USD"}, 0, "0", nil},
		{"most decimals", Amount{1, "XOF"}, 18, "1.000000000000000000", nil},
		{"cents with none", Amount{150, "USD"}, 0, "", ErrInexact},
		{"cents with one", Amount{101, "USD"}, 1, "", ErrInexact},
		{"dinars with two, inexact", Amount{1234, "KWD"}, 2, "", ErrInexact},
		{"less than none", Amount{100, "USD"}, -1, "", ErrInexact},
		{"far less than none", Amount{100, "USD"}, math.MinInt, "", ErrInexact},
		{"too many", Amount{100, "USD"}, 19, "", ErrInexact},
		{"no such currency", Amount{100, "XXY"}, 2, "", ErrCurrency},
		{"no amount", Amount{}, 2, "", ErrCurrency},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.a.DecimalN(test.n)
			if got != test.want || !errors.Is(err, test.wantErr) {
				t.Errorf("got %q, %v, want %q, %v", got, err, test.want, test.wantErr)
			}
		})
	}
}

func TestWhole(t *testing.T) {
	for _, test := range []struct {
		name    string
		a       Amount
		want    int64
		wantErr error
	}{
		{"francs", Amount{500, "XOF"}, 500, nil},
		{"dollars", Amount{500, "USD"}, 5, nil},
		{"dinars", Amount{5000, "KWD"}, 5, nil},
		{"zero", Amount{0, "USD"}, 0, nil},
		{"negative", Amount{-500, "USD"}, -5, nil},
		{"cents", Amount{501, "USD"}, 0, ErrInexact},
		{"negative cents", Amount{-501, "USD"}, 0, ErrInexact},
		{"fils", Amount{5001, "KWD"}, 0, ErrInexact},
		{"no such currency", Amount{500, "XXY"}, 0, ErrCurrency},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.a.Whole()
			if got != test.want || !errors.Is(err, test.wantErr) {
				t.Errorf("got %d, %v, want %d, %v", got, err, test.want, test.wantErr)
			}
		})
	}
}

func TestInput(t *testing.T) {
	for _, test := range []struct {
		name, language string
		a              Amount
		want           string
	}{
		{"english", "en", Amount{123450, "USD"}, "1234.50"},
		{"chinese", "zh", Amount{123450, "USD"}, "1234.50"},
		{"french", "fr", Amount{123450, "USD"}, "1234,50"},
		{"portuguese", "pt-BR", Amount{123450, "USD"}, "1234,50"},
		{"francs", "fr", Amount{1234, "XOF"}, "1234"},
		{"dinars", "es", Amount{1234, "KWD"}, "1,234"},
		{"no amount", "en", Amount{}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := Input(test.a, test.language); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
