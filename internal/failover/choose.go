package failover

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fairlead.dev/internal/model"
)

// choose sets which targets are published, and writes down a move.
func choose(in Input, d *model.Decision, places []*place) {
	groups := grouped(in, places)
	d.State.UpSince = upSince(in, groups)
	d.Priority = bestTier(in.Service.Targets)
	c := chooser{in: in, d: d, groups: groups}
	to, why := c.choose()
	if to == nil {
		d.History = in.State.History
		return
	}
	d.Priority, d.Active = to.priority, to.names()
	for _, p := range to.places {
		p.status.Active = true
	}
	c.move(to, why)
}

// upSince is since when each tier has been up without a break.
func upSince(in Input, groups []*group) map[int]time.Time {
	if !watched(&in.Service) || len(groups) < 2 {
		return nil
	}
	since := map[int]time.Time{}
	for _, g := range groups {
		if g.rank != isUp {
			continue
		}
		at, was := in.State.UpSince[g.priority]
		if !was || at.After(in.Now) { // the clock was set back
			at = in.Now
		}
		if first, twice := since[g.priority]; !twice || at.Before(first) {
			since[g.priority] = at
		}
	}
	return since
}

// reason is why a group is published.
type reason struct {
	reason, message string
	took            time.Duration
}

// chooser chooses among groups.
type chooser struct {
	in     Input
	d      *model.Decision
	groups []*group
}

func (c *chooser) choose() (*group, reason) {
	if len(c.groups) == 0 {
		return nil, reason{}
	}
	if g, why := c.pinned(); g != nil {
		return g, why
	}
	if !watched(&c.in.Service) {
		if c.groups[0].priority != bestTier(c.in.Service.Targets) {
			return nil, reason{} // its targets are refused, and it does not give way
		}
		return c.groups[0], reason{ReasonEdited, "it is the best tier now", 0}
	}
	from := c.present()
	if from == nil {
		return c.first()
	}
	if c.empty(from) {
		from.rank = nowhere // its first lookup is not waited for with nothing to serve
	}
	if from.rank >= possibly || from.unknown {
		return c.failback(from)
	}
	return c.failover(from)
}

// pinned is the group of the pinned target alone; nil if there is no pin, or
// nothing to publish of it. While its name is being looked up for the first time,
// what is published stays, or else what is known is published. What may be another
// target's from before is nothing of one that was not pinned before.
func (c *chooser) pinned() (*group, reason) {
	pin := c.in.Service.Pin
	if pin == nil {
		return nil, reason{}
	}
	for _, g := range c.groups {
		for _, p := range g.places {
			if p.status.Name != pin.Target || !p.publishable() && (!p.pending() || c.served() || len(c.in.State.Ready) > 0) {
				continue
			}
			if c.in.State.Pinned != pin.Target && c.anybodys(p) {
				continue
			}
			alone := &group{priority: g.priority, places: []*place{p}}
			alone.count(1)
			return alone, reason{ReasonPinned, pinWords(pin), 0}
		}
	}
	return nil, reason{}
}

// served reports whether something is published now.
func (c *chooser) served() bool {
	g := c.present()
	return g != nil && slices.ContainsFunc(g.places, (*place).publishable)
}

// anybodys reports whether nothing is known of a place but what stood before, which may
// as well be that of another target of its tier; while its name is looked up that is
// not asked.
func (c *chooser) anybodys(p *place) bool {
	own := func(e model.Endpoint) bool { return e.Target == p.target.Name }
	fellow := func(t model.Target) bool { return t.Priority == p.target.Priority && t.Name != p.target.Name }
	return p.stays && len(p.given) == 0 && slices.ContainsFunc(c.in.Service.Targets, fellow) &&
		(p.pending() || p.looking || !slices.ContainsFunc(c.in.Standing, own))
}

func pinWords(pin *model.Pin) string {
	s := pin.Target + " is pinned"
	if pin.By != "" {
		s += " by " + pin.By
	}
	if pin.Reason != "" {
		s += ": " + pin.Reason
	}
	return s
}

