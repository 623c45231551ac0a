package relay

import (
	"slices"
	"time"
)

// startSweeping looks after idle connections until Close is done. Nothing else in
// the relay has a timer: a connection counts its bytes, and costs no system call
// and no timer for its timeout.
func (r *Relay) startSweeping() {
	shortest := min(r.cfg.IdleTimeout, r.cfg.HalfClosedTimeout, r.cfg.UDPTimeout, r.cfg.UDPStreamTimeout)
	every := min(max(shortest/8, 10*time.Millisecond), 15*time.Second)
	r.wg.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		deadline := time.NewTimer(every)
		defer deadline.Stop()
		for {
			select {
			case <-tick.C:
				r.sweep(r.cfg.Now())
			case <-deadline.C:
			case <-r.woken:
			case <-r.cut:
				return
			}
			if in, again := r.cutDue(r.cfg.Now()); again {
				deadline.Reset(in)
			}
		}
	})
}

// shorter is the gateway's timeout where it has one that is less than the relay's.
func shorter(relay, gateway time.Duration) time.Duration {
	if gateway > 0 {
		return min(relay, gateway)
	}
	return relay
}

// sweep drops what was idle for too long at now.
func (r *Relay) sweep(now time.Time) {
	for _, c := range r.tunnels.list() {
		c.sweep(now, r.cfg.IdleTimeout, r.cfg.HalfClosedTimeout)
	}
	r.mu.Lock()
	r.forget()
	for at, p := range r.parted {
		if p.ends = slices.DeleteFunc(p.ends, idleEndpoint); len(p.ends) == 0 {
			delete(r.parted, at)
		}
	}
	listeners := make([]listener, 0, len(r.listeners))
	for _, l := range r.listeners {
		listeners = append(listeners, l)
	}
	r.mu.Unlock()
	for _, l := range listeners {
		l.sweep(now)
	}
}
