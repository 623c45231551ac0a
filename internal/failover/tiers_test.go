package failover_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
)

func failsafe(f model.Failover) func(*model.Service) {
	return func(s *model.Service) {
		if f.FailbackDelay == 0 {
			f.FailbackDelay = time.Minute
		}
		s.Failover = f
	}
}

func primary(s *model.Service) { s.Probe.Kind, s.Probe.Role = model.ProbePostgres, model.RolePrimary }

// named has the service live at one hostname, whose addresses DNS gives and takes.
func named(also ...func(*model.Service)) func(*model.Service) {
	return func(s *model.Service) {
		s.Targets = []model.Target{host("db", 0, "db.example.com")}
		for _, f := range also {
			f(s)
		}
	}
}

// TestStories is the table of what becomes of a service that is probed.
func TestStories(t *testing.T) {
	for name, s := range map[string]story{
		"failures fewer than the threshold move nothing, and a success counts from the start": {tiers: "a | b", lines: `
			0s  a+ b+ -> a Started
			5s  a- b+ -> a
			10s a- b+ -> a
			15s a+ b+ -> a
			20s a- b+ -> a
			25s a- b+ -> a
			30s a- b+ -> b TierDown`},
		"before the first probe the best tier is published, for no reason to wait": {tiers: "a | b", lines: `
			0s       -> a
			1s  b+   -> a
			2s  a+   -> a`},
		"a service that starts while its best tier is dead": {tiers: "a | b", lines: `
			0s  a- b+ -> a
			1s  a-    -> a
			2s  a- b+ -> b TierDown`},
		"back after failbackDelay of health, not before": {tiers: "a | b", lines: `
			0s  a+ b+ -> a
			5s  a- b+ -> a
			6s  a-    -> a
			7s  a- b+ -> b
			10s a+ b+ -> b
			11s a+    -> b
			70s a+ b+ -> b
			71s       -> a Failback`},
		"a failure that takes the better tier down begins failbackDelay anew": {tiers: "a | b", lines: `
			0s   a+ b+       -> a
			5s   a- a- a- b+ -> b
			10s  a+ a+       -> b
			60s  a- a- a- b+ -> b
			65s  a+ a+       -> b
			71s  b+          -> b
			124s b+          -> b
			125s b+          -> a Failback`},
		"a tier that is failing is none to go back to, before it answers": {tiers: "a | b | c", lines: `
			0s   a+ b+ c+ -> a
			100s a- a- a- -> a
			101s c+       -> a
			102s b-       -> c TierDown
			103s c+       -> c
			104s b-       -> c
			105s b+       -> b Failback`},
		"a flapping primary costs one move each failbackDelay at most": {tiers: "a | b", lines: `
			0s  a+ b+       -> a
			5s  a- a- a- b+ -> b
			15s a+ a+       -> b
			20s a- a- a-    -> b
			30s a+ a+       -> b
			35s a- a- a-    -> b`},
		"Manual: it stays while what serves is up, and moves when that dies": {tiers: "a | b", spec: failsafe(model.Failover{ManualFailback: true}), lines: `
			0s     a+ b+       -> a
			5s     a- a- a- b+ -> b
			10s    a+ a+       -> b
			10000s a+ b+       -> b
			10005s b- b- b- a+ -> a TierDown`},
		"all down: the last ones stay, and the first to be back serves once they have failed since": {tiers: "a | b", lines: `
			0s   a+ b+       -> a
			5s   a- a- a- b+ -> b
			10s  b- b- b-    -> b
			99s  a- b-       -> b
			100s a+ a+       -> b
			101s b-          -> a TierDown`},
		"all down with Withdraw: none is ready, all are known": {tiers: "a | b", spec: failsafe(model.Failover{Withdraw: true}), lines: `
			0s   a+ b+       -> a
			5s   a- a- a- b+ -> b
			10s  b- b- b-    -> (b)
			100s b+ b+       -> b`},
		"the prober has lost its network: nothing has answered since, so nothing moves": {tiers: "a b | c", lines: `
			0s  a+ b+ c+ -> a b
			4s  a- b- c- -> a b
			5s  a- b-    -> a b
			6s  a- b-    -> a b
			7s  c-       -> a b
			8s  c-       -> a b
			60s a+ b+ c+ -> a b
			61s a+ b+ c+ -> a b`},
		"the prober gets its network back, and hears the standby first: nothing moves": {tiers: "a b | c", lines: `
			0s  a+ b+ c+          -> a b
			5s  a- b- c-          -> a b
			6s  a- b- c-          -> a b
			7s  a- b- c-          -> a b
			60s c+ c+             -> a b
			61s b+ b+             -> a b
			62s a+ a+             -> a b`},
		"a tier whose endpoints have all said no is left for one that is up, not for one that may be": {tiers: "a | b", spec: primary, lines: `
			0s     -> (a)
			1s  a! -> a
			2s  b+ -> b TierDown`},
		"the better one of those that stand by is waited for": {tiers: "a | b | c", lines: `
			0s  a+ b+ c+ -> a
			5s  a- a- a- -> a
			6s  c+       -> a
			7s  b+       -> b TierDown`},
		"and not waited for once it has failed since": {tiers: "a | b | c", lines: `
			0s  a+ b+ c+ -> a
			5s  a- a- a- -> a
			6s  c+       -> a
			7s  b-       -> c TierDown`},
		"one that stands by has to answer after the first failure": {tiers: "a | b", lines: `
			0s  a+ b+    -> a
			5s  a-       -> a
			6s  a-       -> a
			7s  a-       -> a
			8s  b+       -> b TierDown`},
		"in a tier one that is down is out once another one outlives it": {tiers: "a b", lines: `
			0s  a+ b+    -> a b
			5s  a- a- a- -> a b
			6s  b+       -> (a) b
			9s  b- b- b- -> (a) b
			20s a+       -> (a) b
			21s a+       -> a b
			22s b-       -> a (b)`},
		"one that comes back needs successThreshold": {tiers: "a b", lines: `
			0s  a+ b+       -> a b
			5s  a- a- a- b+ -> (a) b
			9s  a+          -> (a) b
			10s a-          -> (a) b
			11s a+ b+       -> (a) b
			12s a+          -> a b`},
		"a new endpoint waits for its first probe while another one is up": {tiers: "", spec: named(), lines: `
			0s  +a       -> a
			1s  a+       -> a
			5s  +b       -> a (b)
			6s  b+       -> a b`},
		"minimumReady": {tiers: "a b | c", spec: failsafe(model.Failover{MinimumReady: 2}), lines: `
			0s  a+ b+ c+       -> a b
			5s  a- a- a- b+ c+ -> (a) b
			9s  a+ a+ b+ c+    -> a b`},
		"minimumReady: a tier with too few gives way to one with enough": {tiers: "a b | c d", spec: failsafe(model.Failover{MinimumReady: 2}), lines: `
			0s  a+ b+ c+ d+       -> a b
			5s  a- a- a- b+ c+ d+ -> c d TierDown
			9s  d- d- d- c+       -> c (d)`},
		"minimumReady: the better tier is waited for, too, when half of it is proven": {tiers: "a b | c d | e f", spec: failsafe(model.Failover{MinimumReady: 2}), lines: `
			0s  a+ b+ c+ d+ e+ f+ -> a b
			5s  a- b-             -> a b
			6s  a- b-             -> a b
			7s  a- b-             -> a b
			8s  c+ e+ f+          -> a b
			9s  d+                -> c d TierDown`},
		"minimumReady: a tier that would be left at once is passed over": {tiers: "a b | c | d e", spec: failsafe(model.Failover{MinimumReady: 2}), lines: `
			0s  a+ b+ c+ d+ e+ -> a b
			5s  a- b-          -> a b
			6s  a- b- d- e-    -> a b
			7s  c+             -> a b
			8s  a- b-          -> d e TierDown`},
		"three tiers, the best that is up": {tiers: "a | b | c", lines: `
			0s  a+ b+ c+          -> a
			5s  b- b- b- c+       -> a
			10s a- a- a- b- c+    -> c TierDown
			20s b+ b+             -> c
			80s b+                -> b Failback
			90s a+ a+ b+          -> b
			150s                  -> a`},
		"a pin goes before probes, and letting go before failbackDelay": {tiers: "a | b", lines: `
			0s   a+ b+ -> a
			70s  pin=b -> b Pinned
			75s  b- b- b- a+ -> b
			80s  pin=  -> a Unpinned`},
		"a pin within a tier": {tiers: "a b", lines: `
			0s  a+ b+ -> a b
			5s  pin=b -> b Pinned
			6s  pin=  -> a b Unpinned`},
		"a pin to nobody pins nothing": {tiers: "a | b", lines: `
			0s  a+ b+ pin=z -> a Started`},
		"a restart changes nothing": {tiers: "a | b", lines: `
			0s  a+ b+       -> a
			5s  a- a- a- b+ -> b
			9s  restart     -> b TierDown
			9s  a-          -> b
			10s b+          -> b
			12s a+          -> b
			71s a+ b+       -> b
			72s             -> a Failback`},
		"a restart keeps what is out out": {tiers: "a b", lines: `
			0s  a+ b+       -> a b
			5s  a- a- a- b+ -> (a) b
			9s  restart     -> (a) b
			10s b+          -> (a) b
			11s a+          -> a b`},
		"the primary of a database is one": {tiers: "a b", spec: primary, lines: `
			0s             -> (a) (b)
			1s  b!         -> (a) (b)
			2s  a+         -> a (b)
			3s  a- a- a-   -> a (b)
			4s  b!         -> a (b)
			5s  b+ b+      -> a (b)
			6s  a-         -> (a) b
			7s  a+ a+      -> (a) b
			8s  b!         -> a (b)`},
		"a restart changes no primary, whichever answers first": {tiers: "a b", spec: primary, lines: `
			0s  a+ b!    -> a (b)
			5s  b+ b+    -> a (b)
			9s  restart  -> a (b)
			10s b+       -> a (b)
			11s a+       -> a (b)
			20s restart  -> a (b)
			21s b+       -> a (b)
			22s a- a-    -> a (b)
			23s a- b+    -> (a) b
			30s restart  -> (a) b
			31s a+       -> (a) b
			32s b? b? b? -> a (b)`},
		"an answer that is certain needs no threshold": {tiers: "a | b", spec: primary, lines: `
			0s  a+ b!    -> a
			5s  b+ b+    -> a
			6s  a!       -> b TierDown`},
		"a primary that comes back as a second one gets nothing": {tiers: "a | b", spec: primary, lines: `
			0s   a+ b!       -> a
			5s   a- a- a- b! -> a
			6s   b+ b+       -> a
			7s   a-          -> b TierDown
			10s  a+ a+       -> b
			999s a+ b+       -> b
			1000s a+ b!      -> a TierDown`},
		"a name that flickers bounces nobody": {tiers: "", spec: named(), lines: `
			0s   +a a+ -> a
			5s   -a +b -> a (b)
			6s   a+ b+ -> b
			10s  -b +a -> a
			15s  -a +b -> b
			20s  b+    -> b`},
		"a name that flickers, with a role: the old one gets nothing": {tiers: "", spec: named(primary), lines: `
			0s   +a a+    -> a
			5s   -a +b b! -> a (b)
			6s   b+ b+    -> b
			10s  -b +a a! -> (a) b
			15s  -a +b    -> b
			20s  -b +a    -> (a) b
			79s  a! b+    -> (a) b
			80s           -> a`},
		"what DNS gives no more goes after missingGrace, up or not": {tiers: "", spec: named(), lines: `
			0s   +a a+       -> a
			5s   -a +b       -> a (b)
			9s   b- b- b- a+ -> a (b)
			64s  a+          -> a (b)
			65s              -> b`},
		"retain": {tiers: "", spec: named(func(s *model.Service) { s.Resolution.Retain = 30 * time.Second }), lines: `
			0s   +a a+    -> a
			5s   -a +b b+ -> a b
			34s  a+       -> a b
			35s           -> b`},
		"retain: one that comes back begins anew": {tiers: "", spec: named(func(s *model.Service) { s.Resolution.Retain = 30 * time.Second }), lines: `
			0s   +a +b a+ b+ -> a b
			5s   -a          -> a b
			20s  +a          -> a b
			25s  -a          -> a b
			54s              -> a b
			55s              -> b`},
		"retain: an edit of the port moves the retained along": {tiers: "", spec: named(func(s *model.Service) { s.Resolution.Retain = 30 * time.Second }), lines: `
			0s   +a +b a+ b+ -> a b
			5s   -a          -> a b
			6s   port=9999   -> a b
			35s              -> b`},
		"an address of two targets counts once for minimumReady": {tiers: "a c | b d", spec: func(s *model.Service) {
			s.Failover.MinimumReady = 2
			s.Targets = append(s.Targets, fixed("x", 1, at("b").String()))
		}, lines: `
			0s  a+ c+       -> a c
			5s  a- a- a- b+ -> a c`},
		"a pin to a name that is not known yet moves nothing": {tiers: "a | b", spec: func(s *model.Service) {
			s.Targets = append(s.Targets, host("db", 1, "db.example.com"))
		}, lines: `
			0s  a+ b+  -> a
			5s  pin=db -> a
			6s  +c     -> c Pinned
			7s  c+     -> c`},
		"retain without a probe": {tiers: "", spec: named(func(s *model.Service) { s.Probe, s.Resolution.Retain = nil, 30*time.Second }), lines: `
			0s   +a +b -> a b
			5s   -a    -> a b
			35s        -> b`},
		"without a probe DNS is followed at once": {tiers: "", spec: named(func(s *model.Service) { s.Probe = nil }), lines: `
			0s   +a    -> a
			5s   -a +b -> b`},
	} {
		t.Run(name, func(t *testing.T) { tell(t, s) })
	}
}

