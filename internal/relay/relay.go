// Package relay stands behind the virtual IPs of `fairlead run`: it listens on
// each virtual IP and port of a snapshot and forwards TCP connections and UDP
// datagrams to the endpoints that are ready; `fairlead gateway` does the same on ports of
// its own. What a service with a gateway asks for happens here: TLS is ended and begun,
// requests get the target's Host, weights are kept, connections end with their target.
//
// As in Kubernetes, a listener stands only while its port has a ready endpoint;
// otherwise the kernel refuses. New connections follow the latest snapshot, and
// a connection that stands is never cut by an edit, only by its peers, by
// silence, by a gateway's onTargetDown, or by [Relay.Close].
//
// The package does not decide which endpoints are ready, resolves no names and
// probes nothing. Without a gateway it does not look into the bytes that it carries.
package relay

import (
	"context"
	"sync"
	"time"

	"fairlead.dev/internal/model"
)

// Relay makes the listeners of snapshots stand. Make one with [New]. Its methods
// may be called concurrently.
type Relay struct {
	cfg     Config
	pipes   *pipePool
	tunnels registry
	// upstreams are the connections to endpoints that carry requests.
	upstreams registry
	// Buffers are lent while bytes are under way.
	buffers, datagrams sync.Pool

	mu        sync.Mutex // guards the fields below; held through Publish
	listeners map[slot]listener
	services  map[model.Key]*counters
	plan      *plan // the last one
	// parted are the endpoints of listeners that are gone.
	parted map[slot]*parted
	closed bool
	// draining are the listeners that Close has closed, and their connections.
	draining map[slot]listener

	waking    sync.Mutex // guards deadlines
	deadlines []time.Time
	woken     chan struct{}

	sweeping sync.Once
	cut      chan struct{} // closed when the drain is over
	cutOnce  sync.Once
	wg       sync.WaitGroup // every goroutine of the relay
}

// listener is one virtual IP and port that stands.
type listener interface {
	// serves returns what it stands for.
	serves() *want
	// update lets new connections and sessions follow rt. Called under Relay.mu.
	update(rt *route)
	// close returns when the kernel refuses new clients.
	close()
	// leave has the connections that stand end as their service says, and returns
	// where they lead; nil if there are none. Called under Relay.mu, after close.
	leave() *parted
	// sweep drops what has been idle for too long.
	sweep(now time.Time)
}

// New returns a relay without listeners. It holds nothing until the first
// [Relay.Publish].
func New(cfg Config) *Relay {
	cfg = cfg.withDefaults()
	return &Relay{
		cfg:       cfg,
		pipes:     newPipePool(cfg.maxPipes),
		buffers:   sync.Pool{New: func() any { return new([bufferSize]byte) }},
		datagrams: sync.Pool{New: func() any { return new(datagram) }},
		listeners: make(map[slot]listener),
		parted:    make(map[slot]*parted),
		services:  make(map[model.Key]*counters),
		cut:       make(chan struct{}),
		woken:     make(chan struct{}, 1),
	}
}

// Publish makes the listeners of the snapshot stand before it returns, and those
// that it no longer has refuse. Listeners that both have are not touched. It
// says what could not be done, one fault for each service concerned; a later
// Publish tries those again. After Close it listens nowhere any more, and still has
// connections end with their target.
func (r *Relay) Publish(s *model.Snapshot) []model.Fault {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		r.drained(s)
		return nil
	}
	r.sweeping.Do(r.startSweeping)
	p := makePlan(s, r.plan)
	r.plan = p
	// First those that go: a newcomer may want the address.
	for at, l := range r.listeners {
		if w, stays := p.wanted[at]; !stays || w.key != l.serves().key {
			l.close()
			if left := l.leave(); left != nil {
				r.parted[at] = left
			}
			delete(r.listeners, at)
		}
	}
	for _, w := range p.order {
		switch l, stands := r.listeners[w.at]; {
		case !stands:
			opened, err := r.listen(&route{want: w, stats: r.count(w.key)})
			if err != nil {
				p.faults.listen(w, err)
				continue
			}
			r.listeners[w.at] = opened
		case l.serves() != w:
			l.update(&route{want: w, stats: r.count(w.key)})
		}
	}
	return p.faults.list(r.serving())
}

// drained has the connections that stand follow a snapshot, of listeners that are closed.
// Called under r.mu.
func (r *Relay) drained(s *model.Snapshot) {
	p := makePlan(s, r.plan)
	r.plan = p
	for at, l := range r.draining {
		switch w, stays := p.wanted[at]; {
		case !stays || w.key != l.serves().key:
			l.leave()
			delete(r.draining, at)
		case l.serves() != w:
			l.update(&route{want: w, stats: r.count(w.key)})
		}
	}
}

// serving tells which services have a listener that stands. Called under r.mu.
func (r *Relay) serving() map[model.Key]bool {
	keys := make(map[model.Key]bool)
	if len(r.plan.faults.order) == 0 {
		return keys
	}
	for _, l := range r.listeners {
		keys[l.serves().key] = true
	}
	return keys
}

// listen opens the socket of rt and serves it.
func (r *Relay) listen(rt *route) (listener, error) {
	if rt.at.protocol == model.UDP {
		return r.listenUDP(rt)
	}
	return r.listenTCP(rt)
}

// Close stops accepting, lets the connections that stand run on until they end,
// ctx is done or [Config.DrainTimeout] has passed, and then resets the rest. UDP
// sessions have no end to wait for and end at once. When it returns nothing of
// the relay is left running; the error is non-nil if connections were reset.
func (r *Relay) Close(ctx context.Context) error {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		for _, l := range r.listeners {
			l.close()
		}
		r.draining, r.listeners = r.listeners, make(map[slot]listener)
	}
	r.mu.Unlock()

	ctx, cancel := context.WithTimeout(ctx, r.cfg.DrainTimeout)
	defer cancel()
	err := r.drain(ctx)
	r.upstreams.cut()
	r.wg.Wait()
	r.pipes.close()
	return err
}
