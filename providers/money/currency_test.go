package money

import (
	"errors"
	"math"
	"testing"
)

// decimals are those of ISO 4217, list one, for the currencies payouts are made in.
var decimals = map[string]int{
	"XOF": 0, "XAF": 0, "VND": 0, "CLP": 0, "UGX": 0, "RWF": 0, "GNF": 0, "JPY": 0,
	"USD": 2, "EUR": 2, "THB": 2, "PHP": 2, "BRL": 2, "INR": 2, "CNY": 2, "MXN": 2, "GHS": 2, "NGN": 2, "KES": 2,
	"TZS": 2, "ZMW": 2, "MWK": 2, "CDF": 2, "IDR": 2,
	"KWD": 3, "BHD": 3, "TND": 3, "CLF": 4,
	"USDT": 2, // no ISO currency
}

func TestDigits(t *testing.T) {
	for code, want := range decimals {
		if got, ok := Digits(code); !ok || got != want {
			t.Errorf("%s: got %d, %t, want %d, true", code, got, ok, want)
		}
	}
	for _, code := range []string{"", "usd", "US", "XXY", "USDT ", "USDC", "$"} {
		if got, ok := Digits(code); ok || got != 0 {
			t.Errorf("%q: got %d, %t, want 0, false", code, got, ok)
		}
	}
}

func TestAdd(t *testing.T) {
	for _, test := range []struct {
		name    string
		a, b    Amount
		want    Amount
		wantErr error
	}{
		{"sum", Amount{1, "USD"}, Amount{2, "USD"}, Amount{3, "USD"}, nil},
		{"nothing to add", Amount{1, "USD"}, Amount{0, "USD"}, Amount{1, "USD"}, nil},
		{"negative", Amount{1, "USD"}, Amount{-2, "USD"}, Amount{-1, "USD"}, nil},
		{"largest", Amount{math.MaxInt64 - 1, "USD"}, Amount{1, "USD"}, Amount{math.MaxInt64, "USD"}, nil},
		{"over", Amount{math.MaxInt64, "USD"}, Amount{1, "USD"}, Amount{}, ErrOverflow},
		{"under", Amount{math.MinInt64, "USD"}, Amount{-1, "USD"}, Amount{}, ErrOverflow},
		{"two lowest", Amount{math.MinInt64, "USD"}, Amount{math.MinInt64, "USD"}, Amount{}, ErrOverflow},
		{"mixed", Amount{1, "USD"}, Amount{1, "EUR"}, Amount{}, ErrMixed},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.a.Add(test.b)
			if got != test.want || !errors.Is(err, test.wantErr) {
				t.Errorf("got %v, %v, want %v, %v", got, err, test.want, test.wantErr)
			}
		})
	}
}

func TestIsZero(t *testing.T) {
	for a, want := range map[Amount]bool{{}: true, {0, "USD"}: false, {1, ""}: false, {1, "USD"}: false} {
		if got := a.IsZero(); got != want {
			t.Errorf("%v: got %t, want %t", a, got, want)
		}
	}
}
