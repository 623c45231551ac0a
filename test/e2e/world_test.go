package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fairlead.dev/test/lab"
)

// binary is the program under test, built once.
var binary string

// serveFiles names a folder in the environment of a test binary that shall serve
// it by HTTP instead of testing anything.
const serveFiles = "FAIRLEAD_E2E_SERVE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveFiles); dir != "" {
		fmt.Fprintln(os.Stderr, http.ListenAndServe(":8080", http.FileServer(http.Dir(dir))))
		os.Exit(1)
	}
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "fairlead-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	// Programs run as other users, too.
	if err := os.Chmod(dir, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	binary = filepath.Join(dir, "fairlead")
	build := exec.Command("go", "build", "-race", "-o", binary, "fairlead.dev/cmd/fairlead")
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "building the program under test:", err)
		return 1
	}
	return m.Run()
}

// world is a network with a machine on which fairlead runs.
type world struct {
	*testing.T
	lab     *lab.Lab
	machine *lab.Host
	dns     *lab.DNS
	dir     string // of the manifests
}

// newWorld makes a machine and the outside DNS server, at 10.0.1.53.
func newWorld(t *testing.T) *world {
	t.Helper()
	lab.Skip(t, "dig", "named", "nsupdate", "psql", "curl")
	l, err := lab.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	w := &world{T: t, lab: l, dir: t.TempDir()}
	if w.machine, err = l.Machine(); err != nil {
		t.Fatal(err)
	}
	if w.dns, err = w.host("dns", "10.0.1.53").DNS("example.com", "company.com"); err != nil {
		t.Fatal(err)
	}
	return w
}

// with is the same world for a subtest, which fails alone.
func (w *world) with(t *testing.T) *world {
	sub := *w
	sub.T = t
	return &sub
}

func (w *world) host(name, addr string) *lab.Host {
	w.Helper()
	h, err := w.lab.Host(name, addr)
	if err != nil {
		w.Fatal(err)
	}
	return h
}

// database starts PostgreSQL on a host of its own; SHOW cluster_name says name.
func (w *world) database(name, addr string) *lab.Postgres {
	w.Helper()
	p, err := w.host(name, addr).Postgres(name)
	if err != nil {
		w.Fatal(err)
	}
	return p
}

// records sets records of the outside DNS server.
func (w *world) records(lines ...string) {
	w.Helper()
	if err := w.dns.Set(lines...); err != nil {
		w.Fatal(err)
	}
}

// write saves a manifest the way most editors do: beside it, then renamed.
func (w *world) write(name, text string) {
	w.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path+".tmp", []byte(text), 0o644); err != nil {
		w.Fatal(err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		w.Fatal(err)
	}
}

// fairlead is one running instance.
type fairlead struct {
	w      *world
	cmd    *exec.Cmd
	done   chan struct{}
	output string // a file
}

// run starts `fairlead run` on the machine and waits until it is ready. At the
// end of the test it is told to stop, and must exit with 0.
func (w *world) run(args ...string) *fairlead {
	w.Helper()
	f := w.launch(append([]string{"--upstream", "10.0.1.53"}, args...)...)
	w.eventually("fairlead is ready", func() error {
		select {
		case <-f.done:
			w.Fatalf("fairlead ended:\n%s", f.log())
		default:
		}
		_, err := w.try("curl", "-sf", "--max-time", "2", "http://127.0.0.1:8053/readyz")
		return err
	})
	return f
}

// launch starts `fairlead run` on the manifests without waiting for anything.
func (w *world) launch(args ...string) *fairlead {
	w.Helper()
	f := &fairlead{w: w, done: make(chan struct{}), output: filepath.Join(w.TempDir(), "log")}
	out, err := os.Create(f.output)
	if err != nil {
		w.Fatal(err)
	}
	defer out.Close()
	f.cmd = w.machine.Command(context.Background(), append(append([]string{binary, "run"}, args...), w.dir)...)
	f.cmd.Stdout, f.cmd.Stderr = out, out
	if err := f.cmd.Start(); err != nil {
		w.Fatal(err)
	}
	go func() {
		defer close(f.done)
		f.cmd.Wait()
	}()
	w.Cleanup(func() {
		f.stop()
		if w.Failed() {
			w.Logf("fairlead printed:\n%s", f.log())
		}
	})
	return f
}

// stop tells fairlead to stop and expects an orderly end.
func (f *fairlead) stop() {
	select {
	case <-f.done:
		return
	default:
	}
	f.cmd.Process.Signal(os.Interrupt)
	select {
	case <-f.done:
	case <-time.After(time.Minute):
		f.cmd.Process.Kill()
		<-f.done
		f.w.Error("fairlead did not stop within a minute")
	}
	if code := f.cmd.ProcessState.ExitCode(); code != 0 {
		f.w.Errorf("fairlead exited with %d, want 0", code)
	}
	if strings.Contains(f.log(), "DATA RACE") {
		f.w.Error("the race detector found a race")
	}
}

func (f *fairlead) log() string {
	text, _ := os.ReadFile(f.output)
	return string(text)
}

// try runs a program on the machine.
func (w *world) try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	return w.machine.Output(ctx, args...)
}

// output runs a program on the machine, which must succeed.
func (w *world) output(args ...string) string {
	w.Helper()
	out, err := w.try(args...)
	if err != nil {
		w.Fatalf("%v\n%s", err, out)
	}
	return out
}

// pod is a command line that runs args in a namespace.
func pod(namespace string, args ...string) []string {
	return append([]string{binary, "exec", "-n", namespace, "--"}, args...)
}

// psql is a command line that asks a server which one it is.
func psql(host string) []string {
	return []string{"psql", "-h", host, "-U", "postgres", "-AtXc", "SHOW cluster_name"}
}

// dig asks fairlead and returns the short form of the answer, a line a record.
func (w *world) dig(args ...string) []string {
	w.Helper()
	return strings.Fields(w.output(append([]string{"dig", "@127.96.0.10", "+short"}, args...)...))
}

// eventually polls until check succeeds. Its bound is not a promise: it only
// ends a test that will never pass.
func (w *world) eventually(what string, check func() error) time.Duration {
	w.Helper()
	began := time.Now()
	for {
		err := check()
		if err == nil {
			return time.Since(began)
		}
		if time.Since(began) > time.Minute {
			w.Fatalf("%s: %v", what, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
