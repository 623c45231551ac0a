package relay

import (
	"slices"
	"sync"
	"time"

	"fairlead.dev/internal/model"
)

// ends are the endpoints of one listener: those that take traffic, and those that
// take none any more and whose connections may run on for a while.
type ends struct {
	mu      sync.Mutex
	leaving []*endpoint
}

// follow has rt take over what old knows, and returns the endpoints that no longer
// take traffic. One that comes back in time keeps its connections.
func (e *ends) follow(rt, old *route) (left []*endpoint) {
	e.mu.Lock()
	defer e.mu.Unlock()
	before := slices.Clone(e.leaving)
	if old != nil {
		before = append(before, old.ends...)
	}
	e.leaving = rt.adopt(before)
	for _, end := range e.leaving {
		if end.until.Load() == 0 {
			left = append(left, end)
		}
	}
	return left
}

// parted are the endpoints of a listener that is gone, by the service that it was for.
// Should the listener come back in time, their connections stay.
type parted struct {
	key  model.Key
	ends []*endpoint
}

// all are those that take traffic by rt, and those that leave.
func (e *ends) all(rt *route) []*endpoint {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Concat(e.leaving, rt.ends)
}

// forget drops the endpoints whose last connection is gone.
func (e *ends) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.leaving = slices.DeleteFunc(e.leaving, idleEndpoint)
}

func idleEndpoint(e *endpoint) bool { return e.open.Load() == 0 }

// leave has the connections to endpoints that take no traffic any more end as the
// service says: at once, when its time is over, or never where there is no gateway.
func (r *Relay) leave(rt *route, left []*endpoint) {
	for _, end := range left {
		end.leave()
	}
	g := rt.service.Gateway
	if g == nil || len(left) == 0 {
		return
	}
	until := r.cfg.Now()
	if !g.CloseOnDown {
		until = until.Add(g.DrainTimeout)
	}
	for _, end := range left {
		end.until.Store(until.UnixNano())
	}
	if g.CloseOnDown || g.DrainTimeout == 0 {
		r.cutLeft(until)
		return
	}
	r.wake(until)
}

// cutLeft cuts the connections to endpoints whose time is over.
func (r *Relay) cutLeft(now time.Time) {
	for _, c := range append(r.tunnels.list(), r.upstreams.list()...) {
		if end := c.goesTo(); end != nil && end.over(now) {
			c.cut()
		}
	}
}

// over reports whether the connections to the endpoint must have ended by now.
func (e *endpoint) over(now time.Time) bool {
	until := e.until.Load()
	return until != 0 && until <= now.UnixNano()
}

// wake has the sweeper cut what is left at that time.
func (r *Relay) wake(at time.Time) {
	r.waking.Lock()
	defer r.waking.Unlock()
	r.deadlines = append(r.deadlines, at)
	select {
	case r.woken <- struct{}{}:
	default: // it looks anyway
	}
}

// cutDue cuts what is over by now, and returns how long it is to the next deadline; 0 and
// false if there is none.
func (r *Relay) cutDue(now time.Time) (time.Duration, bool) {
	in, again, over := r.due(now)
	if over {
		r.cutLeft(now)
	}
	return in, again
}

// due drops the deadlines that are over, and returns whether there were any, and how long
// it is to the next one, if there is one.
func (r *Relay) due(now time.Time) (in time.Duration, again, over bool) {
	r.waking.Lock()
	defer r.waking.Unlock()
	var next time.Time
	stay := r.deadlines[:0]
	for _, at := range r.deadlines {
		if !at.After(now) {
			over = true
			continue
		}
		if stay = append(stay, at); next.IsZero() || at.Before(next) {
			next = at
		}
	}
	r.deadlines = stay
	return next.Sub(now), !next.IsZero(), over
}
