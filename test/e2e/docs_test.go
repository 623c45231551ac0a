package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"fairlead.dev/test/lab"
)

// step is one command of a document, and what it says the command prints.
type step struct {
	line    int
	command string
	want    []string
}

// steps reads the ```console blocks of a document: lines that begin with "$ "
// are commands, those between are what they print. In an expected line "..."
// stands for anything, alone on a line for any number of lines.
func steps(t *testing.T, path string) []step {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []step
	inside := false
	for i, line := range strings.Split(string(text), "\n") {
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```console"
		case !inside:
		case strings.HasPrefix(line, "$ "):
			all = append(all, step{line: i + 1, command: line[2:]})
		case len(all) > 0 && strings.HasSuffix(all[len(all)-1].command, "\\"):
			all[len(all)-1].command += "\n" + line
		case len(all) > 0:
			last := &all[len(all)-1]
			last.want = append(last.want, line)
		}
	}
	return all
}

// pattern is what the output of a step must match, whole.
func (s step) pattern() *regexp.Regexp {
	var p strings.Builder
	for _, line := range s.want {
		if strings.TrimSpace(line) == "..." {
			p.WriteString(`(?:[^\n]*\n)*?`)
			continue
		}
		parts := strings.Split(line, "...")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		p.WriteString(strings.Join(parts, `[^\n]*`) + `[ \t]*\n`)
	}
	return regexp.MustCompile(`\A` + p.String() + `\z`)
}

// TestDocuments runs every command of the READMEs and of the walkthrough against
// `make run`, and compares what it prints with what the document says.
func TestDocuments(t *testing.T) {
	lab.Skip(t, "dig", "curl", "nslookup", "nc")
	for _, doc := range []string{
		"README.md", "docs/walkthrough.md",
		"examples/reporting/README.md", "examples/webscaler/README.md", "examples/external-api/README.md",
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
	all := steps(t, filepath.Join(root, doc))
	if len(all) < 4 {
		t.Fatalf("%s has %d commands: is it still in ```console blocks?", doc, len(all))
	}
	for _, s := range all {
		if strings.HasPrefix(s.command, "make ") {
			continue // `make run` runs already, and this is `make test`
		}
		if err := s.try(machine, root); err != nil {
			t.Errorf("%s:%d: $ %s\n%v", doc, s.line, s.command, err)
		}
	}
	t.Logf("%d commands print what %s says", len(all), doc)
}

// try runs the step until it prints what it should. A document's reader takes
// a second between two commands, in which edits take effect; a test does not.
func (s step) try(machine *lab.Host, root string) error {
	var out []byte
	for began := time.Now(); time.Since(began) < 10*time.Second; time.Sleep(50 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		cmd := machine.Command(ctx, "bash", "-c", s.command)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "PATH="+filepath.Join(root, "bin")+":"+os.Getenv("PATH"), "LC_ALL=C")
		out, _ = cmd.CombinedOutput()
		cancel()
		if s.pattern().Match(out) {
			return nil
		}
	}
	return fmt.Errorf("prints\n%s\nand the document says\n%s", out, strings.Join(s.want, "\n"))
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
