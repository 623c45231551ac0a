package engine

import (
	"reflect"
	"slices"
	"strings"

	"fairlead.dev/internal/model"
)

// The reasons of the condition Programmed. A fault brings its own.
const (
	reasonListening = "Listening"
	reasonServed    = "RecordsServed"
	reasonNothing   = "NothingToServe"
)

// program adds the condition Programmed to p: what the sink made of its
// decision. What could not be carried out at all is not ready either.
func program(p *model.Published, faults map[model.Key]model.Fault) {
	d := &p.Decision
	at := slices.IndexFunc(d.Conditions, func(c model.Condition) bool { return c.Type == model.Ready })
	ready := &d.Conditions[at]
	c := model.Condition{Type: model.Programmed, Status: true, Reason: reasonServed, Message: "its DNS records are served"}
	fault, failed := faults[p.Service.Key]
	switch {
	case failed:
		c.Status, c.Reason, c.Message = false, fault.Reason, fault.Message
		if !fault.Partial {
			ready.Status, ready.Reason, ready.Message = false, fault.Reason, fault.Message
		}
	case p.Service.Type == model.ClusterIP && ready.Status:
		c.Reason, c.Message = reasonListening, "listening on "+listeners(p.Service)
	case !ready.Status:
		c.Reason, c.Message = reasonNothing, "there is nothing to connect to yet"
	}
	d.Conditions = slices.Insert(d.Conditions, at, c)
}

func listeners(s model.Service) string {
	var all []string
	for _, ip := range s.ClusterIPs {
		for _, p := range s.Ports {
			all = append(all, ip.String()+" port "+p.String())
		}
	}
	return strings.Join(all, ", ")
}

// sameForClients reports whether two states of a service differ in nothing
// that a client or a person would act on: only in when DNS confirmed them.
func sameForClients(a, b *model.Published) bool {
	return reflect.DeepEqual(a.Service, b.Service) &&
		slices.EqualFunc(a.Decision.Endpoints, b.Decision.Endpoints, sameEndpoint) &&
		sameExternal(a.Decision.External, b.Decision.External) &&
		slices.Equal(a.Decision.Conditions, b.Decision.Conditions) &&
		slices.EqualFunc(a.Decision.Targets, b.Decision.Targets, sameTarget)
}

func sameEndpoint(a, b model.Endpoint) bool {
	return a.Addr == b.Addr && a.Ready == b.Ready && a.Hostname == b.Hostname && a.Target == b.Target &&
		slices.Equal(a.Ports, b.Ports)
}

func sameTarget(a, b model.TargetStatus) bool {
	return a.Name == b.Name && a.Active == b.Active && a.Reason == b.Reason && a.Message == b.Message &&
		slices.Equal(a.Addresses, b.Addresses)
}

func sameExternal(a, b *model.External) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Name == b.Name && sameResolved(a.A, b.A) && sameResolved(a.AAAA, b.AAAA)
}

func sameResolved(a, b model.Resolved) bool {
	return a.Known == b.Known && slices.Equal(a.Addrs, b.Addrs) && slices.EqualFunc(a.Aliases, b.Aliases,
		func(x, y model.Alias) bool { return x.Name == y.Name && x.Target == y.Target })
}
