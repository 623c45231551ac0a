package resolve_test

import (
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/resolve"
	"fairlead.dev/test/leak"
)

func TestMain(m *testing.M) { os.Exit(leak.Run(m)) }

// server is a DNS server on a real socket that answers as its handler says.
type server struct {
	addr    netip.AddrPort
	queries atomic.Int32
	tcp     atomic.Int32
}

// serve starts a server on loopback, UDP and TCP. A nil reply is silence.
func serve(t *testing.T, handler func(q *dns.Msg, tcp bool) *dns.Msg) *server {
	t.Helper()
	packets, listener := bothProtocols(t)
	s := &server{addr: netip.MustParseAddrPort(packets.LocalAddr().String())}
	h := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		s.queries.Add(1)
		_, tcp := w.RemoteAddr().(*net.TCPAddr)
		if tcp {
			s.tcp.Add(1)
		}
		if r := handler(q, tcp); r != nil {
			w.WriteMsg(r)
		}
	})
	for _, srv := range []*dns.Server{{PacketConn: packets, Handler: h}, {Listener: listener, Handler: h}} {
		started := make(chan struct{})
		srv.NotifyStartedFunc = func() { close(started) }
		go srv.ActivateAndServe()
		<-started
		t.Cleanup(func() { srv.Shutdown() })
	}
	return s
}

// bothProtocols takes a port that is free for UDP and TCP alike.
func bothProtocols(t *testing.T) (net.PacketConn, net.Listener) {
	t.Helper()
	for {
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listener, err := net.Listen("tcp", packets.LocalAddr().String())
		if err == nil {
			return packets, listener
		}
		packets.Close() // somebody has the port for TCP: take another
	}
}

// zone answers with the records whose owner and type are asked, and every CNAME
// at that owner.
func zone(records ...string) func(*dns.Msg, bool) *dns.Msg {
	return func(q *dns.Msg, _ bool) *dns.Msg {
		r := new(dns.Msg).SetReply(q)
		for _, line := range records {
			rr, err := dns.NewRR(line)
			if err != nil {
				panic(err)
			}
			switch h := rr.Header(); {
			case h.Rrtype == dns.TypeSOA:
				r.Ns = append(r.Ns, rr)
			case strings.EqualFold(h.Name, q.Question[0].Name) && (h.Rrtype == q.Question[0].Qtype || h.Rrtype == dns.TypeCNAME):
				r.Answer = append(r.Answer, rr)
			}
		}
		return r
	}
}

func rcode(code int) func(*dns.Msg, bool) *dns.Msg {
	return func(q *dns.Msg, _ bool) *dns.Msg { return new(dns.Msg).SetRcode(q, code) }
}

func silence(*dns.Msg, bool) *dns.Msg { return nil }

func lookup(t *testing.T, name string, typ model.RecordType, servers ...*server) model.Observation {
	t.Helper()
	var addrs []netip.AddrPort
	for _, s := range servers {
		addrs = append(addrs, s.addr)
	}
	c := &resolve.Client{Upstream: resolve.NewUpstream(addrs, 20*time.Millisecond, 30*time.Second), Now: time.Now}
	return c.Lookup(context.Background(), model.Question{Name: name, Type: typ})
}

