package relay

import (
	"crypto/tls"
	"errors"
	"net"
	"time"
)

// lane is a connection to an endpoint that carries plain requests, one after the other.
type lane struct {
	conn  net.Conn
	terms terms
	since time.Time // idle
	kept  bool      // it has carried one
}

// maxLanes is how many are kept for one endpoint, and of connections for other requests.
const maxLanes = 1024

// plain reports whether the endpoint is spoken to by HTTP/1.1, as far as is known. What it
// chooses by TLS is known once it has.
func (e *endpoint) plain(rt *route) bool {
	if rt.service.Gateway.BackendTLS != nil {
		return len(rt.service.Gateway.BackendTLS.ALPN) == 0 && !e.roads.chose2.Load()
	}
	return !rt.knownHTTP2()
}

// lane returns a connection to the endpoint over which nothing is under way, or nil. One
// that its server has ended in the meantime, or said something over, is closed.
func (e *endpoint) lane(rt *route) *lane {
	for {
		ln := e.roads.pop(termsOf(rt))
		if ln == nil {
			return nil
		}
		if ln.quiet() {
			return ln
		}
		_ = ln.conn.Close()
	}
}

// quiet reports whether the endpoint has neither ended nor said anything that was not read.
// What it has said by TLS may have been taken from the socket already, so TLS is asked.
func (ln *lane) quiet() bool {
	var octet [1]byte
	err := beneath(ln.conn).now(func() error {
		if n, err := ln.conn.Read(octet[:]); n == 0 {
			return err
		}
		return errUnasked
	})
	return errors.Is(err, nothingYet{})
}

// errUnasked is why a connection is not used any more.
var errUnasked = errors.New("it has said what nobody has asked for")

// newLane connects to the first of order that will have it, and tells which that was; also
// with an error, if it is only that one's. It returns neither if HTTP/2 was chosen there.
func (r *Relay) newLane(rt *route, order []*endpoint) (*lane, *endpoint, error) {
	conn, end, err := r.reach(rt, order, nil, alpn{protocols: []string{"h2", "http/1.1"}})
	if err != nil {
		return nil, nil, &unreachable{err}
	}
	if !end.chosen(conn) {
		_ = conn.Close()
		return nil, nil, nil
	}
	if conn, err = r.keep(rt, end, conn); err != nil {
		return nil, end, err
	}
	return &lane{conn: conn, terms: termsOf(rt)}, end, nil
}

// chosen notes what the endpoint speaks over a new connection, and reports whether that is
// HTTP/1.1.
func (e *endpoint) chosen(conn net.Conn) bool {
	secured, ok := conn.(*tls.Conn)
	if !ok {
		return true
	}
	two := secured.ConnectionState().NegotiatedProtocol == "h2"
	e.roads.chose2.Store(two)
	return !two
}

// park keeps a connection for the next request.
func (e *endpoint) park(ln *lane, now time.Time) {
	ln.since, ln.kept = now, true
	if !e.roads.push(ln) {
		_ = ln.conn.Close()
	}
}

func termsOf(rt *route) terms {
	g := rt.service.Gateway
	return terms{g.BackendTLS, g.HTTP.ResponseTimeout, g.ConnectTimeout, rt.port.AppProtocol}
}

func (k *roads) pop(now terms) *lane {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.follow(now)
	n := len(k.lanes)
	if n == 0 {
		return nil
	}
	ln := k.lanes[n-1]
	k.lanes = k.lanes[:n-1]
	return ln
}

func (k *roads) push(ln *lane) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.left || len(k.lanes) >= maxLanes || !k.made.same(ln.terms) {
		return false
	}
	k.lanes = append(k.lanes, ln)
	return true
}

// sweep closes those that have carried nothing for long. The oldest are first.
func (k *roads) sweep(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	old := 0
	for old < len(k.lanes) && now.Sub(k.lanes[old].since) >= idleRoad {
		_ = k.lanes[old].conn.Close()
		old++
	}
	k.lanes = append(k.lanes[:0], k.lanes[old:]...)
}
