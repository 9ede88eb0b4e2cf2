package web_test

import (
	"encoding/json"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// update rewrites golden files: go test ./web -run TestModules -update.
var update = flag.Bool("update", false, "rewrite golden files")

const module = "github.com/paywicket/paywicket"

// importRule says what the packages that match a pattern may import of ours. A pattern is a path below the module, "x/*"
// for everything one level below x, or "x/**" for x and everything below it.
type importRule struct {
	pkg string
	may []string
}

// importTable is read from the top: the first row that matches a package holds for it.
func importTable() []importRule {
	contract := []string{"providers", "providers/money"}
	rules := append(slices.Clone(contract), "web/access", "web/audit", "web/policy", "web/store", "web/vault")
	core := append(slices.Clone(rules), "web/payout")
	domain := append(slices.Clone(core), "web/runner", "web/inbox", "web/books", "web/export", "web/notify", "web/seed")
	pages := append(slices.Clone(domain), "views/**", "static")
	return []importRule{
		{"", []string{"**"}}, // main
		{"static", nil},
		{"providers", []string{"providers/money"}},
		{"providers/money", nil},
		{"providers/httpx", contract},
		{"providers/sim", contract},
		{"providers/providertest", []string{"providers", "providers/*", "views/i18n"}},
		{"providers/all", []string{"providers", "providers/*"}},
		{"providers/*", append(slices.Clone(contract), "providers/httpx", "providers/sim")},

		{"web/vault", contract},
		{"web/audit", contract},
		{"web/access", append(slices.Clone(contract), "web/audit")},
		{"web/policy", append(slices.Clone(contract), "web/access", "web/audit")},
		{"web/store", append(slices.Clone(contract), "web/access", "web/audit", "web/vault")},
		{"web/payout", rules},
		{"web/runner", append(slices.Clone(core), "web/inbox", "providers/httpx")},
		{"web/inbox", core},
		{"web/histories", nil}, // tests only
		{"web/seed", append(slices.Clone(core), "web/inbox")},
		{"web/books", core},
		{"web/export", core},
		{"web/paper", []string{"web/export"}},
		{"web/workbook", []string{"providers/money", "web/export", "web/payout"}},
		{"web/notify", append(slices.Clone(core), "views/i18n")},
		{"db/**", domain},

		{"views/i18n", []string{"providers/money"}},
		{"views", append(slices.Clone(domain), "views/i18n")},
		{"views/link", []string{"views", "static"}},
		{"views/**", pages},
		{"handlers/**", append(slices.Clone(pages), "handlers/**")},

		{"web/demo", []string{"web", "web/access", "web/payout", "web/store", "web/vault", "web/paper", "web/workbook", "providers"}},
		{"web/cli", []string{"web", "web/*", "providers"}},
		{"web", append(slices.Clone(pages), "handlers/**", "db/**", "providers/httpx", "providers/sim")},
	}
}

// soleUsers are packages from outside that only these of ours may import, so that each concern has one home.
func soleUsers() []importRule {
	return []importRule{
		{"github.com/tink-crypto/tink-go", []string{"web/vault"}},
		{"modernc.org/sqlite", []string{"db/**"}},
		{"github.com/pressly/goose", []string{"db/**"}},
		{"database/sql", []string{"db/**"}},
		{"codeberg.org/go-pdf/fpdf", []string{"web/paper"}},
		{"github.com/xuri/excelize", nil}, // tests read with it what web/workbook wrote
	}
}

// bannedFromCore are packages by which the core would reach a network or a database.
func bannedFromCore() []string { return []string{"net", "net/http", "database/sql", "os/exec"} }

type listedPackage struct {
	ImportPath string
	Imports    []string // without those of test files, which are exempt
}

func (p listedPackage) path() string { return below(p.ImportPath) }

func TestImports(t *testing.T) {
	for _, pkg := range listPackages(t) {
		table := importTable()
		row := slices.IndexFunc(table, func(r importRule) bool { return matches(r.pkg, pkg.path()) })
		if row < 0 {
			t.Errorf("package %s has no row in the import table", pkg.path())
			continue
		}
		for _, imported := range pkg.Imports {
			if isOurs(imported) && !matchesAny(table[row].may, below(imported)) {
				t.Errorf("%s imports %s; it may import %q", pkg.path(), below(imported), table[row].may)
			}
		}
	}
}

func TestEachConcernHasOneHome(t *testing.T) {
	for _, pkg := range listPackages(t) {
		for _, rule := range soleUsers() {
			for _, imported := range pkg.Imports {
				inside := imported == rule.pkg || strings.HasPrefix(imported, rule.pkg+"/")
				if inside && !matchesAny(rule.may, pkg.path()) {
					t.Errorf("%s imports %s; only %q may", pkg.path(), imported, rule.may)
				}
			}
		}
	}
}

func TestCoreReachesNoNetworkAndNoDatabase(t *testing.T) {
	core := []string{"web/payout", "web/policy", "web/access", "web/store", "web/audit", "web/vault", "web/books", "providers/money"}
	for _, pkg := range listPackages(t) {
		for _, imported := range pkg.Imports {
			if slices.Contains(core, pkg.path()) && slices.Contains(bannedFromCore(), imported) {
				t.Errorf("%s imports %s", pkg.path(), imported)
			}
		}
	}
}

// TestModules lists what a host program that imports package web takes on. A new line needs a reason in the change.
func TestModules(t *testing.T) {
	out := goTool(t, "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", module+"/web")
	got := strings.Fields(out)
	slices.Sort(got)
	got = slices.Compact(got)
	golden := filepath.Join("testdata", "modules.txt")
	if *update {
		writeGolden(t, golden, strings.Join(got, "\n")+"\n")
	}
	text, err := os.ReadFile(golden)
	if errors.Is(err, os.ErrNotExist) {
		t.Fatalf("there is no %s: run go test ./web -run TestModules -update and read what it lists", golden)
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Fields(string(text)), got); diff != "" {
		t.Errorf("modules reachable from web (-listed +found), to accept them use -update:\n%s", diff)
	}
}

func TestPatterns(t *testing.T) {
	tests := []struct {
		pattern, path string
		want          bool
	}{
		{"**", "web/payout", true},
		{"", "", true},
		{"", "web", false},
		{"web", "web/payout", false},
		{"views/**", "views", true},
		{"views/**", "views/ui/x", true},
		{"views/**", "viewsx", false},
		{"providers/*", "providers/moneroo", true},
		{"providers/*", "providers", false},
		{"providers/*", "providers/a/b", false},
	}
	for _, tt := range tests {
		if got := matches(tt.pattern, tt.path); got != tt.want {
			t.Errorf("matches(%q, %q): got %v, want %v", tt.pattern, tt.path, got, tt.want)
		}
	}
}

func matchesAny(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, path) })
}

