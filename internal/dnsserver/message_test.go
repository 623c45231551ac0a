package dnsserver

import (
	"testing"

	"github.com/miekg/dns"

	"fairlead.dev/internal/model"
)

// TestHeaders sends what is no proper query, octet by octet.
func TestHeaders(t *testing.T) {
	opt := []byte{0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0} // 4096 octets, version 0
	record := []byte{0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1}
	header := func(flags, qd, an, ns, ar byte) []byte {
		return []byte{0xAB, 0xCD, flags, 0, 0, qd, 0, an, 0, ns, 0, ar}
	}
	question := []byte{5, 'l', 'o', 'c', 'a', 'l', 0, 0, 1, 0, 1}
	join := func(parts ...[]byte) (raw []byte) {
		for _, p := range parts {
			raw = append(raw, p...)
		}
		return raw
	}
	const dropped = -1
	tests := []struct {
		name  string
		raw   []byte
		rcode int
	}{
		{"nothing", nil, dropped},
		{"less than a header", header(1, 1, 0, 0, 0)[:11], dropped},
		{"a reply", join(header(0x81, 1, 0, 0, 0), question), dropped},
		{"a query", join(header(1, 1, 0, 0, 0), question), dns.RcodeRefused},
		{"octets behind it", join(header(1, 1, 0, 0, 0), question, []byte("tail")), dns.RcodeRefused},
		{"STATUS", join(header(2<<3|1, 1, 0, 0, 0), question), dns.RcodeNotImplemented},
		{"opcode 15", join(header(15<<3, 9, 9, 9, 9), question), dns.RcodeNotImplemented},
		{"no question", header(1, 0, 0, 0, 0), dns.RcodeFormatError},
		{"two questions", join(header(1, 2, 0, 0, 0), question, question), dns.RcodeFormatError},
		{"a question that is not there", header(1, 1, 0, 0, 0), dns.RcodeFormatError},
		{"a question cut short", join(header(1, 1, 0, 0, 0), question[:8]), dns.RcodeFormatError},
		{"a name that points at itself", join(header(1, 1, 0, 0, 0), []byte{0xC0, 12, 0, 1, 0, 1}), dns.RcodeFormatError},
		{"EDNS0", join(header(1, 1, 0, 0, 1), question, opt), dns.RcodeRefused},
		{"EDNS0 twice", join(header(1, 1, 0, 0, 2), question, opt, opt), dns.RcodeFormatError},
		{"two records behind it", join(header(1, 1, 0, 0, 2), question, record, opt), dns.RcodeRefused},
		{"three records behind it", join(header(1, 1, 0, 0, 3), question, record, record, opt), dns.RcodeFormatError},
		{"answers", join(header(1, 1, 2, 0, 0), question), dns.RcodeFormatError},
	}
	s := New(Config{Snapshot: func() *model.Snapshot { return world() }})
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			out, p := s.respond(nil, c.raw, protoUDP, new(request))
			if p != nil || (out == nil) != (c.rcode == dropped) {
				t.Fatalf("reply %x, pending %v", out, p)
			}
			if c.rcode == dropped {
				return
			}
			m := new(dns.Msg)
			if err := m.Unpack(out); err != nil || m.Rcode != c.rcode {
				t.Fatalf("reply %v, %v; want %s", m, err, dns.RcodeToString[c.rcode])
			}
			if opcode := int(c.raw[2] >> 3 & 0xF); !m.Response || m.Id != 0xABCD || m.Opcode != opcode || m.RecursionDesired != (c.raw[2]&1 == 1) {
				t.Errorf("header %v", m.MsgHdr)
			}
		})
	}
}
