package podenv

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// spawn carries the plan out in a second process, in a user namespace where the
// caller is nobody but itself and yet may mount. It returns when the program
// has ended.
func (p plan) spawn(reexec []string) (Status, error) {
	f, err := p.send(handover{parent: os.Getpid(), bounding: boundingSet()})
	if err != nil {
		return Status{Code: codeFailed}, err
	}
	defer f.Close()
	// An executable that carries capabilities (setcap) makes its process closed
	// to its own user, who is about to write to the new one's uid_map.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); err != nil {
		return Status{Code: codeFailed}, fmt.Errorf("cannot prepare the user namespace, run it as root: %w", err)
	}

	// The kernel kills the program when the thread ends that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	relay := catchSignals()
	defer relay.stop()
	argv := append(append([]string{os.Args[0]}, reexec...), strconv.Itoa(int(f.Fd())))
	// From the new mount namespace /proc/self/exe is on a foreign mount, where
	// such capabilities do not count, and so do not cancel the ambient ones.
	pid, err := syscall.ForkExec("/proc/self/exe", argv, &syscall.ProcAttr{
		Env:   p.env,
		Files: []uintptr{0, 1, 2},
		Sys: &syscall.SysProcAttr{
			Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}},
			AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SETPCAP},
			Pdeathsig:   syscall.SIGKILL,
		},
	})
	if err != nil {
		return Status{Code: codeFailed}, whyNotPermitted(err, os.Geteuid(), readLine)
	}
	return wait(pid, relay)
}

// wait passes signals on until the program has ended.
func wait(pid int, relay *signals) (Status, error) {
	relay.start(pid)
	for {
		// Looking first and reaping later keeps the number from going to another
		// process while signals are still sent to it.
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WSTOPPED|unix.WNOWAIT, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return Status{Code: codeFailed}, fmt.Errorf("lost the program, see whether it still runs (ps -p %d): %w", pid, err)
		}
		stopped := info.Code == cldStopped
		if !stopped {
			relay.stop()
		}
		var ws syscall.WaitStatus
		if _, err := syscall.Wait4(pid, &ws, syscall.WUNTRACED|syscall.WNOHANG, nil); err != nil {
			return Status{Code: codeFailed}, fmt.Errorf("lost the program, see whether it still runs (ps -p %d): %w", pid, err)
		}
		switch {
		case ws.Exited():
			return Status{Code: ws.ExitStatus()}, nil
		case ws.Signaled():
			return Status{Code: 128 + int(ws.Signal()), Signal: ws.Signal()}, nil
		case stopped && hasTerminal():
			// The shell has to see its job stop; it wakes both of us.
			_ = unix.Kill(os.Getpid(), unix.SIGSTOP)
		}
	}
}

// cldStopped is CLD_STOPPED of waitid(2).
const cldStopped = 5
