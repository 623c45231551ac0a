package convert

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"fairlead.dev/internal/model"
)

// source is an Endpoints or EndpointSlice object: a target for the Service
// that it belongs to.
type source struct {
	report    *report
	endpoints []model.Endpoint
	ports     []sourcePort
	// refused is whether any address was refused.
	refused bool
}

// sourcePort is one port that an object lists, and where.
type sourcePort struct {
	model.EndpointPort
	path *field.Path
}

// port adds one port of the object. It returns false for one that is refused.
func (s *source) port(path *field.Path, name string, number int32, p corev1.Protocol) (model.EndpointPort, bool) {
	ep := model.EndpointPort{Name: name, Protocol: protocol(p), Port: uint16(number)}
	if !validPort(number) {
		s.report.error("InvalidPort", path.Child("port"), fmt.Sprintf("port %d is out of range", number), "write a number from 1 to 65535")
		return ep, false
	}
	switch ep.Protocol {
	case model.TCP, model.UDP, model.SCTP:
	default:
		s.report.error("UnknownValue", path.Child("protocol"), fmt.Sprintf("there is no protocol %q", p), "write TCP, UDP or SCTP")
		return ep, false
	}
	s.ports = append(s.ports, sourcePort{EndpointPort: ep, path: path})
	return ep, true
}

// add adds one address of the object, unless it is refused.
func (s *source) add(path *field.Path, text, hostname string, hostnamePath func() *field.Path, ready bool, ports []model.EndpointPort) {
	a, ok := s.report.address(path, text)
	if !ok {
		s.refused = true
		return
	}
	if hostname != "" && !s.report.label(hostnamePath(), hostname, validation.IsDNS1123Label) {
		hostname = ""
	}
	s.endpoints = append(s.endpoints, model.Endpoint{Addr: a, Hostname: hostname, Ready: ready, Ports: ports})
}

// targets turns the sources of one service into its targets: one of each
// object that has endpoints. Of equal endpoints the first stays; it is ready
// if any of them is.
func targets(sources []*source) []model.Target {
	var out []model.Target
	n := 0
	for _, s := range sources {
		n += len(s.endpoints)
	}
	seen := make(map[string]*model.Endpoint, n)
	names := make(map[string]bool, len(sources))
	for _, s := range sources {
		t := model.Target{Name: s.name(names), Endpoints: make([]model.Endpoint, 0, len(s.endpoints))}
		for _, e := range s.endpoints {
			id := fmt.Sprint(e.Addr, e.Hostname, sortedPorts(e.Ports))
			if first, ok := seen[id]; ok {
				first.Ready = first.Ready || e.Ready
				continue
			}
			e.Target = t.Name
			t.Endpoints = append(t.Endpoints, e)
			seen[id] = &t.Endpoints[len(t.Endpoints)-1]
		}
		if len(t.Endpoints) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// name is the target's: the slice's own, or "endpoints". A slice of that name
// gets another one.
func (s *source) name(taken map[string]bool) string {
	name := s.report.key.Name
	if s.report.kind == kindEndpoints {
		name = "endpoints"
	}
	for base, i := name, 2; taken[name]; i++ {
		name = fmt.Sprintf("%s-%d", base, i)
	}
	taken[name] = true
	return name
}

func sortedPorts(ports []model.EndpointPort) []model.EndpointPort {
	if len(ports) < 2 {
		return ports
	}
	ports = slices.Clone(ports)
	slices.SortFunc(ports, func(a, b model.EndpointPort) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Port, b.Port))
	})
	return ports
}
