package acmebank_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/paywicket/paywicket/providers/all"
)

const repository = "../.."

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestQuotes holds CONTRIBUTING.md against the example: what it quotes is there, and what it counts is so.
func TestQuotes(t *testing.T) {
	guide := read(t, repository+"/CONTRIBUTING.md")
	_, guide, found := strings.Cut(guide, "## Adding a provider")
	if !found {
		t.Fatal("no section about adding a provider")
	}
	guide, _, _ = strings.Cut(guide, "## Commits")
	adapter, simulator, test := read(t, "acmebank.go"), read(t, "simulator.go"), read(t, "acmebank_test.go")
	quotes := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(guide, -1)
	if len(quotes) < 5 {
		t.Errorf("got %d quotes", len(quotes))
	}
	for _, q := range quotes {
		if !strings.Contains(adapter+simulator+test, q[1]) {
			t.Errorf("not in the example:\n%s", q[1])
		}
	}
	lines := func(text string) int { return strings.Count(text, "\n") }
	want := fmt.Sprintf("%d lines of adapter, %d of simulator, %d of test", lines(adapter), lines(simulator), lines(test))
	if !strings.Contains(guide, want) {
		t.Errorf("the guide does not say: %s", want)
	}
}

// TestNotShipped: the example is in no program.
func TestNotShipped(t *testing.T) {
	for _, def := range all.Definitions() {
		if def.ID == "acmebank" {
			t.Error("the example is offered")
		}
	}
}

// program is one that embeds Paywicket with a provider of its own.
const program = `package main

import (
	"context"
	"fmt"
	"os"

	"github.com/paywicket/paywicket/providers/all"
	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/vault"

	"shop.example/desk/acme"
)

func main() {
	desk, err := web.New(context.Background(), web.Config{
		Database: os.Args[1], MasterKey: vault.FromBytes(make([]byte, 32)), PublicURL: "http://localhost:8080",
		Providers: append(all.Definitions(), acmebank.Definition()),
	})
	if err != nil {
		panic(err)
	}
	defer desk.Close()
	fmt.Println("mounted")
}
`

// TestOutside takes the example to a module of its own, as the author of a provider outside this repository has it: the
// conformance suite runs there, and a program mounts the console with it.
func TestOutside(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles another module")
	}
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	module := strings.Replace(read(t, repository+"/go.mod"), "module github.com/paywicket/paywicket", "module shop.example/desk", 1)
	write("go.mod", module+"\nrequire github.com/paywicket/paywicket v0.0.0\nreplace github.com/paywicket/paywicket => "+root+"\n")
	write("go.sum", read(t, repository+"/go.sum"))
	write("main.go", program)
	words, err := filepath.Glob("locales/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(words, "acmebank.go", "simulator.go", "acmebank_test.go") {
		write("acme/"+name, read(t, name))
	}
	for _, args := range [][]string{{"vet", "./..."}, {"test", "./acme"}, {"run", ".", filepath.Join(dir, "desk.db")}} {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Run(); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out.String())
		}
		if args[0] == "run" && !strings.Contains(out.String(), "mounted") {
			t.Errorf("got %s", out.String())
		}
	}
}
