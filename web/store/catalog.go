package store

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/paywicket/paywicket/providers"
)

// Catalog is which companies there are and at which addresses they may be reached.
type Catalog struct{ defs []providers.Definition }

// NewCatalog adds the addresses that the operator named to the companies' own. A name is "provider=url"; simulators says
// that all of them are simulators.
func NewCatalog(defs []providers.Definition, named []string, simulators bool) (Catalog, error) {
	c := Catalog{defs: slices.Clone(defs)}
	for _, n := range named {
		id, raw, ok := strings.Cut(n, "=")
		i := slices.IndexFunc(c.defs, func(d providers.Definition) bool { return d.ID == id })
		if !ok || i < 0 {
			return c, fmt.Errorf("provider address %q: write provider=url, with one of the providers %s", n, strings.Join(c.IDs(), ", "))
		}
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return c, fmt.Errorf("provider address %q: the part after = must be an http or https address, without user, query and fragment", id)
		}
		name := u.Host
		if name == BuiltIn {
			return c, fmt.Errorf("provider address %q: a host cannot be called %s", n, BuiltIn)
		}
		if slices.ContainsFunc(c.defs[i].Addresses, func(a providers.Address) bool { return a.Name == name }) {
			return c, fmt.Errorf("provider address %q is named twice", n)
		}
		c.defs[i].Addresses = append(slices.Clone(c.defs[i].Addresses), providers.Address{
			Name: name, URL: strings.TrimRight(raw, "/"), Live: true, Test: true, Simulator: simulators})
	}
	return c, nil
}

// IDs lists the companies' ids.
func (c Catalog) IDs() []string {
	var ids []string
	for _, d := range c.defs {
		ids = append(ids, d.ID)
	}
	return ids
}

// Definitions lists the companies.
func (c Catalog) Definitions() []providers.Definition { return c.defs }

// Definition finds a company.
func (c Catalog) Definition(id string) (providers.Definition, bool) {
	i := slices.IndexFunc(c.defs, func(d providers.Definition) bool { return d.ID == id })
	if i < 0 {
		return providers.Definition{}, false
	}
	return c.defs[i], true
}

// Name is a company's name, its id if it is not compiled in any more.
func (c Catalog) Name(id string) string {
	if d, ok := c.Definition(id); ok {
		return d.Name
	}
	return id
}

// Addresses lists where a company may be reached in a mode. Simulators come first: where there is one, it is meant.
func (c Catalog) Addresses(id string, live bool) []providers.Address {
	d, _ := c.Definition(id)
	var all []providers.Address
	for _, a := range d.Addresses {
		if (live && a.Live) || (!live && a.Test) {
			all = append(all, a)
		}
	}
	slices.SortStableFunc(all, func(a, b providers.Address) int {
		switch {
		case a.Simulator == b.Simulator:
			return 0
		case a.Simulator:
			return -1
		}
		return 1
	})
	return all
}

// Address finds the address an account uses, among those that are built in or named by the operator now.
func (c Catalog) Address(a Account) (providers.Address, bool) {
	for _, addr := range c.Addresses(a.Provider, a.Live) {
		if addr.Name == a.Address {
			return addr, true
		}
	}
	return providers.Address{}, false
}

// BuiltIn is the name of an address that is not named by the operator.
const BuiltIn = "default"

// Named reports whether an operator named the address: plain http and private hosts are then meant.
func Named(a providers.Address) bool { return a.Name != BuiltIn }
