//go:build linux

package controller

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"fairlead.dev/test/cluster"
)

// Program is the binary under test, built by the first test that starts it. Hold
// it in a variable of the tests, and let TestMain be
//
//	os.Exit(program.Run(m.Run))
//
// or, with a shared cluster, program.Run(func() int { return shared.Run(m) }).
type Program struct {
	once sync.Once
	dir  string
	root string // of the repository
	err  error
}

// NewProgram builds nothing yet.
func NewProgram() *Program { return &Program{} }

// Run runs the tests, removes what was built and returns the exit code.
func (p *Program) Run(tests func() int) int {
	code := tests()
	if p.dir == "" {
		return code
	}
	if err := os.RemoveAll(p.dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}

// build returns the path of the binary.
func (p *Program) build() (string, error) {
	p.once.Do(func() { p.err = p.make() })
	return filepath.Join(p.dir, "fairlead"), p.err
}

// Command is a command of the program, not started yet.
func (p *Program) Command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	bin, err := p.build()
	if err != nil {
		t.Fatal(err)
	}
	return exec.CommandContext(t.Context(), bin, args...)
}

func (p *Program) make() error {
	mod, err := goTool("env", "GOMOD")
	if err != nil {
		return err
	}
	p.root = filepath.Dir(string(bytes.TrimSpace(mod)))
	removeLeft()
	if p.dir, err = os.MkdirTemp("", fmt.Sprintf("%s%d-", prefix, os.Getpid())); err != nil {
		return err
	}
	_, err = goTool("build", "-race", "-o", filepath.Join(p.dir, "fairlead"), "fairlead.dev/cmd/fairlead")
	return err
}

// prefix begins the names of the folders of all test binaries, each with the
// process that it belongs to.
const prefix = "fairlead-controller-"

// removeLeft removes the folders of test binaries that were killed.
func removeLeft() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*-*")) // the pattern is sound
	for _, dir := range dirs {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), prefix), "-")
		if _, err := os.Stat("/proc/" + pid); errors.Is(err, os.ErrNotExist) {
			_ = os.RemoveAll(dir) // the next start tries again
		}
	}
}

// Install installs the CRD and waits until the API server serves it.
func (p *Program) Install(ctx context.Context, c *cluster.Cluster) error {
	if _, err := p.build(); err != nil {
		return err
	}
	crd, err := os.ReadFile(filepath.Join(p.root, "deploy", "crds", "fairlead.dev_externalservices.yaml"))
	if err != nil {
		return err
	}
	if err := c.Apply(ctx, crd); err != nil {
		return err
	}
	_, err = c.Kubectl(ctx, "wait", "--for=condition=Established", "--timeout=60s", "crd/externalservices.fairlead.dev")
	return err
}

func goTool(args ...string) ([]byte, error) {
	out, err := exec.Command("go", args...).Output()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		err = fmt.Errorf("%w\n%s", err, exit.Stderr)
	}
	if err != nil {
		return nil, fmt.Errorf("go %s: %w", args[0], err)
	}
	return out, nil
}
