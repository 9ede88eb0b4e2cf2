package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/store"
	"github.com/paywicket/paywicket/web/vault"
)

func TestConnect(t *testing.T) {
	w := newWorld(t)
	tests := []struct {
		name string
		by   access.Person
		bend func(*store.Connection)
		want string // fields with what is wrong, "404" for ErrNotFound
	}{
		{"good", w.ama, func(*store.Connection) {}, ""},
		{"by a super admin", w.root, func(*store.Connection) {}, ""},
		{"test mode at its own address", w.ama, func(c *store.Connection) { c.Live, c.Address = false, "sandbox" }, ""},
		{"another store", w.ama, func(c *store.Connection) { c.Store = w.two.ID }, "404"},
		{"no such store", w.ama, func(c *store.Connection) { c.Store = "no-such" }, "404"},
		{"no such store, by a super admin", w.root, func(c *store.Connection) { c.Store = "no-such" }, "404"},
		{"by an accountant", w.abi, func(*store.Connection) {}, "404"},
		{"by nobody", access.Person{}, func(*store.Connection) {}, "404"},
		{"no such company", w.ama, func(c *store.Connection) { c.Provider = "no-such" }, "provider check.unknown_option"},
		{"no label", w.ama, func(c *store.Connection) { c.Label = "  " }, "label check.required"},
		{"free text for an address", w.ama, func(c *store.Connection) { c.Address = "https://evil.example" }, "address accounts.error.address"},
		{"live at the sandbox", w.ama, func(c *store.Connection) { c.Address = "sandbox" }, "address accounts.error.address"},
		{"company without an address", w.ama, func(c *store.Connection) { c.Provider = "issued" }, "address accounts.error.address"},
		{"no key", w.ama, func(c *store.Connection) { c.Settings = map[string]string{"merchant": noKey, "key": " "} }, "settings[key] check.required"},
		{"several at once", w.ama, func(c *store.Connection) { c.Label, c.Settings = "", nil }, "label check.required, settings[merchant] check.required, settings[key] check.required"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := store.Connection{Store: w.one.ID, Provider: "toy", Live: true, Label: " Main ", Settings: w.settings(keyOne)}
			tt.bend(&c)
			a, err := w.Connect(w.ctx, tt.by, c)
			got := ""
			if all, ok := errors.AsType[store.InputErrors](err); ok {
				var words []string
				for _, e := range all {
					words = append(words, e.Field+" "+e.Key)
				}
				got = strings.Join(words, ", ")
			} else if errors.Is(err, store.ErrNotFound) {
				got = "404"
			} else if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if err == nil && (a.Label != "Main" || len(a.Token) != 26 || a.Token == string(a.ID) || a.Version != 1) {
				t.Errorf("got %+v", a)
			}
		})
	}
	if n := w.number(`select count(*) from accounts`); n != 3 {
		t.Errorf("got %d accounts, want the 3 that passed", n)
	}
}

// TestConnectIsOneCommit: no account without its settings.
func TestConnectIsOneCommit(t *testing.T) {
	w := newWorld(t)
	for _, table := range []string{"credentials", "audit"} {
		w.raw(`create trigger full before insert on ` + table + ` begin select raise(abort, 'disk full'); end`)
		if _, err := w.Connect(w.ctx, w.ama, store.Connection{Store: w.one.ID, Provider: "toy", Live: true, Label: "Main", Settings: w.settings(keyOne)}); err == nil {
			t.Fatal("no error")
		}
		w.raw(`drop trigger full`)
	}
	if n := w.number(`select count(*) from accounts`); n != 0 {
		t.Errorf("got %d accounts", n)
	}
}

func TestSettingsComeBack(t *testing.T) {
	w := newWorld(t)
	a := w.connect(w.ama, w.one, "  "+keyOne+" ")
	set, err := w.Settings(w.ctx, a, 1)
	w.must(err)
	if set.Get("key") != keyOne || set.Get("merchant") != noKey || set.Get("hook") != "" {
		t.Error("the settings are not what was typed")
	}
	if text := fmt.Sprintf("%v %+v %#v %s", set, set, set, set); strings.Contains(text, "CANARY") {
		t.Errorf("settings print as %q", text)
	}
	def, _ := w.Catalog.Definition("toy")
	if got := w.Secrets(def, set); len(got) != 1 || got[0] != keyOne {
		t.Errorf("got %d secrets, want the key alone", len(got))
	}
}

