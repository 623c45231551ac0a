//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// process is a program that runs until it is killed, and no longer than we do.
type process struct {
	name  string
	pid   int
	began time.Time // just before it was started
	log   string
	done  chan struct{} // closed when it has ended
	err   error         // how; read after done
	kill  func()
}

// start starts a program whose output goes to a file. The kernel ends it when the
// thread that started it dies, so one goroutine keeps its thread for it.
func (b *bench) start(name string, cmd *exec.Cmd) (*process, error) {
	out, err := os.CreateTemp(b.dir, name+"-*.log")
	if err != nil {
		return nil, err
	}
	p := &process{name: name, log: out.Name(), done: make(chan struct{})}
	if cmd.Stdout == nil {
		cmd.Stdout = out
	}
	cmd.Stderr = out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer out.Close()
		p.began = time.Now()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	p.pid = cmd.Process.Pid
	p.kill = sync.OnceFunc(func() {
		cmd.Process.Kill()
		<-p.done
	})
	b.atEnd(p.kill)
	return p, nil
}

// alive returns an error with the end of its log once the process has ended.
func (p *process) alive() error {
	if p == nil {
		return nil
	}
	select {
	case <-p.done:
	default:
		return nil
	}
	text, _ := os.ReadFile(p.log)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return fmt.Errorf("%s has ended: %v\n%s", p.name, p.err, strings.Join(lines[max(0, len(lines)-15):], "\n"))
}

// cpu is the processor time that the process has taken, exact to the nanosecond.
func (p *process) cpu() time.Duration {
	if p == nil {
		return 0
	}
	const schedClock = 2 // CPUCLOCK_SCHED of the kernel's posix-timers.h
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^p.pid)<<3|schedClock, &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// memory is what the process has resident, in bytes.
func (p *process) memory() (float64, error) {
	kib, err := memoryField(p.pid, "status", "VmRSS:")
	if err != nil {
		return 0, errors.Join(fmt.Errorf("%s: %w", p.name, err), p.alive())
	}
	return kib * 1024, nil
}

// crew are processes that do one job together.
type crew []*process

// cpu is the processor time that all have taken.
func (c crew) cpu() (sum time.Duration) {
	for _, p := range c {
		sum += p.cpu()
	}
	return sum
}

// memory is what all have resident, in bytes. Of what they share each has its part (PSS).
func (c crew) memory() (sum float64, err error) {
	for _, p := range c {
		kib, err := memoryField(p.pid, "smaps_rollup", "Pss:")
		if err != nil {
			return 0, errors.Join(fmt.Errorf("%s: %w", p.name, err), p.alive())
		}
		sum += kib * 1024
	}
	return sum, nil
}

func (c crew) kill() {
	for _, p := range c {
		p.kill()
	}
}

// first is one of them; nil if there is none.
func (c crew) first() *process {
	if len(c) == 0 {
		return nil
	}
	return c[0]
}

// memoryField is a number of KiB in a file of /proc/PID.
func memoryField(pid int, file, field string) (kib float64, err error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), file))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == field {
			return strconv.ParseFloat(f[1], 64)
		}
	}
	return 0, fmt.Errorf("there is no %s in its %s", field, file)
}

// output runs a load generator to its end, which must come within limit.
func output(ctx context.Context, limit time.Duration, path string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // or the thread that starts it might end before it
	defer runtime.UnlockOSThread()
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s%s", filepath.Base(path), err, stderr.String(), stdout.String())
	}
	return stdout.String(), nil
}
