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
	limits  limits
	http    *http.Server
	clients *handover
}

// limits are those of a client's connection.
type limits struct {
	header int
	idle   time.Duration
}

// take serves a client.
func (w *web) take(l *tcpListener, rt *route, conn *net.TCPConn) {
	c := &webClient{TCPConn: conn, relay: l.relay, stats: rt.stats, idle: rt.idle()}
	if !l.relay.tunnels.add(c) {
		c.stats.leave()
		refuse(conn)
		return
	}
	var client net.Conn = c
	if len(rt.listener.Certificates) > 0 {
		client = tls.Server(c, l.relay.terminate(rt, []string{"h2", "http/1.1"}))
	}
	w.serving(l, rt).clients.give(client)
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
	s := &webServer{limits: now, clients: newHandover(l.ln.Addr())}
	s.http = &http.Server{
		Handler: newForwarder(l), Protocols: protocols, MaxHeaderBytes: now.header,
		ReadHeaderTimeout: l.relay.cfg.HelloTimeout, IdleTimeout: now.idle,
		ErrorLog: log.New(&clientErrors{l}, "", 0),
	}
	l.relay.wg.Go(func() { _ = s.http.Serve(s.clients) })
	return s
}

// retire takes no more clients; those that are connected end when they have their
// answers, and at once where they wait for none.
func (s *webServer) retire(r *Relay) {
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

// handover is a listener to which clients are given.
type handover struct {
	addr net.Addr
	next chan net.Conn
	done chan struct{}
	once sync.Once
}

func newHandover(addr net.Addr) *handover {
	return &handover{addr: addr, next: make(chan net.Conn), done: make(chan struct{})}
}

func (h *handover) Accept() (net.Conn, error) {
	select {
	case c := <-h.next:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

func (h *handover) Close() error {
	h.once.Do(func() { close(h.done) })
	return nil
}

func (h *handover) Addr() net.Addr { return h.addr }

// give returns when the client is served, or is none any more.
func (h *handover) give(c net.Conn) {
	select {
	case h.next <- c:
	case <-h.done:
		_ = c.Close()
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

// webClient is a client's connection that carries requests.
type webClient struct {
	*net.TCPConn
	relay  *Relay
	stats  *counters
	idle   time.Duration
	ending sync.Once
	moving
}

// Close also has the client counted as gone.
func (c *webClient) Close() error {
	c.ending.Do(func() {
		c.relay.tunnels.remove(c)
		c.stats.leave()
	})
	return c.TCPConn.Close()
}

func (c *webClient) Read(b []byte) (int, error) {
	n, err := c.TCPConn.Read(b)
	c.moved.Add(int64(n))
	return n, err
}

func (c *webClient) Write(b []byte) (int, error) {
	n, err := c.TCPConn.Write(b)
	c.moved.Add(int64(n))
	return n, err
}

// ReadFrom and WriteTo go through Read and Write: what moves is seen while it moves, by
// who looks for connections over which nothing does.
func (c *webClient) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{c}, r)
}

func (c *webClient) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{c})
}

// cut is what ends it for its server, too, which then closes it.
func (c *webClient) cut() { refuse(c.TCPConn) }

// goesTo is nil: requests go where they go, one by one.
func (c *webClient) goesTo() *endpoint { return nil }

func (c *webClient) sweep(now time.Time, idle, _ time.Duration) {
	if c.silent(now) >= shorter(idle, c.idle) {
		c.cut()
	}
}
