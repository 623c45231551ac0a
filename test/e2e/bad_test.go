package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// good is a service that every kind of bad input must leave alone.
const good = `
apiVersion: v1
kind: Service
metadata: {name: good}
spec:
  ports: [{port: 7000}]
---
apiVersion: v1
kind: Endpoints
metadata: {name: good}
subsets:
- addresses: [{ip: 10.0.1.25}]
  ports: [{port: 7000}]
`

// TestBadInput: each mistake is named once, with its place and what to write
// instead, and nothing that worked is lost.
func TestBadInput(t *testing.T) {
	rows := []struct {
		name   string
		file   string   // bad.yaml
		before string   // what bad.yaml held before, if anything
		says   []string // each must stand in what fairlead prints, on the first line that says the first one
	}{
		{
			name: "an IP in externalName",
			file: "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec:\n  type: ExternalName\n  externalName: 10.0.1.25\n",
			says: []string{"bad.yaml:6: error:", "10.0.1.25 is an IP address", "addresses: [10.0.1.25]"},
		},
		{
			name: "Endpoints without a Service",
			file: "apiVersion: v1\nkind: Endpoints\nmetadata: {name: goood}\nsubsets:\n- addresses: [{ip: 10.0.1.25}]\n",
			says: []string{"bad.yaml:", "Endpoints default/goood matches no Service", "did you mean good?"},
		},
		{
			name: "a port name that matches none",
			file: "apiVersion: v1\nkind: Service\nmetadata: {name: api}\nspec:\n  ports: [{name: http, port: 80}]\n---\n" +
				"apiVersion: v1\nkind: Endpoints\nmetadata: {name: api}\nsubsets:\n- addresses: [{ip: 10.0.1.25}]\n  ports: [{name: web, port: 80}]\n",
			says: []string{"bad.yaml:12: warning:", "port web (TCP)", "port http (TCP)", "write name: http"},
		},
		{
			name: "an object that another file defines",
			file: "apiVersion: v1\nkind: Service\nmetadata: {name: good}\nspec:\n  ports: [{port: 1}]\n",
			says: []string{"bad.yaml:", "error:", "good.yaml:"},
		},
		{
			name: "a ClusterIP that another service has",
			file: "apiVersion: v1\nkind: Service\nmetadata: {name: first}\nspec:\n  clusterIP: 127.96.0.99\n  ports: [{port: 1}]\n---\n" +
				"apiVersion: v1\nkind: Service\nmetadata: {name: second}\nspec:\n  clusterIP: 127.96.0.99\n  ports: [{port: 1}]\n",
			says: []string{"bad.yaml:", "error:", "127.96.0.99", "default/first"},
		},
		{
			name: "a syntax error",
			file: "apiVersion: v1\nkind: Service\nmetadata:\n  name: x\n\tnamespace: y\n",
			says: []string{"bad.yaml:5: error:", "tab"},
		},
		{
			name: "an unknown field of an ExternalService",
			file: "apiVersion: fairlead.dev/v1alpha1\nkind: ExternalService\nmetadata: {name: x}\nspec:\n  ports: [{port: 1}]\n  targets:\n  - {name: a, hostnam: db.example.com}\n",
			says: []string{"bad.yaml:7: error:", "hostnam", "hostname"},
		},
		{
			name: "priorities without a probe",
			file: "apiVersion: fairlead.dev/v1alpha1\nkind: ExternalService\nmetadata: {name: x}\nspec:\n  ports: [{port: 1}]\n  targets:\n  - {name: a, addresses: [10.0.1.25]}\n  - {name: b, priority: 1, addresses: [10.0.1.26]}\n",
			says: []string{"bad.yaml:4: error:", "would never serve", "write probe: {tcp: {}}"},
		},
		{
			name: "a Service with a selector",
			file: "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  selector: {app: web}\n  ports: [{port: 80}]\n",
			says: []string{"bad.yaml:", "needs a cluster"},
		},
		{
			name: "unknown kinds, in one line",
			file: "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: b}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n",
			says: []string{"Deployment", "2", "ConfigMap", "1"},
		},
		{
			name: "a target inside the range of the virtual IPs",
			file: "apiVersion: fairlead.dev/v1alpha1\nkind: ExternalService\nmetadata: {name: x}\nspec:\n  ports: [{port: 1}]\n  targets:\n  - {name: a, addresses: [127.96.0.77]}\n",
			says: []string{"bad.yaml:7: error:", "127.96.0.77"},
		},
	}
	w := newWorld(t)
	w.write("good.yaml", good)
	f := w.run()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := w.with(t)
			printed := len(f.log())
			w.write("bad.yaml", row.file)
			var said string
			w.eventually("the mistake is told", func() error {
				said = f.log()[printed:]
				for _, s := range row.says {
					if !strings.Contains(said, s) {
						return fmt.Errorf("%q is missing in:\n%s", s, said)
					}
				}
				return nil
			})
			once := map[string]bool{}
			for line := range strings.Lines(said) {
				if once[line] && strings.Contains(line, "bad.yaml:") {
					t.Errorf("said twice: %s", line)
				}
				once[line] = true
			}
			if got := w.dig("good.default.svc.cluster.local"); len(got) != 1 {
				t.Errorf("the good service answers %v, want one virtual IP", got)
			}
			if strings.Contains(said, "goroutine ") {
				t.Errorf("a stack trace:\n%s", said)
			}
			t.Log(strings.TrimSpace(said))
		})
	}
}

