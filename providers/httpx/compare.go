package httpx

import (
	"slices"

	"github.com/paywicket/paywicket/providers"
)

// differences names the fields in which a request differs from what was approved. Method, amount and details count
// whole; an empty detail is as good as none. Reference, description and callback address count where they are given.
func differences(want, got providers.Order) []string {
	var names []string
	check := func(name string, equal bool) {
		if !equal {
			names = append(names, name)
		}
	}
	check("method", got.Method == want.Method)
	check("amount", got.Amount == want.Amount)
	for _, name := range detailNames(want, got) {
		check("details."+name, got.Details[name] == want.Details[name])
	}
	check("reference", got.Reference == "" || got.Reference == want.Reference)
	check("description", got.Description == "" || got.Description == want.Description)
	check("callback_url", got.CallbackURL == "" || got.CallbackURL == want.CallbackURL)
	return names
}

// detailNames lists the names of the details of both orders, sorted.
func detailNames(a, b providers.Order) []string {
	var names []string
	for name := range a.Details {
		names = append(names, name)
	}
	for name := range b.Details {
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
