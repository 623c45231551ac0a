package dnsserver

import (
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"fairlead.dev/internal/model"
)

// kind is what stands behind a name.
type kind int

const (
	// missing: nothing does, the name does not exist.
	missing kind = iota
	// empty: the name exists for those below it only.
	empty
	// self: ns.dns, this server.
	self
	// virtual: a service by its virtual IPs.
	virtual
	// direct: endpoints by their own addresses.
	direct
	// alias: a service of type ExternalName.
	alias
)

// found is what [query.find] finds.
type found struct {
	kind
	parts
	*model.Published
}

// target is the name behind an alias, with a trailing dot.
func (f *found) target() string { return dns.Fqdn(f.Decision.External.Name) }

// find looks up a lower-case name in the question's zone. Anything but missing
// and empty has at least one port of one address behind it, or an alias.
func (q *query) find(name string) found {
	base := name[:len(name)-len(q.suffix)]
	base = strings.TrimSuffix(base, ".")
	switch base {
	case "", "svc", "pod":
		return found{kind: empty}
	case "ns.dns":
		return found{kind: self}
	}
	p, ok := parse(base)
	if !ok || !q.cluster || !q.snapshot.HasNamespace(p.namespace) {
		return found{}
	}
	if p.service == "" {
		return found{kind: empty}
	}
	s := q.snapshot.Find(model.Key{Namespace: p.namespace, Name: p.service})
	if s == nil {
		return found{}
	}
	return found{kind: classify(s, p), parts: p, Published: s}
}

// classify says what of a service the parts of a name mean.
func classify(s *model.Published, p parts) kind {
	switch {
	case s.Service.Type == model.ExternalName:
		return classifyAlias(s, p)
	case s.Service.Type == model.Headless || p.endpoint != "":
		for _, e := range s.Decision.Endpoints {
			if p.holds(s, &e) {
				return direct
			}
		}
	case len(s.Service.Ports) == 0 && p.matches("", ""):
		return virtual
	default:
		for _, port := range s.Service.Ports {
			if p.matches(port.Name, port.Protocol) {
				return virtual
			}
		}
	}
	return missing
}

// classifyAlias: an alias has no ports or endpoints below it, and an address
// in the place of its name is no name. Without a name that a DNS message can
// hold there is nothing to lead to yet.
func classifyAlias(s *model.Published, p parts) kind {
	if p.endpoint != "" || p.port != "" || p.protocol != "" {
		return missing
	}
	x := s.Decision.External
	if x == nil || x.Name == "" {
		return empty
	}
	if _, ok := dns.IsDomainName(x.Name); !ok {
		return empty
	}
	if _, err := netip.ParseAddr(x.Name); err == nil {
		return missing
	}
	return alias
}

// matches reports whether a port is one of those that a name asks for.
func (p *parts) matches(name string, protocol model.Protocol) bool {
	return (p.port == "" || strings.EqualFold(p.port, name)) &&
		(p.protocol == "" || strings.EqualFold(p.protocol, string(protocol)))
}

// holds reports whether an endpoint is published and one of those that a name
// asks for. An endpoint without ports counts as one with a nameless port.
func (p *parts) holds(s *model.Published, e *model.Endpoint) bool {
	if !e.Ready && !s.Service.PublishNotReady {
		return false
	}
	if p.endpoint != "" && !hasLabel(e, p.endpoint) {
		return false
	}
	if len(e.Ports) == 0 {
		return p.matches("", "")
	}
	for _, port := range e.Ports {
		if p.matches(port.Name, port.Protocol) {
			return true
		}
	}
	return false
}
