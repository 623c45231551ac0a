//go:build linux

package failover_test

import (
	"slices"
	"strings"
	"testing"

	"fairlead.dev/test/failover"
	"fairlead.dev/test/lab"
)

// TestDNSDead: nothing at all is answered outside while the primary dies and
// clients move. What is published needs no DNS, and its return moves nobody.
func TestDNSDead(t *testing.T) {
	fairlead(t)
	p := open(t, failover.Tiers())
	p.OutsideDNS().Fault(lab.Faults{Quiet: true})
	dead := p.Client.Mark("the outside DNS is silent")
	says(t, p, "DNS is known to fail", func(s *failover.Status) string {
		if got := s.Condition("Resolved"); !strings.HasPrefix(got, "False ") {
			return "Resolved is " + got
		}
		return ""
	})
	served(t, p, failover.A)
	quiet := p.Client.Log().Since(dead)
	if path := quiet.Path(); !slices.Equal(path, []string{failover.A}) {
		t.Errorf("while DNS was silent and all else was well clients were led %q", path)
	}

	struck := strike(t, p, failover.Kill())
	promote(t, p)
	served(t, p, failover.B)
	p.OutsideDNS().Fault(lab.Faults{})
	p.Client.Mark("the outside DNS answers")
	says(t, p, "DNS is known to answer", func(s *failover.Status) string {
		if got := s.Condition("Resolved"); !strings.HasPrefix(got, "True ") {
			return "Resolved is " + got
		}
		return ""
	})
	served(t, p, failover.B)
	onceAndForAll(t, log(t, p), struck)
	onceInHistory(t, p)
}
