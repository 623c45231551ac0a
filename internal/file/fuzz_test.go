package file

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fairlead.dev/internal/model"
)

// FuzzParse reads anything. Whatever it is: no panic, no hang, every line is
// one of the file's, every Error says what to write instead, and what was read
// stays when the next edit is that.
func FuzzParse(f *testing.F) {
	seeds, err := filepath.Glob("testdata/seeds/*")
	if err != nil || len(seeds) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, path := range seeds {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			t.Skip("as long as a manifest gets")
		}
		path := filepath.Join(dir, "fuzz.yaml")
		write := func(data []byte) {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		l, err := New(Config{Paths: []string{path}})
		if err != nil {
			t.Fatal(err)
		}
		load := func() Desired {
			d, err := l.Load()
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		write([]byte(service("good", "good.example.com")))
		load()
		write(data)
		d := load()
		lines := bytes.Count(data, []byte("\n")) + 1
		broken := false
		for _, p := range d.Problems {
			broken = broken || p.Severity == model.Error
			if p.Line < 0 || p.Line > lines {
				t.Errorf("line %d of %d: %+v", p.Line, lines, p)
			}
			if p.Message == "" || p.Hint == "" && p.Severity != model.Info {
				t.Errorf("says too little: %+v", p)
			}
		}
		if broken && (len(d.Services) != 1 || d.Services[0].Key.Name != "good") {
			t.Errorf("a broken edit changed what is served: %v", d.Services)
		}
		for _, s := range d.Services {
			if s.Origin.Line < 1 || s.Origin.Line > max(lines, 1) || s.Key.Name == "" || s.Key.Name != strings.ToLower(s.Key.Name) {
				t.Errorf("served as %+v", s)
			}
		}
	})
}
