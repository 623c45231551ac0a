package dnsserver

import (
	"net"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// sharing is how to open sockets that share one UDP address, and how many:
// one for each processor. The kernel keeps each client on one of them.
func sharing() (net.ListenConfig, int) {
	return net.ListenConfig{Control: reusePort}, runtime.GOMAXPROCS(0)
}

func reusePort(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	})
	if err != nil {
		return err
	}
	return failed
}
