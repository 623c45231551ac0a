package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// tiers are a database that lives at two names, by a virtual IP and by a CNAME.
const tiers = `
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: db, namespace: reporting}
spec:
  ports: [{port: 5432}]
  targets:
  - {name: primary, priority: 0, hostname: primary-db.example.com}
  - {name: secondary, priority: 1, hostname: secondary-db.example.com}
  probe: {interval: 500ms, timeout: 10s, failureThreshold: 2, postgres: {}}
  failover: {failbackDelay: 1s}
---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: alias, namespace: reporting}
spec:
  type: ExternalName
  ports: [{port: 5432}]
  targets:
  - {name: primary, priority: 0, hostname: primary-db.example.com}
  - {name: secondary, priority: 1, hostname: secondary-db.example.com}
  probe: {interval: 500ms, timeout: 10s, failureThreshold: 2, tcp: {}}
  failover: {failbackDelay: 1s}
`

// TestFailover: the primary dies, while the outside DNS is dead, and comes back.
func TestFailover(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	prod := w.database("prod", "10.0.1.25")
	w.database("standby", "10.0.1.26")
	w.records("primary-db.example.com. 1 A 10.0.1.25")
	w.records("secondary-db.example.com. 1 A 10.0.1.26")
	w.write("db.yaml", tiers)
	f := w.run()

	serves := func(server, name string) func() error {
		return func() error {
			got, err := w.try(pod("reporting", psql("db")...)...)
			if err != nil || strings.TrimSpace(got) != server {
				return fmt.Errorf("psql lands on %q (%v), want %s", strings.TrimSpace(got), err, server)
			}
			if got := w.dig("alias.reporting.svc.cluster.local"); !slices.Contains(got, name+"-db.example.com.") {
				return fmt.Errorf("the CNAME is %v, want %s", got, name)
			}
			return nil
		}
	}
	w.eventually("the primary serves", serves("prod", "primary"))
	w.dns.Kill()
	prod.Quit()
	w.eventually("the secondary serves, with DNS dead", serves("standby", "secondary"))
	if err := prod.Start(); err != nil {
		t.Fatal(err)
	}
	w.eventually("the primary serves again", serves("prod", "primary"))
	for _, service := range []string{"db", "alias"} {
		if got := w.moves(service); !slices.Equal(got, []string{"Failback to primary", "TierDown to secondary", "Started to primary"}) {
			t.Errorf("the history of %s is %v", service, got)
		}
	}
	for _, words := range []string{"msg=moved service=reporting/db", "reason=TierDown", "reason=Failback"} {
		if !strings.Contains(f.log(), words) {
			t.Errorf("the log has no %s", words)
		}
	}
	if got := w.output(binary, "status", "db", "-n", "reporting"); !strings.Contains(got, "TierDown") || !strings.Contains(got, "Failback") {
		t.Errorf("fairlead status db printed\n%s", got)
	}
}

// moves are the history of a service, the newest first.
func (w *world) moves(service string) []string {
	w.Helper()
	var snapshot struct {
		Services []struct {
			Service  struct{ Name string }
			Decision struct {
				History []struct {
					Reason string
					To     []string
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(w.output("curl", "-sf", "http://127.0.0.1:8053/snapshot.json")), &snapshot); err != nil {
		w.Fatal(err)
	}
	var all []string
	for _, s := range snapshot.Services {
		if s.Service.Name != service {
			continue
		}
		for _, h := range s.Decision.History {
			all = append(all, h.Reason+" to "+strings.Join(h.To, ","))
		}
	}
	return all
}

// roles are two services of one database cluster, by what its servers say of
// themselves: one takes writes, the other reads.
const roles = `
apiVersion: v1
kind: Secret
metadata: {name: prober, namespace: reporting, annotations: {fairlead.dev/allow-probe: "true"}}
type: kubernetes.io/basic-auth
stringData: {username: prober, password: sesame}
---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: writer, namespace: reporting}
spec:
  ports: [{port: 5432}]
  targets: [{name: members, addresses: [10.0.1.25, 10.0.1.26]}]
  probe: {interval: 500ms, timeout: 10s, failureThreshold: 2, successThreshold: 1, postgres: {role: primary, database: postgres, credentialsSecretRef: {name: prober}}}
---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: reader, namespace: reporting}
spec:
  ports: [{port: 5432}]
  targets: [{name: members, addresses: [10.0.1.25, 10.0.1.26]}]
  probe: {interval: 500ms, timeout: 10s, failureThreshold: 2, successThreshold: 1, postgres: {role: replica, database: postgres, credentialsSecretRef: {name: prober}}}
`

// TestRolesAreFollowed: the primary dies and the standby is promoted; nothing in DNS
// or in the manifests changes.
func TestRolesAreFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	a := w.database("a", "10.0.1.25")
	if err := a.Login(ctx, "prober", "sesame"); err != nil {
		t.Fatal(err)
	}
	b, err := w.host("b", "10.0.1.26").Standby("b", a)
	if err != nil {
		t.Fatal(err)
	}
	w.write("db.yaml", roles)
	f := w.run()
	lands := func(service, server string) func() error {
		return func() error {
			got, err := w.try(pod("reporting", psql(service)...)...)
			if err != nil || strings.TrimSpace(got) != server {
				return fmt.Errorf("psql -h %s lands on %q (%v), want %s", service, strings.TrimSpace(got), err, server)
			}
			return nil
		}
	}
	w.eventually("the primary takes writes", lands("writer", "a"))
	w.eventually("the standby takes reads", lands("reader", "b"))
	a.Quit()
	if err := b.Promote(ctx); err != nil {
		t.Fatal(err)
	}
	w.eventually("the new primary takes writes", lands("writer", "b"))
	if got := w.output("curl", "-sf", "http://127.0.0.1:8053/snapshot.json") + f.log(); strings.Contains(got, "sesame") {
		t.Error("the password is told")
	}
}

// TestTiersWithoutAProbeAreRefused: a failover that cannot fire is worse than none.
func TestTiersWithoutAProbeAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("db.yaml", strings.NewReplacer("probe: {interval: 500ms, timeout: 10s, failureThreshold: 2, postgres: {}}", "", "probe: *probe", "").Replace(tiers))
	f := w.run()
	w.eventually("it is told", func() error {
		if log := f.log(); !strings.Contains(log, "without a probe nothing tells when to move") || !strings.Contains(log, "write probe: {tcp: {}}") {
			return fmt.Errorf("the log is\n%s", log)
		}
		return nil
	})
	if got := w.dig("db.reporting.svc.cluster.local"); len(got) > 0 {
		t.Errorf("it is served at %v", got)
	}
}
