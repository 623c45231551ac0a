package wire

import (
	"time"

	"fairlead.dev/internal/model"
)

// From is the public form of a snapshot. A nil snapshot gives the status of a
// process that has not loaded anything yet.
func From(info Info, s *model.Snapshot) Status {
	info.Started = instant(info.Started)
	out := Status{Info: info, Namespaces: []string{}, Services: []Published{}, Problems: []Problem{}}
	if s == nil {
		return out
	}
	out.Generation = s.Generation
	out.At = instant(s.At)
	out.Domain = s.Domain
	out.Namespaces = append(out.Namespaces, s.Namespaces...)
	out.Services = make([]Published, 0, len(s.Services))
	for _, p := range s.Services {
		out.Services = append(out.Services, FromPublished(s.Domain, p))
	}
	out.Problems = each(s.Problems, fromProblem)
	if out.Problems == nil {
		out.Problems = []Problem{}
	}
	return out
}

// FromPublished is the public form of one service in a domain.
func FromPublished(domain string, p *model.Published) Published {
	s, d := fromService(domain, p.Service), fromDecision(p.Decision)
	return Published{Service: s, Decision: d, Summary: summarize(s, d)}
}

func fromService(domain string, s model.Service) Service {
	return Service{
		Namespace:       s.Key.Namespace,
		Name:            s.Key.Name,
		DNSName:         s.Key.Name + "." + s.Key.Namespace + ".svc." + domain,
		Type:            string(s.Type),
		Origin:          Origin(s.Origin),
		ClusterIPs:      s.ClusterIPs,
		Ports:           each(s.Ports, fromPort),
		Targets:         each(s.Targets, fromTarget),
		SessionAffinity: Duration(s.SessionAffinity),
		PublishNotReady: s.PublishNotReady,
		Resolution: Resolution{
			MinInterval:  Duration(s.Resolution.MinInterval),
			MaxInterval:  Duration(s.Resolution.MaxInterval),
			MissingGrace: Duration(s.Resolution.MissingGrace),
			Retain:       Duration(s.Resolution.Retain),
		},
		Probe:    fromProbe(s.Probe),
		Failover: fromFailover(s.Failover),
		Gateway:  fromGateway(s),
		Pin:      fromPin(s.Pin),
		Refusal:  fromRefusal(s.Refusal),
	}
}

func fromDecision(d model.Decision) Decision {
	out := Decision{
		Active:      d.Active,
		Priority:    d.Priority,
		ActiveSince: instant(d.ActiveSince),
		Pinned:      d.State.Pinned,
		History:     each(d.History, fromTransition),
		Endpoints:   each(d.Endpoints, fromEndpoint),
		Targets:     each(d.Targets, fromTargetStatus),
		Conditions:  each(d.Conditions, fromCondition),
	}
	if x := d.External; x != nil {
		out.External = &External{Name: x.Name, A: fromResolved(x.A), AAAA: fromResolved(x.AAAA)}
	}
	return out
}

func fromPort(p model.Port) Port {
	return Port{
		Name: p.Name, Protocol: string(p.Protocol), Port: p.Port,
		TargetPort: p.TargetPort, AppProtocol: p.AppProtocol,
	}
}

func fromTarget(t model.Target) Target {
	out := Target{
		Name: t.Name, Unnamed: t.Unnamed, Priority: t.Priority, Hostname: t.Hostname, SRV: t.SRV,
		Addresses: t.Addresses, Endpoints: each(t.Endpoints, fromEndpoint), Refusal: fromRefusal(t.Refusal),
	}
	if t.Service != nil {
		out.Service = &ServiceRef{Namespace: t.Service.Namespace, Name: t.Service.Name}
	}
	return out
}

func fromEndpoint(e model.Endpoint) Endpoint {
	ports := func(p model.EndpointPort) EndpointPort {
		return EndpointPort{Name: p.Name, Protocol: string(p.Protocol), Port: p.Port}
	}
	return Endpoint{
		IP: e.Addr, Hostname: e.Hostname, Target: e.Target, Ready: e.Ready,
		Ports: each(e.Ports, ports),
	}
}

func fromResolved(r model.Resolved) Resolved {
	alias := func(a model.Alias) Alias {
		return Alias{Name: a.Name, Target: a.Target, TTL: Duration(a.TTL)}
	}
	return Resolved{
		Known: r.Known, Aliases: each(r.Aliases, alias), Addresses: r.Addrs,
		At: instant(r.At), TTL: Duration(r.TTL),
	}
}

func fromTargetStatus(t model.TargetStatus) TargetStatus {
	return TargetStatus{
		Name: t.Name, Priority: t.Priority, Where: t.Where, Active: t.Active, Addresses: t.Addresses,
		Reason: t.Reason, Message: t.Message, ResolvedAt: instant(t.ResolvedAt), Checks: each(t.Checks, fromCheck),
	}
}

func fromCondition(c model.Condition) Condition {
	out := Condition{
		Type: string(c.Type), Status: conditionFalse, Reason: c.Reason, Message: c.Message,
		LastTransitionTime: instant(c.Since),
	}
	if c.Status {
		out.Status = conditionTrue
	}
	return out
}

func fromProblem(p model.Problem) Problem {
	return Problem{
		Severity: string(p.Severity), Reason: p.Reason, Object: p.Object, File: p.File,
		Line: p.Line, Field: p.Field, Message: p.Message, Hint: p.Hint,
	}
}

// each maps a slice, and nil to nil.
func each[A, B any](in []A, f func(A) B) []B {
	if in == nil {
		return nil
	}
	out := make([]B, len(in))
	for i, v := range in {
		out[i] = f(v)
	}
	return out
}

// instant is t in UTC to the millisecond, finer than anybody reads.
func instant(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Millisecond)
}
