package e2e

import (
	"bufio"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// reporting is the example of the articles: a database by name, one at two IPs,
// and the same names in a test namespace that lead elsewhere.
const reporting = `
apiVersion: v1
kind: Namespace
metadata: {name: reporting}
---
apiVersion: v1
kind: Service
metadata: {name: analytics-db, namespace: reporting}
spec:
  type: ExternalName
  externalName: analytics-db.databases.company.com
---
apiVersion: v1
kind: Service
metadata: {name: legacy-metrics-db, namespace: reporting}
spec:
  ports: [{port: 5432}]
---
apiVersion: v1
kind: Endpoints
metadata: {name: legacy-metrics-db, namespace: reporting}
subsets:
- addresses: [{ip: 10.0.1.25}, {ip: 10.0.1.26}]
  ports: [{port: 5432}]
---
apiVersion: v1
kind: Service
metadata: {name: both, namespace: reporting}
spec:
  clusterIP: None
  ports: [{port: 5432}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: both-1, namespace: reporting, labels: {kubernetes.io/service-name: both}}
addressType: IPv4
endpoints: [{addresses: [10.0.1.25]}, {addresses: [10.0.1.26]}]
ports: [{port: 5432}]
---
apiVersion: v1
kind: Service
metadata: {name: nowhere, namespace: reporting}
spec:
  ports: [{port: 5432}]
---
apiVersion: v1
kind: Service
metadata: {name: analytics-db, namespace: reporting-test}
spec:
  type: ExternalName
  externalName: analytics-db-test.databases.company.com
`

// articles is a world with the two databases, and fairlead running.
func articles(t *testing.T) *world {
	w := newWorld(t)
	w.database("prod", "10.0.1.25")
	w.database("test", "10.0.1.26")
	w.records("analytics-db.databases.company.com. 30 A 10.0.1.25", "analytics-db-test.databases.company.com. 30 A 10.0.1.26")
	w.write("reporting.yaml", reporting)
	w.run()
	return w
}

func TestArticles(t *testing.T) {
	w := articles(t)

	t.Run("a CNAME, then an address", func(t *testing.T) {
		got := w.dig("analytics-db.reporting.svc.cluster.local")
		if want := []string{"analytics-db.databases.company.com.", "10.0.1.25"}; !slices.Equal(got, want) {
			t.Errorf("dig printed %v, want %v", got, want)
		}
	})
	t.Run("by the short name, as a Pod asks", func(t *testing.T) {
		if got := w.output(pod("reporting", "getent", "ahostsv4", "analytics-db")...); !strings.HasPrefix(got, "10.0.1.25 ") {
			t.Errorf("getent printed %q, want 10.0.1.25", got)
		}
		if got := w.output(pod("reporting", "nslookup", "analytics-db")...); !strings.Contains(got,
			"analytics-db.reporting.svc.cluster.local\tcanonical name = analytics-db.databases.company.com.") || !strings.Contains(got, "Address: 10.0.1.25") {
			t.Errorf("nslookup printed\n%s\nwant the canonical name and the address", got)
		}
	})
	t.Run("headless gives every address", func(t *testing.T) {
		got := w.dig("both.reporting.svc.cluster.local")
		slices.Sort(got)
		if want := []string{"10.0.1.25", "10.0.1.26"}; !slices.Equal(got, want) {
			t.Errorf("dig printed %v, want %v", got, want)
		}
	})
	t.Run("the identical command, another database in another namespace", func(t *testing.T) {
		for namespace, want := range map[string]string{"reporting": "prod", "reporting-test": "test"} {
			if got := strings.TrimSpace(w.output(pod(namespace, psql("analytics-db")...)...)); got != want {
				t.Errorf("in %s psql lands on %q, want %q", namespace, got, want)
			}
		}
	})
	t.Run("a Service without Endpoints has an address and refuses", func(t *testing.T) {
		got := w.dig("nowhere.reporting.svc.cluster.local")
		if len(got) != 1 || !strings.HasPrefix(got[0], "127.96.") {
			t.Fatalf("dig printed %v, want one virtual IP", got)
		}
		if _, err := w.try(psql(got[0])...); err == nil || !strings.Contains(err.Error(), "Connection refused") {
			t.Errorf("psql says %v, want Connection refused", err)
		}
	})
	t.Run("1,000 connections, an even share", func(t *testing.T) {
		share := w.connect(t, "legacy-metrics-db", 1000)
		for _, name := range []string{"prod", "test"} {
			if n := share[name]; n < 450 || n > 550 {
				t.Errorf("%s got %d of 1,000 connections, want 450 to 550", name, n)
			}
		}
		t.Logf("share: %v", share)
	})
	t.Run("names outside the cluster, too", func(t *testing.T) {
		if got := w.dig("analytics-db.databases.company.com"); !slices.Equal(got, []string{"10.0.1.25"}) {
			t.Errorf("dig printed %v, want 10.0.1.25", got)
		}
	})
}

// connect opens n connections one after the other with one psql, and counts
// which server each one reached.
func (w *world) connect(t *testing.T, host string, n int) map[string]int {
	t.Helper()
	script := strings.Repeat(fmt.Sprintf("\\c postgres postgres %s 5432\nSHOW cluster_name;\n", host), n)
	w.write("script.sql", script)
	out := w.output(pod("reporting", "psql", "-h", host, "-U", "postgres", "-AtXq", "-v", "ON_ERROR_STOP=1", "-f", w.dir+"/script.sql")...)
	share := map[string]int{}
	for _, line := range strings.Fields(out) {
		share[line]++
	}
	return share
}

func TestOneDatabaseStops(t *testing.T) {
	w := newWorld(t)
	first := w.database("prod", "10.0.1.25")
	w.database("test", "10.0.1.26")
	w.write("reporting.yaml", reporting)
	w.run()
	if share := w.connect(t, "legacy-metrics-db", 50); share["prod"] != 25 || share["test"] != 25 {
		t.Fatalf("share: %v, want 25 each", share)
	}
	// One psql connects anew again and again. While its session is on the other
	// database, the first one stops: of what is connected to, not a single
	// connection fails (ON_ERROR_STOP would end psql).
	session := w.machine.Command(t.Context(), pod("reporting", "psql", "-h", "legacy-metrics-db", "-U", "postgres", "-AtXq", "-v", "ON_ERROR_STOP=1")...)
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
	lines := bufio.NewScanner(out)
	share, stopped := map[string]int{}, 0
	for i := range 300 {
		fmt.Fprintln(in, "\\c postgres postgres legacy-metrics-db 5432\nSHOW cluster_name;")
		if !lines.Scan() {
			t.Fatalf("connection %d failed, %d after the stop: %v", i, i-stopped, session.Wait())
		}
		share[lines.Text()]++
		if i > 100 && stopped == 0 && lines.Text() == "test" {
			first.Quit()
			stopped = i
		}
	}
	in.Close()
	if err := session.Wait(); err != nil || stopped == 0 {
		t.Errorf("psql ends with %v; stopped after %d", err, stopped)
	}
	t.Logf("300 connections, none failed; the database stopped after %d: %v", stopped, share)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	if err := first.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.eventually("the database that came back gets its share", func() error {
		if share := w.connect(t, "legacy-metrics-db", 20); share["prod"] != 10 {
			return fmt.Errorf("share: %v", share)
		}
		return nil
	})
}
