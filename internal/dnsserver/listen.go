package dnsserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"slices"
	"syscall"
)

// Listen binds UDP and TCP on one address; port 0 picks a free one. It may be
// called for several addresses before Serve. Nothing is answered until Serve.
//
// The address must be one address of this machine and not a wildcard: replies
// come from the address that was asked only if the socket is bound to it.
func (s *Server) Listen(ctx context.Context, addr netip.AddrPort) error {
	if !addr.IsValid() || addr.Addr().IsUnspecified() {
		return fmt.Errorf("DNS cannot listen on %s: name one address of this machine, such as 127.0.0.1:53", addr)
	}
	tcp, udp, err := bind(ctx, addr)
	if err != nil {
		return fmt.Errorf("DNS cannot listen on %s: %w%s", addr, err, remedy(err))
	}
	s.tcp = append(s.tcp, tcp)
	s.udp = append(s.udp, udp...)
	if s.config.Self == nil && !slices.Contains(s.self, addr.Addr()) {
		s.self = append(s.self, addr.Addr())
	}
	return nil
}

// bind opens the sockets. A port that the system picked for TCP may be taken
// for UDP; then it picks again.
func bind(ctx context.Context, addr netip.AddrPort) (*net.TCPListener, []*net.UDPConn, error) {
	const attempts = 8
	for attempt := 1; ; attempt++ {
		var config net.ListenConfig
		l, err := config.Listen(ctx, "tcp", addr.String())
		if err != nil {
			return nil, nil, err
		}
		tcp := l.(*net.TCPListener)
		udp, err := bindUDP(ctx, netip.AddrPortFrom(addr.Addr(), local(tcp).Port()))
		if err == nil {
			return tcp, udp, nil
		}
		tcp.Close()
		if addr.Port() != 0 || attempt == attempts {
			return nil, nil, err
		}
	}
}

// bindUDP opens as many UDP sockets on one address as the system can share
// queries among. One socket alone goes first: those that share an address also
// share it with another process that asks for that, which must not happen
// unnoticed.
func bindUDP(ctx context.Context, addr netip.AddrPort) ([]*net.UDPConn, error) {
	var alone net.ListenConfig
	first, err := listenUDP(ctx, alone, addr)
	if err != nil {
		return nil, err
	}
	shared, n := sharing()
	if n < 2 {
		return []*net.UDPConn{first}, nil
	}
	first.Close()
	var conns []*net.UDPConn
	for range n {
		c, err := listenUDP(ctx, shared, addr)
		if err != nil {
			for _, c := range conns {
				c.Close()
			}
			return nil, err
		}
		conns = append(conns, c)
	}
	return conns, nil
}

func listenUDP(ctx context.Context, config net.ListenConfig, addr netip.AddrPort) (*net.UDPConn, error) {
	c, err := config.ListenPacket(ctx, "udp", addr.String())
	if err != nil {
		return nil, err
	}
	return c.(*net.UDPConn), nil
}

// remedy says what to do about a bind error.
func remedy(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return " (another program answers there: stop it, or choose another address or port)"
	case errors.Is(err, fs.ErrPermission):
		return " (ports below 1024 need root or CAP_NET_BIND_SERVICE: grant it, or choose a port above 1023)"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return " (this machine does not have that address: add it to an interface, or choose another)"
	}
	return ""
}
