package demo

import (
	"context"
	"fmt"
	"io"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/store"
)

// password is everybody's: it is a demo.
const password = "open the small door"

// cast is who is in the demo. Stores are named; a super admin has none.
type cast struct {
	name, email string
	role        access.Role
	stores      []string
}

func people() []cast {
	return []cast{
		{"Ifeoma Lindqvist", "ifeoma@paywicket.example", access.SuperAdmin, nil},
		{"Tomás Arriagada", "tomas@paywicket.example", access.SuperAdmin, nil},
		{"Adjoa Mensah-Tremblay", "adjoa@paywicket.example", access.MerchantAdmin, []string{koraMarket, lanternHouse}},
		{"Marit de Graaf", "marit@paywicket.example", access.Accountant, []string{koraMarket, lanternHouse}},
	}
}

const (
	koraMarket   = "Kora Market"
	lanternHouse = "Lantern House"
)

// Welcome prints how to get in.
func (d *Demo) Welcome(out io.Writer) error {
	_, err := fmt.Fprintf(out, "Paywicket demo: simulated providers, no real money.\n\n  %s\n\nPassword of everybody: %s\n\n", d.public, password)
	for _, p := range people() {
		if err == nil {
			_, err = fmt.Fprintf(out, "  %-28s %-22s %s\n", p.email, p.name, p.role)
		}
	}
	if err == nil {
		_, err = fmt.Fprintf(out, "\nThe last two digits of an amount choose what the provider does: 01 fails later, 02 is refused,\n03 is paid but the answer is lost, 05 takes its time; other amounts are paid.\n\n%s\nCtrl-C ends the demo.\n", d.controls())
	}
	return err
}

// world is what the filling works with.
type world struct {
	people   map[string]access.Person // by first name
	stores   map[string]store.Store
	accounts map[string]store.Account // by label
}

func (d *Demo) makePeople(ctx context.Context, w *world) error {
	admin := d.App.Admin()
	setup, err := admin.Access.BeginSetup(ctx)
	if err != nil {
		return err
	}
	for i, c := range people() {
		p := access.Person{Name: c.name, Email: c.email, Grants: grants(c, w)}
		if i == 0 {
			p, err = admin.Access.FinishSetup(ctx, access.First{Token: setup, Name: c.name, Email: c.email, Password: password})
		} else {
			p, err = admin.Access.AddDirect(ctx, p, password)
		}
		if err != nil {
			return fmt.Errorf("add %s: %w", c.email, err)
		}
		w.people[c.email] = p
		if i == 0 {
			if err := d.makeStores(ctx, p, w); err != nil {
				return err
			}
		}
	}
	return nil
}

func grants(c cast, w *world) []access.Grant {
	if c.role == access.SuperAdmin {
		return []access.Grant{{Role: c.role}}
	}
	var all []access.Grant
	for _, name := range c.stores {
		all = append(all, access.Grant{Role: c.role, Store: w.stores[name].ID})
	}
	return all
}

func (d *Demo) makeStores(ctx context.Context, by access.Person, w *world) error {
	for _, s := range []struct{ name, zone string }{{koraMarket, "Africa/Porto-Novo"}, {lanternHouse, "Asia/Bangkok"}} {
		st, err := d.App.Admin().Stores.OpenStore(ctx, by, s.name, s.zone)
		if err != nil {
			return fmt.Errorf("open store %s: %w", s.name, err)
		}
		w.stores[s.name] = st
	}
	return nil
}
