package relay

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"fairlead.dev/internal/model"
)

// unreachable is why no request was sent to an endpoint.
type unreachable struct{ err error }

func (u *unreachable) Error() string { return u.err.Error() }
func (u *unreachable) Unwrap() error { return u.err }

// roads are the connections to one endpoint that carry requests. The zero value is
// ready to use.
type roads struct {
	mu   sync.Mutex
	made terms
	open *http.Transport
	// switching are those for requests that switch to another protocol, which HTTP/2
	// has no place for; nil before the first.
	switching *http.Transport
	// lanes carry plain requests. They have carried nothing since they are here, the
	// newest last.
	lanes []*lane
	// left says that the endpoint takes no traffic any more.
	left bool
	// chose2 says that the endpoint, asked by ALPN, has chosen HTTP/2.
	chose2 atomic.Bool
}

// terms are what connections are made by: others take others.
type terms struct {
	tls             *model.BackendTLS
	answer, connect time.Duration
	appProtocol     string
}

func (t terms) same(u terms) bool {
	tls := t.tls == u.tls || reflect.DeepEqual(t.tls, u.tls)
	t.tls, u.tls = nil, nil
	return tls && t == u
}

// road returns the connections to the endpoint, as the route says that they are to
// be, for requests that switch to another protocol or not.
func (e *endpoint) road(r *Relay, rt *route, switches bool) *http.Transport {
	k := &e.roads
	k.mu.Lock()
	defer k.mu.Unlock()
	k.follow(termsOf(rt))
	road := &k.open
	if switches {
		road = &k.switching
	}
	if *road == nil {
		*road = newRoad(r, rt, e, switches)
	}
	return *road
}

// follow has connections be made by these terms from now on.
func (k *roads) follow(now terms) {
	if !k.made.same(now) {
		k.closeIdle()
		k.open, k.switching = nil, nil
		k.chose2.Store(false)
	}
	k.made = now
}

// leave ends the connections that carry nothing, and the others when they do no more; and
// back has them kept again.
func (e *endpoint) leave() {
	e.roads.mu.Lock()
	defer e.roads.mu.Unlock()
	e.roads.left = true
	e.roads.closeIdle()
}

func (e *endpoint) back() {
	e.roads.mu.Lock()
	defer e.roads.mu.Unlock()
	e.roads.left = false
}

func (k *roads) closeIdle() {
	for _, road := range []*http.Transport{k.open, k.switching} {
		if road != nil {
			road.CloseIdleConnections()
		}
	}
	for _, ln := range k.lanes {
		_ = ln.conn.Close()
	}
	k.lanes = nil
}

func newRoad(r *Relay, rt *route, e *endpoint, switches bool) *http.Transport {
	protocols := new(http.Protocols)
	offer := alpn{protocols: []string{"h2", "http/1.1"}}
	switch {
	case switches:
		protocols.SetHTTP1(true)
		offer = alpn{protocols: []string{"http/1.1"}, only: true}
	case rt.service.Gateway.BackendTLS != nil:
		protocols.SetHTTP1(true)
		protocols.SetHTTP2(true)
	case rt.knownHTTP2():
		protocols.SetUnencryptedHTTP2(true)
	default:
		protocols.SetHTTP1(true)
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var failed error
		sock, _ := r.dialNoting(rt, []*endpoint{e}, &failed)
		if sock == nil {
			return nil, &unreachable{failed}
		}
		connected(ctx)
		conn, err := r.introduce(rt, e, sock, nil, offer)
		if err != nil {
			return nil, &unreachable{err}
		}
		if !switches {
			e.chosen(conn)
		}
		return r.keep(rt, e, conn)
	}
	return &http.Transport{
		DialContext: dial, DialTLSContext: dial, Protocols: protocols, DisableCompression: true,
		MaxIdleConns: 0, MaxIdleConnsPerHost: maxLanes, IdleConnTimeout: idleRoad,
		ResponseHeaderTimeout: rt.service.Gateway.HTTP.ResponseTimeout, MaxResponseHeaderBytes: maxResponseHead,
		ReadBufferSize: bufferSize, WriteBufferSize: bufferSize,
		TLSHandshakeTimeout: 0, ExpectContinueTimeout: time.Second,
		// Or all requests would go on over a connection whose target has vanished.
		HTTP2: &http.HTTP2Config{SendPingTimeout: r.cfg.PingTimeout, PingTimeout: r.cfg.PingTimeout},
	}
}

// knownHTTP2 reports whether endpoints without TLS speak HTTP/2 by prior knowledge.
func (rt *route) knownHTTP2() bool {
	return rt.port.AppProtocol == "kubernetes.io/h2c" || rt.port.AppProtocol == "grpc"
}

// idleRoad is how long a connection to an endpoint is kept for the next request: less
// than most servers keep theirs, so that a request seldom meets one that ends.
const idleRoad = 30 * time.Second

// upstream is a connection to an endpoint that carries requests, of several clients in
// turn or at once.
type upstream struct {
	conn *outward
	end  *endpoint
}

// keep notes a connection that carries requests, so that it ends with its endpoint.
func (r *Relay) keep(rt *route, end *endpoint, conn net.Conn) (net.Conn, error) {
	u := &upstream{conn: beneath(conn), end: end}
	opened := time.Now()
	u.conn.closed = func() {
		r.upstreams.remove(u)
		r.cfg.Hooks.closed(rt, end.addr, Traffic{In: u.conn.sent.Load(), Out: u.conn.received.Load(), Took: time.Since(opened)})
	}
	r.cfg.Hooks.opened(rt, end.addr)
	if !r.upstreams.add(u) || end.over(r.cfg.Now()) { // all ends, or the endpoint went while it was connected to
		_ = conn.Close()
		return nil, &unreachable{fmt.Errorf("%s takes no traffic any more", end.name())}
	}
	return conn, nil
}

// cut also counts it as closed, since nobody may be using it.
func (u *upstream) cut() {
	u.conn.reset()
	_ = u.conn.Close()
}

func (u *upstream) goesTo() *endpoint { return u.end }

// sweep leaves it to its requests, and then to idleRoad.
func (u *upstream) sweep(time.Time, time.Duration, time.Duration) {}
