//go:build linux

package differential

import (
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// clause is one demand of the specification, with its example's shape.
type clause struct {
	section string
	name    string
	qtype   uint16
	// answer is the answer section in any order, each record without class and
	// TTL. Without any, the name does not exist, or has no such records if
	// nodata says so.
	answer []string
	nodata bool
}

// clauses are those of the Kubernetes DNS specification 1.1.0, about the
// manifests in testdata/manifests/spec.yaml.
func clauses() []clause {
	return []clause{
		{section: "2.2", name: "dns-version", qtype: dns.TypeTXT, answer: []string{`dns-version TXT "1.1.0"`}},

		{section: "2.3.1", name: "cluster-ip.spec.svc", qtype: dns.TypeA, answer: []string{"cluster-ip.spec.svc A 127.101.2.1"}},
		{section: "2.3.1, the other family", name: "cluster-ip.spec.svc", qtype: dns.TypeAAAA, nodata: true},
		{section: "2.3.2", name: "_https._tcp.cluster-ip.spec.svc", qtype: dns.TypeSRV, answer: []string{
			"_https._tcp.cluster-ip.spec.svc SRV 0 100 443 cluster-ip.spec.svc",
		}},
		{section: "2.3.2, another protocol", name: "_dns._udp.cluster-ip.spec.svc", qtype: dns.TypeSRV, answer: []string{
			"_dns._udp.cluster-ip.spec.svc SRV 0 100 53 cluster-ip.spec.svc",
		}},
		{section: "2.3.2, a port of the other protocol", name: "_https._udp.cluster-ip.spec.svc", qtype: dns.TypeSRV},
		{section: "2.3.2, unnamed ports have none", name: "_443._tcp.unnamed.spec.svc", qtype: dns.TypeSRV},
		{section: "2.3.3", name: "1.2.101.127.in-addr.arpa.", qtype: dns.TypePTR, answer: []string{"1.2.101.127.in-addr.arpa. PTR cluster-ip.spec.svc"}},

		{section: "2.4.1", name: "headless.spec.svc", qtype: dns.TypeA, answer: []string{
			"headless.spec.svc A 10.3.0.1", "headless.spec.svc A 10.3.0.100", "headless.spec.svc A 10.3.0.101", "headless.spec.svc A 10.3.0.102",
		}},
		{section: "2.4.1, IPv6", name: "headless.spec.svc", qtype: dns.TypeAAAA, answer: []string{"headless.spec.svc AAAA 2001:db8::1"}},
		{section: "2.4.1, nobody is ready", name: "nobody-ready.spec.svc", qtype: dns.TypeA},
		{section: "2.4.1, a hostname", name: "my-pet.headless.spec.svc", qtype: dns.TypeA, answer: []string{"my-pet.headless.spec.svc A 10.3.0.100"}},
		{section: "2.4.1, a hostname, IPv6", name: "my-pet.headless.spec.svc", qtype: dns.TypeAAAA, answer: []string{"my-pet.headless.spec.svc AAAA 2001:db8::1"}},
		{section: "2.4.1, a hostname with several addresses", name: "my-pet-2.headless.spec.svc", qtype: dns.TypeA, answer: []string{
			"my-pet-2.headless.spec.svc A 10.3.0.101", "my-pet-2.headless.spec.svc A 10.3.0.102",
		}},
		{section: "2.4.1, an endpoint that is not ready", name: "asleep.headless.spec.svc", qtype: dns.TypeA},
		{section: "2.1, a name of the system's choice", name: "10-3-0-1.headless.spec.svc", qtype: dns.TypeA, answer: []string{"10-3-0-1.headless.spec.svc A 10.3.0.1"}},
		{section: "2.4.2", name: "_https._tcp.headless.spec.svc", qtype: dns.TypeSRV, answer: []string{
			"_https._tcp.headless.spec.svc SRV 0 20 443 10-3-0-1.headless.spec.svc",
			"_https._tcp.headless.spec.svc SRV 0 20 443 my-pet-2.headless.spec.svc",
			"_https._tcp.headless.spec.svc SRV 0 20 443 my-pet.headless.spec.svc",
		}},
		{section: "2.4.3", name: "100.0.3.10.in-addr.arpa.", qtype: dns.TypePTR, answer: []string{"100.0.3.10.in-addr.arpa. PTR my-pet.headless.spec.svc"}},
		{section: "2.4.3, IPv6", name: "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.", qtype: dns.TypePTR, answer: []string{
			"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR my-pet.headless.spec.svc",
		}},

		{section: "2.5", name: "foo.spec.svc", qtype: dns.TypeCNAME, answer: []string{"foo.spec.svc CNAME www.example.com."}},
		{section: "2.5, asked for A", name: "foo.spec.svc", qtype: dns.TypeA, answer: []string{
			"foo.spec.svc CNAME www.example.com.", "www.example.com. A 192.0.2.53",
		}},
		{section: "2.5, asked for AAAA", name: "foo.spec.svc", qtype: dns.TypeAAAA, answer: []string{
			"foo.spec.svc CNAME www.example.com.", "www.example.com. AAAA 2001:db8::53",
		}},
	}
}

// conformance puts the specification's own examples to Fairlead alone, in the
// case that they are written in and, as section 2.1 says, in any other.
func (w *world) conformance(t *testing.T) {
	for _, c := range clauses() {
		t.Run(c.section, func(t *testing.T) {
			for _, name := range []string{qualified(c.name), strings.ToUpper(qualified(c.name))} {
				for _, tcp := range []bool{false, true} {
					p := probeOf(c.section, new(dns.Msg).SetQuestion(name, c.qtype), tcp)
					c.check(t, p, ask(w.fairlead.dns, p))
				}
			}
		})
	}
}

// qualified puts names into the zone that are not written in full.
func qualified(name string) string {
	if strings.HasSuffix(name, ".") {
		return name
	}
	return name + "." + zone
}

func (c *clause) check(t *testing.T, p *probe, r reply) {
	t.Helper()
	want := dns.RcodeSuccess
	if len(c.answer) == 0 && !c.nodata {
		want = dns.RcodeNameError
	}
	if r.msg == nil || r.msg.Rcode != want || !r.msg.Authoritative {
		t.Errorf("%s: want an authoritative %s:\n%s", p, dns.RcodeToString[want], r.text())
		return
	}
	var got []string
	for _, rr := range r.msg.Answer {
		f := strings.Fields(strings.ToLower(rr.String()))
		got = append(got, strings.Join(slices.Delete(f, 1, 3), " "))
	}
	var expected []string
	for _, line := range c.answer {
		f := strings.Fields(line)
		f[0] = qualified(f[0])
		if last := len(f) - 1; c.qtype == dns.TypeSRV || c.qtype == dns.TypePTR {
			f[last] = qualified(f[last])
		}
		expected = append(expected, strings.ToLower(strings.Join(f, " ")))
	}
	slices.Sort(got)
	slices.Sort(expected)
	if !slices.Equal(got, expected) {
		t.Errorf("%s\ngot  %s\nwant %s", p, strings.Join(got, "\n     "), strings.Join(expected, "\n     "))
	}
	if len(r.msg.Answer) == 0 && (len(r.msg.Ns) != 1 || r.msg.Ns[0].Header().Rrtype != dns.TypeSOA) {
		t.Errorf("%s: an empty answer without SOA cannot be cached (RFC 2308):\n%s", p, r.text())
	}
}
