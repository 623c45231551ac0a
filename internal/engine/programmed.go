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

// carriedOut says that the decision stands, in words. Of a service of which
// nothing was ever followed there is nothing that could.
func carriedOut(p *model.Published, words func(*model.Published) (reason, message string)) {
	if _, decided := p.Decision.Condition(model.Resolvable); !decided {
		return
	}
	reason, message := words(p)
	program(p, model.Condition{Type: model.Programmed, Status: true, Reason: reason, Message: message})
}

// faulty says what of the decision is not carried out. If that is all of it, the
// service is not ready either.
func faulty(p *model.Published, f model.Fault) {
	if _, decided := p.Decision.Condition(model.Resolvable); !decided {
		return
	}
	program(p, model.Condition{Type: model.Programmed, Reason: f.Reason, Message: f.Message})
	if !f.Partial {
		ready := &p.Decision.Conditions[len(p.Decision.Conditions)-1]
		ready.Status, ready.Reason, ready.Message = false, f.Reason, f.Message
	}
}

// program puts the condition Programmed before Ready, which is the last.
func program(p *model.Published, c model.Condition) {
	all := p.Decision.Conditions
	p.Decision.Conditions = slices.Insert(all, len(all)-1, c)
}

// claimed says that the name is somebody else's: nothing was decided for it that
// could be true.
func claimed(p *model.Published, f model.Fault) {
	p.Decision.Conditions = []model.Condition{
		{Type: model.Accepted, Reason: f.Reason, Message: f.Message},
		{Type: model.Ready, Reason: f.Reason, Message: f.Message},
	}
}

// relayWords are those of a relay that listens on virtual IPs.
func relayWords(p *model.Published) (reason, message string) {
	ready, _ := p.Decision.Condition(model.Ready)
	takes := slices.ContainsFunc(p.Decision.Endpoints, func(e model.Endpoint) bool { return e.Ready })
	switch {
	case !ready.Status && !takes:
		return reasonNothing, "there is nothing to connect to yet"
	case p.Service.Type == model.ClusterIP:
		return reasonListening, "listening on " + listeners(p.Service)
	}
	return reasonServed, "its DNS records are served"
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
		sameHistory(a.Decision.History, b.Decision.History) &&
		slices.EqualFunc(a.Decision.Targets, b.Decision.Targets, sameTarget)
}

func sameEndpoint(a, b model.Endpoint) bool {
	return a.Addr == b.Addr && a.Ready == b.Ready && a.Hostname == b.Hostname && a.Host == b.Host && a.Target == b.Target &&
		slices.Equal(a.Ports, b.Ports)
}

func sameTarget(a, b model.TargetStatus) bool {
	return a.Name == b.Name && a.Active == b.Active && a.Reason == b.Reason && a.Message == b.Message &&
		slices.Equal(a.Addresses, b.Addresses) && slices.Equal(a.Checks, b.Checks)
}

// sameHistory reports whether nothing was added to a history.
func sameHistory(a, b []model.Transition) bool {
	return len(a) == len(b) && (len(a) == 0 || a[0].At.Equal(b[0].At))
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
