package web_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// requirement is one line of a go.mod file.
type requirement struct {
	Path    string
	Version string
}

// SQLite's translated code and its C library are made for each other: with another libc it may build and corrupt data.
func TestLibcIsTheOneSQLiteWants(t *testing.T) {
	gomod := strings.TrimSpace(goTool(t, "list", "-m", "-f", "{{.GoMod}}", "modernc.org/sqlite"))
	want := required(t, gomod, "modernc.org/libc")
	got := strings.TrimSpace(goTool(t, "list", "-m", "-f", "{{.Version}}", "modernc.org/libc"))
	if got != want {
		t.Errorf("modernc.org/libc: got %s, want %s, as in the go.mod of modernc.org/sqlite", got, want)
	}
}

// The generator and the library it generates for must agree.
func TestTemplToolIsTheLibrarysVersion(t *testing.T) {
	const templ = "github.com/a-h/templ"
	if got, want := required(t, "../tools.mod", templ), required(t, "../go.mod", templ); got != want {
		t.Errorf("templ in tools.mod: got %s, want %s, as in go.mod", got, want)
	}
}

// A replace line would break go install of a release.
func TestNoReplaceLines(t *testing.T) {
	var mod struct{ Replace []any }
	readModFile(t, "../go.mod", &mod)
	if len(mod.Replace) > 0 {
		t.Errorf("go.mod has %d replace lines, want none", len(mod.Replace))
	}
}

// required gives the version of a module that a go.mod file asks for.
func required(t *testing.T, file, path string) string {
	t.Helper()
	var mod struct{ Require []requirement }
	readModFile(t, file, &mod)
	for _, r := range mod.Require {
		if r.Path == path {
			return r.Version
		}
	}
	t.Fatalf("%s does not require %s", file, path)
	return ""
}

func readModFile(t *testing.T, file string, into any) {
	t.Helper()
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(goTool(t, "mod", "edit", "-json", file)), into); err != nil {
		t.Fatal(err)
	}
}
