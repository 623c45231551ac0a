package failover

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"fairlead.dev/internal/model"
)

// resolver turns targets into endpoints and collects, in the decision, which
// questions it needs and when an answer's meaning changes by itself.
type resolver struct {
	in       Input
	decision *model.Decision
}

// target publishes one target of a ClusterIP or headless service.
func (r *resolver) target(t model.Target) model.TargetStatus {
	p := r.place(t)
	switch {
	case t.Hostname != "":
		found := r.host(t.Hostname, r.standing(t.Name))
		p.resolved(found.addrs, r.ports(0))
		p.kept(r.atSpec(found.standing))
		describe(&p.status, found)
	case t.SRV != "":
		r.srv(t, p)
	case len(t.Addresses) > 0:
		p.status.Reason, p.status.Message = ReasonFixed, "its addresses are written in the manifest"
		p.resolved(t.Addresses, r.ports(0))
	default:
		r.listed(t, p)
	}
	return p.end()
}

// listed publishes the endpoints that a manifest lists, or that a Service of the
// cluster has.
func (r *resolver) listed(t model.Target, p *place) {
	p.status.Reason, p.status.Message = ReasonFixed, "its endpoints are written in the manifest"
	if t.Service != nil {
		p.status.Reason, p.status.Message = ReasonInCluster, "its endpoints are those of Service "+t.Service.String()
	}
	for _, e := range t.Endpoints {
		if t.Service != nil {
			e.Hostname = p.hostname
		}
		p.add(e)
	}
}

// srv publishes the hosts of an SRV name, those of the lowest SRV priority
// (RFC 2782), each at the port that its record says.
func (r *resolver) srv(t model.Target, p *place) {
	standing := r.atRecords(r.standing(t.Name))
	found := r.ask(model.Question{Name: normal(t.SRV), Type: model.SRV}, standing)
	describe(&p.status, found)
	p.kept(found.standing)
	if len(found.hosts) == 0 {
		return
	}
	lowest := slices.MinFunc(found.hosts, func(a, b model.Host) int { return int(a.Priority) - int(b.Priority) }).Priority
	for _, h := range found.hosts {
		if h.Priority != lowest {
			continue
		}
		host := r.host(h.Name, standing)
		p.resolved(host.addrs, r.ports(h.Port))
		p.kept(host.standing)
		if len(host.addrs) == 0 || host.reason != ReasonResolved {
			describe(&p.status, host)
		}
	}
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

// external keeps the name behind an ExternalName service resolved. The first
// target of the tier is the one: a name has one CNAME (RFC 1034 section 3.6.2).
func (r *resolver) external(t model.Target) model.TargetStatus {
	s := model.TargetStatus{Name: t.Name, Priority: t.Priority, Where: where(t), Active: true}
	if r.decision.External != nil {
		s.Active = false
		s.Reason, s.Message = ReasonStandby, "a name has one CNAME: an earlier target of this tier has it"
		return s
	}
	r.decision.External = &model.External{Name: t.Hostname}
	if inDomain(t.Hostname, r.in.Domain) {
		s.Reason, s.Message = ReasonFixed, "its name lies in the cluster domain"
		return s
	}
	found := r.host(t.Hostname, nil)
	r.decision.External.A, r.decision.External.AAAA = found.a, found.aaaa
	s.Addresses = found.addrs
	describe(&s, found)
	return s
}

// place is where a target's endpoints are published.
type place struct {
	decision  *model.Decision
	forbidden Forbidden
	status    model.TargetStatus
	// hostname is that of every endpoint; empty for services that have none.
	hostname string
	// leftOut are the addresses that may not be published, and why.
	leftOut []string
}

func (r *resolver) place(t model.Target) *place {
	p := &place{
		decision: r.decision, forbidden: r.in.Forbidden,
		status: model.TargetStatus{Name: t.Name, Priority: t.Priority, Where: where(t), Active: true},
	}
	if r.in.Service.Type == model.Headless && !t.Unnamed {
		p.hostname = t.Name
	}
	return p
}

// resolved adds one endpoint for each address.
func (p *place) resolved(addrs []netip.Addr, ports []model.EndpointPort) {
	for _, a := range addrs {
		p.add(model.Endpoint{Addr: a, Hostname: p.hostname, Ready: true, Ports: ports})
	}
}

// kept adds what stood before.
func (p *place) kept(standing []model.Endpoint) {
	for _, e := range standing {
		e.Hostname = p.hostname
		p.add(e)
		p.decision.Settled = false
	}
}

// add publishes an endpoint that may be one.
func (p *place) add(e model.Endpoint) {
	if why := p.forbidden.why(e.Addr); why != "" {
		if out := e.Addr.String() + " is left out: " + why; !slices.Contains(p.leftOut, out) {
			p.leftOut = append(p.leftOut, out)
		}
		return
	}
	e.Target = p.status.Name
	p.decision.Endpoints = append(p.decision.Endpoints, e)
	p.status.Addresses = append(p.status.Addresses, e.Addr)
}

// maxLeftOut is how many addresses a message names.
const maxLeftOut = 3

// end returns the target's status.
func (p *place) end() model.TargetStatus {
	if !p.decision.Settled {
		p.status.Addresses = distinct(p.status.Addresses) // several hosts may keep one
	}
	out := p.leftOut
	if len(out) == 0 {
		return p.status
	}
	if more := len(out) - maxLeftOut; more > 0 {
		out = append(slices.Clone(out[:maxLeftOut]), fmt.Sprintf("and %d more", more))
	}
	p.status.Reason, p.status.Message = ReasonForbidden, strings.Join(out, "; ")
	return p.status
}

func distinct(addrs []netip.Addr) []netip.Addr {
	seen := make(map[netip.Addr]struct{}, len(addrs))
	return slices.DeleteFunc(addrs, func(a netip.Addr) bool {
		_, twice := seen[a]
		seen[a] = struct{}{}
		return twice
	})
}

func inDomain(name, domain string) bool {
	return domain != "" && strings.HasSuffix("."+normal(name), "."+normal(domain))
}

// where is the target in a person's words.
func where(t model.Target) string {
	switch {
	case t.Hostname != "":
		return t.Hostname
	case t.SRV != "":
		return t.SRV
	case t.Service != nil:
		return "service " + t.Service.String()
	}
	var all []string
	for _, a := range t.Addresses {
		all = append(all, a.String())
	}
	for _, e := range t.Endpoints {
		all = append(all, e.Addr.String())
	}
	return strings.Join(all, ", ")
}
