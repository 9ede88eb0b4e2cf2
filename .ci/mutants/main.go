//go:build ignore

// Mutants breaks code on purpose, one small change at a time, and asks the tests of its package whether they notice:
//
//	go run .ci/mutants/main.go -sample 60 -seed 1 ./web/payout
//	go run .ci/mutants/main.go -sample 40 -files 'webhook*.go,sign*.go' ./providers/moneroo
//
// The changed file reaches the compiler as an overlay; the tree is never touched. What it prints for each change: killed (a
// test failed, or ran out of time), survived, or not compiled, which counts for nothing.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	o := options{}
	flag.IntVar(&o.sample, "sample", 60, "how many changes are tried; 0: all")
	flag.Uint64Var(&o.seed, "seed", 1, "which of them")
	flag.StringVar(&o.files, "files", "*.go", "patterns of file names, separated by commas")
	flag.StringVar(&o.only, "only", "", "only changes whose line of output contains one of these, separated by commas")
	flag.StringVar(&o.skip, "skip", "", "tests to leave out, as in go test -skip")
	flag.DurationVar(&o.timeout, "timeout", 3*time.Minute, "how long the tests may take")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: go run .ci/mutants/main.go [flags] ./one/package")
		os.Exit(2)
	}
	o.pkg = flag.Arg(0)
	if err := o.run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type options struct {
	sample                 int
	seed                   uint64
	files, only, skip, pkg string
	timeout                time.Duration
}

// mutant is one change: apply makes it in the parsed file, undo takes it back.
type mutant struct {
	file        *source
	at          token.Position
	what        string
	apply, undo func()
}

func (m mutant) String() string {
	return fmt.Sprintf("%s:%d:%d %s", filepath.Base(m.at.Filename), m.at.Line, m.at.Column, m.what)
}

type source struct {
	path string
	fset *token.FileSet
	tree *ast.File
}

func (o options) run() error {
	all, err := o.mutants()
	if err != nil {
		return err
	}
	total := len(all)
	random := rand.New(rand.NewPCG(o.seed, 0))
	random.Shuffle(total, func(i, j int) { all[i], all[j] = all[j], all[i] })
	if o.sample > 0 && o.sample < total {
		all = all[:o.sample]
	}
	scratch, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	if word, err := o.test(""); err != nil || word != survived {
		return errors.Join(fmt.Errorf("the tests of %s fail as they are", o.pkg), err)
	}
	count := map[string]int{}
	for _, m := range all {
		word, err := o.try(m, scratch)
		if err != nil {
			return err
		}
		count[word]++
		fmt.Printf("%-12s %s\n", word, m)
	}
	judged := max(1, count[killed]+count[survived])
	fmt.Printf("%s: %d of %d changes tried; killed %d, survived %d, not compiled %d; share %.1f %%\n", o.pkg, len(all), total,
		count[killed], count[survived], count[broken], 100*float64(count[killed])/float64(judged))
	return nil
}

// What came of a change.
const (
	killed   = "killed"
	survived = "survived"
	broken   = "not compiled"
)

func (o options) try(m mutant, scratch string) (string, error) {
	m.apply()
	var text bytes.Buffer
	err := printer.Fprint(&text, m.file.fset, m.file.tree)
	m.undo()
	if err != nil {
		return "", err
	}
	changed := filepath.Join(scratch, "changed.go")
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {m.file.path: changed}})
	if err != nil {
		return "", err
	}
	list := filepath.Join(scratch, "overlay.json")
	if err := errors.Join(os.WriteFile(changed, text.Bytes(), 0o600), os.WriteFile(list, overlay, 0o600)); err != nil {
		return "", err
	}
	return o.test(list)
}

// test runs the tests of the package. A test that never ends was noticed too.
func (o options) test(overlay string) (string, error) {
	args := []string{"test", "-short", "-count=1", "-failfast", "-vet=off", "-timeout", o.timeout.String(), "-skip", o.skip}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	out, err := exec.Command("go", append(args, o.pkg)...).CombinedOutput()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		return "", err
	}
	switch {
	case err == nil:
		return survived, nil
	case bytes.Contains(out, []byte("[build failed]")) || bytes.Contains(out, []byte("[setup failed]")):
		return broken, nil
	}
	return killed, nil
}

func (o options) mutants() ([]mutant, error) {
	out, err := exec.Command("go", "list", "-f", `{{.Dir}}{{range .GoFiles}} {{.}}{{end}}`, o.pkg).Output()
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", o.pkg, err)
	}
	words := strings.Fields(string(out))
	var all []mutant
	for _, name := range words[1:] {
		if !o.wants(name) {
			continue
		}
		s := &source{path: filepath.Join(words[0], name), fset: token.NewFileSet()}
		if s.tree, err = parser.ParseFile(s.fset, s.path, nil, parser.ParseComments|parser.SkipObjectResolution); err != nil {
			return nil, err
		}
		for _, m := range s.mutants() {
			if slices.ContainsFunc(strings.Split(o.only, ","), func(part string) bool { return strings.Contains(m.String(), part) }) {
				all = append(all, m)
			}
		}
	}
	return all, nil
}

