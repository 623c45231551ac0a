//go:build linux

package install

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestHelm's Pods are as confined as the chart says, by what the kernel knows of
// their processes rather than by what their manifest says.
func (s site) confined(t *testing.T) {
	uids := strings.Fields(s.kubectl(t, "get", "pods", "-n", system, "-o", "jsonpath={.items[*].metadata.uid}"))
	for _, uid := range uids {
		dir := process(t, uid)
		status := map[string]string{}
		for line := range strings.Lines(readFile(t, filepath.Join(dir, "status"))) {
			name, value, _ := strings.Cut(line, ":")
			status[name] = strings.Join(strings.Fields(value), " ")
		}
		const nothing = "0000000000000000"
		for name, want := range map[string]string{
			"Uid": "65532 65532 65532 65532", "Gid": "65532 65532 65532 65532", "Groups": "65532",
			"CapInh": nothing, "CapPrm": nothing, "CapEff": nothing, "CapBnd": nothing, "CapAmb": nothing,
			"NoNewPrivs": "1",
			"Seccomp":    "2", // a filter
		} {
			if status[name] != want {
				t.Errorf("%s of the controller's process is %q, want %q", name, status[name], want)
			}
		}
		// Not even the machine's root can write there.
		err := os.WriteFile(filepath.Join(dir, "root", "probe"), nil, 0o600)
		if !errors.Is(err, syscall.EROFS) {
			t.Errorf("writing to its root file system: %v, want that it is read-only", err)
		}
		if env := strings.Split(readFile(t, filepath.Join(dir, "environ")), "\x00"); !slices.Contains(env, "GOMEMLIMIT=460MiB") {
			t.Errorf("its environment %q has not GOMEMLIMIT=460MiB, nine tenths of the limit", env)
		}
		if conf := readFile(t, filepath.Join(dir, "root", "etc", "resolv.conf")); !strings.Contains(conf, "10.0.1.53") {
			t.Errorf("its resolv.conf does not name the node's resolver:\n%s", conf)
		}
	}
	if len(uids) != 2 {
		t.Errorf("there are %d Pods, want 2", len(uids))
	}
}

// process is the folder in /proc of the controller in a Pod.
func process(t *testing.T, podUID string) string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		group, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(group), podUID) {
			continue // it has ended, or is another's
		}
		dir := filepath.Dir(path)
		if words := strings.Split(readFile(t, filepath.Join(dir, "cmdline")), "\x00"); words[0] == "/fairlead" {
			return dir
		}
	}
	t.Fatal(fmt.Errorf("no process of Pod %s runs /fairlead", podUID))
	return ""
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
