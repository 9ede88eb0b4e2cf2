package access_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
)

func TestDisable(t *testing.T) {
	w := newWorld(t)
	root, ama := w.super("root"), w.merchant("ama", "s1")
	l := w.signIn(ama, home)
	for name, by := range map[string]access.Person{"by a merchant admin": ama, "by nobody": {}} {
		if err := w.Disable(t.Context(), by, ama.ID); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", name, err)
		}
	}
	if err := w.Disable(t.Context(), root, ama.ID); err != nil {
		t.Fatal(err)
	}
	if w.alive(l) {
		t.Error("the login goes on")
	}
	got := w.reload(ama)
	if !got.Disabled || access.CanSomewhere(got, access.ViewPayouts) {
		t.Errorf("got %+v, want somebody who may do nothing", got)
	}
	if err := w.Disable(t.Context(), root, ama.ID); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("again: got %v, want ErrNotFound", err)
	}
	if people, err := w.People(t.Context()); err != nil || len(people) != 2 || people[1].ID != ama.ID {
		t.Errorf("got %v, %v, want the disabled one last", people, err)
	}
}

// TestDisableIsOneCommit: nobody is shut out whose logins go on.
func TestDisableIsOneCommit(t *testing.T) {
	w := newWorld(t)
	root, ama := w.super("root"), w.merchant("ama", "s1")
	l := w.signIn(ama, home)
	for _, table := range []string{"update of revoked_at on logins", "insert on audit"} {
		w.sql(`create trigger full before ` + table + ` begin select raise(abort, 'disk full'); end`)
		if err := w.Disable(t.Context(), root, ama.ID); err == nil {
			t.Fatal("no error")
		}
		if err := w.TakeRole(t.Context(), root, ama.ID, storeGrant()[0]); err == nil {
			t.Fatal("no error")
		}
		w.sql(`drop trigger full`)
	}
	if got := w.reload(ama); got.Disabled || len(got.Grants) != 1 || !w.alive(l) {
		t.Errorf("got %+v, want nothing changed", got)
	}
}

// TestDisabledAddressIsFree: somebody new may come in with it, as a new person with none of the old one's rights.
func TestDisabledAddressIsFree(t *testing.T) {
	w := newWorld(t)
	root, ama := w.super("root"), w.merchant("ama", "s1", "s2")
	if err := w.Disable(t.Context(), root, ama.ID); err != nil {
		t.Fatal(err)
	}
	token, _ := w.invite(root, "AMA@example.com", storeGrant())
	p, err := w.Join(t.Context(), token, "Ama", password)
	if err != nil {
		t.Fatal(err)
	}
	if p.ID == ama.ID || len(w.reload(p).Grants) != 1 || !w.reload(ama).Disabled {
		t.Errorf("got %+v beside %+v", w.reload(p), w.reload(ama))
	}
}

func TestLastSuperAdminStays(t *testing.T) {
	w := newWorld(t)
	root := w.super("root")
	role := superGrant()[0]
	if err := w.Disable(t.Context(), root, root.ID); !errors.Is(err, access.ErrLastSuper) {
		t.Errorf("disable: got %v, want ErrLastSuper", err)
	}
	if err := w.TakeRole(t.Context(), root, root.ID, role); !errors.Is(err, access.ErrLastSuper) {
		t.Errorf("take: got %v, want ErrLastSuper", err)
	}
	second := w.super("second")
	if err := w.Disable(t.Context(), root, second.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.TakeRole(t.Context(), root, root.ID, role); !errors.Is(err, access.ErrLastSuper) {
		t.Errorf("take, the other is disabled: got %v, want ErrLastSuper", err)
	}
	if !w.reload(root).IsSuper() {
		t.Error("nobody is left to approve")
	}
}

// TestSuperAdminsShutEachOtherOut at the same moment: one of them stays.
func TestSuperAdminsShutEachOtherOut(t *testing.T) {
	for name, shut := range map[string]func(*world, access.Person, access.Person) error{
		"disable": func(w *world, by, p access.Person) error { return w.Disable(w.t.Context(), by, p.ID) },
		"take":    func(w *world, by, p access.Person) error { return w.TakeRole(w.t.Context(), by, p.ID, superGrant()[0]) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			all := []access.Person{w.super("a"), w.super("b"), w.super("c"), w.super("d")}
			race(16, func(i int) error { return shut(w, all[i%4], all[(i/4)%4]) })
			left := 0
			for _, p := range all {
				if w.reload(p).IsSuper() {
					left++
				}
			}
			if left != 1 {
				t.Errorf("got %d super admins left, want 1", left)
			}
		})
	}
}