// TestWords: what people read of it.
func TestWords(t *testing.T) {
	two := story{tiers: "a | b", lines: `
		0s  a+ b+    -> a
		5s  a-       -> a
		10s a-       -> a
		15s a- b+    -> b`}
	r := tell(t, two)
	want(t, r, "true ProbesPass: 1 of 1 endpoints are up; priority 1 serves", "true EndpointsReady: 1 of 1 endpoints are ready")
	if h := r.last.History[0]; h.Took != 10*time.Second || h.Message != "a: nothing listens there" ||
		strings.Join(h.From, "") != "a" || strings.Join(h.To, "") != "b" || h.FromPriority != 0 || h.ToPriority != 1 {
		t.Errorf("the move is %+v", h)
	}
	if s := r.last.Targets[0]; s.Reason != failover.ReasonTargetDown || s.Active || s.Checks[0].Verdict != model.Down {
		t.Errorf("the target that is down is %+v", s)
	}
	if s := r.last.Targets[1]; s.Reason != failover.ReasonFixed || !s.Active {
		t.Errorf("the target that serves is %+v", s)
	}
	r = tell(t, story{tiers: "a", lines: "0s a- a- a- -> a"})
	down := "false AllEndpointsDown: a: nothing listens there; the last ones stay published"
	want(t, r, down, down)
	r = tell(t, story{tiers: "a | b", lines: "0s b+ pin=b -> b"})
	want(t, r, "true ProbesPass: 1 of 1 endpoints are up; priority 1 serves; b is pinned by ann: a drill", "true EndpointsReady: 1 of 1 endpoints are ready")
	r = tell(t, story{tiers: "a | b", lines: "0s pin=z a+ -> a"})
	if got := r.says(model.Accepted); got != `false PinUnknown: no target is called "z", so nothing is pinned: there are a, b` {
		t.Errorf("Accepted is %s", got)
	}
	r = tell(t, story{tiers: "a", lines: "0s -> a"})
	want(t, r, "false NotProbedYet: the first probes are under way", "true EndpointsReady: 1 of 1 endpoints are ready")
}

