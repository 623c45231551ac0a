package relay

import (
	"container/list"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// datagram has room for any.
type datagram [1 << 16]byte

// udpListener receives the datagrams of one virtual IP and port, and keeps a
// session for each client, whose answers leave from the virtual IP.
type udpListener struct {
	relay  *Relay
	conn   *net.UDPConn
	raw    syscall.RawConn
	route  atomic.Pointer[route]
	picker picker
	sticky affinity
	done   chan struct{} // closed by close

	mu       sync.Mutex
	sessions map[netip.AddrPort]*session
	recent   list.List // of *session, the one heard of last in front
	standing bool
}

func (r *Relay) listenUDP(rt *route) (listener, error) {
	conn, err := rt.at.openUDP()
	if err != nil {
		return nil, err
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	l := &udpListener{relay: r, conn: conn, raw: raw, done: make(chan struct{}), sessions: make(map[netip.AddrPort]*session), standing: true}
	l.picker.turns.Store(r.cfg.Rand())
	l.sticky.max = r.cfg.MaxAffinity
	l.update(rt)
	r.wg.Go(l.receive)
	return l, nil
}

func (l *udpListener) serves() *want { return l.route.Load().want }

func (l *udpListener) update(rt *route) {
	var before []*endpoint
	if old := l.route.Load(); old != nil {
		before = old.ends
	}
	rt.adopt(before)
	l.route.Store(rt)
}

// close ends the sessions as well: no datagram could begin them anew.
func (l *udpListener) close() {
	close(l.done)
	_ = l.conn.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.standing = false
	for _, s := range l.sessions {
		l.drop(s)
	}
}

// leave is nothing: sessions end with their listener.
func (l *udpListener) leave() *parted { return nil }

func (l *udpListener) sweep(now time.Time) {
	l.sticky.sweep(now, l.route.Load().service.SessionAffinity)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.sessions {
		if s.idle(now) {
			l.drop(s)
		}
	}
}

// receive forwards what clients send until the listener is closed.
func (l *udpListener) receive() {
	var wait time.Duration
	var err error
	one := func(fd uintptr) bool {
		buf := l.relay.datagrams.Get().(*datagram)
		defer l.relay.datagrams.Put(buf)
		var n int
		var from unix.Sockaddr
		if n, from, err = unix.Recvfrom(int(fd), buf[:], 0); err == nil {
			l.forward(from, buf[:n])
		}
		return !wouldBlock(err)
	}
	for {
		if closed := l.raw.Read(one); closed != nil {
			return
		}
		if err == nil {
			wait = 0
			continue
		}
		l.relay.cfg.Hooks.acceptFailed(l.route.Load(), os.NewSyscallError("recvfrom", err))
		if wait = backOff(wait); !pause(wait, l.done) {
			return
		}
	}
}

// forward sends a datagram to the endpoint of its client's session, or of a new
// session if there is none or its endpoint is gone.
func (l *udpListener) forward(from unix.Sockaddr, data []byte) {
	now, client := l.relay.cfg.Now(), addrPort(from)
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.standing {
		return
	}
	rt := l.route.Load()
	s := l.sessions[client]
	if s != nil && (s.rt.key != rt.key || rt.find(s.end.addr) == nil) {
		l.drop(s)
		s = nil
	}
	if s == nil {
		l.begin(rt, client, from, l.order(rt, client, now), data)
		return
	}
	l.recent.MoveToFront(s.at)
	if err := s.send(data, now); refused(err) {
		l.moveOn(s, err, data)
	}
}

// begin makes a session with the first of order that takes the datagram. The
// caller holds l.mu.
func (l *udpListener) begin(rt *route, client netip.AddrPort, from unix.Sockaddr, order []*endpoint, data []byte) {
	for len(l.sessions) >= l.relay.cfg.MaxSessions {
		l.drop(l.recent.Back().Value.(*session))
	}
	for i, end := range order {
		sock, err := l.connect(end)
		if err != nil {
			l.failed(rt, end, err)
			continue
		}
		s := &session{l: l, rt: rt, client: client, from: from, end: end, sock: sock, rest: order[i+1:], born: time.Now()}
		if err := s.send(data, l.relay.cfg.Now()); refused(err) {
			sock.close()
			l.failed(rt, end, err)
			continue
		}
		s.at = l.recent.PushFront(s)
		l.sessions[client] = s
		if rt.service.SessionAffinity > 0 {
			l.sticky.moved(client.Addr(), end.place(), l.relay.cfg.Now())
		}
		l.relay.cfg.Hooks.opened(rt, end.addr)
		l.relay.wg.Go(s.answer)
		return
	}
	l.relay.cfg.Hooks.refused(rt)
}

// connect makes a socket that talks with end alone. Where files have run out, the
// session that was idle longest gives its own.
func (l *udpListener) connect(end *endpoint) (*socket, error) {
	sock, err := dialUDP(end.addr)
	if outOfFiles(err) && l.recent.Len() > 0 {
		l.drop(l.recent.Back().Value.(*session))
		return dialUDP(end.addr)
	}
	return sock, err
}

// moveOn ends a session whose endpoint refused a datagram, and sends that to the
// next endpoint. The caller holds l.mu.
func (l *udpListener) moveOn(s *session, err error, data []byte) {
	l.drop(s)
	l.failed(s.rt, s.end, err)
	rt, rest := l.route.Load(), s.rest
	if s.answered.Load() != 0 {
		rest = l.order(rt, s.client, l.relay.cfg.Now())
	}
	if data != nil {
		l.begin(rt, s.client, s.from, rest, data)
	}
}

func (l *udpListener) failed(rt *route, end *endpoint, err error) {
	end.hold(l.relay.cfg.Now().Add(l.relay.cfg.HoldOff))
	l.relay.cfg.Hooks.connectFailed(rt, end.addr, err)
}

// drop ends a session, once. The caller holds l.mu.
func (l *udpListener) drop(s *session) {
	if l.sessions[s.client] != s {
		return
	}
	delete(l.sessions, s.client)
	l.recent.Remove(s.at)
	s.sock.close()
	l.relay.cfg.Hooks.closed(s.rt, s.end.addr, Traffic{In: s.in, Out: s.out.Load(), Took: time.Since(s.born)})
}

// order is the endpoints in the order in which to try them for this client.
func (l *udpListener) order(rt *route, client netip.AddrPort, now time.Time) []*endpoint {
	order := l.picker.order(rt.ends, now, l.relay.cfg.HoldOff, rt.first())
	if stay := rt.service.SessionAffinity; stay > 0 {
		order = l.sticky.prefer(client.Addr(), order, now, stay)
	}
	return order
}
