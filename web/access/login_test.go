package access_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
)

// alive reports whether a login still counts.
func (w *world) alive(l access.Login) bool {
	w.t.Helper()
	p, got, err := w.Current(w.t.Context(), l.ID)
	if errors.Is(err, access.ErrNotFound) {
		return false
	}
	if err != nil || p.ID != l.Person || got.ID != l.ID {
		w.t.Fatalf("got %q of %q, %v", got.ID, p.ID, err)
	}
	return true
}

func TestIdle(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(*world) access.Person
		idle time.Duration
	}{
		{"super admin", func(w *world) access.Person { return w.super("root") }, 15 * time.Minute},
		{"merchant admin", func(w *world) access.Person { return w.merchant("ama", "s1") }, time.Hour},
		{"accountant", func(w *world) access.Person { return w.add("abi", access.Grant{Role: access.Accountant, Store: "s1"}) }, time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			p := tt.make(w)
			l := w.signIn(p, home)
			w.clock.add(tt.idle)
			if !w.alive(l) {
				t.Fatalf("over after %s", tt.idle)
			}
			w.clock.add(tt.idle)
			if !w.alive(l) {
				t.Fatal("being used does not count")
			}
			w.clock.add(tt.idle + time.Second)
			if w.alive(l) {
				t.Errorf("still good after %s without use", tt.idle)
			}
		})
	}
}

func TestTwelveHours(t *testing.T) {
	w := newWorld(t)
	l := w.signIn(w.merchant("ama", "s1"), home)
	for range 24 {
		w.clock.add(30 * time.Minute)
		if !w.alive(l) {
			t.Fatalf("over at %s", w.clock.now())
		}
	}
	w.clock.add(time.Second)
	if w.alive(l) {
		t.Error("still good after twelve hours of use")
	}
}

// TestSeenIsWrittenOnceAMinute: not every request is a write.
func TestSeenIsWrittenOnceAMinute(t *testing.T) {
	w := newWorld(t)
	l := w.signIn(w.merchant("ama", "s1"), home)
	w.sql(`create table writes (n integer)`)
	w.sql(`create trigger seen after update of seen_at on logins begin insert into writes values (1); end`)
	for range 600 {
		w.clock.add(time.Second)
		w.alive(l)
	}
	if n := w.count(`select count(*) from writes`); n < 8 || n > 10 {
		t.Errorf("got %d writes in ten minutes, want one a minute", n)
	}
}

// TestReadingGoesOnWithoutADisk: people stay signed in while the database takes no writes (invariant 16).
func TestReadingGoesOnWithoutADisk(t *testing.T) {
	w := newWorld(t)
	l := w.signIn(w.merchant("ama", "s1"), home)
	w.sql(`create trigger full before update on logins begin select raise(abort, 'disk full'); end`)
	w.clock.add(10 * time.Minute)
	if !w.alive(l) {
		t.Error("signed out by a failed write")
	}
}

func TestAtMostFiveLogins(t *testing.T) {
	w := newWorld(t)
	ama := w.merchant("ama", "s1")
	var all []access.Login
	for range 7 { // all in the same millisecond: the newest must stay all the same
		all = append(all, w.signIn(ama, home))
	}
	for i, l := range all {
		if got, want := w.alive(l), i >= 2; got != want {
			t.Errorf("login %d: alive %v, want %v", i+1, got, want)
		}
	}
	logins, err := w.Logins(t.Context(), ama)
	if err != nil {
		t.Fatal(err)
	}
	if len(logins) != 5 || logins[0].ID != all[6].ID {
		t.Errorf("got %d logins, the first %q; want 5, the newest first", len(logins), logins[0].ID)
	}
	race(16, func(int) error { return w.try(ama.Email, password, "", home) })
	if logins, err = w.Logins(t.Context(), ama); err != nil || len(logins) > 5 {
		t.Errorf("got %d logins after a race, %v; want 5 at most", len(logins), err)
	}
}

