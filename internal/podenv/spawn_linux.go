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
	exe, err := self()
	if err != nil {
		return Status{Code: codeFailed}, err
	}
	defer exe.Close()

	// The kernel kills the program when the thread ends that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	relay := catchSignals()
	defer relay.stop()
	argv := append(append([]string{os.Args[0]}, reexec...), strconv.Itoa(int(f.Fd())))
	pid, err := syscall.ForkExec(exe.path, argv, &syscall.ProcAttr{
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

// executable is this program, by a path that works in the next process.
type executable struct {
	path string
	copy *os.File // nil if the path is the original
}

// Close drops the copy.
func (e executable) Close() {
	if e.copy != nil {
		e.copy.Close()
	}
}

// self is this program. One that carries file capabilities (setcap) would lose
// those that it is handed, and shut us out of setting it up; a copy does not.
func self() (executable, error) {
	const path = "/proc/self/exe"
	if n, err := unix.Getxattr(path, "security.capability", nil); err != nil || n == 0 {
		return executable{path: path}, nil
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); err != nil {
		return executable{}, fmt.Errorf("cannot open this process to itself: %w", err)
	}
	in, err := os.Open(path)
	if err != nil {
		return executable{}, fmt.Errorf("cannot read the fairlead executable, make it readable (chmod a+r): %w", err)
	}
	defer in.Close()
	fd, err := unix.MemfdCreate("fairlead", unix.MFD_CLOEXEC)
	if err != nil {
		return executable{}, fmt.Errorf("cannot copy the fairlead executable: %w", err)
	}
	out := os.NewFile(uintptr(fd), "fairlead")
	if _, err := out.ReadFrom(in); err != nil {
		out.Close()
		return executable{}, fmt.Errorf("cannot copy the fairlead executable: %w", err)
	}
	return executable{path: "/proc/self/fd/" + strconv.Itoa(fd), copy: out}, nil
}