func want(t *testing.T, r *teller, healthy, ready string) {
	t.Helper()
	if got := r.says(model.Healthy); got != healthy {
		t.Errorf("Healthy is %s\n    want %s", got, healthy)
	}
	if got := r.says(model.Ready); got != ready {
		t.Errorf("Ready is %s\n  want %s", got, ready)
	}
}

// TestAProbeThatIsAddedTakesNothingAway, nor does a restart after which no status says
// what was published.
func TestAProbeThatIsAddedTakesNothingAway(t *testing.T) {
	r := tell(t, story{tiers: "a b", spec: func(s *model.Service) { s.Probe = nil }, lines: "0s -> a b"})
	r.svc.Probe = &model.Probe{Kind: model.ProbePostgres, Role: model.RolePrimary, FailureThreshold: 1, SuccessThreshold: 1}
	r.line("1s -> a (b)")

	standing := stood("a@10.0.0.1:6432", "!b@10.0.0.2:6432")
	slices.Reverse(standing)
	r.state = failover.Recall(&r.svc, failover.Memory{Standing: standing})
	r.line("2s -> a (b)")
	r.line("3s a- b- -> a (b)")
}

// TestAStatusThatWasOvertaken: endpoints are written before a status. Where a process ends
// in between, the next one goes on from the endpoints.
func TestAStatusThatWasOvertaken(t *testing.T) {
	for name, row := range map[string]struct {
		tiers, pin string
		memory     failover.Memory
		then       string
	}{
		"moved":               {tiers: "a | b", memory: failover.Memory{Active: []string{"a"}, Standing: stood("b@10.0.0.2:6432")}, then: "b"},
		"moved within a tier": {tiers: "a b | c", memory: failover.Memory{Active: []string{"c"}, Priority: 1, Standing: stood("a@10.0.0.1:6432", "b@10.0.0.2:6432")}, then: "a b"},
		"pinned":              {tiers: "a | b", pin: "b", memory: failover.Memory{Active: []string{"a"}, Standing: stood("b@10.0.0.2:6432")}, then: "b"},
		"let go":              {tiers: "a | b", memory: failover.Memory{Active: []string{"b"}, Priority: 1, Pinned: "b", Standing: stood("a@10.0.0.1:6432")}, then: "a"},
		"not moved":           {tiers: "a | b", memory: failover.Memory{Active: []string{"b"}, Priority: 1, Standing: stood("b@10.0.0.2:6432")}, then: "b"},
		"nobody knows whose, but not the active one's": {
			tiers: "a | b", memory: failover.Memory{Active: []string{"b"}, Priority: 1, Standing: stood("@10.0.0.1:6432")}, then: "a",
		},
		"pinned within a tier, and carried out": {
			tiers: "a b", pin: "b", memory: failover.Memory{Active: []string{"a", "b"}, Standing: stood("b@10.0.0.2:6432")}, then: "b",
		},
		"nobody knows whose": {
			tiers: "a | b", memory: failover.Memory{Active: []string{"b"}, Priority: 1, Standing: stood("@10.0.0.9:6432")}, then: "b",
		},
		"renamed beside one that has nothing": {
			tiers: "a | b c", memory: failover.Memory{Active: []string{"x", "c"}, Priority: 1, Standing: stood("x@10.0.0.2:6432")}, then: "b c",
		},
		"renamed meanwhile": {tiers: "a | b", memory: failover.Memory{Active: []string{"z"}, Priority: 1, Standing: stood("z@10.0.0.2:6432")}, then: "a"},
	} {
		t.Run(name, func(t *testing.T) {
			r := tell(t, story{tiers: row.tiers, lines: "0s -> " + strings.Split(row.tiers, " |")[0]})
			if row.pin != "" {
				r.svc.Pin = &model.Pin{Target: row.pin}
			}
			r.state = failover.Recall(&r.svc, row.memory)
			r.line("1s -> " + row.then)
		})
	}
}

// TestAMoveThatNobodyTold is told by the next process, once.
func TestAMoveThatNobodyTold(t *testing.T) {
	r := tell(t, story{tiers: "a | b", lines: "0s -> a"})
	long := now.Add(-1000 * time.Hour)
	r.state = failover.Recall(&r.svc, failover.Memory{Active: []string{"a"}, Since: long, Standing: stood("b@10.0.0.2:6432")})
	r.line("1s -> b")
	d := r.last
	if !d.ActiveSince.Equal(r.now) || len(d.History) != 1 {
		t.Fatalf("b is active since %s, with the history %+v", d.ActiveSince, d.History)
	}
	if m := d.History[0]; m.Reason != failover.ReasonRestarted || !slices.Equal(m.From, []string{"a"}) || !slices.Equal(m.To, []string{"b"}) || m.FromPriority != 0 || m.ToPriority != 1 {
		t.Errorf("the history has %+v", m)
	}
	r.line("2s -> b")
	if n := len(r.last.History); n != 1 {
		t.Errorf("the history has %d moves after the next decision", n)
	}
}
