package engine

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"fairlead.dev/internal/model"
)

// left1 finds a move to another tier that had no reason.
func (v *simView) left1() string {
	if !v.watched() || v.edited() || v.pinned() || len(v.known.before.Active) == 0 || len(v.d.Active) == 0 {
		return ""
	}
	before, to := v.known.before, v.active()
	at := slices.IndexFunc(v.groups, func(g *simGroup) bool { return g.has(before.Active[0]) })
	if at < 0 || v.groups[at] == to {
		return ""
	}
	from := v.groups[at]
	// A family that is still being looked up does not keep what is known to be down, nor
	// a place of which nothing is left.
	known := from.pending && from.up+from.unjudged < v.least() && (len(from.cands) > 0 || v.served())
	if v.possible(from) && !known {
		return v.failedBack(from, to)
	}
	return v.failedOver(from, to)
}

// served reports whether the service was published with endpoints before.
func (v *simView) served() bool {
	return v.svc.Type != model.ExternalName && len(v.known.before.Endpoints) > 0
}

// failedBack finds what is wrong with a move away from a tier that is, or may be, up.
func (v *simView) failedBack(from, to *simGroup) string {
	since, up := v.known.up[to.priority]
	switch {
	case v.svc.Probe.Exclusive():
		return fmt.Sprintf("the primary of priority %d is up, or may be, and was left for %d", from.priority, to.priority)
	case to.priority >= from.priority:
		return fmt.Sprintf("priority %d is up, or may be, and was left for %d", from.priority, to.priority)
	case v.svc.Failover.ManualFailback:
		return "failback is Manual"
	case v.steady(to) < v.least():
		return fmt.Sprintf("priority %d is failing", to.priority)
	case !up || v.now < since+v.svc.Failover.FailbackDelay:
		return fmt.Sprintf("failback after %s, want %s of uninterrupted health", v.now-since, v.svc.Failover.FailbackDelay)
	}
	return ""
}

// steady counts the endpoints of a group that are up, have not failed since they
// answered last, and can be asked.
func (v *simView) steady(g *simGroup) int {
	n := 0
	for _, c := range g.cands {
		if c.verdict() == model.Up && c.health.fails == 0 && c.health.unasked < v.svc.Probe.FailureThreshold {
			n++
		}
	}
	return n
}

// failedOver finds what is wrong with a move away from a tier that is not up.
func (v *simView) failedOver(from, to *simGroup) string {
	nothing := len(from.cands) == 0 && (v.svc.Type != model.ExternalName || from.nameless(v))
	if !v.reached(to, from) && (!nothing || len(to.cands) == 0) {
		return fmt.Sprintf("priority %d has not answered since %d fell silent", to.priority, from.priority)
	}
	for _, g := range v.groups {
		if g == to || g == from {
			continue
		}
		if v.better(g, from, v.least()) && (g.priority < to.priority || !v.better(to, from, v.least())) {
			return fmt.Sprintf("priority %d was better than %d", g.priority, to.priority)
		}
	}
	return ""
}

// reached reports whether one group outlives another one, or is up while what outlives
// that is not.
func (v *simView) reached(to, from *simGroup) bool {
	return v.better(to, from, 1) || slices.ContainsFunc(v.groups, func(g *simGroup) bool {
		return v.better(g, from, 1) && g.up < v.least() && v.better(to, g, v.least())
	})
}

// possible reports whether a group may be up: also one that is a name which nobody can
// look up.
func (v *simView) possible(g *simGroup) bool {
	return g.possible(v.least()) || v.svc.Type == model.ExternalName && len(g.cands) == 0 && !g.nameless(v)
}

// nameless reports whether it is known of a target that its name has no addresses.
func (g *simGroup) nameless(v *simView) bool {
	return !slices.ContainsFunc([]model.RecordType{model.A, model.AAAA}, func(t model.RecordType) bool {
		a := v.sim.ledger.answers[model.Question{Name: g.targets[0].Hostname, Type: t}]
		return a == nil || !a.good && a.class.Failed() && !a.believed(v.svc.Resolution.MissingGrace)
	})
}

