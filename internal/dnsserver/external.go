package dnsserver

import (
	"strings"
	"time"

	"github.com/miekg/dns"

	"fairlead.dev/internal/model"
)

// outside ends a chain of CNAMEs at a name outside the cluster domain: with
// what the snapshot knows about it, else by asking. A name that is known to
// have no addresses leaves the chain alone, with NOERROR.
func (q *query) outside(chain []dns.RR, x *model.External) Result {
	known := &x.A
	if q.qtype == dns.TypeAAAA {
		known = &x.AAAA
	}
	r := q.records(chain, nil)
	r.Source = SourceExternal
	owner := dns.Fqdn(x.Name)
	if !known.Known {
		r.Action = Follow
		r.Ask = dns.Question{Name: owner, Qtype: q.qtype, Qclass: dns.ClassINET}
		return r
	}
	for _, a := range known.Aliases {
		if from := dns.Fqdn(a.Name); !strings.EqualFold(from, owner) {
			owner = from
		}
		r.Answer = append(r.Answer, &dns.CNAME{
			Hdr:    q.header(owner, dns.TypeCNAME, q.left(known.At, a.TTL)),
			Target: dns.Fqdn(a.Target),
		})
		owner = dns.Fqdn(a.Target)
	}
	for _, a := range known.Addrs {
		r.Answer = append(r.Answer, q.address(owner, a.Unmap(), q.left(known.At, known.TTL)))
	}
	return r
}

// left is what remains of a TTL, in seconds and at least 1. An answer that has
// outlived its TTL is the last good one: it is given for as long as a record
// of the cluster, which is within what RFC 8767 section 4 allows.
func (q *query) left(at time.Time, ttl time.Duration) uint32 {
	const longest = 1<<31 - 1 // RFC 2181 section 8
	left := ttl - q.now.Sub(at)
	if left <= 0 {
		// Not for longer than the record itself would say: it may have changed.
		return min(q.ttl, uint32(min(max(ttl/time.Second, 1), longest)))
	}
	return uint32(min(max(left/time.Second, 1), longest))
}
