package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/store"
)

// TestWalls is invariant 13: of another store there is nothing to be seen, and nothing missing looks different.
func TestWalls(t *testing.T) {
	w := newWorld(t)
	mine, theirs := w.connect(w.ama, w.one, keyOne), w.connect(w.efua, w.two, keyTwo)
	for name, tt := range map[string]struct {
		by   access.Person
		perm access.Permission
		id   store.AccountID
		want bool
	}{
		"own":                       {w.ama, access.ManageAccounts, mine.ID, true},
		"another store's":           {w.ama, access.ManageAccounts, theirs.ID, false},
		"missing":                   {w.ama, access.ManageAccounts, "no-such", false},
		"right to see":              {w.abi, access.ViewAccounts, mine.ID, true},
		"right to see, not to keep": {w.abi, access.ManageAccounts, mine.ID, false},
		"super admin":               {w.root, access.ManageAccounts, theirs.ID, true},
		"nobody":                    {access.Person{}, access.ViewAccounts, mine.ID, false},
	} {
		a, err := w.Account(w.ctx, tt.by, tt.perm, tt.id)
		if (err == nil) != tt.want || (err != nil && (!errors.Is(err, store.ErrNotFound) || a.ID != "")) {
			t.Errorf("%s: got %q, %v", name, a.ID, err)
		}
	}
	if _, err := w.AccountOf(w.ctx, w.one.ID, theirs.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("for a job of store one: got %v", err)
	}
	for name, tt := range map[string]struct {
		by               access.Person
		accounts, stores int
	}{"ama": {w.ama, 1, 1}, "efua": {w.efua, 1, 1}, "root": {w.root, 2, 2}, "nobody": {access.Person{}, 0, 0}} {
		accounts, err := w.Accounts(w.ctx, tt.by, access.ViewAccounts)
		w.must(err)
		stores, err := w.Stores(w.ctx, tt.by)
		w.must(err)
		if len(accounts) != tt.accounts || len(stores) != tt.stores {
			t.Errorf("%s sees %d accounts and %d stores, want %d and %d", name, len(accounts), len(stores), tt.accounts, tt.stores)
		}
	}
	if a, err := w.AccountByToken(w.ctx, theirs.Token); err != nil || a.ID != theirs.ID {
		t.Errorf("got %q, %v", a.ID, err)
	}
	for _, token := range []string{"", "x", string(mine.ID), strings.ToUpper(mine.Token)} {
		if _, err := w.AccountByToken(w.ctx, token); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("token %q: got %v", token, err)
		}
	}
}

func TestOpenAndRenameStore(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct{ name, zone, field string }{
		{"Shop", "Africa/Accra", ""}, {" ", "UTC", "name"}, {strings.Repeat("x", 101), "UTC", "name"}, {"Shop", "", "zone"}, {"Shop", "Local", "zone"}, {"Shop", "Mars/Base", "zone"}, {"Shop", "../etc/passwd", "zone"},
	} {
		for what, err := range map[string]error{
			"open":   second(w.OpenStore(w.ctx, w.ama, tt.name, tt.zone)),
			"rename": w.RenameStore(w.ctx, w.ama, w.one.ID, tt.name, tt.zone),
		} {
			got := ""
			if e, ok := errors.AsType[*store.InputError](err); ok {
				got = e.Field
			} else if err != nil {
				t.Fatal(err)
			}
			if got != tt.field {
				t.Errorf("%s %q %q: got %q, want %q", what, tt.name, tt.zone, got, tt.field)
			}
		}
	}
	for name, by := range map[string]access.Person{"an accountant": w.abi, "another store's": w.efua, "nobody": {}} {
		if err := w.RenameStore(w.ctx, by, w.one.ID, "Mine", "UTC"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("renamed by %s: %v", name, err)
		}
	}
	if _, err := w.OpenStore(w.ctx, w.abi, "Shop", "UTC"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("opened by an accountant: %v", err)
	}
	s, err := w.Store(w.ctx, w.ama, w.one.ID)
	w.must(err)
	if s.Name != "Shop" || s.Location().String() != "Africa/Accra" || (store.Store{Zone: "Mars"}).Location() != time.UTC {
		t.Errorf("got %+v", s)
	}
	if _, err := w.Store(w.ctx, w.ama, w.two.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another store: got %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestCatalog(t *testing.T) {
	good, err := store.NewCatalog(definitions(), []string{"toy=http://127.0.0.1:9001/", "issued=https://gateway.example/api"}, true)
	if err != nil {
		t.Fatal(err)
	}
	if all := good.Addresses("toy", true); len(all) != 2 || all[0].Name != "127.0.0.1:9001" || all[0].URL != "http://127.0.0.1:9001" || !store.Named(all[0]) || store.Named(all[1]) {
		t.Errorf("got %+v, want the simulator first", all)
	}
	if all := good.Addresses("toy", false); len(all) != 3 {
		t.Errorf("got %+v, want the sandbox too", all)
	}
	if def, _ := good.Definition("toy"); len(definitions()[0].Addresses) != 2 || len(def.Addresses) != 3 {
		t.Error("the given definitions were changed")
	}
	for name, tt := range map[string]struct {
		account store.Account
		want    bool
	}{
		"named":       {store.Account{Provider: "issued", Live: true, Address: "gateway.example"}, true},
		"built in":    {store.Account{Provider: "toy", Live: true, Address: "default"}, true},
		"wrong mode":  {store.Account{Provider: "toy", Live: true, Address: "sandbox"}, false},
		"of another":  {store.Account{Provider: "toy", Live: true, Address: "gateway.example"}, false},
		"a URL":       {store.Account{Provider: "issued", Live: true, Address: "https://gateway.example/api"}, false},
		"no such":     {store.Account{Provider: "gone", Live: true, Address: "default"}, false},
		"none chosen": {store.Account{Provider: "toy", Live: true}, false},
	} {
		if _, ok := good.Address(tt.account); ok != tt.want {
			t.Errorf("%s: got %v, want %v", name, ok, tt.want)
		}
	}
	if good.Name("toy") != "Toy" || good.Name("gone") != "gone" {
		t.Errorf("got names %q and %q", good.Name("toy"), good.Name("gone"))
	}
	for _, named := range []string{"toy", "=http://a.example", "gone=http://a.example", "toy=", "toy=a.example", "toy=ftp://a.example", "toy=http://", "toy=http://user:CANARY@a.example",
		"toy=http://a.example?key=CANARY", "toy=http://a.example/#x", "toy=http://default", "toy=://"} {
		if _, err := store.NewCatalog(definitions(), []string{named}, false); err == nil {
			t.Errorf("%q was taken", named)
		} else if strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%q is quoted with its secret: %v", named, err)
		}
	}
	if _, err := store.NewCatalog(definitions(), []string{"toy=http://a.example", "toy=http://a.example/x"}, false); err == nil {
		t.Error("two addresses of one name were taken")
	}
}
