//go:build linux

package differential

import (
	"encoding/binary"
	"strings"

	"github.com/miekg/dns"
)

// messages are the probes that are about the message and not about the name:
// transports, sizes, EDNS0, header bits, and what is no proper query.
func messages() []*probe {
	q := &questions{seen: map[string]bool{}}
	for _, question := range []dns.Question{
		{Name: "crowd.crowd.svc." + zone, Qtype: dns.TypeA},
		{Name: "crowd.crowd.svc." + zone, Qtype: dns.TypeSRV},
		{Name: "_db._tcp.crowd.crowd.svc." + zone, Qtype: dns.TypeSRV},
		{Name: "alias-0.crowd.svc." + zone, Qtype: dns.TypeA},
		{Name: "alias-9.crowd.svc." + zone, Qtype: dns.TypeA},
		{Name: "many.external.svc." + zone, Qtype: dns.TypeA},
		{Name: "chain.external.svc." + zone, Qtype: dns.TypeA},
		{Name: "failing.external.svc." + zone, Qtype: dns.TypeA},
		{Name: "cluster-ip.spec.svc." + zone, Qtype: dns.TypeA},
		{Name: "cluster-ip.spec.svc." + zone, Qtype: dns.TypeAAAA},
		{Name: "_https._tcp.cluster-ip.spec.svc." + zone, Qtype: dns.TypeSRV},
		{Name: "nobody.spec.svc." + zone, Qtype: dns.TypeA},
		{Name: "headless.spec.svc." + zone, Qtype: dns.TypeANY},
		{Name: "25.1.0.10.in-addr.arpa.", Qtype: dns.TypePTR},
		{Name: "many.example.com.", Qtype: dns.TypeA},
		{Name: "nobody.example.com.", Qtype: dns.TypeA},
		{Name: "failing.example.com.", Qtype: dns.TypeA},
	} {
		question.Qclass = dns.ClassINET
		q.transports(question)
	}
	q.classes()
	q.opcodes()
	q.counts()
	q.broken()
	return q.list
}

// transports asks one question in every way that a client may.
func (q *questions) transports(question dns.Question) {
	for _, tcp := range []bool{false, true} {
		ask := func(about string, set func(*dns.Msg)) {
			m := &dns.Msg{MsgHdr: dns.MsgHdr{Id: uint16(len(q.list)), RecursionDesired: true}, Question: []dns.Question{question}}
			set(m)
			q.add(probeOf(about, m, tcp))
		}
		ask("plain", func(*dns.Msg) {})
		ask("no recursion desired", func(m *dns.Msg) { m.RecursionDesired = false })
		ask("AD set", func(m *dns.Msg) { m.AuthenticatedData = true })
		ask("CD set", func(m *dns.Msg) { m.CheckingDisabled = true })
		ask("AA set in a query", func(m *dns.Msg) { m.Authoritative = true })
		ask("TC set in a query", func(m *dns.Msg) { m.Truncated = true })
		ask("RA set in a query", func(m *dns.Msg) { m.RecursionAvailable = true })
		ask("Z set in a query", func(m *dns.Msg) { m.Zero = true })
		ask("rcode set in a query", func(m *dns.Msg) { m.Rcode = dns.RcodeRefused })
		for _, size := range []uint16{0, 100, 512, 1232, 4096, 65535} {
			ask("EDNS0 size", func(m *dns.Msg) { m.SetEdns0(size, false) })
		}
		ask("DO set", func(m *dns.Msg) { m.SetEdns0(1232, true) })
		ask("EDNS0 options", func(m *dns.Msg) {
			o := m.SetEdns0(1232, false).IsEdns0()
			o.Option = []dns.EDNS0{
				&dns.EDNS0_NSID{Code: dns.EDNS0NSID},
				&dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: "0123456789abcdef"},
				&dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: 24, Address: []byte{192, 0, 2, 0}},
				&dns.EDNS0_LOCAL{Code: 65001, Data: []byte{1, 2, 3}},
				&dns.EDNS0_PADDING{Padding: make([]byte, 16)},
			}
		})
		ask("EDNS0 version 1", func(m *dns.Msg) { m.SetEdns0(1232, false).IsEdns0().SetVersion(1) })
	}
}