func TestLookup(t *testing.T) {
	soa := "example.com. 300 IN SOA ns.example.com. h.example.com. 1 2 3 4 7"
	rows := []struct {
		name    string
		handler func(*dns.Msg, bool) *dns.Msg
		qtype   model.RecordType
		class   model.Class
		ttl     time.Duration
		addrs   string
		aliases int
	}{
		{"addresses", zone("db.example.com. 30 IN A 10.0.1.25", "db.example.com. 20 IN A 10.0.1.26"), model.A, model.Answered, 20 * time.Second, "10.0.1.25 10.0.1.26", 0},
		{"IPv6", zone("db.example.com. 30 IN AAAA fd00::25"), model.AAAA, model.Answered, 30 * time.Second, "fd00::25", 0},
		{"the smallest TTL of a chain", zone("db.example.com. 9 IN CNAME x.example.com.", "x.example.com. 60 IN CNAME y.example.com.", "y.example.com. 60 IN A 10.0.1.25"), model.A, model.Answered, 9 * time.Second, "10.0.1.25", 2},
		{"NODATA with its negative TTL", zone(soa), model.A, model.Empty, 7 * time.Second, "", 0},
		{"a CNAME to nothing", zone("db.example.com. 9 IN CNAME x.example.com.", soa), model.A, model.Empty, 7 * time.Second, "", 1},
		{"NXDOMAIN without a negative TTL", rcode(dns.RcodeNameError), model.A, model.NotFound, 10 * time.Second, "", 0},
		{"NODATA without one", zone("other.example.com. 9 IN A 10.0.1.25"), model.A, model.Empty, 10 * time.Second, "", 0},
		{"TTL 0", zone("db.example.com. 0 IN A 10.0.1.25"), model.A, model.Answered, 0, "10.0.1.25", 0},
		{"the longest TTL", zone("db.example.com. 2147483647 IN A 10.0.1.25"), model.A, model.Answered, 2147483647 * time.Second, "10.0.1.25", 0},
		{"a TTL with the highest bit set", zone("db.example.com. 2147483648 IN A 10.0.1.25"), model.A, model.Answered, 0, "10.0.1.25", 0},
		{"all bits set, beside one that holds", zone("db.example.com. 4294967295 IN A 10.0.1.25", "db.example.com. 60 IN A 10.0.1.26"), model.A, model.Answered, 0, "10.0.1.25 10.0.1.26", 0},
		{"the same in a CNAME", zone("db.example.com. 4294967295 IN CNAME x.example.com.", "x.example.com. 60 IN A 10.0.1.25"), model.A, model.Answered, 0, "10.0.1.25", 1},
		{"the same in a SOA", zone("example.com. 300 IN SOA ns.example.com. h.example.com. 1 2 3 4 4294967295"), model.A, model.Empty, 0, "", 0},
		{"SERVFAIL", rcode(dns.RcodeServerFailure), model.A, model.ServerFailure, 0, "", 0},
		{"REFUSED", rcode(dns.RcodeRefused), model.A, model.Refused, 0, "", 0},
		{"NOTIMP", rcode(dns.RcodeNotImplemented), model.A, model.Broken, 0, "", 0},
		{"a CNAME loop", zone("db.example.com. 9 IN CNAME x.example.com.", "x.example.com. 9 IN CNAME db.example.com."), model.A, model.Broken, 0, "", 0},
		{"a CNAME to itself", zone("db.example.com. 9 IN CNAME db.example.com."), model.A, model.Broken, 0, "", 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			o := lookup(t, "db.example.com", row.qtype, serve(t, row.handler))
			var got []string
			for _, a := range o.Addrs {
				got = append(got, a.String())
			}
			if o.Class != row.class || strings.Join(got, " ") != row.addrs || o.TTL != row.ttl {
				t.Errorf("got %s %v TTL %s, want %s %s TTL %s (%s)", o.Class, got, o.TTL, row.class, row.addrs, row.ttl, o.Detail)
			}
			if len(o.Aliases) != row.aliases {
				t.Errorf("followed %v, want %d CNAMEs", o.Aliases, row.aliases)
			}
			if (o.Detail == "") != (o.Class == model.Answered) {
				t.Errorf("class %s comes with detail %q", o.Class, o.Detail)
			}
		})
	}
}

func TestLookupSRV(t *testing.T) {
	o := lookup(t, "_pg._tcp.example.com", model.SRV, serve(t, zone(
		"_pg._tcp.example.com. 30 IN SRV 10 100 5432 A.example.com.", "_pg._tcp.example.com. 30 IN SRV 0 0 0 .")))
	want := []model.Host{{Name: "a.example.com", Port: 5432, Priority: 10, Weight: 100}}
	if diff := cmp.Diff(want, o.Hosts); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
}

