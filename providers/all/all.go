// Package all is the list of providers that Paywicket ships. A program that wants fewer, or others, makes its own list.
package all

import (
	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/etpay"
	"github.com/paywicket/paywicket/providers/gobipay"
	"github.com/paywicket/paywicket/providers/goldenpay"
	"github.com/paywicket/paywicket/providers/moneroo"
	"github.com/paywicket/paywicket/providers/yabandpay"
)

// Definitions lists the shipped providers by name. Each call gives a new list.
func Definitions() []providers.Definition {
	return []providers.Definition{
		etpay.Definition(), gobipay.Definition(), goldenpay.Definition(), moneroo.Definition(), yabandpay.Definition(),
	}
}
