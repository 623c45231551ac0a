package dnsserver

import (
	"github.com/miekg/dns"
)

// schema is the version of the Kubernetes DNS specification that is answered,
// and schemaTTL the time to live that it gives that record.
const (
	schema    = "1.1.0"
	schemaTTL = 28800
)

// soa is the zone's start of authority. Its serial is the snapshot's time.
func (q *query) soa() *dns.SOA {
	return &dns.SOA{
		Hdr:     q.header(q.suffix, dns.TypeSOA, min(q.ttl, 300)),
		Ns:      "ns.dns." + q.suffix,
		Mbox:    "hostmaster." + q.suffix,
		Serial:  uint32(q.snapshot.At.Unix()),
		Refresh: 7200,
		Retry:   1800,
		Expire:  86400,
		Minttl:  q.ttl,
	}
}

// start answers SOA, which no name below the apex has, whether or not it exists.
func (q *query) start() Result {
	if q.apex() {
		return q.records([]dns.RR{q.soa()}, nil)
	}
	return q.noData()
}

// ns answers NS at the apex, with the addresses of the servers it names.
func (q *query) ns() Result {
	var answer, extra []dns.RR
	var seen unique[string]
	for _, s := range q.index().self {
		name := s.name + q.suffix
		extra = append(extra, q.address(name, s.addr, q.ttl))
		if seen.add(name) {
			answer = append(answer, &dns.NS{Hdr: q.header(q.asked, dns.TypeNS, q.ttl), Ns: name})
		}
	}
	if len(answer) == 0 {
		return q.noData()
	}
	return q.records(answer, extra)
}

// txt answers TXT: the schema's version (section 2.2 of the specification) and
// nothing else. Names without addresses behind them do not exist for TXT, the
// apex included, as in CoreDNS.
func (q *query) txt() Result {
	if len(q.name) == len("dns-version.")+len(q.suffix) && q.name[:len("dns-version.")] == "dns-version." {
		return q.records([]dns.RR{&dns.TXT{
			Hdr: q.header(q.asked, dns.TypeTXT, schemaTTL),
			Txt: []string{schema},
		}}, nil)
	}
	switch f := q.find(q.name); {
	case f.kind == virtual && len(f.Service.ClusterIPs) > 0, f.kind == direct, f.kind == alias:
		return q.noData()
	}
	return q.noName()
}
