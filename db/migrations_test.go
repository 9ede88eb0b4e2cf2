package db_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// update rewrites golden files: go test ./db -run TestMigrations -update.
var update = flag.Bool("update", false, "rewrite golden files")

const sums = "testdata/migrations.sha256"

// Migrations are never edited after a release: a database that has one would differ from a new one. Until the first release
// the first may change; -update takes it over.
func TestMigrationsAreTheReleasedOnes(t *testing.T) {
	files, err := filepath.Glob("migrations/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d files and %v, want migrations", len(files), err)
	}
	var got string
	name := regexp.MustCompile(`^\d{4}_[a-z0-9_]+\.sql$`)
	for i, file := range files {
		base := filepath.Base(file)
		if !name.MatchString(base) || base[:4] != fmt.Sprintf("%04d", i+1) {
			t.Errorf("%s: want %04d_what.sql, numbered without gaps", base, i+1)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got += fmt.Sprintf("%x  %s\n", sha256.Sum256(text), base)
	}
	if *update {
		if err := os.WriteFile(sums, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(sums)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%swant\n%sIf no release has this migration yet, run go test ./db -run TestMigrations -update", got, want)
	}
}
