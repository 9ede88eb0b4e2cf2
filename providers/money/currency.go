package money

import "github.com/bojanz/currency"

// tether is no ISO currency. It is kept with the two decimals that payout companies write and read.
const tether = "USDT"

// Digits returns how many decimals a currency has (ISO 4217, and 2 for USDT), and whether it is known at all. This is
// the only exponent table: whoever turns smallest units into text or back asks here.
func Digits(code string) (int, bool) {
	if code == tether {
		return 2, true
	}
	digits, ok := currency.GetDigits(code)
	return int(digits), ok
}
