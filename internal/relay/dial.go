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
			end.took()
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
	family, sa := sockaddr(end.addr)
	fd, err := newSocket(family, unix.SOCK_STREAM)
	if err != nil {
		a.err = err
		return a
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	switch err := unix.Connect(fd, sa); err {
	case nil, unix.EINPROGRESS, unix.EINTR:
		a.there = err == nil // on one machine it need not be waited for
		a.sock, a.err = wrap(fd, "endpoint")
	default:
		_ = unix.Close(fd)
		a.err = os.NewSyscallError("connect", err)
	}
	return a
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
	_, sa := sockaddr(a.end.addr)
	var state error
	err := a.sock.raw.Write(func(fd uintptr) bool {
		// A second connect tells how the first one went.
		state = unix.Connect(int(fd), sa)
		return state != unix.EALREADY && state != unix.EINPROGRESS && state != unix.EINTR
	})
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if state != nil && state != unix.EISCONN {
		return os.NewSyscallError("connect", state)
	}
	return a.sock.file.SetWriteDeadline(time.Time{})
}
