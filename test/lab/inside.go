package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"

	"golang.org/x/sys/unix"
)

// Dial connects from the host, by a socket that lives in its namespace. The
// address must be literal: a name would be looked up on the machine.
func (h *Host) Dial(ctx context.Context, network, addr string) (conn net.Conn, err error) {
	err = h.inside(func() error {
		conn, err = new(net.Dialer).DialContext(ctx, network, addr)
		return err
	})
	return conn, err
}

// DialFrom connects from the host by TCP, from a port of its own choice.
func (h *Host) DialFrom(ctx context.Context, port uint16, addr string) (conn net.Conn, err error) {
	err = h.inside(func() error {
		d := net.Dialer{LocalAddr: &net.TCPAddr{Port: int(port)}}
		conn, err = d.DialContext(ctx, "tcp", addr)
		return err
	})
	return conn, err
}

// Listen accepts TCP connections on the host.
func (h *Host) Listen(addr string) (l net.Listener, err error) {
	err = h.inside(func() error {
		l, err = net.Listen("tcp", addr)
		return err
	})
	return l, err
}

// ListenPacket receives UDP on the host.
func (h *Host) ListenPacket(addr string) (c net.PacketConn, err error) {
	err = h.inside(func() error {
		c, err = net.ListenPacket("udp", addr)
		return err
	})
	return c, err
}

// inside calls f on a thread that stands in the host's namespace. The thread
// is brought back rather than thrown away: processes that it started are tied
// to its life.
func (h *Host) inside(f func() error) error {
	there, err := unix.Open("/proc/"+h.pid()+"/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("%s has no network namespace (was the lab closed?): %w", h.Name, err)
	}
	defer unix.Close(there)
	runtime.LockOSThread()
	here, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("open this thread's network namespace: %w", err)
	}
	defer unix.Close(here)
	if err := unix.Setns(there, unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("enter the network of %s: %w", h.Name, err)
	}
	err = f()
	if back := unix.Setns(here, unix.CLONE_NEWNET); back != nil {
		return errors.Join(err, fmt.Errorf("leave the network of %s: %w", h.Name, back)) // the thread stays locked, so nobody else gets it
	}
	runtime.UnlockOSThread()
	return err
}
