package dnsserver

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

const (
	protoUDP = "udp"
	protoTCP = "tcp"
)

// ErrNotListening means that [Server.Serve] was called before a successful
// [Server.Listen].
var ErrNotListening = errors.New("the DNS server has no address to serve: call Listen first")

// Server answers DNS queries over UDP and TCP. Make one with [New], then call
// [Server.Listen] for each address, then [Server.Serve].
type Server struct {
	config Config
	self   []netip.Addr
	view   atomic.Pointer[View]

	udp []*net.UDPConn
	tcp []*net.TCPListener

	// forwards and conns hold one value for each one under way.
	forwards chan struct{}
	conns    chan struct{}
	running  sync.WaitGroup
}

// New returns a server that listens nowhere yet. It panics if c.Snapshot is nil.
func New(c Config) *Server {
	if c.Snapshot == nil {
		panic("dnsserver: Config.Snapshot is nil")
	}
	c = c.withDefaults()
	return &Server{
		config:   c,
		self:     slices.Clone(c.Self),
		forwards: make(chan struct{}, c.Forwards),
		conns:    make(chan struct{}, c.Conns),
	}
}

// Addrs are the addresses that the server listens on, by UDP and TCP alike.
func (s *Server) Addrs() []netip.AddrPort {
	addrs := make([]netip.AddrPort, len(s.tcp))
	for i, l := range s.tcp {
		addrs[i] = local(l)
	}
	return addrs
}

func local(l *net.TCPListener) netip.AddrPort {
	a := l.Addr().(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// Serve answers queries until ctx ends, then stops reading, lets what is under
// way end (forwarded questions with SERVFAIL) and closes the sockets. It
// returns nil then, and an error if a socket broke before. Call it once.
func (s *Server) Serve(ctx context.Context) error {
	if len(s.tcp) == 0 {
		return ErrNotListening
	}
	defer s.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for _, c := range s.udp {
		s.running.Go(func() { s.run(ctx, cancel, c, func() error { return s.serveUDP(ctx, c) }) })
	}
	for _, l := range s.tcp {
		s.running.Go(func() { s.run(ctx, cancel, l, func() error { return s.serveTCP(ctx, l) }) })
	}
	<-ctx.Done()
	s.running.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// Close closes the sockets of a server that will not serve. After Serve it
// does nothing.
func (s *Server) Close() error {
	for _, c := range s.udp {
		c.Close()
	}
	for _, l := range s.tcp {
		l.Close()
	}
	return nil
}

// waker is a socket whose waiting reads end at a deadline.
type waker interface{ SetDeadline(time.Time) error }

type readWaker interface{ SetReadDeadline(time.Time) error }

// run runs one socket's loop. When ctx ends the loop is woken; when the loop
// ends before, everything does.
func (s *Server) run(ctx context.Context, cancel context.CancelCauseFunc, socket waker, loop func() error) {
	stop := wakeAtEnd(ctx, socket)
	defer stop()
	if err := loop(); err != nil && ctx.Err() == nil {
		cancel(err)
	}
}

// wakeAtEnd ends reads that wait when ctx ends. Writes go on where the socket
// can tell the two apart.
func wakeAtEnd(ctx context.Context, socket waker) (stop func() bool) {
	past := time.Unix(1, 0)
	return context.AfterFunc(ctx, func() {
		if r, ok := socket.(readWaker); ok {
			r.SetReadDeadline(past)
			return
		}
		socket.SetDeadline(past)
	})
}

// later answers a pending query from a goroutine of its own, unless too many
// wait already, and hands the reply to send.
func (s *Server) later(ctx context.Context, p *pending, group *sync.WaitGroup, send func([]byte)) {
	select {
	case s.forwards <- struct{}{}:
	default:
		send(s.fail(p, dns.ExtendedErrorCodeOther, errBusy))
		return
	}
	group.Go(func() {
		defer func() { <-s.forwards }()
		defer s.guard()
		send(s.finish(ctx, p))
	})
}
