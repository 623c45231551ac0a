// Package servers builds the real servers that tests need and no package of Debian has.
// Each is a module of its own in a folder here, since what it takes is no dependency of
// the product.
package servers

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Build builds the program of a folder, static, and returns where it is. Where its
// modules are not to be had the test is skipped.
func Build(t testing.TB, name string) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	folder := filepath.Join(filepath.Dir(here), name)
	get := exec.Command("go", "mod", "download")
	get.Dir = folder
	if out, err := get.CombinedOutput(); err != nil {
		t.Skipf("the modules of test/servers/%s are not to be had: %v\n%s", name, err, out)
	}
	bin := filepath.Join(t.TempDir(), name)
	build := exec.Command("go", "build", "-o", bin, ".")
	build.Dir = folder
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build test/servers/%s: %v\n%s", name, err, out)
	}
	return bin
}
