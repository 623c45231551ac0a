package relay

import (
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
// at least one, none twice.
type want struct {
	at        slot
	key       model.Key
	port      model.Port
	service   *model.Service
	endpoints []netip.AddrPort
}

// plan is what a snapshot asks of the relay.
type plan struct {
	order  []*want // in the order of keys
	wanted map[slot]*want
	keys   map[model.Key]struct{}
	faults faults
}

// makePlan reads the listeners off a snapshot. It is pure. A nil snapshot has
// none.
func makePlan(s *model.Snapshot) *plan {
	p := &plan{wanted: make(map[slot]*want), keys: make(map[model.Key]struct{})}
	if s == nil {
		return p
	}
	for _, pub := range s.Services {
		p.add(pub)
	}
	p.breakCycles()
	return p
}

func (p *plan) add(pub *model.Published) {
	svc := &pub.Service
	if svc.Type != model.ClusterIP || len(svc.ClusterIPs) == 0 {
		return
	}
	p.keys[svc.Key] = struct{}{}
	for _, port := range svc.Ports {
		if port.Protocol != model.TCP && port.Protocol != model.UDP {
			p.faults.unsupported(svc.Key, port)
			continue
		}
		for _, ip := range svc.ClusterIPs {
			at := slot{netip.AddrPortFrom(ip.Unmap(), port.Port), port.Protocol}
			p.place(&want{at: at, key: svc.Key, port: port, service: svc, endpoints: behind(pub, port, at.addr)})
		}
	}
}

// place takes w over unless it has no endpoints or its place is taken.
func (p *plan) place(w *want) {
	if !w.at.addr.IsValid() || len(w.endpoints) == 0 {
		return
	}
	if first, taken := p.wanted[w.at]; taken {
		p.faults.conflict(w, first)
		return
	}
	p.wanted[w.at] = w
	p.order = append(p.order, w)
}

// behind returns the ready endpoints of a service's port: those of the virtual
// IP's own family, or the others if it has none.
func behind(pub *model.Published, port model.Port, at netip.AddrPort) []netip.AddrPort {
	var own, other []netip.AddrPort
	for _, e := range pub.Decision.Endpoints {
		if !e.Ready || !e.Addr.IsValid() {
			continue
		}
		for _, ep := range e.Ports {
			if ep.Name != port.Name || ep.Protocol != port.Protocol || ep.Port == 0 {
				continue
			}
			to := netip.AddrPortFrom(e.Addr.Unmap(), ep.Port)
			if to.Addr().Is4() == at.Addr().Is4() {
				own = append(own, to)
			} else {
				other = append(other, to)
			}
		}
	}
	if len(own) == 0 {
		own = other
	}
	return distinct(own)
}

// distinct drops repetitions and keeps the order.
func distinct(addrs []netip.AddrPort) []netip.AddrPort {
	if len(addrs) < 2 {
		return addrs
	}
	seen := make(map[netip.AddrPort]struct{}, len(addrs))
	return slices.DeleteFunc(addrs, func(a netip.AddrPort) bool {
		_, twice := seen[a]
		seen[a] = struct{}{}
		return twice
	})
}
