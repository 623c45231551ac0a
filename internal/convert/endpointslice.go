package convert

import (
	"fmt"
	"net/netip"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"fairlead.dev/internal/model"
)

// slice reads an EndpointSlice. It belongs to the Service that its label names.
func (c *converter) slice(r *report, e *discoveryv1.EndpointSlice) {
	owner := model.Key{Namespace: r.key.Namespace, Name: e.Labels[discoveryv1.LabelServiceName]}
	if !r.addressType(e) {
		c.refused[owner] = true
		return
	}
	s := &source{report: r}
	ports := make([]model.EndpointPort, 0, len(e.Ports))
	for i := range e.Ports {
		p := &e.Ports[i]
		path := at("ports").Index(i)
		if p.Port == nil {
			r.warn("PortMissing", path, "a port without a number means every port, which no Service can use: it is left out", "write port: and a number")
			continue
		}
		if ep, ok := s.slicePort(path, p); ok {
			ports = append(ports, ep)
		}
	}
	for i := range e.Endpoints {
		s.sliceEndpoint(at("endpoints").Index(i), e.AddressType, &e.Endpoints[i], ports)
	}
	if owner.Name == "" && !r.unnamed {
		c.unlabelled = append(c.unlabelled, s)
		return
	}
	c.belongs(owner, s)
}

func (s *source) slicePort(path *field.Path, p *discoveryv1.EndpointPort) (model.EndpointPort, bool) {
	var name string
	if p.Name != nil {
		name = *p.Name
	}
	if p.Protocol == nil {
		return s.port(path, name, *p.Port, "")
	}
	return s.port(path, name, *p.Port, *p.Protocol)
}

func (s *source) sliceEndpoint(path *field.Path, family discoveryv1.AddressType, e *discoveryv1.Endpoint, ports []model.EndpointPort) {
	ready := e.Conditions.Ready == nil || *e.Conditions.Ready
	var hostname string
	if e.Hostname != nil {
		hostname = *e.Hostname
	}
	for i, text := range e.Addresses {
		at := path.Child("addresses").Index(i)
		if s.wrongFamily(at, family, text) {
			s.refused = true
			continue
		}
		s.add(at, text, hostname, func() *field.Path { return path.Child("hostname") }, ready, ports)
	}
	if len(e.Addresses) > 1 {
		s.report.warn("SeveralAddresses", path.Child("addresses"),
			"kube-proxy looks at the first address of an endpoint only; here each is served",
			"write one endpoint for each address")
	}
}

// wrongFamily reports an address that the slice's type does not allow.
func (s *source) wrongFamily(path *field.Path, want discoveryv1.AddressType, text string) bool {
	a, err := netip.ParseAddr(text)
	if err != nil || a.Is4In6() || want == "" || string(familyOf(a)) == string(want) {
		return false
	}
	s.report.error("WrongFamily", path, fmt.Sprintf("%s is no %s address, as the slice's addressType says: this address is left out", text, want),
		fmt.Sprintf("write it in an EndpointSlice of its own with addressType: %s", familyOf(a)))
	return true
}

// addressType checks the slice's type of addresses. A slice without one is
// served, for its addresses say it too.
func (r *report) addressType(e *discoveryv1.EndpointSlice) bool {
	path := at("addressType")
	switch e.AddressType {
	case discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6:
		return true
	case "":
		r.warn("AddressTypeMissing", path, "an EndpointSlice needs an addressType; a cluster would refuse this one", "write addressType: IPv4")
		return true
	case discoveryv1.AddressTypeFQDN:
		r.error("FQDNEndpoints", path, "nothing in Kubernetes serves an EndpointSlice of DNS names, and neither does Fairlead",
			"write an ExternalService with targets: [{name: external, hostname: "+firstAddress(e)+"}]")
		return false
	default:
		r.error("UnknownValue", path, fmt.Sprintf("there is no address type %q", e.AddressType), "write IPv4 or IPv6")
		return false
	}
}

func firstAddress(e *discoveryv1.EndpointSlice) string {
	for i := range e.Endpoints {
		for _, a := range e.Endpoints[i].Addresses {
			return a
		}
	}
	return "db.example.com"
}
