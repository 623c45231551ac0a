package dnsserver

import (
	"encoding/binary"

	"github.com/miekg/dns"
)

// The header's flag bits and the sizes of messages (RFC 1035 section 4.1.1).
const (
	headerLen = 12
	flagQR    = 1 << 15
	flagRD    = 1 << 8
	// maxUDP is the most that an IPv4 datagram carries.
	maxUDP = 65507
)

// request is one query as it came, with what its reply must respect.
type request struct {
	msg dns.Msg
	// opt is the query's EDNS0 record, nil if there is none.
	opt *dns.OPT
	// limit is how long the reply may be, in octets.
	limit int
}

// verdict is what to do with a query before anybody looks at its question.
type verdict int

const (
	accept verdict = iota
	drop
	reject
)

// read parses a query. For reject, rcode says why; a query that cannot be read
// has no question to repeat.
func (r *request) read(raw []byte, udp bool) (v verdict, rcode int) {
	r.opt, r.limit = nil, dns.MinMsgSize
	if !udp {
		r.limit = dns.MaxMsgSize
	}
	if v, rcode = screen(raw); v != accept {
		return v, rcode
	}
	if r.msg.Unpack(raw) != nil || len(r.msg.Question) != 1 {
		return reject, dns.RcodeFormatError
	}
	for _, rr := range r.msg.Extra {
		o, ok := rr.(*dns.OPT)
		switch {
		case ok && r.opt != nil: // RFC 6891 section 6.1.1
			return reject, dns.RcodeFormatError
		case ok:
			r.opt = o
		}
	}
	if r.opt != nil && udp {
		r.limit = min(max(int(r.opt.UDPSize()), dns.MinMsgSize), maxUDP)
	}
	return accept, dns.RcodeSuccess
}

// screen looks at the header only: replies and fragments get no answer, other
// opcodes NOTIMP, and counts that no query has FORMERR.
func screen(raw []byte) (verdict, int) {
	if len(raw) < headerLen {
		return drop, 0
	}
	flags := binary.BigEndian.Uint16(raw[2:])
	count := func(section int) uint16 { return binary.BigEndian.Uint16(raw[4+2*section:]) }
	switch {
	case flags&flagQR != 0:
		return drop, 0
	case flags>>11&0xF != dns.OpcodeQuery:
		return reject, dns.RcodeNotImplemented
	case count(0) != 1 || count(1) > 1 || count(2) > 1 || count(3) > 2:
		return reject, dns.RcodeFormatError
	}
	return accept, dns.RcodeSuccess
}

// rejection is the reply to a query that is not read: its header, with the
// opcode and the RD bit as they came.
func rejection(dst, raw []byte, rcode int) []byte {
	const kept = 0xF<<11 | flagRD
	flags := binary.BigEndian.Uint16(raw[2:])&kept | flagQR | uint16(rcode)
	dst = append(dst, raw[0], raw[1])
	dst = binary.BigEndian.AppendUint16(dst, flags)
	return append(dst, make([]byte, headerLen-4)...)
}

// reply starts the message that answers the query, without its OPT record.
func (r *request) reply(rcode int) dns.Msg {
	return dns.Msg{
		MsgHdr: dns.MsgHdr{
			Id:               r.msg.Id,
			Response:         true,
			RecursionDesired: r.msg.RecursionDesired,
			CheckingDisabled: r.msg.CheckingDisabled,
			Rcode:            rcode,
		},
		Compress: true,
		Question: r.msg.Question,
	}
}

// pack adds EDNS0 if the client speaks it, makes the message fit, and appends
// it to dst. A message that cannot be packed becomes SERVFAIL.
func (r *request) pack(dst []byte, m *dns.Msg, options ...dns.EDNS0) []byte {
	if r.opt != nil {
		m.Extra = append(m.Extra, r.edns(options))
	}
	m.Truncate(r.limit)
	m.Compress = true
	if out, err := packTo(dst, m); err == nil {
		return out
	}
	*m = r.reply(dns.RcodeServerFailure)
	if r.opt != nil {
		m.Extra = []dns.RR{r.edns(nil)}
	}
	out, err := packTo(dst, m)
	if err != nil {
		return nil
	}
	return out
}

// packTo appends the message to dst, which it does without allocating where
// dst has room.
func packTo(dst []byte, m *dns.Msg) ([]byte, error) {
	out, err := m.PackBuffer(dst[len(dst):cap(dst)])
	if err != nil {
		return nil, err
	}
	return append(dst, out...), nil
}

// edns is the reply's OPT record: the client's size and DO bit, and none of
// its options (RFC 6891 section 6.1.1).
func (r *request) edns(options []dns.EDNS0) *dns.OPT {
	o := &dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT}, Option: options}
	o.SetUDPSize(r.opt.UDPSize())
	if r.opt.Do() {
		o.SetDo()
	}
	return o
}
