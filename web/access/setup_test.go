package access_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
)

func (w *world) beginSetup() string {
	w.t.Helper()
	token, err := w.BeginSetup(w.t.Context())
	if err != nil || token == "" {
		w.t.Fatalf("got token %q, %v", token, err)
	}
	return token
}

func first(token string) access.First {
	return access.First{Token: token, Name: "Ama", Email: "ama@example.com", Password: password}
}

func TestSetup(t *testing.T) {
	w := newWorld(t)
	old := w.beginSetup()
	token := w.beginSetup()
	if n := w.count(`select count(*) from settings where value = $1`, token); n != 0 {
		t.Error("the token itself is stored")
	}
	tests := []struct {
		name string
		bend func(*access.First)
	}{
		{"no token", func(f *access.First) { f.Token = "" }},
		{"made up", func(f *access.First) { f.Token = "made-up" }},
		{"of the start before", func(f *access.First) { f.Token = old }},
		{"short password", func(f *access.First) { f.Password = "k3#Vq9!tLz2m" }},
		{"no address", func(f *access.First) { f.Email = "ama" }},
		{"no name", func(f *access.First) { f.Name = " " }},
	}
	for _, tt := range tests {
		in := first(token)
		tt.bend(&in)
		if _, err := w.FinishSetup(t.Context(), in); err == nil {
			t.Fatalf("%s: no error", tt.name)
		}
	}
	p, err := w.FinishSetup(t.Context(), first(token))
	if err != nil {
		t.Fatal(err)
	}
	if got := w.reload(p); !got.IsSuper() || got.Email != "ama@example.com" {
		t.Errorf("got %+v", got)
	}
	if setup, err := w.Setup(t.Context()); err != nil || !setup.Done || setup.OnePerson || setup.TokenHash != "" {
		t.Errorf("got %+v, %v", setup, err)
	}
	if _, err := w.FinishSetup(t.Context(), first(token)); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("again: got %v, want ErrNotFound", err)
	}
	if token, err := w.BeginSetup(t.Context()); err != nil || token != "" {
		t.Errorf("begun again: got %q, %v, want none", token, err)
	}
	if _, err := w.FinishSetup(t.Context(), first("")); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("with no token, once there is none: got %v, want ErrNotFound", err)
	}
	if n := w.audited(audit.SetupDone) + w.audited(audit.PersonJoined); n != 2 {
		t.Errorf("got %d audit rows, want 2", n)
	}
}

func TestSetupLinkGetsOld(t *testing.T) {
	w := newWorld(t)
	token := w.beginSetup()
	w.clock.add(access.SetupLife + time.Second)
	if _, err := w.FinishSetup(t.Context(), first(token)); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if _, err := w.FinishSetup(t.Context(), first(w.beginSetup())); err != nil {
		t.Error(err)
	}
}

func TestTwoSetupsAtOnce(t *testing.T) {
	w := newWorld(t)
	token := w.beginSetup()
	won, _ := race(16, func(i int) error {
		in := first(token)
		in.Email = fmt.Sprintf("p%d@example.com", i)
		_, err := w.FinishSetup(t.Context(), in)
		return err
	})
	if n := w.count(`select count(*) from people`); won != 1 || n != 1 {
		t.Errorf("got %d set-ups and %d people, want 1 and 1", won, n)
	}
}

// TestSetupIsOneCommit: no installation that is set up and has nobody.
func TestSetupIsOneCommit(t *testing.T) {
	for _, table := range []string{"people", "grants", "audit"} {
		t.Run(table, func(t *testing.T) {
			w := newWorld(t)
			token := w.beginSetup()
			w.sql(`create trigger full before insert on ` + table + ` begin select raise(abort, 'disk full'); end`)
			if _, err := w.FinishSetup(t.Context(), first(token)); err == nil {
				t.Fatal("no error")
			}
			w.sql(`drop trigger full`)
			if setup, err := w.Setup(t.Context()); err != nil || setup.Done {
				t.Errorf("got %+v, %v, want not set up", setup, err)
			}
			if _, err := w.FinishSetup(t.Context(), first(token)); err != nil {
				t.Errorf("the link is used up, and nobody is in: %v", err)
			}
		})
	}
}

