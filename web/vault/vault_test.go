package vault_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/vault"
)

// memory is a repository in memory.
type memory struct {
	sets []vault.Keyset
	fail error
}

func (m *memory) Keysets(context.Context) ([]vault.Keyset, error) { return m.sets, m.fail }

func (m *memory) ReplaceKeysets(_ context.Context, old, fresh []vault.Keyset) error {
	for i, set := range fresh {
		at := slices.IndexFunc(m.sets, func(k vault.Keyset) bool { return k.Purpose == set.Purpose && bytes.Equal(k.Sealed, old[i].Sealed) })
		if at < 0 {
			return errors.New("another keyset is stored")
		}
		m.sets[at] = set
	}
	return m.fail
}

func (m *memory) InsertKeysets(_ context.Context, sets []vault.Keyset) error {
	if len(m.sets) > 0 {
		return errors.New("keysets exist")
	}
	m.sets = sets
	return nil
}

func source(key vault.MasterKey) vault.KeySource { return vault.FromBytes([]byte(key.Reveal())) }

func newVault(t *testing.T) (*vault.Vault, *memory) {
	t.Helper()
	repo := &memory{}
	v, err := vault.Open(t.Context(), source(newKey(t, 1)), repo, vault.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	return v, repo
}

func place() vault.Place {
	return vault.Place{Table: "credentials", Row: "c1", Store: "s1", Account: "a1", Provider: "moneroo", Mode: "live",
		Field: "secret_key", Version: 3}
}

func TestOpenMakesKeysetsOnce(t *testing.T) {
	repo, at := &memory{}, time.UnixMilli(1_700_000_000_000)
	key := newKey(t, 1)
	if _, err := vault.Open(t.Context(), source(key), repo, vault.Options{}); !errors.Is(err, vault.ErrNoKeysets) {
		t.Fatalf("empty database, not allowed: got %v, want ErrNoKeysets", err)
	}
	create := vault.Options{Create: true, Now: func() time.Time { return at }}
	first, err := vault.Open(t.Context(), source(key), repo, create)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, set := range repo.sets {
		seen[set.Purpose] = true
		if set.MasterID != key.ID() || !set.CreatedAt.Equal(at) || len(set.Sealed) == 0 {
			t.Errorf("%s: got master %s, at %v, %d bytes", set.Purpose, set.MasterID, set.CreatedAt, len(set.Sealed))
		}
	}
	if len(seen) != 5 || len(repo.sets) != 5 {
		t.Errorf("got keysets for %v, want five", seen)
	}
	second, err := vault.Open(t.Context(), source(key), repo, create)
	if err != nil {
		t.Fatal(err)
	}
	sameVault(t, first, second)
}

func sameVault(t *testing.T, a, b *vault.Vault) {
	t.Helper()
	sealed, err := a.Seal([]byte("plain"), place())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := b.Unseal(sealed, place()); err != nil || string(got) != "plain" {
		t.Errorf("unseal: got %q, %v", got, err)
	}
	if a.Reference("p", 1) != b.Reference("p", 1) || a.Fingerprint("s", "c") != b.Fingerprint("s", "c") ||
		!b.CheckFormToken(a.FormToken("x"), "x") || !bytes.Equal(a.AuditMAC()([]byte("m")), b.AuditMAC()([]byte("m"))) ||
		a.MasterID() != b.MasterID() {
		t.Error("the keysets differ after opening again")
	}
}

func TestOpenWithTheWrongKey(t *testing.T) {
	_, repo := newVault(t)
	right, wrong := newKey(t, 1), newKey(t, 2)
	_, err := vault.Open(t.Context(), source(wrong), repo, vault.Options{Create: true})
	got, ok := errors.AsType[*vault.WrongKeyError](err)
	if !ok || got.Have != wrong.ID() || got.Want != right.ID() {
		t.Fatalf("got %v, want a WrongKeyError with both ids", err)
	}
	want := "this database was made with master key " + right.ID() + "; the one given is " + wrong.ID()
	if err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestOpenRefusesDamagedKeysets(t *testing.T) {
	tests := []struct {
		name   string
		change func(sets []vault.Keyset) []vault.Keyset
	}{
		{"one is gone", func(s []vault.Keyset) []vault.Keyset { return s[1:] }},
		{"a bit flipped", func(s []vault.Keyset) []vault.Keyset { s[2].Sealed[len(s[2].Sealed)/2] ^= 1; return s }},
		{"two exchanged", func(s []vault.Keyset) []vault.Keyset {
			s[1].Sealed, s[2].Sealed = s[2].Sealed, s[1].Sealed
			return s
		}},
		{"one stands in for another", func(s []vault.Keyset) []vault.Keyset { s[1].Sealed = s[2].Sealed; return s }},
		{"another key's name", func(s []vault.Keyset) []vault.Keyset { s[4].MasterID = "pdk-00000000"; return s }},
		{"empty", func(s []vault.Keyset) []vault.Keyset { s[0].Sealed = nil; return s }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, repo := newVault(t)
			repo.sets = tt.change(repo.sets)
			if v, err := vault.Open(t.Context(), source(newKey(t, 1)), repo, vault.Options{Create: true}); err == nil {
				t.Errorf("got vault %v, want an error", v)
			}
		})
	}
}

func TestOpenPassesErrorsOn(t *testing.T) {
	want := errors.New("no such disk")
	bad := keyFunc(func(context.Context) (vault.MasterKey, error) { return vault.MasterKey{}, want })
	if _, err := vault.Open(t.Context(), bad, &memory{}, vault.Options{Create: true}); !errors.Is(err, want) {
		t.Errorf("source: got %v", err)
	}
	if _, err := vault.Open(t.Context(), source(newKey(t, 1)), &memory{fail: want}, vault.Options{Create: true}); !errors.Is(err, want) {
		t.Errorf("repository: got %v", err)
	}
	zero := keyFunc(func(context.Context) (vault.MasterKey, error) { return vault.MasterKey{}, nil })
	if _, err := vault.Open(t.Context(), zero, &memory{}, vault.Options{Create: true}); !errors.Is(err, vault.ErrNotWholeKey) {
		t.Errorf("zero key: got %v, want ErrNotWholeKey", err)
	}
}

func TestUnsealOnlyInItsPlace(t *testing.T) {
	v, _ := newVault(t)
	sealed, err := v.Seal([]byte("plain"), place())
	if err != nil {
		t.Fatal(err)
	}
	fields := reflect.TypeFor[vault.Place]().NumField()
	for i := range fields {
		p := place()
		field := reflect.ValueOf(&p).Elem().Field(i)
		if field.Kind() == reflect.Int {
			field.SetInt(field.Int() + 1)
		} else {
			field.SetString(field.String() + "x")
		}
		refused(t, v, sealed, p)
		field.SetZero()
		refused(t, v, sealed, p)
	}
	// The same letters, cut at another place.
	p := place()
	p.Store, p.Account = "s", "1a1"
	refused(t, v, sealed, p)
	p = place()
	p.Store, p.Account = "", "s1|a1"
	refused(t, v, sealed, p)
}

func refused(t *testing.T, v *vault.Vault, sealed []byte, p vault.Place) {
	t.Helper()
	if got, err := v.Unseal(sealed, p); err != vault.ErrSealed || got != nil {
		t.Errorf("unseal at %+v: got %q, %v, want ErrSealed itself", p, got, err)
	}
}

func TestUnsealRefusesChangedBytes(t *testing.T) {
	v, _ := newVault(t)
	sealed, err := v.Seal([]byte("plain"), place())
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(sealed) * 8 {
		changed := bytes.Clone(sealed)
		changed[i/8] ^= 1 << (i % 8)
		refused(t, v, changed, place())
	}
	for n := range sealed {
		refused(t, v, sealed[:n], place())
	}
	refused(t, v, append(bytes.Clone(sealed), 0), place())
	other, err := vault.Open(t.Context(), source(newKey(t, 1)), &memory{}, vault.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, other, sealed, place())
}

func TestSealNeedsAPlace(t *testing.T) {
	v, _ := newVault(t)
	for _, p := range []vault.Place{{}, {Row: "r", Field: "f"}, {Table: "t", Field: "f"}, {Table: "t", Row: "r"}} {
		if _, err := v.Seal([]byte("x"), p); err == nil {
			t.Errorf("seal at %+v: got no error", p)
		}
	}
}

func TestNoNonceTwice(t *testing.T) {
	v, _ := newVault(t)
	const prefix, nonce = 5, 24 // Tink's key id, then XChaCha20's nonce
	seen := make(map[string]bool, 100_000)
	for range 100_000 {
		sealed, err := v.Seal(nil, place())
		if err != nil {
			t.Fatal(err)
		}
		seen[string(sealed[prefix:prefix+nonce])] = true
	}
	if len(seen) != 100_000 {
		t.Errorf("got %d different nonces, want 100000", len(seen))
	}
}

func TestFingerprint(t *testing.T) {
	v, _ := newVault(t)
	got := v.Fingerprint("secret", "moneroo")
	if !regexp.MustCompile(`^[0-9a-f]{4} [0-9a-f]{4}$`).MatchString(got) {
		t.Errorf("got %q, want the form 5e90 11d4", got)
	}
	if got != v.Fingerprint("secret", "moneroo") {
		t.Error("not the same twice")
	}
	if got == v.Fingerprint("secret", "gobipay") || got == v.Fingerprint("secret2", "moneroo") ||
		v.Fingerprint("ab", "c") == v.Fingerprint("b", "ca") {
		t.Error("the same for different secrets or contexts")
	}
	if other, _ := newVault(t); got == other.Fingerprint("secret", "moneroo") {
		t.Error("the same with another key")
	}
}

func TestFormToken(t *testing.T) {
	v, _ := newVault(t)
	token := v.FormToken("person", "payout", "3")
	if !v.CheckFormToken(token, "person", "payout", "3") {
		t.Error("its own token is refused")
	}
	other, _ := newVault(t)
	for name, ok := range map[string]bool{
		"other part":  v.CheckFormToken(token, "person", "payout", "4"),
		"fewer parts": v.CheckFormToken(token, "person", "payout"),
		"cut anew":    v.CheckFormToken(token, "personp", "ayout", "3"),
		"empty":       v.CheckFormToken("", "person", "payout", "3"),
		"cut off":     v.CheckFormToken(token[:42], "person", "payout", "3"),
		"other key":   other.CheckFormToken(token, "person", "payout", "3"),
	} {
		if ok {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestKeysetsAreIndependent(t *testing.T) {
	v, _ := newVault(t)
	mac := v.AuditMAC()([]byte("m"))
	if len(mac) != 32 || !bytes.Equal(mac, v.AuditMAC()([]byte("m"))) || bytes.Equal(mac, v.AuditMAC()([]byte("n"))) {
		t.Errorf("audit MAC: got %x", mac)
	}
	other, _ := newVault(t)
	if bytes.Equal(mac, other.AuditMAC()([]byte("m"))) {
		t.Error("two databases share an audit key")
	}
}

func TestVaultPrintsNoKeys(t *testing.T) {
	v, _ := newVault(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		got := fmt.Sprintf(verb, v)
		for _, part := range []string{"[]byte", "uint8", "cipher"} {
			if strings.Contains(got, part) {
				t.Errorf("%s: got %s", verb, got)
			}
		}
		if len(got) > 600 {
			t.Errorf("%s: got %d characters: %s", verb, len(got), got)
		}
	}
}
