package dnsserver

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"fairlead.dev/internal/model"
)

func rr(t *testing.T, s string) dns.RR {
	t.Helper()
	r, err := dns.NewRR(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestForwardedReplies looks at what becomes of an outside reply, and at what
// the outside is asked.
func TestForwardedReplies(t *testing.T) {
	address := rr(t, "www.example.com. 60 IN A 192.0.2.1")
	tests := []struct {
		name, question string
		edns           bool
		reply          func(m *dns.Msg)
		err            error
		asked          string
		want           []string
	}{{
		name: "as it came", question: "www.example.com. A", asked: "www.example.com. A",
		reply: func(m *dns.Msg) { m.Answer, m.RecursionAvailable = []dns.RR{address}, true },
		want:  []string{"NOERROR ra", "www.example.com. 60 A 192.0.2.1"},
	}, {
		name: "reverse names nobody here has", question: "1.2.0.192.in-addr.arpa. PTR", asked: "1.2.0.192.in-addr.arpa. PTR",
		reply: func(m *dns.Msg) { m.Rcode = dns.RcodeNameError },
		want:  []string{"NXDOMAIN"},
	}, {
		name: "another ID, a TSIG and no question", question: "www.example.com. A", asked: "www.example.com. A",
		reply: func(m *dns.Msg) {
			m.Id, m.Question, m.Response = m.Id+1, nil, false
			m.Extra = []dns.RR{&dns.TSIG{Hdr: dns.RR_Header{Name: "key.", Rrtype: dns.TypeTSIG, Class: dns.ClassANY}, Algorithm: dns.HmacSHA256}}
		},
		want: []string{"NOERROR"},
	}, {
		name: "its EDNS0 ends here", question: "www.example.com. A", asked: "www.example.com. A",
		reply: func(m *dns.Msg) { m.SetEdns0(1232, true); m.Answer = []dns.RR{address} },
		want:  []string{"NOERROR", "www.example.com. 60 A 192.0.2.1"},
	}, {
		name: "save extended errors", question: "www.example.com. A", edns: true, asked: "www.example.com. A edns",
		reply: func(m *dns.Msg) {
			m.Rcode = dns.RcodeServerFailure
			m.SetEdns0(1232, false).IsEdns0().Option = []dns.EDNS0{
				&dns.EDNS0_EDE{InfoCode: dns.ExtendedErrorCodeDNSBogus, ExtraText: "bogus"},
				&dns.EDNS0_NSID{Code: dns.EDNS0NSID, Nsid: "aa"},
			}
		},
		want: []string{"SERVFAIL", "opt 4096 6 (DNSSEC Bogus): (bogus)"},
	}, {
		name: "no reply", question: "www.example.com. A", edns: true, asked: "www.example.com. A edns",
		err: errors.New("nobody answers"), want: []string{"SERVFAIL", "opt 4096 23 (Network Error): (nobody answers)"},
	}, {
		name: "neither reply nor error", question: "www.example.com. A", edns: true, asked: "www.example.com. A edns",
		want: []string{"SERVFAIL", "opt 4096 23 (Network Error): (the forwarder gave no reply)"},
	}, {
		name: "an extended code without EDNS0 to hold it", question: "www.example.com. A", asked: "www.example.com. A",
		reply: func(m *dns.Msg) { m.SetEdns0(1232, false); m.Rcode = dns.RcodeBadVers },
		want:  []string{"SERVFAIL"},
	}, {
		name: "below an alias", question: "twice.prod.svc.cluster.local. A", asked: "www.example.com. A rd",
		reply: func(m *dns.Msg) { m.Answer, m.RecursionAvailable = []dns.RR{address}, true },
		want: []string{
			"NOERROR aa", "out.prod.svc.cluster.local. 5 CNAME www.example.com.",
			"twice.prod.svc.cluster.local. 5 CNAME out.prod.svc.cluster.local.", "www.example.com. 60 A 192.0.2.1",
		},
	}, {
		name: "below an alias, NXDOMAIN", question: "out.prod.svc.cluster.local. AAAA", asked: "www.example.com. AAAA rd",
		reply: func(m *dns.Msg) { m.Rcode = dns.RcodeNameError },
		want:  []string{"NOERROR aa", "out.prod.svc.cluster.local. 5 CNAME www.example.com."},
	}, {
		name: "below an alias, failure", question: "out.prod.svc.cluster.local. A", edns: true, asked: "www.example.com. A rd edns",
		reply: func(m *dns.Msg) { m.Rcode = dns.RcodeRefused },
		want:  []string{"SERVFAIL", "opt 4096 0 (Other): (www.example.com. A: REFUSED)"},
	}}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			outsideAsked := make(chan string, 1)
			s := start(t, Config{Forwarder: outside(func(_ context.Context, q *dns.Msg) (*dns.Msg, error) {
				asked := q.Question[0].Name + " " + dns.TypeToString[q.Question[0].Qtype]
				if q.RecursionDesired {
					asked += " rd"
				}
				if o := q.IsEdns0(); o != nil {
					asked += " edns"
					if len(o.Option) > 0 {
						t.Errorf("the client's options went outside: %v", o)
					}
				}
				outsideAsked <- asked
				if c.reply == nil {
					return nil, c.err
				}
				m := new(dns.Msg).SetReply(q)
				c.reply(m)
				return m, nil
			})})
			m := ask(t, s, protoUDP, c.question, func(m *dns.Msg) {
				m.RecursionDesired = false
				if c.edns {
					m.SetEdns0(4096, false).IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: "0102030405060708"}}
				}
			})
			if diff := cmp.Diff(c.want, renderMsg(m)); diff != "" {
				t.Errorf("reply (-want +got):\n%s", diff)
			}
			if asked := <-outsideAsked; asked != c.asked {
				t.Errorf("asked outside: %q, want %q", asked, c.asked)
			}
			if got := m.Question[0].Name + " " + dns.TypeToString[m.Question[0].Qtype]; got != c.question {
				t.Errorf("question in the reply: %s", got)
			}
		})
	}
}

