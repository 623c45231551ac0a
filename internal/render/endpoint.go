package render

import (
	"cmp"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// id is what makes an endpoint the same one in two slices.
type id struct {
	addr     netip.Addr
	hostname string
}

// group is the endpoints that may share a slice: of one family and role, with the same
// ports.
type group struct {
	family discoveryv1.AddressType
	role   role
	ports  []discoveryv1.EndpointPort
	// stands says that it has to have a slice even without endpoints, and has none yet.
	stands bool
	// wanted are those that stand in no slice yet.
	wanted map[id]discoveryv1.Endpoint
	// order is that of the decision.
	order []id
	slots []*slot
}

// groups sorts endpoints into groups, in the order of their first endpoints. Those
// behind a gateway are apart for each target and host.
func groups(svc model.Service, endpoints []model.Endpoint, behind bool) []*group {
	var all []*group
	for i := range endpoints {
		e := &endpoints[i]
		g := &group{family: familyOf(e.Addr), ports: endpointPorts(svc, e.Ports)}
		if behind {
			g.role = role{v1alpha1.GatewayTargets, e.Target, e.Host}
		}
		if at := slices.IndexFunc(all, g.alike); at >= 0 {
			g = all[at]
		} else {
			g.wanted = make(map[id]discoveryv1.Endpoint, len(endpoints))
			all = append(all, g)
		}
		k := id{e.Addr, e.Hostname}
		if _, twice := g.wanted[k]; !twice {
			g.wanted[k] = endpoint(e)
			g.order = append(g.order, k)
		}
	}
	return all
}

// groups are the gateway's Pods.
func (f *Front) groups(svc model.Service) []*group {
	all := groups(svc, f.Pods, false)
	if len(all) == 0 {
		all = []*group{{family: discoveryv1.AddressTypeIPv4, ports: endpointPorts(svc, f.Ports)}}
	}
	for _, g := range all {
		g.role, g.stands = role{gateway: v1alpha1.GatewayFront}, true
	}
	return all
}

func (g *group) alike(o *group) bool {
	return g.family == o.family && g.role == o.role && samePorts(g.ports, o.ports)
}

func familyOf(a netip.Addr) discoveryv1.AddressType {
	if a.Is4() {
		return discoveryv1.AddressTypeIPv4
	}
	return discoveryv1.AddressTypeIPv6
}

func endpoint(e *model.Endpoint) discoveryv1.Endpoint {
	ready := e.Ready
	out := discoveryv1.Endpoint{
		Addresses:  []string{e.Addr.String()},
		Conditions: discoveryv1.EndpointConditions{Ready: &ready, Serving: &ready},
	}
	if e.Hostname != "" {
		out.Hostname = &e.Hostname
	}
	return out
}

// idOf returns which endpoint stands there; ok is false for one that Fairlead
// never wrote.
func idOf(e *discoveryv1.Endpoint) (k id, ok bool) {
	if len(e.Addresses) != 1 {
		return id{}, false
	}
	a, err := netip.ParseAddr(e.Addresses[0])
	if err != nil {
		return id{}, false
	}
	k.addr = a
	if e.Hostname != nil {
		k.hostname = *e.Hostname
	}
	return k, true
}

// endpointPorts are in an order of their own, so that another order in the spec
// is no change.
func endpointPorts(svc model.Service, ports []model.EndpointPort) []discoveryv1.EndpointPort {
	out := make([]discoveryv1.EndpointPort, 0, len(ports))
	for _, p := range ports {
		protocol, number := corev1.Protocol(p.Protocol), int32(p.Port)
		ep := discoveryv1.EndpointPort{Name: &p.Name, Protocol: &protocol, Port: &number}
		for i := range svc.Ports {
			if sp := &svc.Ports[i]; sp.Name == p.Name && sp.AppProtocol != "" {
				ep.AppProtocol = &sp.AppProtocol
			}
		}
		out = append(out, ep)
	}
	slices.SortFunc(out, comparePorts)
	return out
}

func comparePorts(a, b discoveryv1.EndpointPort) int {
	return cmp.Or(
		cmp.Compare(value(a.Name), value(b.Name)),
		cmp.Compare(value(a.Protocol), value(b.Protocol)),
		cmp.Compare(value(a.Port), value(b.Port)),
		cmp.Compare(value(a.AppProtocol), value(b.AppProtocol)),
	)
}

func samePorts(a, b []discoveryv1.EndpointPort) bool {
	return slices.EqualFunc(a, b, func(a, b discoveryv1.EndpointPort) bool { return comparePorts(a, b) == 0 })
}

// value is the zero value for nil.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// StandingPorts are the ports of a slice as it stands, whoever wrote it. One without a
// number restricts nothing, which Fairlead never writes, and is left out.
func StandingPorts(ports []discoveryv1.EndpointPort) []model.EndpointPort {
	var all []model.EndpointPort
	for _, p := range ports {
		if p.Port == nil {
			continue
		}
		out := model.EndpointPort{Protocol: model.TCP, Port: uint16(*p.Port)}
		if p.Name != nil {
			out.Name = *p.Name
		}
		if p.Protocol != nil {
			out.Protocol = model.Protocol(*p.Protocol)
		}
		all = append(all, out)
	}
	return all
}
