package resolve_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/resolve"
)

// said is what a liar sends to one query by UDP; from is nil for its own socket.
type said struct {
	wire []byte
	from net.PacketConn
}

// lie starts a server of which every octet is the test's. A nil tcp has TCP refused.
func lie(t *testing.T, udp func(q *dns.Msg) []said, tcp func(q *dns.Msg) []byte) *server {
	t.Helper()
	packets, listener := bothProtocols(t)
	s := &server{addr: netip.MustParseAddrPort(packets.LocalAddr().String())}
	t.Cleanup(func() { packets.Close(); listener.Close() })
	go func() {
		buf := make([]byte, 4096)
		for {
			n, client, err := packets.ReadFrom(buf)
			if err != nil {
				return
			}
			s.queries.Add(1)
			q := new(dns.Msg)
			if q.Unpack(buf[:n]) != nil {
				continue
			}
			for _, d := range udp(q) {
				from := packets
				if d.from != nil {
					from = d.from
				}
				from.WriteTo(d.wire, client)
			}
		}
	}()
	if tcp == nil {
		listener.Close()
		return s
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.tcp.Add(1)
			go answerStream(conn, tcp)
		}
	}()
	return s
}

// answerStream answers one query, as it stands.
func answerStream(conn net.Conn, answer func(q *dns.Msg) []byte) {
	defer conn.Close()
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return
	}
	wire := make([]byte, binary.BigEndian.Uint16(size[:]))
	q := new(dns.Msg)
	if _, err := io.ReadFull(conn, wire); err == nil && q.Unpack(wire) == nil {
		conn.Write(answer(q))
	}
}

// framed is a message as TCP carries it.
func framed(wire []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(wire))), wire...)
}

// forged is a reply with an address that must not be believed, changed by the test.
func forged(change func(r *dns.Msg)) func(q *dns.Msg) []byte {
	return reply("10.66.6.6", change)
}

func reply(ip string, change func(r *dns.Msg)) func(q *dns.Msg) []byte {
	return func(q *dns.Msg) []byte {
		r := zone("db.example.com. 30 IN A "+ip)(q, false)
		if change != nil {
			change(r)
		}
		wire, err := r.Pack()
		if err != nil {
			panic(err)
		}
		return wire
	}
}

// lies are what a server may send that is no reply to the query.
func lies(t *testing.T) map[string]func(q *dns.Msg) []said {
	t.Helper()
	otherPort, otherHost := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.2:0")
	own := func(f func(q *dns.Msg) []byte) func(q *dns.Msg) []said {
		return func(q *dns.Msg) []said { return []said{{wire: f(q)}} }
	}
	octets := func(b ...byte) func(q *dns.Msg) []said {
		return own(func(*dns.Msg) []byte { return b })
	}
	return map[string]func(q *dns.Msg) []said{
		"another ID":        own(forged(func(r *dns.Msg) { r.Id++ })),
		"another name":      own(forged(func(r *dns.Msg) { r.Question[0].Name = "bd.example.com." })),
		"another type":      own(forged(func(r *dns.Msg) { r.Question[0].Qtype = dns.TypeMX })),
		"another class":     own(forged(func(r *dns.Msg) { r.Question[0].Qclass = dns.ClassCHAOS })),
		"no question":       own(forged(func(r *dns.Msg) { r.Question = nil })),
		"no response":       own(forged(func(r *dns.Msg) { r.Response = false })),
		"another ID gone":   own(forged(func(r *dns.Msg) { r.Id++; r.Rcode = dns.RcodeNameError; r.Answer = nil })),
		"nothing":           octets(),
		"too little":        octets(0, 1, 2, 3, 4),
		"noise":             octets(make([]byte, 600)...),
		"from another port": func(q *dns.Msg) []said { return []said{{forged(nil)(q), otherPort}} },
		"from another host": func(q *dns.Msg) []said { return []said{{forged(nil)(q), otherHost}} },
	}
}

