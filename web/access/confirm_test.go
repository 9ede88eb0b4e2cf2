package access_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// use uses a confirmation up as an approval does: inside the transaction of a change.
func (w *world) use(proof access.StepUp) error {
	w.t.Helper()
	const id = payout.ID("0123456789AB")
	if w.count(`select count(*) from payouts`) == 0 {
		if err := w.db.Stores().AddStore(w.t.Context(), store.Store{ID: "s1", Name: "S", Zone: "UTC"}); err != nil {
			w.t.Fatal(err)
		}
		if err := w.db.Payouts().Insert(w.t.Context(), &payout.Payout{ID: id, Store: "s1", State: payout.Draft, Version: 1, CreatedAt: w.clock.now()}); err != nil {
			w.t.Fatal(err)
		}
	}
	_, err := w.db.Payouts().Update(w.t.Context(), payout.InStore("s1"), id, func(_ *payout.Payout, world payout.World) error {
		return world.UseStepUp(proof)
	})
	return err
}

func (w *world) ask(p access.Person, digest string) access.Challenge {
	w.t.Helper()
	c, err := w.Ask(w.t.Context(), p, "approve", "0123456789AB", digest)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// TestStepUp is invariant 7: fresh, bound to a person and to what was shown, good once, within 120 s of being asked for.
func TestStepUp(t *testing.T) {
	tests := []struct {
		name string
		wait time.Duration // before it is used
		bend func(*access.StepUp)
		want error
	}{
		{"as verified", 0, nil, nil},
		{"just in time", 119 * time.Second, nil, nil},
		{"too late", 120 * time.Second, nil, access.ErrStepUp},
		{"long after", 24 * time.Hour, nil, access.ErrStepUp},
		{"clock gone back", -time.Minute, nil, access.ErrStepUp},
		{"about something else", 0, func(s *access.StepUp) { s.Digest = "other" }, access.ErrStepUp},
		{"of somebody else", 0, func(s *access.StepUp) { s.Person = "other" }, access.ErrStepUp},
		{"of nobody", 0, func(s *access.StepUp) { s.Person = "" }, access.ErrStepUp},
		{"made up", 0, func(s *access.StepUp) { s.ID = "other" }, access.ErrStepUp},
		{"zero", 0, func(s *access.StepUp) { *s = access.StepUp{} }, access.ErrStepUp},
		{"times of its own", 200 * time.Second, func(s *access.StepUp) { s.AskedAt = s.AskedAt.Add(time.Hour) }, access.ErrStepUp},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			root := w.super("root")
			proof, err := w.Verify(t.Context(), root, w.ask(root, "digest").ID, password)
			if err != nil {
				t.Fatal(err)
			}
			if proof.Person != root.ID || proof.Digest != "digest" || proof.Means != "password" {
				t.Errorf("got %+v", proof)
			}
			if tt.bend != nil {
				tt.bend(&proof)
			}
			w.clock.add(tt.wait)
			if err := w.use(proof); !errors.Is(err, tt.want) || (tt.want == nil && err != nil) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if err := w.use(proof); !errors.Is(err, access.ErrStepUp) {
				t.Errorf("a second time: got %v, want ErrStepUp", err)
			}
		})
	}
}

func TestStepUpIsUsedOnceInARace(t *testing.T) {
	w := newWorld(t)
	root := w.super("root")
	proof, err := w.Verify(t.Context(), root, w.ask(root, "digest").ID, password)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.use(access.StepUp{}); !errors.Is(err, access.ErrStepUp) { // makes the payout
		t.Fatal(err)
	}
	if won, _ := race(16, func(int) error { return w.use(proof) }); won != 1 {
		t.Errorf("got %d uses, want 1 (invariant 7)", won)
	}
}

// TestUnverifiedIsNoStepUp: asking is not confirming.
func TestUnverifiedIsNoStepUp(t *testing.T) {
	w := newWorld(t)
	root := w.super("root")
	c := w.ask(root, "digest")
	if err := w.use(access.StepUp{ID: c.ID, Person: root.ID, Digest: "digest", AskedAt: c.AskedAt, VerifiedAt: c.AskedAt}); !errors.Is(err, access.ErrStepUp) {
		t.Errorf("got %v, want ErrStepUp", err)
	}
}

