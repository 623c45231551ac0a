package podenv

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func spec() Spec {
	return Spec{
		Namespace: "reporting", Domain: "cluster.local",
		DNS:  netip.MustParseAddrPort("127.96.0.10:53"),
		Args: []string{"true"},
	}
}

func TestResolvConf(t *testing.T) {
	const own = "search reporting.svc.cluster.local svc.cluster.local cluster.local"
	tests := []struct{ name, host, search string }{
		{"no file", "", own},
		{"no search list", "nameserver 10.0.0.1\noptions edns0 ndots:2\n", own},
		{"the machine's follows", "search corp.example lab.corp.example\n", own + " corp.example lab.corp.example"},
		{"tabs, trailing dots, the root", "search\tcorp.example.  .\n", own + " corp.example"},
		{"the last one counts", "search a.example\ndomain b.example\n", own + " b.example"},
		{"domain is a list of one", "domain b.example c.example\n", own + " b.example"},
		{"comments", "# search a.example\n; search b.example\n", own},
		{"no newline at the end", "search a.example", own + " a.example"},
		{"no doubles", "search cluster.local a.example a.example\n", own + " a.example"},
		{"inside another one", "search test.svc.cluster.local svc.cluster.local cluster.local a.example\n", own + " a.example"},
		{"a namesake's suffix", "search mysvc.cluster.local\n", own + " mysvc.cluster.local"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := tt.search + "\nnameserver 127.96.0.10\noptions ndots:5\n"
			if got := ResolvConf(spec(), tt.host); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestNSSwitch(t *testing.T) {
	tests := []struct {
		name, sources string
		differs       bool
	}{
		{"a container's", "files dns", false},
		{"the other way round", "dns files", false},
		{"systemd-resolved", "mymachines resolve [!UNAVAIL=return] files myhostname dns", true},
		{"Avahi", "files mdns4_minimal [NOTFOUND=return] dns", true},
		{"myhostname last", "files dns myhostname", true},
		{"named in a comment only", "files dns # not resolve", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			host := "passwd: files systemd\nhosts:\t" + tt.sources + "\nnetworks: files\n"
			got, differs := nsswitch(host)
			if differs != tt.differs {
				t.Fatalf("differs = %v", differs)
			}
			want := host
			if differs {
				want = "passwd: files systemd\nhosts: files dns\nnetworks: files\n"
			}
			if got != want {
				t.Errorf("got\n%s", got)
			}
		})
	}
}

func TestWithoutOverrides(t *testing.T) {
	env := []string{"A=1", "RES_OPTIONS=ndots:1", "LOCALDOMAIN=x", "HOSTALIASES=/x", "LOCALDOMAINS=y"}
	if got := withoutOverrides(env); !slices.Equal(got, []string{"A=1", "LOCALDOMAINS=y"}) {
		t.Errorf("got %q", got)
	}
	if env[1] != "RES_OPTIONS=ndots:1" {
		t.Error("the caller's environment was changed")
	}
}

func TestSpecCheck(t *testing.T) {
	tests := []struct {
		name  string
		edit  func(*Spec)
		wants string
	}{
		{"a port that resolv.conf cannot name", func(s *Spec) { s.DNS = netip.MustParseAddrPort("127.0.0.1:5353") }, "net.ipv4.ip_unprivileged_port_start=53"},
		{"no address", func(s *Spec) { s.DNS = netip.AddrPort{} }, "an address of its own"},
		{"every address", func(s *Spec) { s.DNS = netip.MustParseAddrPort("0.0.0.0:53") }, "an address of its own"},
		{"a namespace with a newline", func(s *Spec) { s.Namespace = "a\nnameserver 10.0.0.1" }, "lower-case letters"},
		{"no namespace", func(s *Spec) { s.Namespace = "" }, "lower-case letters"},
		{"a domain with a space", func(s *Spec) { s.Domain = "a b" }, "cluster.local"},
		{"no command", func(s *Spec) { s.Args = nil }, "getent hosts"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := spec()
			tt.edit(&s)
			status, err := Run(s)
			if err == nil || !strings.Contains(err.Error(), tt.wants) {
				t.Errorf("error %v, want one with %q", err, tt.wants)
			}
			if status.Code != 125 {
				t.Errorf("exit code %d, want 125", status.Code)
			}
		})
	}
}
