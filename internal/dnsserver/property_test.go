package dnsserver

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
	"pgregory.net/rapid"

	"fairlead.dev/internal/model"
)

// drawSnapshot makes small snapshots out of few words, so that questions hit.
func drawSnapshot(t *rapid.T) *model.Snapshot {
	word := rapid.SampledFrom([]string{"web", "db", "my-pet", "svc"})
	var services []*model.Published
	taken := map[model.Key]bool{}
	for range rapid.IntRange(0, 6).Draw(t, "services") {
		p := service(rapid.SampledFrom([]string{"prod", "test"}).Draw(t, "namespace"), word.Draw(t, "name"),
			rapid.SampledFrom([]model.ServiceType{model.ClusterIP, model.Headless, model.ExternalName}).Draw(t, "type"))
		if taken[p.Service.Key] {
			continue
		}
		taken[p.Service.Key] = true
		p.Service.PublishNotReady = rapid.Bool().Draw(t, "not ready")
		switch p.Service.Type {
		case model.ClusterIP:
			p.Service.ClusterIPs = addrs("10.96.0.1", "fd00::1")[:rapid.IntRange(1, 2).Draw(t, "families")]
			p.Service.Ports = []model.Port{{Name: "http", Protocol: model.TCP, Port: 80}, {Name: "dns", Protocol: model.UDP, Port: 53}}[:rapid.IntRange(0, 2).Draw(t, "ports")]
		case model.ExternalName:
			target := rapid.SampledFrom([]string{"www.example.com", "web.prod.svc.cluster.local", "db.test.svc.Cluster.local", "10.0.0.1"})
			p.Decision.External = &model.External{Name: target.Draw(t, "target"), A: model.Resolved{Known: true, Addrs: addrs("192.0.2.1")}}
		}
		for i := range rapid.IntRange(0, 40).Draw(t, "endpoints") {
			e := endpoint(fmt.Sprintf("10.0.0.%d", i), rapid.SampledFrom([]string{"", "", "my-pet"}).Draw(t, "hostname"), httpPort)
			e.Ready = rapid.Bool().Draw(t, "ready")
			p.Decision.Endpoints = append(p.Decision.Endpoints, e)
		}
		services = append(services, p)
	}
	s := model.NewSnapshot("cluster.local", []string{"prod", "test"}, services, nil)
	s.At = noon
	return s
}

func drawQuestion(t *rapid.T) dns.Question {
	word := rapid.SampledFrom([]string{"web", "db", "my-pet", "10-0-0-1", "_http", "_tcp", "dns", "udp", "prod", "test", "svc", "pod", "ns", "x"})
	labels := rapid.SliceOfN(word, 0, 6).Draw(t, "labels")
	if rapid.Bool().Draw(t, "service") {
		labels = append(labels, "web", "prod", "svc")
	}
	name := strings.Join(append(labels, "cluster.local."), ".")
	raised := rapid.SliceOfN(rapid.Bool(), len(name), len(name)).Draw(t, "case")
	b := []byte(name)
	for i := range b {
		if raised[i] {
			b[i] = strings.ToUpper(name[i : i+1])[0]
		}
	}
	qtype := rapid.SampledFrom([]uint16{dns.TypeA, dns.TypeAAAA, dns.TypeSRV, dns.TypeTXT, dns.TypeCNAME, dns.TypeMX, dns.TypePTR, dns.TypeNS, dns.TypeSOA, dns.TypeANY, 65})
	return dns.Question{Name: string(b), Qtype: qtype.Draw(t, "type"), Qclass: dns.ClassINET}
}

// existing lists every name that a snapshot gives, by walking it forward.
func existing(s *model.Snapshot) map[string]bool {
	names := map[string]bool{}
	for _, n := range []string{"", "svc.", "pod.", "ns.dns.", "prod.svc.", "test.svc."} {
		names[n+"cluster.local."] = true
	}
	for _, p := range s.Services {
		full := serviceName(p, "cluster.local.")
		switch p.Service.Type {
		case model.ExternalName:
			if _, err := netip.ParseAddr(p.Decision.External.Name); err != nil {
				names[full] = true
			}
			continue
		case model.ClusterIP:
			names[full] = true
			for _, port := range p.Service.Ports {
				addPortNames(names, full, port.Name, port.Protocol)
			}
		}
		for _, e := range p.Decision.Endpoints {
			if !e.Ready && !p.Service.PublishNotReady {
				continue
			}
			names[hostName(p, &e, "cluster.local.")] = true
			if p.Service.Type == model.Headless {
				names[full] = true
				addPortNames(names, full, e.Ports[0].Name, e.Ports[0].Protocol)
			}
		}
	}
	return names
}

