package podenv

import (
	"os"
	"os/signal"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// signals passes on to the program what other processes send to this one.
//
// Signals that a terminal makes (Ctrl-C, Ctrl-\, Ctrl-Z, a new size) reach the
// whole foreground group, so the program has got them already and a second one
// could mean something else to it ("twice to force"). They are passed on only
// where this process is not in the foreground of a terminal; nothing in a
// signal tells them apart otherwise.
type signals struct {
	ch   chan os.Signal
	done chan struct{}
	wg   sync.WaitGroup
	once sync.Once
}

// terminal are the signals that a terminal makes.
func terminal() []os.Signal {
	return []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTSTP, syscall.SIGWINCH}
}

// catchSignals keeps signals from ending this process, and holds them until
// start. Those left alone mean this process itself: faults, its children, its
// pipes, the Go runtime's own, and stops by the terminal.
func catchSignals() *signals {
	s := &signals{ch: make(chan os.Signal, 64), done: make(chan struct{})}
	wanted := append(terminal(),
		syscall.SIGHUP, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM,
		syscall.SIGABRT, syscall.SIGCONT, syscall.SIGIO, syscall.SIGPWR)
	for n := syscall.Signal(34); n <= 64; n++ { // real-time; the C library keeps 32 and 33
		wanted = append(wanted, n)
	}
	for _, sig := range wanted {
		// What is ignored (nohup, a background job) the program ignores too.
		if !signal.Ignored(sig) {
			signal.Notify(s.ch, sig)
		}
	}
	return s
}

// start passes signals on to pid until stop.
func (s *signals) start(pid int) {
	s.wg.Go(func() {
		for {
			select {
			case <-s.done:
				return
			case sig := <-s.ch:
				if slices.Contains(terminal(), sig) && inForeground() {
					continue
				}
				// It may have ended by itself; wait says so.
				_ = unix.Kill(pid, sig.(syscall.Signal))
			}
		}
	})
}

// stop returns when no signal is being passed on any more.
func (s *signals) stop() {
	s.once.Do(func() {
		signal.Stop(s.ch)
		close(s.done)
	})
	s.wg.Wait()
}

// inForeground reports whether this process's group owns its terminal.
func inForeground() bool {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

func hasTerminal() bool {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	tty.Close()
	return true
}

// Die ends this process by the signal that ended the program, if one did, so
// that whoever waits sees the same; `nsenter` and `unshare` do so too. It
// returns if no signal did, or if this one does not end processes.
func (s Status) Die() {
	if s.Signal == 0 {
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// One core file, the program's, is enough.
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	// All zero is SIG_DFL without flags; the Go runtime's own handlers would
	// print stacks.
	var byDefault [8]uint64
	_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s.Signal), uintptr(unsafe.Pointer(&byDefault)), 0, 8, 0, 0)
	_ = unix.Tgkill(os.Getpid(), unix.Gettid(), s.Signal)
	time.Sleep(time.Millisecond)
}
