package relay

import (
	"net/netip"
	"sync/atomic"
	"time"
)

// endpoint is one place where a listener's connections can go. It lives as long
// as consecutive snapshots name it.
type endpoint struct {
	addr netip.AddrPort
	// held is until when the endpoint is tried last, in Unix nanoseconds, since
	// it did not take a connection. Zero: it did, the last time.
	held atomic.Int64
}

// hold has the endpoint tried last until t.
func (e *endpoint) hold(t time.Time) { e.held.Store(t.UnixNano()) }

// took notes that the endpoint took a connection.
func (e *endpoint) took() {
	if e.held.Load() != 0 {
		e.held.Store(0)
	}
}

// route is where a listener sends its clients. Only held times change in it.
type route struct {
	*want
	ends  []*endpoint
	stats *counters
}

// adopt fills rt.ends, with those of old where the address is the same, so that
// an edit does not forget which endpoints fail. old may be nil.
func (rt *route) adopt(old *route) {
	known := make(map[netip.AddrPort]*endpoint)
	if old != nil {
		for _, e := range old.ends {
			known[e.addr] = e
		}
	}
	rt.ends = make([]*endpoint, len(rt.endpoints))
	for i, a := range rt.endpoints {
		if rt.ends[i] = known[a]; rt.ends[i] == nil {
			rt.ends[i] = &endpoint{addr: a}
		}
	}
}

// find returns the endpoint with that address, or nil.
func (rt *route) find(a netip.AddrPort) *endpoint {
	for _, e := range rt.ends {
		if e.addr == a {
			return e
		}
	}
	return nil
}

// picker spreads the clients of one listener evenly over its endpoints. The zero
// value is ready to use.
type picker struct{ turns atomic.Uint64 }

// order returns every endpoint once, in the order in which to try them: round
// robin over those that are not held, then the held ones. When a hold ends, one
// caller gets that endpoint first, and for all others it is held anew: however
// many clients come, one at a time finds out whether it lives.
func (p *picker) order(ends []*endpoint, now time.Time, holdOff time.Duration) []*endpoint {
	turn := p.turns.Add(1)
	if len(ends) == 1 {
		return ends
	}
	var trial *endpoint
	up, held := make([]*endpoint, 0, len(ends)), []*endpoint(nil)
	for _, e := range ends {
		switch until := e.held.Load(); {
		case until == 0:
			up = append(up, e)
		case trial == nil && until <= now.UnixNano() && e.held.CompareAndSwap(until, now.Add(holdOff).UnixNano()):
			trial = e
		default:
			held = append(held, e)
		}
	}
	rotate(up, turn)
	rotate(held, turn)
	up = append(up, held...)
	if trial != nil {
		up = append([]*endpoint{trial}, up...)
	}
	return up
}

// rotate makes ends begin with the one whose turn it is.
func rotate(ends []*endpoint, turn uint64) {
	if len(ends) < 2 {
		return
	}
	k := int(turn % uint64(len(ends)))
	rotated := make([]*endpoint, 0, len(ends))
	rotated = append(append(rotated, ends[k:]...), ends[:k]...)
	copy(ends, rotated)
}
