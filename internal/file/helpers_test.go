package file

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fairlead.dev/internal/model"
	"fairlead.dev/test/leak"
)

func TestMain(m *testing.M) { os.Exit(leak.Run(m)) }

// folder is a folder of manifests that a test writes into.
type folder struct {
	t    *testing.T
	path string
}

func newFolder(t *testing.T) folder {
	t.Helper()
	return folder{t: t, path: t.TempDir()}
}

func (f folder) join(name string) string { return filepath.Join(f.path, name) }

func (f folder) write(name, text string) {
	f.t.Helper()
	path := f.join(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f folder) remove(name string) {
	f.t.Helper()
	if err := os.RemoveAll(f.join(name)); err != nil {
		f.t.Fatal(err)
	}
}

func (f folder) rename(from, to string) {
	f.t.Helper()
	if err := os.Rename(f.join(from), f.join(to)); err != nil {
		f.t.Fatal(err)
	}
}

func (f folder) link(target, name string) {
	f.t.Helper()
	if err := os.Symlink(target, f.join(name)); err != nil {
		f.t.Fatal(err)
	}
}

func (f folder) loader(names ...string) *Loader {
	f.t.Helper()
	paths := []string{f.path}
	if len(names) > 0 {
		paths = nil
	}
	for _, n := range names {
		paths = append(paths, f.join(n))
	}
	l, err := New(Config{Paths: paths, ServiceCIDRs: []netip.Prefix{netip.MustParsePrefix("127.96.0.0/16")}})
	if err != nil {
		f.t.Fatal(err)
	}
	return l
}

func (f folder) load(l *Loader) Desired {
	f.t.Helper()
	d, err := l.Load()
	if err != nil {
		f.t.Fatal(err)
	}
	return d
}

// words are a state's services and problems as lines, without the folder.
func (f folder) words(d Desired) string {
	return f.services(d) + f.problems(d.Problems)
}

func (f folder) services(d Desired) string {
	var b strings.Builder
	for _, s := range d.Services {
		fmt.Fprintf(&b, "%s %s:%d", s.Key, filepath.Base(s.Origin.File), s.Origin.Line)
		for _, t := range s.Targets {
			b.WriteString(" " + where(t))
		}
		b.WriteString("\n")
	}
	return b.String()
}

func where(t model.Target) string {
	words := []string{}
	if t.Hostname != "" {
		words = append(words, t.Hostname)
	}
	for _, a := range t.Addresses {
		words = append(words, a.String())
	}
	for _, e := range t.Endpoints {
		words = append(words, e.Addr.String())
	}
	return strings.Join(words, ",")
}

func (f folder) problems(problems []model.Problem) string {
	var b strings.Builder
	for _, p := range problems {
		place := strings.TrimPrefix(strings.TrimPrefix(p.File, f.path), "/")
		if p.Line > 0 {
			place = fmt.Sprintf("%s:%d", place, p.Line)
		}
		text := fmt.Sprintf("%s: %s %s: %s", place, p.Severity, p.Reason, p.Message)
		if p.Hint != "" {
			text += " => " + p.Hint
		}
		b.WriteString(strings.ReplaceAll(text, f.path, "DIR") + "\n")
	}
	return b.String()
}

// service is a manifest of an ExternalName Service.
func service(name, host string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Service\nmetadata:\n  name: %s\nspec:\n  type: ExternalName\n  externalName: %s\n", name, host)
}

func docs(texts ...string) string { return strings.Join(texts, "---\n") }
