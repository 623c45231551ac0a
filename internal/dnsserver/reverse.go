package dnsserver

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"fairlead.dev/internal/model"
)

// index is what must be looked up by address.
type index struct {
	// names are the full names of an address: of the one service whose virtual
	// IP it is, else of all endpoints that have it.
	names map[netip.Addr][]string
	self  []nameServer
}

// nameServer is one address of this server, and the name it goes by in the
// zone: relative, with its dot.
type nameServer struct {
	name string
	addr netip.Addr
}

func newIndex(s *model.Snapshot, zone string, own []netip.Addr) *index {
	x := &index{names: map[netip.Addr][]string{}}
	own = slices.Clone(own)
	for i := range own {
		own[i] = own[i].Unmap()
	}
	for _, p := range s.Services {
		for i := range p.Decision.Endpoints {
			e := &p.Decision.Endpoints[i]
			a := e.Addr.Unmap()
			if !e.Ready && !p.Service.PublishNotReady {
				continue
			}
			if name := hostName(p, e, zone); !slices.Contains(x.names[a], name) {
				x.names[a] = append(x.names[a], name)
			}
			if slices.Contains(own, a) {
				x.serves(p)
			}
		}
	}
	// Backwards, so that of two services with one virtual IP the first wins.
	for _, p := range slices.Backward(s.Services) {
		for _, a := range p.Service.ClusterIPs {
			x.names[a.Unmap()] = []string{serviceName(p, zone)}
		}
	}
	for _, a := range own {
		if !slices.ContainsFunc(x.self, func(n nameServer) bool { return n.name != "ns.dns." }) {
			x.self = append(x.self, nameServer{"ns.dns.", a})
		}
	}
	return x
}

// serves notes that this server is an endpoint of a service, so that the zone's
// name servers are that service's names.
func (x *index) serves(p *model.Published) {
	if p.Service.Type != model.Headless {
		for _, a := range p.Service.ClusterIPs {
			x.self = append(x.self, nameServer{serviceName(p, ""), a.Unmap()})
		}
		return
	}
	for i := range p.Decision.Endpoints {
		if e := &p.Decision.Endpoints[i]; e.Ready || p.Service.PublishNotReady {
			x.self = append(x.self, nameServer{hostName(p, e, ""), e.Addr.Unmap()})
		}
	}
}

// ptr answers PTR in the reverse zones. Below the cluster domain there are
// none.
func (q *query) ptr() Result {
	if a := reverseAddr(q.name); a.IsValid() {
		names := q.index().names[a]
		if len(names) == 0 {
			return q.noName()
		}
		rrs := make([]dns.RR, len(names))
		for i, name := range names {
			rrs[i] = &dns.PTR{Hdr: q.header(q.asked, dns.TypePTR, q.ttl), Ptr: name}
		}
		return q.records(rrs, nil)
	}
	if f := q.find(q.name); f.kind == missing || f.kind == self {
		return q.noName()
	}
	return q.noData()
}

// reverseAddr is the address that a lower-case name in a reverse zone stands
// for; invalid if there is none.
func reverseAddr(name string) netip.Addr {
	if s, ok := strings.CutSuffix(name, "."+reverse4); ok {
		return reverseAddr4(s)
	}
	if s, ok := strings.CutSuffix(name, "."+reverse6); ok {
		return reverseAddr6(s)
	}
	return netip.Addr{}
}

func reverseAddr4(s string) netip.Addr {
	var octets [4]byte
	for i := range octets {
		var digits string
		s, digits = cutLast(s)
		n, err := strconv.ParseUint(digits, 10, 8)
		if err != nil || digits[0] == '+' || (digits[0] == '0' && len(digits) > 1) {
			return netip.Addr{}
		}
		octets[i] = byte(n)
	}
	if s != "" {
		return netip.Addr{}
	}
	return netip.AddrFrom4(octets)
}

func reverseAddr6(s string) netip.Addr {
	const digits = "0123456789abcdef"
	var octets [16]byte
	if len(s) != 4*len(octets)-1 {
		return netip.Addr{}
	}
	for i := range 2 * len(octets) {
		at := len(s) - 1 - 2*i
		n := strings.IndexByte(digits, s[at])
		if n < 0 || (at > 0 && s[at-1] != '.') {
			return netip.Addr{}
		}
		octets[i/2] = octets[i/2]<<4 | byte(n)
	}
	return netip.AddrFrom16(octets).Unmap()
}
