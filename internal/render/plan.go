package render

import (
	"cmp"
	"slices"

	discoveryv1 "k8s.io/api/discovery/v1"
)

// maxEndpoints is how many endpoints one slice has at most, as Kubernetes' own
// controller has it.
const maxEndpoints = 100

// plan finds the fewest writes that make the slices right:
//
//  1. What stands where it may stays there.
//  2. What is missing goes into slices that are written anyway: those that lost
//     or changed an endpoint, then those that would be deleted.
//  3. Of what is still missing, all goes into one slice that has room for it,
//     or else into new ones: two slices with half the room each are two writes.
type plan struct {
	in     Input
	slots  []*slot
	spares []*slot
}

// slot is one slice, standing or new.
type slot struct {
	// standing is nil for a new one.
	standing  *discoveryv1.EndpointSlice
	name      string
	family    discoveryv1.AddressType
	role      role
	ports     []discoveryv1.EndpointPort
	endpoints []discoveryv1.Endpoint
	changed   bool
	deleted   bool
}

func (s *slot) room() int { return maxEndpoints - len(s.endpoints) }

func newPlan(in Input) *plan {
	p := &plan{in: in}
	for _, s := range slices.SortedFunc(slices.Values(in.Slices), func(a, b *discoveryv1.EndpointSlice) int { return cmp.Compare(a.Name, b.Name) }) {
		as := roleOf(s)
		p.slots = append(p.slots, &slot{standing: s, name: s.Name, family: s.AddressType, role: as, changed: !p.labelled(s, as)})
	}
	return p
}

// withdraw deletes every slice.
func (p *plan) withdraw() {
	for _, s := range p.slots {
		s.deleted = true
	}
}

// publish makes the slices those of the groups.
func (p *plan) publish(all []*group) {
	for _, s := range p.slots {
		p.keep(s, all)
	}
	for _, g := range all {
		p.place(g)
	}
	for _, s := range p.spares {
		s.deleted = true
	}
	if len(all) == 0 {
		p.leaveOneEmpty()
	}
}

// keep leaves in a standing slice what may stay there. A slice in which nothing
// may is spare.
func (p *plan) keep(s *slot, all []*group) {
	for _, g := range all {
		if g.family != s.family || g.role != s.role || !samePorts(g.ports, sortedPorts(s.standing.Ports)) {
			continue
		}
		s.ports = g.ports
		for i := range s.standing.Endpoints {
			k, ok := idOf(&s.standing.Endpoints[i])
			wanted, missing := g.wanted[k]
			if !ok || !missing || s.room() == 0 {
				s.changed = true
				continue
			}
			delete(g.wanted, k)
			s.endpoints = append(s.endpoints, wanted)
			s.changed = s.changed || !sameEndpoint(&wanted, &s.standing.Endpoints[i])
		}
		if len(s.endpoints) > 0 || g.stands && len(g.order) == 0 {
			g.slots, g.stands = append(g.slots, s), false
			return
		}
	}
	p.spares = append(p.spares, s)
}

// place puts the endpoints of a group that stand nowhere yet somewhere.
func (p *plan) place(g *group) {
	for _, s := range g.slots {
		if s.changed {
			g.fill(s)
		}
	}
	for len(g.wanted) > 0 || g.stands && len(g.order) == 0 {
		s := p.takeSpare(g)
		if s == nil {
			s = g.roomFor(len(g.wanted))
		}
		if s == nil {
			s = &slot{name: p.freeName(g.family, g.role), family: g.family, role: g.role, ports: g.ports}
			p.slots = append(p.slots, s)
		}
		g.stands = false
		g.fill(s)
	}
}

// roomFor returns the slice of the group with the least room that is enough, or
// nil.
func (g *group) roomFor(n int) *slot {
	var best *slot
	for _, s := range g.slots {
		if s.room() >= n && (best == nil || s.room() < best.room()) {
			best = s
		}
	}
	return best
}

// fill moves as many as there is room for into the slice: first those that
// stood there, so that as few as possible move, then in the decision's order.
func (g *group) fill(s *slot) {
	if s.standing != nil {
		for i := range s.standing.Endpoints {
			if k, ok := idOf(&s.standing.Endpoints[i]); ok {
				g.move(k, s)
			}
		}
	}
	for _, k := range g.order {
		g.move(k, s)
	}
}

func (g *group) move(k id, s *slot) {
	e, missing := g.wanted[k]
	if !missing || s.room() == 0 {
		return
	}
	delete(g.wanted, k)
	s.endpoints = append(s.endpoints, e)
	s.changed = true
}

// takeSpare returns the spare slice that has the most in common with what the
// group misses, or nil.
func (p *plan) takeSpare(g *group) *slot {
	best, most := -1, -1
	for i, s := range p.spares {
		if s.family != g.family || s.role.gateway != g.role.gateway {
			continue
		}
		common := 0
		for j := range s.standing.Endpoints {
			k, _ := idOf(&s.standing.Endpoints[j])
			if _, missing := g.wanted[k]; missing {
				common++
			}
		}
		if common > most {
			best, most = i, common
		}
	}
	if best < 0 {
		return nil
	}
	s := p.spares[best]
	p.spares = slices.Delete(p.spares, best, best+1)
	s.ports, s.role, s.changed = g.ports, g.role, true
	return s
}

// leaveOneEmpty keeps one slice of those that would be deleted, as Kubernetes'
// own controller does: that a service has no endpoints is something to say, and
// the next one is an update.
func (p *plan) leaveOneEmpty() {
	var s *slot
	for _, o := range p.spares {
		if o.role.gateway == "" && (s == nil || len(s.standing.Endpoints) > 0 && len(o.standing.Endpoints) == 0) {
			s = o
		}
	}
	if s == nil {
		return
	}
	s.deleted = false
	s.changed = s.changed || len(s.standing.Endpoints) > 0
}
