package relay

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/trust"
)

// stream is a client's connection of whose bytes the relay has to know where TLS
// begins and ends.
type stream struct {
	client *net.TCPConn
	idle   time.Duration // the gateway's

	in, out atomic.Int64 // bytes from and to the client
	ended   atomic.Int32 // directions that have
	moving

	mu     sync.Mutex
	server *socket
	end    *endpoint
	isCut  bool
}

// attach gives the stream its endpoint. It returns false if the stream was cut
// before.
func (s *stream) attach(server net.Conn, end *endpoint) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isCut {
		return false
	}
	s.server, s.end = beneath(server).socket, end
	return true
}

func (s *stream) goesTo() *endpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.end
}

// cut resets both sides, now.
func (s *stream) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isCut = true
	refuse(s.client)
	if s.server != nil {
		s.server.reset()
	}
}

func (s *stream) sweep(now time.Time, idle, halfClosed time.Duration) {
	limit := shorter(idle, s.idle)
	if s.ended.Load() > 0 {
		limit = min(limit, halfClosed)
	}
	if s.silent(now) >= limit {
		s.cut()
	}
}

// serveStream hears the client, connects it to an endpoint and carries bytes until
// both are done.
func (l *tcpListener) serveStream(s *stream, rt *route) {
	defer l.relay.tunnels.remove(s)
	in, err := newInward(s.client)
	if err != nil {
		s.cut()
		return
	}
	h, err := l.hear(in, rt)
	if err != nil {
		l.relay.cfg.Hooks.clientFailed(rt, err)
		s.cut()
		return
	}
	order := l.order(rt, clientOf(s.client))
	if rt.listener.Passthrough {
		order = named(order, h.name)
	}
	server, end, err := l.relay.reach(rt, order, s.client, alpn{protocols: h.protocols})
	if err != nil {
		s.cut()
		l.relay.cfg.Hooks.refused(rt)
		return
	}
	l.stick(rt, clientOf(s.client), order[0], end)
	if !s.attach(server, end) {
		server.Close()
		return
	}
	end.open.Add(1)
	defer end.open.Add(-1)
	if end.over(l.relay.cfg.Now()) { // it went while it was connected to
		s.cut()
	}
	client, err := l.answer(h, rt, server)
	if err != nil {
		l.relay.cfg.Hooks.clientFailed(rt, err)
		server.Close()
		s.client.Close() // after what TLS said
		return
	}
	opened := time.Now()
	l.relay.cfg.Hooks.opened(rt, end.addr)
	if err := s.run(l.relay, client, server); err != nil && s.out.Load() == 0 {
		end.hold(l.relay.cfg.Now().Add(l.relay.cfg.HoldOff))
		l.relay.cfg.Hooks.connectFailed(rt, end.addr, err)
	}
	l.relay.cfg.Hooks.closed(rt, end.addr, Traffic{In: s.in.Load(), Out: s.out.Load(), Took: time.Since(opened)})
}

// heard is what a client said before its own bytes, and wants to be answered.
type heard struct {
	conn   *inward
	secure bool // TLS comes next, for the relay
	// name and protocols are those of SNI and ALPN.
	name      string
	protocols []string
}

// hear lets the client say what comes before its own bytes. TLS is looked at and not
// answered yet: the endpoint has a say in it.
func (l *tcpListener) hear(in *inward, rt *route) (heard, error) {
	h := heard{conn: in, secure: rt.listener.Protocol == model.ListenTLS}
	if !h.secure && rt.listener.Protocol != model.ListenPostgres {
		return h, nil
	}
	if err := in.SetReadDeadline(time.Now().Add(l.relay.cfg.HelloTimeout)); err != nil {
		return h, err
	}
	if rt.listener.Protocol == model.ListenPostgres {
		if len(rt.listener.Certificates) == 0 && rt.service.Gateway.BackendTLS == nil {
			return h, in.SetReadDeadline(time.Time{}) // client and server agree on TLS themselves
		}
		secure, first, err := hearPostgres(in, len(rt.listener.Certificates) > 0)
		if err != nil {
			return h, err
		}
		h.secure = secure
		in.unread(first)
	}
	if h.secure {
		hello, read, err := peek(in)
		if err != nil {
			return h, err
		}
		in.unread(read)
		h.secure = !rt.listener.Passthrough
		h.name, h.protocols = hello.ServerName, hello.SupportedProtos
	}
	return h, in.SetReadDeadline(time.Time{})
}