func (o options) wants(name string) bool {
	return slices.ContainsFunc(strings.Split(o.files, ","), func(pattern string) bool {
		ok, err := filepath.Match(pattern, name)
		return err == nil && ok
	})
}

// mutants lists every change of the file, inside functions only.
func (s *source) mutants() []mutant {
	var all []mutant
	add := func(n ast.Node, what string, apply, undo func()) {
		all = append(all, mutant{s, s.fset.Position(n.Pos()), what, apply, undo})
	}
	for _, d := range s.tree.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		var literals []*ast.FuncLit
		ast.Inspect(f.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.IfStmt:
				s.negate(n, add)
			case *ast.BinaryExpr:
				s.operator(n, add)
			case *ast.BlockStmt:
				s.drop(n.List, add)
			case *ast.CaseClause:
				s.drop(n.Body, add)
			case *ast.CommClause:
				s.drop(n.Body, add)
			case *ast.FuncLit:
				literals = append(literals, n)
			case *ast.ReturnStmt:
				s.forget(around(f.Type, literals, n), n, add)
			case *ast.BasicLit:
				s.increase(n, add)
			}
			return true
		})
	}
	return all
}

type adder func(n ast.Node, what string, apply, undo func())

func (s *source) negate(n *ast.IfStmt, add adder) {
	old := n.Cond
	add(n, "negate "+s.text(old), func() { n.Cond = &ast.UnaryExpr{Op: token.NOT, X: &ast.ParenExpr{X: old}} }, func() { n.Cond = old })
}

// swapped is what each operator becomes: the neighbor at its border, or its opposite.
var swapped = map[token.Token]token.Token{token.EQL: token.NEQ, token.NEQ: token.EQL, token.LSS: token.LEQ, token.LEQ: token.LSS,
	token.GTR: token.GEQ, token.GEQ: token.GTR, token.LAND: token.LOR, token.LOR: token.LAND}

func (s *source) operator(n *ast.BinaryExpr, add adder) {
	old := n.Op
	other, ok := swapped[old]
	if !ok {
		return
	}
	what := fmt.Sprintf("%s becomes %s in %s", old, other, s.text(n))
	add(n, what, func() { n.Op = other }, func() { n.Op = old })
}

// drop leaves out a call, or an assignment to what exists already.
func (s *source) drop(list []ast.Stmt, add adder) {
	for i, old := range list {
		switch stmt := old.(type) {
		case *ast.ExprStmt:
			if _, call := stmt.X.(*ast.CallExpr); !call {
				continue
			}
		case *ast.AssignStmt:
			if stmt.Tok == token.DEFINE {
				continue
			}
		default:
			continue
		}
		// Not taken out but never reached: what it names stays in use, so that it compiles.
		never := &ast.IfStmt{If: old.Pos(), Cond: ast.NewIdent("false"), Body: &ast.BlockStmt{List: []ast.Stmt{old}}}
		add(old, "drop "+s.text(old), func() { list[i] = never }, func() { list[i] = old })
	}
}

// forget replaces the error of a return by nil.
func (s *source) forget(f *ast.FuncType, n *ast.ReturnStmt, add adder) {
	if len(n.Results) == 0 {
		return
	}
	at := len(n.Results) - 1
	old := n.Results[at]
	if name, ok := old.(*ast.Ident); ok && name.Name == "nil" || !endsInError(f) {
		return
	}
	add(n, "nil instead of "+s.text(old), func() { n.Results[at] = ast.NewIdent("nil") }, func() { n.Results[at] = old })
}

// around is the innermost function a statement stands in. Literals come in the order they begin.
func around(f *ast.FuncType, literals []*ast.FuncLit, n ast.Node) *ast.FuncType {
	for _, l := range slices.Backward(literals) {
		if l.Pos() <= n.Pos() && n.End() <= l.End() {
			return l.Type
		}
	}
	return f
}

func endsInError(f *ast.FuncType) bool {
	if f.Results == nil || len(f.Results.List) == 0 {
		return false
	}
	name, ok := f.Results.List[len(f.Results.List)-1].Type.(*ast.Ident)
	return ok && name.Name == "error"
}

func (s *source) increase(n *ast.BasicLit, add adder) {
	old := n.Value
	number, err := strconv.ParseInt(old, 0, 64)
	if n.Kind != token.INT || err != nil {
		return
	}
	add(n, fmt.Sprintf("%s becomes %d", old, number+1), func() { n.Value = strconv.FormatInt(number+1, 10) }, func() { n.Value = old })
}

// text is a piece of source on one line.
func (s *source) text(n ast.Node) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, s.fset, n); err != nil {
		return "?"
	}
	line := strings.Join(strings.Fields(b.String()), " ")
	if len(line) > 90 {
		line = line[:90] + "…"
	}
	return line
}
