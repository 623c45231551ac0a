//go:build linux

package cluster

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// progressEvery is how often a cold build says that it is alive.
const progressEvery = 15 * time.Second

// goBuild compiles src into out and reports progress, since the first time
// takes minutes and would look like a hang.
func (b builder) goBuild(ctx context.Context, src source, out string) error {
	fmt.Fprintf(b.log, "cluster: building %s for tests: %s the first time, seconds after that.\n", src.name, src.about)
	fmt.Fprintf(b.log, "cluster: should a test's deadline end it, run it again: what is compiled is kept; or build first: go run ./test/cluster/up -build\n")

	what := "."
	if src.tools {
		out, what = filepath.Dir(out)+string(filepath.Separator), "tool"
	}
	args := append([]string{"build", "-v", "-mod=readonly", "-buildvcs=false", "-o", out}, src.flags...)
	cmd := goCommand(ctx, filepath.Join(b.root, src.name), append(args, what)...)
	pipe, err := cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("cluster: build %s: %w", src.name, err)
	}
	// See startProcess: the build is to end with us, and so needs our thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cluster: build %s: %w", src.name, err)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(pipe); s.Scan(); {
			lines <- s.Text()
		}
	}()
	last := b.follow(src.name, lines)
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("cluster: build %s (in test/cluster/%s): %w\n%s", src.name, src.name, err, last)
	}
	return nil
}

// follow prints progress until lines ends and returns the last of them, which
// say why a build failed.
func (b builder) follow(name string, lines <-chan string) (last string) {
	start := time.Now()
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	var compiled, downloaded int
	var kept []string
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				fmt.Fprintf(b.log, "cluster: %s: %d packages compiled in %s\n", name, compiled, time.Since(start).Round(time.Second))
				return strings.Join(kept, "\n")
			}
			if strings.HasPrefix(line, "go: downloading ") {
				downloaded++
			} else {
				compiled++
			}
			kept = append(kept[max(0, len(kept)-19):], line)
		case <-ticker.C:
			fmt.Fprintf(b.log, "cluster: %s: %s, %d modules downloaded, %d packages compiled\n",
				name, time.Since(start).Round(time.Second), downloaded, compiled)
		}
	}
}

// goCommand is the go tool in one of our own modules: no workspace may change
// its versions, and it needs no C compiler.
func goCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { // its compilers, too
		return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	cmd.WaitDelay = 5 * time.Second
	return cmd
}
