package web_test

import (
	"os"
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
