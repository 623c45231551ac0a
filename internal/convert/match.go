package convert

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"

	"fairlead.dev/internal/model"
)

// match compares the ports of a service with those of its endpoints. They
// belong together by name and protocol, as in kube-proxy.
func (c *converter) match(d *declared, sources []*source) {
	told := false
	for _, s := range sources {
		told = d.strayPorts(s) || told
	}
	if !told {
		d.unservedPorts(sources)
	}
	for i, p := range d.wanted.Ports {
		d.otherTargetPort(i, p, sources)
	}
}

// strayPorts tells about ports of the endpoints that the service does not have.
func (d *declared) strayPorts(s *source) bool {
	ports := d.wanted.Ports
	told := false
	for _, ep := range s.ports {
		if len(ports) == 0 || find(ports, ep.EndpointPort) >= 0 {
			continue
		}
		told = true
		s.report.warn("PortsDiffer", ep.path,
			fmt.Sprintf("%s of %s matches no port of Service %s, which has %s: endpoints are matched by port name and protocol",
				portWords(ep.Name, ep.Protocol), s.report.object(), d.report.key, list(ports)),
			matchHint(ep.EndpointPort, ports))
	}
	return told
}

func matchHint(ep model.EndpointPort, ports []model.Port) string {
	for _, p := range ports {
		if p.Name == ep.Name {
			return fmt.Sprintf("write protocol: %s", p.Protocol)
		}
	}
	if len(ports) == 1 && ports[0].Name == "" {
		return fmt.Sprintf("leave the name out here, or write name: %s in the Service's port", ep.Name)
	}
	if len(ports) == 1 {
		return "write name: " + ports[0].Name
	}
	names := make([]string, len(ports))
	for i, p := range ports {
		names[i] = p.Name
	}
	if near := Nearest(ep.Name, names); near != "" {
		return "write name: " + near
	}
	return "write name: " + orList(names)
}

// unservedPorts tells about ports of the service that no endpoints have.
func (d *declared) unservedPorts(sources []*source) {
	for i, p := range d.wanted.Ports {
		var have []string
		served := false
		for _, s := range sources {
			for _, ep := range s.ports {
				served = served || ep.Name == p.Name && ep.Protocol == p.Protocol
				have = append(have, portWords(ep.Name, ep.Protocol))
			}
		}
		if served {
			continue
		}
		first := sources[0].report
		lists := "lists no ports"
		if len(have) > 0 {
			lists = "has " + strings.Join(unique(have), ", ")
		}
		d.report.warn("PortsDiffer", at("spec", "ports").Index(i),
			fmt.Sprintf("%s of Service %s matches no port of its endpoints: %s %s; connections to it go nowhere", portWords(p.Name, p.Protocol), d.report.key, first.object(), lists),
			fmt.Sprintf("write %s in the ports of %s", portYAML(p), first.object()))
	}
}

// otherTargetPort tells when spec.ports[i].targetPort is written and the
// endpoints have another port: theirs counts.
func (d *declared) otherTargetPort(i int, p model.Port, sources []*source) {
	t := d.plain.Spec.Ports[i].TargetPort
	if t.Type == intstr.String || t.IntVal == 0 {
		return
	}
	for _, s := range sources {
		for _, ep := range s.ports {
			if ep.Name != p.Name || ep.Protocol != p.Protocol || ep.Port == p.TargetPort {
				continue
			}
			d.report.warn("TargetPortUnused", at("spec", "ports").Index(i).Child("targetPort"),
				fmt.Sprintf("targetPort %d plays no role in a Service without selector: connections go to port %d, which %s lists", p.TargetPort, ep.Port, s.report.object()),
				fmt.Sprintf("write targetPort: %d, or the right port in %s", ep.Port, s.report.object()))
			return
		}
	}
}

func find(ports []model.Port, ep model.EndpointPort) int {
	for i, p := range ports {
		if p.Name == ep.Name && p.Protocol == ep.Protocol {
			return i
		}
	}
	return -1
}

func portWords(name string, p model.Protocol) string {
	if name == "" {
		return "the unnamed " + string(p) + " port"
	}
	return fmt.Sprintf("port %s (%s)", name, p)
}

func list(ports []model.Port) string {
	words := make([]string, len(ports))
	for i, p := range ports {
		words[i] = portWords(p.Name, p.Protocol)
	}
	return strings.Join(words, ", ")
}

func portYAML(p model.Port) string {
	s := "{"
	if p.Name != "" {
		s += "name: " + p.Name + ", "
	}
	s += fmt.Sprintf("port: %d", p.TargetPort)
	if p.Protocol != model.TCP {
		s += ", protocol: " + string(p.Protocol)
	}
	return s + "}"
}
