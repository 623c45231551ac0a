package engine

import (
	"fmt"
	"net/netip"
	"slices"

	"fairlead.dev/internal/model"
)

// watched reports whether the service has a probe.
func (v *simView) watched() bool { return v.svc.Probe != nil }

// active1 reports whether a target is published.
func (v *simView) active1(t *simTarget) bool { return slices.Contains(v.d.Active, t.Name) }

// published is an endpoint of the decision; nil if there is none there.
func (v *simView) published(at netip.AddrPort) *model.Endpoint {
	i := slices.IndexFunc(v.d.Endpoints, func(e model.Endpoint) bool { return v.at(&e) == at })
	if i < 0 {
		return nil
	}
	return &v.d.Endpoints[i]
}

// at is where an endpoint is, and is probed.
func (v *simView) at(e *model.Endpoint) netip.AddrPort {
	if v.svc.Probe != nil && v.svc.Probe.Port != 0 {
		return netip.AddrPortFrom(e.Addr, v.svc.Probe.Port)
	}
	return netip.AddrPortFrom(e.Addr, e.Ports[0].Port)
}

// lost finds an address that is known, by the last good answer or the spec, and not
// counted.
func (v *simView) lost() string {
	for _, t := range v.targets {
		if !v.watched() && !v.active1(t) {
			continue
		}
		for _, c := range t.cands {
			if !c.given {
				continue
			}
			if !c.claimed {
				return fmt.Sprintf("%s of %s is known, and not counted", c.at.Addr(), t.Name)
			}
			if v.svc.Type != model.ExternalName && v.active1(t) && v.published(c.at) == nil {
				return fmt.Sprintf("%s of %s is known, and not published", c.at.Addr(), t.Name)
			}
		}
	}
	return ""
}

// overstayed finds an address that nothing gives any more and that is counted.
func (v *simView) overstayed() string {
	for _, t := range v.targets {
		for _, c := range t.cands {
			if c.given || !c.claimed || v.sim.plan.forbids(c.at.Addr()) && v.svc.Type == model.ExternalName {
				continue
			}
			if why := v.mayStay(t, c); why != "" {
				return fmt.Sprintf("%s of %s %s", c.at.Addr(), t.Name, why)
			}
		}
	}
	return ""
}

// mayStay says why an endpoint that nothing gives any more may not be counted; empty
// if it may.
func (v *simView) mayStay(t *simTarget, c *simCand) string {
	if _, stood := v.known.standing[c.at.Addr()]; v.open && stood {
		return ""
	}
	left, was := v.known.left[simAddr{t.key, c.at.Addr()}]
	keep := v.svc.Resolution.Retain
	elsewhere := t.SRV != "" && slices.ContainsFunc(t.cands, func(o *simCand) bool { return o.given && o.at.Addr() == c.at.Addr() })
	switch {
	case elsewhere:
		return "" // a record has another port for it, and since when is not known here
	case v.svc.Type == model.ExternalName || !was:
		return "is counted, and nobody has ever given it"
	case t.unsure:
		return ""
	case v.now < left.at+keep:
		v.due(true, left.at+keep)
		return ""
	case !v.watched() || v.now >= left.at+max(keep, v.svc.Resolution.MissingGrace):
		return fmt.Sprintf("is counted %s after DNS gave it last", v.now-left.at)
	case c.verdict() != model.Up:
		return "is counted though DNS gives it no more, and it is not up"
	case v.givenUp(t):
		return "is counted though DNS gives it no more, and one that it gives is up"
	}
	v.due(true, left.at+max(keep, v.svc.Resolution.MissingGrace))
	return ""
}

// givenUp reports whether an endpoint of the target is up that DNS gives, or that is
// retained.
func (v *simView) givenUp(t *simTarget) bool {
	return slices.ContainsFunc(t.cands, func(c *simCand) bool {
		left, was := v.known.left[simAddr{t.key, c.at.Addr()}]
		return c.claimed && c.verdict() == model.Up && (c.given || was && v.now < left.at+v.svc.Resolution.Retain)
	})
}