// present is the group that is published now; nil if there is none any more.
func (c *chooser) present() *group {
	t := stillActive(c.in)
	if t == nil {
		return nil
	}
	for _, g := range c.groups {
		if g.has(t.Name) {
			return g
		}
	}
	return nil
}

// empty reports whether a group would take away all that is published.
func (c *chooser) empty(g *group) bool {
	return c.in.Service.Type != model.ExternalName && g.known() == nowhere && len(c.in.State.Ready) > 0
}

// first is the best one of those of which most can be expected.
func (c *chooser) first() (*group, reason) {
	best := c.groups[0]
	for _, g := range c.groups[1:] {
		if min(g.rank, possibly) > min(best.rank, possibly) {
			best = g
		}
	}
	message := "it is the best tier"
	if best != c.groups[0] {
		message = c.groups[0].trouble()
	}
	return best, reason{ReasonStarted, message, 0}
}

// failback moves to a better tier that has been up for long enough, is not failing just
// now, and can be asked: it may be dying together with the one that was left. A primary that
// is up is not left for another one: that would be a second one, come back with old
// data. Where a person has moved the role, what was the primary says that it is none.
func (c *chooser) failback(from *group) (*group, reason) {
	f := &c.in.Service.Failover
	for _, g := range c.groups {
		if g.priority >= from.priority || f.ManualFailback || c.in.Service.Probe.Exclusive() {
			break
		}
		if c.expected(g.steady) != isUp {
			continue
		}
		since := c.d.State.UpSince[g.priority]
		if at := since.Add(f.FailbackDelay); c.in.Now.Before(at) {
			lookAgain(c.d, at)
			continue
		}
		message := fmt.Sprintf("priority %d (%s) has been up since %s", g.priority, strings.Join(g.names(), ", "), instant(since))
		return g, reason{ReasonFailback, message, 0}
	}
	return from, reason{ReasonEdited, "its targets are others now", 0}
}

// failover moves away from a tier that is not up, to one that is better off and
// outlives it. It waits for one that may prove to any moment, and that is preferred, or
// better off than that.
func (c *chooser) failover(from *group) (*group, reason) {
	best, expected := from, from.rank
	// own is what best may prove to be, before and after what the groups preferred to it
	// may, and the others.
	own, before, after := nowhere, nowhere, nowhere
	for _, g := range c.groups {
		if g == from || g.rank <= from.rank {
			continue
		}
		rank, may := c.confirmed(g, from)
		if rank > expected {
			before = max(own, before, after)
			best, expected, own, after = g, rank, may, nowhere
			continue
		}
		after = max(after, may)
	}
	if best == from || before >= expected || after > expected {
		return from, reason{ReasonEdited, "its targets are others now", 0}
	}
	best, _ = c.failover(best) // where that one would be left at once, nobody goes there
	why := reason{reason: ReasonTierDown, message: from.trouble()}
	if !from.failed.IsZero() {
		why.took = max(0, c.in.Now.Sub(from.failed))
	}
	return best, why
}

// confirmed is what can be expected of a group by what is proven of it and of the
// other one, and what if all goes well that is still to be proven. That is asked at
// once.
func (c *chooser) confirmed(g, from *group) (rank, may standing) {
	if from.rank == nowhere {
		return g.known(), nowhere
	}
	proven, open := 0, 0
	for _, e := range g.endpoints() {
		switch outlives, known := e.outlivesAll(from.silent); {
		case outlives:
			proven++
		case !known:
			open++
			for _, s := range from.silent {
				urge(c.d, e, s)
			}
		}
	}
	return c.expected(proven), c.expected(proven + open)
}

// expected is what can be expected of a group with so many endpoints that are up.
func (c *chooser) expected(up int) standing {
	switch {
	case up >= max(1, c.in.Service.Failover.MinimumReady):
		return isUp
	case up > 0:
		return partly
	}
	return nowhere
}
