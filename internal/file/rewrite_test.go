package file

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const small = "apiVersion: fairlead.dev/v1alpha1\nkind: ExternalService\nmetadata: {namespace: reporting, name: db}\n"

// A file keeps its mode, a link stays a link, and nothing is left beside it.
func TestAnnotateFile(t *testing.T) {
	f := newFolder(t)
	f.write("real/db.yaml", small)
	if err := os.Chmod(f.join("real/db.yaml"), 0o640); err != nil {
		t.Fatal(err)
	}
	f.link("real/db.yaml", "db.yaml")
	line, err := AnnotateFile(f.join("db.yaml"), db(1), pinned())
	if err != nil || line != 1 {
		t.Fatalf("line %d, %v", line, err)
	}
	info, err := os.Lstat(f.join("db.yaml"))
	if err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is now %v, %v", info.Mode(), err)
	}
	info, err = os.Stat(f.join("db.yaml"))
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v; want that of before, 0640", info.Mode(), err)
	}
	if got := string(readText(t, f.join("real/db.yaml"))); !strings.Contains(got, "fairlead.dev/pin: standby") {
		t.Errorf("it is\n%s", got)
	}
	before, err := os.Stat(f.join("real/db.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := AnnotateFile(f.join("db.yaml"), db(1), pinned()); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(f.join("real/db.yaml")); err != nil || !os.SameFile(before, after) {
		t.Errorf("what is right is written again, %v", err)
	}
	if names, err := filepath.Glob(f.join("real/*")); err != nil || len(names) != 1 {
		t.Errorf("there are %v, %v", names, err)
	}
	if names, err := filepath.Glob(f.join("real/.*.tmp")); err != nil || len(names) != 0 {
		t.Errorf("left over: %v, %v", names, err)
	}
}

func TestAnnotateFileSaysWhatToWrite(t *testing.T) {
	f := newFolder(t)
	f.write("db.yaml", "x: &m {namespace: reporting, name: db}\nkind: ExternalService\napiVersion: fairlead.dev/v1alpha1\nmetadata: *m\n")
	_, err := AnnotateFile(f.join("db.yaml"), db(1), pinned())
	want := f.join("db.yaml") + ":1: it is written in a way that cannot be edited safely; write by hand:\nmetadata:\n  annotations:\n" +
		"    fairlead.dev/pin: standby\n    fairlead.dev/pinned-by: \"ada@laptop\"\n"
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error\n%v\nwant\n%s", err, want)
	}
	if _, err := AnnotateFile(f.join("none.yaml"), db(1), pinned()); err == nil {
		t.Error("a file that there is not is edited")
	}
	f.write("db.yaml", small)
	text := readText(t, f.join("db.yaml"))
	f.write("db.yaml", small+"# edited\n")
	if err := replaceFile(f.join("db.yaml"), text, []byte("x")); err == nil || !strings.Contains(err.Error(), "try again") {
		t.Errorf("what somebody else has edited is replaced: %v", err)
	}
	if got := string(readText(t, f.join("db.yaml"))); got != small+"# edited\n" {
		t.Errorf("it is now %q", got)
	}
	if names, err := filepath.Glob(f.join(".*")); err != nil || len(names) != 0 {
		t.Errorf("left over: %v, %v", names, err)
	}
}
