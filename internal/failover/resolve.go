package failover

import (
	"net/netip"
	"slices"
	"strings"
	"time"

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
	s := model.TargetStatus{Name: t.Name, Priority: t.Priority, Where: where(t), Active: true}
	switch {
	case t.Hostname != "":
		found := r.host(t.Hostname)
		r.publish(t, &s, found.addrs, r.ports(0))
		describe(&s, found)
	case t.SRV != "":
		r.srv(t, &s)
	case len(t.Addresses) > 0:
		s.Reason, s.Message = ReasonFixed, "its addresses are written in the manifest"
		r.publish(t, &s, t.Addresses, r.ports(0))
	default:
		r.listed(t, &s)
	}
	return s
}

// listed publishes the endpoints that a manifest lists.
func (r *resolver) listed(t model.Target, s *model.TargetStatus) {
	s.Reason, s.Message = ReasonFixed, "its endpoints are written in the manifest"
	for _, e := range t.Endpoints {
		e.Target = t.Name
		r.decision.Endpoints = append(r.decision.Endpoints, e)
		s.Addresses = append(s.Addresses, e.Addr)
	}
}

// srv publishes the hosts of an SRV name, those of the lowest SRV priority
// (RFC 2782), each at the port that its record says.
func (r *resolver) srv(t model.Target, s *model.TargetStatus) {
	found := r.ask(model.Question{Name: normal(t.SRV), Type: model.SRV})
	describe(s, found)
	if len(found.hosts) == 0 {
		return
	}
	lowest := slices.MinFunc(found.hosts, func(a, b model.Host) int { return int(a.Priority) - int(b.Priority) }).Priority
	for _, h := range found.hosts {
		if h.Priority != lowest {
			continue
		}
		host := r.host(h.Name)
		r.publish(t, s, host.addrs, r.ports(h.Port))
		if len(host.addrs) == 0 || host.reason != ReasonResolved {
			describe(s, host)
		}
	}
}

// publish adds one endpoint for each address that may be one.
func (r *resolver) publish(t model.Target, s *model.TargetStatus, addrs []netip.Addr, ports []model.EndpointPort) {
	hostname := ""
	if r.in.Service.Type == model.Headless {
		hostname = t.Name
	}
	for _, a := range addrs {
		if r.forbidden(a) {
			s.Reason, s.Message = ReasonForbidden, a.String()+" is left out: it lies in the range of the virtual IPs"
			continue
		}
		r.decision.Endpoints = append(r.decision.Endpoints, model.Endpoint{
			Addr: a, Hostname: hostname, Target: t.Name, Ready: true, Ports: ports,
		})
		s.Addresses = append(s.Addresses, a)
	}
}

func (r *resolver) forbidden(a netip.Addr) bool {
	return slices.ContainsFunc(r.in.Forbidden, func(p netip.Prefix) bool { return p.Contains(a) })
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
	found := r.host(t.Hostname)
	r.decision.External.A, r.decision.External.AAAA = found.a, found.aaaa
	s.Addresses = found.addrs
	describe(&s, found)
	return s
}

// finding is what is known about a name.
type finding struct {
	addrs           []netip.Addr
	hosts           []model.Host
	a, aaaa         model.Resolved
	at              time.Time
	reason, message string
}

// host looks both address families of a name up.
func (r *resolver) host(name string) finding {
	a := r.ask(model.Question{Name: normal(name), Type: model.A})
	aaaa := r.ask(model.Question{Name: normal(name), Type: model.AAAA})
	f := finding{addrs: append(sorted(a.addrs), sorted(aaaa.addrs)...), a: a.a, aaaa: aaaa.a}
	worse := a
	if rank(aaaa.reason) > rank(a.reason) {
		worse = aaaa
	}
	if len(f.addrs) == 0 && (a.reason == ReasonPending || aaaa.reason == ReasonPending) {
		worse.reason, worse.message = ReasonPending, normal(name)+" is being looked up"
	}
	f.reason, f.message, f.at = worse.reason, worse.message, a.at
	if a.at.IsZero() || !aaaa.at.IsZero() && aaaa.at.After(a.at) {
		f.at = aaaa.at
	}
	// One family without records is how most names are; it matters only when
	// neither has any.
	if len(f.addrs) > 0 && (f.reason == ReasonNotFound || f.reason == ReasonNoAddresses || f.reason == ReasonPending) {
		f.reason, f.message = ReasonResolved, a.message
		if len(a.addrs) == 0 {
			f.message = aaaa.message
		}
	}
	return f
}

// ask applies the table of [Decide] to one question.
func (r *resolver) ask(q model.Question) finding {
	r.decision.Questions = append(r.decision.Questions, q)
	answer, ok := r.in.Answer(q)
	if !ok {
		return finding{reason: ReasonPending, message: q.Name + " is being looked up"}
	}
	f := finding{at: answer.Good.At}
	last, good := answer.Last, answer.Good
	expires := answer.MissingSince.Add(r.in.Service.Resolution.MissingGrace)
	missingNow := !answer.MissingSince.IsZero()
	believed := missingNow && !r.in.Now.Before(expires)
	if missingNow && !believed && !good.At.IsZero() {
		r.lookAgain(expires)
	}
	switch {
	case last.Class == model.Answered:
		f.reason, f.message = ReasonResolved, q.Name+" is resolved"
	case last.Class.Failed():
		f.reason, f.message = ReasonLookupFailed, q.Name+": "+last.Detail
		if believed { // a failure says nothing, so it brings nothing back
			f.a = model.Resolved{Known: true, At: last.At}
			return f
		}
		if !good.At.IsZero() {
			f.message += "; the addresses of " + good.At.UTC().Format(time.RFC3339) + " stay"
		}
	default:
		f.reason, f.message = missing(q, last.Class)
		if good.At.IsZero() || believed {
			f.a = model.Resolved{Known: true, Aliases: last.Aliases, At: last.At, TTL: last.TTL}
			return f
		}
		f.reason = ReasonMissing
		f.message += "; its last addresses stay until " + expires.UTC().Format(time.RFC3339)
	}
	f.addrs, f.hosts = good.Addrs, good.Hosts
	f.a = model.Resolved{Known: !good.At.IsZero(), Aliases: good.Aliases, Addrs: good.Addrs, At: good.At, TTL: good.TTL}
	return f
}

func (r *resolver) lookAgain(at time.Time) {
	if r.decision.Next.IsZero() || at.Before(r.decision.Next) {
		r.decision.Next = at
	}
}

func missing(q model.Question, c model.Class) (reason, message string) {
	if c == model.NotFound {
		return ReasonNotFound, q.Name + " does not exist (NXDOMAIN)"
	}
	return ReasonNoAddresses, q.Name + " has no " + string(q.Type) + " records"
}

// sorted keeps a server's rotation of its records from looking like a change.
func sorted(addrs []netip.Addr) []netip.Addr {
	s := slices.Clone(addrs)
	slices.SortFunc(s, netip.Addr.Compare)
	return s
}

func normal(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

func inDomain(name, domain string) bool {
	return domain != "" && strings.HasSuffix("."+normal(name), "."+normal(domain))
}

func where(t model.Target) string {
	switch {
	case t.Hostname != "":
		return t.Hostname
	case t.SRV != "":
		return t.SRV
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
