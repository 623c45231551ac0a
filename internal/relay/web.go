package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
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
	h, goesOn := (&express{s: s, c: c}).run()
	c.handed.Store(h)
	s.mu.Lock()
	delete(s.fast, c)
	retired := s.retired
	if goesOn && !retired && h != nil {
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

// give hands a client over, and returns false if nobody takes it any more.
func (h *handover) give(c net.Conn) bool {
	select {
	case h.next <- c:
		return true
	case <-h.done:
		return false
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
	*inward
	tcp    *net.TCPConn
	client netip.Addr
	relay  *Relay
	stats  *counters
	idle   time.Duration
	ending sync.Once
	moving

	// turn is what the client does while its requests are plain.
	turn atomic.Int32
	// handed is how far its request has come when package http takes over.
	handed atomic.Pointer[handed]
	// begun is called when package http has begun with that, or cannot; nil if nobody
	// waits for it.
	begun func()

	mu    sync.Mutex
	lane  *lane // over which its request is under way
	isCut bool
}

// What a client does.
const (
	arriving int32 = iota // it has asked for nothing yet
	working
	resting  // it has all its answers
	goneHome // it is closed, or about to be
)

// rests notes that the client waits for nothing, and returns false if it is to end then.
func (c *webClient) rests(s *webServer) bool {
	c.turn.Store(resting)
	return !s.ends() || !c.turn.CompareAndSwap(resting, goneHome)
}

// works notes that the client has sent something, and returns false if it is too late.
func (c *webClient) works() bool {
	return c.turn.CompareAndSwap(resting, working) || c.turn.CompareAndSwap(arriving, working)
}

// retire ends a client that waits for nothing.
func (c *webClient) retire() {
	if c.turn.CompareAndSwap(resting, goneHome) {
		_ = c.tcp.Close()
	}
}

// begin notes that package http has begun with the client.
func (c *webClient) begin() {
	if c.begun != nil {
		c.begun()
	}
}

// on notes over which connection the client's request goes.
func (c *webClient) on(ln *lane) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lane = ln
}

// Close also has the client counted as gone.
func (c *webClient) Close() error {
	c.ending.Do(func() {
		c.relay.tunnels.remove(c)
		c.stats.leave()
		c.handed.Swap(nil).drop() // if nobody has asked for it
		c.begin()
	})
	return c.tcp.Close()
}

func (c *webClient) Read(b []byte) (int, error) {
	n, err := c.inward.Read(b)
	c.moved.Add(int64(n))
	return n, err
}

func (c *webClient) Write(b []byte) (int, error) {
	n, err := c.tcp.Write(b)
	c.moved.Add(int64(n))
	return n, err
}

// wasCut reports whether it was the relay that ended it, and its request.
func (c *webClient) wasCut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.isCut
}

// left reports whether the client has gone while an answer is under way that nobody would
// notice it by: package http watches its clients itself.
func (c *webClient) left() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lane != nil && ended(c.raw)
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
func (c *webClient) cut() {
	refuse(c.tcp)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isCut = true
	if c.lane != nil {
		beneath(c.lane.conn).reset()
	}
}

// goesTo is nil: requests go where they go, one by one.
func (c *webClient) goesTo() *endpoint { return nil }

func (c *webClient) sweep(now time.Time, idle, _ time.Duration) {
	if c.silent(now) >= shorter(idle, c.idle) || c.left() {
		c.cut()
	}
}