func TestVerify(t *testing.T) {
	w := newWorld(t)
	root, second := w.super("root"), w.super("second")
	t.Run("another's", func(t *testing.T) {
		if _, err := w.Verify(t.Context(), second, w.ask(root, "d").ID, password); !errors.Is(err, access.ErrStepUp) {
			t.Errorf("got %v, want ErrStepUp", err)
		}
	})
	t.Run("unknown", func(t *testing.T) {
		if _, err := w.Verify(t.Context(), root, "no-such", password); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	})
	t.Run("twice", func(t *testing.T) {
		c := w.ask(root, "d")
		if _, err := w.Verify(t.Context(), root, c.ID, password); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Verify(t.Context(), root, c.ID, password); !errors.Is(err, access.ErrStepUp) {
			t.Errorf("got %v, want ErrStepUp", err)
		}
	})
	t.Run("at once", func(t *testing.T) {
		c := w.ask(root, "d")
		won, _ := race(4, func(int) error { _, err := w.Verify(t.Context(), root, c.ID, password); return err })
		if won != 1 {
			t.Errorf("got %d verified, want 1", won)
		}
	})
	t.Run("too late", func(t *testing.T) {
		c := w.ask(root, "d")
		w.clock.add(121 * time.Second)
		if _, err := w.Verify(t.Context(), root, c.ID, password); !errors.Is(err, access.ErrStepUp) {
			t.Errorf("got %v, want ErrStepUp", err)
		}
	})
	t.Run("no means", func(t *testing.T) {
		host, err := w.External(t.Context(), access.Identity{Subject: "h", Role: access.SuperAdmin})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Ask(t.Context(), host, "approve", "p", "d"); !errors.Is(err, access.ErrNoMeans) {
			t.Errorf("got %v, want ErrNoMeans", err)
		}
	})
}

func TestFiveTries(t *testing.T) {
	w := newWorld(t)
	root := w.super("root")
	c := w.ask(root, "d")
	for i := range 5 {
		if _, err := w.Verify(t.Context(), root, c.ID, "wrong"); !errors.Is(err, access.ErrSignIn) {
			t.Fatalf("try %d: got %v, want ErrSignIn", i+1, err)
		}
	}
	if _, err := w.Verify(t.Context(), root, c.ID, password); !errors.Is(err, access.ErrStepUp) {
		t.Errorf("right at the sixth: got %v, want ErrStepUp", err)
	}
	second := w.super("second") // whose ten free mistakes are not used up yet
	c = w.ask(second, "d")
	_, errs := race(20, func(int) error { _, err := w.Verify(t.Context(), second, c.ID, "wrong"); return err })
	looked := 0
	for _, err := range errs {
		if errors.Is(err, access.ErrSignIn) {
			looked++
		}
	}
	if looked > 5 {
		t.Errorf("got %d of 20 looked at, want 5 at most", looked)
	}
	if n := w.count(`select max(tries) from challenges`); n != 5 {
		t.Errorf("got %d tries counted, want 5", n)
	}
}

// TestCodesAreNotGuessed: a new confirmation does not buy five more guesses for ever.
func TestCodesAreNotGuessed(t *testing.T) {
	w := newWorld(t)
	root := w.super("root")
	seed := w.authenticator(root)
	looked := 0
	for range 20 {
		c := w.ask(root, "d")
		for range 5 {
			if _, err := w.Verify(t.Context(), root, c.ID, "000000"); errors.Is(err, access.ErrSignIn) {
				looked++
			}
		}
	}
	if looked != 10 {
		t.Errorf("got %d of 100 guesses looked at, want 10", looked)
	}
	w.clock.add(15 * time.Minute)
	if _, err := w.Verify(t.Context(), root, w.ask(root, "d").ID, w.code(seed, 0)); err != nil {
		t.Errorf("the owner, after the wait: %v", err)
	}
}

// TestVerifyWithAuthenticator: where there is one it is what counts; the password alone is nothing.
func TestVerifyWithAuthenticator(t *testing.T) {
	w := newWorld(t)
	stale := w.super("root") // as it was read before the authenticator was set up
	seed := w.authenticator(stale)
	for _, typed := range []string{password, "", "12345", "000000"} {
		if _, err := w.Verify(t.Context(), stale, w.ask(stale, "d").ID, typed); !errors.Is(err, access.ErrSignIn) {
			t.Errorf("%q: got %v, want ErrSignIn", typed, err)
		}
	}
	proof, err := w.Verify(t.Context(), stale, w.ask(stale, "d").ID, w.code(seed, 0))
	if err != nil {
		t.Fatal(err)
	}
	if proof.Means != "totp" {
		t.Errorf("got means %q, want totp", proof.Means)
	}
	// The same code signs nobody in any more, and confirms nothing else.
	if err := w.try(stale.Email, password, w.code(seed, 0), home); !errors.Is(err, access.ErrSignIn) {
		t.Errorf("sign-in with a used code: got %v", err)
	}
	if _, err := w.Verify(t.Context(), stale, w.ask(stale, "e").ID, w.code(seed, 0)); !errors.Is(err, access.ErrSignIn) {
		t.Errorf("second confirmation with a used code: got %v", err)
	}
}

// TestOneCodeOneConfirmation: sixteen confirmations at once with one code, one is verified.
func TestOneCodeOneConfirmation(t *testing.T) {
	w := newWorld(t)
	root := w.super("root")
	seed := w.authenticator(root)
	var asked []access.Challenge
	for i := range 8 {
		asked = append(asked, w.ask(root, fmt.Sprint("d", i)))
	}
	code := w.code(seed, 0)
	if won, _ := race(8, func(i int) error { _, err := w.Verify(t.Context(), root, asked[i].ID, code); return err }); won != 1 {
		t.Errorf("got %d confirmations, want 1", won)
	}
}

