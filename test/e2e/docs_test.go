package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"fairlead.dev/test/console"
	"fairlead.dev/test/lab"
)

// TestDocuments runs every command of the READMEs and of the walkthrough without a
// cluster against `make run`, and compares what it prints with what the document says.
func TestDocuments(t *testing.T) {
	lab.Skip(t, "dig", "curl", "nslookup", "nc")
	for _, doc := range []string{
		"README.md", "docs/walkthrough-run.md",
		"examples/reporting/README.md", "examples/webscaler/README.md", "examples/external-api/README.md",
		"examples/failover/README.md",
	} {
		t.Run(doc, func(t *testing.T) { runDocument(t, doc) })
	}
}

func runDocument(t *testing.T, doc string) {
	root := checkout(t)
	l, err := lab.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	machine, err := l.Machine()
	if err != nil {
		t.Fatal(err)
	}
	makeRun(t, machine, root)
	steps, err := console.Read(filepath.Join(root, doc))
	if err != nil {
		t.Fatal(err)
	}
	if len(steps) < 4 {
		t.Fatalf("%s has %d commands: is it still in ```console blocks?", doc, len(steps))
	}
	steps = slices.DeleteFunc(steps, func(s console.Step) bool {
		return strings.HasPrefix(s.Command, "make ") // `make run` runs already, and this is `make test`
	})
	r := console.Runner{Shell: shell(t, machine, root), Patience: 10 * time.Second, Limit: time.Minute}
	if err := r.Run(t.Context(), doc, steps); err != nil {
		t.Error(err)
	}
}

// shell is where a reader types: on the machine, in the repository's folder.
func shell(t *testing.T, machine *lab.Host, root string) *console.Shell {
	t.Helper()
	// Not the test's context, which ends before the shell is closed.
	cmd := machine.Command(context.Background(), "bash")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(root, "bin")+":"+os.Getenv("PATH"), "LC_ALL=C")
	sh, err := console.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sh.Close(); err != nil {
			t.Error(err)
		}
	})
	return sh
}

// checkout copies what `make run` needs, so that the walkthrough may edit it.
func checkout(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	repo := filepath.Join("..", "..")
	for _, name := range []string{"README.md", "docs", "examples"} {
		if out, err := exec.Command("cp", "-r", filepath.Join(repo, name), root).CombinedOutput(); err != nil {
			t.Fatalf("copying %s: %v: %s", name, err, out)
		}
	}
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", filepath.Join(root, "bin")+"/", "./cmd/...")
	build.Dir = repo
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	return root
}

// makeRun does what `make run` does, and waits until everything is served.
func makeRun(t *testing.T, machine *lab.Host, root string) {
	t.Helper()
	var out bytes.Buffer
	// Not the test's context: its end kills, and the script must end in order.
	cmd := machine.Command(context.Background(), filepath.Join(root, "examples", "run.sh"))
	cmd.Dir, cmd.Stdout, cmd.Stderr = root, &out, &out
	cmd.SysProcAttr.Setpgid = true
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) // as Ctrl-C does
		cmd.Wait()
		if left, _ := exec.Command("pgrep", "-f", "^bin/(standins|fairlead) .*").Output(); ownedBy(left, root) {
			t.Errorf("make run left processes behind: %s", left)
		}
		if t.Failed() {
			t.Logf("make run printed:\n%s", out.String())
		}
	})
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		_, err := machine.Output(t.Context(), "curl", "-sf", "http://127.0.0.1:8053/readyz")
		if err == nil {
			return
		}
		if time.Since(began) > time.Minute {
			t.Fatalf("make run is not ready: %v", err)
		}
	}
}

// ownedBy reports whether one of the processes works in dir.
func ownedBy(pids []byte, dir string) bool {
	for pid := range strings.FieldsSeq(string(pids)) {
		if cwd, err := os.Readlink(filepath.Join("/proc", pid, "cwd")); err == nil && cwd == dir {
			return true
		}
	}
	return false
}
