package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// as runs a command line on the machine as an ordinary user.
func as(args ...string) []string {
	return append([]string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"}, args...)
}

// TestExec: a program in a Pod's surroundings, as root and as an ordinary user.
func TestExec(t *testing.T) {
	w := articles(t)
	before := w.output("cat", "/etc/resolv.conf")
	for user, prefix := range map[string]func(...string) []string{
		"root":             func(args ...string) []string { return args },
		"an ordinary user": as,
	} {
		t.Run(user, func(t *testing.T) {
			w := w.with(t)
			if got := strings.TrimSpace(w.output(prefix(pod("reporting", psql("analytics-db")...)...)...)); got != "prod" {
				t.Errorf("psql lands on %q, want prod", got)
			}
			conf := w.output(prefix(pod("reporting", "cat", "/etc/resolv.conf")...)...)
			if !strings.Contains(conf, "search reporting.svc.cluster.local svc.cluster.local cluster.local") ||
				!strings.Contains(conf, "nameserver 127.96.0.10\n") || !strings.Contains(conf, "options ndots:5") {
				t.Errorf("its resolv.conf is\n%s", conf)
			}
			for script, want := range map[string]int{"exit 0": 0, "exit 7": 7, "kill -TERM $$": -1} {
				cmd := w.machine.Command(t.Context(), prefix(pod("reporting", "sh", "-c", script)...)...)
				cmd.Run()
				if got := cmd.ProcessState.ExitCode(); got != want {
					t.Errorf("%q ends with %d, want %d", script, got, want)
				}
			}
			out, err := w.try(prefix(pod("nowhere", "true")...)...)
			if err == nil || !strings.Contains(err.Error(), `there is no namespace "nowhere"`) || !strings.Contains(err.Error(), "reporting-test") {
				t.Errorf("an unknown namespace: %v %s", err, out)
			}
		})
	}
	if after := w.output("cat", "/etc/resolv.conf"); after != before {
		t.Errorf("the machine's resolv.conf was\n%s\nand is now\n%s", before, after)
	}
}

// TestOrdinaryUser: fairlead itself runs without privileges, with DNS on another
// port, and exec says what is missing.
func TestOrdinaryUser(t *testing.T) {
	w := newWorld(t)
	w.database("prod", "10.0.1.25")
	w.write("a.yaml", "apiVersion: fairlead.dev/v1alpha1\nkind: ExternalService\nmetadata: {name: a}\nspec:\n"+
		"  ports: [{port: 5432}]\n  targets: [{name: x, addresses: [10.0.1.25]}]\n")
	w.write("b.yaml", "apiVersion: fairlead.dev/v1alpha1\nkind: ExternalService\nmetadata: {name: web}\nspec:\n"+
		"  ports: [{port: 80}]\n  targets: [{name: x, addresses: [10.0.1.25]}]\n")
	for _, dir := range []string{w.dir, filepath.Dir(w.dir)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	w.output("sysctl", "-qw", "net.ipv4.ip_unprivileged_port_start=1024")
	cmd := w.machine.Command(t.Context(), as(binary, "run", "--upstream", "10.0.1.53", w.dir)...)
	var out lockedBuffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Signal(os.Interrupt); cmd.Wait() })
	w.eventually("it serves DNS on port 5353", func() error {
		if got, err := w.try("dig", "+short", "+time=1", "+tries=1", "@127.96.0.10", "-p", "5353", "a.default.svc.cluster.local"); err != nil || !strings.HasPrefix(got, "127.96.") {
			return fmt.Errorf("dig printed %q, %w; fairlead:\n%s", got, err, out.String())
		}
		return nil
	})
	if !strings.Contains(out.String(), "ip_unprivileged_port_start") {
		t.Errorf("it does not say what to change:\n%s", out.String())
	}
	ip := strings.TrimSpace(w.output("dig", "+short", "@127.96.0.10", "-p", "5353", "a.default.svc.cluster.local"))
	if got := strings.TrimSpace(w.output(psql(ip)...)); got != "prod" {
		t.Errorf("psql lands on %q, want prod", got)
	}
	if status := w.output(binary, "status"); !strings.Contains(status, "False") || !strings.Contains(status, "80") {
		t.Errorf("the service on port 80 is not said to be without its listener:\n%s", status)
	}
	if _, err := w.try(as(pod("default", "true")...)...); err == nil || !strings.Contains(err.Error(), "ip_unprivileged_port_start") {
		t.Errorf("exec says %v, want what to change", err)
	}
}
