package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"fairlead.dev/internal/model"
)

// unwatched finds an endpoint that is not probed, or a verdict in the status that is
// not what probes have said.
func (v *simView) unwatched() string {
	if !v.watched() {
		if len(v.d.Checks) > 0 {
			return "there is no probe, and endpoints are to be probed"
		}
		return ""
	}
	for _, t := range v.targets {
		for _, c := range t.cands {
			if c.claimed && !slices.Contains(v.d.Checks, model.Check{Addr: c.at, Name: c.name}) {
				return fmt.Sprintf("%s of %s is not probed", c.at, t.Name)
			}
		}
		for _, s := range t.status.Checks {
			fits := slices.ContainsFunc(t.cands, func(c *simCand) bool { return c.at == s.Addr && c.verdict() == s.Verdict })
			if !fits {
				return fmt.Sprintf("the status says of %s that it is %s", s.Addr, verdictWord(s.Verdict))
			}
		}
	}
	return ""
}

// eachPublished calls f with each published address and the best that is held of it
// among the active targets, until f finds something.
func (v *simView) eachPublished(f func(e *model.Endpoint, c *simCand) string) string {
	for i := range v.d.Endpoints {
		e := &v.d.Endpoints[i]
		if best := v.bestOf(e); best != nil {
			if wrong := f(e, best); wrong != "" {
				return wrong
			}
		}
	}
	return ""
}

// bestOf is the best that is held of a published endpoint; that of a headless service is
// the one of its target.
func (v *simView) bestOf(e *model.Endpoint) *simCand {
	if v.svc.Type != model.Headless {
		return v.best(v.at(e), "")
	}
	return v.best(v.at(e), e.Target)
}

func (v *simView) best(at netip.AddrPort, target string) *simCand {
	worth := map[model.Verdict]int{model.Down: 1, model.Unjudged: 2, model.Up: 3}
	var best *simCand
	for _, t := range v.targets {
		for _, c := range t.cands {
			if v.active1(t) && (target == "" || t.Name == target) && c.claimed && c.at == at && (best == nil || worth[c.verdict()] > worth[best.verdict()]) {
				best = c
			}
		}
	}
	return best
}

// idle finds an endpoint that is up and takes no traffic.
func (v *simView) idle() string {
	if v.svc.Probe.Exclusive() {
		return ""
	}
	return v.eachPublished(func(e *model.Endpoint, c *simCand) string {
		if !e.Ready && (!v.watched() || c.verdict() == model.Up) {
			return e.Addr.String() + " does not"
		}
		return ""
	})
}

// dead finds an endpoint that takes traffic and is known to be down, while one that is
// up, and has answered since, stands beside it.
func (v *simView) dead() string {
	if !v.watched() || v.svc.Type == model.ExternalName {
		return ""
	}
	return v.eachPublished(func(e *model.Endpoint, c *simCand) string {
		if !e.Ready || c.verdict() != model.Down || v.twice(c) {
			return ""
		}
		for _, o := range v.active().cands {
			if o.verdict() != model.Up || !c.health.certain && !provenDead(o.health, c.health) {
				continue
			}
			if !v.pinned() || v.best(o.at, "") == o {
				return fmt.Sprintf("%s is down and takes traffic, and %s is up", e.Addr, o.at.Addr())
			}
		}
		return ""
	})
}

// twice reports whether another endpoint of what is published is probed at the same place:
// it is in two targets, and one that is either's takes traffic for both.
func (v *simView) twice(c *simCand) bool {
	return slices.ContainsFunc(v.active().cands, func(o *simCand) bool { return o != c && o.at == c.at })
}

// provenDead reports whether one endpoint has answered since another one fell silent,
// and that one has failed since the first answers.
func provenDead(up, down *simHealth) bool {
	return up.verdict == model.Up && up.succeeded >= down.failed && down.failedLast >= up.succeeding
}

