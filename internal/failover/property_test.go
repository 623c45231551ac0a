package failover_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"fairlead.dev/internal/model"
)

var (
	names   = []string{"a.example.com", "b.example.com", "c.example.com"}
	classes = []model.Class{
		model.Answered, model.NotFound, model.Empty, model.Timeout, model.ServerFailure, model.Refused, model.Broken,
	}
)

// anything is what may be known of the names: any last answer, any last good
// one before it, addresses in and out of the forbidden range.
func anything(t *rapid.T) known {
	k := known{}
	for _, name := range names {
		for _, typ := range []string{" A", " AAAA"} {
			if !rapid.Bool().Draw(t, "known") {
				continue
			}
			var a model.Answer
			if rapid.Bool().Draw(t, "good") {
				pool := []string{"10.0.1.25", "10.0.1.26", "127.96.3.4"}
				if typ == " AAAA" {
					pool = []string{"fd00::25", "fd00::26"}
				}
				n := rapid.IntRange(1, len(pool)).Draw(t, "n")
				a = records(time.Duration(rapid.IntRange(0, 1000).Draw(t, "ago"))*time.Second, pool[:n]...)
			}
			k[name+typ] = a
			if c := rapid.SampledFrom(classes).Draw(t, "class"); c != model.Answered {
				if c.Failed() && rapid.Bool().Draw(t, "missing before") {
					said := rapid.SampledFrom([]func(string, model.Class, time.Duration) known{k.then, k.once}).Draw(t, "said")
					said(name+typ, model.NotFound, time.Duration(rapid.IntRange(0, 200).Draw(t, "missing"))*time.Second)
				}
				k.then(name+typ, c, time.Duration(rapid.IntRange(0, 200).Draw(t, "since"))*time.Second)
			} else if a.Good.At.IsZero() {
				delete(k, name+typ)
			}
		}
	}
	return k
}

func someTargets(t *rapid.T) []model.Target {
	var targets []model.Target
	for i := range rapid.IntRange(0, 4).Draw(t, "targets") {
		name := string(rune('a' + i))
		priority := rapid.IntRange(0, 2).Draw(t, "priority")
		if rapid.Bool().Draw(t, "fixed") {
			targets = append(targets, fixed(name, priority, "10.0.9."+string(rune('1'+i))))
			continue
		}
		targets = append(targets, host(name, priority, rapid.SampledFrom(names).Draw(t, "hostname")))
	}
	return targets
}

func TestInvariants(t *testing.T) {
	forbidden := netip.MustParsePrefix("127.96.0.0/16")
	rapid.Check(t, func(t *rapid.T) {
		targets, k := someTargets(t), anything(t)
		typ := rapid.SampledFrom([]model.ServiceType{model.ClusterIP, model.Headless}).Draw(t, "type")
		d := decide(typ, targets, k)

		best := 99
		for _, target := range targets {
			best = min(best, target.Priority)
		}
		published := map[netip.Addr]bool{}
		for _, e := range d.Endpoints {
			published[e.Addr] = true
			if forbidden.Contains(e.Addr) {
				t.Fatalf("%s is published", e.Addr)
			}
			i := slices.IndexFunc(targets, func(t model.Target) bool { return t.Name == e.Target })
			if targets[i].Priority != best {
				t.Fatalf("%s is published, of the tier %d while there is %d", e.Addr, targets[i].Priority, best)
			}
		}
		for _, target := range targets {
			if target.Priority != best || target.Hostname == "" {
				continue
			}
			for _, typ := range []string{" A", " AAAA"} {
				a := k[target.Hostname+typ]
				believed := !a.MissingSince.IsZero() && !a.MissingAt.Before(a.MissingSince.Add(time.Minute))
				for _, addr := range a.Good.Addrs {
					if !forbidden.Contains(addr) && published[addr] == believed && (!believed || !elsewhere(k, targets, best, addr)) {
						t.Fatalf("%s of %s: published %v, though NXDOMAIN is believed: %v", addr, target.Hostname, published[addr], believed)
					}
				}
			}
		}
		if len(d.Conditions) != 3 {
			t.Fatalf("conditions: %v", d.Conditions)
		}
		for _, c := range d.Conditions {
			if c.Reason == "" || c.Message == "" {
				t.Fatalf("condition without reason or message: %+v", c)
			}
		}
		if ready, _ := d.Condition(model.Ready); ready.Status != (len(d.Endpoints) > 0) {
			t.Fatalf("Ready is %v with %d endpoints", ready.Status, len(d.Endpoints))
		}
		if !d.Next.IsZero() && !d.Next.After(now) {
			t.Fatalf("to be decided again at %s, which is past", d.Next)
		}
	})
}

// elsewhere reports whether another question of the published tier gives addr.
func elsewhere(k known, targets []model.Target, best int, addr netip.Addr) bool {
	for _, target := range targets {
		if target.Priority != best {
			continue
		}
		for _, typ := range []string{" A", " AAAA"} {
			a := k[target.Hostname+typ]
			believed := !a.MissingSince.IsZero() && !a.MissingAt.Before(a.MissingSince.Add(time.Minute))
			if !believed && slices.Contains(a.Good.Addrs, addr) {
				return true
			}
		}
	}
	return false
}

// TestDeterministic: the same input gives the same decision, and the order in
// which a server gives its records plays no part.
func TestDeterministic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		targets, k := someTargets(t), anything(t)
		turned := known{}
		for q, a := range k {
			a.Good.Addrs = slices.Clone(a.Good.Addrs)
			slices.Reverse(a.Good.Addrs)
			turned[q] = a
		}
		x, y := decide(model.ClusterIP, targets, k), decide(model.ClusterIP, targets, turned)
		for i := range x.Endpoints {
			if x.Endpoints[i].Addr != y.Endpoints[i].Addr {
				t.Fatalf("%v became %v", x.Endpoints, y.Endpoints)
			}
		}
	})
}
