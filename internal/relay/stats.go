package relay

import (
	"sync/atomic"

	"fairlead.dev/internal/model"
)

// Stats is what the relay did for one service. It is forgotten a while after the
// service and its last connection are gone.
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
	// clients is how many are connected, to an endpoint or not yet.
	clients atomic.Int64

	open, total, connectFailed, refused, in, out atomic.Int64
}

// Stats returns the counts of a service; zero for one that never listened.
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

// count returns the counters of a service. The caller holds r.mu.
func (r *Relay) count(key model.Key) *counters {
	c := r.services[key]
	if c == nil {
		c = new(counters)
		r.services[key] = c
	}
	return c
}

// forget drops the counters of services that are gone and have no connection
// left. The caller holds r.mu.
func (r *Relay) forget() {
	if r.plan == nil || len(r.services) <= len(r.plan.parts) {
		return
	}
	published := make(map[model.Key]struct{}, len(r.plan.parts))
	for _, part := range r.plan.parts {
		published[part.pub.Service.Key] = struct{}{}
	}
	for key, c := range r.services {
		if _, stays := published[key]; !stays && c.open.Load() == 0 && c.clients.Load() == 0 {
			delete(r.services, key)
		}
	}
}

// enter counts a client that has connected, or returns false if there are as many as
// the service may have.
func (c *counters) enter(g *model.Gateway) bool {
	if n := c.clients.Add(1); g != nil && g.MaxConnections > 0 && n > int64(g.MaxConnections) {
		c.clients.Add(-1)
		return false
	}
	return true
}

// leave follows each enter that returned true once.
func (c *counters) leave() { c.clients.Add(-1) }