// bounced finds more than one primary, or another one than the one that is up.
func (v *simView) bounced() string {
	if !v.svc.Probe.Exclusive() || v.svc.Type == model.ExternalName {
		return ""
	}
	var ready []netip.AddrPort
	for _, e := range v.d.Endpoints {
		if e.Ready && !slices.Contains(ready, v.at(&e)) {
			ready = append(ready, v.at(&e))
		}
	}
	if len(ready) > 1 {
		return fmt.Sprintf("%s take traffic", ready)
	}
	for _, e := range v.d.Endpoints {
		if c := v.bestOf(&e); c != nil && c.verdict() == model.Up && len(ready) == 0 {
			return fmt.Sprintf("%s is up, and none takes traffic", e.Addr)
		}
	}
	if v.edited() || v.active() == nil || v.known.before.Priority != v.d.Priority {
		return ""
	}
	for _, e := range v.known.before.Endpoints {
		c := v.bestOf(&e)
		if e.Ready && c != nil && c.verdict() == model.Up && !slices.Contains(ready, v.at(&e)) {
			return fmt.Sprintf("%s is up, and %s take traffic", e.Addr, ready)
		}
	}
	return ""
}

// edited reports whether the service was edited, pinned or let go since it was looked
// at last, or was not looked at yet.
func (v *simView) edited() bool {
	k := v.known
	return k.before == nil || k.generation != v.svc.Origin.Generation || k.before.State.Pinned != v.d.State.Pinned
}

// allDown finds that endpoints do not stay, or do, while none is up.
func (v *simView) allDown() string {
	if !v.watched() || v.svc.Type == model.ExternalName || len(v.d.Endpoints) == 0 {
		return ""
	}
	up, unjudged := 0, 0
	for _, e := range v.d.Endpoints {
		switch c := v.bestOf(&e); {
		case c == nil || c.verdict() == model.Unjudged:
			unjudged++
		case c.verdict() == model.Up:
			up++
		}
	}
	switch {
	case up > 0:
		return ""
	case v.svc.Failover.Withdraw && unjudged == 0 && takesTraffic(v.d):
		return "all are down, and some take traffic"
	case v.svc.Failover.Withdraw || v.edited() || v.known.before.Priority != v.d.Priority || v.svc.Probe.Exclusive():
		return ""
	}
	for _, e := range v.known.before.Endpoints {
		if now := v.published(v.at(&e)); e.Ready && now != nil && !now.Ready {
			return fmt.Sprintf("%s took traffic, and does no more", e.Addr)
		}
	}
	return ""
}

// judgedIn is how long it takes at most until probes have found out what has become of
// an endpoint: those of a run, one that was under way, and what a network takes.
func (v *simView) judgedIn() time.Duration {
	p := v.svc.Probe
	run := time.Duration(max(p.FailureThreshold, p.SuccessThreshold) + 1)
	return run*(max(p.Interval, p.Timeout)+v.sim.ledger.slack()) + p.Timeout + simJitter
}

// simJitter is more than networks, and an edge that is well, take.
const simJitter = 500 * time.Millisecond

// unaware finds an endpoint about which the process is wrong, though nothing has
// happened to it for long enough.
func (v *simView) unaware() string {
	if !v.watched() || v.sim.world.cut || v.sim.world.blind {
		return ""
	}
	for _, g := range v.groups {
		for _, c := range g.cands {
			serves, steady := v.sim.world.host(c.at.Addr()).serves(v.svc.Probe)
			deadline := v.trueSince(c) + v.judgedIn()
			v.due(v.sim.at <= deadline, deadline-v.sim.process.slept+time.Millisecond)
			if steady && v.sim.at > deadline && serves != (c.verdict() == model.Up) {
				return fmt.Sprintf("%s is held %s, and has served since %s: %t", c.at, verdictWord(c.verdict()), v.trueSince(c), serves)
			}
		}
	}
	return ""
}
