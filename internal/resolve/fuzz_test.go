package resolve

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"fairlead.dev/internal/model"
)

// packed is a reply to a question for db.example.com with these records, as it comes
// by TCP. Those of type SOA are its authority.
func packed(rcode int, records ...string) []byte {
	r := new(dns.Msg).SetRcode(new(dns.Msg).SetQuestion("db.example.com.", dns.TypeA), rcode)
	for _, line := range records {
		rr, err := dns.NewRR(line)
		if err != nil {
			panic(err)
		}
		if rr.Header().Rrtype == dns.TypeSOA {
			r.Ns = append(r.Ns, rr)
			continue
		}
		r.Answer = append(r.Answer, rr)
	}
	wire, err := r.Pack()
	if err != nil {
		panic(err)
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(wire))), wire...)
}

// seeds are streams of replies, each of which leads the walk another way.
func seeds() [][]byte {
	const (
		soa  = "example.com. 300 IN SOA ns.example.com. h.example.com. 1 2 3 4 4294967295"
		long = "example.com. 300 IN SOA ns.example.com. h.example.com. 1 2 3 4 200"
	)
	return [][]byte{
		packed(dns.RcodeSuccess, "db.example.com. 30 IN A 10.0.1.25", "DB.example.com. 4294967295 IN AAAA ::ffff:10.0.1.25"),
		packed(dns.RcodeSuccess, "db.example.com. 30 IN A 10.0.1.25", "bd.example.com. 30 IN A 10.66.6.6"),
		packed(dns.RcodeNameError),
		packed(dns.RcodeNameError, soa),
		packed(dns.RcodeSuccess, soa),
		packed(dns.RcodeServerFailure),
		packed(dns.RcodeSuccess, "db.example.com. 9 IN CNAME x.example.com.", "X.example.com. 9 IN CNAME db.example.com."),
		packed(dns.RcodeSuccess, "x.example.com. 9 IN AAAA fd00::25", "db.example.com. 9 IN CNAME x.example.com."),
		packed(dns.RcodeSuccess, "db.example.com. 1 IN SRV 1 2 5432 A.example.com.", "db.example.com. 2147483648 IN SRV 0 0 0 ."),
		slices.Concat( // one after the other
			packed(dns.RcodeSuccess, "db.example.com. 9 IN CNAME x.example.com."),
			packed(dns.RcodeSuccess, "x.example.com. 9 IN CNAME y.example.com."),
			packed(dns.RcodeSuccess, "y.example.com. 2147483647 IN A 10.0.1.25", soa)),
		slices.Concat(
			packed(dns.RcodeSuccess, "db.example.com. 9 IN CNAME x.example.com."),
			packed(dns.RcodeNameError, long)),
	}
}

// script answers whatever is asked with what stands next in a stream, and notes
// which records were given.
type script struct {
	next  func() ([]byte, error)
	given []dns.RR
	asked int
}

func (s *script) Exchange(_ context.Context, q *dns.Msg) (*dns.Msg, error) {
	s.asked++
	wire, err := s.next()
	if err != nil {
		return nil, err
	}
	m := new(dns.Msg)
	if err := m.Unpack(wire); err != nil {
		return nil, err
	}
	r := new(dns.Msg).SetRcode(q, m.Rcode)
	r.Truncated, r.Answer, r.Ns = m.Truncated, m.Answer, m.Ns
	s.given = append(s.given, m.Answer...)
	return r, nil
}

