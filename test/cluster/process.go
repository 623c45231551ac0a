//go:build linux

package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// spec says how to start a process.
type spec struct {
	name  string   // what it is called by
	enter []string // if set, a command that becomes the program, elsewhere
	path  string   // the program; it looks at its base name
	args  []string // without argv[0]
	env   []string // added to our own
	log   string   // the file that takes its output
	ns    uintptr  // clone flags of new namespaces, if any
}

// process is a child that cannot outlive us.
type process struct {
	spec
	pid    int
	handle *os.Process
	done   chan struct{} // closed when it has ended and been reaped
	err    error         // how it ended; read after done
}

// startProcess starts a child that the kernel kills when we die. The kernel
// ties that promise to the thread that forked, not to the process, so one
// goroutine holds its thread for as long as the child lives.
func startProcess(s spec) (*process, error) {
	out, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", s.name, err)
	}
	words := slices.Concat(s.enter, []string{s.path}, s.args)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = append(os.Environ(), s.env...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setpgid:    true, // an interrupt on the terminal is ours to handle
		Pdeathsig:  syscall.SIGKILL,
		Cloneflags: s.ns,
	}
	p := &process{spec: s, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer out.Close()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", s.name, err)
	}
	p.pid, p.handle = cmd.Process.Pid, cmd.Process
	return p, nil
}

// kill ends the process at once, its data being worth nothing, and waits
// until it is gone.
func (p *process) kill() {
	_ = p.handle.Kill() // fails only when it has ended already
	<-p.done
}

// tail returns the last n lines of data, none of them endless.
func tail(data []byte, n int) string {
	lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	lines = lines[max(0, len(lines)-n):]
	for i, line := range lines {
		lines[i] = line[:min(len(line), 400)]
	}
	return strings.Join(lines, "\n")
}
