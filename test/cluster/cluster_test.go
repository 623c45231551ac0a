//go:build linux

package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
)

const outside = `
apiVersion: v1
kind: Namespace
metadata: {name: reporting}
---
apiVersion: v1
kind: Service
metadata: {name: analytics-db, namespace: reporting}
spec:
  clusterIP: 127.96.7.7
  ports: [{name: postgres, port: 5432}]
---
apiVersion: v1
kind: Service
metadata: {name: replicas, namespace: reporting}
spec:
  clusterIP: None
  ports: [{name: postgres, port: 5432}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: replicas-1
  namespace: reporting
  labels: {kubernetes.io/service-name: replicas}
addressType: IPv4
ports: [{name: postgres, port: 5432}]
endpoints:
- {addresses: [10.0.1.25]}
- {addresses: [10.0.1.26]}
---
apiVersion: v1
kind: Service
metadata: {name: partner, namespace: reporting}
spec: {type: ExternalName, externalName: api.example.com}
`

// TestTier is one test so that the tier starts once.
func TestTier(t *testing.T) {
	t.Parallel()
	c := Start(t, Options{DNS: DNS{Upstream: outsideDNS(t)}})
	ctx := t.Context()

	t.Run("kubectl and the server give their version", func(t *testing.T) {
		out, err := c.Kubectl(ctx, "version", "-o", "json")
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			ClientVersion, ServerVersion struct{ GitVersion, Major, Minor string }
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatalf("%v in %s", err, out)
		}
		if got.ServerVersion.GitVersion != kubeVersion || got.ServerVersion.Minor != "36" {
			t.Errorf("server version %+v, want %s", got.ServerVersion, kubeVersion)
		}
		if got.ClientVersion != got.ServerVersion {
			t.Errorf("client version %+v, want the server's %+v", got.ClientVersion, got.ServerVersion)
		}
	})

	t.Run("CoreDNS answers what was applied", func(t *testing.T) {
		if err := c.Apply(ctx, []byte(outside)); err != nil {
			t.Fatal(err)
		}
		if err := c.WaitDNS(ctx); err != nil {
			t.Fatal(err)
		}
		ask(t, c, "analytics-db.reporting.svc.cluster.local.", "127.96.7.7")
		ask(t, c, "replicas.reporting.svc.cluster.local.", "10.0.1.25", "10.0.1.26")
		ask(t, c, "partner.reporting.svc.cluster.local.", "10.9.8.7", "api.example.com.") // and its target, asked upstream
		ask(t, c, "nobody.reporting.svc.cluster.local.")
	})

	t.Run("a change is seen at once, and the markers are gone", func(t *testing.T) {
		changed := strings.Replace(outside, "10.0.1.26", "10.0.1.27", 1)
		if err := c.Apply(ctx, []byte(changed)); err != nil {
			t.Fatal(err)
		}
		if err := c.WaitDNS(ctx); err != nil {
			t.Fatal(err)
		}
		ask(t, c, "replicas.reporting.svc.cluster.local.", "10.0.1.25", "10.0.1.27")
		out, err := c.Kubectl(ctx, "get", "namespaces,services,endpointslices", "-A", "-o", "name")
		if err != nil || strings.Contains(out, "marker") {
			t.Errorf("err %v, objects left:\n%s", err, out)
		}
	})

	t.Run("after WaitDNS every change is seen, however recent", func(t *testing.T) {
		for i := range 10 {
			m := marker{name: fmt.Sprintf("recent-%d", i)}
			if err := m.create(ctx, c.api); err != nil {
				t.Fatal(err)
			}
			if err := c.WaitDNS(ctx); err != nil {
				t.Fatal(err)
			}
			ask(t, c, m.host("cluster.local"), advertised)
		}
	})

	t.Run("a name outside the zone is asked upstream", func(t *testing.T) {
		ask(t, c, "db.example.com.", "10.9.8.7")
	})

	t.Run("a refused manifest is an error that says why", func(t *testing.T) {
		err := c.Apply(ctx, []byte(strings.Replace(outside, "10.0.1.25", "127.0.0.1", 1)))
		if err == nil || !strings.Contains(err.Error(), "loopback") {
			t.Errorf("got %v, want an error about loopback", err)
		}
	})
}

