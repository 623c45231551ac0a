package dnsserver

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"fairlead.dev/internal/model"
)

// TestOutside asks for a name that leads outside, with different things known
// about the outside name.
func TestOutside(t *testing.T) {
	alias := model.Alias{Name: "www.example.com", Target: "edge.example.net", TTL: 2 * time.Minute}
	tests := []struct {
		name     string
		question string
		known    model.Resolved
		after    time.Duration
		want     []string
	}{{
		name:     "nothing known: ask",
		question: "out.prod.svc.cluster.local. A",
		want:     []string{"follow WWW.example.com. A", "out.prod.svc.cluster.local. 5 CNAME WWW.example.com."},
	}, {
		name:     "addresses, with what is left of their time",
		question: "Out.prod.svc.cluster.local. A",
		known:    model.Resolved{Known: true, Addrs: addrs("192.0.2.1", "192.0.2.2"), TTL: time.Minute},
		after:    20*time.Second + time.Millisecond,
		want: []string{
			"NOERROR aa", "Out.prod.svc.cluster.local. 5 CNAME WWW.example.com.",
			"WWW.example.com. 39 A 192.0.2.1", "WWW.example.com. 39 A 192.0.2.2",
		},
	}, {
		name:     "through another service",
		question: "twice.prod.svc.cluster.local. A",
		known:    model.Resolved{Known: true, Addrs: addrs("192.0.2.1"), TTL: time.Minute},
		want: []string{
			"NOERROR aa", "WWW.example.com. 60 A 192.0.2.1",
			"out.prod.svc.cluster.local. 5 CNAME WWW.example.com.",
			"twice.prod.svc.cluster.local. 5 CNAME out.prod.svc.cluster.local.",
		},
	}, {
		name:     "aliases outside",
		question: "out.prod.svc.cluster.local. A",
		known:    model.Resolved{Known: true, Aliases: []model.Alias{alias}, Addrs: addrs("192.0.2.1"), TTL: time.Minute},
		after:    10 * time.Second,
		want: []string{
			"NOERROR aa", "WWW.example.com. 110 CNAME edge.example.net.", "edge.example.net. 50 A 192.0.2.1",
			"out.prod.svc.cluster.local. 5 CNAME WWW.example.com.",
		},
	}, {
		name:     "never less than a second",
		question: "out.prod.svc.cluster.local. A",
		known:    model.Resolved{Known: true, Addrs: addrs("192.0.2.1"), TTL: time.Minute},
		after:    time.Minute - time.Millisecond,
		want:     []string{"NOERROR aa", "WWW.example.com. 1 A 192.0.2.1", "out.prod.svc.cluster.local. 5 CNAME WWW.example.com."},
	}, {
		name:     "the last good answer outlives its time",
		question: "out.prod.svc.cluster.local. A",
		known:    model.Resolved{Known: true, Aliases: []model.Alias{alias}, Addrs: addrs("192.0.2.1"), TTL: time.Minute},
		after:    time.Hour,
		want: []string{
			"NOERROR aa", "WWW.example.com. 5 CNAME edge.example.net.", "edge.example.net. 5 A 192.0.2.1",
			"out.prod.svc.cluster.local. 5 CNAME WWW.example.com.",
		},
	}, {
		name:     "known to have none",
		question: "out.prod.svc.cluster.local. A",
		known:    model.Resolved{Known: true, TTL: time.Minute},
		want:     []string{"NOERROR aa", "out.prod.svc.cluster.local. 5 CNAME WWW.example.com."},
	}, {
		name:     "the other family is another answer",
		question: "out.prod.svc.cluster.local. AAAA",
		known:    model.Resolved{Known: true, Addrs: addrs("192.0.2.1"), TTL: time.Minute},
		want:     []string{"follow WWW.example.com. AAAA", "out.prod.svc.cluster.local. 5 CNAME WWW.example.com."},
	}}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			s := world()
			c.known.At = noon
			s.Find(model.Key{Namespace: "prod", Name: "out"}).Decision.External = &model.External{Name: "WWW.example.com", A: c.known}
			r := Answer(NewView(s, Options{}), parseQuestion(t, c.question), noon.Add(c.after))
			if diff := cmp.Diff(c.want, render(r)); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if r.Source != SourceExternal {
				t.Errorf("source = %q", r.Source)
			}
		})
	}
}

// Resolvers read aliases from the top, so each must stand before what it leads to.
func TestAliasesStandInOrder(t *testing.T) {
	r := Answer(worldView(), parseQuestion(t, "chain-3.prod.svc.cluster.local. A"), noon)
	var owners []string
	for _, rr := range r.Answer {
		owners = append(owners, rr.Header().Name[:7])
	}
	if want := []string{"chain-3", "chain-2", "chain-1", "chain-0", "web.pro"}; !slices.Equal(owners, want) {
		t.Errorf("owners = %v, want %v", owners, want)
	}
}

