package failover

import (
	"net/netip"
	"slices"

	"fairlead.dev/internal/model"
)

// remaining returns the standing endpoints that may be needed: neither those
// that may not be published, nor those that a name which is known gives by now.
// Otherwise a name without AAAA records, say, would keep its neighbour's.
func remaining(in Input, standing, known []model.Endpoint) []model.Endpoint {
	r := resolver{in: in}
	at := make(map[netip.Addr][]model.Endpoint, len(known))
	for _, k := range known {
		at[k.Addr] = append(at[k.Addr], k)
	}
	var left []model.Endpoint
	for _, e := range standing {
		if in.Forbidden.why(e.Addr) != "" {
			continue
		}
		if ports, ok := r.inOrder(e.Ports); ok {
			e.Ports = ports
		}
		given := slices.ContainsFunc(at[e.Addr], func(k model.Endpoint) bool {
			return r.belongs(e, k.Target) && slices.Equal(k.Ports, e.Ports)
		})
		if !given {
			left = append(left, e)
		}
	}
	return left
}

// standing returns what was published before that may belong to the target.
func (r *resolver) standing(target string) []model.Endpoint {
	var all []model.Endpoint
	for _, e := range r.in.Standing {
		if r.belongs(e, target) {
			all = append(all, e)
		}
	}
	return all
}

// belongs reports whether a standing endpoint may be the target's. Those of no
// target of the published tier may be anybody's: after a restart nobody knows
// whose they were, and after an edit it may have another name.
func (r *resolver) belongs(e model.Endpoint, target string) bool {
	if e.Target == target {
		return true
	}
	best := bestTier(r.in.Service.Targets)
	return !slices.ContainsFunc(r.in.Service.Targets, func(t model.Target) bool {
		return t.Name == e.Target && t.Priority == best
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
