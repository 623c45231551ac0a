//go:build linux

package failover_test

import (
	"slices"
	"testing"
	"time"

	"fairlead.dev/test/failover"
	"fairlead.dev/test/traffic"
)

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

// onceInHistory: the status tells of one move, why it was, and how long it took.
func onceInHistory(t *testing.T, p *failover.Play) {
	t.Helper()
	s := says(t, p, "its history ends with the standby", func(s *failover.Status) string {
		if len(s.History) == 0 || !slices.Equal(s.History[0].To, []string{"standby"}) {
			return "it does not"
		}
		return ""
	})
	moves := 0
	for _, h := range s.History {
		t.Logf("%q to %q after %s: %s: %s", h.From, h.To, h.Took, h.Reason, h.Message)
		if len(h.From) > 0 {
			moves++
		}
	}
	if moves != 1 || s.History[0].Took == "" {
		t.Errorf("the status tells of %d moves, want one, and how long it took: %+v", moves, s.History)
	}
}
