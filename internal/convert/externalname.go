package convert

import (
	"cmp"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"fairlead.dev/internal/model"
)

// externalTarget is the name of the one target of a plain ExternalName Service.
const externalTarget = "external"

// externalName converts a Service of type ExternalName. Its ports mean nothing
// to Kubernetes and are not judged.
func (c *converter) externalName(r *report, d *declared, s *corev1.Service) {
	path := at("spec", "externalName")
	name := trimDot(s.Spec.ExternalName)
	if name == "" {
		r.error("ExternalNameMissing", path, "spec.externalName is missing", "write externalName: db.example.com")
		return
	}
	if looksLikeIP(name) {
		r.error("ExternalNameIsIP", path,
			fmt.Sprintf("%s is an IP address; externalName takes a DNS name, and DNS would look for a name made of digits", name),
			addressInstead(r.key, name, s.Spec.Ports))
		return
	}
	if why, hint := badHostname(name); why != "" {
		r.error("InvalidHostname", path, fmt.Sprintf("%q %s", s.Spec.ExternalName, why), hint)
		return
	}
	if own := r.key.Name + "." + r.key.Namespace + ".svc." + c.in.ClusterDomain; c.in.ClusterDomain != "" && name == own {
		r.error("PointsToItself", path, fmt.Sprintf("%s is this Service's own name", name), "write the name of the external service")
		return
	}
	r.notes(s)
	if r.unnamed {
		return
	}
	w := &Wanted{Source: r.source, Service: model.Service{
		Key: r.key, Type: model.ExternalName, Origin: r.origin(),
		Ports:      informativePorts(s.Spec.Ports),
		Targets:    []model.Target{{Name: externalTarget, Hostname: name}},
		Resolution: model.DefaultResolution(),
	}}
	d.wanted = w
	c.wanted = append(c.wanted, w)
}

// informativePorts keeps the ports of an ExternalName Service that are ports.
func informativePorts(in []corev1.ServicePort) []model.Port {
	var ports []model.Port
	for i := range in {
		p := &in[i]
		if !validPort(p.Port) {
			continue
		}
		port := model.Port{Name: p.Name, Protocol: protocol(p.Protocol), Port: uint16(p.Port), TargetPort: uint16(p.Port)}
		if p.AppProtocol != nil {
			port.AppProtocol = *p.AppProtocol
		}
		ports = append(ports, port)
	}
	return ports
}

// addressInstead is the manifest to write for an IP address in externalName.
func addressInstead(k model.Key, ip string, ports []corev1.ServicePort) string {
	if _, err := netip.ParseAddr(ip); err != nil {
		return "write a DNS name; for an IP address write an ExternalService with addresses: [10.0.1.25]"
	}
	if strings.Contains(ip, ":") {
		ip = strconv.Quote(ip)
	}
	var b strings.Builder
	b.WriteString("write this instead (or a Service without selector, and an EndpointSlice):\n")
	b.WriteString("apiVersion: fairlead.dev/v1alpha1\nkind: ExternalService\n")
	fmt.Fprintf(&b, "metadata: {name: %s, namespace: %s}\nspec:\n", cmp.Or(k.Name, example(kindExternalService)), k.Namespace)
	known := informativePorts(ports)
	if len(known) == 0 {
		b.WriteString("  type: Headless\n")
	} else {
		b.WriteString("  ports:\n")
	}
	for _, p := range known {
		if p.Name == "" {
			fmt.Fprintf(&b, "  - {port: %d}\n", p.Port)
			continue
		}
		fmt.Fprintf(&b, "  - {name: %s, port: %d}\n", p.Name, p.Port)
	}
	fmt.Fprintf(&b, "  targets: [{name: %s, addresses: [%s]}]", externalTarget, ip)
	return b.String()
}
