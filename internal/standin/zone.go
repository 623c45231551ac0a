package standin

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// A zone is the records of one zone file, which may hold several zones: one for
// each SOA. Names are in lower case, with their trailing dot.
type zone struct {
	records map[string][]dns.RR
	// parents are names without records that have some below them.
	parents map[string]struct{}
}

// parseZone reads a zone file in the format of RFC 1035 section 5, with the
// addresses of Home moved to network.
func parseZone(r io.Reader, file string, network netip.Prefix) (*zone, error) {
	z := &zone{records: map[string][]dns.RR{}, parents: map[string]struct{}{}}
	p := dns.NewZoneParser(r, ".", file)
	soa := false
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		if a, ok := rr.(*dns.A); ok {
			if ip, ok := netip.AddrFromSlice(a.A.To4()); ok {
				a.A = net.IP(move(ip, network).AsSlice())
			}
		}
		soa = soa || rr.Header().Rrtype == dns.TypeSOA
		name := strings.ToLower(rr.Header().Name)
		z.records[name] = append(z.records[name], rr)
		for up, end := dns.NextLabel(name, 0); !end; up, end = dns.NextLabel(name, up) {
			z.parents[name[up:]] = struct{}{}
		}
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	if !soa {
		return nil, errors.New("there is no SOA record, so it serves no zone; add one, such as `example.com. 300 SOA ns.example.com. dns.example.com. 1 3600 600 86400 5`")
	}
	for name, rrs := range z.records {
		if len(rrs) > 1 && len(ofType(rrs, dns.TypeCNAME)) > 0 {
			return nil, fmt.Errorf("%s has a CNAME and other records beside it; keep either", name)
		}
	}
	return z, nil
}

// answer fills m with what the zones say to the question.
func (z *zone) answer(m *dns.Msg, q dns.Question) {
	owner := q.Name
	for range 10 {
		name := strings.ToLower(owner)
		soa := z.authority(name)
		if soa == nil {
			// Somebody else's name: not ours to answer, unless an alias led here.
			if len(m.Answer) == 0 {
				m.Rcode = dns.RcodeRefused
			}
			return
		}
		rrs, exists := z.records[name]
		found := ofType(rrs, q.Qtype)
		alias := ofType(rrs, dns.TypeCNAME)
		if len(found) == 0 && len(alias) == 1 {
			m.Answer = append(m.Answer, named(alias, owner)...)
			owner = alias[0].(*dns.CNAME).Target
			continue
		}
		m.Answer = append(m.Answer, named(found, owner)...)
		z.addHosts(m, found)
		if len(found) == 0 {
			m.Ns = append(m.Ns, soa)
		}
		if _, above := z.parents[name]; !exists && !above {
			m.Rcode = dns.RcodeNameError
		}
		return
	}
	m.Rcode = dns.RcodeServerFailure // aliases in a circle
	m.Answer = nil
}

// authority is the SOA of the zone that name is in, with the TTL of a negative
// answer (RFC 2308 section 3), or nil.
func (z *zone) authority(name string) dns.RR {
	for off, end := 0, false; !end; off, end = dns.NextLabel(name, off) {
		if soa := ofType(z.records[name[off:]], dns.TypeSOA); len(soa) == 1 {
			rr := dns.Copy(soa[0]).(*dns.SOA)
			rr.Hdr.Ttl = min(rr.Hdr.Ttl, rr.Minttl)
			return rr
		}
	}
	return nil
}

// addHosts adds the addresses of the hosts that SRV records name.
func (z *zone) addHosts(m *dns.Msg, rrs []dns.RR) {
	for _, rr := range rrs {
		srv, ok := rr.(*dns.SRV)
		if !ok {
			continue
		}
		host := z.records[strings.ToLower(srv.Target)]
		m.Extra = append(m.Extra, ofType(host, dns.TypeA)...)
		m.Extra = append(m.Extra, ofType(host, dns.TypeAAAA)...)
	}
}

func ofType(rrs []dns.RR, t uint16) []dns.RR {
	var out []dns.RR
	for _, rr := range rrs {
		if t == dns.TypeANY || rr.Header().Rrtype == t {
			out = append(out, rr)
		}
	}
	return out
}

// named are copies of the records with the owner as it was asked for, in the
// asker's case.
func named(rrs []dns.RR, owner string) []dns.RR {
	var out []dns.RR
	for _, rr := range rrs {
		rr = dns.Copy(rr)
		rr.Header().Name = owner
		out = append(out, rr)
	}
	return out
}
