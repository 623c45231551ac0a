package dnsserver

import (
	"net/netip"

	"github.com/miekg/dns"
)

// maxChain bounds how many CNAMEs may stand before another one inside the
// cluster domain, as in CoreDNS. It ends loops too: each name has one alias at
// most, so a chain that comes back never ends otherwise.
const maxChain = 10

// addresses answers A and AAAA. An alias whose end has no such address has no
// CNAME in the answer either: loops, and names inside the cluster domain that
// do not exist, come out as "no data".
func (q *query) addresses() Result {
	owner, name := q.asked, q.name
	var chain []dns.RR
	for {
		f := q.find(name)
		switch {
		case f.kind == missing && chain == nil:
			return q.noName()
		case f.kind != alias:
			answer := q.addressRecords(chain, owner, &f)
			if len(answer) == len(chain) {
				return q.noData()
			}
			return q.records(answer, nil)
		}
		target := f.target()
		next := lower(target)
		if len(chain) > maxChain {
			return q.noData()
		}
		chain = append(chain, q.alias(owner, target))
		if !within(next, q.zone) {
			return q.outside(chain, f.Decision.External)
		}
		owner, name = target, next
	}
}

// addressRecords appends the addresses behind a name to the chain that leads
// to it, each address once.
func (q *query) addressRecords(rrs []dns.RR, owner string, f *found) []dns.RR {
	var seen unique[netip.Addr]
	add := func(a netip.Addr) {
		if a = a.Unmap(); a.Is4() == (q.qtype == dns.TypeA) && seen.add(a) {
			rrs = append(rrs, q.address(owner, a, q.ttl))
		}
	}
	switch f.kind {
	case self:
		for _, n := range q.index().self {
			add(n.addr)
		}
	case virtual:
		for _, a := range f.Service.ClusterIPs {
			add(a)
		}
	case direct:
		for i := range f.Decision.Endpoints {
			if e := &f.Decision.Endpoints[i]; f.holds(f.Published, e) {
				add(e.Addr)
			}
		}
	}
	return rrs
}

// address makes an A or AAAA record, whichever the address needs, in one
// allocation.
func (q *query) address(owner string, a netip.Addr, ttl uint32) dns.RR {
	if a.Is4() {
		r := &struct {
			dns.A
			octets [4]byte
		}{octets: a.As4()}
		r.A = dns.A{Hdr: q.header(owner, dns.TypeA, ttl), A: r.octets[:]}
		return &r.A
	}
	r := &struct {
		dns.AAAA
		octets [16]byte
	}{octets: a.As16()}
	r.AAAA = dns.AAAA{Hdr: q.header(owner, dns.TypeAAAA, ttl), AAAA: r.octets[:]}
	return &r.AAAA
}

// unique remembers a few values in a slice and many in a map.
type unique[T comparable] struct {
	few  []T
	many map[T]struct{}
}

// add reports whether the value is new.
func (u *unique[T]) add(v T) bool {
	const enough = 16
	if u.many != nil {
		n := len(u.many)
		u.many[v] = struct{}{}
		return len(u.many) > n
	}
	for _, f := range u.few {
		if f == v {
			return false
		}
	}
	u.few = append(u.few, v)
	if len(u.few) > enough {
		u.many = make(map[T]struct{}, 4*enough)
		for _, f := range u.few {
			u.many[f] = struct{}{}
		}
	}
	return true
}
