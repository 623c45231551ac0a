//go:build linux

package kube

import (
	"maps"
	"strings"
	"testing"
)

// TestSwitch pins a service as a person does, and lets go of it: the API server knows
// who it was, nothing else of the object changes, and what is published moves.
func TestSwitch(t *testing.T) {
	w, _ := start(t)
	w.apply(`apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: db, annotations: {example.com/owner: data}}
spec:
  ports: [{port: 5432}]
  targets:
  - {name: primary, addresses: [10.0.1.25]}
  - {name: standby, addresses: [10.0.2.25]}
`)
	w.publishes("db", "10.0.1.25:5432", "10.0.2.25:5432")
	before := w.external("db")
	generation := before.Generation

	out := w.fairlead("switch", "-n", w.ns, "db", "standby", "--reason", "a drill")
	for _, want := range []string{"is pinned to standby (priority 0)", ": a drill\n", "  status   followed: standby is published\n", " --auto\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("it says\n%s\nwant %q", out, want)
		}
	}
	w.publishes("db", "10.0.2.25:5432")
	who := strings.Fields(w.kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"))
	got := w.external("db")
	if by := got.Annotations["fairlead.dev/pinned-by"]; len(who) != 1 || by != who[0] {
		t.Errorf("pinned by %q, and the API server knows the caller as %q", by, who)
	}
	if got.Annotations["fairlead.dev/pin-reason"] != "a drill" || got.Annotations["fairlead.dev/pinned-at"] == "" || got.Generation != generation {
		t.Errorf("annotations %v, generation %d of %d", got.Annotations, got.Generation, generation)
	}

	out = w.fairlead("switch", "-n", w.ns, "db", "--auto", "-o", "json")
	for _, want := range []string{`"pinnedBefore": "standby"`, `"followed": true`} {
		if !strings.Contains(out, want) {
			t.Errorf("it says\n%s\nwant %q", out, want)
		}
	}
	if got := w.external("db").Annotations; !maps.Equal(got, before.Annotations) {
		t.Errorf("annotations %v, want %v again", got, before.Annotations)
	}

	for args, want := range map[string]string{
		"db stanby":     "has no target \"stanby\": did you mean standby?",
		"dv standby":    "did you mean db?",
		"other standby": "there is no ExternalService " + w.ns + "/other in the cluster at http",
	} {
		cmd := program.Command(t, append([]string{"switch", "--kubeconfig", w.c.Kubeconfig(), "-n", w.ns}, strings.Fields(args)...)...)
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), want) {
			t.Errorf("switch %s: %v, %s; want %q", args, err, out, want)
		}
	}
}

// fairlead runs a command of the program in the cluster.
func (w *world) fairlead(args ...string) string {
	w.t.Helper()
	cmd := program.Command(w.t, append(args, "--kubeconfig", w.c.Kubeconfig())...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("fairlead %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
