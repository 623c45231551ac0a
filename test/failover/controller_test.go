//go:build linux

package failover_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead.dev/test/failover"
)

// TestControllerKilled: in the middle of a failover, before it has begun to write.
// Another one carries on.
func TestControllerKilled(t *testing.T) {
	carriesOn(t, func(p *failover.Play) {
		began := time.Now() // there was no service before the first endpoint, either
		eventually(t, "a connection fails", func() string {
			if len(p.Client.Log().Since(began).Gaps()) == 0 {
				return "none does"
			}
			return ""
		})
	})
}

// carriesOn kills the controller at some time after a fault.
func carriesOn(t *testing.T, when func(*failover.Play)) {
	t.Helper()
	first := fairlead(t)
	p := open(t, failover.Tiers())
	struck := strike(t, p, failover.Hang())
	promote(t, p)
	when(p)
	first.Kill()
	p.Client.Mark("the controller is killed")
	fairlead(t)
	p.Client.Mark("another one is ready")
	served(t, p, failover.B)
	onceAndForAll(t, log(t, p), struck)
	onceInHistory(t, p)
}

// TestBothDown: while all are down the last endpoint stays published, and service
// is back as soon as it is, with nobody moved. Meanwhile the controller is
// restarted.
func TestBothDown(t *testing.T) { outlasts(t, true) }

func outlasts(t *testing.T, restarted bool) {
	t.Helper()
	ctl := fairlead(t)
	p := open(t, failover.Tiers())
	p.DBB.Kill()
	p.Client.Mark("B is killed")
	served(t, p, failover.A)
	strike(t, p, failover.Kill())
	allDown := func(s *failover.Status) string {
		if got := s.Condition("Healthy"); !strings.HasPrefix(got, "False ") {
			return "Healthy is " + got
		}
		if a, b := s.Failing(failover.Address(failover.A)), s.Failing(failover.Address(failover.B)); a == "" || b == "" {
			return fmt.Sprintf("A fails with %q, B with %q", a, b)
		}
		return ""
	}
	says(t, p, "both are known to be down", allDown)
	if restarted {
		ctl.Kill()
		fairlead(t)
		says(t, p, "both are known to be down", allDown)
	}
	publishes(t, p, "db", failover.Address(failover.A))
	healed := heal(t, p, failover.Kill())
	served(t, p, failover.A)
	l := log(t, p)
	if path := l.Path(); !slices.Equal(path, []string{failover.A}) {
		t.Errorf("clients were led %q, want to %s alone", path, failover.A)
	}
	if len(l.Since(healed).Wrote(failover.A)) == 0 {
		t.Error("nobody was served in the end")
	}
}