func TestTruncatedAnswerComesByTCP(t *testing.T) {
	full := zone("db.example.com. 30 IN A 10.0.1.25")
	s := serve(t, func(q *dns.Msg, tcp bool) *dns.Msg {
		r := full(q, tcp)
		if !tcp {
			r.Truncated, r.Answer = true, nil
		}
		return r
	})
	if o := lookup(t, "db.example.com", model.A, s); len(o.Addrs) != 1 || s.tcp.Load() != 1 {
		t.Errorf("got %v by %d TCP queries, want one address by one", o.Addrs, s.tcp.Load())
	}
}

func TestTruncatedAnswerWithoutTCP(t *testing.T) {
	packets, listener := bothProtocols(t)
	listener.Close()
	full := zone("db.example.com. 30 IN A 10.0.1.25")
	srv := &dns.Server{PacketConn: packets, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		r := full(q, false)
		r.Truncated = true
		w.WriteMsg(r)
	})}
	go srv.ActivateAndServe()
	t.Cleanup(func() { srv.Shutdown() })
	s := &server{addr: netip.MustParseAddrPort(packets.LocalAddr().String())}
	r, err := resolve.NewUpstream([]netip.AddrPort{s.addr}, 0, 0).Exchange(t.Context(), new(dns.Msg).SetQuestion("db.example.com.", dns.TypeA))
	if err != nil || len(r.Answer) != 1 || !r.Truncated {
		t.Errorf("forwarded: %v, %v; want the part that came, as such", r, err)
	}
	// A part of a target's addresses is not the target.
	if o := lookup(t, "db.example.com", model.A, s); o.Class != model.Broken || !strings.Contains(o.Detail, "cut short") {
		t.Errorf("got %s (%s), want Broken", o.Class, o.Detail)
	}
}

func TestAServerWithoutEDNS(t *testing.T) {
	full := zone("db.example.com. 30 IN A 10.0.1.25")
	s := serve(t, func(q *dns.Msg, tcp bool) *dns.Msg {
		if q.IsEdns0() != nil {
			return new(dns.Msg).SetRcode(q, dns.RcodeFormatError)
		}
		return full(q, tcp)
	})
	if o := lookup(t, "db.example.com", model.A, s); o.Class != model.Answered {
		t.Errorf("got %s (%s), want an answer to the query without EDNS", o.Class, o.Detail)
	}
}

