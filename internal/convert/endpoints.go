package convert

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"fairlead.dev/internal/model"
)

// endpoints reads an Endpoints object. It belongs to the Service of its name.
//
//lint:ignore SA1019 deprecated, and what people write
func (c *converter) endpoints(r *report, e *corev1.Endpoints) {
	if e.Labels[discoveryv1.LabelSkipMirror] == "true" {
		r.info("SkipMirror", at("metadata", "labels"), "these Endpoints are skipped, as in a cluster: their label "+discoveryv1.LabelSkipMirror+" keeps them from all who read EndpointSlices",
			"leave the label out, or write an EndpointSlice")
		return
	}
	s := &source{report: r}
	for i := range e.Subsets {
		sub := &e.Subsets[i]
		path := at("subsets").Index(i)
		ports := make([]model.EndpointPort, 0, len(sub.Ports))
		for j := range sub.Ports {
			p := &sub.Ports[j]
			if ep, ok := s.port(path.Child("ports").Index(j), p.Name, p.Port, p.Protocol); ok {
				ports = append(ports, ep)
			}
		}
		s.subset(path.Child("addresses"), sub.Addresses, true, ports)
		s.subset(path.Child("notReadyAddresses"), sub.NotReadyAddresses, false, ports)
	}
	c.belongs(r.key, s)
}

// subset adds the addresses of a subset.
func (s *source) subset(path *field.Path, addrs []corev1.EndpointAddress, ready bool, ports []model.EndpointPort) {
	for i := range addrs {
		a := &addrs[i]
		p := path.Index(i)
		s.add(p.Child("ip"), a.IP, a.Hostname, func() *field.Path { return p.Child("hostname") }, ready, ports)
	}
}

// belongs notes that a source belongs to the service with that key.
func (c *converter) belongs(k model.Key, s *source) {
	if s.report.unnamed {
		return
	}
	if s.refused {
		c.refused[k] = true
	}
	if len(c.sources[k]) == 0 {
		c.sourceKeys = append(c.sourceKeys, k)
	}
	c.sources[k] = append(c.sources[k], s)
}
