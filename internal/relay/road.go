package relay

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"sync"
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
	g, k := rt.service.Gateway, &e.roads
	k.mu.Lock()
	defer k.mu.Unlock()
	now := terms{g.BackendTLS, g.HTTP.ResponseTimeout, g.ConnectTimeout, rt.port.AppProtocol}
	if !k.made.same(now) {
		k.closeIdle()
		k.open, k.switching = nil, nil
	}
	k.made = now
	road := &k.open
	if switches {
		road = &k.switching
	}
	if *road == nil {
		*road = newRoad(r, rt, e, switches)
	}
	return *road
}

// closeIdle ends the connections that carry nothing.
func (e *endpoint) closeIdle() {
	e.roads.mu.Lock()
	defer e.roads.mu.Unlock()
	e.roads.closeIdle()
}

func (k *roads) closeIdle() {
	for _, road := range []*http.Transport{k.open, k.switching} {
		if road != nil {
			road.CloseIdleConnections()
		}
	}
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
	case rt.port.AppProtocol == "kubernetes.io/h2c" || rt.port.AppProtocol == "grpc":
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
		return r.keep(rt, e, conn)
	}
	return &http.Transport{
		DialContext: dial, DialTLSContext: dial, Protocols: protocols, DisableCompression: true,
		MaxIdleConns: 0, MaxIdleConnsPerHost: 1024, IdleConnTimeout: idleRoad,
		ResponseHeaderTimeout: rt.service.Gateway.HTTP.ResponseTimeout, MaxResponseHeaderBytes: 1 << 20,
		ReadBufferSize: bufferSize, WriteBufferSize: bufferSize,
		TLSHandshakeTimeout: 0, ExpectContinueTimeout: time.Second,
		// Or all requests would go on over a connection whose target has vanished.
		HTTP2: &http.HTTP2Config{SendPingTimeout: r.cfg.PingTimeout, PingTimeout: r.cfg.PingTimeout},
	}
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

func (u *upstream) cut()              { u.conn.reset() }
func (u *upstream) goesTo() *endpoint { return u.end }

// sweep leaves it to its requests, and then to idleRoad.
func (u *upstream) sweep(time.Time, time.Duration, time.Duration) {}
