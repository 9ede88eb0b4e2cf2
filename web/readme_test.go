package web_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestReadmeQuotes keeps the README's example a part of the one that is compiled and run.
func TestReadmeQuotes(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, quoted, found := strings.Cut(string(readme), "```go\n")
	quoted, _, closed := strings.Cut(quoted, "```")
	if !found || !closed {
		t.Fatal("the README has no Go example")
	}
	if !strings.Contains(flat(string(example)), flat(quoted)) {
		t.Error("the README's example is not in example_test.go")
	}
}

// flat is text without its indentation.
func flat(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// Each of the eighteen invariants of docs/safety.md has tests that carry its number.
func TestEveryInvariantHasTests(t *testing.T) {
	safety, err := os.ReadFile("../docs/safety.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`[Ii]nvariants? ((?:\d+(?:, | and ))*\d+)`)
	found := map[string]int{}
	err = filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range named.FindAllStringSubmatch(string(text), -1) {
			for n := range strings.FieldsFuncSeq(m[1], func(r rune) bool { return r < '0' || r > '9' }) {
				found[n]++
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 18; n++ {
		name := strconv.Itoa(n)
		if !strings.Contains(string(safety), "\n"+name+". **") || found[name] == 0 {
			t.Errorf("invariant %d: in docs/safety.md %v, named by %d tests", n, strings.Contains(string(safety), "\n"+name+". **"), found[name])
		}
	}
}
