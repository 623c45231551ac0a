//go:build linux

package differential

import (
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// difference is a way in which Fairlead answers otherwise than CoreDNS, on
// purpose.
type difference struct {
	// name and reason stand in docs/dns.md, word for word.
	name, reason string
	// covers reports whether the difference explains why two replies differ. It
	// is as narrow as can be, so that it hides nothing else.
	covers func(c *comparison) bool
}

// comparison is one probe with both replies, which differ.
type comparison struct {
	*probe
	coredns, fairlead reply
	in                []aspect
	// name is the question's name in lower case.
	name string
}

func differences() []difference {
	return append(differencesOfManifests(), differencesOfMessages()...)
}

// differencesOfManifests are about what a manifest means.
func differencesOfManifests() []difference {
	return []difference{
		{
			"pods",
			"There are no Pods here, so nothing exists below `pod.cluster.local`, and version 1.1.0 of the specification no longer asks for it. " +
				"CoreDNS as kubeadm sets it up makes an address of every `a-b-c-d.NAMESPACE.pod` name.",
			func(c *comparison) bool {
				return below(c.name, "pod."+zone) && c.rcodes(dns.RcodeSuccess, dns.RcodeNameError) && c.denied()
			},
		},
		{
			"selectors",
			"The endpoints of a Service with a selector are Pods, so it is skipped, and its name does not exist. In a cluster it does.",
			func(c *comparison) bool {
				if c.name == "5.3.101.127.in-addr.arpa." {
					return c.forwarded()
				}
				return within(c.name, "selecting.virtual.svc."+zone) && c.rcodes(dns.RcodeSuccess, dns.RcodeNameError) && c.denied()
			},
		},
		{
			"not-ready",
			"`publishNotReadyAddresses` gives names to all endpoints, as its documentation says. In a cluster the controllers that write " +
				"the endpoints of Pods see to it, and endpoints that a person wrote are left out all the same.",
			func(c *comparison) bool {
				service := within(c.name, "published.headless.svc."+zone) || within(c.name, "published-endpoints.headless.svc."+zone)
				pointer := c.name == "2.3.20.10.in-addr.arpa." || c.name == "4.3.20.10.in-addr.arpa."
				return (service || pointer) && c.fairlead.msg.Rcode == dns.RcodeSuccess && c.fairlead.msg.Authoritative && c.more()
			},
		},
		{
			"orphan-slices",
			"Endpoints of a Service that does not exist have no PTR record: it would give a name that does not exist. CoreDNS gives it.",
			func(c *comparison) bool { return c.name == "1.6.20.10.in-addr.arpa." && c.forwarded() },
		},
		{
			"points-to-itself",
			"An ExternalName that is its own Service's name is refused as a mistake, so the name does not exist. CoreDNS serves an alias that leads to itself.",
			func(c *comparison) bool {
				return c.name == "itself.external.svc."+zone && c.denied() || c.name == "_._.itself.external.svc."+zone && c.denied()
			},
		},
		{
			"repeated-endpoints",
			"An address that a Service lists twice with the same ports and hostname counts once. CoreDNS counts it twice in the weights of SRV records.",
			func(c *comparison) bool {
				return c.question().Qtype == dns.TypeSRV && slices.Equal(c.in, []aspect{answer}) &&
					weightless(c.coredns.msg) == weightless(c.fairlead.msg) && within(c.name, "shared.headless.svc."+zone)
			},
		},
	}
}

func below(name, zone string) bool { return strings.HasSuffix(name, "."+zone) }

func within(name, zone string) bool { return name == zone || below(name, zone) }

// rcodes reports whether CoreDNS and Fairlead answer with these.
func (c *comparison) rcodes(coredns, fairlead int) bool {
	return c.coredns.msg != nil && c.coredns.msg.Rcode == coredns && c.fairlead.msg != nil && c.fairlead.msg.Rcode == fairlead
}

// denied reports whether Fairlead says that the name does not exist, as a
// server of the zone does.
func (c *comparison) denied() bool {
	m := c.fairlead.msg
	return m.Rcode == dns.RcodeNameError && m.Authoritative && len(m.Answer) == 0 && len(m.Ns) == 1 && m.Ns[0].Header().Rrtype == dns.TypeSOA
}

// forwarded reports whether CoreDNS answers by itself what Fairlead forwards.
func (c *comparison) forwarded() bool {
	return c.coredns.msg.Authoritative && !c.fairlead.msg.Authoritative && c.fairlead.msg.RecursionAvailable
}

// more reports whether Fairlead answers all that CoreDNS does, weights apart.
func (c *comparison) more() bool {
	all := strings.Split(weightless(c.fairlead.msg), "\n")
	for rr := range strings.SplitSeq(weightless(c.coredns.msg), "\n") {
		if rr != "" && !slices.Contains(all, rr) {
			return false
		}
	}
	return true
}

// weightless are the records of the answer without the weights of SRV records.
func weightless(m *dns.Msg) string {
	m = m.Copy()
	for _, rr := range m.Answer {
		if srv, ok := rr.(*dns.SRV); ok {
			srv.Weight = 0
		}
	}
	return records(m.Answer)
}
