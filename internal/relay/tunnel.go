package relay

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// tunnel is one TCP connection: a client, and the endpoint that it was given.
type tunnel struct {
	client   *socket
	idle     time.Duration // the gateway's; zero without one
	up, down pump          // from and to the client
	ended    atomic.Int32

	mu     sync.Mutex
	server *socket   // nil until the endpoint is connected
	end    *endpoint // whose socket that is
	isCut  bool

	watch watch // of the sweeper alone
}

// attach gives the tunnel its endpoint. It returns false, and closes server, if
// the tunnel was cut before.
func (t *tunnel) attach(server *socket, end *endpoint) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.isCut {
		server.close()
		return false
	}
	t.server, t.end = server, end
	return true
}

func (t *tunnel) goesTo() *endpoint {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.end
}

// cut resets both sides, now. The tunnel's goroutines end on their own.
func (t *tunnel) cut() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.isCut = true
	t.client.reset()
	if t.server != nil {
		t.server.reset()
	}
}

// run carries bytes both ways until both directions have ended, each on its own:
// an end that one peer sends goes to the other one, and the way back stays open.
// A reset goes to the other one as a reset. Both sockets are closed afterwards.
func (t *tunnel) run(r *Relay) {
	t.up.init(t.client, t.server, r)
	t.down.init(t.server, t.client, r)
	done := make(chan struct{})
	go t.runDown(done)
	t.carry(&t.up)
	<-done
	if t.up.err != nil || t.down.err != nil {
		t.cut()
		return
	}
	t.client.close()
	t.server.close()
}

// runDown has a name of its own for the sake of goroutine dumps.
func (t *tunnel) runDown(done chan<- struct{}) {
	defer close(done)
	t.carry(&t.down)
}

// carry runs one direction to its end and passes that on.
func (t *tunnel) carry(p *pump) {
	p.err = p.run()
	last := t.ended.Add(1) == 2
	if p.err == nil && !last && p.src.isReset() {
		p.err, p.broken = unix.ECONNRESET, atReading
	}
	switch {
	case p.err == nil && !last:
		p.dst.closeWrite()
	case p.err == nil:
		// Closing both sockets says the same.
	case p.broken == atReading:
		// Nothing that still comes from dst could be delivered.
		t.cut()
	default:
		// dst takes nothing more; what it has sent before may still be read, and
		// then ends by itself.
	}
}

// sweep cuts the tunnel if nothing moved for idle, or for halfClosed once one
// direction has ended, or if one side took nothing of what waited for it for so
// long. Called by the sweeper alone.
func (t *tunnel) sweep(now time.Time, idle, halfClosed time.Duration) {
	limit := shorter(idle, t.idle)
	if t.ended.Load() > 0 {
		limit = shorter(halfClosed, t.idle)
	}
	up, down := t.up.moved.Load(), t.down.moved.Load()
	w := &t.watch
	if w.since.IsZero() {
		w.since, w.upSince, w.downSince = now, now, now
	}
	if !w.keptAlive {
		w.keptAlive = t.keepAlive()
	}
	if up != w.up {
		w.up, w.upSince, w.since = up, now, now
	}
	if down != w.down {
		w.down, w.downSince, w.since = down, now, now
	}
	silent := now.Sub(w.since) >= limit
	stuck := t.up.stuck.Load() && now.Sub(w.upSince) >= limit ||
		t.down.stuck.Load() && now.Sub(w.downSince) >= limit
	if silent || stuck {
		t.cut()
	}
}

// keepAlive turns it on at the endpoint's side, once there is one. Only connections
// that live long enough to be swept need it, so that the short ones save the
// system calls; at the client's side it is inherited from the listener.
func (t *tunnel) keepAlive() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.server == nil {
		return false
	}
	t.server.keepAlive()
	return true
}

// watch is what the sweeper saw of a tunnel: byte counts, and since when they
// have been the same.
type watch struct {
	up, down                  int64
	since, upSince, downSince time.Time
	keptAlive                 bool
}
