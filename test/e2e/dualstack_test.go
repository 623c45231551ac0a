package e2e

import (
	"slices"
	"strings"
	"testing"
)

// TestDualStack: a service with a virtual IP of each family, both of which
// reach the endpoints, and a headless one with addresses of both.
func TestDualStack(t *testing.T) {
	w := newWorld(t)
	w.database("prod", "10.0.1.25")
	w.output("ip", "-6", "route", "add", "local", "fd00:96::/112", "dev", "lo")
	w.write("db.yaml", `
apiVersion: v1
kind: Service
metadata: {name: db}
spec:
  ipFamilyPolicy: PreferDualStack
  ports: [{port: 5432}]
---
apiVersion: v1
kind: Endpoints
metadata: {name: db}
subsets: [{addresses: [{ip: 10.0.1.25}], ports: [{port: 5432}]}]
---
apiVersion: v1
kind: Service
metadata: {name: single}
spec: {ports: [{port: 5432}]}
---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: both}
spec:
  type: Headless
  targets: [{name: primary, addresses: [10.0.1.25, "fd00::25"]}]
`)
	w.run("--service-cidr", "127.96.0.0/16,fd00:96::/112")
	for qtype, prefix := range map[string]string{"A": "127.96.", "AAAA": "fd00:96::"} {
		ip := w.dig(qtype, "db.default.svc.cluster.local")
		if len(ip) != 1 || !strings.HasPrefix(ip[0], prefix) {
			t.Fatalf("%s: %v, want one address in %s", qtype, ip, prefix)
		}
		if got := strings.TrimSpace(w.output(psql(ip[0])...)); got != "prod" {
			t.Errorf("by %s psql lands on %q, want prod", ip[0], got)
		}
		if got := w.dig("-x", ip[0]); !slices.Equal(got, []string{"db.default.svc.cluster.local."}) {
			t.Errorf("dig -x %s printed %v", ip[0], got)
		}
	}
	if got := w.dig("AAAA", "single.default.svc.cluster.local"); len(got) != 0 {
		t.Errorf("a single-stack service has the IPv6 address %v", got)
	}
	// Each target of a headless service has a name of its own.
	for qtype, want := range map[string]string{"A": "10.0.1.25", "AAAA": "fd00::25"} {
		for _, name := range []string{"both", "primary.both"} {
			if got := w.dig(qtype, name+".default.svc.cluster.local"); !slices.Equal(got, []string{want}) {
				t.Errorf("%s of %s: %v, want %s", qtype, name, got, want)
			}
		}
	}
}
