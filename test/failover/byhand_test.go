//go:build linux && soak

package failover_test

import (
	"slices"
	"testing"
	"time"

	"fairlead.dev/test/failover"
	"fairlead.dev/test/traffic"
)

// TestByHand: what happens today. The time until a person knows and acts is not in
// it: the command is sent at the moment of the fault. `make bench` plays the other
// faults, too.
func TestByHand(t *testing.T) {
	for _, way := range failover.ByHand() {
		t.Run(way.Name, func(t *testing.T) {
			p := open(t, way)
			struck, err := p.Once(t.Context(), failover.Kill())
			if err != nil {
				t.Fatal(err)
			}
			onceAndForAll(t, log(t, p), struck)
		})
	}
}

// onceAndForAll judges a log of clients that were to go from A, which is struck,
// to B.
func onceAndForAll(t *testing.T, l traffic.Log, struck time.Time) {
	t.Helper()
	if path := l.Path(); !slices.Equal(path, []string{failover.A, failover.B}) {
		t.Errorf("clients were led %q, want from %s to %s, once", path, failover.A, failover.B)
	}
	for _, a := range l.Since(struck).Wrote(failover.A) {
		t.Errorf("connection %d, which began after the fault, was served by %s", a.Seq, failover.A)
	}
	for _, a := range l.LateWrites(failover.A, failover.B) {
		t.Errorf("row %d was taken by %s, though %s had taken one", a.Seq, failover.A, failover.B)
	}
	for _, g := range l.Gaps() {
		if g.Open {
			t.Errorf("there is no service in the end, since %s", g.From)
		}
	}
	if n := l.Outcomes()[traffic.Failed]; n > 0 {
		t.Errorf("%d connections ended in a way that nothing here explains", n)
	}
}
