package audit_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/paywicket/paywicket/web/audit"
)

func TestAnchorFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "audit.anchor")
	if _, err := audit.ReadAnchor(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: got %v, want ErrNotExist", err)
	}
	log := rows(3)
	for _, want := range []audit.Anchor{{}, log[0].Anchor(), log[2].Anchor()} {
		if err := audit.WriteAnchor(path, want); err != nil {
			t.Fatal(err)
		}
		got, err := audit.ReadAnchor(path)
		if err != nil || got.Seq != want.Seq || !bytes.Equal(got.MAC, want.MAC) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Errorf("got %v, %v, want the anchor alone", files, err)
	}
}

func TestReadAnchorRefuses(t *testing.T) {
	for _, text := range []string{"", "{", `{"seq":3,"mac":"xx"}`, `{"seq":3}`, `{"mac":"00"}`, `{"seq":-1,"mac":"00"}`} {
		path := filepath.Join(t.TempDir(), "a")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := audit.ReadAnchor(path); err == nil {
			t.Errorf("%q: got %+v, want an error", text, got)
		}
	}
}

func TestWriteAnchorIntoNoFolder(t *testing.T) {
	if err := audit.WriteAnchor(filepath.Join(t.TempDir(), "none", "a"), audit.Anchor{}); err == nil {
		t.Error("got no error")
	}
}