// answer ends the client's TLS, with the protocol that the endpoint has chosen.
func (l *tcpListener) answer(h heard, rt *route, server net.Conn) (net.Conn, error) {
	if !h.secure {
		return h.conn, nil
	}
	var protocols []string
	if s, ok := server.(*tls.Conn); ok {
		if p := s.ConnectionState().NegotiatedProtocol; slices.Contains(h.protocols, p) {
			protocols = []string{p}
		}
	}
	if rt.listener.Protocol == model.ListenPostgres && slices.Contains(h.protocols, postgresALPN) {
		protocols = []string{postgresALPN}
	}
	if err := h.conn.SetDeadline(time.Now().Add(l.relay.cfg.HelloTimeout)); err != nil {
		return nil, err
	}
	client := tls.Server(h.conn, l.relay.terminate(rt, protocols))
	if err := client.Handshake(); err != nil {
		return nil, err
	}
	return client, h.conn.SetDeadline(time.Time{})
}

// run carries bytes both ways until both directions have ended, each on its own. A
// direction that breaks ends the other one as well. The error is what the server has
// against the connection as such: in TLS 1.3 it may refuse a certificate after the
// client's part of the handshake is over; or it resets before anybody has said anything.
func (s *stream) run(r *Relay, client, server net.Conn) error {
	done := make(chan error, 1)
	go func() { done <- s.carry(r, client, server, &s.out) }()
	_ = s.carry(r, server, client, &s.in)
	err := <-done
	_ = server.Close()
	_ = client.Close()
	if alert := (*net.OpError)(nil); errors.As(err, &alert) && alert.Op == "remote error" {
		return &trust.Failure{Reason: model.ProbeHandshake, Says: "refuses the handshake: " + trust.Clean(cause(err).Error())}
	}
	if s.in.Load() == 0 && errors.Is(err, syscall.ECONNRESET) {
		return fmt.Errorf("resets the connection before anything was said: %w", err)
	}
	return nil
}

// carry moves bytes to dst until src ends, and passes the end on. The error is why src
// could not be read.
func (s *stream) carry(r *Relay, dst, src net.Conn, moved *atomic.Int64) error {
	d := delivery{src: src, buffers: &r.buffers}
	fill, waits := d.fill, withoutTLS(src).(interface{ whenReadable(func() error) error })
	for {
		err := waits.whenReadable(fill)
		n := int64(d.n)
		if !d.deliver(dst) {
			s.cut()
			return nil
		}
		moved.Add(n)
		s.moved.Add(n)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			s.cut()
			return err
		}
	}
	s.ended.Add(1)
	_ = closeWrite(dst)
	return nil
}

// delivery is what one read has taken, and the buffer that was borrowed for it.
type delivery struct {
	src     net.Conn
	buffers *sync.Pool // of *[bufferSize]byte
	buf     *[bufferSize]byte
	n       int
}

// fill reads what is there. If that is nothing, it holds no buffer.
func (d *delivery) fill() error {
	d.buf = d.buffers.Get().(*[bufferSize]byte)
	n, err := d.src.Read(d.buf[:])
	d.n = n
	switch {
	case n == 0:
		d.release()
	case err == error(nothingYet{}):
		return nil
	}
	return err
}

// deliver writes what there is, if anything, and reports whether dst took it.
func (d *delivery) deliver(dst net.Conn) bool {
	if d.n == 0 {
		return true
	}
	defer d.release()
	_, err := dst.Write(d.buf[:d.n])
	return err == nil
}

func (d *delivery) release() {
	d.buffers.Put(d.buf)
	d.buf, d.n = nil, 0
}
