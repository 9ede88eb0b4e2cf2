package access_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
)

func superGrant() []access.Grant { return []access.Grant{{Role: access.SuperAdmin}} }

func storeGrant() []access.Grant { return []access.Grant{{Role: access.MerchantAdmin, Store: "s1"}} }

func (w *world) invite(by access.Person, email string, grants []access.Grant) (string, access.Invitation) {
	w.t.Helper()
	token, i, err := w.Invite(w.t.Context(), by, email, "New", grants)
	if err != nil {
		w.t.Fatal(err)
	}
	return token, i
}

func (w *world) join(token string) error {
	_, err := w.Join(w.t.Context(), token, "", password)
	return err
}

func TestInviteIsChecked(t *testing.T) {
	w := newWorld(t)
	root, ama := w.super("root"), w.merchant("ama", "s1")
	tests := []struct {
		name, email, called string
		by                  access.Person
		grants              []access.Grant
		want                string // field, "404" for ErrNotFound
	}{
		{"good", "new@example.com", "New", root, storeGrant(), ""},
		{"by a merchant admin", "new@example.com", "New", ama, storeGrant(), "404"},
		{"by nobody", "new@example.com", "New", access.Person{}, storeGrant(), "404"},
		{"no address", "new", "New", root, storeGrant(), "email"},
		{"taken", "AMA@example.com", "New", root, storeGrant(), "email"},
		{"no name", "new@example.com", " ", root, storeGrant(), "name"},
		{"turned name", "new@example.com", "\u202eimdA", root, storeGrant(), "name"},
		{"no role", "new@example.com", "New", root, nil, "role"},
		{"no such role", "new@example.com", "New", root, []access.Grant{{Role: "owner", Store: "s1"}}, "role"},
		{"role of no store", "new@example.com", "New", root, []access.Grant{{Role: access.Accountant}}, "role"},
		{"super admin of a store", "new@example.com", "New", root, []access.Grant{{Role: access.SuperAdmin, Store: "s1"}}, "role"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := w.Invite(t.Context(), tt.by, tt.email, tt.called, tt.grants)
			got := ""
			if e, ok := errors.AsType[*access.InputError](err); ok {
				got = e.Field
			} else if errors.Is(err, access.ErrNotFound) {
				got = "404"
			} else if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestJoin(t *testing.T) {
	w := newWorld(t)
	root := w.super("root")
	token, _ := w.invite(root, "new@example.com", storeGrant())
	if n := w.count(`select count(*) from invitations where token_hash = $1`, token); n != 0 {
		t.Error("the token itself is stored")
	}
	if i, err := w.Invited(t.Context(), token); err != nil || i.Email != "new@example.com" {
		t.Errorf("got %+v, %v", i, err)
	}
	for _, tt := range []struct{ name, called, password string }{
		{"short password", "", "short"}, {"turned name", "\u202eimdA", password},
	} {
		if _, err := w.Join(t.Context(), token, tt.called, tt.password); err == nil {
			t.Fatalf("%s: no error", tt.name)
		}
	}
	p, err := w.Join(t.Context(), token, "Efua", password)
	if err != nil {
		t.Fatal(err)
	}
	p = w.reload(p)
	if p.Name != "Efua" || !slices.Equal(p.Grants, storeGrant()) || p.Email != "new@example.com" {
		t.Errorf("got %+v", p)
	}
	if err := w.try(p.Email, password, "", home); err != nil {
		t.Error(err)
	}
	if err := w.join(token); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("again: got %v, want ErrNotFound", err)
	}
	for _, text := range []string{"", "made-up"} {
		if err := w.join(text); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%q: got %v, want ErrNotFound", text, err)
		}
	}
}

func TestTokenWorksOnce(t *testing.T) {
	w := newWorld(t)
	token, _ := w.invite(w.super("root"), "new@example.com", storeGrant())
	won, errs := race(16, func(int) error { return w.join(token) })
	if won != 1 {
		t.Errorf("got %d let in, want 1", won)
	}
	for _, err := range errs {
		if err != nil && !errors.Is(err, access.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	}
	if n := w.count(`select count(*) from people where email = 'new@example.com'`); n != 1 {
		t.Errorf("got %d people, want 1", n)
	}
}

// TestTwoLinksOneAddress: the second link finds the address taken and stays unused.
func TestTwoLinksOneAddress(t *testing.T) {
	w := newWorld(t)
	root := w.super("root")
	one, _ := w.invite(root, "new@example.com", storeGrant())
	two, _ := w.invite(root, "New@Example.com", storeGrant())
	if err := w.join(one); err != nil {
		t.Fatal(err)
	}
	if err := w.join(two); !errors.Is(err, access.ErrTaken) {
		t.Errorf("got %v, want ErrTaken", err)
	}
}

func TestLinkEnds(t *testing.T) {
	tests := []struct {
		name string
		do   func(w *world, root access.Person, i access.Invitation) error
		want bool
	}{
		{"at its last moment", func(w *world, _ access.Person, _ access.Invitation) error {
			w.clock.add(access.InvitationLife)
			return nil
		}, true},
		{"too old", func(w *world, _ access.Person, _ access.Invitation) error {
			w.clock.add(access.InvitationLife + time.Millisecond)
			return nil
		}, false},
		{"revoked", func(w *world, root access.Person, i access.Invitation) error {
			return w.RevokeInvitation(w.t.Context(), root, i.TokenHash)
		}, false},
		{"revoked by a merchant admin", func(w *world, _ access.Person, i access.Invitation) error {
			err := w.RevokeInvitation(w.t.Context(), w.merchant("ama", "s1"), i.TokenHash)
			if !errors.Is(err, access.ErrNotFound) {
				w.t.Errorf("got %v, want ErrNotFound", err)
			}
			return nil
		}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			root := w.super("root")
			token, i := w.invite(root, "new@example.com", storeGrant())
			if err := tt.do(w, root, i); err != nil {
				t.Fatal(err)
			}
			if err := w.join(token); (err == nil) != tt.want || (err != nil && !errors.Is(err, access.ErrNotFound)) {
				t.Errorf("got %v, want let in %v", err, tt.want)
			}
			if err := w.RevokeInvitation(t.Context(), root, i.TokenHash); !tt.want && err == nil {
				t.Error("an ended link was revoked")
			}
		})
	}
}

// TestJoinIsOneCommit: a link is not used up without somebody let in.
func TestJoinIsOneCommit(t *testing.T) {
	for _, table := range []string{"people", "grants", "audit"} {
		t.Run(table, func(t *testing.T) {
			w := newWorld(t)
			token, _ := w.invite(w.super("root"), "new@example.com", storeGrant())
			w.sql(`create trigger full before insert on ` + table + ` begin select raise(abort, 'disk full'); end`)
			if err := w.join(token); err == nil {
				t.Fatal("no error")
			}
			w.sql(`drop trigger full`)
			if n := w.count(`select count(*) from people where email = 'new@example.com'`); n != 0 {
				t.Errorf("got %d people of a failed commit", n)
			}
			if err := w.join(token); err != nil {
				t.Errorf("the link is used up, and nobody is in: %v", err)
			}
		})
	}
}

// TestSecondSuperAdmin: once two exist, giving a right takes both of them.
func TestSecondSuperAdmin(t *testing.T) {
	w := newWorld(t)
	root, second := w.super("root"), w.super("second")
	token, i := w.invite(root, "new@example.com", storeGrant())
	if !i.Waiting() {
		t.Fatal("it does not wait")
	}
	if _, err := w.Invited(t.Context(), token); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("shown before it is confirmed: %v", err)
	}
	if err := w.join(token); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("before it is confirmed: got %v, want ErrNotFound", err)
	}
	for name, by := range map[string]access.Person{"who asked": root, "a merchant admin": w.merchant("ama", "s1"), "nobody": {}} {
		if err := w.ConfirmInvitation(t.Context(), by, i.TokenHash); err == nil {
			t.Errorf("confirmed by %s", name)
		}
	}
	if err := w.ConfirmInvitation(t.Context(), second, i.TokenHash); err != nil {
		t.Fatal(err)
	}
	if err := w.ConfirmInvitation(t.Context(), second, i.TokenHash); err == nil {
		t.Error("confirmed twice")
	}
	if err := w.join(token); err != nil {
		t.Error(err)
	}
	if n := w.audited(audit.PersonInviteConfirmed); n != 1 {
		t.Errorf("got %d audit rows, want 1", n)
	}
}