func listen(t *testing.T, addr string) net.PacketConn {
	t.Helper()
	conn, err := net.ListenPacket("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// brief is a lookup of db.example.com that gives up soon.
func brief(servers ...*server) model.Observation {
	var addrs []netip.AddrPort
	for _, s := range servers {
		addrs = append(addrs, s.addr)
	}
	c := &resolve.Client{Upstream: resolve.NewUpstream(addrs, 20*time.Millisecond, 100*time.Millisecond), Now: time.Now}
	return c.Lookup(context.Background(), model.Question{Name: "db.example.com", Type: model.A})
}

// isTruth fails the test unless o is the truth.
func isTruth(t *testing.T, o model.Observation) {
	t.Helper()
	if o.Class != model.Answered || len(o.Addrs) != 1 || o.Addrs[0] != netip.MustParseAddr("10.0.1.25") {
		t.Errorf("got %s %v (%s), want 10.0.1.25", o.Class, o.Addrs, o.Detail)
	}
}

// TestLies: what is no reply to the query is not believed, and keeps nobody from
// hearing the truth.
func TestLies(t *testing.T) {
	truth := reply("10.0.1.25", nil)
	good := serve(t, zone("db.example.com. 30 IN A 10.0.1.25"))
	for name, says := range lies(t) {
		t.Run(name, func(t *testing.T) {
			if o := brief(lie(t, says, nil)); !o.Class.Failed() || len(o.Addrs) > 0 {
				t.Errorf("believed: %s %v (%s)", o.Class, o.Addrs, o.Detail)
			}
			isTruth(t, lookup(t, "db.example.com", model.A, lie(t, func(q *dns.Msg) []said {
				return append(says(q), said{wire: truth(q)})
			}, nil)))
			isTruth(t, lookup(t, "db.example.com", model.A, lie(t, says, nil), good))
		})
	}
}

// TestALiarIsTold: a server that answers, and nonsense, is not called silent.
func TestALiarIsTold(t *testing.T) {
	s := lie(t, func(q *dns.Msg) []said { return []said{{wire: forged(func(r *dns.Msg) { r.Id++ })(q)}} }, nil)
	c := &resolve.Client{Upstream: resolve.NewUpstream([]netip.AddrPort{s.addr}, 0, 2*time.Second), Now: time.Now}
	if o := c.Lookup(t.Context(), model.Question{Name: "db.example.com", Type: model.A}); o.Class != model.Broken {
		t.Errorf("got %s (%s), want Broken", o.Class, o.Detail)
	}
}

// TestDamagedAnswers: of one that is damaged nothing is believed, not even that a
// name has fewer addresses. TCP is asked for the whole.
func TestDamagedAnswers(t *testing.T) {
	whole := func(q *dns.Msg) []byte {
		r := zone("db.example.com. 30 IN A 10.66.6.6", "db.example.com. 30 IN A 10.66.6.7")(q, false)
		wire, err := r.Pack()
		if err != nil {
			panic(err)
		}
		return wire
	}
	damages := map[string]func(wire []byte) []byte{
		"cut within a record":         func(w []byte) []byte { return w[:len(w)-3] },
		"cut between records":         func(w []byte) []byte { return w[:len(w)-30] },
		"cut before all records":      func(w []byte) []byte { return w[:len(w)-60] },
		"more records counted":        func(w []byte) []byte { w[7]++; return w },
		"authority counted":           func(w []byte) []byte { w[9] = 4; return w },
		"an address of 3 octets":      func(w []byte) []byte { w[len(w)-5] = 3; return w[:len(w)-1] },
		"a name that leads to itself": func(w []byte) []byte { at := len(w) - 30; w[at], w[at+1] = 0xc0, byte(at); return w },
	}
	truth := reply("10.0.1.25", nil)
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			udp := func(q *dns.Msg) []said { return []said{{wire: damage(whole(q))}} }
			s := lie(t, udp, func(q *dns.Msg) []byte { return framed(truth(q)) })
			isTruth(t, lookup(t, "db.example.com", model.A, s))
			for how, tcp := range map[string]func(q *dns.Msg) []byte{
				"TCP is refused":          nil,
				"TCP is damaged, too":     func(q *dns.Msg) []byte { return framed(damage(whole(q))) },
				"TCP ends early":          func(q *dns.Msg) []byte { return framed(whole(q))[:20] },
				"TCP says nothing":        func(*dns.Msg) []byte { return nil },
				"TCP answers another one": func(q *dns.Msg) []byte { return framed(forged(func(r *dns.Msg) { r.Id++ })(q)) },
			} {
				if o := lookup(t, "db.example.com", model.A, lie(t, udp, tcp)); o.Class != model.Broken || len(o.Addrs) > 0 {
					t.Errorf("%s: got %s %v (%s), want Broken", how, o.Class, o.Addrs, o.Detail)
				}
			}
		})
	}
}
