package convert

import (
	"cmp"
	"net/netip"
	"slices"

	discoveryv1 "k8s.io/api/discovery/v1"

	"fairlead.dev/internal/model"
)

// inClusterEndpoints are those of the slices, in the order of their addresses, so
// that slices in another order are no change. The number of a port is that of the
// slice's port with the name in names. Of an endpoint that stands in several
// slices one is kept, ready if any of them is.
func inClusterEndpoints(target string, ports []model.Port, names []string, in []*discoveryv1.EndpointSlice) []model.Endpoint {
	var all []model.Endpoint
	ready := readiness(in)
	for _, s := range in {
		if s.AddressType == discoveryv1.AddressTypeFQDN {
			continue
		}
		served := servedPorts(ports, names, s.Ports)
		if len(served) == 0 && len(ports) > 0 {
			continue
		}
		for i := range s.Endpoints {
			e := &s.Endpoints[i]
			for _, text := range e.Addresses {
				if a, err := netip.ParseAddr(text); err == nil && unusable(a) == "" {
					all = append(all, model.Endpoint{Addr: a, Target: target, Ready: ready(e.Conditions), Ports: served})
				}
			}
		}
	}
	slices.SortFunc(all, compareEndpoints)
	kept := all[:0]
	for _, e := range all {
		if n := len(kept); n > 0 && kept[n-1].Addr == e.Addr && slices.Equal(kept[n-1].Ports, e.Ports) {
			kept[n-1].Ready = kept[n-1].Ready || e.Ready
			continue
		}
		kept = append(kept, e)
	}
	return kept
}

func compareEndpoints(a, b model.Endpoint) int {
	return cmp.Or(a.Addr.Compare(b.Addr), slices.CompareFunc(a.Ports, b.Ports, func(a, b model.EndpointPort) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Port, b.Port))
	}))
}

// readiness returns which endpoints take connections: the ready ones, or where
// there is none those that terminate and still serve, as kube-proxy has it
// (KEP-1669).
func readiness(in []*discoveryv1.EndpointSlice) func(discoveryv1.EndpointConditions) bool {
	for _, s := range in {
		for i := range s.Endpoints {
			if takesConnections(s.Endpoints[i].Conditions) {
				return takesConnections
			}
		}
	}
	return func(c discoveryv1.EndpointConditions) bool { return deref(c.Serving) && deref(c.Terminating) }
}

// takesConnections reports whether an endpoint is ready, which says all: an
// unknown readiness is one, and a terminating Pod is ready only where its Service
// publishes those that are not.
func takesConnections(c discoveryv1.EndpointConditions) bool {
	return c.Ready == nil || *c.Ready
}

// servedPorts are the ports that a slice has a number for.
func servedPorts(ports []model.Port, names []string, in []discoveryv1.EndpointPort) []model.EndpointPort {
	out := make([]model.EndpointPort, 0, len(ports))
	for i, p := range ports {
		for j := range in {
			s := &in[j]
			if s.Port == nil || !validPort(*s.Port) || deref(s.Name) != names[i] || protocol(deref(s.Protocol)) != p.Protocol {
				continue
			}
			out = append(out, model.EndpointPort{Name: p.Name, Protocol: p.Protocol, Port: uint16(*s.Port)})
			break
		}
	}
	return out
}

// deref is the zero value for nil.
func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
