package layout

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPackageComments: exactly one package comment in each package, which says
// what the package is for and, in so many words, what it does not do.
func TestPackageComments(t *testing.T) {
	for _, p := range packages(t) {
		var docs []string
		for _, name := range p.GoFiles {
			f := parse(t, filepath.Join(p.Dir, name), parser.ParseComments|parser.PackageClauseOnly)
			if f.Doc != nil {
				docs = append(docs, f.Doc.Text())
			}
		}
		if len(docs) != 1 {
			t.Errorf("%s has %d package comments, want one", p.ImportPath, len(docs))
			continue
		}
		text := strings.Join(strings.Fields(docs[0]), " ")
		if !slices.ContainsFunc(strings.FieldsFunc(text, func(r rune) bool { return !('a' <= r && r <= 'z') }), negates) {
			t.Errorf("%s: its comment does not say what the package does not do:\n%s", p.ImportPath, docs[0])
		}
	}
}

func negates(word string) bool {
	return slices.Contains([]string{"not", "no", "nothing", "never", "neither", "only", "none", "without"}, word)
}

// TestFileSizes: a file has one job. The limits are those of the design.
// Generated files are nobody's to read.
func TestFileSizes(t *testing.T) {
	var sizes []int
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			if strings.HasPrefix(name, "zz_generated.") {
				continue
			}
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			lines := bytes.Count(text, []byte("\n"))
			if lines > 400 {
				t.Errorf("%s/%s has %d lines, want at most 400: is it one job?", p.ImportPath, name, lines)
			}
			sizes = append(sizes, lines)
		}
	}
	slices.Sort(sizes)
	if median := sizes[len(sizes)/2]; median > 120 {
		t.Errorf("the median file has %d lines, want at most 120", median)
	}
}

// TestNoHiddenState: no init functions, no exits outside cmd, and no variables
// of a package but errors, compiled expressions, embedded files and interface
// checks.
func TestNoHiddenState(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			path := filepath.Join(p.Dir, name)
			f := parse(t, path, 0)
			for _, d := range f.Decls {
				checkDecl(t, p, name, f, d)
			}
			if strings.Contains(p.ImportPath, "/cmd/") || f.Name.Name == "main" {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if ok && isIdent(sel.X, "os") && sel.Sel.Name == "Exit" || ok && isIdent(sel.X, "log") && strings.HasPrefix(sel.Sel.Name, "Fatal") {
					t.Errorf("%s/%s exits: only cmd may", p.ImportPath, name)
				}
				return true
			})
		}
	}
}

func checkDecl(t *testing.T, p pkg, file string, f *ast.File, d ast.Decl) {
	t.Helper()
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil && d.Name.Name == "init" {
			t.Errorf("%s/%s has an init function", p.ImportPath, file)
		}
	case *ast.GenDecl:
		if d.Tok != token.VAR {
			return
		}
		for _, spec := range d.Specs {
			v := spec.(*ast.ValueSpec)
			for i, n := range v.Names {
				linker := f.Name.Name == "main" && n.Name == "version" // -ldflags -X needs a variable
				if n.Name == "_" || linker || embedded(d, v) || i < len(v.Values) && constant(v.Values[i]) {
					continue
				}
				t.Errorf("%s/%s: package variable %s: hold it in a struct, or make it a constant", p.ImportPath, file, n.Name)
			}
		}
	}
}

// constant reports whether a variable's value is as good as a constant.
func constant(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	return ok && (isIdent(sel.X, "errors") && sel.Sel.Name == "New" ||
		isIdent(sel.X, "regexp") && sel.Sel.Name == "MustCompile" ||
		isIdent(sel.X, "netip") && strings.HasPrefix(sel.Sel.Name, "MustParse"))
}

func embedded(d *ast.GenDecl, v *ast.ValueSpec) bool {
	for _, g := range []*ast.CommentGroup{d.Doc, v.Doc} {
		if g == nil {
			continue
		}
		for _, c := range g.List {
			if strings.HasPrefix(c.Text, "//go:embed") {
				return true
			}
		}
	}
	return false
}

func isIdent(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

func parse(t *testing.T, path string, mode parser.Mode) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, mode|parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestDependenciesAreJustified: every direct dependency has its line, and every
// line its dependency.
func TestDependenciesAreJustified(t *testing.T) {
	root := filepath.Join("..", "..")
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "design", "dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(mod, []byte("\nreplace ")) {
		t.Error("go.mod has a replace directive")
	}
	direct, indirect := map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(string(mod)) {
		switch fields := strings.Fields(line); {
		case len(fields) < 2 || !strings.HasPrefix(fields[1], "v"):
		case len(fields) == 2:
			direct[fields[0]] = true
		default:
			indirect[fields[0]] = true
		}
	}
	for _, p := range packages(t) {
		for _, path := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if indirect[moduleOf(path, direct, indirect)] {
				t.Errorf("%s imports %s, which go.mod calls indirect: go mod tidy", p.ImportPath, path)
			}
		}
	}
	if len(direct) > 15 {
		t.Errorf("%d direct dependencies, want at most 15", len(direct))
	}
	for m := range direct {
		if !bytes.Contains(page, []byte("| "+m+" |")) {
			t.Errorf("%s has no line in docs/design/dependencies.md", m)
		}
	}
	for line := range strings.Lines(string(page)) {
		name, ok := strings.CutPrefix(line, "| ")
		if name, _, _ = strings.Cut(name, " "); ok && strings.Contains(name, ".") && !direct[name] {
			t.Errorf("docs/design/dependencies.md lists %s, which go.mod does not require", name)
		}
	}
}

// moduleOf is the module of go.mod that has a package: the longest that is the
// beginning of its path, empty for none.
func moduleOf(path string, mods ...map[string]bool) string {
	for p := path; p != "."; p = filepath.Dir(p) {
		for _, m := range mods {
			if m[p] {
				return p
			}
		}
	}
	return ""
}
