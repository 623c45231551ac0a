package failover

import (
	"net/netip"
	"slices"

	"fairlead.dev/internal/model"
)

// publish sets the endpoints of the decision: those of the active targets, each
// ready or not.
func publish(in Input, d *model.Decision, places []*place) {
	var all []*candidate
	for _, p := range places {
		if !p.status.Active {
			continue
		}
		if p.external != nil {
			d.External = p.external
			continue
		}
		for i := range p.candidates {
			all = append(all, &p.candidates[i])
		}
	}
	if watched(&in.Service) {
		r := readier{in: in, d: d, all: all}
		r.decide()
	}
	for _, c := range all {
		if in.Service.Gateway != nil {
			c.Host = c.name
		}
		d.Endpoints = append(d.Endpoints, c.Endpoint)
	}
	d.Endpoints = unique(d.Endpoints)
}

// readier decides which of the published endpoints take traffic.
type readier struct {
	in  Input
	d   *model.Decision
	all []*candidate
}

func (r *readier) decide() {
	up := 0
	for _, c := range r.all {
		if c.verdict() == model.Up {
			up++
		}
	}
	ready := make([]bool, len(r.all))
	for i, c := range r.all {
		ready[i] = r.ready(c, up)
	}
	if !slices.Contains(ready, true) && !r.in.Service.Failover.Withdraw {
		r.keepAny(ready)
	}
	if r.in.Service.Probe.Exclusive() {
		r.keepOne(ready, up)
	}
	for i, c := range r.all {
		c.Ready = ready[i]
	}
}

// ready reports whether an endpoint takes traffic, where up of its fellows do.
func (r *readier) ready(c *candidate, up int) bool {
	was, published := was(&r.in.State, &c.Endpoint)
	switch c.verdict() {
	case model.Up:
		return true
	case model.Down:
		return published && was && r.stays(c, up)
	}
	if published {
		return was
	}
	return up == 0 && !r.in.Service.Probe.Exclusive()
}

// stays reports whether an endpoint that is down and took traffic goes on to: none
// outlives it, so that it may be the prober who is cut off.
func (r *readier) stays(c *candidate, up int) bool {
	if up == 0 {
		return !r.in.Service.Failover.Withdraw
	}
	if c.certain() || slices.ContainsFunc(r.all, func(o *candidate) bool { return o.outlives(c) }) {
		return false
	}
	for _, o := range r.all {
		urge(r.d, o, c)
	}
	return true
}

// keepAny has all take traffic where none did and none is up: what is down may be
// up for its clients, and nothing is down for all of them. Where one alone may be,
// it waits for those that were never judged, unless they cannot be asked.
func (r *readier) keepAny(ready []bool) {
	if r.in.Service.Probe.Exclusive() && slices.ContainsFunc(r.all, func(c *candidate) bool { return c.verdict() == model.Unjudged && !c.unaskable() }) {
		return
	}
	for i := range ready {
		ready[i] = true
	}
}

// keepOne leaves one alone to take traffic, the one that does while it is up, or is
// asked for the first time since a restart: who answers first is no better primary.
func (r *readier) keepOne(ready []bool, up int) {
	best, most := -1, 0
	for i, c := range r.all {
		was, _ := was(&r.in.State, &c.Endpoint)
		worth := 1
		switch {
		case c.verdict() == model.Up, c.verdict() == model.Down && up > 0: // which stays
			worth = 3
		case was && c.verdict() == model.Unjudged && !c.unaskable():
			worth = 2
		}
		if was {
			worth += 2
		}
		if ready[i] && worth > most {
			best, most = i, worth
		}
	}
	for i := range ready {
		ready[i] = i == best
	}
}

// unique drops endpoints whose address, hostname and ports stand already, so
// that two targets with one address take one share of the load; behind a gateway, where
// they may have names of their own, only of one name.
func unique(endpoints []model.Endpoint) []model.Endpoint {
	type id struct {
		addr           netip.Addr
		hostname, host string
	}
	seen := make(map[id][]int, len(endpoints))
	kept := endpoints[:0:0]
	for _, e := range endpoints {
		k := id{e.Addr, e.Hostname, e.Host}
		same := slices.IndexFunc(seen[k], func(i int) bool { return slices.Equal(kept[i].Ports, e.Ports) })
		if same >= 0 {
			i := seen[k][same]
			kept[i].Ready = kept[i].Ready || e.Ready
			continue
		}
		seen[k] = append(seen[k], len(kept))
		kept = append(kept, e)
	}
	return kept
}
