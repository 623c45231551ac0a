//go:build linux && soak

package failover_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"fairlead.dev/test/failover"
)

// TestOtherFault is TestFault with the faults that take longer, and with both servers
// in one tier.
func TestOtherFault(t *testing.T) {
	fairlead(t)
	for _, fault := range []failover.Fault{failover.Hang(), failover.Refuse()} {
		t.Run(fault.Name, func(t *testing.T) {
			p := open(t, failover.Tiers())
			survives(t, p, fault)
			onceInHistory(t, p)
		})
	}
	for _, fault := range []failover.Fault{failover.Kill(), failover.Hang()} {
		t.Run("one tier/"+fault.Name, func(t *testing.T) { survives(t, open(t, failover.Pool()), fault) })
	}
}

// TestByHandName is TestByHand where a person patches an ExternalName.
func TestByHandName(t *testing.T) {
	for _, way := range []failover.Way{failover.Name(), failover.CachedName()} {
		t.Run(way.Name, func(t *testing.T) { movedByHand(t, way) })
	}
}

// TestPromotedBehindDNS: a switch-over of which DNS says nothing, and then says it,
// takes it back, and says it again, as managed databases do. Clients follow the
// role and are moved once.
func TestPromotedBehindDNS(t *testing.T) {
	fairlead(t)
	for _, way := range []failover.Way{failover.Tiers(), failover.Pool()} {
		t.Run(way.Name, func(t *testing.T) {
			p := open(t, way)
			// The old primary ends first, as in every orderly switch-over.
			struck := strike(t, p, failover.Kill())
			promote(t, p)
			if err := p.DBA.Rejoin(t.Context(), p.DBB); err != nil {
				t.Fatal(err)
			}
			p.Client.Mark("A follows B")
			served(t, p, failover.B)
			for _, server := range []string{failover.B, failover.A, failover.B, failover.A} {
				asked := p.OutsideDNS().Queries(failover.NameA, "A")
				if err := p.Repoint(failover.NameA, server); err != nil {
					t.Fatal(err)
				}
				p.Client.Mark("DNS says that " + failover.NameA + " is " + server)
				// The second question comes when the first one's answer is known.
				eventually(t, "the name is asked for again", func() string {
					if n := p.OutsideDNS().Queries(failover.NameA, "A"); n < asked+2 {
						return fmt.Sprintf("%d queries, %d before", n, asked)
					}
					return ""
				})
				served(t, p, failover.B)
			}
			onceAndForAll(t, log(t, p), struck)
		})
	}
}

// TestTwoPrimaries: a standby that is promoted beside a primary that is alive is a
// split brain, which nobody feeds: clients stay where they are. With the old one
// dead they go to the new one, and stay there when it comes back as a primary: it
// lacks what was written since.
func TestTwoPrimaries(t *testing.T) {
	fairlead(t)
	for _, way := range []failover.Way{failover.Tiers(), failover.Automatic(), failover.Pool()} {
		t.Run(way.Name, func(t *testing.T) {
			p := open(t, way)
			fails(t, p, failover.B)
			promote(t, p)
			passes(t, p, failover.B)
			served(t, p, failover.A)
			if path := p.Client.Log().Path(); !slices.Equal(path, []string{failover.A}) {
				t.Errorf("with two primaries clients were led %q, want to stay with %s", path, failover.A)
			}
			struck := strike(t, p, failover.Kill())
			served(t, p, failover.B)
			fails(t, p, failover.A)
			heal(t, p, failover.Kill())
			passes(t, p, failover.A)
			since := time.Now()
			eventually(t, "some time", func() string {
				if n := len(p.Client.Log().Since(since).Attempts); n < 200 {
					return "not yet"
				}
				return ""
			})
			served(t, p, failover.B)
			onceAndForAll(t, log(t, p), struck)
		})
	}
}

// TestControllerKilledLate is TestControllerKilled once the move has begun to be
// written.
func TestControllerKilledLate(t *testing.T) {
	carriesOn(t, func(p *failover.Play) { publishes(t, p, "db", failover.Address(failover.B)) })
}

// TestBothDownWatched is TestBothDown with one controller all the time.
func TestBothDownWatched(t *testing.T) { outlasts(t, false) }

// TestReplicas: a second ExternalService follows the replicas, and both change
// places in a switch-over without a change of DNS.
func TestReplicas(t *testing.T) {
	fairlead(t)
	p := open(t, failover.Pool())
	if err := p.Apply(t.Context(), failover.Replicas); err != nil {
		t.Fatal(err)
	}
	a, b := failover.Address(failover.A), failover.Address(failover.B)
	publishes(t, p, "db", a)
	publishes(t, p, "db-replicas", b)
	struck := strike(t, p, failover.Kill())
	promote(t, p)
	served(t, p, failover.B)
	if err := p.DBA.Rejoin(t.Context(), p.DBB); err != nil {
		t.Fatal(err)
	}
	publishes(t, p, "db", b)
	publishes(t, p, "db-replicas", a)
	onceAndForAll(t, log(t, p), struck)
}