func addPortNames(names map[string]bool, full, port string, protocol model.Protocol) {
	for _, a := range []string{"", "_"} {
		for _, b := range []string{"", "_"} {
			names[a+port+"."+b+strings.ToLower(string(protocol))+"."+full] = true
		}
	}
}

func TestNXDOMAINMeansThatThereIsNoSuchName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, q := drawSnapshot(t), drawQuestion(t)
		if q.Qtype == dns.TypeTXT || q.Qtype == dns.TypeSOA || q.Qtype == dns.TypePTR {
			q.Qtype = dns.TypeA // the quirks of these are in testdata/answers.txt
		}
		r := Answer(NewView(s, Options{}), q, noon)
		if exists := existing(s)[strings.ToLower(q.Name)]; (r.Rcode == dns.RcodeNameError) == exists {
			t.Fatalf("%v: rcode %s, but exists = %v", q, dns.RcodeToString[r.Rcode], exists)
		}
		if r.Rcode == dns.RcodeNameError && len(r.Answer) > 0 {
			t.Fatalf("NXDOMAIN with an answer: %v", r.Answer)
		}
		if !r.Authoritative || (len(r.Answer) == 0) != (len(r.Ns) == 1) {
			t.Fatalf("%v: the SOA stands where there is no answer, and only there: %v", q, render(r))
		}
	})
}

func TestCaseChangesNothingButOwners(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		view, q := NewView(drawSnapshot(t), Options{Self: addrs("127.96.0.10")}), drawQuestion(t)
		got := Answer(view, q, noon)
		if len(got.Answer) > 0 && got.Answer[0].Header().Name != q.Name {
			t.Fatalf("asked %s, answered %s", q.Name, got.Answer[0])
		}
		small := q
		small.Name = strings.ToLower(q.Name)
		fold := func(lines []string) []string {
			return slices.Sorted(strings.SplitSeq(strings.ToLower(strings.Join(lines, "\n")), "\n"))
		}
		if diff := cmp.Diff(fold(render(Answer(view, small, noon))), fold(render(got))); diff != "" {
			t.Fatalf("%s (-lower +asked):\n%s", q.Name, diff)
		}
	})
}

func TestRepliesFitAndRepeatTheQuestion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSnapshot(t)
		server := New(Config{Snapshot: func() *model.Snapshot { return s }})
		query := &dns.Msg{MsgHdr: dns.MsgHdr{Id: rapid.Uint16().Draw(t, "id")}, Question: []dns.Question{drawQuestion(t)}}
		limit := dns.MinMsgSize
		if rapid.Bool().Draw(t, "edns") {
			size := rapid.Uint16Range(0, 4096).Draw(t, "size")
			query.SetEdns0(size, rapid.Bool().Draw(t, "do"))
			limit = max(limit, int(size))
		}
		raw, err := query.Pack()
		if err != nil {
			t.Fatal(err)
		}
		reply, udp := exchangeRaw(t, server, raw, protoUDP)
		whole, tcp := exchangeRaw(t, server, raw, protoTCP)
		if len(udp) > limit {
			t.Fatalf("%d octets by UDP, %d asked for", len(udp), limit)
		}
		if whole.Truncated || reply.Truncated != (len(tcp) > limit) {
			t.Fatalf("TC = %v by UDP for %d octets and a limit of %d; %v by TCP", reply.Truncated, len(tcp), limit, whole.Truncated)
		}
		for _, m := range []*dns.Msg{reply, whole} {
			if m.Id != query.Id || !m.Response || !cmp.Equal(m.Question, query.Question) {
				t.Fatalf("reply to %v is %v", query, m)
			}
			if (m.IsEdns0() != nil) != (query.IsEdns0() != nil) {
				t.Fatalf("EDNS0 in the query: %v, in the reply: %v", query.IsEdns0(), m.IsEdns0())
			}
		}
	})
}

func exchangeRaw(t *rapid.T, s *Server, raw []byte, proto string) (*dns.Msg, []byte) {
	reply, p := s.respond(nil, raw, proto, new(request))
	if p != nil {
		t.Fatalf("nothing here is for the outside: %v", p.result)
	}
	m := new(dns.Msg)
	if err := m.Unpack(reply); err != nil {
		t.Fatalf("reply does not unpack: %v", err)
	}
	return m, reply
}
