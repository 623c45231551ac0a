package relay

import (
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// socket is a non-blocking socket whose reads and writes wait in the runtime's
// poller. The callbacks of raw get the descriptor and may hold buffers only while
// they run, so that a silent peer costs a goroutine and no memory beside it.
type socket struct {
	file interface {
		Close() error
		SetWriteDeadline(time.Time) error
	}
	raw syscall.RawConn
}

// wrap takes the descriptor over and registers it with the poller.
func wrap(fd int, name string) (*socket, error) {
	f := os.NewFile(uintptr(fd), name)
	raw, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &socket{f, raw}, nil
}

func (s *socket) close() { _ = s.file.Close() }

// closeWrite tells the peer that no more will come. The other direction stays.
func (s *socket) closeWrite() {
	_ = s.raw.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_WR) })
}

// isReset tells an end that was read from a reset whose error a write took away:
// then the socket has no peer any more. It also has none after both sides have
// ended, so ask only where this side has not.
func (s *socket) isReset() bool {
	var err error
	// Package unix would ask for the protocol as well.
	_ = s.raw.Control(func(fd uintptr) { _, err = syscall.Getpeername(int(fd)) })
	return err == syscall.ENOTCONN
}

// boundTo reports whether the socket's own end is at addr.
func boundTo(fd int, addr netip.AddrPort) bool {
	switch own, _ := syscall.Getsockname(fd); own := own.(type) {
	case *syscall.SockaddrInet4:
		return addr == netip.AddrPortFrom(netip.AddrFrom4(own.Addr), uint16(own.Port))
	case *syscall.SockaddrInet6:
		return addr == netip.AddrPortFrom(netip.AddrFrom16(own.Addr), uint16(own.Port))
	}
	return false
}

// reset closes the socket so that the peer sees a reset, not an end.
func (s *socket) reset() {
	_ = s.raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptLinger(int(fd), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	})
	s.close()
}

// keepAlive lets the kernel find out that a silent peer is gone.
func (s *socket) keepAlive() {
	_ = s.raw.Control(func(fd uintptr) { _ = setKeepAlive(int(fd)) })
}

// setKeepAlive makes a peer that vanished known after 15 s + 9 * 15 s of
// silence, as package net does.
func setKeepAlive(fd int) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	return os.NewSyscallError("setsockopt", setKeepAliveTimes(fd))
}

// sockaddr is a as the kernel wants it.
func sockaddr(a netip.AddrPort) (family int, sa unix.Sockaddr) {
	if a.Addr().Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Addr: a.Addr().As4(), Port: int(a.Port())}
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Addr: a.Addr().As16(), Port: int(a.Port())}
}

// addrPort is the reverse of sockaddr.
func addrPort(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), uint16(sa.Port))
	}
	return netip.AddrPort{}
}

// wouldBlock reports whether err says to wait in the poller.
func wouldBlock(err error) bool { return err == unix.EAGAIN || err == unix.EWOULDBLOCK }

// ended reports whether a peer has ended, or reset, and has said nothing more before.
func ended(raw syscall.RawConn) bool {
	gone := false
	err := raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		gone = n <= 0 && !wouldBlock(err)
	})
	return gone || err != nil
}
