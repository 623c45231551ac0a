//go:build soak

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"fairlead.dev/test/lab"
	"fairlead.dev/test/traffic"
)

const followed = `
apiVersion: v1
kind: Secret
metadata: {name: prober, annotations: {fairlead.dev/allow-probe: "true"}}
type: kubernetes.io/basic-auth
stringData: {username: prober, password: secret}
---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: db}
spec:
  ports: [{name: postgres, port: 5432}]
  targets:
  - {name: primary, priority: 0, hostname: primary-db.example.com}
  - {name: standby, priority: 1, hostname: standby-db.example.com}
  probe:
    interval: 500ms
    timeout: 3s
    failureThreshold: 2
    successThreshold: 2
    postgres: {role: primary, credentialsSecretRef: {name: prober}}
  failover: {failback: Manual}
`

// TestTheWritablePrimary: a real primary fails, its standby is promoted, and nobody
// tells fairlead. Clients of the virtual IP are led there, once, and the old primary
// takes no row after the new one has taken any, though it comes back as one.
func TestTheWritablePrimary(t *testing.T) {
	for _, tt := range []struct {
		name         string
		strike, heal func(*lab.Host, *lab.Postgres) error
	}{
		{"killed", func(_ *lab.Host, p *lab.Postgres) error { p.Kill(); return nil }, func(_ *lab.Host, p *lab.Postgres) error {
			return errors.Join(p.Start(), p.Ready(t.Context()))
		}},
		{"hangs", func(_ *lab.Host, p *lab.Postgres) error { return p.Pause() }, func(_ *lab.Host, p *lab.Postgres) error { return p.Resume() }},
		{"cut off", func(h *lab.Host, _ *lab.Postgres) error { return h.Cut() }, func(h *lab.Host, _ *lab.Postgres) error { return h.Mend() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lab.Skip(t, "nft")
			w := newWorld(t)
			w.records("primary-db.example.com. 2 A 10.0.1.25", "standby-db.example.com. 2 A 10.0.1.26")
			host, a, b := w.replicated()
			w.write("db.yaml", followed)
			w.run()
			client := w.client(w.dig("db.default.svc.cluster.local")[0] + ":5432")
			w.served(client, "db-a", time.Now())

			if err := tt.strike(host, a); err != nil {
				t.Fatal(err)
			}
			struck := client.Mark(tt.name)
			if err := b.Promote(t.Context()); err != nil {
				t.Fatal(err)
			}
			client.Mark("promoted")
			w.served(client, "db-b", struck)
			if err := tt.heal(host, a); err != nil {
				t.Fatal(err)
			}
			// Long enough for the old primary to be seen again.
			w.served(client, "db-b", client.Mark("the old primary is back").Add(2*time.Second))

			l := client.Stop()
			t.Log(l)
			if path := l.Path(); !slices.Equal(path, []string{"db-a", "db-b"}) {
				t.Errorf("clients were led %q, want from db-a to db-b, once", path)
			}
			for _, late := range slices.Concat(l.Since(struck).Wrote("db-a"), l.LateWrites("db-a", "db-b")) {
				t.Errorf("row %d, of a connection that began after the fault, was taken by db-a", late.Seq)
			}
		})
	}
}

// replicated starts a primary, db-a, and its standby, db-b, with the client's
// table and a login for probes.
func (w *world) replicated() (host *lab.Host, a, b *lab.Postgres) {
	w.Helper()
	host = w.host("db-a", "10.0.1.25")
	a, err := host.Postgres("db-a")
	if err == nil {
		_, err = a.Query(w.Context(), "CREATE TABLE traffic (seq int PRIMARY KEY); CREATE ROLE app LOGIN; GRANT INSERT ON traffic TO app")
	}
	if err == nil {
		err = a.Login(w.Context(), "prober", "secret")
	}
	if err == nil {
		b, err = w.host("db-b", "10.0.1.26").Standby("db-b", a)
	}
	if err != nil {
		w.Fatal(err)
	}
	return host, a, b
}

// client opens a connection every 50 ms, from the machine.
func (w *world) client(addr string) *traffic.Run {
	return traffic.Client{
		Dial:  func(ctx context.Context) (net.Conn, error) { return w.machine.Dial(ctx, "tcp", addr) },
		Every: 50 * time.Millisecond, Timeout: 3 * time.Second,
		User: "app", Database: "postgres", Table: "traffic",
	}.Start(w.Context())
}

// served waits until the last connections that began after a time were all served
// by one server.
func (w *world) served(client *traffic.Run, server string, since time.Time) {
	w.Helper()
	w.eventually("clients are served by "+server, func() error {
		l := client.Log().Since(since)
		if len(l.Attempts) < 10 {
			return errors.New("too few connections")
		}
		for _, a := range l.Attempts[len(l.Attempts)-10:] {
			if a.Outcome != traffic.OK || a.Server != server {
				return fmt.Errorf("connection %d: %s %s %s\n%s", a.Seq, a.Outcome, a.Server, a.Detail, l)
			}
		}
		return nil
	})
}