func matches(pattern, path string) bool {
	if pattern == "**" {
		return true
	}
	if base, ok := strings.CutSuffix(pattern, "/**"); ok {
		return path == base || strings.HasPrefix(path, base+"/")
	}
	if base, ok := strings.CutSuffix(pattern, "/*"); ok {
		rest, inside := strings.CutPrefix(path, base+"/")
		return inside && !strings.Contains(rest, "/")
	}
	return pattern == path
}

func isOurs(path string) bool { return path == module || strings.HasPrefix(path, module+"/") }

// below gives the path of one of our packages below the module, "" for the module's own.
func below(path string) string { return strings.TrimPrefix(strings.TrimPrefix(path, module), "/") }

func listPackages(t *testing.T) []listedPackage {
	t.Helper()
	touchSources(t)
	dec := json.NewDecoder(strings.NewReader(goTool(t, "list", "-json=ImportPath,Imports", module+"/...")))
	var all []listedPackage
	for {
		var p listedPackage
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 5 {
		t.Fatalf("go list found %d packages: this is not the whole module", len(all))
	}
	return all
}

// touchSources looks at every Go file, since go test keeps a result for as long as the files that the test itself looked at
// are the same, and does not know what go list looks at.
func touchSources(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && len(entry.Name()) > 2 && entry.Name()[0] == '.':
			return fs.SkipDir // .git and its like
		case filepath.Ext(path) == ".go" || filepath.Ext(path) == ".mod":
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// goTool runs the go command and returns what it prints.
func goTool(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

func writeGolden(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
