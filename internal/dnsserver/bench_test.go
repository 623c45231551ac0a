package dnsserver

import (
	"testing"

	"github.com/miekg/dns"

	"fairlead.dev/internal/model"
)

// BenchmarkRespond is the work on one datagram between its two system calls.
func BenchmarkRespond(b *testing.B) {
	snapshot := world()
	s := New(Config{Snapshot: func() *model.Snapshot { return snapshot }})
	for _, question := range []string{
		"web.prod.svc.cluster.local. A",
		"missing.prod.svc.cluster.local. A",
		"_http._tcp.web.prod.svc.cluster.local. SRV",
		"crowd.prod.svc.cluster.local. A",
		"1.1.96.10.in-addr.arpa. PTR",
	} {
		b.Run(question, func(b *testing.B) {
			q := parseQuestion(b, question)
			raw, err := new(dns.Msg).SetQuestion(q.Name, q.Qtype).SetEdns0(1232, false).Pack()
			if err != nil {
				b.Fatal(err)
			}
			r, reply := new(request), make([]byte, 0, maxQuery)
			b.ReportAllocs()
			for b.Loop() {
				s.respond(reply, raw, protoUDP, r)
			}
		})
	}
}