// ask sends one real query and compares the answer, in any order.
func ask(t *testing.T, c *Cluster, name string, want ...string) {
	t.Helper()
	answer, err := dns.Exchange(new(dns.Msg).SetQuestion(name, dns.TypeA), c.DNSAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, rr := range answer.Answer {
		switch rr := rr.(type) {
		case *dns.A:
			got = append(got, rr.A.String())
		case *dns.CNAME:
			got = append(got, rr.Target)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v\n%v", name, got, want, answer)
	}
	if wantCode := map[bool]int{true: dns.RcodeSuccess, false: dns.RcodeNameError}[len(want) > 0]; answer.Rcode != wantCode {
		t.Errorf("%s: got %s, want %s", name, dns.RcodeToString[answer.Rcode], dns.RcodeToString[wantCode])
	}
}

// outsideDNS is an upstream that says 10.9.8.7 to everything.
func outsideDNS(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		answer := new(dns.Msg).SetReply(q)
		header := dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1}
		answer.Answer = []dns.RR{&dns.A{Hdr: header, A: net.IPv4(10, 9, 8, 7)}}
		_ = w.WriteMsg(answer) // the asker notices
	})}
	ended := make(chan error, 1)
	go func() { ended <- server.ActivateAndServe() }()
	t.Cleanup(func() {
		_ = conn.Close()
		<-ended
	})
	return conn.LocalAddr().String()
}

func TestStopLeavesNothing(t *testing.T) {
	t.Parallel()
	opts := Options{
		Controllers: []string{"endpointslice-mirroring-controller"},
		ServiceCIDR: netip.MustParsePrefix("127.97.0.0/24"),
		DNS:         DNS{Addr: netip.MustParseAddrPort("127.0.0.2:0"), Zone: "k8s.test"},
	}
	c, err := Up(t.Context(), opts, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	ask(t, c, "kubernetes.default.svc.k8s.test.", "127.97.0.1")
	if len(c.parts) != 4 {
		t.Errorf("%d parts run, want 4", len(c.parts))
	}
	mirrored(t, c)
	for range 2 {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	}
	for _, p := range c.parts {
		if err := syscall.Kill(p.pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%s (%d) is still there: %v", p.name, p.pid, err)
		}
	}
	if _, err := os.Stat(c.work.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", c.work.dir, err)
	}
}

// mirrored shows that a controller works: it copies plain Endpoints into an
// EndpointSlice, the only form that CoreDNS reads.
func mirrored(t *testing.T, c *Cluster) {
	t.Helper()
	const old = `
apiVersion: v1
kind: Service
metadata: {name: old, namespace: default}
spec: {clusterIP: None, ports: [{port: 80}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: old, namespace: default}
subsets: [{addresses: [{ip: 10.0.1.9}], ports: [{port: 80}]}]
`
	if err := c.Apply(t.Context(), []byte(old)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := poll(ctx, 20*time.Millisecond, func(ctx context.Context) error {
		_, err := c.lookup(ctx, "old.default.svc.k8s.test.")
		return err
	}, c.parts...)
	if err != nil {
		t.Errorf("%v\n%s", err, c.LogTail(10))
	}
	ask(t, c, "old.default.svc.k8s.test.", "10.0.1.9")
}

func TestAFailedStartSaysWhyAndLeavesNothing(t *testing.T) {
	t.Parallel()
	opts := Options{DNS: DNS{Corefile: ".:{$DNS_PORT} {\n\tbind {$DNS_IP}\n\tnonsense\n}\n"}}
	c, err := Up(context.Background(), opts, os.Stderr)
	if err == nil {
		_ = c.Stop()
		t.Fatal("a Corefile with an unknown directive was accepted")
	}
	if !strings.Contains(err.Error(), "coredns has ended") || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("got %v, want CoreDNS's own words", err)
	}
}
