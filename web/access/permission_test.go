package access_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/web/access"
)

// TestPermissionTable writes the whole table down a second time: who may what is a promise, not a detail.
func TestPermissionTable(t *testing.T) {
	const (
		accountant = 1 << iota
		merchant
		super
	)
	want := map[access.Permission]int{
		access.ViewPayouts:    accountant | merchant | super,
		access.DraftPayouts:   merchant | super,
		access.ApprovePayouts: super,
		access.ReviewPayouts:  accountant | merchant | super,
		access.ViewWebhooks:   accountant | merchant | super,
		access.ViewAccounts:   accountant | merchant | super,
		access.ManageAccounts: merchant | super,
		access.FreezeSending:  super,
		access.ManageStores:   merchant | super,
		access.ManagePeople:   super,
		access.ViewAudit:      accountant | super,
		access.Reconcile:      accountant | super,
		access.CloseMonths:    accountant | super,
		access.ManageSettings: super,
	}
	if got := access.Permissions(); len(got) != len(want) {
		t.Errorf("got %d permissions, want %d: a new one needs a line here", len(got), len(want))
	}
	bits := map[access.Role]int{access.Accountant: accountant, access.MerchantAdmin: merchant, access.SuperAdmin: super}
	for _, perm := range access.Permissions() {
		for _, role := range access.Roles() {
			allowed := want[perm]&bits[role] != 0
			if got := access.Allows(role, perm); got != allowed {
				t.Errorf("%s, %s: got %v, want %v", role, perm, got, allowed)
			}
			p := personWith(role, "s1")
			if got := access.Can(p, perm, "s1"); got != allowed {
				t.Errorf("%s, %s in own store: got %v, want %v", role, perm, got, allowed)
			}
			elsewhere := allowed && role == access.SuperAdmin
			if got := access.Can(p, perm, "s2"); got != elsewhere {
				t.Errorf("%s, %s in another store: got %v, want %v (invariant 13)", role, perm, got, elsewhere)
			}
			if got := access.CanSomewhere(p, perm); got != allowed {
				t.Errorf("%s, %s somewhere: got %v, want %v", role, perm, got, allowed)
			}
		}
	}
}

func personWith(role access.Role, st access.StoreID) access.Person {
	g := access.Grant{Role: role, Store: st}
	if role == access.SuperAdmin {
		g.Store = ""
	}
	return access.Person{ID: "p", Grants: []access.Grant{g}}
}

// TestNothingIsAllowedByDefault: whoever is not resolved, disabled, or asks for what is no permission gets nothing.
func TestNothingIsAllowedByDefault(t *testing.T) {
	disabled := personWith(access.SuperAdmin, "")
	disabled.Disabled = true
	nobody := personWith(access.SuperAdmin, "")
	nobody.ID = ""
	tests := []struct {
		name   string
		person access.Person
		perms  []access.Permission
	}{
		{"zero person", access.Person{}, access.Permissions()},
		{"unresolved super admin", nobody, access.Permissions()},
		{"disabled super admin", disabled, access.Permissions()},
		{"no roles", access.Person{ID: "p"}, access.Permissions()},
		{"role without a store", access.Person{ID: "p", Grants: []access.Grant{{Role: access.MerchantAdmin}}}, access.Permissions()},
		{"no such role", access.Person{ID: "p", Grants: []access.Grant{{Role: "owner", Store: "s1"}}}, access.Permissions()},
		{"no such permission", personWith(access.SuperAdmin, ""), []access.Permission{"", "all", "approve"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, perm := range tt.perms {
				for _, st := range []access.StoreID{"", "s1"} {
					if access.Can(tt.person, perm, st) {
						t.Errorf("got %q in store %q allowed", perm, st)
					}
				}
				if access.CanSomewhere(tt.person, perm) {
					t.Errorf("got %q allowed somewhere", perm)
				}
			}
		})
	}
}

func TestRoutesWithoutARole(t *testing.T) {
	known := access.Person{ID: "p"}
	disabled := access.Person{ID: "p", Disabled: true}
	for _, tt := range []struct {
		name             string
		person           access.Person
		anyone, signedIn bool
	}{
		{"visitor", access.Person{}, true, false},
		{"known", known, true, true},
		{"disabled", disabled, true, false},
	} {
		if got := access.CanSomewhere(tt.person, access.Anyone); got != tt.anyone {
			t.Errorf("%s, anyone: got %v, want %v", tt.name, got, tt.anyone)
		}
		if got := access.CanSomewhere(tt.person, access.SignedIn); got != tt.signedIn {
			t.Errorf("%s, signed in: got %v, want %v", tt.name, got, tt.signedIn)
		}
	}
}