// TestFirstInvitesTheSecondAlone, and no third: what was handed out while there was one waits once there are two.
func TestFirstInvitesTheSecondAlone(t *testing.T) {
	w := newWorld(t)
	root := w.super("root")
	one, _ := w.invite(root, "one@example.com", superGrant())
	two, second := w.invite(root, "two@example.com", superGrant())
	reset, _, err := w.OfferPassword(t.Context(), root, w.merchant("ama", "s1").ID)
	if err != nil {
		t.Fatal(err)
	}
	if second.Waiting() {
		t.Fatal("it waits while there is one super admin")
	}
	if err := w.join(one); err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{"a third super admin": two, "a reset": reset} {
		if err := w.join(token); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound until it is confirmed", name, err)
		}
	}
	other, err := w.repo.ByEmail(t.Context(), "one@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.ConfirmInvitation(t.Context(), other, second.TokenHash); err != nil {
		t.Fatal(err)
	}
	if err := w.join(two); err != nil {
		t.Error(err)
	}
}

// TestTwoJoinAtOnce: of two links for a second super admin used at the same moment one works.
func TestTwoJoinAtOnce(t *testing.T) {
	w := newWorld(t)
	root := w.super("root")
	var tokens []string
	for i := range 8 {
		token, _ := w.invite(root, fmt.Sprintf("n%d@example.com", i), superGrant())
		tokens = append(tokens, token)
	}
	if won, _ := race(8, func(i int) error { return w.join(tokens[i]) }); won != 1 {
		t.Errorf("got %d second super admins without a second person, want 1", won)
	}
}

