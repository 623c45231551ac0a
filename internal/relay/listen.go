package relay

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"fairlead.dev/internal/model"
)

// listenConfig makes sockets whose accepted connections need no further system
// calls: they inherit keep-alive from the listening one. MPTCP is off, since no
// splice goes through it.
func listenConfig(prepare func(fd int) error) *net.ListenConfig {
	lc := &net.ListenConfig{
		KeepAlive: -1, // inherited
		Control: func(_, _ string, c syscall.RawConn) error {
			var err error
			if cerr := c.Control(func(fd uintptr) { err = prepare(int(fd)) }); cerr != nil {
				return cerr
			}
			return err
		},
	}
	lc.SetMultipathTCP(false)
	return lc
}

// pause waits for d, and returns false if done is closed before.
func pause(d time.Duration, done <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-done:
		return false
	}
}

// backOff follows a wait of d: 5 ms, doubled up to a second.
func backOff(d time.Duration) time.Duration {
	return min(max(2*d, 5*time.Millisecond), time.Second)
}

// network is protocol's name for package net, in the address's own family only.
func (s slot) network() string {
	name := "tcp"
	if s.protocol == model.UDP {
		name = "udp"
	}
	if s.addr.Addr().Is4() {
		return name + "4"
	}
	return name + "6"
}

// open binds the place with bind. An IPv6 address that only a local route makes
// ours needs the socket option for foreign addresses as well; IPv4 does not.
func (s slot) open(bind func(lc *net.ListenConfig) error) error {
	prepare := func(fd int) error {
		if s.protocol == model.TCP {
			return setKeepAlive(fd)
		}
		return nil
	}
	err := bind(listenConfig(prepare))
	if !errors.Is(err, unix.EADDRNOTAVAIL) || !routedHere(s.addr.Addr()) {
		return err
	}
	return bind(listenConfig(func(fd int) error { return errors.Join(prepare(fd), freeBind(fd)) }))
}

// openTCP returns a listening socket.
func (s slot) openTCP() (*net.TCPListener, error) {
	var ln *net.TCPListener
	err := s.open(func(lc *net.ListenConfig) error {
		l, err := lc.Listen(context.Background(), s.network(), s.addr.String())
		if err == nil {
			ln = l.(*net.TCPListener)
		}
		return err
	})
	return ln, err
}

// openUDP returns a bound socket.
func (s slot) openUDP() (*net.UDPConn, error) {
	var pc *net.UDPConn
	err := s.open(func(lc *net.ListenConfig) error {
		c, err := lc.ListenPacket(context.Background(), s.network(), s.addr.String())
		if err == nil {
			pc = c.(*net.UDPConn)
		}
		return err
	})
	return pc, err
}
