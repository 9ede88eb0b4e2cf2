//go:build unix

package vault

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Giving a file away takes root, so the other user is the process.
func TestKeyFileOfAnotherUser(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkKeyFile(info, os.Getuid()); err != nil {
		t.Errorf("own file: got %v", err)
	}
	err = checkKeyFile(info, os.Getuid()+1)
	if err == nil || !strings.Contains(err.Error(), "chown") {
		t.Errorf("another user's file: got %v, want an error that says chown", err)
	}
}
