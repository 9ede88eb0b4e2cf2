package vault_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/paywicket/paywicket/web/vault"
)

// newKey makes the key whose 32 bytes all are b.
func newKey(t *testing.T, b byte) vault.MasterKey {
	t.Helper()
	key, err := vault.NewMasterKey(bytes.NewReader(bytes.Repeat([]byte{b}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestMasterKeyText(t *testing.T) {
	key := newKey(t, 7)
	// A vector: this text must open the same databases for ever.
	const want = "pdk1-a4dqobyha4dqobyha4dqobyha4dqobyha4dqobyha4dqobyha4dq-7nwiu3qe"
	if got := key.Reveal(); got != want {
		t.Errorf("text: got %s, want %s", got, want)
	}
	if got, want := key.ID(), "pdk-ddec17e1"; got != want {
		t.Errorf("id: got %s, want %s", got, want)
	}
	for _, text := range []string{key.Reveal(), strings.ToUpper(key.Reveal()), " " + key.Reveal() + "\r\n"} {
		again, err := vault.ParseMasterKey(text)
		if err != nil || !again.Equal(key.Secret) || again.ID() != key.ID() {
			t.Errorf("parse %q: got %v %s", text, err, again.ID())
		}
	}
}

func TestMasterKeyTypingErrors(t *testing.T) {
	text := newKey(t, 7).Reveal()
	wrong := []string{"", "pdk1", "pdk1--", text[1:], text[:len(text)-1], text[:30], text + "a", text + "-a", "pdk2" + text[4:]}
	for i := range text {
		for _, c := range "a7-x" {
			if changed := text[:i] + string(c) + text[i+1:]; changed != text {
				wrong = append(wrong, changed)
			}
		}
		if i > 0 && text[i] != text[i-1] {
			wrong = append(wrong, text[:i-1]+string(text[i])+string(text[i-1])+text[i+1:])
		}
	}
	for _, w := range wrong {
		_, err := vault.ParseMasterKey(w)
		if !errors.Is(err, vault.ErrNotWholeKey) {
			t.Fatalf("parse %q: got %v, want ErrNotWholeKey", w, err)
		}
		if len(w) > 20 && strings.Contains(err.Error(), w[5:15]) {
			t.Fatalf("the error quotes the key: %v", err)
		}
	}
}

func TestNewMasterKeyNeedsRandomness(t *testing.T) {
	if _, err := vault.NewMasterKey(strings.NewReader("short")); err == nil {
		t.Error("got a key from five bytes")
	}
	a, errA := vault.NewMasterKey(nil)
	b, errB := vault.NewMasterKey(nil)
	if errA != nil || errB != nil || a.Equal(b.Secret) || a.ID() == b.ID() {
		t.Errorf("two keys: %v %v, ids %s %s", errA, errB, a.ID(), b.ID())
	}
	if !regexp.MustCompile(`^pdk-[0-9a-f]{8}$`).MatchString(a.ID()) {
		t.Errorf("id: got %s", a.ID())
	}
}

func TestFromBytes(t *testing.T) {
	key := newKey(t, 9)
	for name, given := range map[string][]byte{"raw": bytes.Repeat([]byte{9}, 32), "text": []byte(key.Reveal())} {
		got, err := vault.FromBytes(given).Key(t.Context())
		if err != nil || got.ID() != key.ID() {
			t.Errorf("%s: got %s, %v, want %s", name, got.ID(), err, key.ID())
		}
	}
	if _, err := vault.FromBytes(make([]byte, 31)).Key(t.Context()); !errors.Is(err, vault.ErrNotWholeKey) {
		t.Errorf("31 bytes: got %v, want ErrNotWholeKey", err)
	}
}

func TestFromEnvClearsTheVariable(t *testing.T) {
	const name = "PAYWICKET_TEST_KEY"
	key := newKey(t, 3)
	t.Setenv(name, key.Reveal())
	source := vault.FromEnv(name)
	for range 2 { // the second time from memory
		got, err := source.Key(t.Context())
		if err != nil || got.ID() != key.ID() {
			t.Fatalf("got %s, %v, want %s", got.ID(), err, key.ID())
		}
		if v, ok := os.LookupEnv(name); ok {
			t.Fatalf("the variable is still set to %d characters", len(v))
		}
	}
	_, err := vault.FromEnv(name).Key(t.Context())
	if err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("unset variable: got %v, want an error that names it", err)
	}
}

func TestCreateFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	key, err := vault.CreateFile(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode: got %v, want 0600", info.Mode())
	}
	got, err := vault.FromFile(path).Key(t.Context())
	if err != nil || !got.Equal(key.Secret) {
		t.Errorf("read back: %v", err)
	}
	if _, err := vault.CreateFile(path); !errors.Is(err, os.ErrExist) {
		t.Errorf("second time: got %v, want ErrExist", err)
	}
	if again, err := vault.FromFile(path).Key(t.Context()); err != nil || !again.Equal(key.Secret) {
		t.Errorf("the first key is gone: %v", err)
	}
}

func TestFromFileRefuses(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes here")
	}
	whole := newKey(t, 1).Reveal()
	tests := []struct {
		name, text string
		mode       os.FileMode
		want       string // in the error; empty: accepted
	}{
		{"owner only", whole, 0o600, ""},
		{"read only", whole + "\n", 0o400, ""},
		{"group may read", whole, 0o640, "chmod 600"},
		{"all may read", whole, 0o604, "chmod 600"},
		{"group may write", whole, 0o620, "chmod 600"},
		{"executable", whole, 0o700, "chmod 600"},
		{"cut off", whole[:40], 0o600, "not a whole key"},
		{"typing error", whole[:9] + "x" + whole[10:], 0o600, "not a whole key: checksum"},
		{"empty", "", 0o600, "not a whole key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "k")
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, tt.mode); err != nil {
				t.Fatal(err)
			}
			_, err := vault.FromFile(path).Key(t.Context())
			wantError(t, err, tt.want, path)
		})
	}
}

func TestFromFileWantsARegularFile(t *testing.T) {
	dir := t.TempDir()
	_, err := vault.FromFile(dir).Key(t.Context())
	wantError(t, err, "not a regular file", dir)
	if _, err := vault.FromFile(filepath.Join(dir, "none")).Key(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: got %v, want ErrNotExist", err)
	}
	if runtime.GOOS != "windows" {
		_, err := vault.FromFile("/dev/null").Key(t.Context())
		wantError(t, err, "not a regular file", "/dev/null")
	}
}

func wantError(t *testing.T, err error, want, path string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("got %v, want no error", err)
	case want == "":
	case err == nil:
		t.Errorf("got no error, want %q", want)
	case !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path):
		t.Errorf("got %q, want %q and the path", err, want)
	}
}

// keyFunc is a source that a host program might write.
type keyFunc func(context.Context) (vault.MasterKey, error)

func (f keyFunc) Key(ctx context.Context) (vault.MasterKey, error) { return f(ctx) }
