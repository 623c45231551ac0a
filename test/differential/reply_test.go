//go:build linux

package differential

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// probe is one message to send, and what it is for.
type probe struct {
	about string
	wire  []byte
	tcp   bool
	// mute says that no reply is expected, so that nobody waits long for one.
	mute bool
	// query is what wire says, nil if that cannot be read.
	query *dns.Msg
}

// question is the one question of a probe, or the zero one.
func (p *probe) question() dns.Question {
	if p.query == nil || len(p.query.Question) != 1 {
		return dns.Question{}
	}
	return p.query.Question[0]
}

// String is the question as a person would ask it.
func (p *probe) String() string {
	q := p.question()
	if p.query == nil || q == (dns.Question{}) {
		return fmt.Sprintf("%s: % x", p.about, p.wire[:min(len(p.wire), 64)])
	}
	s := fmt.Sprintf("dig %s %s", q.Name, dns.Type(q.Qtype))
	if q.Qclass != dns.ClassINET {
		s += " " + dns.Class(q.Qclass).String()
	}
	if p.tcp {
		s += " +tcp"
	}
	if o := p.query.IsEdns0(); o != nil {
		s += fmt.Sprintf(" +bufsize=%d", o.UDPSize())
		if o.Do() {
			s += " +dnssec"
		}
	}
	if !p.query.RecursionDesired {
		s += " +norecurse"
	}
	return s + "    ; " + p.about
}

// reply is what came back.
type reply struct {
	msg  *dns.Msg
	size int // octets
	// failure says why there is no message: nothing came, or nonsense.
	failure string
}

// ask sends a probe and waits for the reply.
func ask(server string, p *probe) reply {
	network, patience := "udp", 10*time.Second
	if p.tcp {
		network = "tcp"
	}
	if p.mute {
		patience = 400 * time.Millisecond
	}
	raw, err := exchange(network, server, p.wire, patience)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, io.EOF):
		return reply{failure: "no reply"}
	case err != nil:
		return reply{failure: err.Error()}
	}
	m := new(dns.Msg)
	if err := m.Unpack(raw); err != nil {
		return reply{failure: fmt.Sprintf("a reply that cannot be read (%v): % x", err, raw)}
	}
	if len(p.wire) >= 2 && m.Id != binary.BigEndian.Uint16(p.wire) {
		return reply{failure: "a reply with another ID"}
	}
	return reply{msg: m, size: len(raw)}
}

func exchange(network, server string, wire []byte, patience time.Duration) ([]byte, error) {
	conn, err := net.Dial(network, server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if network == "tcp" {
		wire = append(binary.BigEndian.AppendUint16(nil, uint16(len(wire))), wire...)
	}
	if _, err := conn.Write(wire); err != nil {
		return nil, err
	}
	if network == "tcp" {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return nil, err
		}
		message := make([]byte, binary.BigEndian.Uint16(size[:]))
		_, err := io.ReadFull(conn, message)
		return message, err
	}
	message := make([]byte, dns.MaxMsgSize)
	n, err := conn.Read(message)
	return message[:n], err
}

// aspect is a part of a reply that is compared by itself.
type aspect string

const (
	wholeReply aspect = "reply"
	rcode      aspect = "rcode"
	flags      aspect = "flags"
	question   aspect = "question"
	answer     aspect = "answer"
	order      aspect = "order of aliases"
	authority  aspect = "authority"
	additional aspect = "additional"
	edns       aspect = "EDNS"
	clusterTTL aspect = "TTL of the cluster's records"
)

// compare returns the aspects in which two replies differ.
func compare(a, b reply) []aspect {
	if a.msg == nil || b.msg == nil {
		if a.msg == nil && b.msg == nil && a.failure == b.failure {
			return nil
		}
		return []aspect{wholeReply}
	}
	va, vb := view(a.msg), view(b.msg)
	var differ []aspect
	for _, x := range []aspect{rcode, flags, question, answer, order, authority, additional, edns, clusterTTL} {
		if va[x] != vb[x] {
			differ = append(differ, x)
		}
	}
	return differ
}

// view gives every aspect of a message a text to compare. Which records fit
// into a truncated message is a matter of their order, which servers may choose.
func view(m *dns.Msg) map[aspect]string {
	v := map[aspect]string{
		rcode:      dns.RcodeToString[m.Rcode],
		flags:      flagText(m),
		question:   fmt.Sprint(m.Question),
		answer:     records(m.Answer),
		order:      aliases(m.Answer),
		authority:  records(m.Ns),
		additional: records(m.Extra),
		edns:       ednsText(m),
		clusterTTL: ttls(m),
	}
	if m.Truncated {
		v[answer], v[order], v[additional], v[clusterTTL] = "some", "", "some", ""
	}
	return v
}

func flagText(m *dns.Msg) string {
	s := dns.OpcodeToString[m.Opcode]
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"qr", m.Response},
		{"aa", m.Authoritative},
		{"tc", m.Truncated},
		{"rd", m.RecursionDesired},
		{"ra", m.RecursionAvailable},
		{"z", m.Zero},
		{"ad", m.AuthenticatedData},
		{"cd", m.CheckingDisabled},
	} {
		if f.set {
			s += " " + f.name
		}
	}
	return s
}

// records are the records of a section, without TTL, SOA serial and order. The
// OPT record is an aspect of its own.
func records(section []dns.RR) string {
	var lines []string
	for _, rr := range section {
		if rr.Header().Rrtype == dns.TypeOPT {
			continue
		}
		rr = dns.Copy(rr)
		rr.Header().Ttl = 0
		if soa, ok := rr.(*dns.SOA); ok {
			soa.Serial = 0
		}
		lines = append(lines, rr.String())
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// aliases are the CNAMEs in their order, which simple resolvers depend on.
func aliases(section []dns.RR) string {
	var s strings.Builder
	last := -1
	for i, rr := range section {
		if c, ok := rr.(*dns.CNAME); ok {
			fmt.Fprintln(&s, c.Hdr.Name, c.Target, i == last+1)
			last = i
		}
	}
	return s.String()
}

// ttls are those of the records below the cluster's domain.
func ttls(m *dns.Msg) string {
	distinct := map[string]bool{}
	for _, section := range [][]dns.RR{m.Answer, m.Ns, m.Extra} {
		for _, rr := range section {
			h := rr.Header()
			if h.Rrtype != dns.TypeOPT && dns.IsSubDomain("cluster.local.", strings.ToLower(h.Name)) {
				distinct[fmt.Sprint(dns.Type(h.Rrtype), h.Ttl)] = true
			}
		}
	}
	var all []string
	for s := range distinct {
		all = append(all, s)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// ednsText leaves extended errors (RFC 8914) apart, which only add to an rcode,
// and the size, which says what the server would take.
func ednsText(m *dns.Msg) string {
	o := m.IsEdns0()
	if o == nil {
		return "none"
	}
	s := fmt.Sprintf("version %d, DO %t", o.Version(), o.Do())
	for _, option := range o.Option {
		if option.Option() != dns.EDNS0EDE {
			s += fmt.Sprintf(", option %d: %s", option.Option(), option)
		}
	}
	return s
}

// text is the reply as dig prints it.
func (r reply) text() string {
	if r.msg == nil {
		return r.failure
	}
	return strings.TrimSpace(r.msg.String())
}
