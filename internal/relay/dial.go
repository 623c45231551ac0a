package relay

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// errOvertaken is why an endpoint is held that was still connecting, after more
// than its delay, when the next one was there.
var errOvertaken = errors.New("overtaken: the next endpoint connected first")

// errSelf is why a connect failed that met itself: where nobody listens, the kernel
// may choose the very port as the connection's own, and then both are one.
var errSelf = errors.New("nobody listens, and the connection met itself")

// attempt is a connect under way, or done.
type attempt struct {
	end   *endpoint
	sock  *socket
	begun time.Time
	there bool // connected already
	err   error
}

// dial connects to the first of order that takes the connection, and tells which
// that was; nil if none did. Nothing but a connect that hangs costs more than the
// connect itself: after ConnectDelay the next endpoint is tried beside it.
func (r *Relay) dial(rt *route, order []*endpoint) (*socket, *endpoint) {
	for i, end := range order {
		a := begin(end)
		if a.err == nil {
			a.err = a.wait(r.cfg.ConnectDelay)
		}
		if a.err == nil {
			return a.sock, end
		}
		if errors.Is(a.err, os.ErrDeadlineExceeded) {
			return r.race(rt, a, order[i+1:])
		}
		r.failed(rt, a)
	}
	return nil, nil
}

// failed notes that the endpoint of a did not take a connection.
func (r *Relay) failed(rt *route, a *attempt) {
	if a.sock != nil {
		a.sock.close()
	}
	a.end.hold(r.cfg.Now().Add(r.cfg.HoldOff))
	r.cfg.Hooks.connectFailed(rt, a.end.addr, a.err)
}

// begin starts to connect.
func begin(end *endpoint) *attempt {
	a := &attempt{end: end, begun: time.Now()}
	family, _ := sockaddr(end.addr)
	fd, err := newSocket(family, unix.SOCK_STREAM)
	if err != nil {
		a.err = err
		return a
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	state := a.connect(fd)
	if connecting(state) {
		state = a.connect(fd) // on one machine it is there by now, and needs no timer
	}
	if err := outcome(state); err != nil {
		_ = unix.Close(fd)
		a.err = err
		return a
	}
	a.there = !connecting(state)
	a.sock, a.err = wrap(fd, "endpoint")
	return a
}

// connect begins to connect, or tells how that stands.
func (a *attempt) connect(fd int) error {
	_, sa := sockaddr(a.end.addr)
	state := unix.Connect(fd, sa)
	if (state == nil || state == unix.EISCONN) && boundTo(fd, a.end.addr) {
		return errSelf
	}
	return state
}

// connecting reports whether state, which connect returned, leaves open how it
// will end.
func connecting(state error) bool {
	return state == unix.EINPROGRESS || state == unix.EALREADY || state == unix.EINTR
}

// outcome is the error that a connect has ended with, if it has.
func outcome(state error) error {
	if state == nil || connecting(state) || state == unix.EISCONN {
		return nil
	}
	return fmt.Errorf("connect: %w", state)
}

// wait returns nil once a is connected, or [os.ErrDeadlineExceeded] when that is
// not so after d; then it may be called again.
func (a *attempt) wait(d time.Duration) error {
	if a.there {
		return nil
	}
	if err := a.sock.file.SetWriteDeadline(time.Now().Add(d)); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	var state error
	err := a.sock.raw.Write(func(fd uintptr) bool {
		state = a.connect(int(fd))
		return !connecting(state)
	})
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if err := outcome(state); err != nil {
		return err
	}
	return a.sock.file.SetWriteDeadline(time.Time{})
}