func TestAddTOTP(t *testing.T) {
	w := newWorld(t)
	root := w.super("root")
	here, there := w.signIn(root, home), w.signIn(root, abroad)
	key, err := w.NewTOTP(root)
	if err != nil {
		t.Fatal(err)
	}
	seed := key.Secret()
	if len(seed) != 32 {
		t.Errorf("got a seed of %d characters, want 32: 160 bits", len(seed))
	}
	for _, tt := range []struct {
		name string
		in   access.FactorChange
	}{
		{"no password", access.FactorChange{Seed: seed, Code: w.code(seed, 0)}},
		{"wrong password", access.FactorChange{Password: "wrong", Seed: seed, Code: w.code(seed, 0)}},
		{"wrong code", access.FactorChange{Password: password, Seed: seed, Code: "000000"}},
		{"no seed", access.FactorChange{Password: password, Code: w.code("", 0)}},
	} {
		if err := w.AddTOTP(t.Context(), root, tt.in); !errors.Is(err, access.ErrSignIn) {
			t.Errorf("%s: got %v, want ErrSignIn", tt.name, err)
		}
	}
	if w.reload(root).HasTOTP || !w.alive(there) {
		t.Fatal("a refused change changed something")
	}
	good := access.FactorChange{Password: password, Seed: seed, Code: w.code(seed, 0), KeepLogin: here.ID}
	if err := w.AddTOTP(t.Context(), root, good); err != nil {
		t.Fatal(err)
	}
	if !w.reload(root).HasTOTP || !w.alive(here) || w.alive(there) {
		t.Errorf("got authenticator %v, this login %v, the other %v; want true, true, false", w.reload(root).HasTOTP, w.alive(here), w.alive(there))
	}
	// Nobody who borrows the session puts another one in its place.
	w.clock.add(time.Minute)
	other, err := w.NewTOTP(root)
	if err != nil {
		t.Fatal(err)
	}
	thief := access.FactorChange{Password: password, Seed: other.Secret(), Code: w.code(other.Secret(), 0)}
	if err := w.AddTOTP(t.Context(), root, thief); !errors.Is(err, access.ErrTaken) {
		t.Errorf("a second one: got %v, want ErrTaken", err)
	}
	if got, err := w.repo.Secrets(t.Context(), root.ID); err != nil || got.TOTP != seed {
		t.Errorf("the seed was replaced, %v", err)
	}
}

func TestRemoveTOTP(t *testing.T) {
	w := newWorld(t)
	root := w.super("root")
	seed := w.authenticator(root)
	for _, in := range []access.FactorChange{
		{Code: w.code(seed, 0)}, {Password: "wrong", Code: w.code(seed, 0)}, {Password: password, Code: "000000"}, {Password: password},
	} {
		if err := w.RemoveTOTP(t.Context(), root, in); !errors.Is(err, access.ErrSignIn) {
			t.Errorf("%+v: got %v, want ErrSignIn", in, err)
		}
	}
	if err := w.RemoveTOTP(t.Context(), root, access.FactorChange{Password: password, Code: w.code(seed, 0)}); err != nil {
		t.Fatal(err)
	}
	if w.reload(root).HasTOTP {
		t.Error("it is there still")
	}
	if err := w.RemoveTOTP(t.Context(), root, access.FactorChange{Password: password, Code: w.code("", 0)}); !errors.Is(err, access.ErrSignIn) {
		t.Errorf("nothing to remove: got %v, want ErrSignIn", err)
	}
	if got := []int{w.audited(audit.PersonTOTPAdded), w.audited(audit.PersonTOTPRemoved)}; !slices.Equal(got, []int{1, 1}) {
		t.Errorf("got audit rows %v, want one each", got)
	}
}

// TestAuthenticatorOfTheHostsPeople: who has no password here sets one up with the code alone.
func TestAuthenticatorOfTheHostsPeople(t *testing.T) {
	w := newWorld(t)
	host, err := w.External(t.Context(), access.Identity{Subject: "h", Role: access.SuperAdmin})
	if err != nil {
		t.Fatal(err)
	}
	key, err := w.NewTOTP(access.Person{Email: "host@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.AddTOTP(t.Context(), host, access.FactorChange{Seed: key.Secret(), Code: w.code(key.Secret(), 0)}); err != nil {
		t.Fatal(err)
	}
	w.clock.add(time.Minute)
	host = w.reload(host)
	if proof, err := w.Verify(t.Context(), host, w.ask(host, "d").ID, w.code(key.Secret(), 0)); err != nil || proof.Means != "totp" {
		t.Errorf("got %+v, %v", proof, err)
	}
}

// TestAddTOTPAtOnce: two windows, one authenticator.
func TestAddTOTPAtOnce(t *testing.T) {
	w := newWorld(t)
	root := w.super("root")
	won, _ := race(4, func(i int) error {
		key, err := w.NewTOTP(root)
		if err != nil {
			return err
		}
		return w.AddTOTP(t.Context(), root, access.FactorChange{Password: password, Seed: key.Secret(), Code: w.code(key.Secret(), time.Duration(i%2)*30*time.Second)})
	})
	if won != 1 {
		t.Errorf("got %d set up, want 1", won)
	}
}
