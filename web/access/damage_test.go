package access_test

import (
	"errors"
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/access"
)

// Invariant 16: a damaged authenticator confirms nothing, and the password alone does not do in its place. A recovery code signs
// in and takes it away; others notice nothing.
func TestInvariant16DamagedAuthenticator(t *testing.T) {
	w := newWorld(t)
	root, other := w.super("root"), w.super("other")
	seed, others := w.authenticator(root), w.authenticator(other)
	c, err := w.AskFactor(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	codes, err := w.NewRecovery(t.Context(), w.reload(root), access.Confirmed{Challenge: c.ID, Typed: w.code(seed, 0)})
	if err != nil {
		t.Fatal(err)
	}
	w.clock.add(2 * time.Minute)
	w.sql(`update people set totp = x'00' where id = $1`, string(root.ID))
	root = w.reload(root)
	for _, typed := range []string{"", w.code(seed, 0)} {
		if err := w.try(root.Email, password, typed, "192.0.2.1"); !errors.Is(err, access.ErrDamaged) {
			t.Errorf("sign in with %q: got %v, want ErrDamaged", typed, err)
		}
		if _, err := w.Verify(t.Context(), root, w.ask(root, "d1").ID, typed); !errors.Is(err, access.ErrDamaged) {
			t.Errorf("confirm with %q: got %v, want ErrDamaged", typed, err)
		}
	}
	for _, typed := range []string{password, codes[0]} {
		if _, err := w.Verify(t.Context(), root, w.ask(root, "d1").ID, typed); !errors.Is(err, access.ErrDamaged) {
			t.Errorf("confirm with password or recovery code: got %v, want ErrDamaged", err)
		}
	}
	if err := w.try(root.Email, "wrong", "", "192.0.2.1"); !errors.Is(err, access.ErrSignIn) {
		t.Errorf("wrong password: got %v, want nothing told", err)
	}
	if err := w.try(root.Email, password, codes[0], "192.0.2.2"); err != nil {
		t.Errorf("sign in with a recovery code: got %v", err)
	}
	if err := w.try(other.Email, password, w.code(others, 0), "192.0.2.3"); err != nil {
		t.Errorf("somebody else: got %v, want them in", err)
	}
	for typed, want := range map[string]error{w.code(seed, 0): access.ErrDamaged, codes[0]: access.ErrSignIn} {
		if err := w.RemoveTOTP(t.Context(), root, access.FactorChange{Password: password, Code: typed}); !errors.Is(err, want) {
			t.Errorf("remove with %q: got %v, want %v", typed, err, want)
		}
	}
	if err := w.RemoveTOTP(t.Context(), root, access.FactorChange{Password: "wrong", Code: codes[1]}); !errors.Is(err, access.ErrSignIn) {
		t.Errorf("remove with a wrong password: got %v, want ErrSignIn", err)
	}
	if err := w.RemoveTOTP(t.Context(), root, access.FactorChange{Password: password, Code: codes[1]}); err != nil || w.reload(root).HasTOTP {
		t.Errorf("remove with a recovery code: got %v", err)
	}
}

// Invariant 16: a damaged passkey is listed, works no longer and hides no other. Who has no other is told so, and the password
// alone does not do in its place.
func TestInvariant16DamagedPasskey(t *testing.T) {
	w := newWorld(t)
	var err error
	w.Service, err = access.New(w.repo, access.Options{Now: w.clock.now, NewID: w.newID, Params: cheap(), Issuer: "Test", Site: "desk.example", Origin: "https://desk.example"})
	if err != nil {
		t.Fatal(err)
	}
	root := w.super("root")
	for _, id := range []string{"aa", "bb"} {
		k := access.Passkey{ID: id, Person: root.ID, Name: id, Site: "desk.example", Credential: []byte(`{"id":"qg=="}`), MadeAt: w.clock.now()}
		if err := w.repo.AddPasskey(t.Context(), k, access.End{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := w.Moved(t.Context()); err != nil {
		t.Fatal(err)
	}
	root = w.reload(root)
	options := func() (string, error) {
		o, err := w.AssertionOptions(t.Context(), root, w.ask(root, "d1"))
		return string(o), err
	}
	w.sql(`update passkeys set credential = x'00' where id = 'aa'`)
	keys, err := w.Passkeys(t.Context(), root)
	if err != nil || len(keys) != 2 || !keys[0].Damaged || keys[1].Damaged {
		t.Errorf("got %+v and %v, want both, the first damaged", keys, err)
	}
	if o, err := options(); err != nil || o == "" {
		t.Errorf("got %q and %v, want the other one asked for", o, err)
	}
	w.sql(`update passkeys set credential = x'00'`)
	if o, err := options(); !errors.Is(err, access.ErrDamaged) || o != "" {
		t.Errorf("got %q and %v, want ErrDamaged", o, err)
	}
	c, err := w.AskFactor(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.AssertionOptions(t.Context(), root, c); err != nil {
		t.Errorf("to change what confirms: got %v, want a recovery code to be possible", err)
	}
	if _, err := w.Verify(t.Context(), root, w.ask(root, "d1").ID, password); !errors.Is(err, access.ErrSignIn) {
		t.Errorf("the password alone: got %v, want ErrSignIn", err)
	}
}
