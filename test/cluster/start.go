//go:build linux

package cluster

import (
	"os"
	"testing"
)

// Start is Up for a test: it ends the tier when the test ends, and shows the
// parts' logs if the test has failed.
func Start(t testing.TB, opts Options) *Cluster {
	t.Helper()
	c, err := Up(t.Context(), opts, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(c.LogTail(20))
		}
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}