func (q *questions) classes() {
	for _, class := range []uint16{dns.ClassCHAOS, dns.ClassHESIOD, dns.ClassANY, dns.ClassNONE, 0, 65280} {
		for _, name := range []string{"cluster-ip.spec.svc." + zone, "nobody.spec.svc." + zone, "version.bind.", "db.example.com."} {
			m := new(dns.Msg).SetQuestion(name, dns.TypeA)
			m.Question[0].Qclass = class
			q.add(probeOf("other classes", m, false))
			m.Question[0].Qtype = dns.TypeTXT
			q.add(probeOf("other classes", m, true))
		}
	}
	q.add(probeOf("zone transfer", new(dns.Msg).SetAxfr("example.com."), true))
	q.add(probeOf("zone transfer", new(dns.Msg).SetAxfr(zone), true))
	for _, qtype := range []uint16{dns.TypeAXFR, dns.TypeIXFR, dns.TypeMAILB, dns.TypeOPT, dns.TypeTSIG, dns.TypeTKEY, 0, 65535} {
		for _, name := range []string{zone, "cluster-ip.spec.svc." + zone, "nobody.spec.svc." + zone, "db.example.com."} {
			q.ask("types that are none", name, qtype)
		}
	}
}

func (q *questions) opcodes() {
	for opcode := range 16 {
		m := new(dns.Msg).SetQuestion("cluster-ip.spec.svc."+zone, dns.TypeA)
		m.Opcode = opcode
		q.add(probeOf("other opcodes", m, false))
		q.add(probeOf("other opcodes", m, true))
	}
	q.add(probeOf("NOTIFY", new(dns.Msg).SetNotify(zone), false))
	q.add(probeOf("UPDATE", new(dns.Msg).SetUpdate(zone), false))
}

// counts has messages with other numbers of records than a query has.
func (q *questions) counts() {
	one := dns.Question{Name: "cluster-ip.spec.svc." + zone, Qtype: dns.TypeA, Qclass: dns.ClassINET}
	record := func() dns.RR {
		rr, err := dns.NewRR("cluster-ip.spec.svc.cluster.local. 5 IN A 10.0.0.1")
		if err != nil {
			panic(err) // the line above is wrong
		}
		return rr
	}
	opt := func() dns.RR { return &dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT, Class: 1232}} }
	for _, m := range []*dns.Msg{
		{},
		{Question: []dns.Question{one, one}},
		{Question: []dns.Question{one, {Name: "db.example.com.", Qtype: dns.TypeA, Qclass: dns.ClassINET}}},
		{Question: []dns.Question{one}, Answer: []dns.RR{record()}},
		{Question: []dns.Question{one}, Answer: []dns.RR{record(), record()}},
		{Question: []dns.Question{one}, Ns: []dns.RR{record()}},
		{Question: []dns.Question{one}, Ns: []dns.RR{record(), record()}},
		{Question: []dns.Question{one}, Extra: []dns.RR{record()}},
		{Question: []dns.Question{one}, Extra: []dns.RR{opt(), record()}},
		{Question: []dns.Question{one}, Extra: []dns.RR{opt(), opt()}},
		{Question: []dns.Question{one}, Extra: []dns.RR{record(), record(), opt()}},
		{Extra: []dns.RR{opt()}},
	} {
		m.Id, m.RecursionDesired = uint16(len(q.list)), true
		q.add(probeOf("odd numbers of records", m, false))
		q.add(probeOf("odd numbers of records", m, true))
	}
}

// broken has what is no query at all.
func (q *questions) broken() {
	whole, err := new(dns.Msg).SetQuestion("cluster-ip.spec.svc."+zone, dns.TypeA).Pack()
	if err != nil {
		panic(err) // it is a proper query
	}
	raw := func(about string, mute bool, wire []byte) {
		for _, tcp := range []bool{false, true} {
			p := &probe{about: about, wire: wire, mute: mute || tcp, tcp: tcp}
			if m := new(dns.Msg); m.Unpack(wire) == nil {
				p.query = m
			}
			q.add(p)
		}
	}
	changed := func(at int, to ...byte) []byte {
		b := append([]byte(nil), whole...)
		copy(b[at:], to)
		return b
	}
	label := func(n int) string { return string(byte(n)) + strings.Repeat("a", n) }
	name := func(s string) []byte {
		b := append(append([]byte(nil), whole[:12]...), s...)
		return append(b, 0, 1, 0, 1)
	}
	raw("a reply", true, changed(2, 0x80))
	raw("header only", false, whole[:12])
	raw("half a header", true, whole[:7])
	raw("cut inside the name", false, whole[:20])
	raw("cut before the class", false, whole[:len(whole)-2])
	raw("octets behind the message", false, append(append([]byte(nil), whole...), 1, 2, 3))
	raw("a name of 256 octets", false, name(strings.Repeat(label(63), 4)+"\x00"))
	raw("a name of 255 octets", false, name(strings.Repeat(label(63), 3)+label(61)+"\x00"))
	raw("a label of 64 octets", false, name("\x40"+strings.Repeat("a", 64)+"\x00"))
	raw("a name that points to itself", false, name("\xc0\x0c"))
	raw("a name that points behind the message", false, name("\xc1\x00"))
	raw("counts that promise more", false, changed(10, binary.BigEndian.AppendUint16(nil, 2)...))
	raw("noise", true, []byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS greeting"))
}
