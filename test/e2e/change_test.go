package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const externalName = `
apiVersion: v1
kind: Service
metadata: {name: webscaler-db}
spec: {type: ExternalName, externalName: %s}
`

// TestRepoint is the articles' disaster recovery: one line of a file.
func TestRepoint(t *testing.T) {
	w := newWorld(t)
	w.records("primary-db.example.com. 30 A 10.0.1.25")
	w.records("secondary-db.example.com. 30 A 10.0.1.26")
	w.write("db.yaml", fmt.Sprintf(externalName, "primary-db.example.com"))
	w.run()
	name := "webscaler-db.default.svc.cluster.local"
	if got, want := w.dig(name), []string{"primary-db.example.com.", "10.0.1.25"}; !slices.Equal(got, want) {
		t.Fatalf("dig printed %v, want %v", got, want)
	}
	w.write("db.yaml", fmt.Sprintf(externalName, "secondary-db.example.com"))
	took := w.eventually("the new name is served", func() error {
		if got, want := w.dig(name), []string{"secondary-db.example.com.", "10.0.1.26"}; !slices.Equal(got, want) {
			return fmt.Errorf("dig printed %v, want %v", got, want)
		}
		return nil
	})
	t.Logf("from the saved file to the new answer: %s", took.Round(time.Millisecond))
}

const byHostname = `
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: db, namespace: reporting}
spec:
  ports: [{name: postgres, port: 5432}]
  targets: [{name: main, hostname: db.example.com}]
`

// TestARecordIsFollowed: the outside DNS moves a name, connections follow.
func TestARecordIsFollowed(t *testing.T) {
	w := newWorld(t)
	w.database("prod", "10.0.1.25")
	w.database("test", "10.0.1.26")
	w.records("db.example.com. 2 A 10.0.1.25")
	w.write("db.yaml", byHostname)
	w.run()
	ask := pod("reporting", psql("db")...)
	if got := strings.TrimSpace(w.output(ask...)); got != "prod" {
		t.Fatalf("psql lands on %q, want prod", got)
	}
	w.records("db.example.com. 2 A 10.0.1.26")
	took := w.eventually("the changed record is followed", func() error {
		if got := strings.TrimSpace(w.output(ask...)); got != "test" {
			return fmt.Errorf("psql lands on %q, want test", got)
		}
		return nil
	})
	t.Logf("from the changed record (TTL 2 s) to the new database: %s", took.Round(time.Millisecond))
}

// TestOutsideDNSStops: a minute without the outside DNS changes nothing for
// services with a virtual IP, nor for the last good answer of an ExternalName.
func TestOutsideDNSStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.database("prod", "10.0.1.25")
	w.records("db.example.com. 2 A 10.0.1.25")
	w.write("db.yaml", byHostname)
	w.write("name.yaml", fmt.Sprintf(externalName, "db.example.com"))
	w.run()
	w.dns.Kill()
	began := time.Now()
	connections := 0
	for time.Since(began) < time.Minute {
		if got := strings.TrimSpace(w.output(pod("reporting", psql("db")...)...)); got != "prod" {
			t.Fatalf("%s after the outside DNS stopped psql lands on %q, want prod", time.Since(began), got)
		}
		if got := w.dig("webscaler-db.default.svc.cluster.local"); !slices.Equal(got, []string{"db.example.com.", "10.0.1.25"}) {
			t.Fatalf("%s after the outside DNS stopped dig printed %v", time.Since(began), got)
		}
		connections++
		time.Sleep(100 * time.Millisecond)
	}
	t.Logf("%d connections in %s without the outside DNS, none failed", connections, time.Since(began).Round(time.Second))

	w.database("test", "10.0.1.26")
	if err := w.dns.Start(); err != nil {
		t.Fatal(err)
	}
	if err := w.dns.Ready(t.Context(), "example.com"); err != nil {
		t.Fatal(err)
	}
	w.records("db.example.com. 2 A 10.0.1.26")
	w.eventually("the truth is published once the outside DNS is back", func() error {
		if got := strings.TrimSpace(w.output(pod("reporting", psql("db")...)...)); got != "test" {
			return fmt.Errorf("psql lands on %q, want test", got)
		}
		return nil
	})
}

// TestOneQueryForAllServices: a name that many services share is asked once.
func TestOneQueryForAllServices(t *testing.T) {
	w := newWorld(t)
	w.records("db.example.com. 3600 A 10.0.1.25")
	var all strings.Builder
	for i := range 50 {
		fmt.Fprintf(&all, "---\n%s", strings.Replace(byHostname, "name: db,", fmt.Sprintf("name: db-%d,", i), 1))
	}
	w.write("db.yaml", all.String())
	w.run()
	if got := w.dig("db-49.reporting.svc.cluster.local"); len(got) != 1 {
		t.Errorf("dig printed %v, want a virtual IP", got)
	}
	if n := w.dns.Queries("db.example.com", "A"); n != 1 {
		t.Errorf("the outside DNS server got %d queries for a name that 50 services share, want 1", n)
	}
}

// TestExistingConnectionsStay: an edit that does not concern a connection, and
// one that takes its endpoint away, leave it alone.
func TestExistingConnectionsStay(t *testing.T) {
	w := newWorld(t)
	w.database("prod", "10.0.1.25")
	w.records("db.example.com. 2 A 10.0.1.25")
	w.write("db.yaml", byHostname)
	w.run()
	session := w.machine.Command(t.Context(), pod("reporting", "psql", "-h", "db", "-U", "postgres", "-AtX")...)
	in, err := session.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := session.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Start(); err != nil {
		t.Fatal(err)
	}
	ask := func() string {
		t.Helper()
		fmt.Fprintln(in, "SHOW cluster_name;")
		line := make([]byte, len("prod\n"))
		if n, err := out.Read(line); err != nil {
			t.Fatalf("the session ended: %v, %q", err, line[:n])
		}
		return strings.TrimSpace(string(line))
	}
	if got := ask(); got != "prod" {
		t.Fatalf("the session is on %q, want prod", got)
	}
	w.write("other.yaml", fmt.Sprintf(externalName, "db.example.com"))
	w.eventually("the edit is served", func() error {
		if len(w.dig("webscaler-db.default.svc.cluster.local")) == 0 {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	ask()
	w.write("db.yaml", strings.Replace(byHostname, "hostname: db.example.com", "addresses: [10.0.1.26]", 1))
	w.eventually("the endpoint is gone", func() error {
		if _, err := w.try(pod("reporting", psql("db")...)...); err == nil {
			return fmt.Errorf("new connections still reach it")
		}
		return nil
	})
	if got := ask(); got != "prod" {
		t.Errorf("after the edits the session is on %q, want prod", got)
	}
	in.Close()
	session.Wait()
}
