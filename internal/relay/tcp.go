package relay

import (
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"fairlead.dev/internal/model"
)

// tcpListener accepts the connections of one virtual IP and port.
type tcpListener struct {
	relay  *Relay
	ln     *net.TCPListener
	route  atomic.Pointer[route]
	ends   ends
	picker picker
	sticky affinity
	web    web
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
	if p := r.parted[rt.at]; p != nil && p.key == rt.key {
		l.ends.leaving = p.ends
	}
	delete(r.parted, rt.at)
	l.update(rt)
	r.wg.Go(l.accept)
	return l, nil
}

func (l *tcpListener) serves() *want { return l.route.Load().want }

func (l *tcpListener) update(rt *route) {
	left := l.ends.follow(rt, l.route.Load())
	l.route.Store(rt)
	if l.manner(rt) != asRequests {
		l.web.close(l.relay)
	}
	l.relay.leave(rt, left)
}

// close lets the connections that stand run on.
func (l *tcpListener) close() {
	close(l.done)
	_ = l.ln.Close()
	<-l.ended
	l.web.close(l.relay)
}

// leave has them end as the service says, since it takes no clients any more.
func (l *tcpListener) leave() *parted {
	rt := l.route.Load()
	l.relay.leave(rt, rt.ends)
	return &parted{rt.key, l.ends.all(rt)}
}

func (l *tcpListener) sweep(now time.Time) {
	for _, end := range l.ends.all(l.route.Load()) {
		end.roads.sweep(now)
	}
	l.ends.forget()
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
		l.take(client)
	}
}

// take has a client served as its port's listener says.
func (l *tcpListener) take(client *net.TCPConn) {
	rt := l.route.Load()
	if !rt.stats.enter(rt.service.Gateway) {
		l.relay.cfg.Hooks.overflowed(rt)
		refuse(client)
		return
	}
	switch l.manner(rt) {
	case asRequests:
		l.web.take(l, rt, client)
	case asStream:
		s := &stream{client: client, idle: rt.idle()}
		if !l.relay.tunnels.add(s) {
			rt.stats.leave()
			refuse(client)
			return
		}
		l.relay.wg.Go(func() {
			defer rt.stats.leave()
			l.serveStream(s, rt)
		})
	case asBytes:
		raw, err := client.SyscallConn()
		if err != nil {
			_ = client.Close()
			rt.stats.leave()
			return
		}
		t := &tunnel{client: &socket{client, raw}, idle: rt.idle()}
		if !l.relay.tunnels.add(t) {
			t.client.reset()
			rt.stats.leave()
			return
		}
		l.relay.wg.Go(func() {
			defer rt.stats.leave()
			l.serve(t, client, rt)
		})
	}
}

// manner is how much of what clients send the relay has to understand.
type manner int

const (
	asBytes    manner = iota // nothing
	asStream                 // that there is TLS around it, and no more
	asRequests               // HTTP
)

func (l *tcpListener) manner(rt *route) manner {
	g := rt.service.Gateway
	if g == nil {
		return asBytes
	}
	switch rt.listener.Protocol {
	case model.ListenHTTP, model.ListenHTTPS:
		return asRequests
	case model.ListenTLS:
		return asStream
	case model.ListenPostgres:
		// Where the relay has no TLS, neither for clients nor for targets, it does not
		// stand in the way of what these agree on.
		if len(rt.listener.Certificates) > 0 {
			return asStream
		}
	case model.ListenTCP, model.ListenUDP:
	}
	if g.BackendTLS != nil || g.ProxyProtocol != 0 {
		return asStream
	}
	return asBytes
}

// refuse resets a client.
func refuse(client *net.TCPConn) {
	_ = client.SetLinger(0)
	_ = client.Close()
}

// serve connects the client to an endpoint and carries bytes until both are done.
func (l *tcpListener) serve(t *tunnel, conn *net.TCPConn, rt *route) {
	defer l.relay.tunnels.remove(t)
	order := l.order(rt, clientOf(conn))
	server, end := l.relay.dial(rt, order)
	if server == nil {
		t.client.reset()
		l.relay.cfg.Hooks.refused(rt)
		return
	}
	end.took()
	l.stick(rt, clientOf(conn), order[0], end)
	if !t.attach(server, end) {
		return
	}
	end.open.Add(1)
	defer end.open.Add(-1)
	if end.over(l.relay.cfg.Now()) { // it went while it was connected to
		t.cut()
	}
	opened := time.Now()
	l.relay.cfg.Hooks.opened(rt, end.addr)
	t.run(l.relay)
	l.relay.cfg.Hooks.closed(rt, end.addr, Traffic{In: t.up.moved.Load(), Out: t.down.moved.Load(), Took: time.Since(opened)})
}

// stick notes that a client with affinity ended up at another endpoint than first
// was meant.
func (l *tcpListener) stick(rt *route, client netip.Addr, first, end *endpoint) {
	if rt.service.SessionAffinity > 0 && end != first {
		l.sticky.moved(client, end.place(), l.relay.cfg.Now())
	}
}

// order is the endpoints in the order in which to try them for this client.
func (l *tcpListener) order(rt *route, client netip.Addr) []*endpoint {
	now := l.relay.cfg.Now()
	order := l.picker.order(rt.ends, now, l.relay.cfg.HoldOff, rt.first())
	if stay := rt.service.SessionAffinity; stay > 0 {
		order = l.sticky.prefer(client, order, now, stay)
	}
	return order
}

func clientOf(conn net.Conn) netip.Addr {
	return conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
}
