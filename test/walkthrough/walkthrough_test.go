//go:build linux

package walkthrough

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"fairlead.dev/test/console"
	"fairlead.dev/test/lab"
)

const page = "docs/walkthrough.md"

// TestWalkthrough types what the page says, from make walkthrough-up to make
// cluster-down, and shows where it is.
func TestWalkthrough(t *testing.T) {
	lab.Skip(t, "make", "runc", "nft", "busybox", "named", "nsupdate", "dig", "nslookup", "nc", "curl", "psql")
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	steps, err := console.Read(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	r := console.Runner{
		Shell:    shell(t, root),
		Patience: time.Minute,
		Limit:    20 * time.Minute, // the first start of a cluster builds it
		Progress: os.Stdout,
	}
	if err := r.Run(t.Context(), page, steps); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("\n%d commands print what %s says, in %s\n", len(steps), page, time.Since(began).Round(time.Second))
}

// shell is a terminal in the repository's folder. Its cluster is apart from one
// that a person may have running, and ends in any case.
func shell(t *testing.T, root string) *console.Shell {
	t.Helper()
	cmd := exec.Command("bash")
	cmd.Dir = root
	cmd.Env = environment(t)
	sh, err := console.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sh.Close(); err != nil {
			t.Error(err)
		}
		down := exec.CommandContext(context.Background(), "make", "-s", "cluster-down")
		down.Dir, down.Env = root, cmd.Env
		if out, err := down.CombinedOutput(); err != nil {
			t.Errorf("end the cluster: %v\n%s", err, out)
		}
	})
	return sh
}

// environment is what the page's commands see. Pages are the same everywhere,
// and so is the language that they are answered in.
func environment(t *testing.T) []string {
	t.Helper()
	var env []string
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); !strings.HasPrefix(name, "KUBE") {
			env = append(env, kv)
		}
	}
	return append(env,
		"CLUSTER_STATE="+filepath.Join(t.TempDir(), "cluster"),
		"CLUSTER_WITH="+strconv.Itoa(os.Getpid()), // also where this process is killed
		"LC_ALL=C", "MAKEFLAGS=", "MAKELEVEL=",
	)
}