func TestNotReadyIsPublishedOnRequest(t *testing.T) {
	s := world()
	s.Find(model.Key{Namespace: "prod", Name: "down"}).Service.PublishNotReady = true
	view := NewView(s, Options{})
	for question, want := range map[string]string{
		"down.prod.svc.cluster.local. A":           "down.prod.svc.cluster.local. 5 A 10.0.5.1",
		"10-0-5-1.down.prod.svc.cluster.local. A":  "10-0-5-1.down.prod.svc.cluster.local. 5 A 10.0.5.1",
		"1.5.0.10.in-addr.arpa. PTR":               "1.5.0.10.in-addr.arpa. 5 PTR 10-0-5-1.down.prod.svc.cluster.local.",
		"10-0-5-1.down.prod.svc.Cluster.Local. MX": "authority: Cluster.Local. 5 SOA ns.dns.Cluster.Local. hostmaster.Cluster.Local. 1767355200 7200 1800 86400 5",
	} {
		if diff := cmp.Diff([]string{"NOERROR aa", want}, render(Answer(view, parseQuestion(t, question), noon))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", question, diff)
		}
	}
}

// A server that is an endpoint of a service goes by the service's name, as
// CoreDNS does behind the service kube-dns.
func TestNameServerIsAService(t *testing.T) {
	tests := []struct {
		self string
		want []string
	}{
		{"10.0.1.2", []string{
			"NOERROR aa", "cluster.local. 5 NS web.prod.svc.cluster.local.",
			"additional: web.prod.svc.cluster.local. 5 A 10.96.1.1",
		}},
		{"10.0.3.1", []string{
			"NOERROR aa", "cluster.local. 5 NS 10-0-2-1.bare.prod.svc.cluster.local.", "cluster.local. 5 NS 10-0-3-1.bare.prod.svc.cluster.local.",
			"additional: 10-0-2-1.bare.prod.svc.cluster.local. 5 A 10.0.2.1", "additional: 10-0-3-1.bare.prod.svc.cluster.local. 5 A 10.0.3.1",
		}},
		{"10.0.1.3", []string{
			"NOERROR aa", "cluster.local. 5 NS ns.dns.cluster.local.",
			"additional: ns.dns.cluster.local. 5 A 10.0.1.3",
		}},
	}
	for _, c := range tests {
		view := NewView(world(), Options{Self: addrs(c.self)})
		if diff := cmp.Diff(c.want, render(Answer(view, parseQuestion(t, "cluster.local. NS"), noon))); diff != "" {
			t.Errorf("self %s (-want +got):\n%s", c.self, diff)
		}
	}
	r := Answer(NewView(world(), Options{}), parseQuestion(t, "cluster.local. NS"), noon)
	if r.Rcode != dns.RcodeSuccess || len(r.Answer) > 0 {
		t.Errorf("without an address of its own: %v", render(r))
	}
}

func TestClassesAndNilSnapshot(t *testing.T) {
	question := parseQuestion(t, "web.prod.svc.cluster.local. A")
	if r := Answer(NewView(nil, Options{}), question, noon); r.Rcode != dns.RcodeServerFailure {
		t.Errorf("without a snapshot: %v", render(r))
	}
	for _, class := range []uint16{dns.ClassCHAOS, dns.ClassHESIOD, dns.ClassANY} {
		question.Qclass = class
		if r := Answer(worldView(), question, noon); r.Rcode != dns.RcodeRefused {
			t.Errorf("class %d: %v", class, render(r))
		}
	}
}

// What no DNS message can hold is "no data" or a failure, not a crash or silence.
func TestNamesThatCannotBePacked(t *testing.T) {
	label := strings.Repeat("x", 64) + ".example.com"
	tests := []struct {
		target, alias string
		rcode         int
	}{
		{label, "", dns.RcodeSuccess},
		{strings.Repeat("long.", 60) + "com", "", dns.RcodeSuccess},
		{"a..b", "", dns.RcodeSuccess},
		{"www.example.com", label, dns.RcodeServerFailure},
		{"www.example.com", `trailing.\`, dns.RcodeServerFailure},
	}
	s := world()
	server := New(Config{Snapshot: func() *model.Snapshot { return s }})
	raw, err := new(dns.Msg).SetQuestion("out.prod.svc.cluster.local.", dns.TypeA).SetEdns0(1232, false).Pack()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range tests {
		s.Find(model.Key{Namespace: "prod", Name: "out"}).Decision.External = &model.External{
			Name: c.target, A: model.Resolved{Known: true, Addrs: addrs("192.0.2.1"), Aliases: []model.Alias{{Target: c.alias}}},
		}
		out, _ := server.respond(nil, raw, protoUDP, new(request))
		m := new(dns.Msg)
		if err := m.Unpack(out); err != nil || m.Rcode != c.rcode || m.IsEdns0() == nil {
			t.Errorf("%.20s to %.20s: %v, %v", c.target, c.alias, m, err)
		}
	}
}
