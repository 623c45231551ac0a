//go:build linux

package differential

import (
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// differencesOfMessages are about the protocol and the outside DNS.
func differencesOfMessages() []difference {
	return []difference{
		{
			"last-good",
			"Outside addresses are looked up ahead, and the last good ones outlive an outage of the outside DNS (RFC 8767). CoreDNS then " +
				"answers with the alias alone, which clients take for \"has no address\".",
			func(c *comparison) bool {
				return c.about == outageProbe && aliasAlone(c.coredns.msg) && len(c.fairlead.msg.Answer) > len(c.coredns.msg.Answer) &&
					c.fairlead.msg.Rcode == dns.RcodeSuccess
			},
		},
		{
			"outside-failure",
			"An outside name that never could be looked up gives SERVFAIL, so that clients try again or elsewhere. CoreDNS answers NOERROR " +
				"with the alias alone, which clients take for \"has no address\".",
			func(c *comparison) bool {
				return within(c.name, zone) && c.rcodes(dns.RcodeSuccess, dns.RcodeServerFailure) && aliasAlone(c.coredns.msg) && len(c.fairlead.msg.Answer) == 0
			},
		},
		{
			"own-loopback",
			"The zone's NS records name this server by the address that it listens on, even a loopback address: every client that asks can reach it. " +
				"CoreDNS leaves loopback addresses out.",
			func(c *comparison) bool {
				q := c.question()
				apex := q.Qtype == dns.TypeNS && slices.Contains([]string{zone, "in-addr.arpa.", "ip6.arpa."}, c.name)
				self := q.Qtype == dns.TypeA && (c.name == "ns.dns."+zone || c.name == "ns.dns.in-addr.arpa." || c.name == "ns.dns.ip6.arpa.")
				return (apex || self) && len(c.coredns.msg.Answer) == 0 && len(c.fairlead.msg.Answer) == 1 && c.fairlead.msg.Authoritative
			},
		},
		{
			"apex-case",
			"`ns.dns.cluster.local` exists in whatever case it is asked for (RFC 4343). CoreDNS knows it in lower case only.",
			func(c *comparison) bool {
				return c.name == "ns.dns."+zone && c.name != c.question().Name && c.rcodes(dns.RcodeNameError, dns.RcodeSuccess)
			},
		},
		{
			"reverse-exact",
			"A name below the reverse name of an IPv6 address is not that address. CoreDNS answers for it all the same.",
			func(c *comparison) bool {
				address := c.name[strings.Index(c.name, ".")+1:]
				return c.question().Qtype == dns.TypePTR && below(c.name, "ip6.arpa.") && dns.CountLabel(address) == 34 && c.forwarded()
			},
		},
		{
			"class",
			"Classes other than IN are refused. CoreDNS answers them with records of class IN once it has a forward plugin.",
			func(c *comparison) bool {
				return c.query != nil && within(c.name, zone) && c.question().Qclass != dns.ClassINET && c.fairlead.msg.Rcode == dns.RcodeRefused
			},
		},
		{
			"notify",
			"NOTIFY is NOTIMP: nothing here is a secondary server. CoreDNS answers it as if it were a query.",
			func(c *comparison) bool {
				return c.query != nil && c.query.Opcode == dns.OpcodeNotify && c.fairlead.msg.Rcode == dns.RcodeNotImplemented
			},
		},
		{
			"transfer",
			"AXFR and IXFR are refused for every zone: a transfer is between a zone's own servers. CoreDNS forwards those of outside zones.",
			func(c *comparison) bool {
				q := c.question().Qtype
				return (q == dns.TypeAXFR || q == dns.TypeIXFR) && !within(c.name, zone) && c.fairlead.msg.Rcode == dns.RcodeRefused
			},
		},
		{
			"hop-options",
			"EDNS0 options end here in both directions (RFC 6891), but for extended errors (RFC 8914). CoreDNS passes them on to the outside and back.",
			func(c *comparison) bool {
				return slices.Equal(c.in, []aspect{edns}) && c.query.IsEdns0() != nil && len(c.query.IsEdns0().Option) > 0 &&
					!strings.Contains(view(c.fairlead.msg)[edns], "option")
			},
		},
		{
			"broken-queries",
			"A query with two OPT records (RFC 6891) or without the question that it announces is FORMERR. CoreDNS answers the one and fails at the other.",
			func(c *comparison) bool {
				return c.fairlead.msg.Rcode == dns.RcodeFormatError && c.query != nil && (len(c.query.Question) == 0 || options(c.query) == 2)
			},
		},
	}
}

// aliasAlone reports whether an answer has aliases and nothing else.
func aliasAlone(m *dns.Msg) bool {
	return len(m.Answer) > 0 && !slices.ContainsFunc(m.Answer, func(rr dns.RR) bool { return rr.Header().Rrtype != dns.TypeCNAME })
}

// options counts the OPT records.
func options(m *dns.Msg) int {
	n := 0
	for _, rr := range m.Extra {
		if rr.Header().Rrtype == dns.TypeOPT {
			n++
		}
	}
	return n
}
