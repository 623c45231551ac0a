package failover

import (
	"net/netip"
	"slices"

	"fairlead.dev/internal/model"
)

// remaining returns the standing endpoints that may be needed: neither those
// that may not be published, nor those that a name which is known gives by now.
// Otherwise a name without AAAA records, say, would keep its neighbour's.
func remaining(in Input, standing []model.Endpoint, places []*place) []model.Endpoint {
	r := resolver{in: in, tier: standingTier(in)}
	type known struct {
		place *place
		ports []model.EndpointPort
	}
	at := map[netip.Addr][]known{}
	for _, p := range places {
		for i := range p.candidates {
			c := &p.candidates[i]
			at[c.Addr] = append(at[c.Addr], known{p, c.Ports})
		}
	}
	var left []model.Endpoint
	for _, e := range standing {
		if in.Forbidden.why(e.Addr) != "" {
			continue
		}
		if ports, ok := r.inOrder(e.Ports); ok {
			e.Ports = ports
		}
		given := slices.ContainsFunc(at[e.Addr], func(k known) bool {
			return r.belongs(e, k.place.target) && slices.Equal(k.ports, e.Ports)
		})
		if !given {
			left = append(left, e)
		}
	}
	return left
}

// standing returns what was published before that may belong to the target.
func (r *resolver) standing(t *model.Target) []model.Endpoint {
	var all []model.Endpoint
	for _, e := range r.in.Standing {
		if r.belongs(e, t) {
			all = append(all, e)
		}
	}
	return all
}

// belongs reports whether a standing endpoint may be the target's. Those of no
// target of the tier that was published may be anybody's of it: after a restart
// nobody knows whose they were, and after an edit it may have another name.
func (r *resolver) belongs(e model.Endpoint, t *model.Target) bool {
	if e.Target == t.Name {
		return true
	}
	return t.Priority == r.tier && !slices.ContainsFunc(r.in.Service.Targets, func(o model.Target) bool {
		return o.Name == e.Target && (o.Priority == r.tier || watched(&r.in.Service))
	})
}

// atSpec has the standing endpoints at the ports of the spec.
func (r *resolver) atSpec(standing []model.Endpoint) []model.Endpoint {
	ports := r.ports(0)
	for i := range standing {
		standing[i].Ports = ports
	}
	return standing
}

// atRecords returns the standing endpoints that still serve the spec's ports,
// where a record said so: that cannot be worked out anew.
func (r *resolver) atRecords(standing []model.Endpoint) []model.Endpoint {
	return slices.DeleteFunc(standing, func(e model.Endpoint) bool {
		_, ok := r.inOrder(e.Ports)
		return !ok
	})
}

// inOrder returns an endpoint's ports in the order of the spec, and whether they
// are the spec's by name and protocol.
func (r *resolver) inOrder(ports []model.EndpointPort) ([]model.EndpointPort, bool) {
	wanted := r.in.Service.Ports
	if len(ports) != len(wanted) {
		return nil, false
	}
	ordered := make([]model.EndpointPort, 0, len(ports))
	for _, w := range wanted {
		at := slices.IndexFunc(ports, func(p model.EndpointPort) bool { return p.Name == w.Name && p.Protocol == w.Protocol })
		if at < 0 {
			return nil, false
		}
		ordered = append(ordered, ports[at])
	}
	return ordered, true
}

// ofFamily returns the endpoints with IPv4 addresses for a question of type A,
// and the others for one of type AAAA.
func ofFamily(endpoints []model.Endpoint, t model.RecordType) []model.Endpoint {
	var all []model.Endpoint
	for _, e := range endpoints {
		if is4(e.Addr) == (t == model.A) {
			all = append(all, e)
		}
	}
	return all
}

func is4(a netip.Addr) bool { return a.Unmap().Is4() }
