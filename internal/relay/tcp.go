package relay

import (
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// tcpListener accepts the connections of one virtual IP and port.
type tcpListener struct {
	relay  *Relay
	ln     *net.TCPListener
	route  atomic.Pointer[route]
	picker picker
	sticky affinity
	done   chan struct{} // closed by close
	ended  chan struct{} // closed when accept has returned
}

func (r *Relay) listenTCP(rt *route) (listener, error) {
	ln, err := rt.at.openTCP()
	if err != nil {
		return nil, err
	}
	l := &tcpListener{relay: r, ln: ln, done: make(chan struct{}), ended: make(chan struct{})}
	l.picker.turns.Store(r.cfg.Rand())
	l.sticky.max = r.cfg.MaxAffinity
	l.update(rt)
	r.wg.Go(l.accept)
	return l, nil
}

func (l *tcpListener) serves() *want { return l.route.Load().want }

func (l *tcpListener) update(rt *route) {
	rt.adopt(l.route.Load())
	l.route.Store(rt)
}

func (l *tcpListener) close() {
	close(l.done)
	_ = l.ln.Close()
	<-l.ended
}

func (l *tcpListener) sweep(now time.Time) {
	l.sticky.sweep(now, l.route.Load().service.SessionAffinity)
}

// accept hands clients over until the listener is closed. Where the kernel has
// none to give, because files ran out, say, it waits longer each time.
func (l *tcpListener) accept() {
	defer close(l.ended)
	var wait time.Duration
	for {
		client, err := l.ln.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			l.relay.cfg.Hooks.acceptFailed(l.route.Load(), err)
			if wait = backOff(wait); !pause(wait, l.done) {
				return
			}
			continue
		}
		wait = 0
		raw, err := client.SyscallConn()
		if err != nil {
			_ = client.Close()
			continue
		}
		t := &tunnel{client: &socket{client, raw}}
		if !l.relay.tunnels.add(t) {
			t.client.reset()
			continue
		}
		l.relay.wg.Go(func() { l.serve(t, client) })
	}
}

// serve connects the client to an endpoint and carries bytes until both are done.
func (l *tcpListener) serve(t *tunnel, conn *net.TCPConn) {
	defer l.relay.tunnels.remove(t)
	rt, cfg := l.route.Load(), &l.relay.cfg
	order := l.order(rt, conn)
	server, end := l.relay.dial(rt, order)
	if server == nil {
		t.client.reset()
		cfg.Hooks.refused(rt)
		return
	}
	if rt.service.SessionAffinity > 0 && end != order[0] {
		l.sticky.moved(clientOf(conn), end.addr, cfg.Now())
	}
	if !t.attach(server) {
		return
	}
	opened := time.Now()
	cfg.Hooks.opened(rt, end.addr)
	t.run(l.relay)
	cfg.Hooks.closed(rt, end.addr, Traffic{In: t.up.moved.Load(), Out: t.down.moved.Load(), Took: time.Since(opened)})
}

// order is the endpoints in the order in which to try them for this client.
func (l *tcpListener) order(rt *route, conn *net.TCPConn) []*endpoint {
	now := l.relay.cfg.Now()
	order := l.picker.order(rt.ends, now, l.relay.cfg.HoldOff)
	if stay := rt.service.SessionAffinity; stay > 0 {
		order = l.sticky.prefer(clientOf(conn), order, now, stay)
	}
	return order
}

func clientOf(conn *net.TCPConn) netip.Addr {
	return conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
}
