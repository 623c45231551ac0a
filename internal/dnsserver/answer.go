package dnsserver

import (
	"time"

	"github.com/miekg/dns"
)

// query is one question on its way to its [Result].
type query struct {
	*View
	qtype uint16
	// asked is the name with the case it was asked with, name in lower case.
	asked, name string
	// suffix is the name's zone as it was asked, cluster whether that is the
	// cluster domain and not a reverse zone.
	suffix  string
	cluster bool
	now     time.Time
}

// Answer answers one question from a view. It is pure: equal arguments give
// equal results, and now matters only to the time that outside addresses have
// left to live.
//
// Names are compared without regard to case and given back as they were asked.
func Answer(v *View, question dns.Question, now time.Time) Result {
	switch {
	case question.Qclass != dns.ClassINET:
		return failed(dns.RcodeRefused)
	case question.Qtype == dns.TypeAXFR || question.Qtype == dns.TypeIXFR:
		return failed(dns.RcodeRefused)
	case v.snapshot == nil:
		return failed(dns.RcodeServerFailure)
	}
	q := query{View: v, qtype: question.Qtype, asked: dns.Fqdn(question.Name), now: now}
	q.name = lower(q.asked)
	zone := v.match(q.name)
	if zone == "" {
		return Result{Action: Forward, Source: SourceForwarded}
	}
	q.suffix = q.asked[len(q.asked)-len(zone):]
	q.cluster = zone == v.zone
	return q.answer()
}

func (q *query) answer() Result {
	switch q.qtype {
	case dns.TypeA, dns.TypeAAAA:
		return q.addresses()
	case dns.TypeSRV:
		return q.srv()
	case dns.TypePTR:
		return q.ptr()
	case dns.TypeCNAME:
		return q.cname()
	case dns.TypeTXT:
		return q.txt()
	case dns.TypeSOA:
		return q.start()
	case dns.TypeNS:
		if q.apex() {
			return q.ns()
		}
	}
	// No other type has records, and ANY is not answered with all of them.
	if q.find(q.name).kind == missing {
		return q.noName()
	}
	return q.noData()
}

// apex reports whether the question is about the zone itself.
func (q *query) apex() bool { return len(q.asked) == len(q.suffix) }

func (q *query) header(owner string, rrtype uint16, ttl uint32) dns.RR_Header {
	return dns.RR_Header{Name: owner, Rrtype: rrtype, Class: dns.ClassINET, Ttl: ttl}
}

// cname gives the alias and nothing that is behind it.
func (q *query) cname() Result {
	f := q.find(q.name)
	switch f.kind {
	case missing:
		return q.noName()
	case alias:
		return q.records([]dns.RR{q.alias(q.asked, f.target())}, nil)
	default:
		return q.noData()
	}
}

func (q *query) alias(owner, target string) *dns.CNAME {
	return &dns.CNAME{Hdr: q.header(owner, dns.TypeCNAME, q.ttl), Target: target}
}
