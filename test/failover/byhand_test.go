//go:build linux

package failover_test

import (
	"testing"

	"fairlead.dev/test/failover"
)

// TestByHand: what happens today, where a person edits the EndpointSlice. The time until
// that person knows and acts is not in it: the command is sent at the moment of the
// fault. `make bench` plays the other faults, too.
func TestByHand(t *testing.T) { movedByHand(t, failover.Slice()) }

func movedByHand(t *testing.T, way failover.Way) {
	t.Helper()
	p := open(t, way)
	struck, err := p.Once(t.Context(), failover.Kill())
	if err != nil {
		t.Fatal(err)
	}
	onceAndForAll(t, log(t, p), struck)
}
