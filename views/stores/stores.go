// Package stores is the pages about stores. It makes no promise of compatibility.
package stores

import (
	"context"
	"slices"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/store"
)

// List is every store a person sees.
type List struct {
	Stores   []store.Store
	Accounts []store.Account
	Catalog  store.Catalog
}

// Show is one store.
type Show struct {
	Store    store.Store
	Accounts []store.Account
	Catalog  store.Catalog
	Form     Form
}

// Form is what is typed about a store, and what is wrong with it.
type Form struct{ Name, Zone, NameError, ZoneError string }

// Of lists the accounts of a store.
func Of(accounts []store.Account, id store.ID) []store.Account {
	return slices.DeleteFunc(slices.Clone(accounts), func(a store.Account) bool { return a.Store != id })
}

// providersOf names the providers of a store's accounts, each once.
func (l List) providersOf(ctx context.Context, id store.ID) string {
	var names []string
	for _, a := range Of(l.Accounts, id) {
		if name := l.Catalog.Name(a.Provider); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ui.T(ctx, "stores.no_accounts")
	}
	return ui.L(ctx).List(names...)
}

func (f Form) name(ctx context.Context) ui.Field {
	return ui.Field{Name: "name", Label: ui.T(ctx, "stores.name"), Help: ui.T(ctx, "stores.name.help"), Value: f.Name, Error: f.NameError, Max: 100, Free: true, Autocomplete: "off"}
}

func (f Form) zone(ctx context.Context) ui.Field {
	field := ui.Field{Name: "zone", Label: ui.T(ctx, "stores.zone"), Help: ui.T(ctx, "stores.zone.help"), Value: f.Zone, Error: f.ZoneError, Max: 60, Autocomplete: "off"}
	for _, z := range zones() {
		field.Options = append(field.Options, ui.Option{Value: z})
	}
	return field
}

func canManage(ctx context.Context, id store.ID) bool {
	return access.Can(views.From(ctx).Person, access.ManageStores, id)
}

// zones suggests the time zones of the countries our providers pay in; any other IANA name may be typed.
func zones() []string {
	return []string{"Africa/Abidjan", "Africa/Accra", "Africa/Bamako", "Africa/Blantyre", "Africa/Dakar", "Africa/Dar_es_Salaam", "Africa/Douala",
		"Africa/Kampala", "Africa/Kigali", "Africa/Kinshasa", "Africa/Lagos", "Africa/Lome", "Africa/Lubumbashi", "Africa/Lusaka", "Africa/Nairobi",
		"Africa/Porto-Novo", "America/Mexico_City", "America/Santiago", "America/Sao_Paulo", "Asia/Bangkok", "Asia/Ho_Chi_Minh", "Asia/Kolkata",
		"Asia/Manila", "Asia/Shanghai", "Asia/Singapore", "Europe/Amsterdam", "Europe/Berlin", "Europe/London", "Europe/Paris", "UTC"}
}