func TestSignOut(t *testing.T) {
	w := newWorld(t)
	ama, kofi := w.merchant("ama", "s1"), w.merchant("kofi", "s1")
	one, two, three, other := w.signIn(ama, home), w.signIn(ama, home), w.signIn(ama, home), w.signIn(kofi, home)
	check := func(step string, want ...bool) {
		t.Helper()
		for i, l := range []access.Login{one, two, three, other} {
			if got := w.alive(l); got != want[i] {
				t.Errorf("%s, login %d: alive %v, want %v", step, i, got, want[i])
			}
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(w.SignOut(t.Context(), ama, one.ID))
	check("sign out", false, true, true, true)
	must(w.SignOut(t.Context(), ama, other.ID))
	check("sign out somebody else", false, true, true, true)
	must(w.SignOutEverywhere(t.Context(), ama, two.ID))
	check("sign out everywhere else", false, true, false, true)
	must(w.SignOutEverywhere(t.Context(), ama, ""))
	check("sign out everywhere", false, false, false, true)
	if n := w.audited(audit.PersonSessionsEnded); n != 2 {
		t.Errorf("got %d audit rows, want 2", n)
	}
}

func TestCurrentIsClosedByDefault(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"", "no-such-login"} {
		if _, _, err := w.Current(t.Context(), id); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%q: got %v, want ErrNotFound", id, err)
		}
	}
}

func TestChangePassword(t *testing.T) {
	w := newWorld(t)
	ama, kofi := w.merchant("ama", "s1"), w.merchant("kofi", "s1")
	here, there, other := w.signIn(ama, home), w.signIn(ama, abroad), w.signIn(kofi, home)
	const fresh = "five cranes over the lake"
	if err := w.ChangePassword(t.Context(), ama, "wrong", fresh, here.ID); !errors.Is(err, access.ErrSignIn) {
		t.Errorf("wrong old password: got %v, want ErrSignIn", err)
	}
	if err := w.ChangePassword(t.Context(), ama, password, "short", here.ID); err == nil {
		t.Error("a short password was taken")
	}
	if !w.alive(there) {
		t.Error("a refused change ended a login")
	}
	if err := w.ChangePassword(t.Context(), ama, password, fresh, here.ID); err != nil {
		t.Fatal(err)
	}
	if !w.alive(here) || w.alive(there) || !w.alive(other) {
		t.Errorf("got here %v, there %v, somebody else's %v; want only the other one of the same person ended", w.alive(here), w.alive(there), w.alive(other))
	}
	if err := w.try(ama.Email, password, "", home); !errors.Is(err, access.ErrSignIn) {
		t.Errorf("old password: got %v", err)
	}
	if err := w.try(ama.Email, fresh, "", home); err != nil {
		t.Errorf("new password: %v", err)
	}
	if n := w.audited(audit.PersonPasswordChanged); n != 1 {
		t.Errorf("got %d audit rows, want 1", n)
	}
}

// TestChangePasswordIsOneCommit: no new password beside living logins made with the old one.
func TestChangePasswordIsOneCommit(t *testing.T) {
	w := newWorld(t)
	ama := w.merchant("ama", "s1")
	l := w.signIn(ama, home)
	w.sql(`create trigger full before update of revoked_at on logins begin select raise(abort, 'disk full'); end`)
	if err := w.ChangePassword(t.Context(), ama, password, "five cranes over the lake", ""); err == nil {
		t.Fatal("no error")
	}
	w.sql(`drop trigger full`)
	if !w.alive(l) {
		t.Error("login ended")
	}
	if err := w.try(ama.Email, password, "", home); err != nil {
		t.Errorf("the old password is gone: %v", err)
	}
}

