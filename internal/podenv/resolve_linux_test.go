package podenv

import (
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// TestNamesAreAskedThere lets the C library, and bind's tools, look names up.
func TestNamesAreAskedThere(t *testing.T) {
	// Not the address of an instance that a person runs.
	pc, err := net.ListenPacket("udp", helperDNS)
	if err != nil {
		t.Skip(err)
	}
	asked := make(chan string, 1000)
	server := &dns.Server{PacketConn: pc, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		asked <- r.Question[0].Name
		_ = w.WriteMsg(reply(r))
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.ActivateAndServe() }()
	t.Cleanup(func() { pc.Close(); <-done })

	each(t, func(t *testing.T, c caller) {
		out, _ := output(t, c.pod(t, "getent", "ahostsv4", "analytics-db"), 0)
		if !strings.HasPrefix(out, "127.99.1.10 ") {
			t.Errorf("getent says %q", out)
		}
		if name := <-asked; name != "analytics-db.reporting.svc.cluster.local." {
			t.Errorf("the first question was for %s", name)
		}
		out, _ = output(t, c.pod(t, "getent", "ahostsv4", "analytics-db.other"), 0)
		if !strings.HasPrefix(out, "127.99.2.20 ") {
			t.Errorf("in another namespace getent says %q", out)
		}
		if _, err := exec.LookPath("dig"); err == nil {
			out, _ = output(t, c.pod(t, "dig", "+search", "+short", "analytics-db"), 0)
			if out != "127.99.1.10\n" {
				t.Errorf("dig says %q", out)
			}
		}
		for len(asked) > 0 {
			<-asked
		}
	})
}

func reply(r *dns.Msg) *dns.Msg {
	m := new(dns.Msg).SetReply(r)
	address, ok := map[string]string{
		"analytics-db.reporting.svc.cluster.local.": "127.99.1.10",
		"analytics-db.other.svc.cluster.local.":     "127.99.2.20",
	}[r.Question[0].Name]
	if !ok {
		m.Rcode = dns.RcodeNameError
	} else if r.Question[0].Qtype == dns.TypeA {
		m.Answer = []dns.RR{&dns.A{
			Hdr: dns.RR_Header{Name: r.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 5},
			A:   net.ParseIP(address),
		}}
	}
	return m
}