// TestShown is invariant 15: secrets go in and never out, not even their length; what is no secret is shown.
func TestShown(t *testing.T) {
	w := newWorld(t)
	a := w.connect(w.ama, w.one, keyOne)
	shown, err := w.Shown(w.ctx, a)
	w.must(err)
	if len(shown) != 3 {
		t.Fatalf("got %d settings, want 3", len(shown))
	}
	for i, want := range []struct {
		name, value string
		secret      bool
	}{{"merchant", noKey, false}, {"key", "", true}, {"hook", "", false}} {
		got := shown[i]
		if got.Name != want.name || got.Value != want.value || (got.Fingerprint != "") != want.secret || got.SetByName != "ama" || got.Version != 1 {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	// Nobody makes a secret visible by calling it none in the file.
	w.raw(`update credentials set secret = 0`)
	shown, err = w.Shown(w.ctx, a)
	w.must(err)
	if shown[1].Value != "" {
		t.Error("a key is shown")
	}
}

// TestFingerprint tells keys apart without being a hash of them that could be guessed.
func TestFingerprint(t *testing.T) {
	w := newWorld(t)
	mark := func(a store.Account) string {
		t.Helper()
		shown, err := w.Shown(w.ctx, a)
		w.must(err)
		return shown[1].Fingerprint
	}
	one, same, other := w.connect(w.ama, w.one, keyOne), w.connect(w.ama, w.one, keyOne), w.connect(w.ama, w.one, keyTwo)
	if mark(one) != mark(same) || mark(one) == mark(other) {
		t.Errorf("got %q, %q and %q, want the first two equal", mark(one), mark(same), mark(other))
	}
	w2 := newWorldWithKey(t, 7)
	if w2.Fingerprint(keyOne, "toy|key") == mark(one) {
		t.Error("it does not depend on the vault's key")
	}
	if len(mark(one)) != 9 {
		t.Errorf("got %q, want eight digits in two groups", mark(one))
	}
}

func newWorldWithKey(t *testing.T, b byte) *vault.Vault {
	t.Helper()
	w := newWorld(t)
	w.raw(`delete from keysets`)
	key := make([]byte, 32)
	key[0] = b
	v, err := vault.Open(w.ctx, vault.FromBytes(key), w.db.Keysets(), vault.Options{Create: true})
	w.must(err)
	return v
}

// TestSwappedCiphertext is invariant 15: a sealed value opens only where it belongs.
func TestSwappedCiphertext(t *testing.T) {
	tests := []struct {
		name string
		do   func(w *world, mine, theirs store.Account)
	}{
		{"of another store's account", func(w *world, mine, theirs store.Account) {
			w.raw(`update credentials set sealed = (select sealed from credentials where account = $1 and name = 'key') where account = $2 and name = 'key'`, string(theirs.ID), string(mine.ID))
		}},
		{"of another field", func(w *world, mine, _ store.Account) {
			w.raw(`update credentials set sealed = (select sealed from credentials where account = $1 and name = 'merchant') where account = $1 and name = 'key'`, string(mine.ID))
		}},
		{"of another version", func(w *world, mine, _ store.Account) {
			_, err := w.ReplaceSettings(w.ctx, w.ama, mine.ID, w.settings(keyTwo))
			w.must(err)
			w.raw(`update credentials set sealed = (select sealed from credentials where account = $1 and name = 'key' and version = 2) where account = $1 and name = 'key' and version = 1`, string(mine.ID))
		}},
		{"the whole account in another mode", func(w *world, _, _ store.Account) { w.raw(`update accounts set live = 0`) }},
		{"the whole account in another store", func(w *world, mine, _ store.Account) {
			w.raw(`update accounts set store = $1 where id = $2`, string(w.two.ID), string(mine.ID))
		}},
		{"the whole account at another company", func(w *world, _, _ store.Account) { w.raw(`update accounts set provider = 'issued'`) }},
		{"one bit off", func(w *world, _, _ store.Account) {
			w.raw(`update credentials set sealed = cast(substr(sealed, 1, length(sealed) - 1) || x'00' as blob) where name = 'key'`)
		}},
		{"nothing", func(w *world, _, _ store.Account) { w.raw(`update credentials set sealed = x''`) }},
		{"not sealed at all", func(w *world, _, _ store.Account) {
			w.raw(`update credentials set sealed = cast('my own key' as blob)`)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			mine, theirs := w.connect(w.ama, w.one, keyOne), w.connect(w.efua, w.two, keyTwo)
			tt.do(w, mine, theirs)
			all, err := w.AllAccounts(w.ctx)
			w.must(err)
			for _, a := range all {
				if a.ID == mine.ID {
					mine = a
				}
			}
			got, err := w.key(mine, 1)
			if !errors.Is(err, vault.ErrSealed) || got != "" {
				t.Errorf("got %q, %v, want ErrSealed and nothing", got, err)
			}
			shown, err := w.Shown(w.ctx, w.withVersion(mine, 1))
			w.must(err)
			for _, s := range shown {
				if s.Damaged != (s.Value+s.Fingerprint == "") && s.Name != "hook" || s.Name == "key" && !s.Damaged {
					t.Errorf("a page shows %+v, want what does not open marked, and nothing of it", s)
				}
			}
		})
	}
	t.Run("rows gone", func(t *testing.T) {
		w := newWorld(t)
		mine := w.connect(w.ama, w.one, keyOne)
		w.raw(`delete from credentials`)
		if _, err := w.key(mine, 1); err == nil {
			t.Error("an account without settings was opened")
		}
	})
}

func (w *world) withVersion(a store.Account, version int) store.Account {
	a.Version = version
	return a
}

func TestReplaceSettings(t *testing.T) {
	w := newWorld(t)
	a := w.connect(w.ama, w.one, keyOne)
	w.wait(time.Hour)
	// An empty secret keeps its value, an empty setting does not.
	b, err := w.ReplaceSettings(w.ctx, w.ama, a.ID, map[string]string{"merchant": "m2", "key": " ", "hook": keyTwo})
	w.must(err)
	set, err := w.Settings(w.ctx, b, 2)
	w.must(err)
	if b.Version != 2 || set.Get("key") != keyOne || set.Get("merchant") != "m2" || set.Get("hook") != keyTwo {
		t.Errorf("got version %d, merchant %q, the key kept: %v", b.Version, set.Get("merchant"), set.Get("key") == keyOne)
	}
	if got, err := w.key(a, 1); err != nil || got != keyOne { // for webhooks on their way
		t.Errorf("the settings before are gone: %v", err)
	}
	if since, err := w.SettingsSince(w.ctx, b); err != nil || !since.Equal(w.now()) {
		t.Errorf("got %s, %v, want now", since, err)
	}
	if b, err = w.ReplaceSettings(w.ctx, w.ama, a.ID, map[string]string{"merchant": "m3", "key": keyTwo}); err != nil || b.Version != 3 {
		t.Fatalf("got %d, %v", b.Version, err)
	}
	if got, err := w.key(b, 3); err != nil || got != keyTwo {
		t.Errorf("the new key is not the one typed: %v", err)
	}
	if _, err := w.ReplaceSettings(w.ctx, w.ama, a.ID, map[string]string{"key": keyTwo}); err == nil {
		t.Error("a required setting was left empty")
	}
	for name, by := range map[string]access.Person{"another store's": w.efua, "an accountant": w.abi, "nobody": {}} {
		if _, err := w.ReplaceSettings(w.ctx, by, a.ID, w.settings(keyTwo)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", name, err)
		}
	}
	if got := w.reload(a); got.Version != 3 {
		t.Errorf("got version %d, want 3", got.Version)
	}
}

// TestReplaceDamaged: typed again whole, damaged settings are mended; a secret that would have to be kept cannot be.
func TestReplaceDamaged(t *testing.T) {
	w := newWorld(t)
	a := w.connect(w.ama, w.one, keyOne)
	w.raw(`update credentials set sealed = x'00'`)
	if _, err := w.ReplaceSettings(w.ctx, w.ama, a.ID, map[string]string{"merchant": "m", "key": "", "hook": keyTwo}); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("got %v, want ErrSealed", err)
	} else if wrong, ok := errors.AsType[store.InputErrors](err); !ok || len(wrong) != 1 || wrong[0].Field != "settings[key]" {
		t.Errorf("got %v, want the one key asked for again", err)
	}
	shown, err := w.Shown(w.ctx, a)
	if err != nil || len(shown) != 3 || !shown[0].Damaged || shown[0].Value != "" {
		t.Errorf("got %+v and %v, want all three shown as damaged", shown, err)
	}
	b, err := w.ReplaceSettings(w.ctx, w.ama, a.ID, map[string]string{"merchant": "m", "key": keyOne, "hook": keyTwo})
	w.must(err)
	if got, err := w.key(b, 2); err != nil || got != keyOne {
		t.Errorf("not mended: %v", err)
	}
}

// TestReplacedAtOnce: two windows do not write over each other's version.
func TestReplacedAtOnce(t *testing.T) {
	w := newWorld(t)
	a := w.connect(w.ama, w.one, keyOne)
	done := make(chan error, 8)
	for i := range 8 {
		go func() {
			_, err := w.ReplaceSettings(w.ctx, w.ama, a.ID, map[string]string{"merchant": fmt.Sprint("m", i), "key": keyTwo})
			done <- err
		}()
	}
	won := 0
	for range 8 {
		if <-done == nil {
			won++
		}
	}
	got := w.reload(a)
	if n := w.number(`select count(*) from credentials where account = $1`, string(a.ID)); got.Version != 1+won || n != 3*got.Version || won == 0 {
		t.Errorf("got version %d and %d rows after %d replacements", got.Version, n, won)
	}
}

// TestFreeze: a super admin or Paywicket itself stops an account, a super admin lets it go on.
func TestFreeze(t *testing.T) {
	w := newWorld(t)
	a := w.connect(w.ama, w.one, keyOne)
	for name, by := range map[string]access.Person{"a merchant admin": w.ama, "an accountant": w.abi} {
		if err := w.Freeze(w.ctx, by, a, "no"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s froze it: %v", name, err)
		}
	}
	w.must(w.Freeze(w.ctx, access.Person{}, a, "credentials"))
	if got := w.reload(a).Frozen; got.Reason != "credentials" || got.By != "" || !got.At.Equal(w.now()) {
		t.Errorf("got %+v", got)
	}
	// The first reason stands, also for who has not seen it yet.
	w.wait(time.Minute)
	w.must(w.Freeze(w.ctx, w.root, a, "late"))
	w.must(w.Freeze(w.ctx, w.root, w.reload(a), "later"))
	if got := w.reload(a).Frozen; got.Reason != "credentials" {
		t.Errorf("got %+v, want the first reason", got)
	}
	for name, by := range map[string]access.Person{"a merchant admin": w.ama, "an accountant": w.abi, "nobody": {}} {
		if err := w.Unfreeze(w.ctx, by, a); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s let it go on: %v", name, err)
		}
	}
	w.must(w.Unfreeze(w.ctx, w.root, w.reload(a)))
	if got := w.reload(a).Frozen; got.On() || got.Reason != "" {
		t.Errorf("got %+v, want it free", got)
	}
	if n := w.number(`select count(*) from audit where action in ('account.frozen', 'account.unfrozen')`); n != 2 {
		t.Errorf("got %d audit rows, want 2", n)
	}
}

