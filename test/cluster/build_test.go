//go:build linux

package cluster

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const hello = "package main\n\nfunc main() { println(\"hello\") }\n"

// newBuilder has one small module to build, called hello.
func newBuilder(t *testing.T) (builder, source) {
	t.Helper()
	b := builder{root: t.TempDir(), cache: filepath.Join(t.TempDir(), "cache"), log: new(bytes.Buffer)}
	write(t, b, "go.mod", "module hello\n\ngo 1.26\n")
	write(t, b, "go.sum", "")
	write(t, b, "main.go", hello)
	return b, source{name: "hello", links: []string{"bonjour"}}
}

func write(t *testing.T, b builder, name, text string) {
	t.Helper()
	dir := filepath.Join(b.root, "hello")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestEnsureBuildsOncePerContent(t *testing.T) {
	b, src := newBuilder(t)
	var together sync.WaitGroup
	paths, logs := make([]string, 3), make([]bytes.Buffer, 3)
	for i := range paths {
		together.Go(func() {
			b := b
			b.log = &logs[i]
			path, err := b.ensure(t.Context(), src)
			if err != nil {
				t.Error(err)
			}
			paths[i] = path
		})
	}
	together.Wait()
	var builds int
	for i := range logs {
		builds += strings.Count(logs[i].String(), "building hello for tests")
		if paths[i] != paths[0] {
			t.Errorf("got %s and %s for one source", paths[0], paths[i])
		}
	}
	if builds != 1 {
		t.Errorf("built %d times, want once", builds)
	}
	if out, err := exec.Command(filepath.Join(filepath.Dir(paths[0]), "bonjour")).CombinedOutput(); string(out) != "hello\n" {
		t.Errorf("the link runs to %q, %v", out, err)
	}

	write(t, b, "main.go", strings.Replace(hello, "hello", "changed", 1))
	changed, err := b.ensure(t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	if out, _ := exec.Command(changed).CombinedOutput(); changed == paths[0] || string(out) != "changed\n" {
		t.Errorf("after a change of main.go: %s says %q", changed, out)
	}
}

func TestAFailedBuildSaysWhyAndCachesNothing(t *testing.T) {
	b, src := newBuilder(t)
	write(t, b, "main.go", "package main\n\nfunc main() { missing() }\n")
	if err := os.MkdirAll(filepath.Join(b.cache, "new-hello-killed"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := b.ensure(t.Context(), src)
	if err == nil || !strings.Contains(err.Error(), "undefined: missing") {
		t.Errorf("got %v, want the compiler's words", err)
	}
	left, _ := filepath.Glob(filepath.Join(b.cache, "*"))
	if len(left) != 1 || filepath.Base(left[0]) != "hello.lock" {
		t.Errorf("left in the cache: %v, want the lock alone", left)
	}
}

func TestWaitingForAnotherBuildCanBeCancelled(t *testing.T) {
	b, src := newBuilder(t)
	if err := os.MkdirAll(b.cache, 0o755); err != nil {
		t.Fatal(err)
	}
	unlock, err := b.lock(t.Context(), src.name)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	b.log = writerFunc(func() { cancel() }) // it says that it waits
	if _, err := b.lock(ctx, src.name); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}

type writerFunc func()

func (f writerFunc) Write(p []byte) (int, error) {
	f()
	return len(p), nil
}
