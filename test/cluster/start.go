//go:build linux

package cluster

import (
	"os"
	"testing"

	"fairlead.dev/test/lab"
)

// Start is Up for a test: it skips the test where the machine cannot hold the
// tier, ends the tier when the test ends, and shows the parts' logs if the
// test has failed.
func Start(t testing.TB, opts Options) *Cluster {
	t.Helper()
	skip(t, opts)
	c, err := Up(t.Context(), opts, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		showLogs(t, c)
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func skip(t testing.TB, opts Options) {
	t.Helper()
	if !opts.Node {
		return
	}
	lab.Skip(t, nodePrograms()...)
	if _, err := os.Stat(cniPlugins + "/ptp"); err != nil {
		t.Skip("containernetworking-plugins is not installed: run `make packages` as root")
	}
}

// nodePrograms are those of the machine that the node tier starts.
func nodePrograms() []string {
	return []string{"runc", "nft", "busybox", "mount", "named", "nsupdate", "dig"}
}

func showLogs(t testing.TB, c *Cluster) {
	t.Helper()
	if t.Failed() {
		t.Log(c.LogTail(20))
	}
}
