package ui

import "github.com/paywicket/paywicket/providers/money"

// TotalOf is the sum of one currency and what it is made of: "612 paid, fees 512,300".
type TotalOf struct {
	Sum  money.Amount
	Note string
	Test bool // no real money, on a page that also has some
}