func TestAnotherServerIsTried(t *testing.T) {
	good := zone("db.example.com. 30 IN A 10.0.1.25")
	for name, bad := range map[string]func(*dns.Msg, bool) *dns.Msg{
		"silent": silence, "SERVFAIL": rcode(dns.RcodeServerFailure), "REFUSED": rcode(dns.RcodeRefused),
		"wrong question": func(q *dns.Msg, _ bool) *dns.Msg {
			r := new(dns.Msg).SetReply(q)
			r.Question[0].Name = "other.example.com."
			return r
		},
		"wrong ID": func(q *dns.Msg, _ bool) *dns.Msg {
			r := new(dns.Msg).SetReply(q)
			r.Id++
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			if o := lookup(t, "db.example.com", model.A, serve(t, bad), serve(t, good)); o.Class != model.Answered {
				t.Errorf("got %s (%s), want the second server's answer", o.Class, o.Detail)
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		gone := &server{addr: netip.MustParseAddrPort("127.0.0.1:1")}
		if o := lookup(t, "db.example.com", model.A, gone, serve(t, good)); o.Class != model.Answered {
			t.Errorf("got %s (%s), want the second server's answer", o.Class, o.Detail)
		}
	})
}

func TestLostDatagramIsSentAgain(t *testing.T) {
	var n atomic.Int32
	good := zone("db.example.com. 30 IN A 10.0.1.25")
	s := serve(t, func(q *dns.Msg, tcp bool) *dns.Msg {
		if n.Add(1) == 1 {
			return nil
		}
		return good(q, tcp)
	})
	if o := lookup(t, "db.example.com", model.A, s); o.Class != model.Answered {
		t.Errorf("got %s (%s), want an answer to the second datagram", o.Class, o.Detail)
	}
}

func TestSilenceIsATimeout(t *testing.T) {
	c := &resolve.Client{
		Upstream: resolve.NewUpstream([]netip.AddrPort{serve(t, silence).addr}, 10*time.Millisecond, 50*time.Millisecond),
		Now:      time.Now,
	}
	o := c.Lookup(context.Background(), model.Question{Name: "db.example.com", Type: model.A})
	if o.Class != model.Timeout || o.Detail == "" {
		t.Errorf("got %s (%s), want Timeout", o.Class, o.Detail)
	}
}

// TestAFailureReadsTheSameEachTime: what changes at every attempt would make
// every attempt news.
func TestAFailureReadsTheSameEachTime(t *testing.T) {
	gone := &server{addr: netip.MustParseAddrPort("127.0.0.1:1")}
	first, second := lookup(t, "db.example.com", model.A, gone), lookup(t, "db.example.com", model.A, gone)
	if first.Class != model.Timeout || first.Detail != second.Detail || !strings.Contains(first.Detail, "connection refused") {
		t.Errorf("%s: %q, then %q; want the same words, connection refused", first.Class, first.Detail, second.Detail)
	}
}

func TestExchangeKeepsTheQuestionAsItIs(t *testing.T) {
	s := serve(t, zone("db.example.com. 30 IN A 10.0.1.25"))
	q := new(dns.Msg).SetQuestion("DB.example.com.", dns.TypeA)
	before := q.String()
	r, err := resolve.NewUpstream([]netip.AddrPort{s.addr}, 0, 0).Exchange(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	if r.Id != q.Id || q.String() != before {
		t.Errorf("the reply has ID %d and the query became\n%s\nwant ID %d and\n%s", r.Id, q, q.Id, before)
	}
}

func TestNoServers(t *testing.T) {
	_, err := resolve.NewUpstream(nil, 0, 0).Exchange(context.Background(), new(dns.Msg).SetQuestion("a.", dns.TypeA))
	if err == nil || !strings.Contains(err.Error(), "--upstream") {
		t.Errorf("got %v, want an error that names --upstream", err)
	}
}

func TestSystemServers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(path, []byte("nameserver 127.96.0.10\nnameserver 10.0.0.2\nnameserver fd00::2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	own := netip.MustParseAddr("127.96.0.10")
	got, err := resolve.SystemServers(path, func(a netip.AddrPort) bool { return a.Addr() == own })
	if err != nil {
		t.Fatal(err)
	}
	var s []string
	for _, a := range got {
		s = append(s, a.String())
	}
	if diff := cmp.Diff([]string{"10.0.0.2:53", "[fd00::2]:53"}, s); diff != "" {
		t.Errorf("servers (-want +got):\n%s", diff)
	}
	if _, err := resolve.SystemServers(path+".none", nil); err == nil || !strings.Contains(err.Error(), "--upstream") {
		t.Errorf("got %v, want an error that names --upstream", err)
	}
}

func TestParseServer(t *testing.T) {
	for in, want := range map[string]string{
		"10.0.0.2": "10.0.0.2:53", "10.0.0.2:5353": "10.0.0.2:5353", "fd00::2": "[fd00::2]:53", "[fd00::2]:5353": "[fd00::2]:5353",
	} {
		if got, err := resolve.ParseServer(in); err != nil || got.String() != want {
			t.Errorf("ParseServer(%q) is %v, %v; want %s", in, got, err, want)
		}
	}
	if _, err := resolve.ParseServer("dns.example.com"); err == nil {
		t.Error("a name is accepted as the address of a DNS server")
	}
}
