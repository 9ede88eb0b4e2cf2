package db_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/store"
)

func (o *office) account(id store.AccountID, st store.ID) store.Account {
	o.t.Helper()
	a := store.Account{ID: id, Store: st, Provider: "toy", Label: "L-" + string(id), Live: true, Address: "default", Token: "token-" + string(id), Version: 1,
		CreatedAt: o.at, CreatedBy: "ama"}
	o.must(o.Stores().AddAccount(o.t.Context(), a, credentials(o, 1)))
	return a
}

func credentials(o *office, version int) []store.Credential {
	return []store.Credential{
		{Name: "z-first", Version: version, Sealed: []byte{1}, SetAt: o.at, SetBy: "ama"},
		{Name: "a-second", Version: version, Sealed: []byte{2}, Secret: true, Fingerprint: "1234 5678", SetAt: o.at, SetBy: "nobody"},
	}
}

func (o *office) shops() {
	o.t.Helper()
	for _, id := range []store.ID{"s1", "s2"} {
		o.must(o.Stores().AddStore(o.t.Context(), store.Store{ID: id, Name: "Shop " + string(id), Zone: "UTC", CreatedAt: o.at}))
	}
}

func TestAccountsComeBackAsTheyWere(t *testing.T) {
	o := newOffice(t)
	o.person("ama")
	o.shops()
	want := o.account("a1", "s1")
	r, ctx := o.Stores(), t.Context()
	want.CheckedAt, want.CheckErr = o.at.Add(time.Minute), "bad key"
	o.must(r.SaveCheck(ctx, want))
	want.GoodAt, want.HookAt = o.at.Add(time.Hour), o.at.Add(2*time.Hour)
	o.must(r.Heard(ctx, "a1", want.GoodAt, want.HookAt))
	want.Frozen = store.Freeze{At: o.at, By: "ama", Reason: "doubt"}
	o.must(r.SaveFreeze(ctx, want))
	want.Balances = []store.Balance{{Amount: money.Amount{Minor: 5, Currency: "EUR"}, At: o.at}, {Amount: money.Amount{Minor: -7, Currency: "XOF"}, At: o.at}}
	o.must(r.SaveBalances(ctx, "a1", want.Balances))
	for name, find := range map[string]func() (store.Account, error){
		"by id": func() (store.Account, error) { return r.Account(ctx, access.Reach{IDs: []access.StoreID{"s1"}}, "a1") },
		"in list": func() (store.Account, error) {
			all, err := r.Accounts(ctx, access.Reach{All: true})
			return all[0], err
		},
		"by token": func() (store.Account, error) {
			a, err := r.AccountByToken(ctx, "token-a1")
			a.Balances = want.Balances // not needed at the door
			return a, err
		},
	} {
		got, err := find()
		o.must(err)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	creds, err := r.Credentials(ctx, "a1", 1)
	o.must(err)
	wanted := credentials(o, 1)
	wanted[0].SetByName = "ama"
	if diff := cmp.Diff(wanted, creds); diff != "" {
		t.Errorf("settings, in the order of the form (-want +got):\n%s", diff)
	}
}

// TestAccountsWalls is invariant 13.
func TestAccountsWalls(t *testing.T) {
	o := newOffice(t)
	o.shops()
	o.account("a1", "s1")
	o.account("a2", "s2")
	for name, tt := range map[string]struct {
		reach access.Reach
		n     int
		found bool
	}{
		"own":        {access.Reach{IDs: []access.StoreID{"s1"}}, 1, true},
		"another":    {access.Reach{IDs: []access.StoreID{"s2"}}, 1, false},
		"both":       {access.Reach{IDs: []access.StoreID{"s1", "s2"}}, 2, true},
		"none":       {access.Reach{}, 0, false},
		"everything": {access.Reach{All: true}, 2, true},
	} {
		a, err := o.Stores().Account(t.Context(), tt.reach, "a1")
		if (err == nil) != tt.found || (!tt.found && (!errors.Is(err, store.ErrNotFound) || a.ID != "")) {
			t.Errorf("%s: got %+v, %v", name, a, err)
		}
		accounts, err := o.Stores().Accounts(t.Context(), tt.reach)
		o.must(err)
		stores, err := o.Stores().Stores(t.Context(), tt.reach)
		o.must(err)
		if len(accounts) != tt.n || len(stores) != tt.n {
			t.Errorf("%s: got %d accounts and %d stores, want %d", name, len(accounts), len(stores), tt.n)
		}
	}
}

// TestVersionsAreSwapped: of two that make the next version one loses, and its settings with it.
func TestVersionsAreSwapped(t *testing.T) {
	o := newOffice(t)
	o.shops()
	a := o.account("a1", "s1")
	a.Version = 2
	done := make(chan error, 8)
	for range 8 {
		go func() { done <- o.Stores().AddCredentials(t.Context(), a, credentials(o, 2)) }()
	}
	won := 0
	for range 8 {
		if <-done == nil {
			won++
		}
	}
	if n := o.number(`select count(*) from credentials where version = 2`); won != 1 || n != 2 {
		t.Errorf("got %d winners and %d rows, want 1 and 2", won, n)
	}
	a.Version = 4
	if err := o.Stores().AddCredentials(t.Context(), a, credentials(o, 4)); err == nil {
		t.Error("a version was skipped")
	}
}

// TestFirstFreezeStands: who comes later does not write over it, nor into the audit log; letting it go on always works.
func TestFirstFreezeStands(t *testing.T) {
	o := newOffice(t)
	o.shops()
	a := o.account("a1", "s1")
	e := audit.Entry{At: o.at, Actor: "system", Action: audit.AccountFrozen, Details: "{}"}
	for i := range 3 {
		a.Frozen = store.Freeze{At: o.at.Add(time.Duration(i) * time.Minute), Reason: fmt.Sprint("reason ", i)}
		o.must(o.Stores().SaveFreeze(t.Context(), a, e))
	}
	got, err := o.Stores().AccountByToken(t.Context(), a.Token)
	o.must(err)
	if n := o.number(`select count(*) from audit`); got.Frozen.Reason != "reason 0" || n != 1 {
		t.Errorf("got %+v and %d audit rows", got.Frozen, n)
	}
	a.Frozen = store.Freeze{}
	o.must(o.Stores().SaveFreeze(t.Context(), a, e))
	if got, err = o.Stores().AccountByToken(t.Context(), a.Token); err != nil || got.Frozen.On() {
		t.Errorf("got %+v, %v", got.Frozen, err)
	}
}

// TestAccountsNeedTheirStore: the database itself refuses what belongs to nothing.
func TestAccountsNeedTheirStore(t *testing.T) {
	o := newOffice(t)
	o.shops()
	o.account("a1", "s1")
	for name, a := range map[string]store.Account{
		"no such store": {ID: "a2", Store: "no-such", Token: "t2", Version: 1},
		"same token":    {ID: "a3", Store: "s1", Token: "token-a1", Version: 1},
		"same id":       {ID: "a1", Store: "s1", Token: "t4", Version: 1},
	} {
		if err := o.Stores().AddAccount(t.Context(), a, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := o.Stores().AddCredentials(t.Context(), store.Account{ID: "no-such", Version: 2}, nil); err == nil {
		t.Error("settings of no account")
	}
}