// FuzzLookup has an outside server answer whatever it likes: what is taken from that
// is at the end of a chain that it gave, and in no other record's name.
func FuzzLookup(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, replies []byte) {
		for _, typ := range []model.RecordType{model.A, model.AAAA, model.SRV} {
			s := &script{next: stream(bytes.NewReader(replies))}
			c := &Client{Upstream: s, Now: time.Now}
			o := c.Lookup(t.Context(), model.Question{Name: "db.example.com", Type: typ})
			if (o.Class == model.Answered) != (len(o.Addrs)+len(o.Hosts) > 0) || (o.Class == model.Answered) != (o.Detail == "") {
				t.Errorf("%s (%s) with %v %v", o.Class, o.Detail, o.Addrs, o.Hosts)
			}
			if o.TTL < 0 || o.TTL >= 1<<31*time.Second || o.Class.Failed() && o.TTL != 0 {
				t.Errorf("%s with TTL %s", o.Class, o.TTL)
			}
			if len(o.Aliases) > maxAliases || s.asked > maxAliases+1 {
				t.Errorf("%d CNAMEs are followed, with %d questions", len(o.Aliases), s.asked)
			}
			end, ttl := owner(t, s.given, o.Aliases)
			for _, a := range o.Addrs {
				if !holds(s.given, end, typ, a.String()) {
					t.Errorf("%s is no address of %s", a, end)
				}
			}
			for _, h := range o.Hosts {
				if !holds(s.given, end, typ, fmt.Sprint(h.Priority, " ", h.Weight, " ", h.Port, " ", h.Name)) {
					t.Errorf("%v is no host of %s", h, end)
				}
			}
			if o.TTL > ttl {
				t.Errorf("the TTL is %s, and that of a CNAME %s", o.TTL, ttl)
			}
		}
	})
}

// owner is the name at the end of the aliases, each of which must have been given, and
// the smallest TTL on the way.
func owner(t *testing.T, given []dns.RR, aliases []model.Alias) (end string, ttl time.Duration) {
	end, ttl = "db.example.com", 1<<31*time.Second
	for _, a := range aliases {
		ok := slices.ContainsFunc(given, func(rr dns.RR) bool {
			c, ok := rr.(*dns.CNAME)
			return ok && strings.EqualFold(c.Hdr.Name, end+".") && trim(c.Target) == a.Target
		})
		if !ok || !strings.EqualFold(a.Name, end) {
			t.Errorf("%v is followed from %s, and nobody said so", a, end)
		}
		end, ttl = a.Target, min(ttl, a.TTL)
	}
	return end, ttl
}

// holds reports whether a record of the name and type says that.
func holds(given []dns.RR, name string, typ model.RecordType, says string) bool {
	return slices.ContainsFunc(given, func(rr dns.RR) bool {
		if !strings.EqualFold(trim(rr.Header().Name), name) || rr.Header().Rrtype != qtype(typ) {
			return false
		}
		switch rr := rr.(type) {
		case *dns.A:
			return rr.A.String() == says
		case *dns.AAAA:
			a, _ := netip.AddrFromSlice(rr.AAAA)
			return a.Unmap().String() == says
		case *dns.SRV:
			return fmt.Sprint(rr.Priority, " ", rr.Weight, " ", rr.Port, " ", strings.ToLower(trim(rr.Target))) == says
		}
		return false
	})
}

// FuzzReply feeds what may come in by UDP or TCP to the reader of replies: what is
// taken for one is to the query, and has the records that it says it has.
func FuzzReply(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s, true)
		f.Add(s[2:], false)
		more := slices.Clone(s[2:])
		more[7]++ // it says that it has one more
		f.Add(more, false)
	}
	query := new(dns.Msg).SetQuestion("dB.example.com.", dns.TypeA)
	query.Id = 0x1234
	f.Fuzz(func(t *testing.T, octets []byte, tcp bool) {
		read := datagrams(bytes.NewReader(octets))
		if tcp {
			read = stream(bytes.NewReader(octets))
		}
		for {
			wire, err := read()
			if err != nil {
				return
			}
			if len(wire) >= 2 && wire[0]&1 == 0 { // a forger has guessed right, half of the time
				binary.BigEndian.PutUint16(wire, query.Id)
			}
			msg, err := parse(wire, query)
			if err != nil {
				continue
			}
			if !msg.Response || msg.Id != query.Id {
				t.Fatalf("taken for a reply: %v", msg)
			}
			if len(msg.Question) == 0 && msg.Rcode == dns.RcodeSuccess || len(msg.Question) > 0 && !strings.EqualFold(msg.Question[0].Name, "db.example.com.") {
				t.Fatalf("taken for a reply to the question: %v", msg)
			}
			if n := binary.BigEndian.Uint16(wire[6:]); !msg.Truncated && int(n) != len(msg.Answer) {
				t.Fatalf("it has %d answers and says %d: %v", len(msg.Answer), n, msg)
			}
		}
	})
}