// better reports whether a group has so many endpoints that outlive those of another
// one.
func (v *simView) better(g, than *simGroup, least int) bool {
	return g.proven(than.silent) >= least
}

// stuck finds that a tier is published that should have been left.
func (v *simView) stuck() string {
	from := v.active()
	if !v.watched() || v.pinned() || from == nil {
		return ""
	}
	for _, g := range v.groups {
		if g == from {
			continue
		}
		if v.possible(from) {
			if v.svc.Probe.Exclusive() {
				continue
			}
			since, up := v.known.up[g.priority]
			if g.priority < from.priority && up && v.steady(g) >= v.least() && !v.svc.Failover.ManualFailback && v.now >= since+v.svc.Failover.FailbackDelay {
				return fmt.Sprintf("priority %d has been up for %s", g.priority, v.now-since)
			}
			continue
		}
		switch {
		case v.awaited(g, from):
		case v.better(g, from, v.least()):
			return fmt.Sprintf("priority %d is not up, and %d is", from.priority, g.priority)
		case v.better(g, from, 1) && from.up+from.unjudged == 0, len(from.cands) == 0 && len(g.cands) > 0 && v.svc.Type != model.ExternalName:
			return fmt.Sprintf("priority %d has nothing left, and %d has", from.priority, g.priority)
		}
	}
	return v.late(from)
}

// awaited reports whether a tier may prove any moment that it outlives the one that is
// published, and is preferred to g, or better off.
func (v *simView) awaited(g, from *simGroup) bool {
	preferred, up := true, v.better(g, from, v.least())
	for _, p := range v.groups {
		if p == g {
			preferred = false
			continue
		}
		n := 0
		for _, c := range p.cands {
			failed := c.health != nil && slices.ContainsFunc(from.silent, func(h *simHealth) bool {
				return c.health.fails > 0 && c.health.failedLast >= h.failed && c.health.succeeded < h.failed
			})
			if c.verdict() == model.Up && !failed {
				n++
			}
		}
		switch {
		case p == from || n == 0:
		case n >= v.least() && !up, preferred && (n >= v.least() || !up):
			return true
		}
	}
	return false
}

// late finds that a tier has been dead for longer than it takes to notice, while
// another one is well.
func (v *simView) late(from *simGroup) string {
	if v.sim.world.cut || v.sim.world.blind || from.pending || len(from.cands) == 0 {
		return ""
	}
	since := v.known.changed
	for _, c := range from.cands {
		if serves, steady := v.sim.world.host(c.at.Addr()).serves(v.svc.Probe); serves || !steady {
			return ""
		}
		since = max(since, v.trueSince(c))
	}
	for _, g := range v.groups {
		well, from := 0, since
		for _, c := range g.cands {
			if serves, steady := v.sim.world.host(c.at.Addr()).serves(v.svc.Probe); serves && steady {
				well++
			}
			from = max(from, v.trueSince(c))
		}
		deadline := from + v.judgedIn() + 2*v.svc.Probe.Timeout + simJitter
		v.due(well >= v.least() && v.sim.at <= deadline, deadline-v.sim.process.slept+time.Millisecond)
		if well >= v.least() && v.sim.at > deadline {
			return fmt.Sprintf("priority %d has been dead since %s, and %d is well", v.d.Priority, from, g.priority)
		}
	}
	return ""
}

// anybodys reports whether what stood before may be another target's of the same tier, or
// a lookup under way may say so.
func (v *simView) anybodys(t *simTarget, c *simCand) bool {
	fellow := slices.ContainsFunc(v.svc.Targets, func(o model.Target) bool { return o.Priority == t.Priority && o.Name != t.Name })
	return fellow && (t.pending || t.looking || v.known.standing[c.at.Addr()] != t.Name)
}