// TestReach: a person of several roles reaches only the stores where a role carries the permission (invariant 13).
func TestReach(t *testing.T) {
	p := access.Person{ID: "p", Grants: []access.Grant{
		{Role: access.MerchantAdmin, Store: "s2"}, {Role: access.Accountant, Store: "s1"}, {Role: access.MerchantAdmin, Store: "s3"}, {Role: access.Accountant, Store: "s2"},
	}}
	tests := []struct {
		perm access.Permission
		want access.Reach
	}{
		{access.ViewPayouts, access.Reach{IDs: []access.StoreID{"s1", "s2", "s3"}}},
		{access.DraftPayouts, access.Reach{IDs: []access.StoreID{"s2", "s3"}}},
		{access.ViewAudit, access.Reach{IDs: []access.StoreID{"s1", "s2"}}},
		{access.ApprovePayouts, access.Reach{}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, access.ReachOf(p, tt.perm)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.perm, diff)
		}
	}
	if diff := cmp.Diff(access.Reach{IDs: []access.StoreID{"s1", "s2", "s3"}}, p.Stores()); diff != "" {
		t.Errorf("stores (-want +got):\n%s", diff)
	}
	if (access.Reach{}).Has("") || (access.Reach{}).Has("s1") {
		t.Error("the zero reach has a store")
	}
	super := personWith(access.SuperAdmin, "")
	if !super.IsSuper() || !super.Stores().All {
		t.Error("a super admin does not see every store")
	}
	super.Disabled = true
	if super.IsSuper() || super.Stores().All {
		t.Error("a disabled super admin is one still")
	}
}

func TestCheckPassword(t *testing.T) {
	admin := access.Person{Name: "Ama Owusu-Boateng", Email: "amaboateng@example.com"}
	super := personWith(access.SuperAdmin, "")
	super.Name, super.Email = "Jo Li", "jo@example.com"
	long := func(n int) string { return "wandering-" + repeat(n-10) }
	tests := []struct {
		name     string
		person   access.Person
		password string
		want     string // code, "" if it will do
	}{
		{"empty", admin, "", "short"},
		{"eleven characters", admin, "k3#Vq9!tLz2", "short"},
		{"twelve characters", admin, "k3#Vq9!tLz2m", ""},
		{"twelve for a super admin", super, "k3#Vq9!tLz2m", "short"},
		{"fourteen for a super admin", super, "k3#Vq9!tLz2m8p", "short"},
		{"fifteen for a super admin", super, "k3#Vq9!tLz2m8px", ""},
		{"characters, not bytes", admin, "ありがとうございます", "short"},
		{"other letters", admin, "ありがとうございますねえそうか", ""},
		{"spaces and words", admin, "seven tired herons stand", ""},
		{"128 characters", admin, long(128), ""},
		{"129 characters", admin, long(129), "long"},
		{"one letter", admin, "aaaaaaaaaaaaaaaa", "simple"},
		{"four letters in turn", admin, "abcdabcdabcdabcd", "simple"},
		{"known words only", admin, "Password1234567", "simple"},
		{"keyboard", admin, "qwerty123456789", "simple"},
		{"known word and enough more", admin, "password heron lamp", ""},
		{"own name", admin, "Owusu-Boateng12", "personal"},
		{"own address", admin, "amaboateng1234", "personal"},
		{"own address, other letters", admin, "AMABOATENGxyz!?", "personal"},
		{"the program's name", admin, "paywicket-2026!", "personal"},
		{"name inside a long one", admin, "the herons of paywicket stand", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			switch e := access.CheckPassword(tt.password, tt.person).(type) {
			case nil:
			case *access.PasswordError:
				got = e.Code
			default:
				t.Fatalf("got %T", e)
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// repeat is text of n characters that is no pattern.
func repeat(n int) string {
	var b []rune
	for i := range n {
		b = append(b, rune('a'+(i*i+i/7)%26))
	}
	return string(b)
}

// TestLongPasswordsAreNotCut: two that differ only after the 72nd byte are two.
func TestLongPasswordsAreNotCut(t *testing.T) {
	w := newWorld(t)
	p := w.merchant("ama", "s1")
	base := repeat(100)
	if err := w.ChangePassword(t.Context(), p, password, base+"x", ""); err != nil {
		t.Fatal(err)
	}
	in := access.SignIn{Email: p.Email, Password: base + "y", Address: "192.0.2.1"}
	if _, _, err := w.SignIn(t.Context(), in); err == nil {
		t.Error("a password that differs in its last letter was taken")
	}
	in.Password = base + "x"
	if _, _, err := w.SignIn(t.Context(), in); err != nil {
		t.Error(err)
	}
}

func TestCheckEmail(t *testing.T) {
	for text, want := range map[string]bool{
		"a@b.co": true, "ama.o+x@shop.example": true, "": false, "ama": false, "a@b": false, "Ama <a@b.co>": false,
		"a@b.co, c@d.co": false, " a@b.co": false, "a@b.co\n": false, "a\x00@b.co": false,
	} {
		if got := access.CheckEmail(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// TestCheckName: names stand beside decisions, so they must show what they say.
func TestCheckName(t *testing.T) {
	for text, want := range map[string]bool{
		"Ama": true, "José Ñandú": true, "": false, "Ama\nAdmin": false, "Ama\u202eimdA": false, "A\u200bma": false, "Ama\x00": false,
		repeat(120): true, repeat(121): false, "\xff": false,
	} {
		if got := access.CheckName(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestMeans(t *testing.T) {
	for _, tt := range []struct {
		person access.Person
		want   string
	}{
		{access.Person{}, ""}, {access.Person{HasPass: true}, "password"}, {access.Person{HasPass: true, HasTOTP: true}, "totp"}, {access.Person{HasTOTP: true}, "totp"},
	} {
		if got := access.Means(tt.person); got != tt.want {
			t.Errorf("%+v: got %q, want %q", tt.person, got, tt.want)
		}
	}
	if access.StepUpLife != 120*time.Second {
		t.Errorf("confirmations live %s, want 120 s (invariant 7)", access.StepUpLife)
	}
}
