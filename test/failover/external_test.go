//go:build linux && soak

package failover_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fairlead.dev/test/failover"
	"fairlead.dev/test/lab"
)

// TestFault: the primary fails in one of the ways in which servers do, and the
// standby is promoted. Nobody tells Fairlead. When the old primary comes back as
// one, which nobody told anything either, it is given no client.
func TestFault(t *testing.T) {
	fairlead(t)
	for _, fault := range failover.Faults() {
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

func survives(t *testing.T, p *failover.Play, fault failover.Fault) {
	struck := strike(t, p, fault)
	promote(t, p)
	served(t, p, failover.B)
	fails(t, p, failover.A)
	heal(t, p, fault)
	passes(t, p, failover.A)
	served(t, p, failover.B)
	onceAndForAll(t, log(t, p), struck)
}

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
			since := p.Client.Mark("it is known")
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

// TestControllerKilled: in the middle of a failover, before and after it has
// begun to write. Another one carries on.
func TestControllerKilled(t *testing.T) {
	for _, tt := range []struct {
		name string
		when func(*testing.T, *failover.Play)
	}{
		{"clients fail", func(t *testing.T, p *failover.Play) {
			eventually(t, "a connection fails", func() string {
				if len(p.Client.Log().Gaps()) == 0 {
					return "none does"
				}
				return ""
			})
		}},
		{"the slice moves", func(t *testing.T, p *failover.Play) {
			publishes(t, p, "db", failover.Address(failover.B))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			first := fairlead(t)
			p := open(t, failover.Tiers())
			struck := strike(t, p, failover.Hang())
			promote(t, p)
			tt.when(t, p)
			first.Kill()
			p.Client.Mark("the controller is killed")
			fairlead(t)
			p.Client.Mark("another one is ready")
			served(t, p, failover.B)
			onceAndForAll(t, log(t, p), struck)
			onceInHistory(t, p)
		})
	}
}

// TestBothDown: while all are down the last endpoint stays published, and service
// is back as soon as it is, with nobody moved. Meanwhile the controller may be
// restarted.
func TestBothDown(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		t.Run(fmt.Sprintf("restarted %t", restarted), func(t *testing.T) {
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
		})
	}
}

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
