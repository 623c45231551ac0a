package dnsserver

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/miekg/dns"

	"fairlead.dev/internal/model"
)

// outside is a Forwarder by a function.
type outside func(ctx context.Context, q *dns.Msg) (*dns.Msg, error)

func (f outside) Exchange(ctx context.Context, q *dns.Msg) (*dns.Msg, error) { return f(ctx, q) }

// echoes answers everything with the question's own octets, unless they ask to
// fail.
func echoes(_ context.Context, q *dns.Msg) (*dns.Msg, error) {
	if q.Question[0].Name == "fail." {
		return nil, errors.New("as asked")
	}
	m := new(dns.Msg).SetReply(q)
	m.Answer = []dns.RR{&dns.TXT{
		Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET},
		Txt: []string{"outside"},
	}}
	m.Extra = []dns.RR{&dns.TSIG{Hdr: dns.RR_Header{Name: "key.", Rrtype: dns.TypeTSIG, Class: dns.ClassANY}, Algorithm: dns.HmacSHA256}}
	return m, nil
}

// FuzzServe feeds the server octets, as a datagram and as a TCP message.
func FuzzServe(f *testing.F) {
	add := func(name string, qtype uint16, change func(*dns.Msg)) {
		m := new(dns.Msg).SetQuestion(name, qtype)
		if change != nil {
			change(m)
		}
		raw, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for _, c := range readAnswers(f) {
		q := parseQuestion(f, c.question)
		add(q.Name, q.Qtype, nil)
	}
	add("crowd.prod.svc.cluster.local.", dns.TypeSRV, func(m *dns.Msg) { m.SetEdns0(700, true) })
	add("fail.", dns.TypeA, func(m *dns.Msg) { m.SetEdns0(4096, false) })
	add("www.example.com.", dns.TypeA, func(m *dns.Msg) { m.SetEdns0(1, false).IsEdns0().SetVersion(1) })
	add("www.example.com.", dns.TypeA, func(m *dns.Msg) { m.SetUpdate("example.com.") })
	add("web.prod.svc.cluster.local.", dns.TypeA, func(m *dns.Msg) { m.Question = nil })
	f.Add([]byte{1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xC0, 12, 0, 1, 0, 1})

	snapshot := world()
	s := New(Config{Snapshot: func() *model.Snapshot { return snapshot }, Forwarder: outside(echoes)})
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, proto := range []string{protoUDP, protoTCP} {
			checkRaw(t, s, raw, proto)
		}
	})
}

func checkRaw(t *testing.T, s *Server, raw []byte, proto string) {
	r := new(request)
	out, p := s.respond(make([]byte, 2, 600), raw, proto, r)
	if p != nil {
		out, r = append(make([]byte, 2), s.finish(t.Context(), p)...), &p.request
	}
	if out == nil {
		if len(raw) >= headerLen && raw[2]&0x80 == 0 {
			t.Fatalf("no reply to %x", raw)
		}
		return
	}
	out = out[2:]
	m := new(dns.Msg)
	if err := m.Unpack(out); err != nil {
		t.Fatalf("reply %x to %x: %v", out, raw, err)
	}
	if !m.Response || m.Id != binary.BigEndian.Uint16(raw) {
		t.Fatalf("reply to %x has header %v", raw, m.MsgHdr)
	}
	if len(out) > r.limit {
		t.Fatalf("%d octets by %s, limit %d", len(out), proto, r.limit)
	}
	if len(m.Question) == 0 && m.Rcode != dns.RcodeFormatError && m.Rcode != dns.RcodeNotImplemented {
		t.Fatalf("the question is not repeated: %v", m)
	}
}
