package failover

import (
	"slices"
	"strings"

	"fairlead.dev/internal/model"
)

// resolver turns targets into endpoints and collects, in the decision, which
// questions it needs and when an answer's meaning changes by itself.
type resolver struct {
	in       Input
	decision *model.Decision
	// tier is the priority of the tier that standing endpoints of nobody belong to.
	tier int
}

// target finds one target of a ClusterIP or headless service.
func (r *resolver) target(t *model.Target, p *place) {
	switch {
	case t.Hostname != "":
		found := r.host(t.Hostname, r.standing(t))
		p.resolved(found, t.Hostname, r.ports(0))
		p.kept(r.atSpec(found.standing), t.Hostname)
		p.describe(found)
	case t.SRV != "":
		r.srv(t, p)
	case len(t.Addresses) > 0:
		p.reason, p.message = ReasonFixed, "its addresses are written in the manifest"
		for _, a := range t.Addresses {
			p.add(model.Endpoint{Addr: a, Hostname: p.hostname, Ready: true, Ports: r.ports(0)}, "")
		}
	default:
		r.listed(t, p)
	}
	p.end()
}

// listed publishes the endpoints that a manifest lists, or that a Service of the
// cluster has.
func (r *resolver) listed(t *model.Target, p *place) {
	p.reason, p.message = ReasonFixed, "its endpoints are written in the manifest"
	if t.Service != nil {
		p.reason, p.message = ReasonInCluster, "its endpoints are those of Service "+t.Service.String()
	}
	for _, e := range t.Endpoints {
		if t.Service != nil {
			e.Hostname = p.hostname
		}
		if c := p.add(e, ""); c != nil {
			c.unready = !e.Ready
		}
	}
}

// srv publishes the hosts of an SRV name, those of the lowest SRV priority
// (RFC 2782), each at the port that its record says.
func (r *resolver) srv(t *model.Target, p *place) {
	standing := r.atRecords(r.standing(t))
	found := r.ask(model.Question{Name: normal(t.SRV), Type: model.SRV}, standing)
	p.describe(found)
	p.kept(found.standing, "")
	p.gone = p.gone.and(found.gone)
	if len(found.hosts) == 0 {
		return
	}
	lowest := slices.MinFunc(found.hosts, func(a, b model.Host) int { return int(a.Priority) - int(b.Priority) }).Priority
	for _, h := range found.hosts {
		if h.Priority != lowest {
			continue
		}
		host := r.host(h.Name, standing)
		p.resolved(host, h.Name, r.ports(h.Port))
		p.kept(host.standing, h.Name)
		if len(host.addrs) == 0 || host.reason != ReasonResolved {
			p.describe(host)
		}
		p.unsure = p.unsure || host.unsure
	}
	p.unsure = p.unsure && len(p.candidates) == 0
}

// ports are where a resolved target serves the service's ports: at port, or
// where port is 0 at each one's target port.
func (r *resolver) ports(port uint16) []model.EndpointPort {
	ports := make([]model.EndpointPort, 0, len(r.in.Service.Ports))
	for _, p := range r.in.Service.Ports {
		at := p.TargetPort
		if port != 0 {
			at = port
		}
		ports = append(ports, model.EndpointPort{Name: p.Name, Protocol: p.Protocol, Port: at})
	}
	return ports
}

// external keeps the name behind an ExternalName service resolved.
func (r *resolver) external(t *model.Target, p *place) {
	p.external = &model.External{Name: t.Hostname}
	if inDomain(t.Hostname, r.in.Domain) {
		p.reason, p.message = ReasonFixed, "its name lies in the cluster domain"
		return
	}
	found := r.host(t.Hostname, nil)
	p.external.A, p.external.AAAA = found.a, found.aaaa
	p.resolved(found, t.Hostname, r.ports(0))
	p.unsure = found.unsure
	p.status.Addresses = found.addrs // forbidden ones are for its own clients to find
	p.describe(found)
}

func inDomain(name, domain string) bool {
	return domain != "" && strings.HasSuffix("."+normal(name), "."+normal(domain))
}
