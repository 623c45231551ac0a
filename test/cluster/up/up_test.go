//go:build linux

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fairlead.dev/test/lab"
)

// TestUpAndDown: a person starts a cluster, uses it from another command, and
// ends it.
func TestUpAndDown(t *testing.T) {
	for _, tier := range []struct {
		name  string
		flags []string
		want  string
	}{
		{"control", nil, "service/kubernetes"},
		{"node", []string{"-node", "-host=db=10.0.1.25"}, "node/node"},
	} {
		t.Run(tier.name, func(t *testing.T) {
			if tier.flags != nil {
				lab.Skip(t, "runc", "nft", "named", "busybox", "curl", "psql", "dig")
			}
			u := newUp(t, tier.flags...)
			out := u.run("-detach")
			if tier.flags != nil && !strings.Contains(out, "On host db (10.0.1.25): nsenter") {
				t.Errorf("it printed\n%s\nwant how to enter host db", out)
			}
			if again := u.run("-detach"); !strings.Contains(again, value(t, out, "export KUBECONFIG=")) {
				t.Errorf("a second one printed\n%s\nwant that the first is up", again)
			}
			kubectl := exec.CommandContext(t.Context(), value(t, out, "alias kubectl="), "get", "nodes,services", "-o", "name")
			kubectl.Env = append(os.Environ(), "KUBECONFIG="+value(t, out, "export KUBECONFIG="), "KUBECACHEDIR="+t.TempDir())
			if got, err := kubectl.CombinedOutput(); err != nil || !strings.Contains(string(got), tier.want) {
				t.Errorf("kubectl printed %q, %v; want %s", got, err, tier.want)
			}
			u.run("-down")
			if _, err := os.Stat(filepath.Dir(value(t, out, "export KUBECONFIG="))); !os.IsNotExist(err) {
				t.Errorf("its folder is still there: %v", err)
			}
			if out := u.run("-down"); !strings.Contains(out, "None is up") {
				t.Errorf("a second -down printed %q", out)
			}
		})
	}
}

// up is the built command with its state and flags.
type up struct {
	t       *testing.T
	program string
	flags   []string
}

func newUp(t *testing.T, flags ...string) up {
	t.Helper()
	dir := t.TempDir()
	u := up{t: t, program: filepath.Join(dir, "up"), flags: append(flags, "-state="+filepath.Join(dir, "state"))}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", u.program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() {
		cmd := exec.CommandContext(context.Background(), u.program, append(u.flags, "-down")...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	return u
}

func (u up) run(flag string) string {
	u.t.Helper()
	out, err := exec.CommandContext(u.t.Context(), u.program, append(u.flags, flag)...).CombinedOutput()
	if err != nil {
		u.t.Fatalf("up %s: %v\n%s", flag, err, out)
	}
	return string(out)
}

// value is what follows the word on its line.
func value(t *testing.T, text, word string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, word)
	if !ok {
		t.Fatalf("no %q in\n%s", word, text)
	}
	v, _, _ := strings.Cut(rest, "\n")
	return v
}
