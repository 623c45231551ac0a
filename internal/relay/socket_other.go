//go:build !linux

package relay

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// newSocket makes a non-blocking socket that children do not inherit.
func newSocket(family, kind int) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Socket(family, kind, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return -1, os.NewSyscallError("setnonblock", err)
	}
	return fd, nil
}

// setKeepAliveTimes leaves the system's own times.
func setKeepAliveTimes(int) error { return nil }
