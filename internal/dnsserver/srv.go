package dnsserver

import (
	"math"
	"net/netip"

	"github.com/miekg/dns"
)

// srvRecords collects SRV records and the addresses of their targets. Two
// protocols on one port number share a record.
type srvRecords struct {
	q       *query
	weight  uint16
	answer  []dns.RR
	extra   []dns.RR
	records unique[srvKey]
	targets unique[targetKey]
}

type srvKey struct {
	target string
	port   uint16
}

type targetKey struct {
	target string
	addr   netip.Addr
}

// srv answers SRV (RFC 2782): one record for each pair of address and port
// that the name asks for. Port 0 stands for "no port" and has none.
func (q *query) srv() Result {
	f := q.find(q.name)
	if f.kind == missing {
		return q.noName()
	}
	s := srvRecords{q: q}
	switch f.kind {
	case virtual:
		s.virtual(&f)
	case direct:
		s.direct(&f)
	}
	if len(s.answer) == 0 {
		return q.noData()
	}
	return q.records(s.answer, s.extra)
}

func (s *srvRecords) virtual(f *found) {
	n := 0
	for _, p := range f.Service.Ports {
		if f.matches(p.Name, p.Protocol) {
			n += len(f.Service.ClusterIPs)
		}
	}
	s.weight = share(n)
	target := serviceName(f.Published, s.q.suffix)
	for _, p := range f.Service.Ports {
		for _, a := range f.Service.ClusterIPs {
			if f.matches(p.Name, p.Protocol) {
				s.add(target, a, p.Port)
			}
		}
	}
}

func (s *srvRecords) direct(f *found) {
	n := 0
	for i := range f.Decision.Endpoints {
		e := &f.Decision.Endpoints[i]
		if !f.holds(f.Published, e) {
			continue
		}
		if len(e.Ports) == 0 {
			n++
		}
		for _, p := range e.Ports {
			if f.matches(p.Name, p.Protocol) {
				n++
			}
		}
	}
	s.weight = share(n)
	for i := range f.Decision.Endpoints {
		e := &f.Decision.Endpoints[i]
		if len(e.Ports) == 0 || !f.holds(f.Published, e) {
			continue
		}
		target := hostName(f.Published, e, s.q.suffix)
		for _, p := range e.Ports {
			if f.matches(p.Name, p.Protocol) {
				s.add(target, e.Addr, p.Port)
			}
		}
	}
}

func (s *srvRecords) add(target string, a netip.Addr, port uint16) {
	if port == 0 {
		return
	}
	if s.records.add(srvKey{target, port}) {
		s.answer = append(s.answer, &dns.SRV{
			Hdr:    s.q.header(s.q.asked, dns.TypeSRV, s.q.ttl),
			Weight: s.weight, Port: port, Target: target,
		})
	}
	if a = a.Unmap(); s.targets.add(targetKey{target, a}) {
		s.extra = append(s.extra, s.q.address(target, a, s.q.ttl))
	}
}

// share is the weight of one of n: a hundredth part of what 100 leaves to
// each, at least 1. The order of the operations is CoreDNS's, for its rounding.
func share(n int) uint16 {
	if n == 0 {
		return 1
	}
	part := 100.0 / float64(100*n)
	return uint16(max(1, math.Floor(part*100)))
}
