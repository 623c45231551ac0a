package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// web serves the clients of one listener that speak HTTP. The zero value is ready to
// use, and holds nothing until the first client comes.
type web struct {
	mu     sync.Mutex
	server *webServer // for new clients; nil before the first
}

// webServer serves the clients that came while the limits were these.
type webServer struct {
	l         *tcpListener
	limits    limits
	forwarder *forwarder
	http      *http.Server
	clients   *handover

	mu sync.Mutex
	// fast are the clients that have sent nothing so far but plain requests.
	fast map[*webClient]struct{}
	// retired says that clients are to end when they have their answers.
	retired bool
	// given are the clients handed to package http whose request it has not begun with.
	// It would let that go unanswered if it ended before.
	given sync.WaitGroup
}

// limits are those of a client's connection.
type limits struct {
	header int
	idle   time.Duration
}

// take serves a client.
func (w *web) take(l *tcpListener, rt *route, conn *net.TCPConn) {
	in, err := newInward(conn)
	if err != nil {
		_ = conn.Close()
		rt.stats.leave()
		return
	}
	c := &webClient{inward: in, tcp: conn, client: clientOf(conn), relay: l.relay, stats: rt.stats, idle: rt.idle()}
	if !l.relay.tunnels.add(c) {
		c.stats.leave()
		refuse(conn)
		return
	}
	s := w.serving(l, rt)
	if len(rt.listener.Certificates) > 0 {
		if !s.clients.give(tls.Server(c, l.relay.terminate(rt, []string{"h2", "http/1.1"}))) {
			_ = c.Close()
		}
		return
	}
	l.relay.wg.Go(func() { s.serve(c) })
}

// serving returns the server for new clients.
func (w *web) serving(l *tcpListener, rt *route) *webServer {
	g := rt.service.Gateway
	now := limits{header: g.HTTP.MaxHeaderBytes, idle: g.IdleTimeout}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.server != nil && w.server.limits == now {
		return w.server
	}
	if w.server != nil {
		w.server.retire(l.relay)
	}
	w.server = newWebServer(l, now)
	return w.server
}

func newWebServer(l *tcpListener, now limits) *webServer {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	s := &webServer{l: l, limits: now, forwarder: newForwarder(l), clients: newHandover(l.ln.Addr()), fast: map[*webClient]struct{}{}}
	s.http = &http.Server{
		Handler: s.forwarder, Protocols: protocols, MaxHeaderBytes: now.header,
		ReadHeaderTimeout: l.relay.cfg.HelloTimeout, IdleTimeout: now.idle,
		ErrorLog:    log.New(&clientErrors{l}, "", 0),
		ConnContext: handing,
	}
	l.relay.wg.Go(func() { _ = s.http.Serve(s.clients) })
	return s
}

// serve serves a client: plain requests itself, and from the first one on that is not so
// by package http.
func (s *webServer) serve(c *webClient) {
	s.mu.Lock()
	s.fast[c] = struct{}{}
	s.mu.Unlock()
	x := &express{s: s, c: c}
	h, goesOn := x.run()
	c.handed.Store(h)
	s.mu.Lock()
	delete(s.fast, c)
	retired := s.retired
	if goesOn && !retired && x.size > 0 { // all of the request's head is there
		s.given.Add(1)
		c.begun = sync.OnceFunc(s.given.Done)
	}
	s.mu.Unlock()
	switch {
	case !goesOn:
		_ = c.Close()
	case retired || !s.clients.give(c):
		c.begin()
		last := newWebServer(s.l, s.limits) // for this one answer
		last.http.SetKeepAlivesEnabled(false)
		last.clients.give(c)
		_ = last.clients.Close()
	}
}

// ends reports whether clients are to end when they have their answers.
func (s *webServer) ends() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.retired
}

// retire takes no more clients; those that are connected end when they have their
// answers, and at once where they wait for none.
func (s *webServer) retire(r *Relay) {
	s.mu.Lock()
	s.retired = true
	for c := range s.fast {
		c.retire()
	}
	s.mu.Unlock()
	_ = s.clients.Close()
	r.wg.Go(func() {
		ctx, done := context.WithCancel(context.Background())
		defer done()
		go func() {
			select {
			case <-r.cut:
				done()
			case <-ctx.Done():
			}
		}()
		s.given.Wait()
		_ = s.http.Shutdown(ctx)
	})
}

// close takes no more clients.
func (w *web) close(r *Relay) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.server != nil {
		w.server.retire(r)
		w.server = nil
	}
}

// clientErrors hears what the server of package http has to say of clients: of their
// TLS handshakes, mostly.
type clientErrors struct{ l *tcpListener }

func (e *clientErrors) Write(line []byte) (int, error) {
	rt := e.l.route.Load()
	if h := e.l.relay.cfg.Hooks.ClientFailed; h != nil {
		h(rt.key, rt.port, errors.New(strings.TrimSpace(string(line))))
	}
	return len(line), nil
}

var _ io.Writer = (*clientErrors)(nil)
