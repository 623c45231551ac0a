package relay

import (
	"sync/atomic"

	"fairlead.dev/internal/model"
)

// Stats is what the relay did for one service since the service appeared.
type Stats struct {
	// Open is TCP connections and UDP sessions now, Total all that ever stood.
	Open, Total int64
	// ConnectFailed counts endpoints that did not take a connection, Refused the
	// clients for whom none did.
	ConnectFailed, Refused int64
	// In is bytes from clients, Out is bytes to them, of connections that ended.
	In, Out int64
}

// counters are a service's [Stats]. Connections keep theirs when the service goes.
type counters struct {
	open, total, connectFailed, refused, in, out atomic.Int64
}

// Stats returns the counts of a service; zero for one that is not published.
func (r *Relay) Stats(key model.Key) Stats {
	r.mu.Lock()
	c := r.services[key]
	r.mu.Unlock()
	if c == nil {
		return Stats{}
	}
	return Stats{
		Open: c.open.Load(), Total: c.total.Load(),
		ConnectFailed: c.connectFailed.Load(), Refused: c.refused.Load(),
		In: c.in.Load(), Out: c.out.Load(),
	}
}

// count keeps counters for the services of p, and for those that went while
// connections of theirs are open. The caller holds r.mu.
func (r *Relay) count(p *plan) {
	for key, c := range r.services {
		if _, published := p.keys[key]; !published && c.open.Load() == 0 {
			delete(r.services, key)
		}
	}
	for key := range p.keys {
		if r.services[key] == nil {
			r.services[key] = new(counters)
		}
	}
}
