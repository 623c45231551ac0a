package plan

import (
	"net/netip"
	"time"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/wire"
)

// service is the noun behind the public form. What is not public is not there: it
// says how endpoints are asked, and not what is decided.
func service(s wire.Service) model.Service {
	return model.Service{
		Key: model.Key{Namespace: s.Namespace, Name: s.Name}, Type: model.ServiceType(s.Type), Origin: model.Origin(s.Origin),
		ClusterIPs: s.ClusterIPs, Ports: each(s.Ports, port), Targets: each(s.Targets, target),
		SessionAffinity: time.Duration(s.SessionAffinity), PublishNotReady: s.PublishNotReady,
		Resolution: model.Resolution{
			MinInterval: time.Duration(s.Resolution.MinInterval), MaxInterval: time.Duration(s.Resolution.MaxInterval),
			MissingGrace: time.Duration(s.Resolution.MissingGrace), Retain: time.Duration(s.Resolution.Retain),
		},
		Probe: probe(s.Probe),
		Failover: model.Failover{
			ManualFailback: s.Failover.Failback == "Manual", FailbackDelay: time.Duration(s.Failover.FailbackDelay),
			Withdraw: s.Failover.WhenAllDown == "Withdraw", MinimumReady: s.Failover.MinimumReady,
		},
		Pin: pin(s.Pin), Refusal: refusal(s.Refusal),
	}
}

func port(p wire.Port) model.Port {
	return model.Port{
		Name: p.Name, Protocol: model.Protocol(p.Protocol), Port: p.Port, TargetPort: p.TargetPort, AppProtocol: p.AppProtocol,
	}
}

func target(t wire.Target) model.Target {
	out := model.Target{
		Name: t.Name, Unnamed: t.Unnamed, Priority: t.Priority, Hostname: t.Hostname, SRV: t.SRV, Addresses: t.Addresses,
		Endpoints: each(t.Endpoints, endpoint), Refusal: refusal(t.Refusal),
	}
	if t.Service != nil {
		out.Service = &model.Key{Namespace: t.Service.Namespace, Name: t.Service.Name}
	}
	return out
}

func endpoint(e wire.Endpoint) model.Endpoint {
	ports := func(p wire.EndpointPort) model.EndpointPort {
		return model.EndpointPort{Name: p.Name, Protocol: model.Protocol(p.Protocol), Port: p.Port}
	}
	return model.Endpoint{Addr: e.IP, Hostname: e.Hostname, Target: e.Target, Ready: e.Ready, Ports: each(e.Ports, ports)}
}

func probe(p *wire.Probe) *model.Probe {
	if p == nil {
		return nil
	}
	return &model.Probe{
		Kind: model.ProbeKind(p.Kind), Interval: time.Duration(p.Interval), Timeout: time.Duration(p.Timeout),
		FailureThreshold: p.FailureThreshold, SuccessThreshold: p.SuccessThreshold, Port: p.Port, Role: model.Role(p.Role),
	}
}

func pin(p *wire.Pin) *model.Pin {
	if p == nil {
		return nil
	}
	return &model.Pin{Target: p.Target, By: p.By, Reason: p.Reason, At: p.At}
}

func refusal(r *wire.Refusal) *model.Refusal {
	if r == nil {
		return nil
	}
	return &model.Refusal{Reason: r.Reason, Message: r.Message}
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

func bestOf(s model.Service) int {
	best := 0
	for i, t := range s.Targets {
		if i == 0 || t.Priority < best {
			best = t.Priority
		}
	}
	return best
}

// hostport is an address as people write it with a port.
func hostport(a netip.Addr, ports []model.EndpointPort) string {
	if len(ports) != 1 {
		return a.String()
	}
	return netip.AddrPortFrom(a, ports[0].Port).String()
}
