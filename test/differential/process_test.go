//go:build linux

package differential

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is a child that cannot outlive the test.
type process struct {
	name string
	log  string // the file that takes its output
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// start starts a program and ends it with the test. The kernel kills the child
// when the thread that forked it dies, so one goroutine holds that thread.
func start(t *testing.T, name, path string, env []string, args ...string) *process {
	t.Helper()
	p := &process{name: name, log: filepath.Join(t.TempDir(), name+".log"), done: make(chan struct{})}
	out, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.Command(path, args...)
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer out.Close()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // how it ended is in its log
		}
		close(p.done)
	}()
	if err := <-started; err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("--- %s (last lines of its log)\n%s", name, p.tail(20))
		}
		p.kill()
	})
	return p
}

// kill ends the process at once and waits until it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails only when it has ended already
	<-p.done
}

func (p *process) output() string {
	text, _ := os.ReadFile(p.log) // an unreadable log is as good as an empty one
	return string(text)
}

func (p *process) tail(n int) string {
	lines := strings.Split(strings.TrimSpace(p.output()), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// await calls try until it says nothing is missing any more.
func await(t *testing.T, what string, p *process, try func() (missing string)) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		missing := try()
		if missing == "" {
			return
		}
		select {
		case <-p.done:
			t.Fatalf("%s: %s has ended:\n%s", what, p.name, p.tail(20))
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %s\n%s", what, missing, p.tail(20))
		}
	}
}
