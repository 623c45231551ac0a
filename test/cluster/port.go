//go:build linux

package cluster

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// reservation keeps a TCP port for a program that cannot choose a free one
// itself. The socket is bound and does not listen: nobody else is given the
// port, while a listener that sets SO_REUSEADDR, as Go's do, may take it.
type reservation struct {
	fd   int
	addr netip.AddrPort
}

// reserve holds addr, or a free port there if its port is 0.
func reserve(addr netip.AddrPort) (*reservation, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("reserve %s: %w", addr, err)
	}
	r := &reservation{fd: fd}
	if r.addr, err = bind(fd, addr); err != nil {
		r.release()
		return nil, fmt.Errorf("reserve %s: %w (is something else listening there?)", addr, err)
	}
	return r, nil
}

func bind(fd int, addr netip.AddrPort) (netip.AddrPort, error) {
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return netip.AddrPort{}, err
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: addr.Addr().As4(), Port: int(addr.Port())}); err != nil {
		return netip.AddrPort{}, err
	}
	got, err := syscall.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return netip.AddrPortFrom(addr.Addr(), uint16(got.(*syscall.SockaddrInet4).Port)), nil
}

func (r *reservation) release() {
	_ = syscall.Close(r.fd) // nothing to do about a descriptor that will not close
}

// reserveBoth is reserve for a port that is to be free over UDP, too. CoreDNS
// shares its UDP port silently with whoever else has it, so this must look.
func reserveBoth(addr netip.AddrPort) (*reservation, error) {
	const attempts = 20 // a free TCP port is seldom taken over UDP
	var lastErr error
	for range attempts {
		r, err := reserve(addr)
		if err != nil {
			return nil, err
		}
		udp, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(r.addr))
		if err == nil {
			return r, udp.Close()
		}
		r.release()
		lastErr = fmt.Errorf("reserve %s over UDP: %w (is something else answering there?)", r.addr, err)
		if addr.Port() != 0 {
			return nil, lastErr
		}
	}
	return nil, lastErr
}
