package file

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pinned and unpinned are what switch writes.
func pinned() []Annotation {
	return []Annotation{
		{"fairlead.dev/pin", "standby"},
		{"fairlead.dev/pinned-by", "ada@laptop"},
		{"fairlead.dev/pin-reason", `a "drill": #1`},
		{"fairlead.dev/pinned-at", "2026-03-01T11:00:00Z"},
	}
}

func unpinned() []Annotation {
	all := pinned()
	for i := range all {
		all[i].Value = ""
	}
	return all
}

func db(line int) Object {
	return Object{APIVersion: "fairlead.dev/v1alpha1", Kind: "ExternalService", Namespace: "reporting", Name: "db", Line: line}
}

// TestAnnotate edits every file of testdata/annotate: NAME.in becomes NAME.pin, and
// that, let go again, NAME.in, or where there is one NAME.auto. A file that is
// refused has no NAME.pin.
func TestAnnotate(t *testing.T) {
	files, err := filepath.Glob("testdata/annotate/*.in.*")
	if err != nil || len(files) < 20 {
		t.Fatal(len(files), err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			in := readText(t, path)
			got, line, err := Annotate(in, db(0), pinned())
			pinPath := strings.Replace(path, ".in.", ".pin.", 1)
			if errors.Is(err, ErrUnsafe) {
				if _, missing := os.Stat(pinPath); missing == nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(in[:strings.Index(string(in), "ExternalService")]), "\n"); line < 1 || line > n+2 {
				t.Errorf("line %d, and the kind stands on %d", line, n+1)
			}
			golden(t, pinPath, got)
			again, _, err := Annotate(got, db(0), pinned())
			if err != nil || string(again) != string(got) {
				t.Errorf("pinned again it becomes (%v)\n%s", err, cmp.Diff(string(got), string(again)))
			}
			back, _, err := Annotate(got, db(0), unpinned())
			if err != nil {
				t.Fatal(err)
			}
			autoPath := strings.Replace(path, ".in.", ".auto.", 1)
			if _, err := os.Stat(autoPath); err == nil {
				golden(t, autoPath, back)
				return
			}
			if diff := cmp.Diff(string(in), string(back)); diff != "" {
				t.Errorf("let go it is not what it was (-before +after):\n%s", diff)
			}
		})
	}
}

func TestAnnotateChooses(t *testing.T) {
	one := "apiVersion: fairlead.dev/v1alpha1\nkind: ExternalService\nmetadata: {namespace: reporting, name: db}\n"
	for _, test := range []struct {
		name, text string
		object     Object
		line       int
		err        string
	}{
		{"the one on the line", one + "---\n" + one, db(5), 5, ""},
		{"either", one + "---\n" + one, db(0), 0, "is in it more than once, on lines 1, 5"},
		{"of another kind", strings.Replace(one, "ExternalService", "Service", 1), db(1), 0, "there is no ExternalService reporting/db in it"},
		{"of another namespace", one, Object{APIVersion: db(0).APIVersion, Kind: "ExternalService", Name: "db"}, 0, "there is no ExternalService default/db"},
		{"beside a broken one", "a: [\n---\n" + one, db(0), 3, ""},
		{"moved down", "# a comment\n\n" + one, db(1), 3, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, line, err := Annotate([]byte(test.text), test.object, pinned())
			switch {
			case test.err == "" && (err != nil || line != test.line):
				t.Errorf("line %d, %v; want line %d", line, err, test.line)
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
				t.Errorf("error %v, want %q", err, test.err)
			}
		})
	}
}

func readText(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// golden compares with a file, or writes it.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(readText(t, path)), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); UPDATE_GOLDEN=1 go test ./internal/file accepts it:\n%s", path, diff)
	}
}