func TestOnePersonNeedsNoSecond(t *testing.T) {
	w := newWorld(t)
	root := w.super("root")
	if err := w.SetOnePerson(t.Context(), root, true); err != nil {
		t.Fatal(err)
	}
	w.super("second")
	token, i := w.invite(root, "new@example.com", superGrant())
	late, _ := w.invite(root, "late@example.com", superGrant())
	if i.Waiting() {
		t.Error("it waits in one-person mode")
	}
	if err := w.join(token); err != nil {
		t.Error(err)
	}
	if err := w.SetOnePerson(t.Context(), root, false); err != nil {
		t.Fatal(err)
	}
	if err := w.join(late); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("a link of one-person mode, in two-person mode: got %v, want ErrNotFound", err)
	}
}

func TestOfferRole(t *testing.T) {
	w := newWorld(t)
	root, ama := w.super("root"), w.merchant("ama", "s1")
	more := []access.Grant{{Role: access.Accountant, Store: "s2"}}
	if i, err := w.OfferRole(t.Context(), root, ama.ID, more); err != nil || i.Waiting() {
		t.Fatalf("alone: got waiting %v, %v", i.Waiting(), err)
	}
	if got := w.reload(ama).Grants; len(got) != 2 || !slices.Contains(got, more[0]) {
		t.Errorf("got %v", got)
	}
	second := w.super("second")
	i, err := w.OfferRole(t.Context(), root, ama.ID, superGrant())
	if err != nil || !i.Waiting() {
		t.Fatalf("with two: got waiting %v, %v", i.Waiting(), err)
	}
	if w.reload(ama).IsSuper() {
		t.Fatal("given before it is confirmed")
	}
	if err := w.ConfirmInvitation(t.Context(), w.reload(ama), i.TokenHash); err == nil {
		t.Error("confirmed by whom it is about")
	}
	w.sql(`create trigger full before insert on grants begin select raise(abort, 'disk full'); end`)
	if err := w.ConfirmInvitation(t.Context(), second, i.TokenHash); err == nil {
		t.Fatal("no error")
	}
	w.sql(`drop trigger full`)
	if err := w.ConfirmInvitation(t.Context(), second, i.TokenHash); err != nil {
		t.Fatalf("after a failed commit: %v", err)
	}
	if !w.reload(ama).IsSuper() {
		t.Error("not given")
	}
	if open, err := w.Invitations(t.Context()); err != nil || len(open) != 0 {
		t.Errorf("got %d open invitations, %v, want none", len(open), err)
	}
	for name, tt := range map[string]struct {
		by     access.Person
		id     access.PersonID
		grants []access.Grant
	}{
		"by a merchant admin": {w.merchant("kofi", "s1"), ama.ID, more}, "nobody there": {root, "no-such", more}, "no role": {root, ama.ID, nil},
	} {
		if _, err := w.OfferRole(t.Context(), tt.by, tt.id, tt.grants); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestOfferIsNoLink: an offer of a role is confirmed, never opened; its token lets nobody set a password.
func TestOfferIsNoLink(t *testing.T) {
	w := newWorld(t)
	root, ama := w.super("root"), w.merchant("ama", "s1")
	token, _, err := w.OfferPassword(t.Context(), root, ama.ID)
	if err != nil {
		t.Fatal(err)
	}
	w.sql(`update invitations set grants = '[{"Role":"super-admin","Store":""}]'`)
	if err := w.join(token); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

// TestReset: a new password, the same authenticator, and every login ends.
func TestReset(t *testing.T) {
	w := newWorld(t)
	root, ama := w.super("root"), w.merchant("ama", "s1")
	seed := w.authenticator(ama)
	l, _, err := w.SignIn(t.Context(), access.SignIn{Email: ama.Email, Password: password, Code: w.code(seed, 0), Address: home})
	if err != nil {
		t.Fatal(err)
	}
	w.clock.add(2 * time.Minute)
	token, _, err := w.OfferPassword(t.Context(), root, ama.ID)
	if err != nil {
		t.Fatal(err)
	}
	const fresh = "five cranes over the lake"
	if _, err := w.Join(t.Context(), token, "Thief", "short"); err == nil {
		t.Fatal("a short password was taken")
	}
	if won, _ := race(16, func(int) error { _, err := w.Join(t.Context(), token, "Thief", fresh); return err }); won != 1 {
		t.Errorf("got %d resets by one link, want 1", won)
	}
	if w.alive(l) {
		t.Error("the login goes on")
	}
	if err := w.try(ama.Email, fresh, "", home); !errors.Is(err, access.ErrSignIn) {
		t.Errorf("without a code: got %v, want ErrSignIn", err)
	}
	if err := w.try(ama.Email, fresh, w.code(seed, 0), home); err != nil {
		t.Error(err)
	}
	if got := w.reload(ama); got.Name != "ama" || !slices.Equal(got.Grants, storeGrant()) {
		t.Errorf("got %+v, want name and roles as they were", got)
	}
}

func TestResetIsRefused(t *testing.T) {
	w := newWorld(t)
	root, second, ama := w.super("root"), w.super("second"), w.merchant("ama", "s1")
	host, err := w.External(t.Context(), access.Identity{Subject: "h", Role: access.Accountant, Stores: []access.StoreID{"s1"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		by access.Person
		id access.PersonID
	}{
		"by a merchant admin": {ama, ama.ID}, "of the host's person": {root, host.ID}, "of nobody": {root, "no-such"},
	} {
		if _, _, err := w.OfferPassword(t.Context(), tt.by, tt.id); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", name, err)
		}
	}
	// Somebody who is disabled after the link was made stays out.
	token, i, err := w.OfferPassword(t.Context(), root, ama.ID)
	if err != nil || !i.Waiting() {
		t.Fatalf("got waiting %v, %v", i.Waiting(), err)
	}
	if err := w.ConfirmInvitation(t.Context(), second, i.TokenHash); err != nil {
		t.Fatal(err)
	}
	if err := w.Disable(t.Context(), root, ama.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.join(token); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}
