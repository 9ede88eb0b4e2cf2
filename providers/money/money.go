// Package money is exact amounts: integers in a currency's smallest unit. There is no floating point in it, and
// nothing rounds: what does not fit is refused.
package money

import (
	"errors"
	"fmt"
)

// Amount is a sum of one currency in its smallest unit. The zero value is "no amount".
type Amount struct {
	Minor    int64
	Currency string
}

// IsZero reports whether a is "no amount": no figure and no currency.
func (a Amount) IsZero() bool { return a == Amount{} }

var (
	// ErrCurrency is returned for a currency that is not in the exponent table.
	ErrCurrency = errors.New("unknown currency")
	// ErrMixed is returned when amounts of two currencies meet in one sum.
	ErrMixed = errors.New("different currencies")
	// ErrOverflow is returned when a sum does not fit.
	ErrOverflow = errors.New("amount too large")
)

// Add returns a+b. It refuses two currencies and what does not fit.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fmt.Errorf("add %s to %s: %w", b.Currency, a.Currency, ErrMixed)
	}
	sum := a.Minor + b.Minor
	if (sum > a.Minor) != (b.Minor > 0) && b.Minor != 0 {
		return Amount{}, ErrOverflow
	}
	return Amount{Minor: sum, Currency: a.Currency}, nil
}
