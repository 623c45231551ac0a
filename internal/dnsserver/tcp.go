package dnsserver

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// writeTimeout is how long a client may take to accept a reply.
const writeTimeout = 5 * time.Second

// serveTCP accepts connections, each with a goroutine of its own.
func (s *Server) serveTCP(ctx context.Context, l *net.TCPListener) error {
	for failures := 0; ; {
		c, err := l.AcceptTCP()
		if ctx.Err() != nil {
			if err == nil {
				c.Close()
			}
			return nil
		}
		if err != nil {
			if failures++; failures == maxFailures || errors.Is(err, net.ErrClosed) {
				return fmt.Errorf("DNS cannot accept connections on %s: %w; restart to bind it again", l.Addr(), err)
			}
			continue
		}
		failures = 0
		select {
		case s.conns <- struct{}{}:
			s.running.Go(func() {
				defer func() { <-s.conns }()
				s.serveConn(ctx, c)
			})
		default:
			c.Close()
		}
	}
}

// stream is one TCP connection. Replies may leave in another order than their
// queries came (RFC 7766 section 6.2.1.1).
type stream struct {
	*net.TCPConn
	waiting sync.WaitGroup
}

// serveConn answers the queries of one connection until the client closes it,
// is idle for too long or breaks the framing (RFC 7766 section 6.2.3).
func (s *Server) serveConn(ctx context.Context, conn *net.TCPConn) {
	c := &stream{TCPConn: conn}
	defer c.Close()
	defer c.waiting.Wait()
	defer s.guard()
	stop := wakeAtEnd(ctx, c)
	defer stop()
	in := bufio.NewReader(c)
	var r request
	for {
		// Deadlines are the system's time, whatever the server's clock says.
		c.SetReadDeadline(time.Now().Add(s.config.IdleTimeout))
		if ctx.Err() != nil {
			return
		}
		query, err := readFrame(in)
		if err != nil {
			return
		}
		reply, p := s.respond(make([]byte, 2, 512), query, protoTCP, &r)
		switch {
		case reply != nil:
			c.send(reply)
		case p != nil:
			s.later(ctx, p, &c.waiting, func(reply []byte) { c.send(append(make([]byte, 2), reply...)) })
		default:
			return // not a query: this is no DNS client
		}
	}
}

// readFrame reads one message (RFC 1035 section 4.2.2).
func readFrame(in *bufio.Reader) ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(in, size[:]); err != nil {
		return nil, err
	}
	message := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(in, message); err != nil {
		return nil, err
	}
	return message, nil
}

// send writes one message whose first two octets are left for its length, in
// one piece whoever else sends. A client that does not take it loses the
// connection.
func (c *stream) send(frame []byte) {
	binary.BigEndian.PutUint16(frame, uint16(len(frame)-2))
	c.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := c.Write(frame); err != nil {
		c.Close()
	}
}
