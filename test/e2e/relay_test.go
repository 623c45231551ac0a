package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestUDPAndTCPBehindOneIP: a real DNS server behind a virtual IP, by both
// protocols, at another port than its own.
func TestUDPAndTCPBehindOneIP(t *testing.T) {
	w := newWorld(t)
	w.records("db.example.com. 30 A 10.0.1.25")
	w.write("dns.yaml", `
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: outside-dns}
spec:
  ports:
  - {name: dns, port: 5300, targetPort: 53, protocol: UDP}
  - {name: dns-tcp, port: 5300, targetPort: 53}
  targets: [{name: named, addresses: [10.0.1.53]}]
`)
	w.run()
	ip := w.dig("outside-dns.default.svc.cluster.local")[0]
	for _, protocol := range []string{"+notcp", "+tcp"} {
		got := strings.TrimSpace(w.output("dig", "+short", protocol, "@"+ip, "-p", "5300", "db.example.com"))
		if got != "10.0.1.25" {
			t.Errorf("dig %s through the virtual IP printed %q, want 10.0.1.25", protocol, got)
		}
	}
	got := strings.Join(w.dig("SRV", "_dns._udp.outside-dns.default.svc.cluster.local"), " ")
	if got != "0 100 5300 outside-dns.default.svc.cluster.local." {
		t.Errorf("dig SRV printed %q", got)
	}
	if got := w.dig("-x", ip); len(got) != 1 || got[0] != "outside-dns.default.svc.cluster.local." {
		t.Errorf("dig -x printed %v", got)
	}
}

// TestHTTP: a real HTTP client through a virtual IP.
func TestHTTP(t *testing.T) {
	w := newWorld(t)
	// The test binary itself serves, on a host of its own.
	server := w.host("web", "10.0.1.30").Command(t.Context(), os.Args[0])
	server.Env = append(os.Environ(), serveFiles+"="+w.dir)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	w.write("web.yaml", `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
endpoints: [{addresses: [10.0.1.30]}]
ports: [{name: http, port: 8080}]
`)
	w.run()
	w.eventually("curl reaches the server", func() error {
		out, err := w.try(pod("default", "curl", "-sf", "http://web/web.yaml")...)
		if err != nil || !strings.Contains(out, "kind: EndpointSlice") {
			return fmt.Errorf("curl printed %q: %w", out, err)
		}
		return nil
	})
}