// TestOldPagesDoNotUnfreeze: a test call, a balance or new keys that were begun before the freeze do not undo it.
func TestOldPagesDoNotUnfreeze(t *testing.T) {
	w := newWorld(t)
	stale := w.connect(w.ama, w.one, keyOne)
	w.must(w.Freeze(w.ctx, w.root, stale, "doubt"))
	w.must(w.Checked(w.ctx, w.ama, stale, nil))
	w.must(w.Heard(w.ctx, stale.ID, w.now(), w.now()))
	w.must(w.Balances(w.ctx, stale, []store.Balance{{Amount: money.Amount{Minor: 5, Currency: "EUR"}, At: w.now()}}))
	_, err := w.ReplaceSettings(w.ctx, w.ama, stale.ID, w.settings(keyTwo))
	w.must(err)
	if got := w.reload(stale); !got.Frozen.On() || got.Frozen.Reason != "doubt" || got.Version != 2 || !got.CheckedAt.Equal(w.now()) {
		t.Errorf("got %+v", got)
	}
}

func TestChecked(t *testing.T) {
	w := newWorld(t)
	a := w.connect(w.ama, w.one, keyOne)
	for _, tt := range []struct {
		name  string
		cause error
		want  string
	}{
		{"worked", nil, ""},
		{"the company's words", &providers.Error{Code: "http_401", Message: "bad key"}, "bad key"},
		{"the code alone", &providers.Error{Code: "http_500"}, "http_500"},
		{"a code of the adapter's own", &providers.Error{Code: a.Provider + "_odd", Message: "no: " + keyOne}, a.Provider + "_odd: no: [secret]"},
		{"such a code alone", &providers.Error{Code: a.Provider + "_odd"}, a.Provider + "_odd"},
		{"an error of ours", errors.New("dial tcp 10.0.0.1: " + keyOne), "error"},
		{"the key in the company's words", &providers.Error{Message: "no key " + keyOne + " here"}, "no key [secret] here"},
	} {
		w.must(w.Checked(w.ctx, w.ama, a, tt.cause))
		if got := w.reload(a).CheckErr; got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestCheckSaid(t *testing.T) {
	for kept, want := range map[string][2]string{
		"bad key": {"bad key", "bad key"}, "timeout": {"timeout", "timeout"}, "timeout: 5 s": {"timeout: 5 s", "timeout: 5 s"},
		"acme_odd": {"acme_odd", "acme_odd"}, "acme_odd: no: never": {"acme_odd", "no: never"}, "other_odd: no": {"other_odd: no", "other_odd: no"},
	} {
		code, words := store.Account{Provider: "acme", CheckErr: kept}.CheckSaid()
		if got := [2]string{code, words}; got != want {
			t.Errorf("%q: got %q, want %q", kept, got, want)
		}
	}
}

func TestHeardAndBalances(t *testing.T) {
	w := newWorld(t)
	a := w.connect(w.ama, w.one, keyOne)
	first := w.now()
	w.must(w.Heard(w.ctx, a.ID, first, time.Time{}))
	w.wait(time.Minute)
	w.must(w.Heard(w.ctx, a.ID, time.Time{}, w.now()))
	w.must(w.Heard(w.ctx, a.ID, first.Add(-time.Hour), time.Time{})) // news that come late
	if got := w.reload(a); !got.GoodAt.Equal(first) || !got.HookAt.Equal(w.now()) {
		t.Errorf("got good %s, hook %s", got.GoodAt, got.HookAt)
	}
	for _, minor := range []int64{5, 7} {
		w.must(w.Balances(w.ctx, a, []store.Balance{{Amount: money.Amount{Minor: minor, Currency: "EUR"}, At: w.now()}, {Amount: money.Amount{Minor: minor, Currency: "XOF"}, At: w.now()}}))
	}
	if got := w.reload(a).Balances; len(got) != 2 || got[0].Amount.Minor != 7 || got[1].Amount.Currency != "XOF" {
		t.Errorf("got %v", got)
	}
}

// Invariant 16: a super admin stops a store and lets it go on; every account of it stands stopped meanwhile.
func TestFreezeStore(t *testing.T) {
	w := newWorld(t)
	a := w.connect(w.ama, w.one, keyOne)
	of := func() store.Store {
		t.Helper()
		all, err := w.Stores(w.ctx, w.root)
		w.must(err)
		for _, s := range all {
			if s.ID == a.Store {
				return s
			}
		}
		t.Fatal("the store is gone")
		return store.Store{}
	}
	for _, by := range []access.Person{{}, w.ama, w.abi} {
		if err := w.FreezeStore(w.ctx, by, of(), "no"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: got %v, want not found", by.ID, err)
		}
	}
	w.must(w.FreezeStore(w.ctx, w.root, of(), "doubt"))
	stale := store.Store{ID: a.Store}
	w.must(w.FreezeStore(w.ctx, w.root, stale, "later")) // the first reason stands
	if got := w.reload(a); got.Frozen.On() || got.StoreFrozen.Reason != "doubt" || got.Stopped() != of().Frozen {
		t.Errorf("got %+v", got.Stopped())
	}
	if err := w.UnfreezeStore(w.ctx, w.ama, of()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v, want not found", err)
	}
	w.must(w.UnfreezeStore(w.ctx, w.root, of()))
	if got := w.reload(a).Stopped(); got.On() {
		t.Errorf("got %+v, want it to go on", got)
	}
	if n := w.number(`select count(*) from audit where action in ('store.frozen', 'store.unfrozen')`); n != 2 {
		t.Errorf("got %d entries, want 2", n)
	}
}
