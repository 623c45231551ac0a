package relay

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

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
