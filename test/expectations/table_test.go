package expectations

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTableIsWhole: every test stands in a table of README.md, and every test
// that a table names is there.
func TestTableIsWhole(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		for _, m := range regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(line, -1) {
			listed[m[1]] = true
		}
	}
	written := tests(t)
	for name := range written {
		if !listed[name] {
			t.Errorf("%s has no line in a table of README.md: say there which of Kubernetes' expectations it is", name)
		}
	}
	for name := range listed {
		if !written[name] {
			t.Errorf("README.md names %s, and there is no such test", name)
		}
	}
	if len(written) < 20 {
		t.Errorf("%d tests were found: is the search still right?", len(written))
	}
}

// tests are the names of the package's test functions.
func tests(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") && fn.Name.Name != "TestMain" {
				all[fn.Name.Name] = true
			}
		}
	}
	return all
}