// TestOldPasswordIsNotGuessed: who holds a session must not find the password out by trying.
func TestOldPasswordIsNotGuessed(t *testing.T) {
	w := newWorld(t)
	ama := w.merchant("ama", "s1")
	throttled := 0
	for i := range 30 {
		if isThrottled(w.ChangePassword(t.Context(), ama, fmt.Sprint("guess ", i), "five cranes over the lake", "")) {
			throttled++
		}
	}
	if throttled != 20 {
		t.Errorf("got %d of 30 tries refused unseen, want 20", throttled)
	}
	w.clock.add(15 * time.Minute)
	if ok, err := w.ConfirmPassword(t.Context(), ama, password); err != nil || !ok {
		t.Errorf("after the wait: got %v, %v", ok, err)
	}
}

// TestPreferencesNeverTouchRights: a page that was opened before a role was taken away must not bring it back.
func TestPreferencesNeverTouchRights(t *testing.T) {
	w := newWorld(t)
	root, ama := w.super("root"), w.merchant("ama", "s1", "s2")
	stale := w.reload(ama)
	if err := w.TakeRole(t.Context(), root, ama.ID, access.Grant{Role: access.MerchantAdmin, Store: "s1"}); err != nil {
		t.Fatal(err)
	}
	stale.Email, stale.Disabled = "thief@example.com", true
	stale.Grants = append(stale.Grants, access.Grant{Role: access.SuperAdmin})
	if err := w.SavePreferences(t.Context(), stale, " Ama B ", "fr", "dark"); err != nil {
		t.Fatal(err)
	}
	got := w.reload(ama)
	if len(got.Grants) != 1 || got.Grants[0].Store != "s2" || got.Email != ama.Email || got.Disabled {
		t.Errorf("got %+v, want the one role left and the address as it was", got)
	}
	if got.Name != "Ama B" || got.Language != "fr" || got.Theme != "dark" {
		t.Errorf("got name %q, language %q, theme %q", got.Name, got.Language, got.Theme)
	}
}

func TestPreferencesAreChecked(t *testing.T) {
	w := newWorld(t)
	ama := w.merchant("ama", "s1")
	for _, tt := range []struct{ name, typed, language, theme, field string }{
		{"empty name stays", "", "", "", ""},
		{"turned text", "root\u202e", "", "", "name"},
		{"long name", strings.Repeat("x", 121), "", "", "name"},
		{"long language", "Ama", strings.Repeat("x", 36), "", "language"},
		{"no such theme", "Ama", "", "pink", "theme"},
	} {
		err := w.SavePreferences(t.Context(), ama, tt.typed, tt.language, tt.theme)
		got := ""
		if e, ok := errors.AsType[*access.InputError](err); ok {
			got = e.Field
		} else if err != nil {
			t.Fatal(err)
		}
		if got != tt.field {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.field)
		}
	}
	if got := w.reload(ama); got.Name != "ama" {
		t.Errorf("got name %q, want it as it was", got.Name)
	}
}

// TestRightsChangedEndsLogins: whoever is disabled or loses or gets a role signs in again.
func TestRightsChangedEndsLogins(t *testing.T) {
	role := access.Grant{Role: access.MerchantAdmin, Store: "s1"}
	for _, tt := range []struct {
		name   string
		change func(*world, access.Person, access.PersonID) error
	}{
		{"disabled", func(w *world, by access.Person, id access.PersonID) error { return w.Disable(w.t.Context(), by, id) }},
		{"role taken", func(w *world, by access.Person, id access.PersonID) error {
			return w.TakeRole(w.t.Context(), by, id, role)
		}},
		{"role given", func(w *world, by access.Person, id access.PersonID) error {
			_, err := w.OfferRole(w.t.Context(), by, id, []access.Grant{{Role: access.Accountant, Store: "s2"}})
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			root, ama := w.super("root"), w.merchant("ama", "s1", "s3")
			mine, theirs := w.signIn(root, home), w.signIn(ama, home)
			if err := tt.change(w, root, ama.ID); err != nil {
				t.Fatal(err)
			}
			if w.alive(theirs) || !w.alive(mine) {
				t.Errorf("got theirs %v, mine %v; want only theirs ended", w.alive(theirs), w.alive(mine))
			}
		})
	}
}
