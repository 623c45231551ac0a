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
	// host and weight are those of the destination.
	host   string
	weight atomic.Int64
	// open is how many connections it has.
	open atomic.Int64
	// until is when the connections are cut that it still has, in Unix nanoseconds,
	// since it takes no traffic any more. Zero: it does, or they may stay.
	until atomic.Int64
	// sessions are those of TLS that may be resumed.
	sessions sessions
	// trusted are who vouches for it.
	trusted trusted
	// roads are the connections that carry requests.
	roads roads
	// held is until when the endpoint is tried last, in Unix nanoseconds, since
	// it did not take a connection. Zero: it did, the last time.
	held atomic.Int64
}

// place tells endpoints apart: targets of several names may share an address.
type place struct {
	addr netip.AddrPort
	host string
}

func (e *endpoint) place() place { return place{e.addr, e.host} }

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

// adopt fills rt.ends, with those of before where the address and the name are the
// same, so that an edit does not forget which endpoints fail. It returns those of
// before that rt does not have.
func (rt *route) adopt(before []*endpoint) (left []*endpoint) {
	known := make(map[place]*endpoint, len(before))
	for _, e := range before {
		known[place{e.addr, e.host}] = e
	}
	rt.ends = make([]*endpoint, len(rt.endpoints))
	for i, d := range rt.endpoints {
		at := place{d.addr, d.host}
		e := known[at]
		delete(known, at)
		if e == nil {
			e = &endpoint{addr: d.addr, host: d.host}
		}
		e.weight.Store(int64(max(1, d.weight)))
		e.until.Store(0)
		e.back()
		rt.ends[i] = e
	}
	for _, e := range before {
		if known[place{e.addr, e.host}] == e {
			left = append(left, e)
		}
	}
	return left
}

// idle is after how long a connection over which nothing moves ends, and patience how
// long an endpoint may take to take one, as the gateway has it; zero without one.
func (rt *route) idle() time.Duration {
	if rt.service.Gateway == nil {
		return 0
	}
	return rt.service.Gateway.IdleTimeout
}

func (rt *route) patience() time.Duration {
	if rt.service.Gateway == nil {
		return 0
	}
	return rt.service.Gateway.ConnectTimeout
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

// picker spreads the clients of one listener over its endpoints. The zero
// value is ready to use.
type picker struct{ turns atomic.Uint64 }

// order returns every endpoint once, in the order in which to try them: those that
// are not held, beginning with the one that first names, then the held ones. When a hold ends, one
// caller gets that endpoint first, and for all others it is held anew: however
// many clients come, one at a time finds out whether it lives.
func (p *picker) order(ends []*endpoint, now time.Time, holdOff time.Duration, first first) []*endpoint {
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
	rotate(up, first(up, turn))
	rotate(held, inTurn(held, turn))
	up = append(up, held...)
	if trial != nil {
		up = append([]*endpoint{trial}, up...)
	}
	return up
}

// first returns which of the endpoints has the turn. There may be none of them.
type first func(ends []*endpoint, turn uint64) int

// inTurn is round robin.
func inTurn(ends []*endpoint, turn uint64) int {
	return int(turn % uint64(max(1, len(ends))))
}

// byWeight gives each its share of the turns: of as many turns as the weights add up
// to, exactly its weight, spread out by steps of a golden section.
func byWeight(ends []*endpoint, turn uint64) int {
	var sum, common uint64
	for _, e := range ends {
		w := uint64(e.weight.Load())
		sum, common = sum+w, divisor(w, common)
	}
	if sum == 0 {
		return 0
	}
	sum /= common
	at := turn % sum * stride(sum) % sum
	for i, e := range ends {
		w := uint64(e.weight.Load()) / common
		if at < w {
			return i
		}
		at -= w
	}
	return 0
}

// stride is the step near the golden section of n that comes by everything below n.
func stride(n uint64) uint64 {
	step := n * 618 / 1000
	for divisor(n, step) != 1 {
		step++
	}
	return step
}

// divisor is the greatest that a and b have in common.
func divisor(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// byLoad is the one with the fewest connections for its weight; of several the one
// whose turn it is.
func byLoad(ends []*endpoint, turn uint64) int {
	best := inTurn(ends, turn)
	for i := range ends {
		at := (int(turn%uint64(len(ends))) + i) % len(ends)
		a, b := ends[at], ends[best]
		if (a.open.Load()+1)*b.weight.Load() < (b.open.Load()+1)*a.weight.Load() {
			best = at
		}
	}
	return best
}

// first is how the service spreads its clients.
func (rt *route) first() first {
	switch g := rt.service.Gateway; {
	case g == nil:
		return inTurn
	case g.LeastConnections:
		return byLoad
	}
	return byWeight
}

// rotate makes ends begin with the k-th.
func rotate(ends []*endpoint, k int) {
	if len(ends) < 2 {
		return
	}
	rotated := make([]*endpoint, 0, len(ends))
	rotated = append(append(rotated, ends[k:]...), ends[:k]...)
	copy(ends, rotated)
}