// TestLinksOfWhoLeft: who is shut out leaves no door behind.
func TestLinksOfWhoLeft(t *testing.T) {
	for name, leave := range map[string]func(*world, access.Person, access.Person) error{
		"disabled": func(w *world, by, p access.Person) error { return w.Disable(w.t.Context(), by, p.ID) },
		"demoted":  func(w *world, by, p access.Person) error { return w.TakeRole(w.t.Context(), by, p.ID, superGrant()[0]) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			root := w.super("root")
			early, _ := w.invite(root, "early@example.com", superGrant())
			second := w.super("second")
			late, _ := w.invite(root, "late@example.com", superGrant())
			signed, i := w.invite(root, "signed@example.com", storeGrant())
			if err := w.ConfirmInvitation(t.Context(), second, i.TokenHash); err != nil {
				t.Fatal(err)
			}
			other, _ := w.invite(second, "other@example.com", superGrant())
			if err := leave(w, second, root); err != nil {
				t.Fatal(err)
			}
			for token, want := range map[string]bool{early: false, late: false, signed: true} {
				if got := w.join(token) == nil; got != want {
					t.Errorf("token %s: let in %v, want %v", token, got, want)
				}
			}
			if open, err := w.Invitations(t.Context()); err != nil || len(open) != 1 {
				t.Errorf("got %d open, %v, want only the one of who stayed (%s)", len(open), err, other)
			}
		})
	}
}

func TestTakeRole(t *testing.T) {
	w := newWorld(t)
	root, ama := w.super("root"), w.merchant("ama", "s1", "s2")
	for name, tt := range map[string]struct {
		by access.Person
		id access.PersonID
		g  access.Grant
	}{
		"by a merchant admin":    {ama, ama.ID, storeGrant()[0]},
		"a role they lack":       {root, ama.ID, access.Grant{Role: access.Accountant, Store: "s1"}},
		"a store they lack":      {root, ama.ID, access.Grant{Role: access.MerchantAdmin, Store: "s9"}},
		"from nobody":            {root, "no-such", storeGrant()[0]},
		"super from a non-super": {root, ama.ID, superGrant()[0]},
	} {
		if err := w.TakeRole(t.Context(), tt.by, tt.id, tt.g); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", name, err)
		}
	}
	if err := w.TakeRole(t.Context(), root, ama.ID, storeGrant()[0]); err != nil {
		t.Fatal(err)
	}
	if got := w.reload(ama).Grants; len(got) != 1 || got[0].Store != "s2" {
		t.Errorf("got %v, want the role in s2", got)
	}
	if n := w.audited(audit.PersonRoleRevoked); n != 1 {
		t.Errorf("got %d audit rows, want 1", n)
	}
}

// TestSelfGrantAddsOnly: opening a store with an old page does not bring back a role that was taken.
func TestSelfGrantAddsOnly(t *testing.T) {
	w := newWorld(t)
	root, ama := w.super("root"), w.merchant("ama", "s1", "s2")
	if err := w.TakeRole(t.Context(), root, ama.ID, storeGrant()[0]); err != nil {
		t.Fatal(err)
	}
	if err := w.SelfGrant(t.Context(), ama, "s3"); err != nil { // ama as she was
		t.Fatal(err)
	}
	want := []access.Grant{{Role: access.MerchantAdmin, Store: "s2"}, {Role: access.MerchantAdmin, Store: "s3"}}
	if got := w.reload(ama).Grants; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if err := w.SelfGrant(t.Context(), root, "s3"); err != nil || len(w.reload(root).Grants) != 1 {
		t.Errorf("a super admin got %v, %v", w.reload(root).Grants, err)
	}
}