func TestOnePersonMode(t *testing.T) {
	w := newWorld(t)
	in := first(w.beginSetup())
	in.OnePerson = true
	root, err := w.FinishSetup(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	one := func() bool {
		t.Helper()
		setup, err := w.Setup(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return setup.OnePerson
	}
	if !one() {
		t.Fatal("got two-person mode, want one")
	}
	for name, by := range map[string]access.Person{"a merchant admin": w.merchant("ako", "s1"), "nobody": {}} {
		if err := w.SetOnePerson(t.Context(), by, false); !errors.Is(err, access.ErrNotFound) || !one() {
			t.Errorf("by %s: got %v, want ErrNotFound", name, err)
		}
	}
	if err := w.SetOnePerson(t.Context(), root, false); err != nil || one() {
		t.Fatalf("to two: %v", err)
	}
	if err := w.SetOnePerson(t.Context(), root, true); err != nil || !one() {
		t.Fatalf("back while alone: %v", err)
	}
	if err := w.SetOnePerson(t.Context(), root, false); err != nil {
		t.Fatal(err)
	}
	second := w.super("second")
	e, ok := errors.AsType[*access.InputError](w.SetOnePerson(t.Context(), root, true))
	if !ok || e.Code != "two_exist" || one() {
		t.Errorf("to one while two exist: got %v", e)
	}
	if err := w.Disable(t.Context(), root, second.ID); err != nil {
		t.Fatal(err)
	}
	if n := w.audited(audit.SettingsChanged); n != 3 {
		t.Errorf("got %d audit rows, want 3", n)
	}
}

// TestHaltSurvivesOtherSettings: whoever stops everything is not overruled by a page that was read before (invariant 16).
func TestHaltSurvivesOtherSettings(t *testing.T) {
	w := newWorld(t)
	root := w.super("root")
	const rounds = 50
	won, errs := race(2*rounds, func(i int) error {
		if i%2 == 0 {
			return w.SetOnePerson(t.Context(), root, i%4 == 0)
		}
		return w.Halt(t.Context(), root, "stolen laptop")
	})
	if won != 2*rounds {
		t.Fatal(errors.Join(errs...))
	}
	if setup, err := w.Setup(t.Context()); err != nil || setup.Halted != "stolen laptop" {
		t.Errorf("got halted %q, %v", setup.Halted, err)
	}
}

func TestHalt(t *testing.T) {
	w := newWorld(t)
	root, ama := w.super("root"), w.merchant("ama", "s1")
	if err := w.Halt(t.Context(), ama, "no"); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("by a merchant admin: got %v, want ErrNotFound", err)
	}
	for _, reason := range []string{"stolen laptop", ""} {
		for range 2 { // saying it twice is saying it once
			if err := w.Halt(t.Context(), root, reason); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := w.db.Queue().Halted(t.Context()); err != nil || got != reason {
			t.Errorf("got %q, %v, want %q", got, err, reason)
		}
	}
	if got := w.audited(audit.SendingFrozen) + w.audited(audit.SendingUnfrozen); got != 2 {
		t.Errorf("got %d audit rows, want 2", got)
	}
}

func TestAddDirect(t *testing.T) {
	w := newWorld(t)
	for name, p := range map[string]access.Person{
		"no address": {Email: "ama", Name: "Ama", Grants: superGrant()},
		"no name":    {Email: "ama@example.com", Grants: superGrant()},
		"no role":    {Email: "ama@example.com", Name: "Ama"},
	} {
		if _, err := w.AddDirect(t.Context(), p, password); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	root := w.super("root")
	if _, err := w.AddDirect(t.Context(), access.Person{Email: root.Email, Name: "Root", Grants: superGrant()}, password); !errors.Is(err, access.ErrTaken) {
		t.Errorf("taken: got %v, want ErrTaken", err)
	}
	if _, err := w.AddDirect(t.Context(), access.Person{Email: "x@example.com", Name: "X", Grants: superGrant()}, "k3#Vq9!tLz2m"); err == nil {
		t.Error("a password too short for a super admin was taken")
	}
}
