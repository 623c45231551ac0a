package relay

import (
	"cmp"
	"net/netip"
	"slices"

	"fairlead.dev/internal/model"
)

// slot is the place of one listener.
type slot struct {
	addr     netip.AddrPort
	protocol model.Protocol
}

// String is ADDRESS:PORT/PROTOCOL.
func (s slot) String() string { return s.addr.String() + "/" + string(s.protocol) }

// want is one listener that a snapshot asks for, with the endpoints behind it:
// at least one, none twice. It is immutable.
type want struct {
	at        slot
	key       model.Key
	port      model.Port
	service   *model.Service
	listener  model.Listener
	endpoints []destination
}

// destination is where connections can go.
type destination struct {
	addr netip.AddrPort
	// host is the outside name that it was found by; empty for fixed addresses.
	host string
	// weight is its share of the load.
	weight int
	// target is whose it is.
	target string
}

// String is the address.
func (d destination) String() string { return d.addr.String() }

// part is what one service asks for by itself. It is immutable.
type part struct {
	pub         *model.Published
	wants       []*want
	unsupported []model.Port
}

// plan is what a snapshot asks of the relay.
type plan struct {
	parts  []*part // in the order of keys
	order  []*want // in the order of keys
	wanted map[slot]*want
	faults faults
}

// makePlan reads the listeners off a snapshot. It is pure. What did not change
// since the last plan has the same wants; either argument may be nil.
func makePlan(s *model.Snapshot, last *plan) *plan {
	if s == nil {
		s = new(model.Snapshot)
	}
	if last == nil {
		last = new(plan)
	}
	p := &plan{
		parts:  make([]*part, 0, len(s.Services)),
		order:  make([]*want, 0, len(last.order)),
		wanted: make(map[slot]*want, len(last.wanted)),
	}
	old := last.parts
	for _, pub := range s.Services {
		for len(old) > 0 && old[0].pub != pub && old[0].pub.Service.Key.Compare(pub.Service.Key) < 0 {
			old = old[1:]
		}
		if len(old) > 0 && old[0].pub == pub {
			p.add(old[0])
		} else {
			p.add(newPart(pub))
		}
	}
	p.breakCycles()
	return p
}

func newPart(pub *model.Published) *part {
	part := &part{pub: pub}
	svc := &pub.Service
	if svc.Type != model.ClusterIP || len(svc.ClusterIPs) == 0 {
		return part
	}
	for i, port := range svc.Ports {
		if port.Protocol != model.TCP && port.Protocol != model.UDP {
			part.unsupported = append(part.unsupported, port)
			continue
		}
		for _, ip := range svc.ClusterIPs {
			at := slot{netip.AddrPortFrom(ip.Unmap(), cmp.Or(port.Listen, port.Port)), port.Protocol}
			if ends := behind(pub, port, at.addr); at.addr.IsValid() && len(ends) > 0 {
				l, _ := svc.Listener(i)
				part.wants = append(part.wants, &want{at: at, key: svc.Key, port: port, service: svc, listener: l, endpoints: ends})
			}
		}
	}
	return part
}

// add gives the part its places, where they are free.
func (p *plan) add(part *part) {
	p.parts = append(p.parts, part)
	for _, port := range part.unsupported {
		p.faults.unsupported(part.pub.Service.Key, port)
	}
	for _, w := range part.wants {
		if first, taken := p.wanted[w.at]; taken {
			p.faults.conflict(w, first)
			continue
		}
		p.wanted[w.at] = w
		p.order = append(p.order, w)
	}
}

// behind returns the ready endpoints of a service's port: those of the virtual
// IP's own family, or the others if it has none.
func behind(pub *model.Published, port model.Port, at netip.AddrPort) []destination {
	var own, other []destination
	for _, e := range pub.Decision.Endpoints {
		if !e.Ready || !e.Addr.IsValid() {
			continue
		}
		for _, ep := range e.Ports {
			if ep.Name != port.Name || ep.Protocol != port.Protocol || ep.Port == 0 {
				continue
			}
			to := destination{netip.AddrPortFrom(e.Addr.Unmap(), ep.Port), e.Host, weight(&pub.Service, e.Target), e.Target}
			if to.addr.Addr().Is4() == at.Addr().Is4() {
				own = append(own, to)
			} else {
				other = append(other, to)
			}
		}
	}
	if len(own) == 0 {
		own = other
	}
	return share(distinct(own))
}

// parts is what a weight is counted in, so that it can be shared out: it can be divided
// by all numbers up to ten.
const parts = 2520

// share has the endpoints of each target share its weight, so that the load of a target
// does not follow how many addresses it has.
func share(all []destination) []destination {
	of := make(map[string]int, len(all))
	for _, d := range all {
		of[d.target]++
	}
	if len(of) < 2 {
		return all
	}
	for i := range all {
		all[i].weight = max(1, all[i].weight*parts/of[all[i].target])
	}
	return all
}

// weight is that of a target by name; 1 where nobody speaks of weights.
func weight(s *model.Service, target string) int {
	if s.Gateway == nil {
		return 1
	}
	i := slices.IndexFunc(s.Targets, func(t model.Target) bool { return t.Name == target })
	if i < 0 {
		return 1
	}
	return max(1, s.Targets[i].Weight)
}

// distinct drops repetitions and keeps the order.
func distinct(all []destination) []destination {
	if len(all) < 2 {
		return all
	}
	seen := make(map[place]struct{}, len(all))
	return slices.DeleteFunc(all, func(d destination) bool {
		at := place{d.addr, d.host}
		_, twice := seen[at]
		seen[at] = struct{}{}
		return twice
	})
}
