package dnsserver

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// TestDig asks a real server with a real client.
func TestDig(t *testing.T) {
	s := start(t, Config{Forwarder: outside(echoes)})
	tests := []struct {
		args string
		want []string // each must be in dig's output
		not  string   // must not be
	}{
		{"web.prod.svc.cluster.local", []string{"status: NOERROR", "flags: qr aa rd;", "web.prod.svc.cluster.local. 5 IN A 10.96.1.1", "(UDP)", "udp: 1232"}, "COOKIE"},
		{"+tcp web.prod.svc.cluster.local", []string{"10.96.1.1", "(TCP)"}, ""},
		{"+noedns web.prod.svc.cluster.local", []string{"10.96.1.1"}, "OPT PSEUDOSECTION"},
		{"+dnssec web.prod.svc.cluster.local", []string{"flags: do; udp: 1232"}, ""},
		{"+bufsize=4096 _http._tcp.crowd.prod.svc.cluster.local SRV", []string{"(UDP)", "ANSWER: 40", "ADDITIONAL: 41"}, "Truncated"},
		{"+bufsize=512 +ignore _http._tcp.crowd.prod.svc.cluster.local SRV", []string{"(UDP)", "flags: qr aa tc rd"}, "ANSWER: 40"},
		{"+bufsize=512 _http._tcp.crowd.prod.svc.cluster.local SRV", []string{"retrying in TCP mode", "(TCP)", "ANSWER: 40"}, ""},
		{"+noedns +ignore crowd.prod.svc.cluster.local", []string{"flags: qr aa tc rd"}, "ANSWER: 40"},
		{"+edns=1 +noednsnegotiation web.prod.svc.cluster.local", []string{"status: BADVERS", "EDNS: version: 0"}, ""},
		{"+opcode=update web.prod.svc.cluster.local", []string{"status: NOTIMP"}, ""},
		{"+opcode=notify web.prod.svc.cluster.local", []string{"status: NOTIMP"}, ""},
		{"web.prod.svc.cluster.local CH A", []string{"status: REFUSED"}, ""},
		{"Missing.Prod.svc.cluster.local", []string{"status: NXDOMAIN", "Missing.Prod.svc.cluster.local. IN A"}, ""},
		{"-x 10.96.1.1", []string{"PTR web.prod.svc.cluster.local."}, ""},
		{"-x fd00:2::9", []string{"PTR fd00-2--9.pets.prod.svc.cluster.local."}, ""},
		{"cluster.local NS", []string{"NS ns.dns.cluster.local.", "ns.dns.cluster.local. 5 IN A 127.0.0.1"}, ""},
		{"www.example.com TXT", []string{"status: NOERROR", `"outside"`}, "flags: qr aa"},
		{"fail", []string{"status: SERVFAIL", "EDE: 23 (Network Error): (as asked)"}, ""},
		{"+noedns fail", []string{"status: SERVFAIL"}, "EDE"},
	}
	for _, c := range tests {
		t.Run(c.args, func(t *testing.T) {
			args := append([]string{"@127.0.0.1", "-p", strconv.Itoa(int(s.Addrs()[0].Port())), "+tries=1", "+time=5"}, strings.Fields(c.args)...)
			out, err := exec.Command("dig", args...).CombinedOutput()
			if err != nil {
				t.Fatalf("dig (package bind9-dnsutils): %v\n%s", err, out)
			}
			got := strings.Join(strings.Fields(string(out)), " ")
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in\n%s", want, out)
				}
			}
			if c.not != "" && strings.Contains(got, c.not) {
				t.Errorf("%q in\n%s", c.not, out)
			}
		})
	}
}