// TestABrokenFileChangesNothing: the last good version of a file stays, and its
// error is said once, however long it stands.
func TestABrokenFileChangesNothing(t *testing.T) {
	w := newWorld(t)
	w.write("a.yaml", good)
	f := w.run()
	before := w.dig("good.default.svc.cluster.local")
	w.write("a.yaml", strings.Replace(good, "port: 7000", "port: lots", 1))
	w.eventually("the mistake is told", func() error {
		if !strings.Contains(f.log(), "a.yaml:6: error:") {
			return fmt.Errorf("%s", f.log())
		}
		return nil
	})
	// An edit elsewhere reads everything again.
	w.write("b.yaml", strings.ReplaceAll(good, "good", "other"))
	w.eventually("another file is served", func() error {
		if len(w.dig("other.default.svc.cluster.local")) != 1 {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	if n := strings.Count(f.log(), "a.yaml:6: error:"); n != 1 {
		t.Errorf("the error is said %d times, want once", n)
	}
	if got := w.dig("good.default.svc.cluster.local"); len(got) != 1 || got[0] != before[0] {
		t.Errorf("the service answers %v, want %v as before", got, before)
	}
	w.write("a.yaml", strings.ReplaceAll(good, "7000", "7001"))
	w.eventually("the mended file is served", func() error {
		out, err := w.try("curl", "-sf", "http://127.0.0.1:8053/snapshot.json")
		if err != nil || !strings.Contains(out, "7001") {
			return fmt.Errorf("not yet: %w", err)
		}
		return nil
	})
}

// TestAFileGoesAndComesBack: its services go with it, and come back at the same
// addresses.
func TestAFileGoesAndComesBack(t *testing.T) {
	w := newWorld(t)
	w.write("a.yaml", good)
	w.write("b.yaml", strings.ReplaceAll(good, "good", "other"))
	w.run()
	name := "good.default.svc.cluster.local"
	before := w.dig(name)
	if err := os.Remove(filepath.Join(w.dir, "a.yaml")); err != nil {
		t.Fatal(err)
	}
	w.eventually("the deleted file's service is gone", func() error {
		if out := w.output("dig", "@127.96.0.10", name); !strings.Contains(out, "NXDOMAIN") {
			return fmt.Errorf("%s", out)
		}
		return nil
	})
	if got := w.dig("other.default.svc.cluster.local"); len(got) != 1 {
		t.Errorf("the other service answers %v", got)
	}
	w.write("a.yaml", good)
	w.eventually("the restored file's service is back at its address", func() error {
		if got := w.dig(name); len(got) != 1 || got[0] != before[0] {
			return fmt.Errorf("it answers %v, want %v", got, before)
		}
		return nil
	})
}

// TestTheSameAddressOnEveryStart also after a start with other services beside.
func TestTheSameAddressOnEveryStart(t *testing.T) {
	w := newWorld(t)
	w.write("a.yaml", good)
	f := w.run()
	before := w.dig("good.default.svc.cluster.local")
	f.stop()
	w.write("b.yaml", strings.ReplaceAll(good, "good", "other"))
	w.run()
	if got := w.dig("good.default.svc.cluster.local"); len(got) != 1 || got[0] != before[0] {
		t.Errorf("after a restart it answers %v, want %v", got, before)
	}
}

// TestManyServices: ten thousand of them, in one file of several megabytes.
func TestManyServices(t *testing.T) {
	w := newWorld(t)
	var all strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&all, "---\napiVersion: fairlead.dev/v1alpha1\nkind: ExternalService\nmetadata: {name: s%d, namespace: n%d}\n"+
			"spec:\n  ports: [{port: 7000}]\n  targets: [{name: a, addresses: [10.0.1.25]}]\n# %s\n", i, i%20, strings.Repeat("x", 900))
	}
	if all.Len() < 10<<20 {
		t.Fatalf("the file has %d bytes, want more than 10 MiB", all.Len())
	}
	w.write("many.yaml", all.String())
	f := w.run()
	if got := w.dig("s9999.n19.svc.cluster.local"); len(got) != 1 {
		t.Errorf("dig printed %v, want a virtual IP", got)
	}
	if strings.Contains(f.log(), "error") {
		t.Errorf("fairlead printed:\n%.2000s", f.log())
	}
	w.write("one.yaml", good)
	w.eventually("one more is served", func() error {
		if len(w.dig("good.default.svc.cluster.local")) != 1 {
			return fmt.Errorf("not yet")
		}
		return nil
	})
}

// TestPortTaken: a port of a virtual IP that another program has is named, the
// others are served, and it is taken once it is free.
func TestPortTaken(t *testing.T) {
	w := newWorld(t)
	w.database("prod", "10.0.1.25")
	w.write("a.yaml", "apiVersion: fairlead.dev/v1alpha1\nkind: ExternalService\nmetadata: {name: a}\nspec:\n"+
		"  ports: [{port: 5432}]\n  targets: [{name: x, addresses: [10.0.1.25]}]\n")
	f := w.run()
	ip := w.dig("a.default.svc.cluster.local")[0]
	f.stop()
	thief := w.machine.Command(t.Context(), "nc", "-lk", ip, "5432")
	if err := thief.Start(); err != nil {
		t.Fatal(err)
	}
	w.write("b.yaml", good)
	w.eventually("the port is taken", func() error { _, err := w.try("nc", "-z", ip, "5432"); return err })
	w.run()
	w.eventually("it is told", func() error {
		out := w.output(binary, "status")
		if !strings.Contains(out, ip) || !strings.Contains(out, "5432") || !strings.Contains(out, "False") {
			return fmt.Errorf("%s", out)
		}
		return nil
	})
	t.Log(w.output(binary, "status"))
	if got := w.dig("good.default.svc.cluster.local"); len(got) != 1 {
		t.Errorf("the other service answers %v", got)
	}
	thief.Process.Kill()
	thief.Wait()
	w.eventually("the port is served once it is free", func() error {
		_, err := w.try(psql(ip)...)
		return err
	})
	// Two instances on one machine: the second says which address is taken.
	second := w.launch("--upstream", "10.0.1.53")
	<-second.done
	if log := second.log(); !strings.Contains(log, "127.96.0.10:53") || second.cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("a second instance exits with %d and prints:\n%s", second.cmd.ProcessState.ExitCode(), log)
	}
	third := w.launch("--upstream", "10.0.1.53", "--dns-listen", "127.96.0.11:53")
	<-third.done
	if log := third.log(); !strings.Contains(log, "127.0.0.1:8053") || !strings.Contains(log, "--http-listen") {
		t.Errorf("a third instance prints:\n%s", log)
	}
}

// TestATargetThatResolvesToNothing refuses connections and says why.
func TestATargetThatResolvesToNothing(t *testing.T) {
	w := newWorld(t)
	w.write("a.yaml", strings.Replace(byHostname, "db.example.com", "nothing.example.com", 1))
	w.write("b.yaml", good)
	w.run()
	out := w.output(binary, "status", "-n", "reporting")
	if !strings.Contains(out, "nothing.example.com does not exist (NXDOMAIN)") {
		t.Errorf("status does not say why:\n%s", out)
	}
	if _, err := w.try(pod("reporting", psql("db")...)...); err == nil || !strings.Contains(err.Error(), "Connection refused") {
		t.Errorf("psql says %v, want Connection refused", err)
	}
	w.database("prod", "10.0.1.25")
	w.records("nothing.example.com. 2 A 10.0.1.25")
	w.eventually("the name has come into being", func() error {
		_, err := w.try(pod("reporting", psql("db")...)...)
		return err
	})
}
