package file

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

// many writes n services with endpoints, half of them ExternalServices.
func many(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		if i%2 == 0 {
			fmt.Fprintf(&b, `---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata:
  name: db-%d
  namespace: team-%d
spec:
  ports:
  - name: postgres
    port: 5432
  targets:
  - name: primary
    hostname: primary-%d.example.com
`, i, i%50, i)
			continue
		}
		fmt.Fprintf(&b, `---
apiVersion: v1
kind: Service
metadata:
  name: db-%d
  namespace: team-%d
spec:
  type: ExternalName
  externalName: db-%d.example.com # moved in March
`, i, i%50, i)
	}
	return b.Bytes()
}

func newBenchLoader(b *testing.B, path string) *Loader {
	b.Helper()
	l, err := New(Config{Paths: []string{path}, ServiceCIDRs: []netip.Prefix{netip.MustParsePrefix("127.96.0.0/16")}})
	if err != nil {
		b.Fatal(err)
	}
	return l
}

func load(b *testing.B, l *Loader, want int) {
	b.Helper()
	d, err := l.Load()
	if err != nil {
		b.Fatal(err)
	}
	if len(d.Services) != want {
		b.Fatalf("%d services, want %d; first problem: %+v", len(d.Services), want, d.Problems[0])
	}
}

func BenchmarkLoadOneFile(b *testing.B) {
	path := filepath.Join(b.TempDir(), "all.yaml")
	if err := os.WriteFile(path, many(10_000), 0o600); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		load(b, newBenchLoader(b, path), 10_000)
	}
}

func BenchmarkLoadManyFiles(b *testing.B) {
	dir := b.TempDir()
	for i, c := range split(many(10_000)) {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%05d.yaml", i)), c.text, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		load(b, newBenchLoader(b, dir), 10_000)
	}
}

func BenchmarkEditOneOfManyDocuments(b *testing.B) {
	path := filepath.Join(b.TempDir(), "all.yaml")
	data := many(10_000)
	l := newBenchLoader(b, path)
	i := 0
	for b.Loop() {
		i++
		edited := bytes.Replace(data, []byte("primary-4000.example"), fmt.Appendf(nil, "primary-4000.example%d", i), 1)
		if err := os.WriteFile(path, edited, 0o600); err != nil {
			b.Fatal(err)
		}
		load(b, l, 10_000)
	}
}

// A folder in which everything is wrong must not take long either.
func BenchmarkLoadManyProblems(b *testing.B) {
	for name, sep := range map[string]string{"documents": "---\n", "list": "- "} {
		b.Run(name, func(b *testing.B) {
			var text bytes.Buffer
			if name == "list" {
				text.WriteString("apiVersion: v1\nkind: List\nitems:\n")
			}
			for i := range 10_000 {
				fmt.Fprintf(&text, "%s{apiVersion: v1, kind: Service, metadata: {name: db-%d}, spec: {type: ExternalName, externalName: 10.0.0.1, unknown: 1}}\n", sep, i)
			}
			path := filepath.Join(b.TempDir(), "all.yaml")
			if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				l := newBenchLoader(b, path)
				d, err := l.Load()
				if err != nil || len(d.Problems) != 20_000 {
					b.Fatal(len(d.Problems), err)
				}
			}
		})
	}
}