// dropped finds an address that is to stay although DNS gives it no more.
func (v *simView) dropped() string {
	if v.svc.Type == model.ExternalName {
		return ""
	}
	for _, t := range v.targets {
		if !v.watched() && !v.active1(t) {
			continue
		}
		for addr, left := range v.known.left {
			a := addr.addr
			if addr.of != t.key || !left.given || t.lost(a) && !t.unsure || v.sim.plan.forbids(a) || slices.ContainsFunc(t.cands, func(c *simCand) bool { return c.claimed && c.at.Addr() == a }) {
				continue
			}
			if t.unsure {
				return fmt.Sprintf("%s of %s is dropped, and nothing is known of the hosts that take its place", a, t.Name)
			}
			if v.now < left.at+v.svc.Resolution.Retain {
				return fmt.Sprintf("%s of %s is not retained", a, t.Name)
			}
			if v.watched() && v.now < left.at+v.svc.Resolution.MissingGrace && v.wasUp(t, a) && !v.givenUp(t) {
				return fmt.Sprintf("%s of %s is dropped, though it is up, and nothing else there is", a, t.Name)
			}
		}
	}
	return ""
}

// wasUp reports whether an address of a target was last held up where it is to serve:
// an edit of the port has that found out anew. One that is asked by several names is
// up if it is by each.
func (v *simView) wasUp(t *simTarget, a netip.Addr) bool {
	up := false
	for check, h := range v.known.health {
		here := (check.Addr.Port() == v.port()) == (t.SRV == "")
		if check.Addr.Addr() != a || !here || !slices.Contains(t.names(v.sim.ledger), check.Name) {
			continue
		}
		if h.verdict != model.Up {
			return false
		}
		up = true
	}
	return up
}

// forbidden finds an address that may not be published.
func (v *simView) forbidden() string {
	for _, e := range v.d.Endpoints {
		if v.sim.plan.forbids(e.Addr) {
			return e.Addr.String()
		}
	}
	return ""
}

// emptied finds that nothing is published, or nothing takes traffic, though there is
// something that could.
func (v *simView) emptied() string {
	if v.svc.Type == model.ExternalName {
		return ""
	}
	some := v.something()
	before := v.known.before
	switch {
	case some == "":
		return ""
	case len(v.d.Endpoints) > 0:
	case before != nil && len(before.Endpoints) > 0:
		return "nothing is published any more, and " + some + " is known"
	case !v.first():
		return "nothing is published, and " + some + " is known"
	}
	if len(v.d.Endpoints) == 0 || v.svc.Failover.Withdraw || takesTraffic(v.d) {
		return ""
	}
	// A primary is not guessed: new endpoints wait until they have said what they are.
	if !v.svc.Probe.Exclusive() || v.active().unjudged == 0 || v.tookTraffic() {
		return "nothing takes traffic, and " + some + " is known"
	}
	return ""
}

// tookTraffic reports whether an endpoint did that is still published.
func (v *simView) tookTraffic() bool {
	return v.known.before != nil && slices.ContainsFunc(v.known.before.Endpoints, func(e model.Endpoint) bool {
		return e.Ready && v.published(v.at(&e)) != nil
	})
}

// something is an address that is known and could be published.
func (v *simView) something() string {
	for _, t := range v.targets {
		for _, c := range t.cands {
			if c.claimed && (v.watched() || v.active1(t)) {
				return c.at.Addr().String()
			}
		}
	}
	return ""
}

// first reports whether the first answer about what is to be published is still out.
func (v *simView) first() bool { return v.active() == nil || v.active().pending }

func takesTraffic(d *model.Decision) bool {
	return slices.ContainsFunc(d.Endpoints, func(e model.Endpoint) bool { return e.Ready })
}

// astray finds that a CNAME is none of the active target, or has gone.
func (v *simView) astray() string {
	if v.svc.Type != model.ExternalName {
		return ""
	}
	x := v.d.External
	if x == nil {
		return "there is no name"
	}
	for _, t := range v.targets {
		if len(v.d.Active) == 1 && t.Name == v.d.Active[0] && t.Hostname == x.Name {
			return ""
		}
	}
	return fmt.Sprintf("it leads to %s", x.Name)
}
