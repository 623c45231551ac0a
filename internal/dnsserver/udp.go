package dnsserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
)

const (
	// maxQuery is the longest query that is read. Longer ones are FORMERR.
	maxQuery = 4096
	// udpBuffer is what the kernel is asked to keep while we are busy.
	udpBuffer = 4 << 20
	// maxFailures is how many reads in a row may fail before a socket counts
	// as broken.
	maxFailures = 100
)

// serveUDP answers what comes from one socket, in its own goroutine. Nothing
// in it waits for anybody but the kernel.
func (s *Server) serveUDP(ctx context.Context, c *net.UDPConn) error {
	c.SetReadBuffer(udpBuffer) // as much as the system allows
	var (
		r        request
		query    = make([]byte, maxQuery)
		reply    = make([]byte, 0, maxQuery)
		failures int
	)
	for {
		n, from, err := c.ReadFromUDPAddrPort(query)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			if failures++; failures == maxFailures || errors.Is(err, net.ErrClosed) {
				return fmt.Errorf("DNS cannot read from %s: %w; restart to bind it again", c.LocalAddr(), err)
			}
			continue
		}
		failures = 0
		s.answerUDP(ctx, c, &r, reply, query[:n], from)
	}
}

// answerUDP answers one datagram. A reply that cannot be sent is lost, as any
// datagram may be; the client asks again.
func (s *Server) answerUDP(ctx context.Context, c *net.UDPConn, r *request, dst, query []byte, from netip.AddrPort) {
	defer s.guard()
	reply, p := s.respond(dst, query, protoUDP, r)
	if reply != nil {
		c.WriteToUDPAddrPort(reply, from)
	}
	if p != nil {
		s.later(ctx, p, &s.running, func(reply []byte) { c.WriteToUDPAddrPort(reply, from) })
	}
}
