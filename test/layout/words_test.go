package layout

import (
	"go/ast"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestOneSetOfWords: the conditions and reasons of the API are the ones that
// the decision and the engine use, though these may not import the API.
func TestOneSetOfWords(t *testing.T) {
	api := constants(t, "api/v1alpha1")
	values := make(map[string]string, len(api))
	for name, value := range api {
		if strings.HasPrefix(name, "Reason") {
			values[value] = name
		}
	}
	for _, dir := range []string{"internal/failover", "internal/engine"} {
		for name, value := range constants(t, dir) {
			short, ok := strings.CutPrefix(strings.ToLower(name), "reason")
			if !ok {
				continue
			}
			if want := "reason" + short; strings.ToLower(values[value]) != want {
				t.Errorf("%s has %s = %q, and api/v1alpha1 has %q as %q: give both one name and one word", dir, name, value, value, values[value])
			}
		}
	}
	for name, value := range constants(t, "internal/model") {
		switch name {
		case "Accepted", "Resolvable", "Healthy", "Programmed", "Ready":
			if api["Condition"+value] != value {
				t.Errorf("internal/model has the condition %s, and api/v1alpha1 no Condition%s", value, value)
			}
		}
		if reason := strings.HasPrefix(name, "Probe") && strings.ToLower(value) != value; reason && api["Reason"+value] != value {
			t.Errorf("internal/model has %s = %q, and api/v1alpha1 no Reason%s", name, value, value)
		}
	}
}

// TestTheAPIIsDocumented: every exported constant and type of the API, and
// every field, says what it is.
func TestTheAPIIsDocumented(t *testing.T) {
	for _, path := range sources(t, "api/v1alpha1") {
		if strings.HasPrefix(filepath.Base(path), "zz_generated.") {
			continue
		}
		ast.Inspect(parse(t, path, 0), func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if n.Names[0].IsExported() && n.Doc == nil && strings.HasPrefix(n.Names[0].Name, "Reason") {
					t.Errorf("%s: %s has no comment", path, n.Names[0].Name)
				}
			case *ast.Field:
				if n.Tag != nil && len(n.Names) > 0 && n.Doc == nil && n.Names[0].Name != "Items" {
					t.Errorf("%s: the field %s has no comment", path, n.Names[0].Name)
				}
			}
			return true
		})
	}
}

func sources(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join("..", "..", dir, "*.go"))
	if err != nil || len(all) == 0 {
		t.Fatal(dir, err)
	}
	return all
}

// constants are the string constants of a package, tests excepted.
func constants(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, path := range sources(t, dir) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		ast.Inspect(parse(t, path, 0), func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			for i, v := range spec.Values {
				if lit, ok := v.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if s, err := strconv.Unquote(lit.Value); err == nil {
						all[spec.Names[i].Name] = s
					}
				}
			}
			return true
		})
	}
	return all
}