// unpinned finds that a pin is not followed.
func (v *simView) unpinned() string {
	if v.svc.Pin == nil {
		if v.d.State.Pinned != "" && len(v.d.Active) > 0 {
			return v.d.State.Pinned + " is held pinned"
		}
		return ""
	}
	for _, t := range v.targets {
		if t.Name != v.svc.Pin.Target {
			continue
		}
		can := v.svc.Type == model.ExternalName || slices.ContainsFunc(t.cands, func(c *simCand) bool {
			return c.claimed && (v.d.State.Pinned == t.Name || c.given || !v.stands(t, c) || !v.anybodys(t, c))
		})
		if can && !slices.Equal(v.d.Active, []string{t.Name}) {
			return t.Name + " is pinned, and not published alone"
		}
	}
	return ""
}

// untold finds a move that is not in the history, or something in the history that
// was none.
func (v *simView) untold() string {
	h := v.d.History
	if len(h) > model.MaxHistory {
		return fmt.Sprintf("it has %d transitions", len(h))
	}
	before := v.known.before
	if before == nil || !v.watched() || len(before.Active) == 0 || len(v.d.Active) == 0 || len(before.Checks) == 0 {
		return ""
	}
	moved := before.Priority != v.d.Priority || before.State.Pinned != v.d.State.Pinned ||
		v.svc.Type == model.ExternalName && !slices.Equal(before.Active, v.d.Active)
	added := !sameHistory(before.History, h)
	switch {
	case moved != added:
		return fmt.Sprintf("moved from %s to %s: %t; told: %t", before.Active, v.d.Active, moved, added)
	case !moved:
		return ""
	}
	t := h[0]
	switch {
	case !slices.Equal(t.From, before.Active) || !slices.Equal(t.To, v.d.Active) || t.FromPriority != before.Priority || t.ToPriority != v.d.Priority:
		return fmt.Sprintf("it tells of a move from %s to %s", t.From, t.To)
	case t.Reason == "" || t.Message == "":
		return "a move has no reason"
	case sinceBoot(t.At) != v.now || !v.d.ActiveSince.Equal(t.At):
		return fmt.Sprintf("it tells of a move at %s", sinceBoot(t.At))
	case t.Took < 0 || t.Took > v.now:
		return fmt.Sprintf("the move took %s", t.Took)
	case t.Reason == "TierDown" && t.Took == 0 && v.failedSince(before) > 0:
		return "the move took no time, though something has failed"
	case t.Took > 0 && v.now-t.Took < v.failedSince(before):
		return fmt.Sprintf("the move took %s, and the first probe failed %s ago", t.Took, v.now-v.failedSince(before))
	}
	return ""
}

// failedSince is when the first endpoint of a tier began to fail that is down now.
func (v *simView) failedSince(d *model.Decision) time.Duration {
	var first time.Duration
	for _, g := range v.groups {
		if !g.has(d.Active[0]) {
			continue
		}
		for _, c := range g.cands {
			if c.verdict() == model.Down && (first == 0 || c.health.failed < first) {
				first = c.health.failed
			}
		}
	}
	return first
}

// restarted finds that a process which has just started publishes something else than
// it found.
func (v *simView) restarted() string {
	if v.known.before != nil || v.sim.api.local || v.heardSomething() {
		return ""
	}
	o := v.sim.api.stood[v.svc.Key]
	if o == nil || o.generation != v.svc.Origin.Generation {
		return ""
	}
	external := ""
	if v.d.External != nil {
		external = v.d.External.Name
	}
	if !sameTraffic(o.endpoints, v.d.Endpoints) || o.external != external && o.external != "" {
		return fmt.Sprintf("found %s%s", endpointWords(o.endpoints), o.external)
	}
	return ""
}

// heardSomething reports whether a name of the service was answered already.
func (v *simView) heardSomething() bool {
	return slices.ContainsFunc(v.d.Questions, func(q model.Question) bool {
		a := v.sim.ledger.answers[q]
		return a != nil && a.heard
	})
}

// sameTraffic reports whether two sets of endpoints take the same traffic.
func sameTraffic(a, b []model.Endpoint) bool {
	of := func(all []model.Endpoint) map[netip.AddrPort]bool {
		m := map[netip.AddrPort]bool{}
		for _, e := range all {
			for _, p := range e.Ports {
				at := netip.AddrPortFrom(e.Addr, p.Port)
				m[at] = m[at] || e.Ready
			}
		}
		return m
	}
	return maps.Equal(of(a), of(b))
}
