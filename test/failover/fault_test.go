//go:build linux

package failover_test

import (
	"testing"
	"time"

	"fairlead.dev/test/failover"
)

// TestFault: the primary fails in one of the ways in which servers do, and the
// standby is promoted. Nobody tells Fairlead. When the old primary comes back as
// one, which nobody told anything either, it is given no client.
func TestFault(t *testing.T) {
	fairlead(t)
	for _, fault := range []failover.Fault{failover.Kill(), failover.Cut()} {
		t.Run(fault.Name, func(t *testing.T) {
			p := open(t, failover.Tiers())
			survives(t, p, fault)
			onceInHistory(t, p)
		})
	}
}

func survives(t *testing.T, p *failover.Play, fault failover.Fault) {
	struck := strike(t, p, fault)
	promote(t, p)
	served(t, p, failover.B)
	moved := time.Now()
	fails(t, p, failover.A)
	if err := p.Ended(t.Context(), moved); err != nil {
		t.Fatal(err)
	}
	heal(t, p, fault)
	passes(t, p, failover.A)
	served(t, p, failover.B)
	onceAndForAll(t, log(t, p), struck)
}