func TestExternal(t *testing.T) {
	w := newWorld(t)
	id := access.Identity{Subject: "h1", Name: "Hana", Email: "hana@example.com", Role: access.MerchantAdmin, Stores: []access.StoreID{"s2", "s1", "s2", ""}}
	p, err := w.External(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if got := w.reload(p); !got.External || got.HasPass || len(got.Grants) != 2 || access.Can(got, access.DraftPayouts, "s3") {
		t.Errorf("got %+v", got)
	}
	rows := w.count(`select count(*) from audit`)
	for range 3 {
		again, err := w.External(t.Context(), id)
		if err != nil || again.ID != p.ID {
			t.Fatalf("got %q, %v, want %q", again.ID, err, p.ID)
		}
	}
	if n := w.count(`select count(*) from audit`); n != rows {
		t.Errorf("got %d audit rows of requests that changed nothing", n-rows)
	}

	steps := []struct {
		name   string
		change func(*access.Identity)
		can    bool // draft in s1
		super  bool
	}{
		{"fewer stores", func(i *access.Identity) { i.Stores = []access.StoreID{"s2"} }, false, false},
		{"more stores", func(i *access.Identity) { i.Stores = []access.StoreID{"s1", "s2"} }, true, false},
		{"accountant", func(i *access.Identity) { i.Role = access.Accountant }, false, false},
		{"super admin", func(i *access.Identity) { i.Role = access.SuperAdmin }, true, true},
		{"merchant admin again", func(i *access.Identity) { i.Role = access.MerchantAdmin }, true, false},
		{"no stores", func(i *access.Identity) { i.Stores = nil }, false, false},
	}
	for _, tt := range steps {
		tt.change(&id)
		got, err := w.External(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []access.Person{got, w.reload(got)} {
			if access.Can(p, access.DraftPayouts, "s1") != tt.can || p.IsSuper() != tt.super {
				t.Errorf("%s: got %v", tt.name, p.Grants)
			}
		}
	}
	if n := w.audited(audit.PersonRoleGranted); n != len(steps) {
		t.Errorf("got %d audit rows of changed roles, want %d", n, len(steps))
	}
}

func TestExternalIsRefused(t *testing.T) {
	w := newWorld(t)
	for name, id := range map[string]access.Identity{
		"no subject":   {Role: access.SuperAdmin},
		"no role":      {Subject: "h1"},
		"no such role": {Subject: "h1", Role: "owner"},
	} {
		if _, err := w.External(t.Context(), id); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", name, err)
		}
	}
	root := w.super("root")
	id := access.Identity{Subject: "h1", Name: "Hana", Role: access.SuperAdmin}
	p, err := w.External(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Disable(t.Context(), root, p.ID); err != nil {
		t.Fatal(err)
	}
	if got, err := w.External(t.Context(), id); !errors.Is(err, access.ErrNotFound) || got.ID != "" {
		t.Errorf("disabled: got %q, %v, want ErrNotFound", got.ID, err)
	}
}

// TestExternalIsNeverSomebodyHere: an address in common links nobody (no account is taken over by an e-mail address).
func TestExternalIsNeverSomebodyHere(t *testing.T) {
	w := newWorld(t)
	root := w.super("root")
	p, err := w.External(t.Context(), access.Identity{Subject: "h1", Name: "Root", Email: root.Email, Role: access.Accountant, Stores: []access.StoreID{"s1"}})
	if err != nil {
		t.Fatal(err)
	}
	if p.ID == root.ID || p.IsSuper() {
		t.Errorf("got %+v", p)
	}
	if err := w.try(root.Email, password, "", home); err != nil {
		t.Error(err)
	}
}

// TestExternalAtOnce: the first page of a person asks many times.
func TestExternalAtOnce(t *testing.T) {
	w := newWorld(t)
	id := access.Identity{Subject: "h1", Name: "Hana", Role: access.SuperAdmin}
	won, errs := race(16, func(int) error { _, err := w.External(t.Context(), id); return err })
	if won != 16 {
		t.Errorf("got %d of 16 let in: %v", won, errors.Join(errs...))
	}
	if n := w.count(`select count(*) from people`); n != 1 {
		t.Errorf("got %d people, want 1", n)
	}
}
