package convert

import (
	"fmt"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// external converts an ExternalService. An Error anywhere in it refuses it,
// except those that leave out one target or one address.
func (c *converter) external(r *report, e *v1alpha1.ExternalService) {
	d := &declared{report: r}
	c.declare(d)
	w := &Wanted{Source: r.source, Service: model.Service{Key: r.key, Origin: r.origin()}}
	spec := &e.Spec

	r.externalType(w, spec)
	w.Ports = r.externalPorts(spec.Ports)
	w.SessionAffinity = r.affinity(at("spec", "sessionAffinity"), spec.SessionAffinity, nil)
	w.Resolution = r.resolution(spec.Resolution)
	w.Probe = r.probe(spec.Probe, w)
	w.Failover = r.failover(spec.Failover)
	w.Gateway = r.gateway(spec.Gateway, w)
	ok := r.errors == 0
	w.Targets, ok = r.targets(spec.Targets, w, ok)
	if !ok || !r.tiers(spec, w) {
		return
	}
	w.Pin = r.pin(w.Targets)
	d.wanted = w
	c.wanted = append(c.wanted, w)
}

func (r *report) externalType(w *Wanted, spec *v1alpha1.ExternalServiceSpec) {
	switch spec.Type {
	case "", v1alpha1.ServiceTypeClusterIP:
		w.Type, w.Families = model.ClusterIP, r.c.in.families()
		if len(spec.Ports) == 0 {
			r.error("PortsMissing", at("spec", "ports"), "type ClusterIP needs at least one port",
				"write ports: [{port: 5432}], or type: Headless for a name without a virtual IP")
		}
	case v1alpha1.ServiceTypeHeadless:
		w.Type = model.Headless
	case v1alpha1.ServiceTypeExternalName:
		w.Type = model.ExternalName
	default:
		r.error("UnknownValue", at("spec", "type"), fmt.Sprintf("there is no ExternalService type %q", spec.Type),
			"write ClusterIP, Headless or ExternalName")
	}
}

func (r *report) externalPorts(in []v1alpha1.Port) []model.Port {
	root := at("spec", "ports")
	checks := newPortChecks(r, len(in))
	ports := make([]model.Port, 0, len(in))
	for i := range in {
		p, path := &in[i], root.Index(i)
		target := p.TargetPort
		if target == 0 {
			target = p.Port
		}
		port := model.Port{Name: p.Name, Protocol: protocol(p.Protocol), Port: uint16(p.Port), TargetPort: uint16(target)}
		if p.AppProtocol != nil {
			port.AppProtocol = *p.AppProtocol
		}
		checks.name(path, p.Name)
		checks.appProtocol(path.Child("appProtocol"), p.AppProtocol)
		checks.number(path.Child("port"), p.Port)
		if p.TargetPort != 0 {
			checks.number(path.Child("targetPort"), p.TargetPort)
		}
		checks.protocol(path, port.Protocol, p.Port, model.TCP, model.UDP)
		ports = append(ports, port)
	}
	return ports
}