func renderMsg(m *dns.Msg) []string {
	r := Result{Rcode: m.Rcode, Authoritative: m.Authoritative, Answer: m.Answer, Ns: m.Ns}
	lines := render(r)
	if m.RecursionAvailable {
		lines[0] += " ra"
	}
	for _, rr := range m.Extra {
		o, ok := rr.(*dns.OPT)
		if !ok {
			lines = append(lines, rr.String())
			continue
		}
		lines = append(lines, "opt "+opts(o))
	}
	return lines
}

// A forwarded question that nobody answers holds up nothing: neither the
// cluster's answers behind it, nor the other forwarded ones until there are too
// many, which are answered too.
func TestSlowOutsideHoldsNothingUp(t *testing.T) {
	waiting := make(chan struct{}, 1)
	s := start(t, Config{Forwards: 1, Forwarder: outside(func(ctx context.Context, _ *dns.Msg) (*dns.Msg, error) {
		waiting <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	})})
	conn, err := dns.Dial(protoTCP, s.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	write := func(name string) {
		if err := conn.WriteMsg(new(dns.Msg).SetQuestion(name, dns.TypeA)); err != nil {
			t.Fatal(err)
		}
	}
	read := func() *dns.Msg {
		m, err := conn.ReadMsg()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	write("www.example.com.")
	<-waiting
	write("web.prod.svc.cluster.local.")
	if m := read(); len(m.Answer) != 1 {
		t.Errorf("behind a slow question: %v", m)
	}
	write("www.example.org.")
	if m := read(); m.Rcode != dns.RcodeServerFailure || m.Question[0].Name != "www.example.org." {
		t.Errorf("one forwarded question too many: %v", m)
	}
	if m := ask(t, s, protoUDP, "web.prod.svc.cluster.local. A", nil); len(m.Answer) != 1 {
		t.Errorf("by UDP beside it: %v", m)
	}
}

func TestWithoutForwarder(t *testing.T) {
	s := start(t, Config{})
	if m := ask(t, s, protoUDP, "www.example.com. A", nil); m.Rcode != dns.RcodeRefused {
		t.Errorf("outside name: %v", m)
	}
	if m := ask(t, s, protoUDP, "out.prod.svc.cluster.local. A", nil); m.Rcode != dns.RcodeServerFailure {
		t.Errorf("alias to an outside name: %v", m)
	}
}

// A bug in one answer ends that answer only.
func TestPanicEndsOneAnswer(t *testing.T) {
	logged := make(chan string, 2)
	log := slog.New(slog.NewTextHandler(writer(func(b []byte) { logged <- string(b) }), nil))
	s := start(t, Config{
		Log:       log,
		Forwarder: outside(func(context.Context, *dns.Msg) (*dns.Msg, error) { panic("a bug") }),
		Hooks: Hooks{Query: func(_ string, qtype uint16, _ int, _ string, _ time.Duration) {
			if qtype == dns.TypeMX {
				panic("a bug")
			}
		}},
	})
	conn, err := dns.Dial(protoUDP, s.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, question := range []string{"www.example.com. A", "web.prod.svc.cluster.local. MX", "web.prod.svc.cluster.local. A"} {
		q := parseQuestion(t, question)
		if err := conn.WriteMsg(new(dns.Msg).SetQuestion(q.Name, q.Qtype)); err != nil {
			t.Fatal(err)
		}
	}
	m, err := conn.ReadMsg()
	if err != nil || len(m.Answer) != 1 {
		t.Errorf("beside a panic: %v, %v", m, err)
	}
	for range 2 {
		if line := <-logged; !strings.Contains(line, `panic="a bug"`) {
			t.Errorf("logged: %s", line)
		}
	}
}

type writer func([]byte)

func (w writer) Write(b []byte) (int, error) { w(b); return len(b), nil }

func TestSnapshotsTakeEffectAtOnce(t *testing.T) {
	var snapshot *model.Snapshot
	s := New(Config{Snapshot: func() *model.Snapshot { return snapshot }})
	question := parseQuestion(t, "web.prod.svc.cluster.local. A")
	q := new(dns.Msg).SetQuestion(question.Name, question.Qtype)
	raw, err := q.Pack()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		snapshot *model.Snapshot
		rcode    int
	}{
		{nil, dns.RcodeServerFailure},
		{model.NewSnapshot("cluster.local", nil, nil, nil), dns.RcodeNameError},
		{world(), dns.RcodeSuccess},
		{nil, dns.RcodeServerFailure},
	} {
		snapshot = c.snapshot
		out, _ := s.respond(nil, raw, protoUDP, new(request))
		if got := int(out[3] & 0xF); got != c.rcode {
			t.Errorf("rcode = %s, want %s", dns.RcodeToString[got], dns.RcodeToString[c.rcode])
		}
	}
}

func opts(o *dns.OPT) string {
	s := strconv.Itoa(int(o.UDPSize()))
	for _, option := range o.Option {
		s += " " + option.String()
	}
	return s
}
